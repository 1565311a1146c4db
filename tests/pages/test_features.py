"""The features of a subscriber's page: what is used and left, what is set by hand, uses taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from merchants.tenancy.scope import tenant
from subscribers.models import Change, Consumption, Grant, QuotaCounter
from subscribers.services import consuming
from tests.pages.subscribers_at import Desk, words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    """Lucie has 4 classes a month, of which she used 3 by two scans."""
    classes = shop.feature("classes", "quota")
    shop.feature("sound", "level", ["standard", "hifi"])
    opened = {"classes": {"quota": 4}, "sound": {"level": "standard"}}
    who = shop.enrol("lucie")
    shop.subscribe(who, shop.offer("Club", ("month", None, 12_99), features=opened))
    with tenant(shop.id):
        for key, quantity in (("door-1", 2), ("door-2", 1)):
            consuming.consume(who, classes, quantity=quantity, key=key, actor=shop.actor, now=shop.now())
    return who, classes


def test_the_page_shows_what_is_used_and_left_and_where_it_comes_from(shop, lucie):
    page = Desk.at(shop).text("subscriber", subscriber=lucie[0].public_id)
    assert "classes 3 used, 1 left until" in page
    assert "4 Offer Club Uses…" in page
    assert "sound standard Offer Club" in page
    french = Desk.at(shop, locale="fr").text("subscriber", subscriber=lucie[0].public_id)
    assert "Utilisé : 3, reste 1 jusqu’au" in french


def test_a_use_is_taken_back_from_the_page_once(shop, lucie):
    who, classes = lucie
    desk = Desk.at(shop, role="counter")
    at = {"subscriber": who.public_id, "feature": classes.public_id}
    shown = desk.text("subscriber_feature_uses", **at)
    assert "Quota 4 Used 3 Left 1 until" in shown and "door-1" in shown and shown.count("Take back") == 3
    url = desk.url("subscriber_feature_uses", **at)
    for _again in range(2):
        assert desk.client.post(url, {"key": "door-1", "reason": "scanned twice"}).status_code == 302
    with tenant(shop.id):
        assert QuotaCounter.objects.get().used == 1
        assert Consumption.objects.filter(quantity__lt=0).count() == 1
    shown = desk.text("subscriber_feature_uses", **at)
    assert "taken back" in shown and "scanned twice" in shown
    assert desk.client.post(url, {"key": "nothing"}).status_code == 422
    reader = Desk.at(shop, role="read_only")
    assert reader.text("subscriber_feature_uses", **at).count("Take back") == 1, "the head of the column alone"
    assert reader.client.post(reader.url("subscriber_feature_uses", **at), {"key": "door-2"}).status_code == 403


def test_a_feature_is_set_by_hand_and_ended_by_who_may(shop, lucie):
    who, classes = lucie
    desk = Desk.at(shop, role="support")
    last = shop.now().today + timedelta(days=20)
    asked = {"right": f"{classes.public_id}.number", "number": "10", "last_day": last.isoformat()}
    dialog = desk.text("subscriber_feature_set", subscriber=who.public_id)
    assert "classes: a quota classes: without limit sound: standard sound: hifi" in dialog
    url = desk.url("subscriber_feature_set", subscriber=who.public_id)
    seen = words(desk.client.get(url, asked).content)
    assert "classes now 4" in seen and "classes then 10" in seen
    lower = words(desk.client.get(url, {**asked, "number": "2"}).content)
    assert "it changes nothing now" in lower
    refused = desk.client.post(url, asked)
    assert refused.status_code == 422 and "This field is required" in words(refused.content)
    past = desk.client.post(url, {**asked, "last_day": "2020-01-01", "reason": "x"})
    assert past.status_code == 422 and "A day to come" in words(past.content)
    with tenant(shop.id):
        assert not Grant.objects.filter(source="override").exists()
    assert desk.client.post(url, {**asked, "reason": "the pool was shut"}).status_code == 302

    page = desk.text("subscriber", subscriber=who.public_id)
    assert "classes 3 used, 7 left until" in page and "10 Set by hand Uses… End what is set by hand…" in page
    assert "Feature set by hand classes no 10 Reason: the pool was shut" in page
    with tenant(shop.id):
        assert Grant.objects.get(source="override").ends_at is not None

    at = {"subscriber": who.public_id, "feature": classes.public_id}
    ending = desk.text("subscriber_feature_end", **at)
    assert "classes now 10" in ending and "classes then 4" in ending
    assert desk.client.post(desk.url("subscriber_feature_end", **at), {"reason": "open again"}).status_code == 302
    assert "4 Offer Club" in desk.text("subscriber", subscriber=who.public_id)
    assert "Nothing of this feature is set by hand" in desk.text("subscriber_feature_end", **at)
    with tenant(shop.id):
        assert Change.objects.get(verb="hand_taken_back").reason == "open again"


@pytest.mark.parametrize("role", ["counter", "read_only", "accountant"])
def test_who_may_not_give_sets_nothing_by_hand(shop, lucie, role):
    who, classes = lucie
    desk = Desk.at(shop, role=role)
    assert "Set by hand…" not in desk.text("subscriber", subscriber=who.public_id)
    body = {"right": f"{classes.public_id}.unlimited", "reason": "x"}
    assert desk.client.post(desk.url("subscriber_feature_set", subscriber=who.public_id), body).status_code == 403
    with tenant(shop.id):
        assert not Grant.objects.filter(source="override").exists()


def test_a_past_page_offers_nothing_to_do_and_says_no_use(shop, lucie):
    desk = Desk.at(shop)
    page = desk.text("subscriber", "?as_of=" + shop.now().today.isoformat(), subscriber=lucie[0].public_id)
    assert "classes" in page and "Uses…" not in page and "Set by hand…" not in page
