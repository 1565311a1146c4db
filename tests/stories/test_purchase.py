"""A purchase, from the merchant's site to a paid, invoiced subscription; and each way it can end otherwise."""

from __future__ import annotations

import pytest

from billing.models import CheckoutSession
from invoices.models import Invoice, LedgerEntry, Payment
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Grant, PaymentMethod, Subscription
from subscribers.selectors.rights import rights_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_purchase_becomes_a_paid_invoiced_subscription(shop):
    shop.feature("quality", "level", ["standard", "high", "hifi"])
    offer = shop.offer("hifi", ("month", None, 12_99), features={"quality": {"level": "hifi"}})
    lucie = shop.enrol("lucie")

    session = shop.buy(lucie, offer)

    with tenant(shop.id):
        subscription = Subscription.objects.get(id=session.subscription_id)
        invoice = Invoice.objects.get(id=session.invoice_id)
        assert (subscription.status, subscription.access, subscription.payment_state) == ("active", "full", "ok")
        assert (invoice.status, invoice.gross, invoice.net, invoice.tax) == ("paid", 12_99, 10_82, 2_17)
        assert (invoice.sequence, invoice.number) == (1, f"{invoice.issued_on.year}-000001")
        assert Payment.objects.filter(status="succeeded").count() == 1
        assert PaymentMethod.objects.get(subscriber=lucie).last4 == "4242"
        ledger = sorted(LedgerEntry.objects.values_list("account", "amount"))
        assert ledger == [
            ("provider", 12_99),
            ("receivable", -12_99),
            ("receivable", 12_99),
            ("revenue", -10_82),
            ("vat", -2_17),
        ]
        assert rights_of(lucie.pk, shop.now())["quality"].level == "hifi"
        kinds = list(Event.objects.order_by("subscriber_sequence").values_list("kind", flat=True))
        assert kinds == [
            "subscriber.created",
            "subscription.created",
            "payment_method.attached",
            "payment.succeeded",
            "invoice.finalized",
            "invoice.paid",
            "subscription.activated",
            "checkout_session.completed",
            "access.changed",
        ]
        assert Change.objects.filter(subject_id=subscription.pk).count() == 2
        assert Grant.objects.count() == 1


def test_a_declined_card_leaves_the_form_open_and_no_document(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    session = shop.checkout(shop.enrol(), offer)
    shop.press(session, "pm_card_chargeDeclined")

    assert shop.look(session).status == "open"
    with tenant(shop.id):
        assert not Invoice.objects.exists()
        assert CheckoutSession.objects.get().status == "open"
        assert Payment.objects.get().decline_code == "generic_decline"

    shop.press(session, "pm_card_visa")
    assert shop.look(session).status == "complete"
    with tenant(shop.id):
        assert (Invoice.objects.count(), Payment.objects.count()) == (1, 1)
