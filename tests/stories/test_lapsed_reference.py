"""A merchant's own reference of a subscription is free again once its purchase lapsed unpaid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.flows import reconcile
from billing.models import CheckoutSession
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_next_try_may_carry_the_same_reference(shop):
    lucie, offer = shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99))
    first = shop.checkout(lucie, offer, reference="order-1")
    with pytest.raises(Conflict) as refused:
        shop.checkout(lucie, offer, reference="order-1")
    assert refused.value.code == "reference_taken"
    with tenant(shop.id):
        CheckoutSession.objects.update(expires_at=shop.now().at - timedelta(seconds=1))
    reconcile.lapse(merchant_id=shop.id, session_id=first.pk)

    second = shop.buy(lucie, offer, reference="order-1")

    with tenant(shop.id):
        lapsed = Subscription.objects.get(id=first.subscription_id)
        assert (lapsed.status, lapsed.end_reason, lapsed.reference) == ("ended", "not_paid", None)
        assert Subscription.objects.get(reference="order-1").pk == second.subscription_id
        change = Change.objects.get(subject_id=lapsed.pk, verb="lapsed")
        assert (change.before["reference"], change.after["reference"]) == ("order-1", None)
