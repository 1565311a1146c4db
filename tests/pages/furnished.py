"""A merchant with one of everything that an office page may name in its address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from django.apps import apps
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

from merchants.ids import PREFIXES, new_id, show
from merchants.services import keys, people
from merchants.tenancy.scope import tenant
from tests.pages.offices import NOW, Seat, colleague, office

NAMES = {"member": "Membership", "entity": "LegalEntity", "rate": "TaxRate", "key": "ApiKey", "clock": "TestClock"}
"""Arguments of addresses that are shorter than their model's name; any other is the model's name in small letters."""


def model_of(argument: str) -> type[models.Model] | None:
    """The model whose id an argument of an address names: `credit_note` is a CreditNote."""
    wanted = NAMES.get(argument) or argument.title().replace("_", "")
    for model in apps.get_models():
        if model.__name__ == wanted and model.__name__ in PREFIXES:
            return model
    short = [model for model in apps.get_models() if model.__name__ in PREFIXES and model.__name__.endswith(wanted)]
    return short[0] if len(short) == 1 else None


def office_routes() -> Iterator[tuple[str, list[str], URLPattern]]:
    """(name, arguments after the merchant, pattern) of every page under `/office/<merchant>/`."""

    def walk(patterns, inside, arguments):
        for pattern in patterns:
            here = arguments + list(pattern.pattern.regex.groupindex)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, inside or pattern.namespace == "office", here)
            elif inside:
                yield pattern.name, [name for name in here if name != "merchant"], pattern

    yield from walk(get_resolver().url_patterns, False, [])


def unknown(argument: str) -> str:
    """A well-formed id of that kind which nothing has."""
    model = model_of(argument)
    return show(PREFIXES[model.__name__], new_id()) if model else "nothing"


def own(seat: Seat, argument: str) -> str:
    """The id of the furnished merchant's one of that kind."""
    model = model_of(argument)
    assert model is not None, f"no model is named by <{argument}>: name it in tests/pages/furnished.py"
    with tenant(seat.merchant.id):
        row = model.objects.order_by("-id").first()
    assert row is not None, f"furnish() makes no {model.__name__}: teach it to"
    return row.public_id


def furnish(name: str = "Onde") -> Seat:
    """An owner's seat at a merchant that has one of everything."""
    seat = office(name)
    colleague(seat, "support")
    with tenant(seat.merchant.id):
        invited = people.invite(email="julie@onde.example", role="support", by=seat.member(), now=NOW)
        invited.invitation.expires_at = NOW.at + timedelta(days=40_000)
        invited.invitation.save()
        keys.make_key(merchant=seat.merchant, name="site", scopes=[], by=seat.user, now=NOW)
    return seat


def bare(body: bytes) -> str:
    """A page without what differs from one address to another: CSRF tokens, and the address itself."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body.decode())
    return re.sub(r'name="next" value="[^"]*"', "", text)
