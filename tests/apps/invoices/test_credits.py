"""Credit notes: what they say, where their money goes, what they refuse."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection

from invoices.models import CreditNote, CreditNoteLine, CreditNoteTax, DocumentFile, Invoice, NumberSeries, Refund
from invoices.selectors.papers import paper_of_credit_note
from invoices.services import payments
from invoices.services.content import content_hash
from invoices.services.credit_plans import Wanted, plan
from invoices.services.credits import credit_invoice
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import BOOKS, again, bill, entries, ledger, line, pay
from tests.races.barrier import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


def credited(shop, invoice, wanted=None, *, to="balance", reason="Not what she wanted"):
    with tenant(shop.id):
        return credit_invoice(invoice.pk, wanted or Wanted(), reason=reason, to=to, actor=shop.actor, now=shop.now())


def facts_of(shop, payer):
    with tenant(shop.id):
        return list(
            Event.objects.filter(subscriber_id=payer.pk).order_by("subscriber_sequence").values_list("kind", flat=True)
        )


def test_a_credit_of_all_of_a_paid_invoice_cancels_it_and_fills_the_balance(shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99))
    pay(shop, invoice, 16_99)

    note = credited(shop, invoice)

    assert (note.net, note.tax, note.gross) == (invoice.net, invoice.tax, invoice.gross) == (14_61, 2_38, 16_99)
    assert (note.to_invoice, note.to_balance, note.to_refund) == (0, 16_99, 0)
    assert (note.sequence, note.number) == (1, f"AV{note.issued_on.year}-000001")
    after = again(shop, invoice)
    assert (after.status, after.amount_paid, after.amount_credited, after.amount_due) == ("cancelled", 16_99, 16_99, 0)
    assert entries(shop, lucie) == [("credit_note", 16_99, 16_99)]
    assert ledger(shop) == {"provider": 16_99, "balance": -16_99}
    assert ledger(shop, credit_note_id=note.pk) == {"revenue": 14_61, "vat": 2_38, "balance": -16_99}
    assert facts_of(shop, lucie)[-2:] == ["credit_note.created", "invoice.cancelled"]
    with tenant(shop.id):
        lines = list(note.lines.values_list("amount", "net", "tax_percent", "formula"))
        assert [(amount, net, float(percent), formula) for amount, net, percent, formula in lines] == [
            (12_99, 10_82, 20.0, ""),
            (4_00, 3_79, 5.5, ""),
        ]
        event = Event.objects.get(kind="credit_note.created")
        assert event.data["object"]["total"] == 16_99 and event.data["object"]["number"] == note.number
        assert event.data["object"]["settled"] == {"invoice": 0, "balance": 16_99, "refund": 0}
        assert DocumentFile.objects.get(credit_note=note).made_at is None
        paper = paper_of_credit_note(note.pk, shop.merchant)
        assert (paper.gross, paper.references[0].number) == (16_99, invoice.number)
        assert not Refund.objects.exists()


def test_it_first_settles_what_is_owed_on_its_own_invoice(shop, lucie):
    invoice = bill(shop, lucie, line(100_00))
    pay(shop, invoice, 40_00)

    note = credited(shop, invoice, Wanted(amount=70_00))

    assert (note.to_invoice, note.to_balance) == (60_00, 10_00)
    after = again(shop, invoice)
    assert (after.status, after.amount_due, after.amount_credited) == ("paid", 0, 70_00)
    assert after.paid_at is not None
    assert ledger(shop, invoice_id=invoice.pk, account="receivable") == {}
    assert entries(shop, lucie) == [("credit_note", 10_00, 10_00)]
    assert facts_of(shop, lucie)[-2:] == ["credit_note.created", "invoice.paid"]


def test_a_part_leaves_an_open_invoice_open(shop, lucie):
    invoice = bill(shop, lucie, line(100_00))
    note = credited(shop, invoice, Wanted(amount=30_00))
    after = again(shop, invoice)
    assert (note.to_invoice, note.to_balance, after.status, after.amount_due) == (30_00, 0, "open", 70_00)
    assert facts_of(shop, lucie)[-1] == "credit_note.created"
    assert entries(shop, lucie) == []


def test_an_open_invoice_credited_in_full_is_cancelled_and_owes_nothing(shop, lucie):
    invoice = bill(shop, lucie, line(100_00))
    credited(shop, invoice, Wanted(amount=30_00))
    note = credited(shop, invoice)
    after = again(shop, invoice)
    assert (note.gross, note.to_invoice, after.status, after.amount_due) == (70_00, 70_00, "cancelled", 0)
    assert (after.paid_at, ledger(shop)) == (None, {})


def test_money_goes_back_to_what_paid_never_above_what_was_captured(shop, lucie):
    invoice = bill(shop, lucie, line(50_00), behavior="exclusive")
    assert invoice.gross == 60_00
    with tenant(shop.id):
        from invoices.services import balances

        balances.adjust(
            lucie.pk,
            15_00,
            currency="EUR",
            reason="Outage",
            legal_entity_id=shop.entity.pk,
            actor=shop.actor,
            now=shop.now(),
        )
        balances.pay_open_invoices(lucie.pk, currency="EUR", actor=shop.actor, now=shop.now())
    card = pay(shop, invoice, 45_00)
    assert again(shop, invoice).status == "paid"

    first = credited(shop, invoice, Wanted(amount=25_00), to="refund")
    second = credited(shop, invoice, to="refund")

    assert (first.gross, first.to_refund, first.to_balance) == (30_00, 30_00, 0)
    assert (second.gross, second.to_refund, second.to_balance) == (30_00, 15_00, 15_00)
    with tenant(shop.id):
        owed = list(Refund.objects.order_by("id").values_list("payment_id", "credit_note_id", "amount", "status"))
        assert owed == [(card.pk, first.pk, 30_00, "pending"), (card.pk, second.pk, 15_00, "pending")]
        assert Refund.objects.filter(next_look_at=None).count() == 0
    assert ledger(shop, payment_id=card.pk, account="unallocated") == {"unallocated": -45_00}
    with tenant(shop.id):
        for refund in Refund.objects.order_by("id"):
            payments.record_refund(
                refund, status="succeeded", provider_ref="re_1", message="", actor=shop.actor, now=shop.now()
            )
    assert ledger(shop, payment_id=card.pk, account="unallocated") == {}
    assert ledger(shop, account="provider") == {}
    assert entries(shop, lucie)[-1] == ("credit_note", 15_00, 15_00)


def test_a_refund_that_failed_can_be_asked_again_by_the_next_credit(shop, lucie):
    invoice = bill(shop, lucie, line(20_00))
    pay(shop, invoice, 20_00)
    credited(shop, invoice, Wanted(amount=10_00), to="refund")
    with tenant(shop.id):
        payments.record_refund(
            Refund.objects.get(), status="failed", provider_ref="", message="closed", actor=shop.actor, now=shop.now()
        )
        assert plan(Invoice.objects.get(id=invoice.pk), Wanted(), to="refund").to_refund == 10_00


def test_lines_are_credited_by_their_place(shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99))
    note = credited(shop, invoice, Wanted(lines={1: None}))
    assert (note.net, note.tax, note.gross) == (3_79, 21, 4_00)
    again_ = credited(shop, invoice, Wanted(lines={0: 3_00}))
    assert (again_.net, again_.tax, again_.number[-1]) == (2_50, 50, "2")
    with tenant(shop.id):
        rest = plan(Invoice.objects.get(id=invoice.pk), Wanted())
        assert [(each.at, each.amount, each.formula) for each in rest.credit.lines] == [
            (0, 9_99, "12.99 − 3.00 = 9.99")
        ]
        assert (rest.credit.tax, rest.cancels) == (1_67, True)
    last = credited(shop, invoice)
    assert again(shop, invoice).status == "cancelled"
    with tenant(shop.id):
        notes = CreditNote.objects.filter(invoice_id=invoice.pk)
        assert sum(each.gross for each in notes) == invoice.gross
        assert sum(each.tax for each in notes) == invoice.tax
        assert NumberSeries.objects.get(kind="credit_note").next_number == 4
    assert last.sequence == 3


REFUSED = [
    (Wanted(amount=100_01), Invalid, "credit_exceeds_invoice"),
    (Wanted(amount=0), Conflict, "nothing_to_credit"),
    (Wanted(amount=-1), Invalid, "amount_negative"),
    (Wanted(lines={0: 100_01}), Invalid, "credit_exceeds_line"),
    (Wanted(lines={0: -1}), Invalid, "credit_exceeds_line"),
    (Wanted(lines={1: 1}), Invalid, "line_unknown"),
    (Wanted(lines={}), Conflict, "nothing_to_credit"),
]


@pytest.mark.parametrize(("wanted", "kind", "code"), REFUSED)
def test_what_is_refused_writes_nothing(shop, lucie, wanted, kind, code):
    invoice = bill(shop, lucie, line(100_00))
    with pytest.raises(kind) as refused:
        credited(shop, invoice, wanted)
    assert refused.value.code == code
    with tenant(shop.id):
        assert not CreditNote.objects.exists()
        assert not NumberSeries.objects.filter(kind="credit_note", next_number__gt=1).exists()
    assert again(shop, invoice).amount_credited == 0


def test_a_reason_is_needed_and_a_cancelled_invoice_has_nothing_left(shop, lucie):
    invoice = bill(shop, lucie, line(100_00))
    with pytest.raises(Invalid) as refused:
        credited(shop, invoice, reason="  ")
    assert [(error.field, error.code) for error in refused.value.errors] == [("reason", "reason_required")]
    credited(shop, invoice)
    with pytest.raises(Conflict) as refused:
        credited(shop, invoice)
    assert refused.value.code == "nothing_to_credit"
    with tenant(shop.id):
        assert CreditNote.objects.count() == 1


def test_a_credit_note_is_frozen_and_its_hash_holds(shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS))
    note = credited(shop, invoice, Wanted(amount=5_00))
    with tenant(shop.id):
        kept = CreditNote.objects.get(id=note.pk)
        lines = list(CreditNoteLine.objects.filter(credit_note=kept).order_by("position"))
        taxes = list(CreditNoteTax.objects.filter(credit_note=kept).order_by("-tax_percent", "category"))
        assert content_hash(kept, lines, taxes) == kept.content_hash != ""
        kept.reason = "Something else"
        assert content_hash(kept, lines, taxes) != kept.content_hash
    with pytest.raises(IntegrityError, match="is made"), tenant(shop.id):
        CreditNoteLine.objects.create(
            credit_note=note,
            invoice_line=lines[0].invoice_line,
            position=9,
            title={},
            amount=1,
            net=1,
            tax_percent=20,
            rule="once",
            inputs={},
            formula="",
        )


@pytest.mark.slow
def test_two_credits_at_once_never_exceed_the_invoice(shop, lucie):
    invoice = bill(shop, lucie, line(100_00))
    results = together(*[lambda: credited(shop, invoice, Wanted(amount=60_00))] * 2)
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["CreditNote", "Invalid"]
    assert again(shop, invoice).amount_credited == 60_00
    with tenant(shop.id):
        assert list(CreditNote.objects.values_list("sequence", "gross")) == [(1, 60_00)]


def test_without_the_lock_the_database_itself_refuses_the_second(shop, lucie):
    """The control: two plans made from the same picture are both allowed; only one can be written."""
    invoice = bill(shop, lucie, line(100_00))
    with tenant(shop.id):
        picture = Invoice.objects.get(id=invoice.pk)
        stale = [plan(picture, Wanted(amount=60_00)) for _ in range(2)]
    assert [each.credit.gross for each in stale] == [60_00, 60_00]
    credited(shop, invoice, Wanted(amount=60_00))
    with pytest.raises(IntegrityError, match="credits_never_exceed"), tenant(shop.id), connection.cursor() as cursor:
        cursor.execute("UPDATE invoices_invoice SET amount_credited = amount_credited + 6000")
