"""What may be asked of a subscription that is to be suspended or resumed (domain 15), and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing.engine.giving import Worth
from billing.flows.asks import Standing
from billing.flows.cancel import LIVE
from billing.flows.not_running import not_running
from billing.flows.pause_gift import OptionGiven, wished
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.lifecycle import MakesGood, Suspension
from subscribers.models import Subscription
from subscribers.snapshots import Billing, SubscriptionSnapshot

BACK = timedelta(days=366)
"""How far back a suspension may count."""
AHEAD = timedelta(days=1100)
"""How far ahead it may begin or end: about three years."""


@dataclass(frozen=True, kw_only=True)
class Suspending:
    """A suspension: from a day (None: now) until one, the first day with service again (None: until it is resumed).
    Billing goes on, or stops; what is done about days paid and lost, by which option where one is given; why. `role` of
    the member who asks, whose limits hold for what is given; None: an API key."""

    from_on: date | None = None
    until_on: date | None = None
    stops_billing: bool = False
    makes_good: MakesGood = MakesGood.none
    given: OptionGiven | None = None
    reason: str = ""
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Resuming:
    """Service again, today or from a later day on."""

    on: date | None = None
    reason: str = ""


def plan_of(
    row: Subscription, picture: SubscriptionSnapshot, asked: Suspending, merchant: Merchant, now: Now
) -> tuple[Suspension, Worth | None]:
    """What is asked for, checked, and what the option costs that it gives. Raises what `suspend.foresee` raises."""
    _check_running(row)
    if row.suspended_from is not None:
        raise Conflict(
            gettext_noop("This subscription is suspended already, or will be from %(day)s."),
            code="already_suspended",
            params={"day": row.suspended_from.isoformat()},
            way_out=gettext_noop("Resume it, or take the planned suspension back, first."),
        )
    if asked.makes_good is not MakesGood.none and picture.stage.billing is Billing.arrears:
        raise Conflict(
            gettext_noop("This subscription is billed in arrears: no day is paid before it is had."),
            code="billed_in_arrears",
            way_out=gettext_noop("Stop billing: days without service are not billed then."),
        )
    first = asked.from_on or now.today
    if first < max(row.start_on, now.today - BACK):
        detail = gettext_noop("From the day on which it began at the earliest, and a year back at most.")
        raise Invalid.at("from", "from_too_early", detail)
    for field, day in (("from", first), ("until", asked.until_on)):
        if day is not None and day > now.today + AHEAD:
            raise Invalid.at(field, "date_out_of_range", gettext_noop("Three years ahead at most."))
    if asked.until_on is not None and asked.until_on <= first:
        detail = gettext_noop("The first day with service again comes after the first day without.")
        raise Invalid.at("until", "until_before_from", detail)
    if picture.ends_on is not None and picture.ends_on <= first:
        raise Conflict(
            gettext_noop("This subscription ends by then."),
            code="subscription_ending",
            way_out=gettext_noop("Take the cancellation back first."),
        )
    standing = Standing(row=row, merchant=merchant, picture=picture, due_on=now.today, now=now)
    gift, worth = wished(asked.given, asked.makes_good, asked.reason, standing=standing, role=asked.role)
    plan = Suspension(
        from_on=first,
        until_on=asked.until_on,
        stops_billing=asked.stops_billing,
        makes_good=asked.makes_good,
        gift=gift,
    )
    return plan, worth


def resumed_of(row: Subscription, picture: SubscriptionSnapshot, asked: Resuming, now: Now) -> Suspension:
    """The suspension with its end, checked. Raises what `suspend.foresee_resume` raises."""
    _check_running(row)
    wish = picture.suspension
    if wish is None or not wish.begun:
        if picture.debt_suspends:
            raise Conflict(
                gettext_noop("This subscription is suspended because an invoice is unpaid."),
                code="suspended_for_debt",
                way_out=gettext_noop("It resumes by itself when the invoice is settled."),
            )
        way_out = gettext_noop("A planned suspension is taken back, not resumed.") if wish else None
        raise Conflict(gettext_noop("This subscription is not suspended."), code="not_suspended", way_out=way_out)
    day = asked.on or now.today
    if day < now.today:
        raise Invalid.at("on", "date_in_past", gettext_noop("This day is past."))
    if day > now.today + AHEAD:
        raise Invalid.at("on", "date_out_of_range", gettext_noop("Three years ahead at most."))
    return replace(wish, until_on=max(day, wish.from_on))


def _check_running(row: Subscription) -> None:
    if row.status not in LIVE:
        raise not_running(row)
