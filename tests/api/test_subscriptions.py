"""`/subscriptions`: read as they are and as they were, expanded; cancelled at the period's end, and taken back."""

from __future__ import annotations

import pytest

from billing.api.change_shapes import ChangePreviewShape
from billing.api.charges import ChargeShape
from billing.api.subscribing import SubscribedShape, SubscriptionPreviewShape
from billing.models import CheckoutSession
from billing.selectors.answers import SubscriptionShape
from billing.selectors.leaving_answers import CancelPreviewShape, WithdrawPreviewShape
from invoices.models import CreditNote, Invoice, Payment
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription
from tests.api.callers import faults, problem

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


def told_of(site, body, **more):
    return site.make("subscriptions", {"subscriber": "ref:lucie", "offer": "ref:hifi", **body, **more})


@pytest.fixture
def sold(shop):
    extra = shop.option("extra", 2_00)
    shop.offer("hifi", ("month", None, 12_99), options=[extra])
    shop.coupon("WELCOME", percent_off=10, duration="once")
    return shop.enrol("lucie")


def test_a_subscription_begun_now_is_told_whole_with_its_open_invoice(site, shop, sold):
    body = {
        "activation": "now",
        "channel": "call_centre",
        "reference": "S-1",
        "quantity": 2,
        "options": [{"option": "ref:extra", "quantity": 3}],
        "coupons": ["ref:welcome"],
        "billing_day": shop.now().today.day,
        "metadata": {"shelf": "3"},
    }
    seen = site.post("subscriptions/preview", {"subscriber": "ref:lucie", "offer": "ref:hifi", **body})
    assert seen.status_code == 200 and set(seen.json()) == set(SubscriptionPreviewShape.__annotations__)
    with tenant(shop.id):
        assert not Subscription.objects.exists()
    told = told_of(site, body)
    assert set(told) == set(SubscribedShape.__annotations__)
    assert (told["status"], told["activation"], told["channel"]) == ("active", "now", "call_centre")
    assert (told["reference"], told["quantity"], told["metadata"]) == ("S-1", 2, {"shelf": "3"})
    assert told["checkout_session"] is None
    invoice = site.get(f"invoices/{told['latest_invoice']}").json()
    total = 25_98 - 2_60 + 6_00 - 60
    assert (invoice["status"], invoice["total"], invoice["amount_due"]) == ("open", total, total)
    (document,) = seen.json()["documents"]
    assert (seen.json()["amount_due"], document["total"], document["tax"]) == (total, total, invoice["tax"])
    assert document["period"] == seen.json()["current_period"] == told["current_period"]
    assert [later["amount"] for later in seen.json()["later"]] == [31_98]
    with tenant(shop.id):
        assert set(Change.objects.filter(subscription_id=Subscription.objects.get().pk).values_list("channel")) == {
            ("call_centre",)
        }


def test_channels_decide_where_nothing_is_said(site, shop, sold):
    assert told_of(site, {"channel": "counter"})["activation"] == "now"
    assert problem(site.post("subscriptions", {"subscriber": "ref:lucie", "offer": "ref:hifi"})) == (
        409,
        "payment_method_missing",
    )
    shop.method(sold)
    paid = told_of(site, {})
    assert (paid["activation"], paid["status"], paid["checkout_session"]) == ("on_payment", "active", None)


def test_one_key_begins_one_subscription_and_charges_once(site, shop, sold):
    shop.method(sold)
    for activation in ("on_payment", "now"):
        body = {"subscriber": "ref:lucie", "offer": "ref:hifi", "activation": activation}
        first, second = (site.post("subscriptions", body, key=f"k-{activation}") for _ in range(2))
        assert first.status_code == 201 and first.content == second.content
        assert second["Idempotent-Replayed"] == "true"
    with tenant(shop.id):
        assert (Subscription.objects.count(), Invoice.objects.count(), Payment.objects.count()) == (2, 2, 1)


