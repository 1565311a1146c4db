"""`POST /payments` and `/payments/{id}/reverse`: money that people brought, written down once, and taken back once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from invoices.models import Payment
from merchants.clock import instant
from merchants.models import Site
from merchants.tenancy.scope import tenant
from tests.api.callers import faults, problem
from tests.apps.invoices.bills import again, bill, line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def invoice(shop):
    """Lucie owes 9.00."""
    return bill(shop, shop.enrol("lucie"), line(9_00))


def brought(invoice, amount=9_00, **more):
    return {"invoice": invoice.public_id, "means": "cash", "amount": amount, **more}


def test_it_is_written_down_once_under_its_key(site, shop, invoice):
    answer = site.post("payments", brought(invoice, note="by Paul"), key="once")
    shown = answer.json()
    assert answer.status_code == 201
    assert (shown["means"], shown["captured"], shown["status"], shown["gateway"]) == (
        "cash",
        9_00,
        "succeeded",
        "manual",
    )
    assert (shown["received_on"], shown["reversed_at"]) == (shop.now().today.isoformat(), None)
    assert site.post("payments", brought(invoice, note="by Paul"), key="once").json() == shown
    assert again(shop, invoice).status == "paid"
    assert problem(site.post("payments", brought(invoice))) == (409, "nothing_owed")
    with tenant(shop.id):
        assert Payment.objects.count() == 1
    assert [one["id"] for one in site.get("payments").json()["data"]] == [shown["id"]]


def test_at_a_site_on_an_earlier_day(site, shop, invoice):
    with tenant(shop.id):
        place = Site.objects.create(reference="lyon", name="Lyon", created_at=instant())
    day = (shop.now().today - timedelta(days=3)).isoformat()
    shown = site.make("payments", brought(invoice, site="ref:lyon", received_on=day))
    assert (shown["site"], shown["received_on"]) == (place.public_id, day)


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"amount": 0}, "amount", "amount_out_of_range"),
        ({"amount": 100_001}, "amount", "cash_above_the_limit"),
        ({"means": "card"}, "means", "invalid_choice"),
        ({"received_on": "2098-01-01"}, "received_on", "received_in_the_future"),
        ({"received_on": "2001-01-01"}, "received_on", "received_too_long_ago"),
        ({"currency": "USD"}, "currency", "currency_differs"),
        ({"site": "ref:nowhere"}, "site", "not_found"),
        ({"invoice": "inv_0000000000000000000001"}, "invoice", "not_found"),
        ({"site": "ref:closed"}, "site", "site_closed"),
    ],
)
def test_what_cannot_be_is_named_beside_its_field(site, shop, invoice, more, field, code):
    with tenant(shop.id):
        Site.objects.create(reference="closed", name="Closed", created_at=instant(), closed_at=instant())
    answer = site.post("payments", brought(invoice) | more)
    assert answer.status_code == 422 and faults(answer) == [(field, code)]
    with tenant(shop.id):
        assert Payment.objects.count() == 0


def test_it_is_taken_back_once(site, shop, invoice):
    made = site.make("payments", brought(invoice))
    assert faults(site.post(f"payments/{made['id']}/reverse", {})) == [("reason", "required")]
    shown = site.post(f"payments/{made['id']}/reverse", {"reason": "written down twice"}, key="once").json()
    assert (shown["captured"], shown["status"]) == (9_00, "succeeded") and shown["reversed_at"]
    replayed = site.post(f"payments/{made['id']}/reverse", {"reason": "written down twice"}, key="once")
    assert replayed.json() == shown
    assert problem(site.post(f"payments/{made['id']}/reverse", {"reason": "again"})) == (409, "payment_reversed")
    assert (again(shop, invoice).status, again(shop, invoice).amount_due) == ("open", 9_00)
