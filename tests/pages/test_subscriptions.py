"""Billing in the office: the list, what comes next, cancelling with its preview, the simulator."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.engine.quoting import coming
from billing.flows import change, schedule
from billing.flows.asks import ChangeOffer, RemoveOption, SetQuantity
from billing.flows.change import Changing
from billing.flows.purchase import told_later
from billing.flows.usage import Reported, record_usage
from billing.models import Quote
from billing.selectors.snapshots import snapshots
from invoices.models import CreditNote
from merchants.clock import instant
from merchants.metered import UsageTerm, usage_json
from merchants.models import Feature
from merchants.models import TestClock as Clock
from merchants.tenancy.scope import tenant
from merchants.terms import OfferTerms, StageTerm
from merchants.terms_text import write_terms
from merchants.wording import short_date_text
from subscribers import history
from subscribers.models import Change, Subscription, SubscriptionOption
from subscribers.pages.stages import Span, spans
from subscribers.selectors.offers_had import entered_on
from subscribers.selectors.pictures import offer_pictures
from subscribers.services import enrolment
from tests.pages.desks import desk, hifi, url
from tests.pages.hosted import text_of
from tests.worlds import version_of

__all__ = ["desk", "hifi"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_what_comes_next_is_what_the_quote_promised(shop, hifi, desk):
    coupon = shop.coupon("WELCOME", percent_off=20, duration="repeating", periods=2)
    lucie = shop.enrol("lucie")
    session = shop.buy(lucie, hifi, options=[shop.made["device"]], coupons=[coupon])
    with tenant(shop.id):
        row = Subscription.objects.get()
        picture = snapshots([row], shop.merchant)[row.pk]
        assert told_later(coming(picture)) == Quote.objects.get(id=session.quote_id).later
    page = desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id))
    said = text_of(page)
    assert "Each month, 2 times: 5.59 + 1.60 €7.19" in said
    assert "Once: 6.99 + 2.00 €8.99" in said
    assert "Each month: 12.99 + 2.00 €14.99" in said


def test_what_is_planned_is_said_and_counted_in(shop, hifi, desk):
    lucie = shop.enrol("lucie")
    row = shop.buy(lucie, hifi, options=[shop.made["device"]]).subscription
    high = shop.offer("high", ("month", None, 20_00))
    with tenant(shop.id):
        own = SubscriptionOption.objects.get().pk
    asks = (ChangeOffer(offer=high), SetQuantity(quantity=3), RemoveOption(option_id=own))
    for ask in asks:
        schedule.schedule(merchant_id=shop.id, subscription_id=row.pk, ask=ask, actor=shop.actor)
    said = text_of(desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id)))
    for words in ("Moves to high", "Quantity becomes 3", "Without Device", "Each month €60.00"):
        assert words in said, said
    assert "12.99" not in said


def test_an_offer_for_the_same_quantity_says_no_quantity(shop, hifi, desk):
    lucie = shop.enrol("lucie")
    row = shop.buy(lucie, hifi, options=[shop.made["device"]]).subscription
    high = shop.offer("high", ("month", None, 20_00))
    ask = ChangeOffer(offer=high, quantity=1)
    schedule.schedule(merchant_id=shop.id, subscription_id=row.pk, ask=ask, actor=shop.actor)
    said = text_of(desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id)))
    assert "Moves to high" in said and "Quantity becomes" not in said, said
    schedule.schedule(merchant_id=shop.id, subscription_id=row.pk, ask=replace(ask, quantity=2), actor=shop.actor)
    assert "Quantity becomes 2" in text_of(desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id)))


def test_a_purchase_not_paid_for_has_nothing_to_come(shop, hifi, desk):
    lucie = shop.enrol("lucie")
    shop.checkout(lucie, hifi)
    page = desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id))
    assert (page.status_code, text_of(page)) == (200, "")


def test_the_list_shows_views_and_filters_by_offer(shop, hifi, desk):
    plain = shop.offer("Plain", ("month", None, 5_00))
    shop.buy(shop.enrol("a", name="Ada"), hifi)
    shop.buy(shop.enrol("b", name="Blaise"), plain)
    shop.checkout(shop.enrol("c", name="Claude"), plain)
    live = text_of(desk.get(url(shop, "subscriptions")))
    assert "Ada" in live
    assert "Blaise" in live
    assert "Claude" not in live
    assert "Claude" in text_of(desk.get(url(shop, "subscriptions") + "?view=incomplete"))
    trial = text_of(desk.get(url(shop, "subscriptions") + "?view=trial"))
    assert "Ada" in trial
    assert "Blaise" not in trial
    narrowed = text_of(desk.get(url(shop, "subscriptions") + f"?offer={plain.public_id}"))
    assert "Blaise" in narrowed
    assert "Ada" not in narrowed
    assert "Nothing in this view" in text_of(desk.get(url(shop, "subscriptions") + "?view=unpaid"))
    assert desk.get(url(shop, "subscriptions") + "?view=xx&offer=off_1&cursor=zz").status_code == 200


def test_the_list_takes_as_many_queries_for_many_as_for_one(shop, hifi, desk):
    shop.buy(shop.enrol("one"), hifi)
    desk.get(url(shop, "subscriptions"))
    with CaptureQueriesContext(connection) as first:
        desk.get(url(shop, "subscriptions"))
    for at in range(4):
        shop.buy(shop.enrol(f"s{at}"), hifi)
    with CaptureQueriesContext(connection) as second:
        desk.get(url(shop, "subscriptions"))
    assert len(second) == len(first)


def draft(**more) -> str:
    stages = (
        StageTerm(interval="month", amount=0, recurrences=1),
        StageTerm(interval="month", amount=6_99, recurrences=2),
        StageTerm(interval="month", amount=12_99),
    )
    terms = {"title": {"en": "Hifi"}, "currency": "EUR", "tax_behavior": "inclusive", "stages": stages, **more}
    return write_terms(OfferTerms(**terms))


def test_the_simulator_says_each_charge_on_its_own_day(shop, desk):
    asked = {"draft": draft(), "buys_on": "2027-01-31"}
    said = text_of(desk.get(url(shop, "offer-simulation"), asked))
    days = ["31 Jan 2027", "28 Feb 2027", "31 Mar 2027", "30 Apr 2027", "31 May 2027"]
    assert [day for day in days if day in said] == days
    assert said.index("28 Feb 2027") < said.index("€6.99") < said.index("€12.99")
    assert said.count("€6.99") == 2


def test_the_simulator_takes_an_option_and_says_what_is_wrong(shop, desk):
    device = shop.option("Device", 2_00)
    asked = {"draft": draft(), "buys_on": "2027-01-31", "option": device.public_id}
    assert "€8.99" in text_of(desk.get(url(shop, "offer-simulation"), asked))
    yearly = draft(stages=(StageTerm(interval="year", amount=100_00),))
    refused = text_of(desk.get(url(shop, "offer-simulation"), {**asked, "draft": yearly}))
    assert "This option has no price for a period of 1 year." in refused
    assert desk.get(url(shop, "offer-simulation"), {"draft": "{}"}).status_code == 200
    today = desk.get(url(shop, "offer-simulation"), {"draft": draft(), "buys_on": "yesterday"})
    assert short_date_text(shop.now().today, "en") in text_of(today)


def test_a_life_on_a_test_clock_is_told_by_its_own_day(shop, hifi, desk):
    with tenant(shop.id):
        clock = Clock.objects.create(time=instant() + timedelta(days=800), created_at=instant())
        ada = enrolment.enrol(
            {"name": "Ada"}, merchant=shop.merchant, actor=shop.actor, now=shop.now(), test_clock_id=clock.pk
        )
    shop.buy(ada, hifi)
    said = text_of(desk.get(url(shop, "subscriber-coming", subscriber=ada.public_id)))
    with tenant(shop.id):
        period = Subscription.objects.get().current_period_end
    assert period.year >= clock.time.year
    assert short_date_text(period, "en", today=clock.time.date()) in said


@pytest.mark.parametrize(
    "name",
    ["subscription-cancel", "subscription-undo", "subscription-suspend", "subscription-resume", "subscription-move"],
)
def test_a_dialog_opened_by_its_address_is_a_page_that_shows_it(shop, hifi, desk, name):
    """Without a script, or from a bookmark: open, in the office's frame, with a way back; alone where the page asks."""
    lucie = shop.enrol("lucie")
    row = shop.buy(lucie, hifi).subscription
    address = url(shop, name, subscription=row.public_id)
    page = desk.get(address).content.decode()
    assert '<dialog class="dialog" id="dialog" open' in page
    assert page.count('<main class="sheet"') == 1
    assert url(shop, "subscriber", subscriber=lucie.public_id) in page
    asked = desk.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<main" not in asked and "data-open" in asked


