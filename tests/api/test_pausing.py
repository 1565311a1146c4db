"""Suspending, resuming and moving a renewal through the API: previews that write nothing, refusals with a way out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Change
from tests.api.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sold(shop):
    offer = shop.offer("salon", ("month", None, 31_00))
    person = shop.enrol("lucie")
    shop.method(person)
    return shop.subscribe(person, offer)


def counted(shop) -> tuple[int, int]:
    with tenant(shop.id):
        return Change.objects.count(), Event.objects.count()


def test_suspend_preview_act_and_resume(shop, site: Caller, sold):
    at, before = f"subscriptions/{sold.public_id}", counted(shop)
    body = {"billing": "stop", "compensation": "move_renewal", "reason": "abroad"}
    seen = site.post(f"{at}/suspend/preview", body)
    assert seen.status_code == 200, seen.content
    assert (seen.status_code, seen.json()["until"], seen.json()["days_lost"]) == (200, None, None)
    assert counted(shop) == before
    done = site.post(f"{at}/suspend", body).json()
    assert (done["status"], done["access"]["verdict"], done["suspension"]["begun"]) == ("suspended", "none", True)
    again = site.post(f"{at}/suspend", body)
    assert (again.status_code, again.json()["code"]) == (409, "already_suspended")
    assert site.post(f"{at}/resume/preview", {}).json()["days_lost"] == 0
    back = site.post(f"{at}/resume", {}).json()
    assert (back["status"], back["access"]["verdict"], back["suspension"]) == ("active", "full", None)
    assert site.post(f"{at}/resume", {}).json()["code"] == "not_suspended"


def test_an_option_makes_good_what_was_lost(shop, site: Caller, sold):
    shop.option("extra", 2_00)
    at = f"subscriptions/{sold.public_id}"
    body = {"compensation": "option", "option": "ref:extra", "periods": 3, "reason": "roadworks"}
    before = counted(shop)
    seen = site.post(f"{at}/suspend/preview", body).json()
    assert (seen["compensation"], seen["periods"], seen["amount_due"]) == ("option", 3, 0)
    assert counted(shop) == before
    for wish, field, code in (
        ({"compensation": "credit"}, "option", "only_for_options"),
        ({"option": "ref:nothing"}, "option", "not_found"),
        ({"periods": 0}, "periods", "out_of_range"),
        ({"reason": ""}, "reason", "reason_required"),
    ):
        refused = site.post(f"{at}/suspend", {**body, **wish})
        assert refused.status_code == 422, refused.content
        assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [(field, code)]
    alone = site.post(f"{at}/suspend", {"periods": 2})
    assert alone.json()["errors"][0]["code"] == "only_for_options"
    assert counted(shop) == before
    done = site.post(f"{at}/suspend", body).json()["suspension"]
    assert (done["compensation"], done["option"], done["periods"]) == ("option", seen["option"], 3)


def test_a_planned_suspension_is_taken_back(shop, site: Caller, sold):
    at, day = f"subscriptions/{sold.public_id}", shop.now().today + timedelta(days=10)
    done = site.post(f"{at}/suspend", {"from": day.isoformat()}).json()
    assert (done["status"], done["suspension"]["from"], done["access"]["verdict"]) == (
        "active",
        day.isoformat(),
        "full",
    )
    wrong = site.post(f"{at}/move_renewal", {"date": day.isoformat()})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "subscription_suspended")
    assert site.post(f"{at}/undo_scheduled", {"kind": "suspend"}).json()["suspension"] is None
    assert site.post(f"{at}/undo_scheduled", {"kind": "suspend"}).json()["code"] == "nothing_to_undo"


def test_move_renewal_preview_and_act(shop, site: Caller, sold):
    at, before = f"subscriptions/{sold.public_id}", counted(shop)
    day = sold.current_period_end + timedelta(days=9)
    body = {"date": day.isoformat(), "added_days": "charged"}
    seen = site.post(f"{at}/move_renewal/preview", body).json()
    assert (seen["days"], len(seen["documents"]), seen["amount_due"] > 0) == (9, 1, True)
    assert counted(shop) == before
    done = site.post(f"{at}/move_renewal", body).json()
    assert done["current_period"]["end"] == day.isoformat()
    refused = site.post(f"{at}/move_renewal", {"date": (day + timedelta(days=1)).isoformat()})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "reason_required")
