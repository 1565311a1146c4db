"""Campaigns in the office: who has which version, seen, begun, watched, cancelled."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import tasks
from billing.models import Campaign
from merchants.tenancy.scope import tenant
from tests.pages.subscribers_at import Desk, words
from tests.worlds import version_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(shop):
    return Desk.at(shop)


def sold(shop, *names):
    offer = shop.offer("hifi", ("month", None, 29_90))
    for name in names:
        shop.subscribe(shop.enrol(name, name=name.title()), offer)
    return offer


def sent(shop, **more):
    effect = shop.now().today + timedelta(days=45)
    values = {"effect_on": effect.isoformat(), "notice_days": "30", "keep_commitment": "on", "reason": "Dearer"}
    return {**values, **more}


def test_seen_confirmed_once_watched_and_cancelled(desk, shop):
    offer = sold(shop, "ana", "bob")
    empty = words(desk.get("campaigns", offer=offer.public_id).content)
    assert "Nobody was moved yet" in empty
    version_of(shop, offer, 34_90)
    assert (
        desk.url("offer-versions", offer=offer.public_id) in desk.get("offer", offer=offer.public_id).content.decode()
    )
    versions = words(desk.get("offer-versions", fragment=True, offer=offer.public_id).content)
    assert "Version 2 sold now" in versions and "Move subscribers to this version" in versions

    url = desk.url("campaign-new", offer=offer.public_id)
    assert "Version 1: 2 subscriptions" in words(desk.client.get(url).content)
    early = desk.client.get(url, sent(shop, effect_on=shop.now().today.isoformat()))
    assert early.status_code == 422 and "Subscribers must be told 30 days before" in words(early.content)
    assert desk.client.post(url, sent(shop, reason="")).status_code == 422
    page = desk.client.get(url, sent(shop)).content
    seen = words(page)
    assert "before €59.80" in seen and "after €69.80" in seen and "Difference a month €10.00" in seen
    assert "Ana" in seen and "Move 2 subscriptions" in seen
    once = re.search(r'name="once" value="(cam_\w+)"', page.decode())
    assert once
    with tenant(shop.id):
        assert not Campaign.objects.exists()
    for _ in range(2):  # clicked twice
        assert desk.client.post(url, sent(shop, once=once[1])).status_code == 302
    with tenant(shop.id):
        row = Campaign.objects.get()
    named = {"offer": offer.public_id, "campaign": row.public_id}
    assert "Under way: 0 of 2" in words(desk.get("campaign", **named).content)
    assert "HX-Refresh" not in desk.get("campaign-progress", fragment=True, **named)
    tasks.carry_campaign_on(str(shop.id), str(row.pk))
    assert desk.get("campaign-progress", fragment=True, **named)["HX-Refresh"] == "true"
    told = words(desk.get("campaign", **named).content)
    assert "Announced" in told and "€29.90 €34.90" in told and "Cancel the campaign…" in told
    assert "Nobody in this view." in words(desk.get("campaign", "?state=moved", **named).content)
    again = words(desk.client.get(url, sent(shop)).content)
    assert "Another campaign moves it already." in again and "Nobody can be moved." in again and "Bob" in again

    assert "Planned moves are taken back" in words(desk.get("campaign-cancel", fragment=True, **named).content)
    assert desk.client.post(desk.url("campaign-cancel", **named)).status_code == 302
    tasks.carry_campaign_on(str(shop.id), str(row.pk))
    told = words(desk.get("campaign", **named).content)
    assert "Cancelled" in told and "Cancel the campaign…" not in told
    assert "Dearer" in words(desk.get("campaigns", offer=offer.public_id).content)


def test_who_may_only_read_sees_but_neither_begins_nor_cancels(shop):
    reader = Desk.at(shop, "read_only", "fr")
    offer = sold(shop, "ana")
    version_of(shop, offer, 34_90)
    seen = words(reader.get("offer-versions", offer=offer.public_id).content)
    assert "Version 1" in seen and "Faire passer" not in seen
    assert reader.get("campaigns", offer=offer.public_id).status_code == 200
    assert reader.get("campaign-new", offer=offer.public_id).status_code == 403
    assert reader.client.post(reader.url("campaign-new", offer=offer.public_id), sent(shop)).status_code == 403


def test_a_campaign_is_read_at_the_same_cost_whatever_its_size(desk, shop):
    asked = []
    for count in (1, 4):
        offer = shop.offer(f"hifi{count}", ("month", None, 29_90))
        for n in range(count):
            shop.subscribe(shop.enrol(f"s{count}-{n}"), offer)
        version_of(shop, offer, 34_90)
        desk.client.post(desk.url("campaign-new", offer=offer.public_id), sent(shop))
        with tenant(shop.id):
            row = Campaign.objects.get(offer=offer)
        named = {"offer": offer.public_id, "campaign": row.public_id}
        desk.get("campaign", **named)
        with CaptureQueriesContext(connection) as queries:
            desk.get("campaign", **named)
            desk.get("campaigns", offer=offer.public_id)
            desk.get(
                "campaign-new", f"?effect_on={sent(shop)['effect_on']}&notice_days=30&reason=x", offer=offer.public_id
            )
        asked.append(len(queries))
    assert asked[0] == asked[1]
