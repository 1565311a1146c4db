"""Cancelling in the office: previewed, done, taken back; each way to end with its sums; what binds and costs."""

from __future__ import annotations

import re

import pytest

from invoices.models import CreditNote, Invoice
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription
from tests.pages.desks import desk, hifi, sit, url
from tests.pages.hosted import text_of

__all__ = ["desk", "hifi"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_cancelling_is_previewed_done_and_taken_back(shop, hifi, desk):
    lucie = shop.enrol("lucie")
    shop.buy(lucie, hifi)
    with tenant(shop.id):
        row = Subscription.objects.get()
    address = url(shop, "subscription-cancel", subscription=row.public_id)
    said = text_of(desk.get(address))
    assert "Cancel Onde Hifi Lucie Garnier" in said
    assert "No longer charged" in said
    assert "€6.99" in said
    assert "Given back what is paid is kept to its end €0.00 To pay now €0.00" in said
    assert "quality" in said
    with tenant(shop.id):
        assert Subscription.objects.get().service_ends_on is None

    done = desk.post(address, {"way": "period_end", "reason": "Moves abroad"})
    assert done["Location"] == url(shop, "subscriber", subscriber=lucie.public_id)
    with tenant(shop.id):
        row = Subscription.objects.get()
        assert (row.service_ends_on, row.cancel_reason) == (row.current_period_end, "Moves abroad")
        change = Change.objects.filter(subject_id=row.pk).latest("id")
        assert (change.verb, change.channel, change.reason) == ("cancelled", "call_centre", "Moves abroad")
    coming_page = text_of(desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id)))
    assert "Last day of Onde Hifi" in coming_page
    assert "€" not in coming_page

    back = url(shop, "subscription-undo", subscription=row.public_id)
    said = text_of(desk.get(back))
    assert "Next charge" in said
    assert "€6.99" in said
    desk.post(back)
    with tenant(shop.id):
        assert Subscription.objects.get().service_ends_on is None
        assert Event.objects.filter(kind__startswith="subscription.cancellation").count() == 2
    assert "Nothing is cancelled" in text_of(desk.get(back))


def test_what_does_not_run_says_why_and_offers_no_button(shop, hifi, desk):
    row = shop.checkout(shop.enrol("a"), hifi).subscription
    page = desk.get(url(shop, "subscription-cancel", subscription=row.public_id), headers={"HX-Request": "true"})
    assert "This subscription is not paid for yet." in text_of(page)
    assert 'type="submit"' not in page.content.decode()
    assert desk.post(url(shop, "subscription-cancel", subscription=row.public_id), {"way": "now"}).status_code == 422


def test_each_way_to_end_shows_its_sums_and_the_paid_period_is_given_back(shop):
    row = shop.buy(shop.enrol("a"), shop.offer("plain", ("month", None, 5_00))).subscription
    address = url(shop, "subscription-cancel", subscription=row.public_id)
    desk = sit(shop, "support")
    assert "€0.00" in text_of(desk.get(address, {"way": "now"}))
    said = text_of(desk.get(address, {"way": "now_full"}))
    assert "Credit note €5.00" in said and "every feature stops at once" in said and "When" not in said
    done = desk.post(address, {"way": "now_full", "reason": ""})
    assert done.status_code == 302
    with tenant(shop.id):
        note = CreditNote.objects.get()
        assert (Subscription.objects.get().status, note.gross) == ("ended", note.invoice.gross)


def test_a_commitment_binds_until_who_may_waives_it_with_a_reason(shop):
    bound = shop.offer("Bound", ("month", None, 5_00), commitment_intervals=12)
    row = shop.buy(shop.enrol("a"), bound).subscription
    address = url(shop, "subscription-cancel", subscription=row.public_id)
    desk = sit(shop, "support")
    said = text_of(desk.get(address, {"way": "now"}))
    assert re.search(r"bind it until \d+ [A-Z][a-z]+ 20\d\d", said), said
    refused = desk.post(address, {"way": "now"})
    assert refused.status_code == 422 and "bind it until" in text_of(refused)
    unsaid = desk.post(address, {"way": "now", "waive": "on"})
    assert unsaid.status_code == 422 and "Say why its commitment is waived" in text_of(unsaid)
    with tenant(shop.id):
        assert Subscription.objects.get().status == "active"
    assert desk.post(address, {"way": "now", "waive": "on", "reason": "Moves abroad"}).status_code == 302
    with tenant(shop.id):
        assert (Subscription.objects.get().status, CreditNote.objects.count()) == ("ended", 0)


def test_leaving_early_on_a_day_says_its_fee_and_how_it_came_about(shop):
    fee = {"formula": "remaining", "percent": "50"}
    bound = shop.offer("Bound", ("month", None, 5_00), commitment_intervals=12, early_end=fee)
    row = shop.buy(shop.enrol("a"), bound).subscription
    address = url(shop, "subscription-cancel", subscription=row.public_id)
    desk = sit(shop, "support")
    unsaid = desk.post(address, {"way": "day"})
    assert unsaid.status_code == 422 and "Say on which day." in text_of(unsaid)
    day = row.current_period_end.isoformat()
    said = text_of(desk.get(address, {"way": "day", "day": day}))
    assert "Fee for leaving early 55.00 × 50% = 27.50, commitment until" in said
    assert "billed when that day comes €27.50" in said and "To pay now €0.00" in said
    assert desk.post(address, {"way": "day", "day": day, "reason": "Moves"}).status_code == 302
    with tenant(shop.id):
        planned = Subscription.objects.get()
        assert (planned.service_ends_on, planned.owes_early_end) == (row.current_period_end, True)
        assert Invoice.objects.count() == 1


def test_who_may_not_change_subscriptions_may_look_and_no_more(shop, hifi):
    row = shop.buy(shop.enrol("a"), hifi).subscription
    reader = sit(shop, "read_only")
    address = url(shop, "subscription-cancel", subscription=row.public_id)
    assert reader.get(address).status_code == 200
    assert reader.post(address).status_code == 403
    with tenant(shop.id):
        assert Subscription.objects.get().service_ends_on is None
