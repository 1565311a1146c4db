"""`/subscriptions`: read as they are and as they were, expanded; cancelled at the period's end, and taken back."""

from __future__ import annotations

import pytest

from billing.selectors.answers import SubscriptionShape
from billing.selectors.leaving_answers import CancelPreviewShape, WithdrawPreviewShape
from invoices.models import CreditNote, Invoice
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription
from tests.api.callers import problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bought(shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    offer = shop.offer("hifi", ("month", None, 12_99), features={"quality": {"level": "hifi"}})
    return shop.buy(shop.enrol("lucie"), offer, reference="S-1").subscription


def test_a_subscription_is_told_whole_and_by_reference(site, bought):
    told = site.get(f"subscriptions/{bought.public_id}").json()
    assert set(told) == set(SubscriptionShape.__annotations__)
    assert told == site.get("subscriptions/ref:S-1").json()
    assert (told["status"], told["payment_state"], told["access"]["verdict"]) == ("active", "ok", "full")
    assert told["anchor"] == {"kind": "month_day", "day": bought.start_on.day, "month": None}
    assert told["current_period"]["start"] == bought.start_on.isoformat()
    assert (told["ends_on"], told["end_reason"], told["offer_version"]) == (None, None, 1)
    assert told["latest_invoice"].startswith("inv_")
    assert told["payment_method"].startswith("pm_")


def test_objects_stand_where_their_ids_stood(site, bought):
    told = site.get(f"subscriptions/{bought.public_id}?expand=offer,latest_invoice,subscriber").json()
    assert told["offer"]["reference"] == "hifi"
    assert (told["latest_invoice"]["total"], told["latest_invoice"]["status"]) == (12_99, "paid")
    assert told["subscriber"]["reference"] == "lucie"
    listed = site.get("subscriptions?expand=offer").json()["data"]
    assert listed[0]["offer"]["reference"] == "hifi"
    assert problem(site.get(f"subscriptions/{bought.public_id}?expand=payer")) == (422, "expand_unknown")


def test_lists_are_filtered(site, shop, bought):
    other = shop.offer("other", ("month", None, 5_00))
    second = shop.checkout(shop.enrol("b"), other).subscription
    ids = lambda query: [one["id"] for one in site.get(f"subscriptions{query}").json()["data"]]  # noqa: E731
    assert ids("") == [second.public_id, bought.public_id]
    assert ids("?status=active") == ids("?offer=ref:hifi") == ids("?subscriber=ref:lucie") == [bought.public_id]
    assert ids("?status=incomplete") == [second.public_id]
    assert ids("?reference=S-1&payment_state=ok") == [bought.public_id]
    assert ids("?created_after=2199-01-01T00:00:00Z") == []
    assert site.get("subscriptions?status=asleep").status_code == 422


def test_a_cancellation_is_previewed_done_once_and_taken_back(site, shop, bought):
    address = f"subscriptions/{bought.public_id}"
    seen = site.post(f"{address}/cancel/preview", {"when": "period_end"}).json()
    assert set(seen) == set(CancelPreviewShape.__annotations__)
    ends_on = bought.current_period_end.isoformat()
    assert (seen["ends_on"], seen["billing_ends_on"], seen["amount_due"]) == (ends_on, ends_on, 0)
    assert seen["features_kept"] == ["quality"]
    with tenant(shop.id):
        assert Subscription.objects.get().service_ends_on is None

    for _ in range(2):
        done = site.post(f"{address}/cancel", {"when": "period_end", "reason": "Too dear"})
        assert done.status_code == 200
    told = done.json()
    assert (told["status"], told["ends_on"], told["billing_ends_on"]) == ("active", ends_on, ends_on)
    assert (told["access"]["verdict"], told["access"]["why"]) == ("full", "cancelled")
    assert told["cancel_reason"] == "Too dear"
    undone = site.post(f"{address}/undo_scheduled").json()
    assert (undone["ends_on"], undone["cancel_reason"], undone["access"]["why"]) == (None, None, "active")
    assert problem(site.post(f"{address}/undo_scheduled")) == (409, "nothing_to_undo")

    with tenant(shop.id):
        verbs = list(Change.objects.filter(subject_id=bought.pk).order_by("id").values_list("verb", flat=True))
        assert verbs[-2:] == ["cancelled", "cancellation_undone"]
        kinds = list(Event.objects.order_by("subscriber_sequence").values_list("kind", flat=True))
        assert kinds[-2:] == ["subscription.cancellation_scheduled", "subscription.cancellation_undone"]
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 0)