def test_a_refused_card_leaves_a_form_that_takes_another(site, shop, sold):
    shop.method(sold, "pm_card_chargeCustomerFail")
    told = told_of(site, {})
    assert (told["status"], told["latest_invoice"]) == ("incomplete", None)
    assert told["checkout_session"]["status"] == "open" and told["checkout_session"]["url"]
    assert told["checkout_session"]["quote"]["total"] == 12_99


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"subscriber": "ref:nobody"}, ("subscriber", "not_found")),
        ({"offer": "ref:nothing"}, ("offer", "not_found")),
        ({"options": [{"option": "ref:nothing"}]}, ("options[0].option", "not_found")),
        ({"coupons": ["ref:nothing"]}, ("coupons[0]", "not_found")),
        ({"payment_method": "pm_nothing"}, ("payment_method", "not_found")),
        ({"site": "ref:nowhere"}, ("site", "not_found")),
        ({"quantity": 0}, ("quantity", "out_of_range")),
        ({"billing_day": 32}, ("billing_day", "out_of_range")),
        ({"start_on": "1999-01-01"}, ("start_on", "start_on_out_of_range")),
        ({"start_on": "2026-02-30"}, ("start_on", "not_a_day")),
        ({"channel": "portal"}, ("channel", "invalid_choice")),
        ({"status": "active"}, ("status", "field_read_only")),
    ],
)
def test_what_cannot_be_sold_is_refused_by_its_field_and_leaves_nothing(site, shop, sold, given, fault):
    body = {"subscriber": "ref:lucie", "offer": "ref:hifi", "activation": "now", **given}
    assert fault in faults(site.post("subscriptions", body))
    assert fault in faults(site.post("subscriptions/preview", body))
    with tenant(shop.id):
        assert not Subscription.objects.exists()


def test_a_reference_is_taken_once(site, shop, sold):
    told_of(site, {"activation": "now", "reference": "S-1"})
    body = {"subscriber": "ref:lucie", "offer": "ref:hifi", "activation": "now", "reference": "S-1"}
    assert problem(site.post("subscriptions", body)) == (409, "reference_taken")


def test_what_is_planned_is_previewed_shown_and_taken_back(site, shop, sold):
    shop.offer("high", ("month", None, 20_00))
    told = told_of(site, {"activation": "now", "options": [{"option": "ref:extra"}]})
    at = f"subscriptions/{told['id']}"
    (own,) = told["options"]
    assert (own["quantity"], own["ends_on"], told["scheduled"]) == (1, None, [])
    asks = {
        "set_quantity": ({"quantity": 3}, 40_97),
        "remove_option": ({"option": "ref:extra"}, 38_97),
        "add_option": ({"option": "ref:extra", "quantity": 2}, 42_97),
        "change_offer": ({"offer": "ref:high", "quantity": 2}, 44_00),
    }
    for action, (body, due) in asks.items():
        body = {**body, "when": "period_end"}
        seen = site.post(f"{at}/{action}/preview", body)
        assert seen.status_code == 200 and set(seen.json()) == set(ChangePreviewShape.__annotations__)
        assert (seen.json()["amount_due"], seen.json()["due_on"]) == (due, told["current_period"]["end"])
        before = site.get(at).json()["scheduled"]
        done = site.post(f"{at}/{action}", body)
        assert done.status_code == 200
        (new,) = [one for one in done.json()["scheduled"] if one not in before]
        assert (new["kind"], new["due_on"]) == (action, told["current_period"]["end"])
    planned = {one["kind"]: one for one in site.get(at).json()["scheduled"]}
    assert planned["remove_option"]["options"] == [{"id": own["id"], "option": own["option"], "quantity": None}]
    assert planned["add_option"]["options"] == [{"id": own["id"], "option": own["option"], "quantity": 2}]
    assert (planned["change_offer"]["quantity"], planned["change_offer"]["offer_version"]) == (2, 1)
    more = {"option": "ref:extra", "when": "period_end"}
    assert faults(site.post(f"{at}/add_option", more)) == [("options[0]", "option_not_sold_with_offer")]
    left = site.post(f"{at}/undo_scheduled", {"kind": "change_offer"}).json()["scheduled"]
    assert [one["kind"] for one in left] == ["set_quantity", "remove_option", "add_option"]
    assert site.post(f"{at}/undo_scheduled").json()["scheduled"] == []
    assert problem(site.post(f"{at}/undo_scheduled", {"kind": "set_quantity"})) == (409, "nothing_to_undo")


