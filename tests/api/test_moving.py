"""`/subscribers/{id}/move`: another site looks after a subscriber and what they hold; told with the reason."""

from __future__ import annotations

import pytest
from django.utils import timezone

from merchants.ids import new_id, show
from merchants.models import Site
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription
from tests.api.callers import faults, problem
from tests.api.subscribed import told_of

pytestmark = pytest.mark.django_db(transaction=True)


def place(shop, name, **more):
    with tenant(shop.id):
        return Site.objects.create(name=name, created_at=timezone.now(), **more)


def changes(shop):
    with tenant(shop.id):
        rows = Change.objects.filter(verb="moved").order_by("subject_kind")
        return [(row.subject_kind, row.before, row.after, row.reason) for row in rows]


def test_a_subscriber_moves_with_what_they_hold_and_where_it_was_sold_stays(site, shop, sold):
    held = told_of(site, {"activation": "now"})
    lyon = place(shop, "Lyon")
    body = {"site": lyon.public_id, "reason": "Moved house"}
    assert site.post("subscribers/ref:lucie/move", body).json()["site"] == lyon.public_id
    told = changes(shop)
    assert [kind for kind, *_ in told] == ["subscriber", "subscription"]
    assert {reason for *_, reason in told} == {"Moved house"}
    assert told[0][1:3] == ({"site_id": None}, {"site_id": str(lyon.pk)})
    assert told[1][1:3] == ({"managed_at_id": None}, {"managed_at_id": str(lyon.pk)})
    with tenant(shop.id):
        row = Subscription.objects.get()
        assert (row.public_id, row.sold_at_id, row.managed_at_id) == (held["id"], None, lyon.pk)
    assert site.post("subscribers/ref:lucie/move", body).status_code == 200
    assert changes(shop) == told  # once more: nothing is written


def test_where_a_subscriber_cannot_be_moved(site, shop, sold):
    closed = place(shop, "Nantes", closed_at=timezone.now())
    path = "subscribers/ref:lucie/move"
    assert faults(site.post(path, {"site": closed.public_id, "reason": "Near"})) == [("site", "site_closed")]
    assert site.post(path, {"site": show("sit", new_id()), "reason": "Near"}).status_code == 422
    assert site.post(path, {"site": closed.public_id}).status_code == 422
    assert problem(site.post("subscribers/ref:nobody/move", {"site": closed.public_id, "reason": "x"}))[0] == 404
    assert changes(shop) == []
