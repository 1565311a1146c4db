"""Rules of offers and options that need the catalogue: features, levels, tax codes, currencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from merchants.metered import UsageTerm
from merchants.models import Feature, TaxRate
from merchants.refusals import FieldError, gettext_noop
from merchants.selectors.options import current_option_versions
from merchants.terms import FeatureTerm, ListedOption, fault
from merchants.vat_rates import FRENCH_RATES

_UNKNOWN = gettext_noop("There is nothing under that id.")


def feature_faults(opened: Mapping[str, Iterable[FeatureTerm]]) -> list[FieldError]:
    """What is wrong with features opened at some paths (`stages[0].features`), in one query."""
    listed = [(f"{path}[{place}]", term) for path, terms in opened.items() for place, term in enumerate(terms)]
    known = {feature.pk: feature for feature in Feature.objects.filter(pk__in={term.feature for _, term in listed})}
    return [
        error
        for path, term in listed
        for error in (
            _feature(path, term, known[term.feature])
            if term.feature in known
            else [fault(f"{path}.feature", "not_found", _UNKNOWN)]
        )
    ]


def _feature(path: str, term: FeatureTerm, feature: Feature) -> list[FieldError]:
    """A quota belongs to a quota, a level to a level; and the level is one of the feature's own."""
    found = []
    if feature.kind == Feature.Kind.METERED:
        detail = gettext_noop("What is metered is not opened: give it a price under usage.")
        return [fault(f"{path}.feature", "feature_is_metered", detail)]
    if term.quota is not None and feature.kind != Feature.Kind.QUOTA:
        found.append(fault(f"{path}.quota", "quota_not_expected", gettext_noop("This feature is no quota.")))
    if feature.kind != Feature.Kind.LEVEL:
        if term.level:
            found.append(fault(f"{path}.level", "level_not_expected", gettext_noop("This feature has no levels.")))
    elif term.level not in feature.levels:
        detail = gettext_noop("One of this feature's levels: %(levels)s.")
        found.append(fault(f"{path}.level", "level_unknown", detail, levels=", ".join(feature.levels)))
    return found


def usage_feature_faults(priced: Mapping[str, Iterable[UsageTerm]]) -> list[FieldError]:
    """What is wrong with the features that have usage prices at some paths (`stages[0].usage`): only what is metered
    has any. One query, none without prices."""
    listed = [(f"{path}[{place}].feature", term) for path, terms in priced.items() for place, term in enumerate(terms)]
    if not listed:
        return []
    ids = {term.feature for _, term in listed}
    kinds = dict(Feature.objects.filter(pk__in=ids).values_list("pk", "kind"))
    found = []
    for path, term in listed:
        if term.feature not in kinds:
            found.append(fault(path, "not_found", _UNKNOWN))
        elif kinds[term.feature] != Feature.Kind.METERED:
            detail = gettext_noop("Only what is metered has a price by use: this feature is of another kind.")
            found.append(fault(path, "feature_not_metered", detail))
    return found


def option_list_faults(options: Iterable[ListedOption], currency: str) -> list[FieldError]:
    """Options that are unknown, or sold in another currency than the offer's. One query."""
    listed = list(options)
    versions = current_option_versions([each.option for each in listed])
    found = []
    for place, each in enumerate(listed):
        version = versions.get(each.option)
        if version is None:
            found.append(fault(f"options[{place}].option", "not_found", _UNKNOWN))
        elif version.currency != currency:
            detail = gettext_noop("This option is sold in %(other)s, the offer in %(currency)s.")
            path = f"options[{place}].option"
            found.append(fault(path, "currency_mismatch", detail, other=version.currency, currency=currency))
    return found


def tax_code_faults(code: str, *, path: str = "tax_code") -> list[FieldError]:
    """A code that no tax table has would stop a billing run: it is refused here."""
    if code in {rate.code for rate in FRENCH_RATES} or TaxRate.objects.filter(tax_code=code).exists():
        return []
    return [fault(path, "tax_code_unknown", gettext_noop("No tax rate has this code. Add the rate first."))]
