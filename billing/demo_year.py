"""A year of the demo merchant: two hundred lives on one test clock, by the product's own flows, then released to the
present. What the year told is published here; its letters are not sent, for nobody waits for them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

from billing.demo_people import Person, people
from billing.flows import asks, cancel, clock_work, clocks, methods, schedule, subscribe
from billing.flows.purchase import WishedOption
from billing.flows.wanted import Wanted
from invoices.models import DocumentFile
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.models import Coupon, Merchant, Offer, Option, ProviderAccount, TestClock
from merchants.refusals import Refusal
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription, SubscriptionOption
from subscribers.services import enrolment

PEOPLE, DAYS, EVERY = 200, 365, 5
"""How many, over how many days; they act on six days of a month only, so that many are renewed together."""
SITE = Actor(kind=ActorKind.api_key, id="key_demo", label="onde.example", channel=Channel.api)
STAFF = Actor(kind=ActorKind.member, id="usr_demo", label="Camille Roy", channel=Channel.call_centre)
Say = Callable[[str], None]


def live_a_year(merchant_id: UUID, *, say: Say, count: int = PEOPLE, days: int = DAYS) -> Counter[str]:
    """Enrol them, let them live, bring them to the present. Answers what was done, by kind.

    Started again after it was stopped, it goes on where the clock stands: whoever joined before is not enrolled twice.
    """
    clock = clock_of(merchant_id, days)
    if clock.status == TestClock.Status.RELEASED:
        return Counter()
    began = clock.created_at
    done: Counter[str] = Counter()
    since, told = time.monotonic(), 0
    for day, acts in _by_day(list(people(count, days)), days):
        at = began + timedelta(days=day, hours=10)
        if at >= instant() - timedelta(hours=1):
            break
        bring(merchant_id, clock.pk, at)
        for act, person in acts:
            done[act] += _ACTS[act](merchant_id, clock.pk, person)
        if at.month != told:
            told = at.month
            say(f"{at:%B %Y}: {sum(done.values())} acts, {time.monotonic() - since:.0f} s")
    bring(merchant_id, clock.pk, instant() - timedelta(minutes=1))
    clocks.release(merchant_id=merchant_id, clock_id=clock.pk, actor=SITE)
    carry(merchant_id, clock.pk)
    print_later(merchant_id)
    return done


def print_later(merchant_id: UUID) -> None:
    """The year's papers are printed when somebody asks for one, or by the next day: the machine that shows the demo has
    better things to do just now than two thousand of them."""
    with tenant(merchant_id):
        old = DocumentFile.objects.filter(made_at=None, created_at__lt=instant() - timedelta(days=20))
        old.update(next_try_at=instant() + timedelta(hours=20))


def beginning(days: int = DAYS) -> datetime:
    """The midnight (UTC) at which the year begins."""
    today = instant().date()
    return datetime.combine(today - timedelta(days=days), datetime.min.time(), UTC)


def clock_of(merchant_id: UUID, days: int) -> TestClock:
    """The demo's clock, and the simulated account that its payments go through. A live merchant has test clocks in the
    demo only: no face of the product makes one (docs/decisions/demo-year.md)."""
    with tenant(merchant_id):
        known = TestClock.objects.filter(name="demo").first()
        if known is not None:
            return known
        begin = beginning(days)
        if not ProviderAccount.objects.filter(kind="simulated").exists():
            ProviderAccount.objects.create(kind="simulated", is_default=False, created_at=begin)
        clock: TestClock = TestClock.objects.create(name="demo", time=begin, created_at=begin)
        return clock


def bring(merchant_id: UUID, clock_id: UUID, to: datetime) -> None:
    """Advance the clock here and now, whatever workers do. Raises RuntimeError where it stopped short."""
    with tenant(merchant_id):
        clock = TestClock.objects.get(id=clock_id)
        behind = clock.time < to
    if clock.status == TestClock.Status.ADVANCING:
        carry(merchant_id, clock_id)
    elif behind:
        clocks.advance(merchant_id=merchant_id, clock_id=clock_id, to=to, actor=SITE)
        carry(merchant_id, clock_id)


def carry(merchant_id: UUID, clock_id: UUID) -> None:
    """Do what an advance has left to do, until it has arrived. Raises RuntimeError where it stopped short."""
    while True:
        clock_work.carry_on(merchant_id=merchant_id, clock_id=clock_id, patience=600)
        with tenant(merchant_id):
            clock = TestClock.objects.get(id=clock_id)
        if clock.error:
            raise RuntimeError(f"The demo's clock stopped at {clock.time:%Y-%m-%d}: {clock.error}")
        if clock.status != TestClock.Status.ADVANCING:
            return
        time.sleep(0.5)  # a worker has it


def _by_day(cast: list[Person], days: int) -> Iterator[tuple[int, list[tuple[str, Person]]]]:
    """What happens on each day, in order: joins first. The days are the 1st, 6th, 11th… of each month."""
    first = beginning(days).date()
    acts: dict[int, list[tuple[str, Person]]] = {
        day: [] for day in range(days) if _is_busy(first + timedelta(days=day)) or day == 0
    }
    for person in cast:
        mended = person.joins_on + (75 if person.offer == "hifi" else 45)
        for act, on in (
            ("joins", person.joins_on),
            ("moves", person.moves_on),
            ("drops", person.drops_on),
            ("leaves", person.leaves_on),
            ("stays", None if person.stays_after is None or person.leaves_on is None
             else person.leaves_on + person.stays_after),
            ("new_card", mended if person.trouble in ("declines_then_new_card", "bank_asks", "ran_out") else None),
        ):  # fmt: skip
            if on is not None and on < days:
                acts[max(day for day in acts if day <= on)].append((act, person))
    yield from sorted(acts.items())


def _is_busy(day: date) -> bool:
    return day.day <= 26 and day.day % EVERY == 1


def _reference(person: Person) -> str:
    return f"onde-{1000 + person.number}"


def _row(merchant_id: UUID, person: Person) -> Subscription | None:
    """The person's subscription, if it runs."""
    with tenant(merchant_id):
        rows = Subscription.objects.filter(subscriber__reference=_reference(person), status__in=cancel.LIVE)
        return rows.first()


