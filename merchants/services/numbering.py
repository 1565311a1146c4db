"""A legal entity's choice of document numbers: checked, so that no two of its series can ever give the same one.

Which formats gave numbers already is known above, where documents are: `given_by` lets that be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from merchants.models import LegalEntity, Site
from merchants.numbers import CREDIT_PREFIX, LONGEST, Kind, Scheme, collide, fault_of, site_code
from merchants.refusals import FieldError, gettext_noop
from merchants.terms import fault
from merchants.territories import FRENCH, place

COLUMNS = ("number_format", "credit_number_format", "numbers_per_site", "numbers_per_year")
"""What of a legal entity decides on its numbers."""

FIELDS: dict[Kind, str] = {"invoice": "number_format", "credit_note": "credit_number_format"}

Given = Callable[[LegalEntity], Iterable[Scheme]]
_given: list[Given] = []

_DETAILS = {
    "number_format_invalid": gettext_noop(
        "Such as {year}-{number:06d}: letters, digits, - / . _, and the number once; the month as {month:02d}."
    ),
    "number_format_too_long": gettext_noop("Numbers of this format could pass %(most)s characters."),
    "number_format_needs_year": gettext_noop("Where each year begins at 1 the number says the year: {year}."),
    "number_format_needs_site": gettext_noop("Where each site counts for itself the number says the site: {site}."),
    "number_format_without_sites": gettext_noop("{site} is for numbers that each site counts for itself."),
    "number_format_site_not_divided": gettext_noop("Put - / . or _ between {site} and {number}."),
    "number_format_point": gettext_noop("The French platforms take no number with a point: write - / or _ instead."),
}
_LIKE_INVOICES = gettext_noop("Credit notes and invoices could get the same number: begin this one with other letters.")
_GIVEN_BEFORE = gettext_noop(
    "Numbers of this form were given before, in another count: begin with other letters, so that none comes twice."
)


def given_by(source: Given) -> None:
    """Have a function asked which schemes have given numbers of an entity already. It holds their rows until COMMIT."""
    if source not in _given:
        _given.append(source)


def schemes(entity: LegalEntity) -> tuple[Scheme, Scheme]:
    """How its invoices and its credit notes are numbered from now on."""
    per_site, per_year = entity.numbers_per_site, entity.numbers_per_year
    credits = entity.credit_number_format or CREDIT_PREFIX + entity.number_format
    return (
        Scheme(kind="invoice", format=entity.number_format, per_site=per_site, per_year=per_year),
        Scheme(kind="credit_note", format=credits, per_site=per_site, per_year=per_year),
    )


def number_faults(entity: LegalEntity) -> list[FieldError]:
    """What is wrong with an entity's numbers by themselves."""
    found: list[FieldError] = []
    french = place(entity.country, entity.postal_code) in FRENCH
    for scheme in schemes(entity):
        code = fault_of(scheme) or ("number_format_point" if french and "." in scheme.format else "")  # BR-FR-02
        field = _field(scheme.kind, entity)
        if code and not any(error.field == field for error in found):
            found.append(fault(field, code, _DETAILS[code], **({"most": LONGEST} if "too_long" in code else {})))
    invoices, credits = schemes(entity)
    if not found and collide(invoices, credits):
        found.append(fault("credit_number_format", "number_format_of_invoices", _LIKE_INVOICES))
    return found


def given_faults(entity: LegalEntity) -> list[FieldError]:
    """What is wrong with them beside what was given already: a number must not come twice. Ask where they change."""
    given = [scheme for source in _given for scheme in source(entity)]
    return [
        fault(_field(scheme.kind, entity), "number_format_given", _GIVEN_BEFORE)
        for scheme in schemes(entity)
        if any(collide(scheme, earlier) for earlier in given)
    ]


def _field(kind: Kind, entity: LegalEntity) -> str:
    """Where the format comes from that a fault is about."""
    return FIELDS[kind] if kind == "invoice" or entity.credit_number_format else "number_format"


def code_of(site_id: UUID) -> str:
    """A site's code in numbers, made from its reference where it has none yet. It never changes."""
    site = Site.objects.select_for_update().get(id=site_id)
    if site.code is None:
        site.code = free_code(site.reference)
        site.save(update_fields=["code"])
    return str(site.code)


def free_code(reference: str) -> str:
    """A code that no site has, from a reference."""
    taken = {code for code in Site.objects.values_list("code", flat=True) if code}
    return site_code(reference, taken)
