"""One faulty subscription in a batch is parked alone, with its reason; the others are billed (F23)."""

from __future__ import annotations

import pytest

from billing.flows import running
from invoices.models import Invoice
from merchants.models import Event, TaxRate
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.apps.billing.planting import plant
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def bought(world, count=6):
    """Six who pay the same; all are due on 28 February."""
    offer = world.shop.offer("hifi", ("month", None, 10_00))
    return [world.subscribe(offer, world.person(f"p{n}")) for n in range(count)]


def counts(world):
    """How many documents each subscription has, and how many runs parked something."""
    with tenant(world.shop.id):
        found = dict.fromkeys(Subscription.objects.values_list("id", flat=True), 0)
        for id_ in Invoice.objects.values_list("subscription_id", flat=True):
            found[id_] += 1
        return found


def parked_and_told(world, sub, code):
    row = world.now_is(sub)
    assert row.parked_at == world.now.at and row.parked_reason
    assert world.parked() == [(sub.pk, code)]
    with tenant(world.shop.id):
        assert Event.objects.filter(kind="subscription.parked").count() == 1


def test_a_rate_that_is_gone_parks_who_needs_it_until_it_is_there_again(world, owner_sql):
    five = bought(world, 5)
    book = world.subscribe(world.shop.offer("book", ("month", None, 5_00), tax_code="books"), world.person("reader"))
    with tenant(world.shop.id):
        rate = TaxRate.objects.get(tax_code="books")
        TaxRate.objects.filter(id=rate.pk).update(from_on="2040-01-01")
    world.late("2026-02-28")

    parked_and_told(world, book, "tax_rate_missing")
    assert counts(world) == {book.pk: 1, **{sub.pk: 2 for sub in five}}
    assert world.late("2026-03-31").parked() == [(book.pk, "tax_rate_missing")]  # it is not tried again by itself
    assert counts(world) == {book.pk: 1, **{sub.pk: 3 for sub in five}}

    running.release(merchant_id=world.shop.id, subscription_id=book.pk, actor=TESTER)
    world.run()
    assert world.parked() == [(book.pk, "tax_rate_missing")] * 2  # nothing was mended
    with tenant(world.shop.id):
        TaxRate.objects.filter(id=rate.pk).update(from_on="2014-01-01")
    running.release(merchant_id=world.shop.id, subscription_id=book.pk, actor=TESTER)
    world.run()
    assert counts(world)[book.pk] == 3
    assert world.now_is(book).parked_at is None


@pytest.mark.wrong_books  # a stage that the offer has not
def test_a_row_that_the_engine_cannot_read_parks_alone(world, owner_sql):
    subs = bought(world)
    poison = subs[3]
    plant(
        world.shop,
        owner_sql,
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET stage_position = 9 WHERE id = '{poison.pk}'",
    )
    world.late("2026-02-28")
    assert [sub for sub, _ in world.parked()] == [poison.pk]
    assert counts(world) == {sub.pk: 1 if sub == poison else 2 for sub in subs}


@pytest.mark.wrong_books  # a line that names what it does not bill
@pytest.mark.parametrize("size", [500, 2])
def test_what_the_database_refuses_is_halved_down_to_the_faulty_one(world, owner_sql, size):
    subs = bought(world)
    poison = subs[2]
    plant(
        world.shop,
        owner_sql,
        "invoices_invoiceline",
        f"UPDATE invoices_invoiceline SET fact = 'stage:{poison.pk}:2026-02-28'"
        f" WHERE fact = 'stage:{subs[5].pk}:2026-01-31'",
    )
    world.late("2026-02-28", size=size)
    parked_and_told(world, poison, "refused_by_the_database")
    assert counts(world) == {sub.pk: 1 if sub == poison else 2 for sub in subs}
    assert sorted(world.captured()) == [10_00] * 11
    with tenant(world.shop.id):
        numbers = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, 12))  # what was rolled back left no gap


def test_two_years_of_days_behind_are_too_many_for_one_run(world):
    sub = world.subscribe(world.shop.offer("pass", ("day", None, 1_00)))
    world.late("2026-08-31")
    assert [code for _, code in world.parked()] == ["too_many_steps_behind"]
    assert counts(world) == {sub.pk: 1}
    assert world.captured() == [1_00]
