"""Make an option, give it a new version, withdraw it."""

from __future__ import annotations

from collections.abc import Mapping

from merchants.actors import Actor
from merchants.journal import record
from merchants.models import Option, OptionFeature, OptionPrice, OptionVersion
from merchants.now import Now
from merchants.refusals import gettext_noop
from merchants.selectors.options import current_option_versions, show_options, terms_of
from merchants.services.catalogue.rules import feature_faults, tax_code_faults
from merchants.services.violations import refusing
from merchants.terms import OptionTerms, fault, option_faults, refuse_if


def check_option(terms: OptionTerms) -> None:
    """All rules at once. Raises Invalid whose fields are paths such as `prices[0].amount`."""
    refuse_if(
        [
            *option_faults(terms),
            *(tax_code_faults(terms.tax_code) if terms.tax_code else []),
            *feature_faults({"features": terms.features}),
        ]
    )


def create_option(
    *, reference: str, terms: OptionTerms, actor: Actor, now: Now, metadata: Mapping[str, str] | None = None
) -> Option:
    """An option with its first version. Raises Invalid, and Conflict (`reference_taken`)."""
    check_option(terms)
    with refusing():
        option: Option = Option.objects.create(reference=reference, metadata=dict(metadata or {}), created_at=now.at)
    _write_version(option, 1, terms, now)
    _tell("option.created", option, actor, now)
    return option


def revise_option(option: Option, *, terms: OptionTerms, actor: Actor, now: Now) -> OptionVersion:
    """A new version that says `terms`; where nothing would change, the current one. Raises Invalid.

    Its currency stays: offers that list it are sold in the same one.
    """
    Option.objects.select_for_update().get(pk=option.pk)
    current = current_option_versions([option.pk])[option.pk]
    if terms_of([current])[current.pk] == terms:
        return current
    if terms.currency != current.currency:
        detail = gettext_noop("An option keeps its currency: make another option.")
        refuse_if([fault("currency", "currency_fixed", detail)])
    check_option(terms)
    version = _write_version(option, current.number + 1, terms, now)
    _tell("option.updated", option, actor, now)
    return version


def update_option(
    option: Option,
    *,
    actor: Actor,
    now: Now,
    archived: bool | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Option:
    """What is not part of a version. None leaves it as it is."""
    option = Option.objects.select_for_update().get(pk=option.pk)
    before = (option.archived_at, option.metadata)
    if metadata is not None:
        option.metadata = dict(metadata)
    if archived is not None and archived != (option.archived_at is not None):
        option.archived_at = now.at if archived else None
    if (option.archived_at, option.metadata) != before:
        option.save(update_fields=["archived_at", "metadata"])
        _tell("option.updated", option, actor, now)
    return option


def _write_version(option: Option, number: int, terms: OptionTerms, now: Now) -> OptionVersion:
    with refusing():
        version: OptionVersion = OptionVersion.objects.create(
            option=option,
            number=number,
            title=dict(terms.title),
            description=dict(terms.description),
            currency=terms.currency,
            tax_code=terms.tax_code,
            one_off_amount=terms.one_off_amount,
            adds=terms.adds,
            created_at=now.at,
        )
        OptionPrice.objects.bulk_create(
            OptionPrice(
                version=version, interval=price.interval, interval_count=price.interval_count, amount=price.amount
            )
            for price in terms.prices
        )
        OptionFeature.objects.bulk_create(
            OptionFeature(version=version, feature_id=opened.feature, quota=opened.quota, level=opened.level)
            for opened in terms.features
        )
    return version


def _tell(kind: str, option: Option, actor: Actor, now: Now) -> None:
    record(kind=kind, object_id=option.pk, data={"object": show_options([option])[0]}, actor=actor, now=now)
