"""`/payments`: money asked for and its outcome, read only."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.ids import new_id, show
from tests.api.callers import Caller, faults, problem
from tests.apps.invoices.bills import bill, line, pay

pytestmark = pytest.mark.django_db(transaction=True)


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["data"]]


def test_a_payment_of_a_purchase(site, shop):
    session = shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    (payment,) = site.get("payments").json()["data"]
    assert site.get(f"payments/{payment['id']}").json() == payment
    assert (payment["status"], payment["amount"], payment["captured"], payment["refunded"]) == (
        "succeeded",
        12_99,
        12_99,
        0,
    )
    assert (payment["object"], payment["currency"], payment["means"], payment["gateway"]) == (
        "payment",
        "EUR",
        "card",
        "simulated",
    )
    assert (payment["checkout_session"], payment["invoice"]) == (session.public_id, session.invoice.public_id)
    assert payment["payment_method"].startswith("pm_") and payment["settled_at"] is not None
    assert (payment["code"], payment["decline_code"]) == (None, None)


def test_a_refused_one_says_why(site, shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    session = shop.checkout(shop.enrol("lucie"), offer)
    shop.press(session, "pm_card_chargeDeclined")
    shop.look(session)
    (payment,) = site.get("payments").json()["data"]
    assert (payment["decline_code"], payment["captured"]) == ("generic_decline", 0)


def test_filters_and_expansion(site, shop):
    lucie, paul = shop.enrol("lucie"), shop.enrol("paul")
    one, two = bill(shop, lucie, line(10_00)), bill(shop, paul, line(20_00))
    first, second = pay(shop, one, 4_00), pay(shop, two, 20_00, means="cash")
    assert ids(site.get("payments")) == [second.public_id, first.public_id]
    assert ids(site.get("payments?subscriber=ref:lucie")) == [first.public_id]
    assert ids(site.get(f"payments?invoice={two.public_id}")) == [second.public_id]
    assert ids(site.get("payments?status=succeeded&limit=1")) == [second.public_id]
    assert ids(site.get("payments?status=failed")) == []
    told = site.get(f"payments/{second.public_id}?expand=subscriber").json()
    assert (told["subscriber"]["reference"], told["means"], told["invoice"]) == ("paul", "cash", two.public_id)
    assert faults(site.get("payments?status=lost")) == [("status", "invalid_choice")]
    assert faults(site.get(f"payments?invoice={show('inv', new_id())}")) == [("invoice", "not_found")]


def test_the_number_of_queries_does_not_depend_on_the_rows(site, shop):
    lucie = shop.enrol("lucie")
    invoice = bill(shop, lucie, line(500_00))

    def queries():
        with CaptureQueriesContext(connection) as seen:
            found = ids(site.get("payments?limit=100&expand=subscriber"))
        return len(found), len(seen)

    for _ in range(3):
        pay(shop, invoice, 1_00)
    site.get("payments")
    few = queries()
    for _ in range(27):
        pay(shop, invoice, 1_00)
    many = queries()
    assert (few[0], many[0]) == (3, 30)
    assert few[1] == many[1]


def test_scope(shop):
    narrow = Caller.of(shop, "invoices:read")
    assert problem(narrow.get("payments"))[0] == 403
    assert Caller.of(shop, "payments:read").get("payments").status_code == 200
