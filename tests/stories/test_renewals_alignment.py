"""Renewals of each alignment, told as bank statements: short first periods, days of one's own, shared days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO
from textwrap import dedent

import pypdf
import pytest

from invoices.models import Invoice
from invoices.paper import Span
from invoices.pdf import render
from invoices.selectors.papers import paper_of_invoice
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from tests.stories.statements import World

pytestmark = pytest.mark.django_db(transaction=True)
CALENDAR = {"alignment": "calendar"}


def test_calendar_months(shop):
    world = World.on(shop, "2026-05-14")
    sub = world.subscribe(shop.offer("hifi", ("month", None, 29_90), **CALENDAR))
    assert world.until("2026-07-01").statement(sub) == dedent("""\
        2026-05-14  hifi         05-14..06-01           17.36
        2026-06-01  hifi         06-01..07-01           29.90
        2026-07-01  hifi         07-01..08-01           29.90
        """)


def test_the_paper_of_a_short_first_month_draws_its_days_and_that_of_a_whole_one_does_not(shop):
    world = World.on(shop, "2026-05-14")
    world.subscribe(shop.offer("hifi", ("month", None, 29_90), **CALENDAR))
    world.until("2026-06-01")
    with tenant(shop.id):
        merchant = Merchant.objects.get()
        short, whole = [paper_of_invoice(row.pk, merchant) for row in Invoice.objects.order_by("issued_on")]
    assert (short.gross, whole.gross, whole.day_count) == (17_36, 29_90, None)
    assert [(part.span, part.span.days, part.billed) for part in short.day_count.stretches] == [
        (Span(date(2026, 5, 1), date(2026, 5, 14)), 13, False),
        (Span(date(2026, 5, 14), date(2026, 6, 1)), 18, True),
    ]
    said = pypdf.PdfReader(BytesIO(render(replace(short, locale="en")))).pages[0].extract_text()
    assert "Where the 18 days come from" in said
    assert "31 days in all" in said


def test_calendar_quarters(shop):
    world = World.on(shop, "2026-02-15")
    sub = world.subscribe(shop.offer("hifi", ("month", None, 90_00, {"interval_count": 3}), **CALENDAR))
    assert world.until("2026-07-01").statement(sub) == dedent("""\
        2026-02-15  hifi         02-15..04-01           45.00
        2026-04-01  hifi         04-01..07-01           90.00
        2026-07-01  hifi         07-01..10-01           90.00
        """)


def test_calendar_years(shop):
    world = World.on(shop, "2026-03-02")
    sub = world.subscribe(shop.offer("hifi", ("year", None, 365_00), **CALENDAR))
    assert world.until("2028-01-01").statement(sub) == dedent("""\
        2026-03-02  hifi         03-02..01-01 2027     305.00
        2027-01-01  hifi         01-01..01-01 2028     365.00
        2028-01-01  hifi         01-01..01-01 2029     365.00
        """)


def test_a_short_first_period_is_not_one_of_the_launch_price_s(shop):
    world = World.on(shop, "2026-05-14")
    sub = world.subscribe(shop.offer("hifi", ("month", 2, 3_10), ("month", None, 6_20), **CALENDAR))
    assert world.until("2026-08-01").statement(sub) == dedent("""\
        2026-05-14  hifi         05-14..06-01            1.80
        2026-06-01  hifi         06-01..07-01            3.10
        2026-07-01  hifi         07-01..08-01            3.10
        2026-08-01  hifi         08-01..09-01            6.20
        """)


def test_fourteen_free_days_then_the_calendar(shop):
    world = World.on(shop, "2026-05-14")
    sub = world.subscribe(shop.offer("hifi", ("day", 14, 0), ("month", None, 31_00), **CALENDAR))
    assert world.until("2026-07-01").statement(sub) == dedent("""\
        2026-05-28  hifi         05-28..06-01            4.00
        2026-06-01  hifi         06-01..07-01           31.00
        2026-07-01  hifi         07-01..08-01           31.00
        """)


def test_a_billing_day_of_one_s_own(shop):
    world = World.on(shop, "2026-01-31")
    sub = world.subscribe(shop.offer("hifi", ("month", None, 31_00)), billing_day=10)
    assert world.until("2026-03-10").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-10           10.00
        2026-02-10  hifi         02-10..03-10           31.00
        2026-03-10  hifi         03-10..04-10           31.00
        """)


def test_the_31st_as_a_billing_day(shop):
    world = World.on(shop, "2026-02-15")
    sub = world.subscribe(shop.offer("hifi", ("month", None, 28_00)), billing_day=31)
    assert world.until("2026-04-30").statement(sub) == dedent("""\
        2026-02-15  hifi         02-15..02-28           13.00
        2026-02-28  hifi         02-28..03-31           28.00
        2026-03-31  hifi         03-31..04-30           28.00
        2026-04-30  hifi         04-30..05-31           28.00
        """)


def test_a_payer_s_subscriptions_share_a_day_and_a_document(shops):
    shop = shops(grouping="payer", share_billing_day=True)
    world = World.on(shop, "2026-01-10")
    hifi, news = shop.offer("hifi", ("month", None, 31_00)), shop.offer("news", ("month", None, 15_50))
    lucie = world.person("lucie")
    ada = world.person("ada", card=None, payer_id=lucie.pk)
    first = world.subscribe(hifi, lucie)
    world.until("2026-01-20")
    second, third = world.subscribe(news, lucie), world.subscribe(hifi, ada)
    assert world.until("2026-03-10").statement(first, second, third) == dedent("""\
        2026-01-10  hifi         01-10..02-10           31.00
        2026-01-20  news         01-20..02-10           10.50
        2026-01-20  hifi         01-20..02-10           21.00
        2026-02-10  hifi         02-10..03-10           31.00
                    news         02-10..03-10           15.50
                    hifi         02-10..03-10           31.00
        2026-03-10  hifi         03-10..04-10           31.00
                    news         03-10..04-10           15.50
                    hifi         03-10..04-10           31.00
        """)
    assert world.captured() == [31_00, 10_50, 21_00, 77_50, 77_50]
    with tenant(shop.id):
        assert set(Invoice.objects.values_list("payer_id", flat=True)) == {lucie.pk}


def test_others_have_a_document_each(shops):
    shop = shops(share_billing_day=True)
    world = World.on(shop, "2026-01-10")
    hifi, news = shop.offer("hifi", ("month", None, 31_00)), shop.offer("news", ("month", None, 15_50))
    subs = world.subscribe(hifi), world.subscribe(news)
    assert world.until("2026-02-10").statement(*subs) == dedent("""\
        2026-01-10  hifi         01-10..02-10           31.00
        2026-01-10  news         01-10..02-10           15.50
        2026-02-10  hifi         02-10..03-10           31.00
        2026-02-10  news         02-10..03-10           15.50
        """)
