"""Settings, Billing: what stands on one invoice, on which day, and the steps of dunning."""

from __future__ import annotations

import html
import re

import pytest

from merchants.dunning import STANDARD
from merchants.models import Event, Merchant
from merchants.tenancy.scope import tenant
from tests.pages.offices import colleague, office

pytestmark = pytest.mark.django_db(transaction=True)
FILLED = {
    "grouping": "payer",
    "share_billing_day": "on",
    "withdrawal_credit": "full",
    "withdrawal_companies": "on",
    "days_0": "2",
    "actions_0": ["retry", "write"],
    "days_1": "",
    "days_2": "10",
    "actions_2": ["suspend", "alert"],
}

PLAINEST = {"grouping": "subscription", "withdrawal_credit": "prorated"}


def merchant_of(seat) -> Merchant:
    with tenant(seat.merchant.id):
        return Merchant.objects.get()


def test_the_standard_steps_are_shown_and_more_can_be_filled_in():
    seat = office()
    page = seat.client.get(seat.url("setting_billing")).content.decode()
    assert re.findall(r'name="days_\d" id="id_days_\d" value="(\d*)"', page) == ["3", "7", "14", "", ""]
    assert len(re.findall(r'type="checkbox" name="actions_\d"[^>]* checked', page)) == sum(
        len(step.actions) for step in STANDARD
    )
    assert 'aria-label="Suspend access, step 3" checked' in page


def test_what_was_filled_in_is_kept_and_told():
    seat = office()
    saved = seat.client.post(seat.url("setting_billing"), FILLED)
    assert saved["Location"] == seat.url("setting_billing")
    merchant = merchant_of(seat)
    assert (merchant.grouping, merchant.share_billing_day) == ("payer", True)
    assert (merchant.withdrawal_credit, merchant.withdrawal_companies) == ("full", True)
    assert merchant.dunning_steps == [
        {"after_days": 2, "actions": ["retry", "write"]},
        {"after_days": 10, "actions": ["suspend", "alert"]},
    ]
    with tenant(seat.merchant.id):
        assert Event.objects.filter(kind="merchant.updated").count() == 1
    seat.client.post(seat.url("setting_billing"), {**PLAINEST, "days_0": ""})
    merchant = merchant_of(seat)
    assert (merchant.withdrawal_credit, merchant.withdrawal_companies) == ("prorated", False)
    assert (merchant.grouping, merchant.share_billing_day, merchant.dunning_steps) == ("subscription", False, [])


@pytest.mark.parametrize(
    ("changes", "row", "said"),
    [
        ({"days_2": "2"}, 2, "Each step comes later than the one before it."),
        ({"days_2": "999"}, 2, "A number of days from 1 to 180."),
        ({"days_2": "soon"}, 2, "Enter a whole number."),
        ({"actions_2": []}, 2, "At least one action."),
        ({"actions_0": ["shout"]}, 0, "Select a valid choice. shout is not one of the available choices."),
    ],
)
def test_a_fault_stands_beside_its_row_and_nothing_is_saved(changes, row, said):
    seat = office()
    answer = seat.client.post(seat.url("setting_billing"), {**FILLED, **changes})
    assert answer.status_code == 422
    page = html.unescape(answer.content.decode())
    assert re.findall(r'id="id_days_(\d)_error">(.*?)</span>', page) == [(str(row), said)]
    assert merchant_of(seat).dunning_steps == []


def test_who_may_only_look_cannot_save():
    owner = office()
    seat = colleague(owner, "accountant")
    page = seat.client.get(seat.url("setting_billing"))
    assert page.status_code == 200 and b"<fieldset disabled>" in page.content
    assert seat.client.post(seat.url("setting_billing"), FILLED).status_code == 403
    assert merchant_of(owner).grouping == "subscription"


def test_it_is_said_in_french():
    seat = office(locale="fr")
    page = seat.client.get(seat.url("setting_billing")).content.decode()
    assert "Quand une facture n’est pas payée" in html.unescape(page)
