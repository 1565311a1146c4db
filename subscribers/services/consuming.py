"""Use a quota, exactly: never beyond it, once a key, however many ask at once; and take a use back.

All that counts of one subscriber and feature goes through one locked row, their counter; the book of uses only grows.
See docs/decisions/quotas-and-periods.md.
"""

from __future__ import annotations

from merchants.actors import Actor
from merchants.models import Feature
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.tracing import request_id
from subscribers.lifecycle import Access, Verdict
from subscribers.models import Consumption, QuotaCounter, Subscriber
from subscribers.rights import Right
from subscribers.selectors.quotas import counting_source, summed, used_in
from subscribers.selectors.rights import Held, access_of, held, live_subscriptions

WHY = {
    "unpaid": gettext_noop("No access: an invoice is unpaid."),
    "suspended": gettext_noop("No access: the subscription is suspended."),
    "not_started": gettext_noop("No access: the subscription has not begun."),
    "not_paid": gettext_noop("No access: the purchase is not paid for."),
    "ended": gettext_noop("No access: the subscription has ended."),
    "no_subscription": gettext_noop("No access: there is no subscription."),
}
"""Why a door is shut, by the verdict's code."""


class QuotaExceeded(Conflict):
    """More than what is left of the period."""

    code = "quota_exceeded"
    title = gettext_noop("Nothing is left")
    detail = gettext_noop("%(remaining)s of %(quota)s left until %(day)s, and %(quantity)s asked for.")
    way_out = gettext_noop("Nothing was counted.")


class Shut(Conflict):
    """The subscription that opens the feature gives no access: `access_none` or `access_restricted`."""

    title = gettext_noop("No access")


def consume(
    subscriber: Subscriber, feature: Feature, *, quantity: int, key: str, actor: Actor, now: Now
) -> Consumption:
    """Count a use within the period's quota. The same key with the same quantity answers the first use again.

    Raises Conflict (`not_a_quota`, `feature_off`, `access_none`, `access_restricted`, `quota_exceeded`,
    `consumption_undone`) and Invalid (`key_reused`); then nothing is written, which is the scope's work: the caller
    lets a refusal undo it.
    """
    if feature.kind != Feature.Kind.QUOTA:
        raise Conflict(gettext_noop("This feature has no quota: nothing of it can be used up."), code="not_a_quota")
    counter = _locked(subscriber, feature, now)
    earlier = _counted(subscriber, feature, key)
    if earlier is not None:
        return _same(earlier, quantity)
    found = held(subscriber.pk, now, feature_id=feature.pk)
    right = found.rights.get(feature.reference)
    if right is None or not right.on or right.period is None:
        raise _shut(subscriber, feature, found, now)
    used = used_in(right.period.start, counter, subscriber_id=subscriber.pk, feature_id=feature.pk)
    if right.quota is not None and used + quantity > right.quota:
        raise _exceeded(right, used, quantity)
    counter.since, counter.used, counter.quota = right.period.start, used + quantity, right.quota
    counter.last_on = max(now.today, counter.last_on or now.today)
    counter.save(update_fields=["since", "used", "quota", "last_on"])
    return _written(
        Consumption(
            subscriber=subscriber,
            feature=feature,
            subscription_id=counting_source(right),
            key=key,
            quantity=quantity,
            used_on=now.today,
            period_start=right.period.start,
            period_end=right.period.end,
            used=used + quantity,
            quota=right.quota,
        ),
        actor=actor,
        now=now,
    )


