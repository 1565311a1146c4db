"""Camille on her page: what tests of a subscriber's page look at."""

from __future__ import annotations

import re

import pytest

from merchants.actors import Actor, ActorKind, Channel
from tests.pages.subscribers_at import Desk, words

JULIE = Actor(kind=ActorKind.member, id="usr_julie", label="Julie Renaud", channel=Channel.call_centre)


@pytest.fixture
def desk(shop):
    return Desk.at(shop)


@pytest.fixture
def camille(shop):
    """Camille has bought Hifi with an option."""
    shop.feature("quality", "level", ["standard", "high", "hifi"])
    shop.feature("streams", "quota")
    extra = shop.option("Device", 2_00, features={"streams": {"quota": 1}}, adds=True)
    offer = shop.offer(
        "Hifi",
        ("month", 3, 6_99),
        ("month", None, 12_99),
        options=[extra],
        features={"quality": {"level": "hifi"}, "streams": {"quota": 2}},
    )
    row = shop.enrol("ON-204817", name="Camille Morel", email="camille@courriel.example", city="Lyon")
    shop.buy(row, offer, options=[extra])
    return row


def entries(text: str) -> list[str]:
    """What stands in the history, newest first."""
    found = re.findall(r'(?s)<li class="entry".*?</li>', text)
    return [words(one.encode()) for one in found]