def test_what_was_used_so_far_stands_on_the_subscriber_s_page(shop, desk):
    with tenant(shop.id):
        told = {"kind": "metered", "created_at": shop.now().at}
        calls = Feature.objects.create(reference="calls", aggregation="sum", title={"en": "Calls"}, **told)
        seats = Feature.objects.create(reference="seats", aggregation="unique", title={"en": "Seats"}, **told)
    prices = [
        UsageTerm(feature=calls.pk, model="package", unit_price="5.00", package_size="100"),
        UsageTerm(feature=seats.pk, model="per_unit", unit_price="4"),
    ]
    lucie = shop.enrol("lucie")
    row = shop.subscribe(lucie, shop.offer("api", ("month", None, 20_00, {"usage": usage_json(prices)})))
    record = Reported(subscription=row.pk, feature=calls.pk, at=shop.now().at, key="1", quantity=Decimal("120.5"))
    record_usage(merchant_id=shop.id, records=[record], actor=shop.actor)
    said = text_of(desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id)))
    assert "Calls 120.5 120.5 in packages of 100: 2 × 5.00 = 10.00" in said
    assert "€10.00 Seats 0 €0.00" in said
    assert "Once: 10.00 + 20.00 €30.00" in said


def test_suspended_from_its_page_and_resumed(shop, hifi, desk):
    row = shop.buy(shop.enrol("lucie"), hifi).subscription
    address = url(shop, "subscription-suspend", subscription=row.public_id)
    assert "To pay now" in text_of(desk.get(address))
    asked = {"from_on": shop.now().today.isoformat(), "billing": "stop", "makes_good": "move_renewal", "reason": "away"}
    assert "To pay now" in text_of(desk.get(address, asked))
    assert desk.post(address, asked).status_code == 302
    with tenant(shop.id):
        assert Subscription.objects.get().status == "suspended"
    assert desk.post(address, asked).status_code == 422
    back = url(shop, "subscription-resume", subscription=row.public_id)
    assert desk.post(back, {"on": shop.now().today.isoformat(), "reason": ""}).status_code == 302
    with tenant(shop.id):
        assert Subscription.objects.get().status == "trialing"  # its free stage goes on


