"""A person is erased while something else happens to them: one of the two waits, and then is refused."""

from __future__ import annotations

import pytest

from billing import runs
from billing.flows import erase
from merchants.refusals import Conflict, Refusal
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber, Subscription
from tests.crowds import crowd
from tests.races.barrier import together
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def erasing(shop: Shop, who: Subscriber):
    return lambda: erase.erase(merchant_id=shop.id, subscriber_id=who.pk, actor=shop.actor, reason="asked")


def test_nobody_is_erased_and_subscribed_at_once(shop):
    hifi = shop.offer("hifi", ("month", None, 0))
    for round_ in range(6):
        who = shop.enrol(f"p{round_}")
        gone, sold = together(erasing(shop, who), lambda who=who: shop.subscribe(who, hifi))
        assert [isinstance(one, Refusal) for one in (gone, sold)].count(True) == 1, (gone, sold)
        with tenant(shop.id):
            row = Subscriber.objects.get(id=who.pk)
            assert (row.erased_at is None) == Subscription.objects.filter(subscriber=who).exists()


def test_who_was_erased_while_one_looked_begins_nothing(shop):
    hifi = shop.offer("hifi", ("month", None, 5_00))
    who = shop.enrol("lucie")  # as it was read before
    erasing(shop, who)()
    for begin in (shop.subscribe, shop.checkout):
        with pytest.raises(Conflict) as refused:
            begin(who, hifi)
        assert refused.value.code == "subscriber_erased"
    with tenant(shop.id):
        assert not Subscription.objects.exists()


def test_three_who_erase_one_person_erase_them_once(shop):
    lucie = shop.enrol()
    results = together(*[erasing(shop, lucie)] * 3)
    assert not any(isinstance(one, BaseException) for one in results), results
    with tenant(shop.id):
        assert Change.objects.filter(subject_id=lucie.pk, verb="erased").count() == 1


def test_who_is_being_renewed_is_not_erased(shop):
    """Each of a crowd is asked to be erased while a run renews them all: all are refused, all are renewed once."""
    rows = crowd(shop, [shop.offer("hifi", ("month", None, 10_00))], 6, days_ago=34)
    with tenant(shop.id):
        people = list(Subscriber.objects.filter(id__in=[row.subscriber_id for row in rows]))
    _ran, *gone = together(lambda: runs.bill(shop.id), *[erasing(shop, who) for who in people[:4]])
    runs.bill(shop.id)
    assert all(isinstance(one, Conflict) and one.code == "subscription_live" for one in gone), gone
    with tenant(shop.id):
        assert Change.objects.filter(verb="renewed").count() == 6
        assert not Change.objects.filter(verb="erased").exists()
