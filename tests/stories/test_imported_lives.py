"""What becomes of members who came with an old file: their lives go on as any other's. What they paid elsewhere is no
document of ours: it is not given back, and no day of it is billed again."""

from __future__ import annotations

import pytest

from billing import runs
from billing.engine.leaving import Refunding
from billing.flows import cancel, change, move_renewal, suspend
from billing.flows.asks import ChangeOffer
from billing.flows.cancel import Leaving
from billing.flows.change import Changing
from billing.flows.move_renewal import Moving
from billing.flows.pause_asks import Resuming, Suspending
from invoices.models import CreditNote, Invoice
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.stories.old_members import checked, day, enrolled, member, salon, sound
from tests.worlds import Shop

__all__ = ["salon"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def life_of(shop: Shop, *lines: str) -> Subscription:
    enrolled(shop, checked(shop, *lines))
    return fresh(shop)


def fresh(shop: Shop) -> Subscription:
    with tenant(shop.id):
        return Subscription.objects.latest("id")


def documents(shop: Shop) -> list[int]:
    with tenant(shop.id):
        return [*Invoice.objects.values_list("gross", flat=True), *CreditNote.objects.values_list("gross", flat=True)]


def of(shop: Shop, life: Subscription) -> dict:
    return {"merchant_id": shop.id, "subscription_id": life.pk, "actor": shop.actor}


def test_suspended_and_resumed_within_what_is_paid(salon):
    life = life_of(salon, member(salon, 1, until=10))
    suspend.suspend(**of(salon, life), asked=Suspending(from_on=day(salon, 0)))
    assert fresh(salon).status == "suspended"
    suspend.resume(**of(salon, life), asked=Resuming())
    assert (fresh(salon).status, fresh(salon).current_period_end) == ("active", day(salon, 10))
    assert documents(salon) == []
    sound(salon)


def test_cancelled_at_the_end_of_what_is_paid_nothing_is_billed(salon):
    life = life_of(salon, member(salon, 1, since=-700, until=1))
    cancel.cancel(**of(salon, life), leaving=Leaving(when="period_end"))
    assert fresh(salon).service_ends_on == day(salon, 1)
    runs.bill(salon.id)
    assert documents(salon) == []
    sound(salon)


def test_cancelled_now_nothing_is_given_back_that_we_never_billed(salon):
    life = life_of(salon, member(salon, 1, since=-700, until=10))
    cancel.cancel(**of(salon, life), leaving=Leaving(when="now", refund=Refunding.prorated))
    assert fresh(salon).status == "ended" and documents(salon) == []
    sound(salon)


def test_a_renewal_is_moved_later_and_a_gesture_of_days_counts(salon):
    life = life_of(salon, member(salon, 1, since=-700, until=0))
    life_of(salon, member(salon, 2, since=-700, until=5))
    life = fresh(salon)
    move_renewal.move_renewal(**of(salon, life), moving=Moving(on=day(salon, 9), reason="works in the street"))
    assert fresh(salon).current_period_end == day(salon, 9)
    runs.bill(salon.id)
    assert documents(salon) == [29_90]
    sound(salon)


def test_another_offer_later_and_now(salon):
    """Now, the days that are left are billed in the new offer, as given days are; none of the old is credited."""
    dearer = salon.offer("gold", ("month", None, 49_90))
    life = life_of(salon, member(salon, 1, since=-700, until=5))
    ask = ChangeOffer(offer=dearer)
    change.change(**of(salon, life), ask=ask, changing=Changing(when="period_end"))
    assert documents(salon) == []
    sound(salon)
    change.change(**of(salon, life), ask=ask, changing=Changing(when="now"))
    with tenant(salon.id):
        line = Invoice.objects.get().lines.get()
        assert (line.period_start, line.period_end) == (day(salon, 0), day(salon, 5)) and line.amount < 49_90 / 5
        assert not CreditNote.objects.exists()
    sound(salon)
