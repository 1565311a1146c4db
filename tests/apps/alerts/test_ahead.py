"""What billing foresees reaches people: letters with what one can do, alerts that close by themselves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core import mail as outbox

from alerts.services import mail
from billing.flows import cancel, foresee
from merchants.clock import instant
from merchants.ids import show
from merchants.now import Now, local_midnight
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import PaymentMethod, Subscriber, Subscription
from subscribers.services import facts, means
from tests.apps.alerts.rooms import alerts, bought, messages, publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


def card_of(shop, person_id, *, days_left):
    """Let the payer's card be one that has so many days left today; answers its last day."""
    last = shop.now().today + timedelta(days=days_left)
    with tenant(shop.id):
        row = PaymentMethod.objects.get(subscriber_id=person_id, is_default=True)
        history.update(
            row, {"exp_month": last.month, "exp_year": last.year}, actor=shop.actor, now=shop.now(), verb="updated"
        )
    return row


def save_new_card(shop, person_id):
    """In the scope: another card, good until 2040, becomes the default."""
    saved = means.Saved(
        provider_ref="pm_new", customer_ref="cus_new", kind="card", last4="1881", exp_month=1, exp_year=2040
    )
    means.save(Subscriber.objects.get(id=person_id), shop.account, saved, actor=shop.actor, now=shop.now())


def on(shop, day: date) -> Now:
    return Now(at=local_midnight(day, shop.merchant.timezone) + timedelta(hours=9), zone=shop.merchant.timezone)


def last_day(row) -> date:
    month = date(row.exp_year, row.exp_month, 28) + timedelta(days=4)
    return month - timedelta(days=month.day)


def foreseen(shop, day):
    foresee.foresee(merchant_id=shop.id, now=on(shop, day))
    publish(shop)


def test_a_card_about_to_expire_is_one_alert_and_three_letters_that_lead_to_a_new_card(shop):
    session = bought(shop, ("month", None, 10_99))
    row = card_of(shop, session.subscriber_id, days_left=60)
    last = last_day(row)
    with tenant(shop.id):
        row.refresh_from_db()

    for before in (30, 15, 7, 1):
        foreseen(shop, last - timedelta(days=before))

    assert messages(shop, "kind", to_merchant=False) == ["card_expiring"] * 3
    fact = f"card_expiring:{show('cus', session.subscriber_id)}:{row.public_id}:{last:%Y-%m}"
    assert alerts(shop, "kind", "severity", "fact", "mail") == [("card_expiring", "warn", fact, "digest")]
    assert mail.send(shop.id) == 3
    sent = outbox.outbox[0]
    assert sent.to == ["lucie@courriel.example"]
    assert f"your card ending in 4242 expires on {last.day} " in sent.subject
    assert "Visa •••• 4242" in sent.body
    assert "https://pay.tacite.example/pay/card/" in sent.body

    foreseen(shop, last + timedelta(days=1))
    assert alerts(shop, "kind", "severity", resolved_at=None) == [("card_expired", "bad")]
    assert mail.send(shop.id) == 1
    assert "your card ending in 4242 has expired" in outbox.outbox[-1].subject


def test_a_new_card_closes_what_was_told_of_the_old_one_and_stops_its_letters(shop):
    session = bought(shop, ("month", None, 10_99))
    last = last_day(card_of(shop, session.subscriber_id, days_left=60))
    foreseen(shop, last - timedelta(days=30))
    assert alerts(shop, "kind", resolved_at=None) == ["card_expiring"]

    with tenant(shop.id):
        saved = means.Saved(
            provider_ref="pm_new", customer_ref="cus_new", kind="card", last4="1881", exp_month=1, exp_year=2040
        )
        means.save(session.subscriber, shop.account, saved, actor=shop.actor, now=shop.now())
    publish(shop)

    assert alerts(shop, "kind", resolved_at=None) == []
    assert mail.send(shop.id) == 0
    assert messages(shop, "kind", "last_error") == [
        ("card_expiring", "Another card took its place before the letter left.")
    ]


