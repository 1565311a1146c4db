"""Legal entities and sites: made with checked numbers; a French entity begins with the French tax table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from merchants.actors import Actor
from merchants.identity import company_faults, is_country, siren_of, siret_of, vat_of
from merchants.journal import record
from merchants.models import LegalEntity, Merchant, Site
from merchants.now import Now
from merchants.refusals import FieldError, gettext_noop
from merchants.selectors.entities import show_legal_entities, show_sites
from merchants.services.taxes import french_tax_table
from merchants.services.violations import refusing
from merchants.terms import fault, refuse_if

ADDRESS = ("line1", "line2", "postal_code", "city", "country")
_PART = re.compile(r"\{(year|month|number)(?::0([1-9][0-9]?)d)?\}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9/_.-]*", re.ASCII)
_WIDTHS = {"year": 4, "month": 2, "number": 10}
NUMBER_LENGTH = 35
"""A document's number has at most 35 characters (domain 18)."""
_PREFIX = len("TAV")
"""Credit notes and test clocks put up to three characters before."""


def format_faults(text: str) -> list[FieldError]:
    """What is wrong with a format of document numbers: plain characters, `{year}`, `{month}`, and `{number:06d}` once.

    >>> format_faults("{year}-{number:06d}"), [error.code for error in format_faults("{year}")]
    ([], ['number_format_invalid'])
    """
    parts = _PART.findall(text)
    if not _PLAIN.fullmatch(_PART.sub("", text)) or [name for name, _ in parts].count("number") != 1:
        detail = gettext_noop("Such as {year}-{number:06d}: letters, digits, - / . _, and the number once.")
        return [fault("number_format", "number_format_invalid", detail)]
    longest = len(_PART.sub("", text)) + sum(max(_WIDTHS[name], int(width or 0)) for name, width in parts)
    if longest + _PREFIX > NUMBER_LENGTH:
        detail = gettext_noop("Numbers of this format could pass %(most)s characters.")
        return [fault("number_format", "number_format_too_long", detail, most=NUMBER_LENGTH)]
    return []


def _clean(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers without their blanks, once they are known to be right."""
    found = dict(columns)
    for name, cleaned in (("siren", siren_of), ("siret", siret_of), ("vat_number", vat_of)):
        if found.get(name):
            found[name] = cleaned(found[name])
    return found


def _check(entity: LegalEntity) -> None:
    faults = company_faults(
        siren=entity.siren, siret=entity.siret, vat_number=entity.vat_number, country=entity.country
    )
    if not is_country(entity.country):
        faults.append(fault("address.country", "country_unknown", gettext_noop("Not a country code of ISO 3166.")))
    for name in ("line1", "postal_code", "city"):
        if not getattr(entity, name).strip():
            faults.append(fault(f"address.{name}", "required", gettext_noop("A document needs the whole address.")))
    if not entity.name.strip():
        faults.append(fault("name", "required", gettext_noop("A document names who issues it.")))
    refuse_if(faults + format_faults(entity.number_format))


def create_legal_entity(*, actor: Actor, now: Now, **columns: Any) -> LegalEntity:
    """An entity from its model's columns, with the French tax table if it is in France. The merchant's first one is its
    default; `is_default=True` takes that place from the former. Raises Invalid."""
    entity = LegalEntity(**columns, created_at=now.at)
    _check(entity)
    for name, value in _clean({key: getattr(entity, key) for key in ("siren", "siret", "vat_number")}).items():
        setattr(entity, name, value)
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
    """Columns that are given. Documents issued before keep what they say. An entity stops being the default only when
    another takes its place. Raises Invalid."""
    _lock_merchant()
    entity = LegalEntity.objects.select_for_update().get(pk=entity.pk)
    before = show_legal_entities([entity])[0]
    if columns.get("is_default") is False and entity.is_default:
        detail = gettext_noop("Make another entity the default instead.")
        refuse_if([fault("is_default", "default_needed", detail)])
    for name, value in columns.items():
        setattr(entity, name, value)
    _check(entity)
    for name, value in _clean({key: getattr(entity, key) for key in ("siren", "siret", "vat_number")}).items():
        setattr(entity, name, value)
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
    metadata: Mapping[str, str] | None = None,
) -> Site:
    """A place. Raises Invalid, and Conflict (`reference_taken`)."""
    refuse_if(company_faults(siret=siret))
    with refusing():
        site: Site = Site.objects.create(
            reference=reference,
            name=name,
            siret=siret_of(siret) or "",
            city=city,
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