def test_a_renewal_is_moved_from_its_page(shop, hifi, desk):
    row = shop.buy(shop.enrol("lucie"), hifi).subscription
    address = url(shop, "subscription-move", subscription=row.public_id)
    asked = {"date": "2020-01-01", "added_days": "free", "reason": ""}
    assert desk.post(address, asked).status_code == 422


def test_a_planned_suspension_is_told_and_taken_back_from_the_page(shop, desk):
    lucie = shop.enrol("lucie")
    row = shop.buy(lucie, shop.offer("plain", ("month", None, 31_00))).subscription
    today = shop.now().today
    first, again = today + timedelta(days=5), today + timedelta(days=12)
    asked = {"from_on": first.isoformat(), "until_on": again.isoformat(), "billing": "stop", "makes_good": "none"}
    assert desk.post(url(shop, "subscription-suspend", subscription=row.public_id), asked).status_code == 302
    page_of = url(shop, "subscriber", subscriber=lucie.public_id)
    coming_of = url(shop, "subscriber-coming", subscriber=lucie.public_id)
    back = url(shop, "subscription-unplan", subscription=row.public_id) + "?kind=suspend"
    assert "Take back the suspension…" in text_of(desk.get(page_of))
    told = desk.get(coming_of)
    assert back in told.content.decode()
    assert f"{short_date_text(first, 'en', today=today)} Suspended, billing stops" in text_of(told)
    assert f"{short_date_text(again, 'en', today=today)} Service again" in text_of(told)
    assert "Suspended, billing stops" in text_of(desk.get(back))
    with tenant(shop.id):
        assert Subscription.objects.get().suspended_from == first
    done = desk.post(url(shop, "subscription-unplan", subscription=row.public_id), {"kind": "suspend"})
    assert done["Location"] == page_of
    with tenant(shop.id):
        taken = Subscription.objects.get()
        assert (taken.suspended_from, taken.suspended_until, taken.suspension_stops_billing) == (None, None, False)
        assert Change.objects.filter(verb="suspension_undone", channel="call_centre").count() == 1
    assert "Suspended" not in text_of(desk.get(coming_of))
    assert "Nothing of this kind is planned." in text_of(desk.get(back))
    desk.post(url(shop, "subscription-unplan", subscription=row.public_id), {"kind": "suspend"})
    with tenant(shop.id):
        assert Change.objects.filter(verb="suspension_undone").count() == 1


