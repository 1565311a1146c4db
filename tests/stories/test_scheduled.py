"""What is planned for the end of the paid period: noted, seen beforehand, carried out once by the run, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.flows import asks, schedule
from billing.flows.asks import AddOption, ChangeOffer, RemoveOption, SetQuantity
from billing.flows.cancel import cancel_at_period_end
from billing.flows.purchase import WishedOption
from billing.flows.running import run_merchant
from billing.models import BillingRun
from invoices.models import Invoice, InvoiceLine
from merchants.actors import Actor
from merchants.models import Event
from merchants.now import Now, local_midnight
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers.models import Change, ScheduledChange, Subscription, SubscriptionOption
from subscribers.selectors.rights import rights_of

pytestmark = pytest.mark.django_db(transaction=True)
RUN = Actor.system("billing run")


def run(shop: Any, row: Subscription) -> None:
    """The run of the day on which the paid period ends, twice."""
    assert row.current_period_end is not None
    at = local_midnight(row.current_period_end, shop.merchant.timezone) + timedelta(hours=3)
    now = Now(at=at, zone=shop.merchant.timezone)
    done = run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=RUN)
    assert done is not None and done.parked == 0
    assert run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=RUN) is None


def lines(shop: Any, *, after: int = 1) -> list[tuple[str, int]]:
    """Title and amount of each line of the invoices after the first ones."""
    with tenant(shop.id):
        invoices = list(Invoice.objects.order_by("sequence"))[after:]
        found = InvoiceLine.objects.filter(invoice__in=invoices).order_by("invoice__sequence", "position")
        return [(line.title["en"], line.amount) for line in found]


def plan(shop: Any, row: Subscription, ask: asks.Ask) -> Subscription:
    return schedule.schedule(merchant_id=shop.id, subscription_id=row.pk, ask=ask, actor=shop.actor)


def seen(shop: Any, row: Subscription, ask: asks.Ask) -> schedule.Effect:
    return schedule.preview(merchant_id=shop.id, subscription_id=row.pk, ask=ask)


def refused(call: Any) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code


def statuses(shop: Any) -> list[tuple[str, str]]:
    with tenant(shop.id):
        return list(ScheduledChange.objects.order_by("id").values_list("kind", "status"))


def test_a_quantity_waits_for_the_period_and_is_billed_once(shop):
    row = shop.subscribe(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 10_00)), quantity=2)
    plan(shop, row, SetQuantity(quantity=9))
    planned = plan(shop, row, SetQuantity(quantity=3))
    assert (planned.quantity, planned.next_action_at) == (2, row.next_action_at)
    assert statuses(shop) == [("set_quantity", "replaced"), ("set_quantity", "waiting")]
    assert lines(shop) == []
    run(shop, row)
    assert lines(shop) == [("hifi", 30_00)]
    assert statuses(shop) == [("set_quantity", "replaced"), ("set_quantity", "done")]
    with tenant(shop.id):
        assert Subscription.objects.get().quantity == 3
        kinds = list(Event.objects.filter(object_id=row.pk).order_by("subscriber_sequence").values_list("kind"))
        assert kinds.count(("subscription.updated",)) == 3
        told = Event.objects.filter(kind="subscription.updated").order_by("subscriber_sequence")[1]
        assert [(one["kind"], one["quantity"]) for one in told.data["object"]["scheduled"]] == [("set_quantity", 3)]
        assert Change.objects.filter(subject_kind="scheduled_change").count() == 4


def test_another_offer_is_entered_with_its_rights_and_without_what_it_includes(shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    extra, device = shop.option("extra", 2_00), shop.option("device", 1_00)
    low = shop.offer(
        "low", ("month", None, 10_00), options=[extra, device], features={"quality": {"level": "standard"}}
    )
    high = shop.offer(
        "high", ("month", None, 20_00), options=[device], included=[extra], features={"quality": {"level": "hifi"}}
    )
    lucie = shop.enrol("lucie")
    row = shop.subscribe(
        lucie, low, options=[extra, device], coupons=[shop.coupon("TEN", percent_off=10, duration="forever")]
    )
    effect = seen(shop, row, ChangeOffer(offer=high))
    assert [draft.charged for draft in effect.documents] == [18_90]
    assert effect.due_on == row.current_period_end
    with tenant(shop.id):
        own = {option.option_version.option_id: option for option in SubscriptionOption.objects.all()}
        assert effect.ended_options == (str(own[extra.pk].pk),)
        assert not ScheduledChange.objects.exists()
    plan(shop, row, ChangeOffer(offer=high))
    with tenant(shop.id):
        assert rights_of(lucie.pk, shop.now())["quality"].level == "standard"
    run(shop, row)
    assert lines(shop) == [("high", 20_00), ("device", 1_00)]
    with tenant(shop.id):
        after = Subscription.objects.select_related("offer_version").get()
        assert (after.offer_version.offer_id, after.status, after.period_index) == (high.pk, "active", 1)
        assert (after.current_period_start, after.anchor_day) == (row.current_period_end, row.anchor_day)
        assert {option.option_version.option_id: option.ends_on for option in SubscriptionOption.objects.all()} == {
            extra.pk: row.current_period_end,
            device.pk: None,
        }
        then = Now(at=local_midnight(row.current_period_end, shop.merchant.timezone), zone=shop.merchant.timezone)
        assert rights_of(lucie.pk, then)["quality"].level == "hifi"


def test_options_come_and_go_together_with_the_period(shop):
    extra, device, third = (shop.option(name, amount) for name, amount in (("extra", 2_00), ("dev", 1_00), ("3", 5_00)))
    offer = shop.offer("hifi", ("month", None, 10_00), options=[extra, device, third])
    row = shop.subscribe(shop.enrol("lucie"), offer, options=[extra, device])
    with tenant(shop.id):
        own = {option.option_version.option_id: option.pk for option in SubscriptionOption.objects.all()}
    for option in (extra, device):
        plan(shop, row, RemoveOption(option_id=own[option.pk]))
    plan(shop, row, AddOption(wished=WishedOption(option=third, quantity=2)))
    assert statuses(shop) == [("remove_option", "replaced"), ("remove_option", "waiting"), ("add_option", "waiting")]
    run(shop, row)
    assert lines(shop) == [("hifi", 10_00), ("3", 10_00)]
    assert refused(lambda: plan(shop, row, RemoveOption(option_id=own[extra.pk]))) == "option_over"


def test_who_is_in_a_free_stage_keeps_it_and_pays_the_new_offer_after_it(shop):
    row = shop.subscribe(shop.enrol("lucie"), shop.offer("trial", ("day", 14, 0), ("month", None, 12_99)))
    high = shop.offer("high", ("month", 1, 0), ("month", None, 20_00))
    effect = seen(shop, row, ChangeOffer(offer=high))
    assert effect.due_on == row.start_on + timedelta(days=14)
    plan(shop, row, ChangeOffer(offer=high))
    for _ in range(14):
        with tenant(shop.id):
            row = Subscription.objects.get()
        run(shop, row)
    assert lines(shop, after=0) == [("high", 20_00)]
    with tenant(shop.id):
        after = Subscription.objects.get()
        assert (after.status, after.stage_position, after.current_period_start) == ("active", 1, effect.due_on)


def test_plans_are_taken_back_one_kind_or_all(shop):
    row = shop.subscribe(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 10_00)))
    undo = lambda kind=None: schedule.undo(  # noqa: E731
        merchant_id=shop.id, subscription_id=row.pk, kind=kind, actor=shop.actor
    )
    high = shop.offer("high", ("month", None, 20_00))
    assert refused(undo) == "nothing_to_undo"
    plan(shop, row, SetQuantity(quantity=3))
    plan(shop, row, ChangeOffer(offer=high))
    assert refused(lambda: undo("remove_option")) == "nothing_to_undo"
    undo("set_quantity")
    assert statuses(shop) == [("set_quantity", "revoked"), ("change_offer", "waiting")]
    cancel_at_period_end(merchant_id=shop.id, subscription_id=row.pk, actor=shop.actor)
    assert refused(lambda: plan(shop, row, SetQuantity(quantity=3))) == "subscription_ending"
    assert undo().service_ends_on is None
    assert statuses(shop) == [("set_quantity", "revoked"), ("change_offer", "revoked")]
    run(shop, row)
    assert lines(shop) == [("hifi", 10_00)]


def test_an_end_leaves_wishes_behind(shop):
    row = shop.subscribe(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 10_00)))
    plan(shop, row, SetQuantity(quantity=3))
    cancel_at_period_end(merchant_id=shop.id, subscription_id=row.pk, actor=shop.actor)
    run(shop, row)
    assert lines(shop) == []
    assert statuses(shop) == [("set_quantity", "revoked")]
    with tenant(shop.id):
        ended = Subscription.objects.get()
        assert (ended.status, ended.quantity) == ("ended", 1)
    assert refused(lambda: plan(shop, row, SetQuantity(quantity=3))) == "subscription_not_running"


def test_what_cannot_be_planned_is_refused_and_leaves_nothing(shop):
    monthly = shop.option("monthly", 2_00)
    row = shop.subscribe(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 10_00)))
    dollars = shop.offer("usd", ("month", None, 10_00), currency="USD")
    yearly = shop.offer("year", ("year", None, 100_00), options=[monthly])
    with tenant(shop.id):
        own = row.offer_version.offer
    cases = {
        "quantity_out_of_range": SetQuantity(quantity=0),
        "option_not_sold_with_offer": AddOption(wished=WishedOption(option=monthly)),
        "offer_currency_mismatch": ChangeOffer(offer=dollars),
        "option_not_sold_for_interval": ChangeOffer(offer=yearly, options=[WishedOption(option=monthly)]),
        "nothing_changes": ChangeOffer(offer=own),
    }
    for code, ask in cases.items():
        assert refused(lambda ask=ask: plan(shop, row, ask)) == code
        assert refused(lambda ask=ask: seen(shop, row, ask)) == code
    assert statuses(shop) == []
