"""`POST /credit_notes`: an invoice corrected in full, by an amount, by lines; before and after it was paid, while money
is on its way; to the balance or back; and what is refused, with nothing written."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from invoices.models import CreditNote, Invoice, Payment, Refund
from merchants.ids import new_id, show
from merchants.models import TestClock as Clock
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services import enrolment
from tests.api.callers import Caller, faults, problem
from tests.apps.invoices.bills import BOOKS, again, bill, entries, ledger, line, pay
from tests.races.barrier import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


def credit(site, invoice, **said):
    answer = site.post("credit_notes", {"invoice": invoice.public_id, "reason": "Torn", **said})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_all_of_an_open_invoice(site, shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99))
    made = credit(site, invoice)
    assert (made["object"], made["invoice"], made["subscriber"]) == ("credit_note", invoice.public_id, lucie.public_id)
    assert (made["net"], made["tax"], made["total"]) == (14_61, 2_38, 16_99)
    assert made["settled"] == {"invoice": 16_99, "balance": 0, "refund": 0}
    assert [(each["amount"], each["rule"]) for each in made["lines"]] == [
        (12_99, "rest_of_line"),
        (4_00, "rest_of_line"),
    ]
    assert made == site.get(f"credit_notes/{made['id']}").json()
    after = again(shop, invoice)
    assert (after.status, after.amount_due, after.amount_paid) == ("cancelled", 0, 0)
    assert entries(shop, lucie) == [] and ledger(shop) == {}


def test_an_amount_and_then_the_rest(site, shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS))
    part = credit(site, invoice, amount=10_00)
    assert [(each["amount"], each["rule"]) for each in part["lines"]] == [
        (7_22, "share_of_amount"),
        (2_78, "share_of_amount"),
    ]
    assert again(shop, invoice).status == "open"
    rest = credit(site, invoice)
    assert (part["total"] + rest["total"], part["tax"] + rest["tax"]) == (invoice.gross, invoice.tax)
    assert [part["number"][-1], rest["number"][-1], again(shop, invoice).status] == ["1", "2", "cancelled"]


def test_lines_in_full_and_in_part(site, shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS), line(2_00))
    made = credit(site, invoice, lines=[{"line": 2}, {"line": 0, "amount": 3_00}])
    assert [(each["title"]["en"], each["amount"], each["rule"]) for each in made["lines"]] == [
        ("Hifi", 3_00, "part_of_line"),
        ("Hifi", 2_00, "rest_of_line"),
    ]
    assert (made["total"], {tax["percent"] for tax in made["taxes"]}) == (5_00, {"20"})


def test_after_payment_to_the_balance_or_back(site, shop, lucie):
    invoice = bill(shop, lucie, line(20_00))
    card = pay(shop, invoice, 20_00)
    kept = credit(site, invoice, amount=5_00)
    assert kept["settled"] == {"invoice": 0, "balance": 5_00, "refund": 0}
    back = credit(site, invoice, to="refund")
    assert back["settled"] == {"invoice": 0, "balance": 0, "refund": 15_00}
    with tenant(shop.id):
        refund = Refund.objects.get()
    assert (refund.payment_id, refund.amount, refund.status) == (card.pk, 15_00, "pending")
    assert entries(shop, lucie) == [("credit_note", 5_00, 5_00)]
    assert again(shop, invoice).status == "cancelled"


def test_after_a_part_payment_what_is_owed_goes_first(site, shop, lucie):
    invoice = bill(shop, lucie, line(20_00))
    pay(shop, invoice, 15_00)
    made = credit(site, invoice, amount=12_00, to="refund")
    assert made["settled"] == {"invoice": 5_00, "balance": 0, "refund": 7_00}
    assert (again(shop, invoice).status, again(shop, invoice).amount_due) == ("paid", 0)


def test_while_a_payment_is_on_its_way_nothing_is_given_back_that_has_not_come(site, shop, lucie):
    invoice = bill(shop, lucie, line(20_00))
    with tenant(shop.id):
        Payment.objects.create(
            payer=lucie, invoice=invoice, account=shop.account, gateway="simulated", means="sepa_debit", amount=20_00,
            currency="EUR", status="processing", created_at=shop.now().at,
        )  # fmt: skip
    made = credit(site, invoice, amount=8_00, to="refund")
    assert made["settled"] == {"invoice": 8_00, "balance": 0, "refund": 0}
    assert (again(shop, invoice).status, again(shop, invoice).amount_due) == ("open", 12_00)
    with tenant(shop.id):
        assert not Refund.objects.exists()
        assert Payment.objects.get().status == "processing"


def test_the_same_key_credits_once(site, shop, lucie):
    invoice = bill(shop, lucie, line(20_00))
    body = {"invoice": invoice.public_id, "reason": "Torn", "amount": 5_00}
    first = site.post("credit_notes", body, key="once")
    second = site.post("credit_notes", body, key="once")
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
    with tenant(shop.id):
        assert CreditNote.objects.count() == 1


def test_two_at_once_never_exceed_the_invoice(shop, lucie):
    invoice = bill(shop, lucie, line(20_00))
    body = {"invoice": invoice.public_id, "reason": "Torn", "amount": 12_00}
    answers = together(*[partial(Caller.of(shop).post, "credit_notes", body) for _ in range(2)])
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    (refused,) = [answer for answer in answers if answer.status_code == 422]
    assert faults(refused) == [("amount", "credit_exceeds_invoice")]
    assert (again(shop, invoice).amount_credited, again(shop, invoice).amount_due) == (12_00, 8_00)
    with tenant(shop.id):
        assert list(CreditNote.objects.values_list("sequence", "gross")) == [(1, 12_00)]


def test_one_key_at_once_credits_once(shop, lucie):
    """Both would fit into what is left: nothing but the key makes them one."""
    invoice = bill(shop, lucie, line(20_00))
    body = {"invoice": invoice.public_id, "reason": "Torn", "amount": 5_00}
    answers = together(*[partial(Caller.of(shop).post, "credit_notes", body, key="k1") for _ in range(3)])
    made = [answer for answer in answers if answer.status_code == 201]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert made and len(made) + len(busy) == 3 and len({answer.content for answer in made}) == 1
    assert {problem(answer) for answer in busy} <= {(409, "idempotency_in_progress")}
    assert Caller.of(shop).post("credit_notes", body, key="k1").content == made[0].content
    assert again(shop, invoice).amount_credited == 5_00
    other = Caller.of(shop).post("credit_notes", {**body, "amount": 6_00}, key="k1")
    assert problem(other)[1] == "idempotency_key_reused" and again(shop, invoice).amount_credited == 5_00


REFUSED = [
    ({"amount": 20_01}, [("amount", "credit_exceeds_invoice")]),
    ({"amount": -1}, [("amount", "amount_negative")]),
    ({"amount": 1, "lines": [{"line": 0}]}, [("amount", "amount_or_lines")]),
    ({"lines": [{"line": 0}, {"line": 0, "amount": 1}]}, [("lines[1].line", "line_named_twice")]),
    ({"lines": [{"line": 7}]}, [("lines[0].line", "line_unknown")]),
    ({"lines": [{"line": 1, "amount": 1}, {"line": 0, "amount": 15_01}]}, [("lines[1].amount", "credit_exceeds_line")]),
    ({"lines": [{"amount": 1}]}, [("lines[0].line", "required")]),
    ({"reason": ""}, [("reason", "blank")]),
    ({"to": "cash"}, [("to", "invalid_choice")]),
    ({"number": "AV-1"}, [("number", "field_read_only")]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "found"), REFUSED)
def test_what_is_refused_writes_nothing(site, shop, lucie, said, found):
    invoice = bill(shop, lucie, line(15_00), line(5_00))
    answer = site.post("credit_notes", {"invoice": invoice.public_id, "reason": "Torn", **said})
    assert (answer.status_code, faults(answer)) == (422, found)
    with tenant(shop.id):
        assert not CreditNote.objects.exists()
    assert again(shop, invoice).amount_credited == 0


def test_nothing_left_is_a_conflict(site, shop, lucie):
    invoice, free = bill(shop, lucie, line(5_00)), bill(shop, lucie, line(5_00, discount=5_00))
    credit(site, invoice)
    for row, said in ((invoice, {}), (invoice, {"lines": []}), (free, {}), (free, {"lines": [{"line": 0}]})):
        answer = site.post("credit_notes", {"invoice": row.public_id, "reason": "Torn", **said})
        assert problem(answer) == (409, "nothing_to_credit")
    assert again(shop, free).status == "paid"


def test_a_credit_note_is_not_credited_and_strangers_are_unknown(site, shop, lucie, another_shop):
    invoice = bill(shop, lucie, line(5_00))
    note = credit(site, invoice, amount=1_00)
    theirs = bill(another_shop, another_shop.enrol("paul"), line(5_00))
    for named in (note["id"], theirs.public_id, show("inv", new_id()), "ref:x", invoice.number):
        answer = site.post("credit_notes", {"invoice": named, "reason": "Torn"})
        assert faults(answer) == [("invoice", "not_found")], named
    with tenant(shop.id):
        assert CreditNote.objects.count() == 1
    with tenant(another_shop.id):
        assert not CreditNote.objects.exists()


def test_a_key_needs_both_rights_to_send_money_back(shop, lucie):
    invoice = bill(shop, lucie, line(5_00))
    pay(shop, invoice, 5_00)
    body = {"invoice": invoice.public_id, "reason": "Torn"}
    assert problem(Caller.of(shop, "invoices:read").post("credit_notes", body)) == (403, "scope_missing")
    writer = Caller.of(shop, "invoices:write")
    assert problem(writer.post("credit_notes", {**body, "to": "refund"})) == (403, "scope_missing")
    assert writer.post("credit_notes", {**body, "amount": 1_00}).status_code == 201
    both = Caller.of(shop, "invoices:write", "payments:write")
    assert both.post("credit_notes", {**body, "to": "refund"}).json()["settled"]["refund"] == 4_00


def test_on_a_test_clock_it_is_dated_by_it_and_numbered_apart(site, shop, lucie):
    at = shop.now().at + timedelta(days=40)
    with tenant(shop.id):
        clock = Clock.objects.create(time=at, created_at=shop.now().at)
        now = now_for(shop.merchant, clock.pk)
        hugo = enrolment.enrol(
            {"reference": "hugo"}, merchant=shop.merchant, actor=shop.actor, now=now, test_clock_id=clock.pk
        )
    session = shop.buy(hugo, shop.offer("hifi", ("month", None, 12_99)))
    with tenant(shop.id):
        invoice = Invoice.objects.get(id=session.invoice_id)
    made = credit(site, invoice, amount=1_00)
    assert (made["issued_on"], made["number"][:3]) == (str(now.today), "TAV")
    assert made["test_clock"] == clock.public_id
    with tenant(shop.id):
        assert CreditNote.objects.get().sequence == 1
    assert credit(site, bill(shop, lucie, line(5_00)))["number"].startswith("AV")
