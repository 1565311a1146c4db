"""A SEPA mandate signed with us: lodged once, refused by a bank, signed anew, taken over, forgotten."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection

from billing import runs
from billing.flows import collect, erase, lodge
from billing.flows import subscribe as subscribing
from billing.flows.wanted import Wanted
from billing.models import DunningCase
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.models import Event, LegalEntity, ProviderAccount
from merchants.refusals import Conflict, Invalid
from merchants.secrets import decrypt
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Mandate, PaymentMethod
from subscribers.services import belonging, mandates
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)
GOOD, CLOSED = "FR1420041010050500013M02606", "FR3020041010050500013M02609"
ICS = "FR72ZZZ123456"


@pytest.fixture
def salon(shop: Shop) -> Shop:
    """A shop that may collect debits."""
    with tenant(shop.id):
        LegalEntity.objects.update(creditor_identifier=ICS)
        shop.entity = LegalEntity.objects.get()
    return shop


def sign(shop, who, iban=GOOD, **more):
    signed = mandates.Signed(iban=iban, holder="Ana Diaz", creditor=shop.entity, **more)
    with tenant(shop.id):
        belonging.lock([who.pk])
        return mandates.sign(who, signed, actor=shop.actor, now=shop.now())


def at_provider(shop, mandate):
    return lodge.lodge(merchant_id=shop.id, mandate_id=mandate.pk)


def swept(shop):
    """What beat does, for all merchants."""
    found = across_tenants("mandates_to_lodge", instant(), 10_000)
    assert runs.lodge_due() == min(len(found), runs.MOST)
    assert len(found) < runs.MOST or shop.id in {one.merchant_id for one in found[: runs.MOST]}


def fresh(shop, mandate):
    with tenant(shop.id):
        return Mandate.objects.get(pk=mandate.pk)


def kinds(shop):
    with tenant(shop.id):
        return [k for k in Event.objects.order_by("id").values_list("kind", flat=True) if k.startswith("mandate")]


def subscribe(shop, who, amount=44_80):
    offer = shop.offer("sun", ("month", None, amount))
    return subscribing.subscribe_now(
        merchant_id=shop.id, wanted=Wanted(subscriber=who, offer=offer, collection="automatic"), actor=shop.actor
    )


def test_a_mandate_is_signed_lodged_and_what_is_owed_is_debited(salon):
    who = salon.enrol("ana")
    subscribe(salon, who)
    mandate = sign(salon, who)
    assert (mandate.creditor_identifier, mandate.last4, mandate.bank) == (ICS, "2606", "LA BANQUE POSTALE")
    assert decrypt(mandate.iban) == GOOD and mandate.next_try_at is not None
    assert at_provider(salon, mandate) == "lodged"
    kept = fresh(salon, mandate)
    assert (bytes(kept.iban), kept.next_try_at, kept.holder) == (b"", None, "Ana Diaz")
    with tenant(salon.id):
        method = PaymentMethod.objects.get()
        payment = Payment.objects.get()
    assert (method.pk, method.kind, method.is_default, method.last4) == (
        kept.payment_method_id,
        "sepa_debit",
        True,
        "2606",
    )
    assert (payment.status, payment.amount, payment.payment_method_id) == ("processing", 44_80, method.pk)
    assert kinds(salon) == ["mandate.signed"]
    assert at_provider(salon, mandate) == "done"
    with tenant(salon.id):
        assert Payment.objects.count() == PaymentMethod.objects.count() == 1


def test_no_number_nor_name_of_an_account_stands_in_history_events_or_logs(salon, caplog):
    who = salon.enrol("ana")
    mandate = sign(salon, who)
    at_provider(salon, mandate)
    with tenant(salon.id):
        told = [str(c.before) + str(c.after) for c in Change.objects.filter(subject_id=mandate.pk)]
        said = [str(e.data) for e in Event.objects.all()]
    assert len(told) == 2
    for text in (*told, *said, caplog.text):
        assert GOOD not in text and "Ana Diaz" not in text


def test_an_account_that_the_bank_will_not_have_is_told_and_the_unpaid_case_opens(salon):
    who = salon.enrol("ana")
    subscribe(salon, who)
    with tenant(salon.id):
        Invoice.objects.update(collect_at=instant() + timedelta(days=2))
    mandate = sign(salon, who, CLOSED)
    assert at_provider(salon, mandate) == "refused"
    kept = fresh(salon, mandate)
    assert (kept.refused_code, bytes(kept.iban), kept.lodged_at) == ("account_refused", b"", None)
    assert kinds(salon) == ["mandate.signed", "mandate.refused"]
    with tenant(salon.id):
        assert not PaymentMethod.objects.exists() and not Payment.objects.exists()
        due = Invoice.objects.get()
    assert due.collect_at <= instant()
    collect.collect(merchant_id=salon.id, invoice_ids=[due.pk], now=salon.now(), actor=salon.actor)
    with tenant(salon.id):
        assert DunningCase.objects.filter(invoice=due, ended_at=None).exists()
    again = sign(salon, who)
    assert at_provider(salon, again) == "lodged"
    with tenant(salon.id):
        assert Payment.objects.get().status == "processing"


def test_without_a_provider_it_waits_and_a_worker_asks_again(salon):
    who = salon.enrol("ana")
    with tenant(salon.id):
        ProviderAccount.objects.update(disconnected_at=instant())
    mandate = sign(salon, who)
    swept(salon)
    kept = fresh(salon, mandate)
    assert kept.tries == 1 and kept.next_try_at > instant() and decrypt(kept.iban) == GOOD
    swept(salon)
    assert fresh(salon, mandate).tries == 1, "not due yet"
    with tenant(salon.id):
        ProviderAccount.objects.update(disconnected_at=None)
        Mandate.objects.update(next_try_at=instant())
    swept(salon)
    assert fresh(salon, mandate).lodged_at is not None


def test_signed_anew_the_first_is_revoked_before_any_bank_heard_of_it(salon):
    who = salon.enrol("ana")
    first = sign(salon, who)
    second = sign(salon, who, "DE89370400440532013000")
    assert at_provider(salon, first) == "done" and at_provider(salon, second) == "lodged"
    with tenant(salon.id):
        assert [m.last4 for m in PaymentMethod.objects.all()] == ["3000"]
    assert fresh(salon, first).revoked_at is not None
    assert kinds(salon) == ["mandate.signed", "mandate.revoked", "mandate.signed"]


def test_lodged_by_two_workers_at_once_it_is_one_means_and_one_debit(salon):
    who = salon.enrol("ana")
    subscribe(salon, who)
    mandate = sign(salon, who)
    became = []

    def work():
        try:
            became.append(at_provider(salon, mandate))
        finally:
            connection.close()

    both = [threading.Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert "lodged" in became and set(became) <= {"lodged", "done"}
    with tenant(salon.id):
        assert PaymentMethod.objects.filter(detached_at=None).count() == 1
        assert Payment.objects.filter(status="processing").count() == 1


def test_a_reference_is_one_mandate_s(salon):
    ana, bea = salon.enrol("ana"), salon.enrol("bea")
    given = {"iban": GOOD, "holder": "Ana Diaz", "creditor": salon.entity, "reference": "RUM-2024/001"}
    with tenant(salon.id):
        row = mandates.sign(ana, mandates.Signed(**given), actor=salon.actor, now=salon.now())
        with pytest.raises(Conflict) as taken:
            mandates.sign(bea, mandates.Signed(**given), actor=salon.actor, now=salon.now())
    assert (row.reference, taken.value.code) == ("RUM-2024/001", "mandate_reference_taken")


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"iban": ""}, "iban", "required"),
        ({"iban": "FR76"}, "iban", "iban_length"),
        ({"iban": "FR1420041010050500013M02605"}, "iban", "iban_invalid"),
        ({"iban": "US64SVBKUS6S3300958879"}, "iban", "iban_outside_sepa"),
        ({"holder": "  "}, "holder", "required"),
        ({"holder": "x" * 71}, "holder", "too_long"),
        ({"reference": "RUM é"}, "reference", "mandate_reference_invalid"),
        ({"reference": "x" * 36}, "reference", "mandate_reference_invalid"),
        ({"signed_at": datetime(2100, 1, 1, tzinfo=UTC)}, "signed_on", "in_the_future"),
    ],
)
def test_what_cannot_be_signed_says_why_and_writes_nothing(salon, values, field, code):
    who = salon.enrol("ana")
    signed = mandates.Signed(**{"iban": GOOD, "holder": "Ana", "creditor": salon.entity, **values})
    with tenant(salon.id):
        with pytest.raises(Invalid) as refusal:
            mandates.sign(who, signed, actor=salon.actor, now=salon.now())
        assert not Mandate.objects.exists()
    assert [(e.field, e.code) for e in refusal.value.errors] == [(field, code)]


def test_without_a_creditor_identifier_nobody_signs(shop):
    who = shop.enrol("ana")
    with pytest.raises(Invalid) as refusal:
        sign(shop, who)
    assert refusal.value.errors[0].code == "creditor_identifier_missing"


def test_the_database_holds_what_a_lodged_and_a_refused_mandate_are(salon):
    mandate = sign(salon, salon.enrol("ana"))
    for columns in ({"lodged_at": instant()}, {"refused_at": instant(), "refused_code": "x"}):
        with pytest.raises(IntegrityError), tenant(salon.id):
            Mandate.objects.filter(pk=mandate.pk).update(**columns)


def test_erasing_takes_the_account_and_its_owner_off(salon):
    who = salon.enrol("ana")
    mandate = sign(salon, who)
    erase.erase(merchant_id=salon.id, subscriber_id=who.pk, actor=salon.actor, reason="asked")
    kept = fresh(salon, mandate)
    assert (kept.holder, bytes(kept.iban), kept.last4, kept.bank, kept.next_try_at) == ("", b"", "", "", None)
    assert kept.revoked_at is not None and kept.reference == mandate.reference
    assert at_provider(salon, mandate) == "done"
