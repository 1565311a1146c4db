"""Gestures in the office: given from a subscriber's page, listed, given to many, limited, taken back."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from billing import tasks
from merchants.models import Merchant
from merchants.selectors.clocks import now_for
from merchants.services.merchants import update_merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, GestureBatch, Subscription
from tests.pages.furnished import furnish
from tests.pages.offices import colleague
from tests.pages.subscribers_at import words
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def seat():
    return furnish()


def of(seat) -> Subscription:
    with tenant(seat.merchant.id):
        return Subscription.objects.select_related("subscriber").get()


def test_given_from_the_subscribers_page_listed_and_taken_back(seat):
    row = of(seat)
    url = seat.url("subscription-give", subscription=row.public_id)
    assert url in seat.client.get(seat.url("subscriber", subscriber=row.subscriber.public_id)).content.decode()
    dialog = seat.client.get(url, headers=FRAGMENT).content.decode()
    assert "Give it" in dialog and 'value="percent"' in dialog
    sent = {"kind": "percent", "percent_off": "20", "reason": "the outage", "incident": "INC-12", "days": "9"}
    seen = words(seat.client.get(url, sent, headers=FRAGMENT).content)
    assert "Costs you €2.60" in seen and "€10.39" in seen
    with tenant(seat.merchant.id):
        before = Gesture.objects.count()
    assert seat.client.post(url, sent).status_code == 302
    listed = words(seat.client.get(seat.url("gestures")).content)
    assert "20% off, for 1 period" in listed and "INC-12" in listed and "€2.60" in listed
    assert "cost: €3.60" in listed  # with the 1.00 to the balance
    assert "20% off" not in words(seat.client.get(seat.url("gestures"), {"kind": "days"}).content)
    with tenant(seat.merchant.id):
        gesture = Gesture.objects.latest("id")
        assert Gesture.objects.count() == before + 1
    undo = seat.url("gesture-undo", gesture=gesture.public_id)
    assert "Take a gesture back" in seat.client.get(undo, headers=FRAGMENT).content.decode()
    assert seat.client.post(undo, {"reason": "twice"}).status_code == 302
    with tenant(seat.merchant.id):
        assert Gesture.objects.get(id=gesture.pk).status == "undone"
    assert "cost: €1.00" in words(seat.client.get(seat.url("gestures")).content)


def test_the_history_says_what_was_given_without_an_inner_code(seat):
    row = of(seat)
    url = seat.url("subscription-give", subscription=row.public_id)
    for sent in ({"kind": "percent", "percent_off": "20"}, {"kind": "amount", "amount": "3.50"}):
        assert seat.client.post(url, {**sent, "reason": "the outage"}).status_code == 302
    page = words(seat.client.get(seat.url("subscriber", subscriber=row.subscriber.public_id)).content)
    assert "GESTURE" not in page and "Coupon Complimentary" in page
    assert "Amount none €3.50" in page


def test_what_is_wrong_stands_beside_its_field_and_limits_say_who_may(seat):
    with tenant(seat.merchant.id):
        update_merchant(gesture_limits=[{"role": "support", "one": 5_00}], actor=TESTER, now=seat_now(seat))
    julie = colleague(seat, "support")
    url = seat.url("subscription-give", subscription=of(seat).public_id)
    sent = {"kind": "amount", "amount": "5.01", "reason": "the outage"}
    for answer in (julie.client.get(url, sent, headers=FRAGMENT), julie.client.post(url, sent)):
        said = html.unescape(answer.content.decode())
        assert "You may give up to 5.00 EUR at a time" in said and "Owner, Admin" in said
    wrong = julie.client.post(url, {"kind": "amount", "amount": "", "reason": ""})
    assert wrong.status_code == 422 and "Say why it is given." in words(wrong.content)
    assert julie.client.post(url, {**sent, "amount": "5.00"}).status_code == 302
    with tenant(seat.merchant.id):
        assert Gesture.objects.latest("id").given_as == "support"
    assert colleague(seat, "accountant").client.get(url).status_code == 403


def test_for_all_whom_an_incident_touched_seen_confirmed_watched_and_taken_back(seat):
    today = seat_now(seat).today
    url = seat.url("gestures-many")
    assert "Whom it touched" in words(seat.client.get(url).content)
    sent = {
        "kind": "days",
        "days": "5",
        "reason": "no sound",
        "incident": "INC-13",
        "from_on": today.isoformat(),
        "to_on": today.isoformat(),
    }
    seen = words(seat.client.get(url, sent).content)
    assert "Subscriptions that the incident touched 1" in seen and "Give it to 1 subscription" in seen
    wrong = seat.client.get(url, {**sent, "to_on": (today - timedelta(days=2)).isoformat()})
    assert wrong.status_code == 422 and "The incident was over" in words(wrong.content)
    page = seat.client.get(url, sent).content.decode()
    once = re.search(r'name="once" value="(geb_\w+)"', page)
    assert once
    with tenant(seat.merchant.id):
        before = GestureBatch.objects.count()
    for _ in range(2):  # clicked twice
        assert seat.client.post(url, {**sent, "once": once[1]}).status_code == 302
    with tenant(seat.merchant.id):
        assert GestureBatch.objects.count() == before + 1
        batch = GestureBatch.objects.latest("id")
    page = seat.url("gesture-batch", gesture_batch=batch.public_id)
    assert "Under way: 0 of 1" in words(seat.client.get(page).content)
    progress = seat.url("gesture-batch-progress", gesture_batch=batch.public_id)
    assert "HX-Refresh" not in seat.client.get(progress, headers=FRAGMENT)
    tasks.carry_gestures_on(str(seat.merchant.id), str(batch.pk))
    assert seat.client.get(progress, headers=FRAGMENT)["HX-Refresh"] == "true"
    told = words(seat.client.get(page).content)
    assert "5 days" in told and "INC-13" in told and "Take it back from all" in told
    assert "INC-13" in words(seat.client.get(seat.url("gestures")).content)
    undo = seat.url("gesture-batch-undo", gesture_batch=batch.public_id)
    assert seat.client.post(undo, {"reason": "a mistake"}).status_code == 302
    tasks.carry_gestures_on(str(seat.merchant.id), str(batch.pk))
    told = words(seat.client.get(page).content)
    assert ": a mistake" in told and "Take it back from all" not in told


def test_limits_are_taught_written_and_read_by_who_may_not_edit(seat):
    url = seat.url("setting_gestures")
    assert "There is no limit yet" in words(seat.client.get(url).content)
    assert seat.client.post(url, {"support_one": "20.00", "api_key_month": "50"}).status_code == 302
    with tenant(seat.merchant.id):
        assert Merchant.objects.get().gesture_limits == [
            {"role": "support", "one": 20_00, "month": None, "batch": None},
            {"role": "api_key", "one": None, "month": 50_00, "batch": None},
        ]
    assert 'value="20.00"' in seat.client.get(url).content.decode()
    assert seat.client.post(url, {"support_one": "much"}).status_code == 422
    accountant = colleague(seat, "accountant")
    assert "fieldset disabled" in accountant.client.get(url).content.decode()
    assert accountant.client.post(url, {}).status_code == 403


def seat_now(seat):
    with tenant(seat.merchant.id):
        return now_for(seat.merchant, None)
