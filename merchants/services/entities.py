"""Legal entities and sites: made with checked numbers; a French entity begins with the French tax table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from merchants.actors import Actor
from merchants.brand import is_color
from merchants.identity import (
    account_faults,
    bic_of,
    company_faults,
    creditor_of,
    iban_of,
    is_country,
    oss_faults,
    siren_of,
    siret_of,
    vat_of,
)
from merchants.journal import record
from merchants.logos import check_logo
from merchants.models import LegalEntity, Merchant, Site
from merchants.now import Now
from merchants.numbers import clean_format, is_site_code
from merchants.refusals import gettext_noop
from merchants.selectors.entities import show_legal_entities, show_sites
from merchants.services.logo import keep_logo
from merchants.services.numbering import COLUMNS as NUMBERS
from merchants.services.numbering import free_code, given_faults, number_faults
from merchants.services.taxes import french_tax_table
from merchants.services.violations import refusing
from merchants.terms import fault, refuse_if

ADDRESS = ("line1", "line2", "postal_code", "city", "country")


CLEANED: Mapping[str, Callable[[str], str | None]] = {
    "siren": siren_of, "siret": siret_of, "vat_number": vat_of, "iban": iban_of, "bic": bic_of,
    "creditor_identifier": creditor_of,
}  # fmt: skip


def _clean(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers without their blanks, once they are known to be right."""
    found = dict(columns)
    for name, cleaned in CLEANED.items():
        if found.get(name):
            found[name] = cleaned(found[name])
    return found


def _formats(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Formats of numbers as they are kept."""
    return {name: clean_format(value) if name.endswith("number_format") else value for name, value in columns.items()}


def _check(entity: LegalEntity) -> None:
    faults = company_faults(
        siren=entity.siren, siret=entity.siret, vat_number=entity.vat_number, country=entity.country
    )
    number, franchise = entity.vat_number, entity.vat_exempt
    faults += oss_faults(entity.oss_since, franchise=franchise, vat_number=number, where=entity.country)
    if not is_country(entity.country):
        faults.append(fault("address.country", "country_unknown", gettext_noop("Not a country code of ISO 3166.")))
    for name in ("line1", "postal_code", "city"):
        if not getattr(entity, name).strip():
            faults.append(fault(f"address.{name}", "required", gettext_noop("A document needs the whole address.")))
    if not entity.name.strip():
        faults.append(fault("name", "required", gettext_noop("A document names who issues it.")))
    if entity.brand_color and not is_color(entity.brand_color):
        faults.append(
            fault("brand_color", "color_malformed", gettext_noop("A colour is # and six hexadecimal digits."))
        )
    faults += account_faults(iban=entity.iban, bic=entity.bic)
    if entity.creditor_identifier and creditor_of(entity.creditor_identifier) is None:
        detail = gettext_noop("This is not a SEPA creditor identifier, such as FR72ZZZ123456: a sign is wrong.")
        faults.append(fault("creditor_identifier", "creditor_identifier_invalid", detail))
    refuse_if(faults + number_faults(entity))


def create_legal_entity(*, actor: Actor, now: Now, **columns: Any) -> LegalEntity:
    """An entity from its model's columns (and `logo_svg`, a drawing; '' for the merchant's), with the French tax table
    if it is in France. The merchant's first one is its default; `is_default=True` takes that place from the former.
    Raises Invalid."""
    drawing = check_logo(columns.pop("logo_svg", ""))
    entity = LegalEntity(**_formats(columns), created_at=now.at)
    _check(entity)
    for name, value in _clean({key: getattr(entity, key) for key in CLEANED}).items():
        setattr(entity, name, value)
    entity.logo = keep_logo(drawing, now=now)
    _lock_merchant()
    if not LegalEntity.objects.filter(is_default=True).exists():
        entity.is_default = True
    elif entity.is_default:
        LegalEntity.objects.filter(is_default=True).update(is_default=False)
    with refusing():
        entity.save(force_insert=True)
    french_tax_table(entity)
    _tell("legal_entity.created", entity, actor, now)
    return entity


def update_legal_entity(entity: LegalEntity, *, actor: Actor, now: Now, **columns: Any) -> LegalEntity:
    """Columns that are given, and `logo_svg`. Documents issued before keep what they say, and numbers what they were.
    An entity stops being the default only when another takes its place. Raises Invalid."""
    _lock_merchant()
    entity = LegalEntity.objects.select_for_update().get(pk=entity.pk)
    before = show_legal_entities([entity])[0]
    if columns.get("is_default") is False and entity.is_default:
        detail = gettext_noop("Make another entity the default instead.")
        refuse_if([fault("is_default", "default_needed", detail)])
    drawing = check_logo(columns.pop("logo_svg")) if "logo_svg" in columns else None
    numbers = [getattr(entity, name) for name in NUMBERS]
    for name, value in _formats(columns).items():
        setattr(entity, name, value)
    _check(entity)
    if numbers != [getattr(entity, name) for name in NUMBERS]:
        refuse_if(given_faults(entity))
    for name, value in _clean({key: getattr(entity, key) for key in CLEANED}).items():
        setattr(entity, name, value)
    if drawing is not None:
        entity.logo = keep_logo(drawing, now=now)
    if show_legal_entities([entity])[0] == before:
        return entity
    if entity.is_default:
        LegalEntity.objects.filter(is_default=True).exclude(pk=entity.pk).update(is_default=False)
    with refusing():
        entity.save()
    _tell("legal_entity.updated", entity, actor, now)
    return entity


def _lock_merchant() -> None:
    """Two entities must not both become the default: whoever decides holds the merchant's row."""
    Merchant.objects.select_for_update().get()


