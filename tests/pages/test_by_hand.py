"""Money that people brought, in the back office: recorded and taken back in dialogs, each fault beside its field."""

from __future__ import annotations

import re

import pytest

from billing.flows import owed
from invoices.models import Payment
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import again
from tests.pages.offices import colleague
from tests.pages.test_debts import invoice, lucie, seat, shop  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def dialog(seat, invoice):  # noqa: F811
    return seat.client.get(seat.url("invoice-by-hand", invoice=invoice.public_id), headers={"HX-Request": "true"})


def sent(seat, invoice, **more):  # noqa: F811
    shown = dialog(seat, invoice).content.decode()
    first = dict(re.findall(r'name="(key|received_on)" value="([^"]+)"', shown))
    return {"means": "cheque", "amount": "9.00", "note": "", **first, **more}


def test_it_is_recorded_once_and_taken_back(seat, shop, invoice):  # noqa: F811
    url, page = seat.url("invoice-by-hand", invoice=invoice.public_id), seat.url("invoice", invoice=invoice.public_id)
    assert url in seat.client.get(page).content.decode()
    given = sent(seat, invoice)
    assert "€9.00 recorded for" in seat.client.post(url, given, follow=True).content.decode()
    seat.client.post(url, given)
    with tenant(shop.id):
        payment = Payment.objects.get()
    assert (payment.means, payment.captured, again(shop, invoice).status) == ("cheque", 9_00, "paid")
    back = seat.url("payment-take-back", payment=payment.public_id)
    assert back in seat.client.get(page).content.decode()
    refused = seat.client.post(back, {"reason": ""})
    assert refused.status_code == 422 and again(shop, invoice).status == "paid"
    shown = seat.client.post(back, {"reason": "it bounced"}, follow=True).content.decode()
    assert "taken back: it bounced" in shown and back not in shown
    assert (again(shop, invoice).status, again(shop, invoice).amount_due) == ("open", 9_00)
    once = seat.client.post(back, {"reason": "again"})
    assert once.status_code == 422 and "This payment was taken back before." in once.content.decode()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"amount": "nine"}, "amount"),
        ({"amount": "0"}, "An amount above zero."),
        ({"amount": "1000.01", "means": "cash"}, "At most 1,000 euros"),
        ({"received_on": "2098-01-01"}, "Money that has come, today or before."),
    ],
)
def test_a_fault_stands_beside_its_field(seat, shop, invoice, more, words):  # noqa: F811
    answer = seat.client.post(
        seat.url("invoice-by-hand", invoice=invoice.public_id),
        sent(seat, invoice, **more),
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 422 and words in answer.content.decode()
    with tenant(shop.id):
        assert not Payment.objects.exists()


def test_who_may(seat, shop, invoice):  # noqa: F811
    seat.client.post(seat.url("invoice-by-hand", invoice=invoice.public_id), sent(seat, invoice))
    with tenant(shop.id):
        payment = Payment.objects.get()
    url = seat.url("invoice-by-hand", invoice=invoice.public_id)
    back = seat.url("payment-take-back", payment=payment.public_id)
    answers = {
        role: tuple(colleague(seat, role).client.get(one).status_code for one in (url, back))
        for role in ("owner", "support", "accountant", "read_only")
    }
    assert answers == {
        "owner": (200, 200),
        "support": (200, 200),
        "accountant": (200, 200),
        "read_only": (403, 403),
    }


def test_the_receipt_says_what_was_paid_and_what_is_owed(seat, shop, invoice):  # noqa: F811
    seat.client.post(seat.url("invoice-by-hand", invoice=invoice.public_id), sent(seat, invoice, amount="4.00"))
    with tenant(shop.id):
        payment = Payment.objects.get()
    url = seat.url("payment-receipt", payment=payment.public_id)
    assert url in seat.client.get(seat.url("invoice", invoice=invoice.public_id)).content.decode()
    shown = seat.client.get(url).content.decode()
    cells = re.findall(r"<td>([^<]+?) ?(?:<small>[^<]*</small>)?</td><td class=\"amount\">([^<]+)</td>", shown)
    assert cells[-3:] == [("VAT 20%", "€1.50"), ("Cheque", "€4.00"), ("Still owed", "€5.00")]
    assert str(invoice.number) in shown and payment.public_id in shown and "<b>Onde</b>" in shown
    seat.client.post(seat.url("payment-take-back", payment=payment.public_id), {"reason": "it bounced"})
    assert "Taken back: this receipt is worth nothing any more" in seat.client.get(url).content.decode()


def test_what_brought_no_money_has_no_receipt(seat, shop, invoice):  # noqa: F811
    owed.start(merchant_id=shop.id, invoice_id=invoice.pk, seen=9_00)
    with tenant(shop.id):
        payment = Payment.objects.get()
    assert seat.client.get(seat.url("payment-receipt", payment=payment.public_id)).status_code == 404
