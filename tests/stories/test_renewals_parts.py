"""What stands on renewals beside the price, told as bank statements: options, fees, coupons, charges, wishes, taxes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from textwrap import dedent

import pytest

from billing.flows import cancel, charges
from billing.flows.asks import AddOption, ChangeOffer, RemoveOption, SetQuantity
from billing.flows.charges import ChargeTerms
from billing.flows.purchase import WishedOption
from invoices.models import Invoice, Payment
from merchants.models import Event
from merchants.now import local_date
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Grant, SubscriptionOption
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def test_a_quantity_and_a_setup_fee(world):
    offer = world.shop.offer("seats", ("month", None, 10_00), setup_amount=5_00)
    sub = world.subscribe(offer, quantity=3)
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  seats, setup                         5.00
                    seats        01-31..02-28           30.00
        2026-02-28  seats        02-28..03-31           30.00
        """)


def test_an_option_renews_with_its_stage(world):
    extra = world.shop.option("live", 2_00)
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 10_00), options=[extra]), options=[extra])
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           10.00
                    live         01-31..02-28            2.00
        2026-02-28  hifi         02-28..03-31           10.00
                    live         02-28..03-31            2.00
        """)


def test_an_option_with_a_term_of_two_periods(world):
    extra = world.shop.option("live", 2_00)
    offer = world.shop.offer("hifi", ("month", None, 10_00), options=[extra])
    sub = world.subscribe(offer, options=[extra], start_on=date(2026, 2, 28))
    with tenant(world.shop.id):
        row = SubscriptionOption.objects.select_related("subscription").get()
        history.update(row, {"periods": 2}, actor=TESTER, now=world.now, verb="updated")
    assert world.until("2026-04-28").statement(sub) == dedent("""\
        2026-02-28  hifi         02-28..03-28           10.00
                    live         02-28..03-28            2.00
        2026-03-28  hifi         03-28..04-28           10.00
                    live         03-28..04-28            2.00
        2026-04-28  hifi         04-28..05-28           10.00
        """)
    with tenant(world.shop.id):
        assert SubscriptionOption.objects.get().ends_on == date(2026, 4, 28)


def test_a_one_off_option_is_billed_once(world):
    record = world.shop.option("record", 0, one_off_amount=24_00)
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 10_00), options=[record]), options=[record])
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           10.00
                    record                              24.00
        2026-02-28  hifi         02-28..03-31           10.00
        """)


@pytest.mark.parametrize(
    ("terms", "amounts"),
    [
        ({"percent_off": 50, "duration": "once"}, [5_00, 10_00, 10_00, 10_00, 10_00]),
        ({"amount_off": 2_00, "currency": "EUR", "duration": "repeating", "periods": 3}, [8_00] * 3 + [10_00] * 2),
        ({"percent_off": Decimal("33.333"), "duration": "forever"}, [6_67] * 5),
    ],
)
def test_coupons(world, terms, amounts):
    coupon = world.shop.coupon("AMI", **terms)
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 10_00)), coupons=[coupon])
    world.until("2026-05-31")
    assert [int(line.split()[-1].replace(".", "")) for line in world.statement(sub).splitlines()] == amounts
    assert world.captured() == amounts


def test_a_coupon_waits_for_the_first_paid_period(world):
    coupon = world.shop.coupon("AMI", percent_off=50, duration="once")
    sub = world.subscribe(world.shop.offer("hifi", ("month", 1, 0), ("month", None, 10_00)), coupons=[coupon])
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-02-28  hifi         02-28..03-31            5.00
        2026-03-31  hifi         03-31..04-30           10.00
        """)


def test_an_amount_per_period_is_prorated_with_it(shop):
    world = World.on(shop, "2026-05-14")
    coupon = shop.coupon("AMI", amount_off=3_10, currency="EUR", duration="forever")
    sub = world.subscribe(shop.offer("hifi", ("month", None, 31_00), alignment="calendar"), coupons=[coupon])
    assert world.until("2026-06-01").statement(sub) == dedent("""\
        2026-05-14  hifi         05-14..06-01           16.20
        2026-06-01  hifi         06-01..07-01           27.90
        """)


def test_a_month_that_comes_to_nothing_is_paid_and_no_provider_is_asked(world):
    coupon = world.shop.coupon("AMI", percent_off=100, duration="once")
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 10_00)), coupons=[coupon])
    with tenant(world.shop.id):
        invoice = Invoice.objects.get()
        assert (invoice.status, invoice.gross, invoice.number is not None) == ("paid", 0, True)
        assert not Payment.objects.exists()
        told = Event.objects.filter(object_id=invoice.pk).order_by("subscriber_sequence").values_list("kind", flat=True)
        assert list(told) == ["invoice.finalized", "invoice.paid"]
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28            0.00
        2026-02-28  hifi         02-28..03-31           10.00
        """)
    assert world.captured() == [10_00]


