"""`/subscriptions`: another offer, quantity, an option more or less; now, planned, billed later, paid first."""

from __future__ import annotations

import pytest

from billing.api.change_shapes import ChangePreviewShape
from billing.api.charges import ChargeShape
from billing.api.subscribing import SubscribedShape
from billing.models import CheckoutSession
from invoices.models import CreditNote, Invoice
from merchants.tenancy.scope import tenant
from tests.api.callers import faults, problem
from tests.api.subscribed import told_of

pytestmark = pytest.mark.django_db(transaction=True)


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