def test_what_cannot_be_cancelled_says_why_and_so_does_its_preview(site, shop):
    bound = shop.offer("bound", ("month", None, 5_00), commitment_intervals=12)
    waiting = shop.checkout(shop.enrol("a"), bound).subscription
    running = shop.buy(shop.enrol("b"), bound).subscription
    for subscription, code in ((waiting, "subscription_not_running"), (running, "commitment_running")):
        for act in ("cancel", "cancel/preview"):
            answer = site.post(f"subscriptions/{subscription.public_id}/{act}", {"when": "now"})
            assert problem(answer) == (409, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"when": "someday"}, 422, "invalid_choice"),
        ({"when": "2026-02-30"}, 422, "invalid_choice"),
        ({"when": "2001-01-01"}, 422, "ends_in_past"),
        ({"when": "period_end", "refund": "full"}, 422, "refund_needs_now"),
        ({"when": "now", "refund": "half"}, 422, "invalid_choice"),
        ({"when": "now", "waive_commitment": True}, 422, "reason_required"),
    ],
)
def test_what_cannot_be_asked_of_a_cancellation_is_refused_and_changes_nothing(site, shop, bought, body, status, code):
    for act in ("cancel", "cancel/preview"):
        assert problem(site.post(f"subscriptions/{bought.public_id}/{act}", body)) == (status, code)
    with tenant(shop.id):
        now = Subscription.objects.get(pk=bought.pk)
        assert (now.status, now.service_ends_on, CreditNote.objects.count()) == ("active", None, 0)


def test_ended_at_once_its_paid_period_goes_back_to_the_card(site, shop, bought):
    address = f"subscriptions/{bought.public_id}"
    body = {"when": "now", "refund": "full", "reason": "Bought by mistake"}
    seen = site.post(f"{address}/cancel/preview", body).json()
    today = shop.now().today.isoformat()
    assert (seen["ends_on"], seen["amount_due"], seen["features_kept"]) == (today, 0, [])
    (credit,) = seen["credits"]
    assert credit["total"] == credit["to_refund"] == seen["amount_refunded"] == seen["amount_credited"] > 0
    with tenant(shop.id):
        assert CreditNote.objects.count() == 0

    told = site.post(f"{address}/cancel", body).json()
    assert (told["status"], told["ends_on"], told["access"]["verdict"]) == ("ended", today, "none")
    with tenant(shop.id):
        note = CreditNote.objects.get()
        assert (note.gross, note.to_refund, note.reason) == (credit["total"], credit["total"], "Bought by mistake")
        assert Invoice.objects.count() == 1
    assert problem(site.post(f"{address}/cancel", body)) == (409, "subscription_not_running")


def test_a_subscription_is_told_as_it_was(site, shop, bought):
    address = f"subscriptions/{bought.public_id}"
    with tenant(shop.id):
        made, paid = Change.objects.filter(subject_id=bought.pk).order_by("id").values_list("recorded_at", flat=True)
    site.post(f"{address}/cancel", {})
    before = made.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
    after = paid.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
    assert site.get(f"{address}?as_of={before}").json()["status"] == "incomplete"
    known = site.get(f"{address}?known_at={after}").json()
    assert (known["status"], known["ends_on"]) == ("active", None)
    assert site.get(address).json()["ends_on"] is not None
    assert site.get(f"{address}?as_of=2001-01-01T00:00:00Z").status_code == 404


def test_a_consumer_withdraws_and_what_was_not_had_goes_back(site, shop, bought):
    address = f"subscriptions/{bought.public_id}"
    seen = site.post(f"{address}/withdraw/preview", {}).json()
    assert set(seen) == set(WithdrawPreviewShape.__annotations__)
    assert (seen["credit"], seen["amount_due"]) == ("prorated", 0)
    assert seen["amount_credited"] == seen["amount_refunded"] == sum(one["total"] for one in seen["credits"]) > 0
    with tenant(shop.id):
        assert CreditNote.objects.count() == 0
    assert problem(site.post(f"{address}/withdraw", {"credit": "half"})) == (422, "invalid_choice")
    told = site.post(f"{address}/withdraw", {"reason": "Changed my mind"}).json()
    assert (told["status"], told["end_reason"], told["cancel_reason"]) == ("ended", "withdrawn", "Changed my mind")
    with tenant(shop.id):
        assert CreditNote.objects.get().gross == seen["amount_credited"]
    for act in ("withdraw", "withdraw/preview"):
        assert problem(site.post(f"{address}/{act}", {})) == (409, "subscription_not_running")


def test_the_fee_of_an_early_end_is_told_before_it_is_asked(site, shop):
    fee = {"formula": "flat", "amount": 15_00, "percent": None, "later_from": None, "later_percent": None}
    stages = ("month", None, 5_00)
    bound = shop.buy(shop.enrol("b"), shop.offer("bound", stages, commitment_intervals=12, early_end=fee)).subscription
    address = f"subscriptions/{bound.public_id}/cancel"
    seen = site.post(f"{address}/preview", {"when": "now"}).json()
    assert (seen["early_end_fee"], seen["amount_due"], seen["early_end_line"]["kind"]) == (15_00, 15_00, "early_end")
    waived = {"when": "now", "waive_commitment": True, "reason": "Moves abroad"}
    assert site.post(f"{address}/preview", waived).json()["early_end_fee"] == 0
    told = site.post(address, {"when": "now"}).json()
    assert told["ends_with"] == {"early_end_fee": True, "refund": "none", "to": "refund"}
    with tenant(shop.id):
        assert sorted(Invoice.objects.values_list("gross", flat=True)) == [5_00, 15_00]
