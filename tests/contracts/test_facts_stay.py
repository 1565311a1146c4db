"""What is a fact stays so: the database refuses to raise or lower a capture, to forget a series' last day, to rewrite a
gesture, a batch, a campaign or who was in them; and what says nothing, where an empty value is no answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F

from billing.models import Campaign, CampaignMember
from invoices.models import NumberSeries, Payment
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Coupon
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, GestureBatch, GestureMember, ScheduledChange, Subscription

pytestmark = pytest.mark.django_db(transaction=True)
SAYS = {"reason": "the outage", "actor_kind": "user", "channel": "office"}


@pytest.fixture
def offer(shop):
    return shop.offer("hifi", ("month", None, 12_99))


@pytest.fixture
def bought(shop, offer):
    return shop.buy(shop.enrol("lucie"), offer)


@pytest.fixture
def batch(shop):
    with tenant(shop.id):
        return GestureBatch.objects.create(
            kind="amount", terms={"amount": 5_00}, currency="EUR", given_by="Ana", given_as="admin",
            created_at=instant(), **SAYS,
        )  # fmt: skip


@pytest.fixture
def campaign(shop, bought):
    with tenant(shop.id):
        row = Subscription.objects.get()
        return Campaign.objects.create(
            offer_id=row.offer_version.offer_id, to_version_id=row.offer_version_id, effect_on=date(2027, 1, 1),
            notice_days=30, begun_by="Ana", created_at=instant(), **SAYS,
        )  # fmt: skip


def refused(shop: Any, name: str, act: Callable[[], object]) -> None:
    """Whoever does it is refused by the rule of that name, and nothing is written."""
    with pytest.raises(IntegrityError) as error, tenant(shop.id):
        act()
    diag = getattr(error.value.__cause__, "diag", None)
    assert diag is not None and diag.constraint_name == name


def given(row: Subscription, **more: Any) -> Gesture:
    """A gesture of 5.00, or what `more` says instead."""
    wanted = {"kind": "amount", "amount": 5_00, "balance_entry_id": new_id(), **more}
    return Gesture(
        subscription=row, subscriber_id=row.subscriber_id, currency="EUR", cost=5_00, reason="the outage",
        given_on=date(2026, 1, 31), given_by="Ana", given_as="admin", created_at=instant(), **wanted,
    )  # fmt: skip


def test_a_capture_is_neither_raised_nor_lowered_and_a_refund_never_shrinks(shop, bought):
    with tenant(shop.id):
        payment = Payment.objects.get(status="succeeded")
    mine = lambda: Payment.objects.filter(id=payment.pk)  # noqa: E731 - asked inside the scope
    assert (payment.captured, payment.refunded) == (12_99, 0)
    for captured in (13_00, 12_98):
        refused(shop, "what_was_captured_stays_so", lambda captured=captured: mine().update(captured=captured))
    refused(shop, "what_was_captured_stays_so", lambda: mine().update(settled_at=instant()))
    with tenant(shop.id):
        mine().update(refunded=5_00)
    refused(shop, "what_was_captured_stays_so", lambda: mine().update(refunded=F("refunded") - 1))
    refused(shop, "refunds_never_exceed_the_capture", lambda: mine().update(refunded=13_00))
    with tenant(shop.id):
        assert mine().values_list("captured", "refunded").get() == (12_99, 5_00)


def test_only_what_succeeded_was_captured(shop, bought):
    with tenant(shop.id):
        paid = Payment.objects.get()
        tried = Payment.objects.create(
            payer_id=paid.payer_id, invoice_id=paid.invoice_id, account_id=paid.account_id, gateway=paid.gateway,
            means="card", amount=12_99, currency="EUR", status="failed", created_at=instant(), settled_at=instant(),
        )  # fmt: skip
    mine = lambda: Payment.objects.filter(id=tried.pk)  # noqa: E731 - asked inside the scope
    refused(shop, "only_what_succeeded_was_captured", lambda: mine().update(captured=12_99))
    with tenant(shop.id):  # a second capture that happens all the same has its own amount, and is a fact from then on
        mine().update(status="succeeded", captured=13_50, provider_ref="pi_late")
    refused(shop, "what_was_captured_stays_so", lambda: mine().update(captured=12_99))


def test_a_series_never_goes_back_nor_forgets_its_last_day(shop, bought):
    with tenant(shop.id):
        series = NumberSeries.objects.get(kind="invoice")
    mine = lambda: NumberSeries.objects.filter(id=series.pk)  # noqa: E731 - asked inside the scope
    earlier = series.last_on - timedelta(days=1)
    refused(shop, "a_series_only_grows", lambda: mine().update(last_on=earlier))
    refused(shop, "a_series_only_grows", lambda: mine().update(next_number=1))
    refused(shop, "a_series_keeps_its_last_day", lambda: mine().update(last_on=None))


NOTHING = {"amount": None, "balance_entry_id": None}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("a_gesture_says_what_it_gives", {"amount": None}),
        ("a_gesture_says_what_it_gives", {**NOTHING, "kind": "days", "moved": {"from": "", "to": ""}}),
        ("a_gesture_says_what_it_gives", {**NOTHING, "kind": "percent", "coupon_use_id": new_id()}),
        ("a_gesture_names_what_it_made", {"balance_entry_id": None}),
        ("a_gesture_names_what_it_made", {**NOTHING, "kind": "days", "days": 5}),
        ("a_gesture_never_costs_less_than_nothing", {"kept": -1}),
    ],
)
def test_a_gesture_says_what_it_gives_and_what_it_made(shop, bought, name, more):
    refused(shop, name, lambda: given(Subscription.objects.get(), **more).save(force_insert=True))


def test_a_gesture_stays_as_it_was_given(shop, bought):
    def act(**columns: object) -> None:
        gesture = given(Subscription.objects.get())
        gesture.save(force_insert=True)
        Gesture.objects.filter(id=gesture.pk).update(status="undone", undone_at=instant(), kept=1_00)
        Gesture.objects.filter(id=gesture.pk).update(**columns)

    for columns in ({"amount": 6_00}, {"cost": None}, {"given_as": "owner"}, {"status": "given", "undone_at": None}):
        refused(shop, "a_gesture_stays_as_it_was_given", lambda columns=columns: act(**columns))


def test_a_batch_goes_on_as_it_began_and_each_member_says_what_it_got(shop, bought, batch):
    with tenant(shop.id):
        member = GestureMember.objects.create(batch=batch, subscription=Subscription.objects.get())
    whole = lambda: GestureBatch.objects.filter(id=batch.pk)  # noqa: E731 - asked inside the scope
    one = lambda: GestureMember.objects.filter(id=member.pk)  # noqa: E731 - asked inside the scope
    rule = "a_member_of_a_batch_says_what_it_got_or_why_not"
    refused(shop, rule, lambda: one().update(status="given"))
    refused(shop, rule, lambda: one().update(status="refused"))
    refused(shop, "a_member_of_a_batch_goes_on_as_it_began", lambda: one().update(status="undone"))
    refused(shop, "a_batch_goes_on_as_it_began", lambda: whole().update(terms={"amount": 50_00}))
    refused(shop, "a_batch_goes_on_as_it_began", lambda: whole().update(status="undone", settled_at=instant()))
    refused(shop, "a_settled_batch_says_when", lambda: whole().update(status="given"))
    with tenant(shop.id):
        one().update(status="refused", code="subscription_over")
        whole().update(status="given", settled_at=instant())
    refused(shop, "a_member_of_a_batch_goes_on_as_it_began", lambda: one().update(status="waiting", code=""))
    refused(shop, "a_batch_goes_on_as_it_began", lambda: whole().update(status="giving", settled_at=None))


def test_a_campaign_goes_on_as_it_began_and_each_member_says_what_it_pays(shop, campaign):
    with tenant(shop.id):
        member = CampaignMember.objects.create(campaign=campaign, subscription=Subscription.objects.get())
    whole = lambda: Campaign.objects.filter(id=campaign.pk)  # noqa: E731 - asked inside the scope
    one = lambda: CampaignMember.objects.filter(id=member.pk)  # noqa: E731 - asked inside the scope
    rule = "a_member_of_a_campaign_says_what_it_pays_or_why_not"
    refused(shop, rule, lambda: one().update(status="scheduled", due_on=date(2027, 1, 1)))
    refused(shop, rule, lambda: one().update(status="skipped"))
    for columns in ({"effect_on": date(2026, 12, 1)}, {"notice_days": 0}, {"population": {"versions": [9]}}):
        refused(shop, "a_campaign_goes_on_as_it_began", lambda columns=columns: whole().update(**columns))
    refused(shop, "a_campaign_goes_on_as_it_began", lambda: whole().update(status="cancelled", settled_at=instant()))
    refused(shop, "a_settled_campaign_says_when", lambda: whole().update(status="announced"))
    with tenant(shop.id):
        one().update(status="skipped", code="stages_differ")
        whole().update(status="announced", settled_at=instant())
    refused(shop, "a_member_of_a_campaign_goes_on_as_it_began", lambda: one().update(status="waiting", code=""))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a_coupon_is_a_percentage_or_an_amount", {"percent_off": None}),
        ("a_repeating_coupon_says_how_often", {"duration": "repeating", "periods": None}),
    ],
)
def test_a_coupon_takes_something_off_and_says_how_often(shop, name, says):
    with tenant(shop.id):
        coupon = Coupon.objects.get(id=shop.coupon("TEN", percent_off=10, duration="once").pk)
    refused(shop, name, lambda: Coupon.objects.filter(id=coupon.pk).update(**says))


def test_a_period_has_both_its_days(shop, bought):
    refused(shop, "a_period_has_days", lambda: Subscription.objects.update(current_period_end=None))
    refused(shop, "a_period_has_days", lambda: Subscription.objects.update(current_period_start=None))


def test_nobody_is_moved_to_another_version_before_the_day_they_were_told(shop, bought):
    told = {"offer_version": "any", "campaign": "any", "not_before": "2027-03-01"}

    def planned(day: str, **more: Any) -> dict[str, Any]:
        sub = Subscription.objects.get()
        wish = {"kind": "move_version", "details": told, "created_at": instant(), **more}
        return {"subscription": sub, "due_on": date.fromisoformat(day), **wish}

    name = "nobody_is_moved_before_the_day_they_were_told"
    refused(shop, name, lambda: ScheduledChange.objects.create(**planned("2027-02-28")))
    with tenant(shop.id):
        checked = [ScheduledChange(**planned(day)) for day in ("2027-03-01", "2027-03-31")]
        older = [ScheduledChange(**planned("2027-02-28", details={"offer_version": "any"}))]
        other = [ScheduledChange(**planned("2027-02-28", kind="set_quantity"))]
    for row in (*checked, *older, *other):
        with pytest.raises(IntegrityError) as error, tenant(shop.id):  # the history guard alone has something to say
            row.save(force_insert=True)
        assert name not in str(error.value)
