"""`check_books` finds every planted fault of ledger and documents, and none where there is none."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from invoices.models import Refund
from invoices.services import balances, payments
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.ids import new_id, show
from merchants.tenancy.scope import tenant
from tests.apps.billing.planted import PLANTED
from tests.apps.billing.planting import found, plant, run
from tests.apps.invoices.bills import BOOKS, bill, line, pay

pytestmark = pytest.mark.django_db(transaction=True)


def live(shop):
    """A little of everything: a purchase, a part payment, an overpayment, credits to balance and back, a use."""
    lucie = shop.enrol("lucie")
    shop.buy(lucie, shop.offer("hifi", ("month", None, 12_99)))
    books_ = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99))
    pay(shop, books_, 20_00)
    act = {"actor": shop.actor, "now": shop.now()}
    with tenant(shop.id):
        credit_invoice(books_.pk, Wanted(amount=5_00), reason="Torn", to="refund", **act)
        payments.record_refund(
            Refund.objects.get(credit_note__isnull=False), status="succeeded", provider_ref="re_1", message="", **act
        )
    with tenant(shop.id):
        credit_invoice(books_.pk, Wanted(lines={1: None}), reason="Lost", **act)
    net = bill(shop, lucie, line(10_00), behavior="exclusive")
    pay(shop, net, 7_00, means="cash")
    with tenant(shop.id):
        balances.adjust(lucie.pk, 3_00, currency="EUR", reason="Outage", legal_entity_id=shop.entity.pk, **act)
        balances.pay_open_invoices(lucie.pk, currency="EUR", **act)


def test_books_that_agree(shop):
    live(shop)
    said = run(shop)
    assert "WRONG" not in said and said.endswith("1 merchant checked\n")
    counts = dict(line_.strip().rsplit(": ", 1) for line_ in said.splitlines()[:-1])
    assert counts == {
        "the legs of each posting sum to zero": "11 postings",
        "the ledger sums to zero in each currency": "1 currencies",
        "what is owed on each invoice is what the ledger says": "3 invoices",
        "what settled each invoice is there": "3 invoices",
        "each document is the sum of its lines and of its rates": "5 documents",
        "each payment is in the ledger, less what was refunded": "3 payments",
        "no payment is allocated beyond what was captured": "3 allocated payments",
        "what is owed back of each payment is what the ledger says": "3 captures",
        "what was refunded of each payment is there": "3 payments",
        "each movement of a balance follows the one before": "3 movements",
        "each balance is what the ledger says": "1 balances",
        "numbers run from 1 without gap, in order of date": "5 numbers",
        "each number is linked to the one before it": "5 numbers",
        "each invoice says what it said when it was finalised": "3 invoices",
        "each credit note says what it said when it was made": "2 credit notes",
        "each line costs what its inputs come to": "4 lines",
        "each discount is the sum of its coupons' shares": "1 discounted lines",
        "VAT is the rate on each rate's sum": "4 rates",
        "no line is credited beyond what it charged": "2 credited lines",
        "what is credited stays within each rate, and in full is the invoice": "2 credited rates",
        "no payment is refunded beyond what was captured": "1 refunded payments",
        "each invoice's state follows from what settled it": "3 invoices",
        "each payment's state follows from its outcome": "3 payments",
        "all parts of a document have its currency": "45 parts",
        "no day of a subscription is billed twice": "1 billed periods",
        "each billed period is the one that its line names": "1 lines with a period",
        "a subscription's life is billed without a hole, free stages aside": "1 subscriptions",
        "each subscription's state is one that can be": "1 subscriptions",
        "each subscription is due when its calendar says": "1 subscriptions",
        "access is what the rule table says": "1 subscriptions",
        "no coupon is used more often than it counts, nor than it says": "0 coupons in use",
        "each charge that waited is billed once": "0 charges",
        "each dunning case stands as its invoice does": "0 dunning cases",
        "each counter of a quota is the sum of its uses": "0 counters",
        "what takes a use back is its opposite": "0 uses taken back",
        "each row of a life is what its history adds up to": "3 rows",
        "each status was reached by an allowed move": "2 moves",
        "each change is of something that is there": "4 changes",
        "each event is of something that is there": "18 events",
        "the events of each life are numbered without a gap": "1 subscribers",
        "published events are numbered without a gap": "1 merchants",
        "what a row names without a key is there": "2 names",
        "each capture at the simulated provider is one payment": "1 captures",
    }


@pytest.mark.everybody
def test_an_empty_merchants_books_agree_and_all_are_checked_without_a_name(shop, another_shop):
    assert run(shop).startswith("  the legs of each posting sum to zero: 0 postings\n")
    out = StringIO()
    try:
        call_command("check_books", stdout=out)
    except CommandError as fault:  # the database holds what other tests planted: a fault, but of neither of these two
        assert not {shop.merchant.public_id, another_shop.merchant.public_id} & set(
            str(fault).replace(":", " ").split()
        )
    else:
        assert int(out.getvalue().splitlines()[-1].split()[0]) >= 2


@pytest.mark.parametrize("wrong", ["mer_x", "cus_0000000000000000000001", "lucie"])
def test_an_id_that_is_none_is_said(db, wrong):
    with pytest.raises(CommandError, match="no merchant's id"):
        call_command("check_books", merchant=wrong)


def test_an_unknown_merchant_is_said(transactional_db):
    with pytest.raises(CommandError, match="there is no merchant"):
        call_command("check_books", merchant=show("mer", new_id()))


@pytest.mark.wrong_books
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(shop, owner_sql, name):
    live(shop)
    table, statement, rule, says = PLANTED[name]
    plant(shop, owner_sql, table, statement)
    found(shop, rule, says)