def _joins(merchant_id: UUID, clock_id: UUID, person: Person) -> int:
    with tenant(merchant_id):
        if Subscription.objects.filter(reference=_reference(person)).exists():
            return 0
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, clock_id)
        subscriber = Subscriber.objects.filter(reference=_reference(person)).first() or enrolment.enrol(
            {
                "reference": _reference(person),
                "name": person.name,
                "email": person.email,
                "phone": person.phone,
                "line1": person.street,
                "postal_code": person.postal_code,
                "city": person.city,
                "country": "FR",
                "locale": "en" if person.english else "fr",
            },
            merchant=merchant,
            actor=SITE,
            now=now,
            test_clock_id=clock_id,
        )
    token = _token(person, now.today)
    kind: Literal["card", "sepa_debit"] = "sepa_debit" if token.startswith("pm_sepa") else "card"
    methods.attach(merchant_id=merchant_id, subscriber_id=subscriber.pk, kind=kind, token=token, actor=SITE)
    with tenant(merchant_id):
        options = list(Option.objects.filter(reference=person.option)) if person.option else []
        wanted = Wanted(
            subscriber=Subscriber.objects.get(id=subscriber.pk),
            offer=Offer.objects.get(reference=person.offer),
            options=[WishedOption(option=option) for option in options],
            coupons=list(Coupon.objects.filter(reference="bienvenue")) if person.coupon else [],
            start_on=now.today + timedelta(days=1),  # so that the run begins all of one day together
            reference=_reference(person),
        )
    subscribe.subscribe_now(merchant_id=merchant_id, wanted=wanted, actor=SITE)
    return 1


def _token(person: Person, today: date) -> str:
    """The means of payment that their story needs."""
    soon = instant() + timedelta(days=(person.number % 4) * 9 + 3)
    if person.trouble in ("declines_then_new_card", "declines_for_good"):
        return "pm_card_declinedLater"
    if person.trouble == "bank_asks":
        return "pm_card_authenticationRequired"
    if person.trouble == "expires_soon":
        return f"pm_card_expires_{soon:%m_%Y}"
    if person.trouble == "ran_out":
        return f"pm_card_expires_{today:%m_%Y}"
    if person.debit:
        return "pm_sepa_debitSucceeds"
    return "pm_card_mastercard" if person.number % 4 == 0 else "pm_card_visa"


def _new_card(merchant_id: UUID, clock_id: UUID, person: Person) -> int:
    row = _row(merchant_id, person)
    if row is None:
        return 0
    methods.attach(
        merchant_id=merchant_id, subscriber_id=row.payer_id, kind="card", token="pm_card_visa", actor=SITE  # noqa: S106 - a public test token
    )  # fmt: skip
    return 1


def _leaves(merchant_id: UUID, clock_id: UUID, person: Person) -> int:
    row = _row(merchant_id, person)
    reasons = ("too expensive", "moving abroad", "listens elsewhere", "")
    if row is None or row.service_ends_on is not None:
        return 0
    reason = reasons[person.number % len(reasons)]
    cancel.cancel_at_period_end(
        merchant_id=merchant_id, subscription_id=row.pk, actor=STAFF if person.number % 2 else SITE, reason=reason
    )
    return 1


def _stays(merchant_id: UUID, clock_id: UUID, person: Person) -> int:
    row = _row(merchant_id, person)
    if row is None or row.service_ends_on is None:
        return 0
    try:
        cancel.undo(merchant_id=merchant_id, subscription_id=row.pk, actor=STAFF)
    except Refusal:  # too late: it ended that day
        return 0
    return 1


def _moves(merchant_id: UUID, clock_id: UUID, person: Person) -> int:
    row = _row(merchant_id, person)
    if row is None or row.service_ends_on is not None:
        return 0
    with tenant(merchant_id):
        ask = asks.ChangeOffer(offer=Offer.objects.get(reference="hifi"))
    schedule.schedule(merchant_id=merchant_id, subscription_id=row.pk, ask=ask, actor=SITE)
    return 1


def _drops(merchant_id: UUID, clock_id: UUID, person: Person) -> int:
    row = _row(merchant_id, person)
    if row is None or row.service_ends_on is not None:
        return 0
    with tenant(merchant_id):
        held = SubscriptionOption.objects.filter(subscription=row, ends_on=None).first()
    if held is None:
        return 0
    ask = asks.RemoveOption(option_id=held.pk)
    schedule.schedule(merchant_id=merchant_id, subscription_id=row.pk, ask=ask, actor=STAFF)
    return 1


_ACTS: dict[str, Callable[[UUID, UUID, Person], int]] = {
    "joins": _joins,
    "moves": _moves,
    "drops": _drops,
    "leaves": _leaves,
    "stays": _stays,
    "new_card": _new_card,
}
