"""How an offer is said to a subscriber: its price over time and what it opens, in the active language.

The words are for a card or a line of a list. What a purchase costs on which day is the engine's to say, not this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from merchants import wording
from merchants.languages import said_in
from merchants.metered import PriceModel, UsageTerm
from merchants.models import Feature
from merchants.terms import FeatureTerm, OfferTerms, StageTerm


def said(texts: Mapping[str, str], otherwise: str = "") -> str:
    """A text in the active language, else in any that it has, else `otherwise`."""
    return said_in(texts, get_language() or "en") or otherwise


def money(amount: int, currency: str) -> str:
    """An amount in the active language."""
    return wording.amount_text(amount, currency, get_language() or "en")


def span(unit: str, count: int) -> str:
    """How long: `one month`, `14 days`."""
    if count == 1:
        return {"day": _("one day"), "week": _("one week"), "month": _("one month"), "year": _("one year")}[unit]
    return {
        "day": ngettext("%(count)s day", "%(count)s days", count),
        "week": ngettext("%(count)s week", "%(count)s weeks", count),
        "month": ngettext("%(count)s month", "%(count)s months", count),
        "year": ngettext("%(count)s year", "%(count)s years", count),
    }[unit] % {"count": wording.number_text(count, get_language() or "en")}


def rhythm(unit: str, count: int) -> str:
    """How often: `a month`, `every 3 months`."""
    if count == 1:
        return {"day": _("a day"), "week": _("a week"), "month": _("a month"), "year": _("a year")}[unit]
    return _("every %(span)s") % {"span": span(unit, count)}


def stage_words(stage: StageTerm, currency: str) -> str:
    """One stage: `one month free`, `€6.99 a month for 3 months`, `€12.99 a month`."""
    length = span(stage.interval, stage.interval_count * (stage.recurrences or 1))
    if stage.amount == 0:
        return _("%(span)s free") % {"span": length} if stage.recurrences else _("free")
    if stage.recurrences is None:
        return f"{money(stage.amount, currency)} {rhythm(stage.interval, stage.interval_count)}"
    if stage.recurrences == 1:
        return _("%(price)s for %(span)s") % {"price": money(stage.amount, currency), "span": length}
    priced = f"{money(stage.amount, currency)} {rhythm(stage.interval, stage.interval_count)}"
    return _("%(price)s for %(span)s") % {"price": priced, "span": length}


def price_words(terms: OfferTerms) -> tuple[str, list[str]]:
    """(what stands large, what follows): the first stage, then each later one as `then …`."""
    words = [stage_words(stage, terms.currency) for stage in terms.stages]
    first = words[0][:1].upper() + words[0][1:]
    return first, [_("then %(price)s") % {"price": later} for later in words[1:]]


def promise(terms: OfferTerms) -> str:
    """How one leaves: at any time, or after the commitment."""
    last = terms.stages[-1]
    if terms.commitment_intervals:
        stay = span(last.interval, last.interval_count * terms.commitment_intervals)
        return _("Commitment of %(span)s.") % {"span": stay}
    if last.recurrences is not None:
        return _("It ends by itself.")
    return _("Cancel any time.")


def usage_words(term: UsageTerm, currency: str) -> str:
    """What the use of a feature costs: `€0.10 each`, `€5.00 for 100`, `up to 1,000: €0.10, then €0.05 + €5.00`."""
    language = get_language() or "en"
    if term.model == PriceModel.per_unit:
        return _("%(price)s each") % {"price": wording.price_words(Decimal(term.unit_price or 0), currency, language)}
    if term.model == PriceModel.package:
        price = wording.price_words(Decimal(term.unit_price or 0), currency, language)
        return _("%(price)s for %(size)s") % {
            "price": price,
            "size": wording.decimal_words(Decimal(term.package_size or 1), 0, language),
        }
    said_tiers: list[str] = []
    for tier in term.tiers:
        price = wording.price_words(Decimal(tier.unit_price), currency, language)
        if tier.flat_amount:
            price = f"{price} + {money(tier.flat_amount, currency)}"
        if tier.up_to is None:
            said_tiers.append(_("then %(price)s") % {"price": price} if said_tiers else price)
        else:
            end = wording.decimal_words(Decimal(tier.up_to), 0, language)
            said_tiers.append(_("up to %(end)s: %(price)s") % {"end": end, "price": price})
    words = ", ".join(said_tiers)
    return words if term.model == PriceModel.graduated else _("all at the tier reached: %(tiers)s") % {"tiers": words}


def metered_words(usage: Iterable[UsageTerm], features: Mapping[UUID, Feature], currency: str) -> list[str]:
    """What the use of features costs, one line a feature: `Calls: €0.10 each`."""
    known = ((features[term.feature], term) for term in usage if term.feature in features)
    return [
        _("%(name)s: %(value)s")
        % {"name": said(feature.title, feature.reference), "value": usage_words(term, currency)}
        for feature, term in known
    ]


def opened_words(opened: Iterable[FeatureTerm], features: Mapping[UUID, Feature], rhythm_words: str) -> list[str]:
    """What a stage opens, one line a feature: `Booklets`, `Offline tracks: 1,000 a month`, `Audio quality: hifi`."""
    lines = []
    for term in opened:
        feature = features.get(term.feature)
        if feature is None:
            continue
        name = said(feature.title, feature.reference)
        if feature.kind == Feature.Kind.LEVEL:
            lines.append(_("%(name)s: %(value)s") % {"name": name, "value": term.level})
        elif feature.kind == Feature.Kind.QUOTA and term.quota is None:
            lines.append(_("%(name)s: %(value)s") % {"name": name, "value": _("no limit")})
        elif feature.kind == Feature.Kind.QUOTA:
            many = f"{wording.number_text(term.quota or 0, get_language() or 'en')} {rhythm_words}"
            lines.append(_("%(name)s: %(value)s") % {"name": name, "value": many})
        else:
            lines.append(name)
    return lines