def test_a_change_now_is_previewed_made_and_told(site, shop, sold):
    shop.offer("high", ("month", None, 20_00))
    told = told_of(site, {"activation": "now"})
    at, body = f"subscriptions/{told['id']}", {"offer": "ref:high", "reason": "wants more"}
    seen = site.post(f"{at}/change_offer/preview", body).json()
    assert set(seen) == set(ChangePreviewShape.__annotations__)
    assert (seen["when"], seen["due_on"]) == ("now", told["current_period"]["start"])
    assert (seen["amount_due"], seen["amount_credited"]) == (20_00, 12_99)  # the day it began: all of both
    ((credit,), (document,)) = (seen["credits"], seen["documents"])
    assert (credit["total"], credit["to_invoice"], document["total"]) == (12_99, 12_99, 20_00)
    with tenant(shop.id):
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 0)
    done = site.post(f"{at}/change_offer", body)
    assert (done.status_code, done.json()["scheduled"]) == (200, [])
    assert done.json()["current_period"] == told["current_period"]
    with tenant(shop.id):
        assert list(Invoice.objects.order_by("id").values_list("gross", "status")) == [
            (12_99, "cancelled"),
            (20_00, "open"),
        ]
        assert CreditNote.objects.get().reason == "wants more"
    for action, wish in (("change_offer", {"offer": "ref:high"}), ("set_quantity", {"quantity": 1, "when": "now"})):
        assert problem(site.post(f"{at}/{action}", wish)) == (409, "nothing_changes")
        assert problem(site.post(f"{at}/{action}/preview", wish)) == (409, "nothing_changes")


def test_a_change_is_billed_with_the_next_document(site, shop, sold):
    shop.offer("year", ("year", None, 99_00))
    told = told_of(site, {"activation": "now"})
    at, body = f"subscriptions/{told['id']}", {"quantity": 3, "when": "now", "invoice": "next"}
    seen = site.post(f"{at}/set_quantity/preview", body).json()
    (line,) = seen["waiting"]
    assert (seen["amount_due"], seen["amount_credited"], seen["documents"]) == (0, 12_99, [])
    assert line["amount"] == 38_97
    assert seen["later"][0]["amount"] == 2 * 38_97
    done = site.post(f"{at}/set_quantity", body)
    assert (done.status_code, done.json()["quantity"]) == (200, 3)
    (charge,) = site.get(f"charges?subscription={told['id']}").json()["data"]
    assert set(charge) == set(ChargeShape.__annotations__)
    assert (charge["origin"], charge["amount"], charge["status"]) == ("change", 38_97, "waiting")
    assert charge["period"] == told["current_period"]
    with tenant(shop.id):
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 1)
    other = {"offer": "ref:year", "when": "now", "invoice": "next"}
    assert problem(site.post(f"{at}/change_offer/preview", other)) == (409, "new_period_begins")
    assert problem(site.post(f"{at}/change_offer", other)) == (409, "new_period_begins")
    assert faults(site.post(f"{at}/set_quantity", {"quantity": 2, "invoice": "never"})) == [
        ("invoice", "invalid_choice")
    ]