def test_an_old_card_that_is_detached_leaves_the_alert_of_the_new_one(shop):
    session = bought(shop, ("month", None, 10_99))
    with tenant(shop.id):
        old = PaymentMethod.objects.get(subscriber_id=session.subscriber_id)
        saved = means.Saved(
            provider_ref="pm_new", customer_ref="cus_new", kind="card", last4="1881", exp_month=1, exp_year=2040
        )
        means.save(session.subscriber, shop.account, saved, actor=shop.actor, now=shop.now())
    last = last_day(card_of(shop, session.subscriber_id, days_left=60))
    foreseen(shop, last - timedelta(days=30))
    with tenant(shop.id):
        old.refresh_from_db()
        means.detach(old, actor=shop.actor, now=shop.now())
    publish(shop)
    assert alerts(shop, "kind", resolved_at=None) == ["card_expiring"]


def test_an_end_closes_the_card_s_alert_unless_something_else_is_charged_to_it(shop):
    session = bought(shop, ("month", None, 10_99))
    with tenant(shop.id):
        person = Subscriber.objects.get(id=session.subscriber_id)
    other = shop.buy(person, shop.offer("Second", ("month", None, 5_00)))
    last = last_day(card_of(shop, session.subscriber_id, days_left=60))
    foreseen(shop, last - timedelta(days=30))

    for one, left in ((session, ["card_expiring", "subscription_ended"]), (other, ["subscription_ended"] * 2)):
        with tenant(shop.id):
            row = Subscription.objects.select_related("offer_version").get(id=one.subscription_id)
            columns = {"status": "ended", "ended_at": instant(), "end_reason": "cancelled", "next_action_at": None}
            history.update(row, columns, actor=shop.actor, now=shop.now(), verb="ended")
            from subscribers import shapes

            told = ("subscription.ended", row.pk, {"object": shapes.subscription(row)})
            facts.tell(row.subscriber_id, told, actor=shop.actor, now=shop.now())
        publish(shop)
        assert sorted(alerts(shop, "kind", resolved_at=None)) == left


def test_the_end_of_a_free_stage_is_a_letter_with_the_first_charge(shop):
    session = bought(shop, ("day", 14, 0), ("month", None, 10_99))
    with tenant(shop.id):
        row = Subscription.objects.get(id=session.subscription_id)
    ends_on = row.start_on + timedelta(days=14)
    with tenant(shop.id):
        day = ends_on - timedelta(days=3)
        period = {"current_period_start": day, "current_period_end": day + timedelta(days=1), "period_index": 12}
        history.update(row, period, actor=shop.actor, now=shop.now(), verb="renewed")
    foreseen(shop, day)

    assert alerts(shop, "kind", "severity", "resolved_at") == [("trial_ending", "info", None)]
    assert mail.send(shop.id) == 1
    [sent] = outbox.outbox
    assert "your free period ends on" in sent.subject
    assert "First payment: €10.99 on" in sent.body
    assert "If you cancel before that day, nothing is charged." in sent.body


def test_a_trial_cancelled_before_the_letter_leaves_is_not_written_about(shop):
    session = bought(shop, ("month", 1, 0), ("month", None, 10_99))
    with tenant(shop.id):
        ends_on = Subscription.objects.get(id=session.subscription_id).current_period_end
    foreseen(shop, ends_on - timedelta(days=3))
    cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=session.subscription_id, actor=shop.actor)
    publish(shop)
    mail.send(shop.id)
    assert [one.subject.partition(": ")[2][:26] for one in outbox.outbox] == ["your subscription ends on "]
    assert ("trial_ending", "dropped") in messages(shop, "kind", "status")
    assert alerts(shop, "kind", resolved_at=None) == ["cancellation_scheduled"]


def test_an_end_that_comes_near_takes_the_place_of_the_cancellation(shop):
    session = bought(shop, ("month", None, 10_99))
    done = cancel.cancel_at_period_end(merchant_id=shop.id, subscription_id=session.subscription_id, actor=shop.actor)
    publish(shop)
    foreseen(shop, done.service_ends_on - timedelta(days=7))
    assert alerts(shop, "kind", resolved_at=None) == ["subscription_ending"]
    mail.send(shop.id)
    last = outbox.outbox[-1]
    assert "You cancelled it. Until that day you can take the cancellation back." in last.body

    cancel.undo(merchant_id=shop.id, subscription_id=session.subscription_id, actor=shop.actor)
    publish(shop)
    assert alerts(shop, "kind", resolved_at=None) == []
