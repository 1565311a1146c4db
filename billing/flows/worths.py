"""What one gesture would cost for each of many subscriptions, and who could not get it: a fixed number of queries for
each piece of them, and nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from billing.engine.giving import Worth, worth_of_days, worth_of_discount, worth_of_option
from billing.engine.lives import FAULTS, live
from billing.engine.wishes import Catalogue, WishKind, apply_wishes
from billing.flows import cancel
from billing.flows.asks import AddOption, Gift
from billing.flows.changeable import check_changeable
from billing.flows.give import OTHER_CURRENCY, Giving, Kind
from billing.flows.move_renewal import Moving
from billing.flows.move_renewal import check as check_move
from billing.flows.purchase import WishedOption
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from merchants.gesture_limits import API_KEY, GestureLimit, exceeded, limit_for, limits_of
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, Refusal, gettext_noop
from merchants.selectors.clocks import now_for
from subscribers.models import Subscriber, Subscription
from subscribers.selectors.gestures import given_in_month
from subscribers.selectors.pictures import newest_option_versions
from subscribers.snapshots import CouponSnapshot, Duration, Scheduled, SubscriptionSnapshot

NOT_RUNNING = gettext_noop("This subscription has already ended.")
ABOVE = gettext_noop("It is above what you may give.")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is looked at for every one of them."""

    giving: Giving
    merchant: Merchant
    limit: GestureLimit
    wish: Scheduled | None


class Worths:
    """Works out one gesture for pieces of a population. `role` of who gives; None: an API key."""

    def __init__(self, giving: Giving, *, merchant: Merchant, role: str | None) -> None:
        limit = limit_for(limits_of(merchant.gesture_limits), role or API_KEY)
        self.asked = _Asked(giving=giving, merchant=merchant, limit=limit, wish=_wish(giving))
        self.clocks: dict[UUID | None, Now] = {}
        self.read: set[tuple[UUID, date]] = set()
        self.given: defaultdict[tuple[UUID, str, date], int] = defaultdict(int)

    def of(self, rows: Sequence[Subscription]) -> dict[UUID, Worth | Refusal]:
        """What it costs for each, or why it cannot have it."""
        erased = set(
            Subscriber.objects.filter(
                id__in={id_ for row in rows for id_ in (row.payer_id, row.subscriber_id)}, erased_at__isnull=False
            ).values_list("id", flat=True)
        )
        needed = self.asked.giving.kind != Kind.AMOUNT
        pictures = snapshots([row for row in rows if row.status in cancel.LIVE], self.asked.merchant) if needed else {}
        wish = self.asked.wish
        wanted = [replace(one, scheduled=(*one.scheduled, wish)) if wish else one for one in pictures.values()]
        catalogue = catalogue_of(wanted)
        self._read_given(rows)
        found: dict[UUID, Worth | Refusal] = {}
        for row in rows:
            try:
                if {row.payer_id, row.subscriber_id} & erased:
                    raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
                now = self._now(row)
                worth = self._worth(row, pictures.get(row.pk), catalogue, now)
                self._allow(row, worth, now)
                found[row.pk] = worth
            except Refusal as refusal:
                found[row.pk] = refusal
            except FAULTS as error:
                found[row.pk] = Conflict(str(error), code="fault")
        return found

    def _now(self, row: Subscription) -> Now:
        if row.test_clock_id not in self.clocks:
            self.clocks[row.test_clock_id] = now_for(self.asked.merchant, row.test_clock_id)
        return self.clocks[row.test_clock_id]

    def _read_given(self, rows: Sequence[Subscription]) -> None:
        """What each was given this month, where that is limited: a query for each day that it is for one of them."""
        if self.asked.limit.month is None:
            return
        people: defaultdict[date, set[UUID]] = defaultdict(set)
        for row in rows:
            people[self._now(row).today].add(row.subscriber_id)
        for today, ids in people.items():
            read = {one for one in ids if (one, today) not in self.read}
            self.read |= {(one, today) for one in read}
            for (id_, currency), amount in given_in_month(read, today).items():
                self.given[id_, currency, today] += amount

    def _allow(self, row: Subscription, worth: Worth, now: Now) -> None:
        """Refuse what is above the limit, with what the same batch gives the same subscriber before."""
        same, mine = row.currency == self.asked.merchant.currency, (row.subscriber_id, row.currency, now.today)
        part = exceeded(self.asked.limit, worth.cost, given=self.given[mine], same_currency=same)
        if part is not None:
            code = "gesture_above_limit" if part == "one" else "gestures_of_month_above_limit"
            raise Conflict(ABOVE, code=code)
        self.given[mine] += worth.cost if worth.cost is not None else worth.per_period or 0

    def _worth(self, row: Subscription, picture: SubscriptionSnapshot | None, catalogue: Catalogue, now: Now) -> Worth:
        giving, wish = self.asked.giving, self.asked.wish
        if giving.kind == Kind.AMOUNT:
            if row.currency != self.asked.merchant.currency:
                raise Conflict(OTHER_CURRENCY, code="currency_mismatch")
            return Worth(cost=giving.amount)
        if picture is None:
            raise Conflict(NOT_RUNNING, code="subscription_not_running")
        due = live(picture, now.today, at=now.at, catalogue=catalogue)
        stands = due[-1].after if due else picture
        if stands.status.value not in cancel.LIVE:
            raise Conflict(NOT_RUNNING, code="subscription_not_running")
        if giving.kind == Kind.PERCENT:
            return worth_of_discount(stands, _coupon(giving), catalogue=catalogue)
        if stands.current_period is None:
            raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
        if wish is not None and giving.option is not None:
            gift = Gift(reason=giving.reason, periods=giving.periods, until=giving.until)
            check_changeable(stands, AddOption(wished=WishedOption(option=giving.option), gift=gift))
            today = replace(wish, effective_on=now.today)
            after = apply_wishes(stands, [today], catalogue=catalogue)
            endless = giving.periods is None and giving.until is None
            named = str(_named(wish)["id"])
            return worth_of_option(after, named, on=now.today, endless=endless, catalogue=catalogue)
        days = giving.days or 0
        moving = Moving(on=stands.current_period.end + timedelta(days=days), reason=giving.reason)
        check_move(row, stands, moving, now)
        return worth_of_days(stands, days, on=now.today)


def _wish(giving: Giving) -> Scheduled | None:
    """The option that is given, as the engine adds it; one id serves them all, as nothing of it is stored."""
    if giving.option is None:
        return None
    id_ = str(new_id())
    version = newest_option_versions([giving.option.pk])[giving.option.pk]
    gift = {
        "reason": giving.reason,
        "periods": giving.periods,
        "until": giving.until.isoformat() if giving.until else None,
    }
    option = {"id": id_, "version": str(version), "quantity": giving.quantity, "gift": gift}
    payload = {"options": [option]}
    return Scheduled(id=id_, kind=WishKind.add_option.value, effective_on=date.max, payload=payload)


def _named(wish: Scheduled) -> Mapping[str, object]:
    named = wish.payload["options"]
    if not isinstance(named, list):
        raise TypeError(f"a wish of options names a list, not {named!r}")
    found: Mapping[str, object] = named[0]
    return found


def _coupon(giving: Giving) -> CouponSnapshot:
    periods = giving.periods or 1
    return CouponSnapshot(
        id="gesture",
        code="GESTURE",
        duration=Duration.once if periods == 1 else Duration.repeating,
        percent_off=giving.percent_off,
        periods=None if periods == 1 else periods,
    )