def test_a_change_is_made_only_if_it_is_paid(site, shop, sold):
    shop.offer("high", ("month", None, 20_00))
    told = told_of(site, {"activation": "now"})
    at, body = f"subscriptions/{told['id']}", {"offer": "ref:high", "only_if_paid": True}
    seen = site.post(f"{at}/change_offer/preview", body).json()
    assert (seen["amount_due"], seen["amount_credited"], seen["paid_first"]) == (20_00, 12_99, 20_00)
    first = site.post(f"{at}/change_offer", body, key="once")
    assert first.status_code == 200 and set(first.json()) == set(SubscribedShape.__annotations__)
    session = first.json()["checkout_session"]
    assert (session["status"], session["purpose"], session["quote"]["total"]) == ("open", "change", 20_00)
    assert first.json()["offer"] == told["offer"] and first.json()["quantity"] == told["quantity"]
    assert site.post(f"{at}/change_offer", body, key="once").json() == first.json()
    with tenant(shop.id):
        row = CheckoutSession.objects.get(subscription__isnull=False, asked__isnull=False)
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 0)
    shop.press(row)
    assert shop.look(row).status == "complete"
    after = site.get(at).json()
    assert after["offer"] != told["offer"]
    for wish, fault in (
        ({"when": "period_end"}, ("when", "only_if_paid_counts_now")),
        ({"invoice": "next"}, ("invoice", "only_if_paid_is_billed_now")),
        ({"only_if_paid": "yes"}, ("only_if_paid", "not_a_flag")),
    ):
        assert faults(site.post(f"{at}/set_quantity", {"quantity": 5, "only_if_paid": True, **wish})) == [fault]


def test_an_option_is_given_with_a_reason(site, shop, sold):
    shop.option("alien", 1_00)
    told = told_of(site, {"activation": "now"})
    at = f"subscriptions/{told['id']}"
    gift = {"option": "ref:alien", "complimentary": True, "reason": "the outage", "periods": 2}
    assert faults(site.post(f"{at}/add_option", {**gift, "reason": ""})) == [("reason", "reason_required")]
    assert faults(site.post(f"{at}/add_option", {"option": "ref:extra", "periods": 2})) == [
        ("periods", "only_for_gifts")
    ]
    seen = site.post(f"{at}/add_option/preview", gift).json()
    assert (seen["amount_due"], seen["amount_credited"], seen["documents"]) == (0, 0, [])
    assert site.get(at).json()["options"] == []
    (held,) = site.post(f"{at}/add_option", gift).json()["options"]
    assert (held["complimentary"], held["reason"], held["periods"]) == (True, "the outage", 2)
    (planned,) = site.post(f"{at}/add_option", {**gift, "when": "period_end"}).json()["scheduled"]
    assert planned["options"][0]["quantity"] == 1


@pytest.mark.parametrize(
    ("action", "body", "fault"),
    [
        ("set_quantity", {"quantity": 3, "when": "soon"}, ("when", "invalid_choice")),
        ("set_quantity", {"quantity": 0}, ("quantity", "out_of_range")),
        ("change_offer", {"offer": "ref:hifi", "anchor": "drag"}, ("anchor", "invalid_choice")),
        ("change_offer", {"offer": "ref:dollars"}, ("offer", "offer_currency_mismatch")),
        ("add_option", {"option": "ref:alien", "when": "now"}, ("options[0]", "option_not_sold_with_offer")),
        ("set_quantity", {"quantity": 0, "when": "period_end"}, ("quantity", "out_of_range")),
        ("remove_option", {"option": "ref:extra", "when": "period_end"}, ("option", "not_found")),
        ("add_option", {"option": "ref:alien", "when": "period_end"}, ("options[0]", "option_not_sold_with_offer")),
        ("change_offer", {"offer": "ref:nothing", "when": "period_end"}, ("offer", "not_found")),
        ("undo_scheduled", {"kind": "sleep"}, ("kind", "invalid_choice")),
    ],
)
def test_what_cannot_be_planned_is_refused_by_its_field(site, shop, sold, action, body, fault):
    shop.option("alien", 1_00)
    shop.offer("dollars", ("month", None, 10_00), currency="USD")
    told = told_of(site, {"activation": "now"})
    assert faults(site.post(f"subscriptions/{told['id']}/{action}", body)) == [fault]
    if action != "undo_scheduled":
        assert faults(site.post(f"subscriptions/{told['id']}/{action}/preview", body)) == [fault]
    assert site.get(f"subscriptions/{told['id']}").json()["scheduled"] == []


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
