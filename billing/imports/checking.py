"""One row of an old member file, checked against all that the product will ask of it: a member ready to be enrolled, or
every reason why not, each at its column. Nothing is written; the same row gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.engine.lives import next_charge
from billing.imports.cells import count_of, date_of, fault, phone_of, text_of
from billing.imports.lines import Cell, Line
from billing.imports.mapping import folded
from billing.imports.members import Catalogue, Member, Sold, Terms, opened
from merchants.money import decimal_text
from merchants.now import Now
from merchants.refusals import FieldError, Invalid, Refusal, gettext_noop
from merchants.typed import typed_amount
from subscribers.services import mandates
from subscribers.services.enrolment import check_profile
from subscribers.services.mandates import Signed

PROFILE = ("reference", "email", "company", "line1", "line2", "postal_code", "city")
OLDEST = 120
"""Years that somebody may have lived."""


@dataclass(slots=True)
class Found:
    """A row: a member, or what is wrong with it."""

    line: Line
    member: Member | None = None
    faults: list[FieldError] = field(default_factory=list)


def check(line: Line, terms: Terms, catalogue: Catalogue, now: Now) -> Found:
    """Check one row by itself; whether somebody like it is known already is asked by the caller."""
    if line.broken:
        return Found(line, faults=[fault("", line.broken, BROKEN[line.broken])])
    row = _Row(line, terms, catalogue, now)
    member = row.member()
    return Found(line, faults=row.faults) if row.faults or member is None else Found(line, member=member)


BROKEN = {
    "merged_cells": gettext_noop("Cells of this row are merged: undo that in the file."),
    "cells_beyond_heading": gettext_noop("There are cells to the right of the last heading."),
    "cell_too_long": gettext_noop("A cell has more than 1,000 characters."),
}


class _Row:
    """The reading of one row; faults are gathered, so that all of them are told at once."""

    def __init__(self, line: Line, terms: Terms, catalogue: Catalogue, now: Now) -> None:
        self.line, self.terms, self.catalogue, self.now = line, terms, catalogue, now
        self.faults: list[FieldError] = []

    def cell(self, name: str) -> Cell:
        at = self.terms.columns.get(name)
        return self.line.cells[at] if at is not None and at < len(self.line.cells) else None

    def text(self, name: str) -> str:
        found: str | None = self.asked(lambda: text_of(self.cell(name), name))
        return found or ""

    def day(self, name: str) -> date | None:
        found: date | None = self.asked(lambda: date_of(self.cell(name), name, self.terms.order))
        return found

    def asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Invalid as refusal:
            self.faults += refusal.errors
            return None

    def wrong(self, name: str, code: str, detail: str, **params: object) -> None:
        self.faults.append(fault(name, code, detail, **params))

    def member(self) -> Member | None:
        profile = self.profile()
        sold, site_id = self.sold(), self.site()
        if sold is not None and site_id is not None:
            sold = self.catalogue.at_sites.get((sold.offer_id, site_id), sold)
        options = self.options(sold)
        start_on, paid_until = self.day("start_on"), self.day("paid_until")
        if start_on is None and not self._said("start_on"):
            self.wrong("start_on", "required", gettext_noop("Since when they are members."))
        if paid_until is None and not self._said("paid_until"):
            self.wrong("paid_until", "required", gettext_noop("Until when they have paid: the day of the next charge."))
        quantity = self.asked(lambda: count_of(self.cell("quantity"), "quantity"))
        mandate = self.mandate(profile.get("name", ""))
        amount = self.amount(sold)
        if self.faults or sold is None or start_on is None or paid_until is None:
            return None
        member = Member(
            line=self.line.number,
            profile=profile,
            sold=sold,
            start_on=start_on,
            paid_until=paid_until,
            site_id=site_id,
            options=options,
            quantity=quantity,
            amount=amount,
            collection="automatic" if mandate else self.terms.without_mandate,
            mandate=mandate,
        )
        self.by_the_engine(member)
        return member

    def _said(self, name: str) -> bool:
        return any(each.field == name for each in self.faults)

    def profile(self) -> dict[str, Any]:
        values: dict[str, Any] = {name: self.text(name) for name in PROFILE}
        whole = " ".join(filter(None, (self.text("first_name"), self.text("last_name"))))
        values["name"] = self.text("name") or whole
        values["phone"] = self.asked(lambda: phone_of(self.cell("phone"), self.catalogue.entity.country)) or ""
        values["country"] = self.country()
        values["locale"] = (self.text("locale") or self.catalogue.locale).lower()[:2]
        values["birth_on"] = self.day("birth_on")
        if values["birth_on"] and not 0 < (self.now.today - values["birth_on"]).days < OLDEST * 366:
            self.wrong("birth_on", "birth_date_unlikely", gettext_noop("Nobody of ours was born on this day."))
        if not values["name"]:
            self.wrong("name", "required", gettext_noop("First name and family name."))
        clean: dict[str, Any] | None = self.asked(lambda: check_profile({k: v for k, v in values.items() if v}))
        return clean or {"name": values["name"]}

    def country(self) -> str:
        said = self.text("country")
        return COUNTRIES.get(folded(said), said.upper()) if said else self.catalogue.entity.country

    def sold(self) -> Sold | None:
        said = self.text("offer") or self.terms.offer
        if not said:
            self.wrong("offer", "required", gettext_noop("Which offer they have."))
            return None
        found = self.catalogue.offers.get(folded(said), False)
        if found is False:
            self.wrong("offer", "offer_unknown", gettext_noop("No offer has this name or reference."))
            return None
        if found is None:
            self.wrong("offer", "offer_ambiguous", gettext_noop("Two offers are called so: give the reference."))
            return None
        return found if isinstance(found, Sold) else None

    def site(self) -> UUID | None:
        said = self.text("site") or self.terms.site
        if not said:
            return None
        found = self.catalogue.sites.get(folded(said), False)
        if found is False:
            self.wrong("site", "site_unknown", gettext_noop("No site has this name or reference."))
        elif found is None:
            self.wrong("site", "site_ambiguous", gettext_noop("Two sites are called so: give the reference."))
        return found if isinstance(found, UUID) else None

    def options(self, sold: Sold | None) -> list[tuple[UUID, int]]:
        said = self.text("options")
        found: dict[UUID, int] = {}
        for name in filter(None, (part.strip() for part in re.split(r"[,;|+]", said))):
            option = self.catalogue.options.get(folded(name))
            if option is None:
                self.wrong("options", "option_unknown", gettext_noop("No option has this name or reference."))
            elif sold is not None and option not in sold.options:
                self.wrong("options", "option_not_sold_with_offer", gettext_noop("Not sold with this offer."))
            else:
                found[option] = found.get(option, 0) + 1
        return list(found.items())

    def amount(self, sold: Sold | None) -> int | None:
        said = self.text("amount")
        if not said or sold is None:
            return None
        cell = self.cell("amount")
        text = f"{cell:.6f}".rstrip("0").rstrip(".") if isinstance(cell, float) else said
        found: int | None = self.asked(
            lambda: typed_amount(text, sold.picture.currency, self.catalogue.locale, field="amount")
        )
        return found

    def mandate(self, name: str) -> dict[str, Any] | None:
        iban, reference = self.text("iban"), self.text("mandate_reference")
        signed_on = self.day("mandate_signed_on")
        if not iban:
            if reference:
                self.wrong("iban", "required", gettext_noop("A mandate without the account that it is for."))
            return None
        if not reference:
            detail = gettext_noop("A mandate is known by its reference (UMR).")
            self.wrong("mandate_reference", "required", detail)
        if signed_on is None and not self._said("mandate_signed_on"):
            self.wrong("mandate_signed_on", "required", gettext_noop("The day on which the mandate was signed."))
        holder = self.text("holder") or name[:70]
        noon = datetime.combine(signed_on, time(12), ZoneInfo(self.catalogue.zone)) if signed_on else None
        signed = Signed(iban=iban, holder=holder, creditor=self.catalogue.entity, reference=reference, signed_at=noon)
        try:
            account = mandates.check(signed, now=self.now)
        except Invalid as refusal:
            for error in refusal.errors:
                where = {"reference": "mandate_reference", "signed_on": "mandate_signed_on", "later": "iban"}
                name = where.get(error.field, error.field)
                self.wrong(name, error.code, error.detail, **error.params)
            return None
        assert noon is not None or self.faults
        return {
            "iban": account.number,
            "holder": holder,
            "reference": reference,
            "signed_at": noon.isoformat() if noon else None,
        }

    def by_the_engine(self, member: Member) -> None:
        """How it would stand, and what would be charged next, as the engine that will bill it says."""
        try:
            snapshot = opened(member, self.catalogue, self.now.today)
            charged = next_charge(snapshot)
        except Invalid as refusal:
            self.faults += refusal.errors
            return
        except Refusal as refusal:
            self.wrong("offer", refusal.code, refusal.detail, **refusal.params)
            return
        if member.amount is not None and (charged is None or charged[1] != member.amount):
            detail = gettext_noop("The next charge would be %(ours)s: choose another offer, or correct the amount.")
            self.wrong(
                "amount",
                "amount_differs",
                detail,
                ours=decimal_text(charged[1] if charged else 0, member.sold.picture.currency),
            )


COUNTRIES = {
    "france": "FR", "belgique": "BE", "belgium": "BE", "suisse": "CH", "switzerland": "CH", "luxembourg": "LU",
    "allemagne": "DE", "germany": "DE", "espagne": "ES", "spain": "ES", "italie": "IT", "italy": "IT",
}  # fmt: skip
