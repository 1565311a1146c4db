"""Who may open and do what at a counter: one row a page, read against the addresses; strangers get nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from billing.counter.urls import urlpatterns
from merchants.permissions import ROLES, Permission, may

OPEN = {"pair", "sign_in", "sign_out", "thanks"}
"""Pages that need nobody signed in."""
TABLE = {
    "home": ("use_counter", "use_counter"),
    "enrol": ("sell", "sell"),
    "enrol_act": ("sell", "sell"),
    "enrol_ticket": ("sell", "sell"),
    "enrol_people": ("sell", "sell"),
    "enrol_who": ("sell", "sell"),
    "door": ("use_counter", "use_counter"),
    "door_people": ("use_counter", "use_counter"),
    "door_person": ("use_counter", "use_counter"),
    "door_in": ("use_counter", "use_counter"),
    "door_override": ("use_counter", "use_counter"),
    "door_undo": ("use_counter", "use_counter"),
    "door_pay": ("take_payments", "take_payments"),
    "receipt": ("use_counter", "use_counter"),
    "receipt_letter": ("sell", "sell"),
    "give": ("give_at_counter", "give_at_counter"),
    "signed_paper": ("sell", "sell"),
    "member_card": ("sell", "sell"),
    "member_card_lost": ("sell", "sell"),
    "till": ("run_till", "run_till"),
    "till_open": ("run_till", "run_till"),
    "till_cash": ("run_till", "run_till"),
    "till_close": ("run_till", "run_till"),
    "z_report": ("run_till", "run_till"),
    "enrolled": ("use_counter", "use_counter"),
    "pay": ("use_counter", "use_counter"),
    "pay_live": ("use_counter", "use_counter"),
    "pay_at_reader": ("sell", "sell"),
    "pay_give_up": ("sell", "sell"),
    "pay_letter": ("sell", "sell"),
    "card": ("use_counter", "use_counter"),
    "card_live": ("use_counter", "use_counter"),
}
"""What reading and what posting needs."""


def test_every_page_stands_in_the_table_with_what_it_needs():
    found = {
        each.name: (
            getattr(each.callback, "counter_permission", None),
            getattr(each.callback, "counter_post_permission", None),
        )
        for each in urlpatterns
    }
    assert {name for name, needs in found.items() if needs == (None, None)} == OPEN
    assert {name: needs for name, needs in found.items() if name not in OPEN} == TABLE


def test_who_signs_in_at_a_counter_may_sell_there():
    """No role reaches a counter and finds it empty."""
    assert {role for role in ROLES if may(role, Permission.use_counter)} == {
        role for role in ROLES if may(role, Permission.use_counter) and may(role, Permission.sell)
    }


@pytest.mark.django_db
@pytest.mark.parametrize("each", [one for one in urlpatterns if one.name not in OPEN], ids=lambda one: one.name)
def test_a_browser_that_is_no_tablet_is_led_to_pairing(each):
    address = "/counter/" + str(each.pattern).replace("<str:enrolment>", "enr_1").replace("<str:session>", "tse_1")
    address = address.replace("<str:thing>", "cs_1").replace("<str:person>", "cus_1").replace("<str:visit>", "vis_1")
    address = address.replace("<str:payment>", "pay_1").replace("<str:paper>", "pap_1")
    for client in (Client(), _with("nonsense")):
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 302 and answer.headers["Location"] == "/counter/pair"


def _with(secret: str) -> Client:
    client = Client()
    client.cookies["tacite_device"] = secret
    return client
