"""What events make depends on more than their kind: first invoices, payments that nobody watched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core import mail as outbox

from alerts.services import mail
from invoices.frozen import thaw
from invoices.models import Payment
from invoices.services.issuing import Issue, issue
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from tests.apps.alerts.rooms import alerts, messages, publish, tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


@pytest.fixture
def later(shop):
    """A subscription's second invoice, issued and open; what went before is published."""
    session = shop.buy(shop.enrol("lucie", locale="en"), shop.offer("Premium", ("month", None, 1099)))
    with tenant(shop.id):
        draft = thaw(session.quote.draft)
        again = replace(draft, lines=tuple(replace(line, fact=None) for line in draft.lines))
        payer = session.invoice.payer
        [invoice] = issue(
            [Issue(draft=again, payer=payer, entity=shop.entity, merchant=shop.merchant)],
            actor=shop.actor,
            now=shop.now(),
        )
    publish(shop)
    assert messages(shop, "kind") == ["welcome_invoice"]
    return invoice


def payment(shop, invoice, **columns):
    with tenant(shop.id):
        values = {
            "payer_id": invoice.payer_id,
            "invoice_id": invoice.pk,
            "account": shop.account,
            "gateway": "simulated",
            "means": "card",
            "amount": 1099,
            "currency": "EUR",
            "status": "failed",
            "automatic": True,
            "created_at": instant(),
            "settled_at": instant(),
        }
        return Payment.objects.create(**{**values, **columns})


def test_the_second_invoice_of_a_subscription_is_a_plain_one(shop, later):
    invoice = later
    tell(shop, "invoice.paid", about=invoice.pk, life=invoice.payer_id)
    publish(shop)
    assert messages(shop, "kind", "invoice_id")[1:] == [("invoice_paid", invoice.pk)]


def test_a_payment_refused_while_nobody_watched_is_a_letter_and_an_alert_once_per_invoice(shop, later):
    invoice = later
    for _ in range(2):
        refused = payment(shop, invoice)
        tell(shop, "payment.failed", about=refused.pk, life=invoice.payer_id)
        publish(shop)
    # The second failure is told by the steps of dunning, if the merchant wants it told; the staff hear of both at once.
    assert messages(shop, "kind", "subscriber_id", "invoice_id", to_merchant=False)[1:] == [
        ("payment_failed", invoice.payer_id, invoice.pk)
    ]
    assert messages(shop, "kind", to_merchant=True) == ["alerts_now"]
    assert alerts(shop, "kind", "fact", "details", "resolved_at") == [
        ("payment_failed", f"payment_failed:{invoice.public_id}", {"invoice": invoice.public_id}, None)
    ]
    with tenant(shop.id):
        mail.Message.objects.filter(kind="welcome_invoice").update(status="dropped", next_try_at=None)
    mail.send(shop.id)
    [sent] = outbox.outbox
    assert sent.subject.endswith("the payment of €10.99 was refused")
    assert f"for invoice {invoice.number}." in sent.body
    tell(shop, "invoice.paid", about=invoice.pk, life=invoice.payer_id)
    publish(shop)
    [resolved] = alerts(shop, "resolved_at")
    assert resolved is not None


def test_a_payment_refused_before_the_buyers_eyes_makes_no_letter_and_no_alert(shop, later):
    invoice = later
    refused = payment(shop, invoice, automatic=False)
    tell(shop, "payment.failed", about=refused.pk, life=invoice.payer_id)
    session = shop.checkout(shop.enrol("other"), shop.offer("Basic", ("month", None, 500)))
    shop.press(session, "pm_card_chargeDeclined")
    shop.look(session)
    publish(shop)
    assert messages(shop, "kind") == ["welcome_invoice"]
    assert alerts(shop) == []
