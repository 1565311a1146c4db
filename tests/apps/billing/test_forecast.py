"""What a run would make, before it is made: the engine's own figures, and not one row changed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.selectors import forecast as looking
from billing.selectors.due import due_rows
from billing.selectors.forecast import end_of, forecast, outlook
from merchants.models import Merchant, TaxRate
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)
TENANT_TABLES = (
    "SELECT table_name FROM information_schema.columns WHERE column_name = 'merchant_id' AND table_schema = 'public'"
)


def months_ahead(shop, count):
    """The end of the day on which the `count`-th renewal of everything bought today has come."""
    return end_of(shop.now().today + timedelta(days=31 * count), shop.merchant.timezone)


def seen(shop, due_by, **options):
    with tenant(shop.id):
        merchant = Merchant.objects.get(id=shop.id)
        return forecast(merchant=merchant, due_by=due_by, **options)


def sums(found):
    return [(each.currency, each.net, each.tax, each.gross, each.invoices) for each in found.sums]


def test_nothing_is_due_on_the_day_of_a_purchase(shop):
    shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    found = seen(shop, end_of(shop.now().today, shop.merchant.timezone))
    assert (found.subscriptions, found.periods, found.invoices, sums(found)) == (0, 0, 0, [])


def test_every_missed_period_has_its_document_and_free_ones_have_none(shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    trial = shop.offer("trial", ("week", 1, 0), ("month", None, 9_99))
    books = shop.offer("books", ("month", None, 20_00), tax_behavior="exclusive", tax_code="books")
    for name, offer in (("a", hifi), ("b", trial), ("c", books)):
        shop.buy(shop.enrol(name), offer)

    found = seen(shop, months_ahead(shop, 1))

    # 12.99 once, 9.99 once (its week of trial is over; its next month begins later), 20.00 + 5.5 %
    assert (found.subscriptions, found.periods, found.invoices, found.ended, found.parked) == (3, 3, 3, 0, 0)
    assert sums(found) == [("EUR", 10_82 + 8_32 + 20_00, 2_17 + 1_67 + 1_10, 12_99 + 9_99 + 21_10, 3)]
    assert found.is_whole

    twice = seen(shop, months_ahead(shop, 2))
    assert (twice.subscriptions, twice.periods, twice.invoices) == (3, 6, 6)
    assert sums(twice)[0][3] == 2 * (12_99 + 9_99 + 21_10)


def test_an_end_is_counted_and_bills_nothing(shop):
    shop.buy(shop.enrol("lucie"), shop.offer("short", ("month", 1, 12_99)))
    found = seen(shop, months_ahead(shop, 1))
    assert (found.subscriptions, found.ended, found.periods, found.invoices, sums(found)) == (1, 1, 0, 0, [])


def test_one_payer_has_one_invoice_a_day_where_the_merchant_says_so(shop):
    hifi, more = shop.offer("hifi", ("month", None, 12_99)), shop.offer("more", ("month", None, 5_00))
    lucie, marc = shop.enrol("lucie"), shop.enrol("marc")
    for who, offer in ((lucie, hifi), (marc, hifi), (lucie, more)):
        shop.buy(who, offer)
    apart = seen(shop, months_ahead(shop, 1))
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(grouping="payer")
    together = seen(shop, months_ahead(shop, 1))
    assert (apart.invoices, together.invoices) == (3, 2)
    # VAT once on a document's sum: 17.99 holds 3.00, where 12.99 and 5.00 apart hold 2.17 and 0.83
    assert sums(apart) == [("EUR", 25_81, 5_17, 30_98, 3)]
    assert sums(together) == [("EUR", 25_81, 5_17, 30_98, 2)]


def test_grouping_holds_across_blocks(shop, monkeypatch):
    monkeypatch.setattr(looking, "BLOCK", 2)
    hifi = shop.offer("hifi", ("month", None, 12_99))
    lucie = shop.enrol("lucie")
    for _ in range(5):
        shop.buy(lucie, hifi)
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(grouping="payer")
    found = seen(shop, months_ahead(shop, 1))
    assert (found.subscriptions, found.invoices, sums(found)[0][3]) == (5, 1, 5 * 12_99)


def test_what_would_be_parked_is_told_with_its_reason_and_stops_nobody(shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    book = shop.offer("book", ("month", None, 7_00), tax_code="books")
    days = shop.offer("daily", ("day", None, 1_00))
    for name, offer in (("a", hifi), ("b", book), ("c", days)):
        shop.buy(shop.enrol(name), offer)
    with tenant(shop.id):
        TaxRate.objects.filter(tax_code="books").delete()
    found = seen(shop, end_of(shop.now().today + timedelta(days=200), shop.merchant.timezone))
    assert (found.subscriptions, found.parked) == (3, 2)
    assert {(each.fault.code, each.count) for each in found.faults} == {
        ("tax_rate_missing", 1),
        ("too_many_steps_behind", 1),
    }
    told = {each.fault.code: each.fault.say() for each in found.faults}
    assert told["tax_rate_missing"].startswith("There is no tax rate for the code “books” in FR on ")
    assert told["too_many_steps_behind"] == "It is too many periods behind to be caught up by itself."
    assert found.invoices == found.periods == 6  # the monthly one's, and theirs only


def test_nobody_is_behind_for_days_that_are_still_to_come(shop):
    shop.buy(shop.enrol("lucie"), shop.offer("daily", ("day", None, 1_00)))
    found = seen(shop, end_of(shop.now().today + timedelta(days=200), shop.merchant.timezone), now=shop.now().at)
    assert (found.parked, found.periods, sums(found)[0][3]) == (0, 200, 200_00)


def test_the_parked_are_counted_apart(shop):
    session = shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    with tenant(shop.id):
        Subscription.objects.filter(id=session.subscription_id).update(parked_at=shop.now().at, parked_reason="x")
    found = seen(shop, months_ahead(shop, 1))
    assert (found.subscriptions, found.parked, found.parked_before, found.invoices) == (0, 0, 1, 0)


def test_lives_alike_are_worked_out_once_and_told_apart_where_anything_differs(shop, monkeypatch):
    worked: list[object] = []
    real = looking.live

    def counted(picture, *arguments, **options):
        worked.append(picture.id)
        return real(picture, *arguments, **options)

    monkeypatch.setattr(looking, "live", counted)
    monkeypatch.setattr(looking, "BLOCK", 3)
    extra = shop.option("extra", 2_00)
    hifi = shop.offer("hifi", ("month", None, 12_99), options=[extra])
    coupon = shop.coupon("WELCOME", percent_off=50, duration="forever")
    for name in "abcdefg":
        shop.buy(shop.enrol(name), hifi)
    shop.buy(shop.enrol("h"), hifi, options=[extra])
    shop.buy(shop.enrol("i"), hifi, coupons=[coupon])
    shop.buy(shop.enrol("j"), hifi, quantity=2)
    shop.buy(shop.enrol("k"), shop.offer("more", ("month", None, 5_00)))

    found = seen(shop, months_ahead(shop, 1))

    assert len(worked) == 5  # seven alike, and four that differ: by option, coupon, quantity, offer
    assert found.subscriptions == 11
    assert (sums(found)[0][3], found.invoices) == (7 * 12_99 + 14_99 + 6_49 + 25_98 + 5_00, 11)


def test_a_bound_makes_figures_at_least(shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    for name in "abc":
        shop.buy(shop.enrol(name), hifi)
    found = seen(shop, months_ahead(shop, 1), most=2)
    assert (found.subscriptions, found.is_whole, sums(found)[0][3]) == (2, False, 25_98)
    assert seen(shop, months_ahead(shop, 1), most=4).is_whole


def test_each_block_asks_the_same_questions(shop, monkeypatch):
    monkeypatch.setattr(looking, "BLOCK", 2)
    extra = shop.option("extra", 2_00)
    hifi = shop.offer("hifi", ("month", None, 12_99), options=[extra])
    coupon = shop.coupon("WELCOME", percent_off=20, duration="forever")

    def asked(buyers):
        for name in buyers:
            shop.buy(shop.enrol(name), hifi, options=[extra], coupons=[coupon])
        with tenant(shop.id):
            merchant = Merchant.objects.get(id=shop.id)
            with CaptureQueriesContext(
                connection,
            ) as caught:
                found = forecast(merchant=merchant, due_by=months_ahead(shop, 1))
        return len(caught), found.subscriptions

    one_block, two, four = asked("a"), asked("bcd"), asked("efgh")
    assert (one_block[1], two[1], four[1]) == (1, 4, 8)
    # An uneven last block ends the walk, an even one is followed by an empty one.
    assert four[0] - two[0] == 2 * (one_block[0] - 1)


def test_the_page_names_each_with_its_steps(shop):
    first = shop.buy(shop.enrol("a"), shop.offer("trial", ("week", 1, 0), ("month", None, 9_99)))
    second = shop.buy(shop.enrol("b"), shop.offer("hifi", ("month", None, 12_99)))
    due_by = months_ahead(shop, 2)
    with tenant(shop.id):
        rows = list(due_rows(due_by).order_by(*looking.BY_DATE))
        found = list(outlook(rows, shop.merchant, due_by))
    assert [each.row.pk for each in found] == [first.subscription_id, second.subscription_id]
    assert [[step.why for step in each.steps] for each in found] == [
        ["stage_over", "period_over"],
        ["period_over", "period_over"],
    ]
    assert [each.amount for each in found] == [2 * 9_99, 2 * 12_99]


def test_looking_changes_no_row(shop, owner_sql):
    session = shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    assert session.subscription_id
    tables = sorted(row[0] for row in owner_sql(TENANT_TABLES))
    assert "subscribers_subscription" in tables and len(tables) > 40

    def picture():
        with tenant(shop.id), connection.cursor() as cursor:
            found = {}
            for table in tables:
                cursor.execute(f"SELECT count(*), sum(xmin::text::bigint) FROM {table}")
                found[table] = cursor.fetchone()
        return found

    before = picture()
    assert seen(shop, months_ahead(shop, 3)).invoices == 3
    assert picture() == before


def test_a_day_ends_at_local_midnight():
    assert end_of(date(2026, 12, 1), "Europe/Paris").isoformat() == "2026-12-01T22:59:59.999999+00:00"