def _tell(kind: str, entity: LegalEntity, actor: Actor, now: Now) -> None:
    record(kind=kind, object_id=entity.pk, data={"object": show_legal_entities([entity])[0]}, actor=actor, now=now)


def create_site(
    *,
    reference: str,
    name: str,
    actor: Actor,
    now: Now,
    siret: str = "",
    city: str = "",
    code: str = "",
    metadata: Mapping[str, str] | None = None,
) -> Site:
    """A place. Its `code` names it in document numbers for ever; made from the reference where none is given. Raises
    Invalid, and Conflict (`reference_taken`, `a_site_code_is_unique`)."""
    faults = company_faults(siret=siret)
    if code and not is_site_code(code):
        detail = gettext_noop("One to eight capital letters or digits, and not 0 alone.")
        faults.append(fault("code", "site_code_invalid", detail))
    refuse_if(faults)
    with refusing():
        site: Site = Site.objects.create(
            reference=reference,
            name=name,
            siret=siret_of(siret) or "",
            city=city,
            code=code or free_code(reference),
            metadata=dict(metadata or {}),
            created_at=now.at,
        )
    record(kind="site.created", object_id=site.pk, data={"object": show_sites([site])[0]}, actor=actor, now=now)
    return site


def update_site(
    site: Site,
    *,
    actor: Actor,
    now: Now,
    name: str | None = None,
    siret: str | None = None,
    city: str | None = None,
    closed: bool | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Site:
    """None leaves a thing as it is. A closed site stays in history and statistics. Raises Invalid."""
    site = Site.objects.select_for_update().get(pk=site.pk)
    before = show_sites([site])[0]
    if name is not None:
        site.name = name
    if siret is not None:
        refuse_if(company_faults(siret=siret))
        site.siret = siret_of(siret) or ""
    if city is not None:
        site.city = city
    if metadata is not None:
        site.metadata = dict(metadata)
    if closed is not None and closed != (site.closed_at is not None):
        site.closed_at = now.at if closed else None
    if show_sites([site])[0] != before:
        site.save()
        record(kind="site.updated", object_id=site.pk, data={"object": show_sites([site])[0]}, actor=actor, now=now)
    return site