def test_a_charge_waits_for_the_next_document(world):
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 10_00)))
    terms = ChargeTerms(title={"en": "Calls", "fr": "Appels"}, quantity=Decimal(333), unit_price="0.0125")
    charges.add_charge(merchant_id=world.shop.id, subscription_id=sub.pk, terms=terms, actor=TESTER)
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           10.00
        2026-02-28  hifi         02-28..03-31           10.00
                    Calls                                4.16
        2026-03-31  hifi         03-31..04-30           10.00
        """)


def test_another_quantity_from_the_period_s_end(world):
    sub = world.subscribe(world.shop.offer("seats", ("month", None, 10_00)), quantity=3)
    world.plan(sub, SetQuantity(quantity=5))
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  seats        01-31..02-28           30.00
        2026-02-28  seats        02-28..03-31           50.00
        2026-03-31  seats        03-31..04-30           50.00
        """)


def test_another_offer_from_the_period_s_end_keeps_the_31st(world):
    pro = world.shop.offer("pro", ("month", 1, 0), ("month", None, 20_00))
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 10_00)))
    world.plan(sub, ChangeOffer(offer=pro))
    assert world.until("2026-04-30").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           10.00
        2026-02-28  pro          02-28..03-31           20.00
        2026-03-31  pro          03-31..04-30           20.00
        2026-04-30  pro          04-30..05-31           20.00
        """)


def test_an_option_that_comes_and_one_that_goes_at_the_period_s_end(world):
    live, loud = world.shop.option("live", 2_00), world.shop.option("loud", 3_00)
    offer = world.shop.offer("hifi", ("month", None, 10_00), options=[live, loud])
    sub = world.subscribe(offer, options=[live])
    with tenant(world.shop.id):
        held = SubscriptionOption.objects.get()
    world.plan(sub, RemoveOption(option_id=held.pk))
    world.plan(sub, AddOption(wished=WishedOption(option=loud, quantity=2)))
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           10.00
                    live         01-31..02-28            2.00
        2026-02-28  hifi         02-28..03-31           10.00
                    loud         02-28..03-31            6.00
        2026-03-31  hifi         03-31..04-30           10.00
                    loud         03-31..04-30            6.00
        """)


def test_cancelled_at_the_period_s_end(world):
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 10_00)))
    world.until("2026-03-15")
    cancel.cancel_at_period_end(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    assert world.until("2026-03-30").now_is(sub).access == "full"
    assert world.until("2026-06-01").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           10.00
        2026-02-28  hifi         02-28..03-31           10.00
        2026-03-31  ended: cancelled
        """)
    ended = world.now_is(sub)
    assert (ended.access, ended.access_reason, ended.next_action_at) == ("none", "ended", None)


@pytest.mark.parametrize(
    ("currency", "amount", "first", "then"),
    [("JPY", 1_500, "871", "1500"), ("TND", 12_345, "7.168", "12.345"), ("EUR", 12_99, "7.54", "12.99")],
)
def test_currencies_without_and_with_three_decimals(shop, currency, amount, first, then):
    world = World.on(shop, "2026-05-14")
    offer = shop.offer("hifi", ("month", None, amount), currency=currency, alignment="calendar")
    sub = world.subscribe(offer)
    assert world.until("2026-06-01").statement(sub) == dedent(f"""\
        2026-05-14  hifi         05-14..06-01       {first:>9}
        2026-06-01  hifi         06-01..07-01       {then:>9}
        """)


def test_prices_without_vat(world):
    books = world.shop.option("book", 3_33, tax_code="books")
    offer = world.shop.offer("pro", ("month", None, 9_99), tax_behavior="exclusive", options=[books])
    sub = world.subscribe(offer, options=[books])
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  pro          01-31..02-28            9.99
                    book         01-31..02-28            3.33
                    VAT                                  2.18
        2026-02-28  pro          02-28..03-31            9.99
                    book         02-28..03-31            3.33
                    VAT                                  2.18
        """)
    assert world.captured() == [15_50, 15_50]


def rights(world):
    with tenant(world.shop.id):
        rows = Grant.objects.select_related("feature").order_by("starts_at", "id")
        zone = world.shop.merchant.timezone
        return [
            (row.feature.reference, local_date(row.starts_at, zone), row.ends_at and local_date(row.ends_at, zone))
            for row in rows
        ]


@pytest.mark.parametrize("late", [False, True])
def test_each_stage_opens_its_own_right_however_late_the_run(world, late):
    """Four months of stages in one run, or each in its month: the same rights from the same days, none left open."""
    names = ("one", "two", "three")
    for name in names:
        world.shop.feature(name)
    world.subscribe(world.shop.offer("steps", *(("month", 1, 10_00, {"features": {name: {}}}) for name in names)))
    if late:
        world.late("2026-06-30")
    else:
        world.until("2026-06-30")
    assert rights(world) == [
        ("one", date(2026, 1, 31), date(2026, 2, 28)),
        ("two", date(2026, 2, 28), date(2026, 3, 31)),
        ("three", date(2026, 3, 31), date(2026, 4, 30)),
    ]
