"""`/gestures`: given to a subscription, previewed, listed, taken back, refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import tasks
from merchants.ids import read
from merchants.models import Event
from merchants.services.merchants import update_merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, GestureBatch
from subscribers.selectors.gestures import GestureShape
from tests.api.callers import Caller, faults, problem

pytestmark = pytest.mark.django_db(transaction=True)
OUTAGE = {"reason": "the outage of 12 February", "incident": "INC-12"}


@pytest.fixture
def bought(shop):
    return shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)), reference="S-1").subscription


def test_twenty_percent_is_previewed_given_listed_and_taken_back(site, shop, bought):
    asked = {"subscription": "ref:S-1", "kind": "percent", "percent_off": "20", **OUTAGE}
    seen = site.post("gestures/preview", asked).json()
    assert (seen["cost"], seen["next_charge"]["amount"], seen["balance"]) == (2_60, 10_39, 0)
    with tenant(shop.id):
        assert not Gesture.objects.exists()
    told = site.make("gestures", asked)
    assert set(told) == set(GestureShape.__annotations__)
    assert (told["cost"], told["percent_off"], told["periods"], told["incident"]) == (2_60, "20", 1, "INC-12")
    assert (told["given_as"], told["status"]) == ("api_key", "given")
    assert site.get(f"gestures/{told['id']}").json() == told
    assert site.get("gestures?kind=percent&subscription=ref:S-1").json()["data"] == [told]
    assert site.get("gestures?kind=days").json()["data"] == []
    assert site.get("coupons").json()["data"] == []  # its discount is nobody's to type
    undone = site.post(f"gestures/{told['id']}/undo", {"reason": "twice"}).json()
    assert (undone["status"], undone["kept"]) == ("undone", 0)
    with tenant(shop.id):
        kinds = Event.objects.filter(kind__startswith="gesture.").order_by("id").values_list("kind", flat=True)
        assert list(kinds) == ["gesture.given", "gesture.undone"]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"kind": "amount", "amount": 0}, ("amount", "amount_zero")),
        ({"kind": "amount"}, ("amount", "required")),
        ({"kind": "amount", "amount": 5, "days": 3}, ("days", "not_of_this_kind")),
        ({"kind": "percent", "percent_off": "0"}, ("percent_off", "percent_out_of_range")),
        ({"kind": "days", "days": 5, "reason": " "}, ("reason", "reason_required")),
        ({"kind": "option", "option": "ref:nothing"}, ("option", "not_found")),
    ],
)
def test_what_cannot_be_given_names_its_field(site, shop, bought, given, fault):
    asked = {"subscription": "ref:S-1", **OUTAGE, **given}
    for path in ("gestures", "gestures/preview"):
        assert fault in faults(site.post(path, asked))
    with tenant(shop.id):
        assert not Gesture.objects.exists()


def test_a_key_gives_up_to_what_the_merchant_lets_keys_give(site, shop, bought):
    told = site.patch("merchant", {"gesture_limits": [{"role": "api_key", "one": 5_00}]}).json()
    assert told["gesture_limits"] == [{"role": "api_key", "one": 5_00, "month": None, "batch": None}]
    asked = {"subscription": "ref:S-1", "kind": "amount", "amount": 5_01, **OUTAGE}
    refused = site.post("gestures", asked)
    assert problem(refused) == (409, "gesture_above_limit")
    assert "owner, admin, support" in str(refused.json())
    reader = Caller.of(shop, "gestures:read")
    assert reader.post("gestures", asked).status_code == 403
    assert site.make("gestures", {**asked, "amount": 5_00})["cost"] == 5_00
    with tenant(shop.id):
        update_merchant(gesture_limits=[], actor=shop.actor, now=shop.now())
        assert Gesture.objects.count() == 1


def test_a_free_option_given_by_the_subscriptions_own_action_is_a_gesture_too(site, shop, bought):
    option = shop.option("extra", 2_80)
    act = {"option": option.public_id, "complimentary": True, "periods": 2, "reason": "the outage"}
    site.post(f"subscriptions/{bought.public_id}/add_option", {**act, "when": "now"})
    (told,) = site.get("gestures").json()["data"]
    assert (told["kind"], told["periods"], told["option"]) == ("option", 2, option.public_id)
    assert told["cost"] >= 2 * 2_80
    planned = {**act, "when": "period_end", "reason": "again"}
    site.post(f"subscriptions/{bought.public_id}/add_option", planned)
    newest = site.get("gestures").json()["data"][0]
    assert (newest["reason"], newest["cost"]) == ("again", 2 * 2_80)
    assert site.post(f"gestures/{newest['id']}/undo", {}).json()["kept"] == 0
    shown = site.get(f"subscriptions/{bought.public_id}").json()
    assert shown["scheduled"] == []
    site.post(f"subscriptions/{bought.public_id}/add_option", planned)
    site.post(f"subscriptions/{bought.public_id}/undo_scheduled", {})
    unplanned = site.get("gestures").json()["data"][0]
    assert (unplanned["status"], unplanned["kept"]) == ("undone", 0)


def test_everyone_whom_an_incident_touched_is_seen_and_given_to(site, shop, bought):
    today = shop.now().today
    asked = {
        "kind": "days",
        "days": 5,
        **OUTAGE,
        "population": {"from": today.isoformat(), "until": (today + timedelta(days=1)).isoformat()},
    }
    seen = site.post("gestures/batches/preview", asked).json()
    assert (seen["touched"], seen["able"], seen["refused"]) == (1, 1, [])
    assert [one["subscription"] for one in seen["sample"]] == [bought.public_id]
    with tenant(shop.id):
        assert not GestureBatch.objects.exists()
    answer = site.post("gestures/batches", asked)
    told = answer.json()
    assert (answer.status_code, told["status"], told["counts"]["waiting"]) == (202, "giving", 1)
    address = f"gestures/batches/{told['id']}"
    assert answer["Location"].endswith(address)
    tasks.carry_gestures_on(str(shop.id), str(read("geb", told["id"])))
    told = site.get(address).json()
    assert (told["status"], told["cost"]) == ("given", seen["cost"])
    (member,) = site.get(f"{address}/members?status=given").json()["data"]
    assert site.get(f"gestures/{member['gesture']}").json()["batch"] == told["id"]
    assert site.get("gestures/batches").json()["data"] == [told]
    assert site.post(f"{address}/undo", {"reason": "a mistake"}).json()["status"] == "undoing"
    tasks.give_to_many()
    tasks.carry_gestures_on(str(shop.id), str(read("geb", told["id"])))
    assert site.get(address).json()["counts"]["undone"] == 1
    wrong = {**asked, "population": {**asked["population"], "sites": ["ref:nowhere"]}}
    assert ("population.sites[0]", "not_found") in faults(site.post("gestures/batches/preview", wrong))


@pytest.mark.parametrize("what", [{"kind": "amount", "amount": 5_00}, {"kind": "percent", "percent_off": "20"}])
def test_a_preview_asks_as_much_for_many_as_for_one(site, shop, bought, what):
    today = shop.now().today
    until = (today + timedelta(days=1)).isoformat()
    asked = {**what, **OUTAGE, "population": {"from": today.isoformat(), "until": until}}
    site.patch("merchant", {"gesture_limits": [{"role": "api_key", "month": 50_00}]})

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert site.post("gestures/batches/preview", asked).status_code == 200
        return len(captured)

    one = queries()
    offer = shop.offer("live", ("month", None, 9_99))
    for name in ("ana", "bob", "eve"):
        shop.buy(shop.enrol(name), offer)
    assert queries() <= one + 1
