"""Debits, which take days: what may happen on the way, and that their money always ends where it belongs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import runs
from billing.flows import looking, outcome, pay, reconcile
from billing.gateways.base import Outcome, OutcomeKind
from billing.models import CheckoutSession, SimulatedPage
from invoices.models import Invoice, LedgerEntry, Payment, Refund
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.clock import instant
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)
SILENT = Outcome(kind=OutcomeKind.UNKNOWN)


@pytest.fixture
def hifi(shop):
    return shop.offer("Onde Hifi", ("month", None, 12_99))


@pytest.fixture
def debited(shop, hifi):
    """A purchase by debit: complete, its money on its way."""
    session = shop.checkout(shop.enrol(), hifi)
    shop.press(session, "pm_sepa_debitSucceeds")
    assert shop.look(session).status == "complete"
    return session


def at_the_bank(shop, payment, **columns: object) -> None:
    """What the simulated bank says from now on."""
    with tenant(shop.id):
        held = SimulatedPage.objects.get(ref=str(payment.pk))
        held.content = {**held.content, **columns}
        held.save()


def owed(shop) -> dict[str, int]:
    """What stands on each account of the ledger, those at zero left out."""
    sums: dict[str, int] = {}
    with tenant(shop.id):
        for account, amount in LedgerEntry.objects.values_list("account", "amount"):
            sums[account] = sums.get(account, 0) + amount
    return {account: total for account, total in sums.items() if total}


def test_a_debit_asked_about_in_vain_is_still_on_its_way_and_pays_the_invoice(shop, debited):
    payment = shop.payment(debited)
    outcome.record(merchant_id=shop.id, payment_id=payment.pk, outcome=SILENT)
    waiting = shop.payment(debited)
    assert (waiting.status, waiting.looks) == ("processing", 1)
    assert waiting.next_look_at > instant()

    at_the_bank(shop, payment, status="succeeded", captured=12_99)
    looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    with tenant(shop.id):
        invoice, subscription = Invoice.objects.get(), Subscription.objects.get()
        assert (invoice.status, invoice.amount_paid) == ("paid", 12_99)
        assert (subscription.payment_state, subscription.access) == ("ok", "full")
        assert not Refund.objects.exists()
    assert owed(shop) == {"provider": 12_99, "revenue": -10_82, "vat": -2_17}


def test_a_debit_that_failed_before_anyone_looked_closes_the_payment_and_lets_the_purchase_lapse(shop, hifi):
    session = shop.checkout(shop.enrol(), hifi)
    shop.press(session, "pm_sepa_debitSucceeds")
    at_the_bank(shop, shop.payment(session), status="failed", code="debit_refused", decline_code="refused")
    with tenant(shop.id):
        CheckoutSession.objects.update(expires_at=instant() - timedelta(minutes=1))
    runs.lapse_due()
    with tenant(shop.id):
        assert (Payment.objects.get().status, CheckoutSession.objects.get().status) == ("failed", "expired")
        assert not Invoice.objects.exists()
        assert Event.objects.filter(kind="payment.failed").count() == 1


def test_a_page_that_could_not_be_opened_can_be_opened_at_the_next_click(shop, hifi):
    session = shop.checkout(shop.enrol(), hifi)
    pay.start(merchant_id=shop.id, session_id=session.pk)
    payment = shop.payment(session)
    with tenant(shop.id):  # as after an answer that was lost: nobody has the page's address
        SimulatedPage.objects.filter(ref=str(payment.pk)).update(content=None)
        Payment.objects.filter(id=payment.pk).update(provider_session="", action_url="")
    outcome.record(merchant_id=shop.id, payment_id=payment.pk, outcome=SILENT)

    assert shop.press(session).kind is OutcomeKind.SUCCEEDED
    assert shop.look(session).status == "complete"
    with tenant(shop.id):
        assert Payment.objects.get().pk == payment.pk


def test_a_debit_that_arrives_after_its_invoice_was_credited_goes_back(shop, debited):
    with tenant(shop.id):
        invoice = Invoice.objects.get()
        credit_invoice(invoice.pk, Wanted(amount=10_00), reason="Torn", actor=shop.actor, now=shop.now())
    payment = shop.payment(debited)
    at_the_bank(shop, payment, status="succeeded", captured=12_99)
    looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    with tenant(shop.id):
        back = Refund.objects.get()
        assert (back.amount, back.status, back.payment_id) == (10_00, "pending", payment.pk)
        paid = Invoice.objects.get()
        assert (paid.status, paid.amount_paid, paid.amount_credited) == ("paid", 2_99, 10_00)
    for _ in range(2):
        reconcile.refund(merchant_id=shop.id, refund_id=back.pk)
    payment = shop.payment(debited)
    assert (payment.captured, payment.refunded) == (12_99, 10_00)
    assert owed(shop) == {"provider": 2_99, "revenue": -2_49, "vat": -50}


def test_a_refund_waits_for_the_payer_before_it_locks_anything(shop, debited):
    """Everybody locks the payer first: else a refund and a notice about its payment wait for each other for ever."""
    payment = shop.payment(debited)
    at_the_bank(shop, payment, status="succeeded", captured=12_99)
    with tenant(shop.id):
        credit_invoice(Invoice.objects.get().pk, Wanted(), reason="Torn", actor=shop.actor, now=shop.now())
    looking.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    with tenant(shop.id):
        back = Refund.objects.get()
    with CaptureQueriesContext(connection) as seen:
        reconcile.refund(merchant_id=shop.id, refund_id=back.pk)
    locked = [query["sql"] for query in seen.captured_queries if "FOR UPDATE" in query["sql"]]
    tables = [sql.split('FROM "')[1].split('"')[0] for sql in locked]
    people = tables.index("subscribers_subscriber")
    assert people < tables.index("invoices_refund") < tables.index("invoices_payment")