def test_who_came_from_another_offer_is_told_neither_its_free_month_nor_its_name_before(shop, hifi, desk):
    lucie = shop.enrol("lucie", locale="fr")
    sub = shop.subscribe(lucie, shop.offer("Onde Essentiel", ("month", None, 6_99)))
    address = url(shop, "subscriber", subscriber=lucie.public_id)
    changing = Changing(when="now")
    change.change(
        merchant_id=shop.id, subscription_id=sub.pk, ask=ChangeOffer(offer=hifi), changing=changing, actor=shop.actor
    )
    said = text_of(desk.get(address))
    assert "€6.99 per month, 3 times" in said and "€12.99 per month" in said
    assert "€0.00" not in said.partition("What comes next")[0]
    assert "Change of Onde Hifi" in said and "Subscription to Onde Essentiel" in said
    assert "Subscription to Onde Hifi" not in said and "Purchase begun: Onde Essentiel" in said
    with tenant(shop.id):
        assert CreditNote.objects.get().reason == "Abonnement modifié en cours de période"
        row = Subscription.objects.select_related("offer_version").get()
        picture = offer_pictures([row.offer_version_id])[row.offer_version_id]
        came = entered_on([row.pk], shop.now())
    (first, launch), (last, normal) = spans(row, picture, entered=came[row.pk]).items()
    today = shop.now().today
    assert (first, last, came, launch.start, normal) == (1, 2, {row.pk: today}, today, Span(launch.end, None))
    row.stage_position, row.stage_started_on = 2, launch.end  # months later: what it had is told from the change on
    again = spans(row, picture, entered=today)
    assert (list(again), again[1].start) == ([1, 2], today)


def test_a_new_version_of_the_same_offer_is_no_other_offer(shop, desk):
    lucie, offer = shop.enrol("lucie"), shop.offer("Onde", ("month", 1, 0), ("month", None, 6_99))
    sub = shop.subscribe(lucie, offer)
    dearer = version_of(shop, offer, 8_99)
    with tenant(shop.id):
        row = Subscription.objects.get(id=sub.pk)
        moved = {"offer_version_id": dearer.pk, "stage_started_on": row.stage_started_on}
        history.update(row, moved, actor=shop.actor, now=shop.now(), verb="changed")
        assert entered_on([sub.pk], shop.now()) == {}