def undo(
    subscriber: Subscriber, feature: Feature, *, key: str, actor: Actor, now: Now, reason: str = ""
) -> Consumption:
    """Take a use back: an entry with the opposite quantity, on the day of the first. Again: the same entry.

    It counts whatever has become of the right since. Raises Invalid (`consumption_unknown`).
    """
    counter = _locked(subscriber, feature, now)
    first = _counted(subscriber, feature, key)
    if first is None:
        detail = gettext_noop("Nothing was counted under this key.")
        raise Invalid.at("key", "consumption_unknown", detail)
    done: Consumption | None = Consumption.objects.filter(undoes=first).first()
    if done is not None:
        return done
    if counter.since <= first.used_on:
        counter.used -= first.quantity
        counter.save(update_fields=["used"])
    was = summed(first.period_start, subscriber_id=subscriber.pk, feature_id=feature.pk, end=first.period_end)
    return _written(
        Consumption(
            subscriber=subscriber,
            feature=feature,
            subscription_id=first.subscription_id,
            key=key,
            quantity=-first.quantity,
            undoes=first,
            used_on=first.used_on,
            period_start=first.period_start,
            period_end=first.period_end,
            used=was - first.quantity,
            quota=first.quota,
            reason=reason,
        ),
        actor=actor,
        now=now,
    )


def _locked(subscriber: Subscriber, feature: Feature, now: Now) -> QuotaCounter:
    """Their counter with its row locked; made where there is none yet."""
    mine = QuotaCounter.objects.select_for_update(no_key=True).filter(subscriber=subscriber, feature=feature)
    found = mine.first()
    if found is None:
        new = QuotaCounter(subscriber=subscriber, feature=feature, since=now.today)
        QuotaCounter.objects.bulk_create([new], ignore_conflicts=True)
        found = mine.get()
    return found


def _counted(subscriber: Subscriber, feature: Feature, key: str) -> Consumption | None:
    found: Consumption | None = Consumption.objects.filter(
        subscriber=subscriber, feature=feature, key=key, undoes=None
    ).first()
    return found


def _same(earlier: Consumption, quantity: int) -> Consumption:
    if earlier.quantity != quantity:
        detail = gettext_noop("This key counted %(counted)s already: another use takes another key.")
        raise Invalid.at("key", "key_reused", detail, {"counted": earlier.quantity})
    if Consumption.objects.filter(undoes=earlier).exists():
        raise Conflict(
            gettext_noop("This use was taken back."),
            code="consumption_undone",
            way_out=gettext_noop("A new use takes a new key."),
        )
    return earlier


def _exceeded(right: Right, used: int, quantity: int) -> QuotaExceeded:
    if right.period is None or right.quota is None:
        raise ValueError("only a limited quota is exceeded")
    left = max(right.quota - used, 0)
    last, resets_on = right.period.last_day.isoformat(), right.period.end.isoformat()
    return QuotaExceeded(
        params={"remaining": left, "quota": right.quota, "day": last, "quantity": quantity},
        members={"quota": right.quota, "used": used, "remaining": left, "resets_on": resets_on},
    )


def _shut(subscriber: Subscriber, feature: Feature, found: Held, now: Now) -> Conflict:
    """Why it cannot be used: its subscription gives no access, nobody has access at all, or it is not theirs."""
    verdict: Verdict | None = found.shut.get(feature.reference)
    if verdict is None:
        general = access_of(live_subscriptions(subscriber.pk), now).verdict
        verdict = general if general.access in (Access.none, Access.restricted) else None
    if verdict is None:
        return Conflict(
            gettext_noop("This feature is not open to this subscriber now."),
            code="feature_off",
            way_out=gettext_noop("Nothing was counted."),
        )
    return Shut(
        WHY[verdict.why],
        code=f"access_{verdict.access.value}",
        way_out=gettext_noop("Nothing was counted."),
        members={"access": verdict.access.value, "why": verdict.why},
    )


def _written(row: Consumption, *, actor: Actor, now: Now) -> Consumption:
    row.at = now.at
    row.actor_kind, row.actor_id, row.actor_label = actor.kind.value, actor.id[:64], actor.label[:120]
    row.channel, row.request_id = actor.channel.value, request_id.get()[:64]
    row.save(force_insert=True)
    return row
