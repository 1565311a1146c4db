"""What `POST /credit_notes` takes: which invoice, how much of it, why, and where the money goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from invoices.services.credit_plans import Wanted
from merchants.http.bodies import Body
from merchants.http.fields import Choice, Minor, PublicId, Text, Whole
from merchants.refusals import FieldError, Invalid, gettext_noop

MOST_LINES = 1_000
TO = (("balance", "balance"), ("refund", "refund"))
_OF_A_LINE = re.compile(r"lines\[(\d+)\](.*)")


class CreditLineBody(Body):
    """A line of the invoice by its place in `lines`, counted from 0; without an `amount` all that is left of it."""

    line = Whole(most=MOST_LINES)
    amount = Minor(required=False)


class CreditBody(Body):
    """Without `amount` and `lines`: all that is left of the invoice. Amounts are in the invoice's own terms, after
    discount. What the invoice does not owe goes `to` the payer's balance (the default), or back to the means that
    paid, never more than was paid by it."""

    invoice = PublicId("inv")
    reason = Text(max_length=400)
    amount = Minor(required=False)
    lines = serializers.ListField(child=CreditLineBody(), max_length=MOST_LINES, required=False)
    to = Choice(choices=TO, required=False)


def wanted_of(body: Mapping[str, Any]) -> Wanted:
    """How much a body asks for. Raises Invalid where it says so twice."""
    if "lines" not in body:
        return Wanted(amount=body.get("amount"))
    if "amount" in body:
        detail = gettext_noop("Give an amount, or lines, not both.")
        raise Invalid.at("amount", "amount_or_lines", detail)
    found: dict[int, int | None] = {}
    twice = []
    for at, each in enumerate(body["lines"]):
        if each["line"] in found:
            detail = gettext_noop("This line is named twice.")
            twice.append(FieldError(field=f"lines[{at}].line", code="line_named_twice", detail=detail))
        found[each["line"]] = each.get("amount")
    if twice:
        raise Invalid(code="line_named_twice", errors=twice)
    return Wanted(lines=found)


@contextmanager
def as_named(body: Mapping[str, Any]) -> Iterator[None]:
    """A refusal of a line of the invoice names it where the body did."""
    try:
        yield
    except Invalid as refusal:
        places = {each["line"]: at for at, each in enumerate(body.get("lines", ()))}
        errors = []
        for error in refusal.errors:
            found = _OF_A_LINE.fullmatch(error.field)
            if found and int(found[1]) in places and error.code != "line_named_twice":
                field = f"lines[{places[int(found[1])]}]{found[2] or '.line'}"
                error = replace(error, field=field)
            errors.append(error)
        raise Invalid(refusal.detail or None, code=refusal.code, errors=errors) from refusal
