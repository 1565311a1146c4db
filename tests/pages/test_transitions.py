"""Settings, Changes of offer: the transition policy row by row, taught where it is empty, kept in the journal."""

from __future__ import annotations

import html
import re

import pytest

from merchants.models import Event, Merchant, Offer
from merchants.tenancy.scope import tenant
from tests.pages.furnished import furnish
from tests.pages.offices import colleague
from tests.pages.subscribers_at import words

pytestmark = pytest.mark.django_db(transaction=True)


def test_rules_are_taught_written_put_in_order_and_taken_away():
    seat = furnish()
    with tenant(seat.merchant.id):
        offer = Offer.objects.get()
    url = seat.url("setting_transitions")
    assert "There is no rule yet" in words(seat.client.get(url).content)
    first = {"place_0": "2", "when_0": "now", "fee_0": "5.00", "proration_0": "none", "from_offer_0": str(offer.pk)}
    second = {"place_1": "1", "when_1": "forbidden", "direction_1": "down", "in_commitment_1": "yes"}
    sent = {**first, **second, "overridden_by_1": ["owner", "admin"], "when_2": ""}
    assert seat.client.post(url, sent).status_code == 302
    with tenant(seat.merchant.id):
        rules = Merchant.objects.get().transition_rules
        assert [(rule["when"], rule["fee"]) for rule in rules] == [("forbidden", 0), ("now", 5_00)]
        assert (rules[0]["in_commitment"], rules[0]["overridden_by"]) == (True, ["owner", "admin"])
        assert rules[1]["from_offer"] == str(offer.pk)
        told = Event.objects.filter(kind="merchant.updated").latest("id")
        assert len(told.data["object"]["transition_rules"]) == 2
    page = seat.client.get(url).content.decode()
    assert len(re.findall(r'name="when_\d"', page)) == 3 and 'value="5.00"' in page
    wrong = seat.client.post(url, {"when_0": "period_end", "fee_0": "5.00"})
    assert wrong.status_code == 422 and "A fee needs a change that counts now." in html.unescape(wrong.content.decode())
    assert seat.client.post(url, {"when_0": "", "when_1": ""}).status_code == 302
    with tenant(seat.merchant.id):
        assert Merchant.objects.get().transition_rules == []


def test_who_may_not_edit_settings_reads_them():
    seat = furnish()
    accountant = colleague(seat, "accountant")
    url = seat.url("setting_transitions")
    assert "fieldset disabled" in accountant.client.get(url).content.decode()
    assert accountant.client.post(url, {"when_0": "now"}).status_code == 403
