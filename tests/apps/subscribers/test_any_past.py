"""For any past moment the state that the history adds up to is what the rows said then (domain 23).

Random lives, through the product's own flows on a test clock. A witness that knows nothing of the history stands beside
them: a trigger of this test alone writes down every version of every row, as the database has it. `TACITE_LIVES=200`
lives that many; the few of every day take seconds.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing.flows import asks, cancel, change, methods, schedule
from billing.flows.cancel import Leaving
from billing.flows.purchase import WishedOption
from merchants.models import Option, TestClock
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.history import KINDS, UNTOLD
from subscribers.models import Change, PaymentMethod, Subscriber, Subscription, SubscriptionOption
from subscribers.selectors import past
from subscribers.selectors.compared import life_compared
from subscribers.selectors.moments import Span
from subscribers.services import belonging, enrolment
from tests.books import books_agree
from tests.stories.statements import World
from tests.worlds import TESTER, Shop

__all__ = ["books_agree"]
pytestmark = pytest.mark.django_db(transaction=True)
LIVES = int(os.environ.get("TACITE_LIVES", "4"))
MODELS = {kind: model for model, kind in KINDS.items()}
TICK = timedelta(microseconds=1)
WITNESS = """
CREATE TABLE witnessed (n bigserial, kind text, id uuid, merchant uuid, txid text, stood jsonb);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN
    INSERT INTO witnessed (kind, id, merchant, txid, stood) VALUES (TG_ARGV[0], coalesce(NEW.id, OLD.id),
        coalesce(NEW.merchant_id, OLD.merchant_id), pg_current_xact_id()::text, to_jsonb(NEW));
    RETURN NULL; END $$;
"""
_count = itertools.count(1)

Columns = dict[str, Any]
Standing = dict[UUID, tuple[str, Columns]]
"""What every row of a life said: its kind and told columns, by id."""


@pytest.fixture
def witness(owner_sql: Callable[..., list[tuple[Any, ...]]]) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    owner_sql(WITNESS)
    for model, kind in KINDS.items():
        owner_sql(
            f"CREATE TRIGGER zz_witness AFTER INSERT OR UPDATE OR DELETE ON {model._meta.db_table}"
            f" FOR EACH ROW EXECUTE FUNCTION witness('{kind}')"
        )
    yield owner_sql
    for model in KINDS:
        owner_sql(f"DROP TRIGGER zz_witness ON {model._meta.db_table}")
    owner_sql("DROP FUNCTION witness(); DROP TABLE witnessed")


class Played:
    """A world with a small catalogue, in which one person lives."""

    def __init__(self) -> None:
        shop = Shop.open(f"Passé {next(_count)}")
        shop.feature("quality", "level", ["standard", "hifi"])
        shop.feature("streams", "quota")
        self.device = shop.option("device", 2_00, features={"streams": {"quota": 1}}, adds=True)
        self.extra = shop.option("extra", 3_00)
        both = [self.device, self.extra]
        rights: Any = {"quality": {"level": "hifi"}, "streams": {"quota": 2}}
        self.offers = [
            shop.offer("launch", ("month", 2, 4_99), ("month", None, 12_99), options=both, features=rights),
            shop.offer("trial", ("week", 2, 0), ("month", None, 9_99), options=both, features=rights),
            shop.offer("weekly", ("week", None, 3_00), options=both),
        ]
        self.coupon = shop.coupon("LAUNCH", percent_off=10, duration="repeating", periods=2)
        self.shop, self.world = shop, World.on(shop, "2031-01-31")
        with tenant(shop.id):
            known = {"name": "Lucie", "reference": "lucie", "city": "Lyon"}
            who = enrolment.enrol(
                known, merchant=shop.merchant, actor=TESTER, now=self.world.now, test_clock_id=self.world.clock_id
            )
        shop.method(who)
        self.world.people["lucie"] = self.who = who
        self.hindsight_differs = False
        self.companies: list[tuple[datetime, datetime, str]] = []

    @property
    def day(self) -> date:
        return self.world.now.today

    def running(self, nth: int) -> Subscription | None:
        """One of the subscriptions, the same for the same life."""
        with tenant(self.shop.id):
            rows = list(Subscription.objects.order_by("id"))
        return rows[nth % len(rows)] if rows else None

    def play(self, step: tuple[Any, ...]) -> None:
        """One step; what the product refuses has changed nothing."""
        what, *how = step
        with suppress(Refusal):
            getattr(self, what)(*how)

    def wait(self, days: int) -> None:
        self.world.until((self.day + timedelta(days=days)).isoformat())

    def sleep(self, days: int) -> None:
        """Nobody runs anything meanwhile: what is then made counts from its own days."""
        self.hindsight_differs = True
        self.world.late((self.day + timedelta(days=days)).isoformat())

    def subscribe(self, offer: int, more: bool, coupon: bool) -> None:
        with tenant(self.shop.id):
            who = Subscriber.objects.select_related("payer").get(pk=self.who.pk)
        options = [self.device] if more else []
        self.world.subscribe(self.offers[offer], who, options=options, coupons=[self.coupon] if coupon else [])

    def _ask(self, nth: int, ask: Callable[[Subscription], asks.Ask]) -> None:
        row = self.running(nth)
        if row is not None:
            self.world.plan(row, ask(row))

    def quantity(self, nth: int, number: int) -> None:
        self._ask(nth, lambda row: asks.SetQuantity(quantity=number))

    def add(self, nth: int, extra: bool) -> None:
        option: Option = self.extra if extra else self.device
        self._ask(nth, lambda row: asks.AddOption(wished=WishedOption(option=option, quantity=2)))

    def remove(self, nth: int) -> None:
        with tenant(self.shop.id):
            held = SubscriptionOption.objects.filter(ends_on=None).order_by("id").first()
        if held is not None:
            self._ask(nth, lambda row: asks.RemoveOption(option_id=held.pk))

    def change(self, nth: int, offer: int) -> None:
        self._ask(nth, lambda row: asks.ChangeOffer(offer=self.offers[offer]))

    def change_now(self, nth: int, offer: int, number: int) -> None:
        row = self.running(nth)
        if row is not None:
            ask: asks.Ask = (
                asks.ChangeOffer(offer=self.offers[offer]) if number == 1 else asks.SetQuantity(quantity=number)
            )
            how = change.Changing(when="now")
            change.change(merchant_id=self.shop.id, subscription_id=row.pk, ask=ask, changing=how, actor=TESTER)

    def undo(self, nth: int) -> None:
        row = self.running(nth)
        if row is not None:
            schedule.undo(merchant_id=self.shop.id, subscription_id=row.pk, kind=None, actor=TESTER)

    def leave(self, nth: int, now: bool) -> None:
        row = self.running(nth)
        if row is not None:
            leaving = Leaving(when="now" if now else "period_end", reason="tired")
            cancel.cancel(merchant_id=self.shop.id, subscription_id=row.pk, leaving=leaving, actor=TESTER)

    def revise(self, values: dict[str, Any]) -> None:
        with tenant(self.shop.id):
            row = belonging.lock([self.who.pk])[self.who.pk]
            enrolment.revise(row, values, actor=TESTER, now=self.world.now)

    def company(self, name: str, days: int) -> None:
        """Somebody learns late what has been so for days; never before what was learned already."""
        with tenant(self.shop.id):
            row, now = belonging.lock([self.who.pk])[self.who.pk], self.world.now
            since = max([now.at - timedelta(days=days), row.created_at, *(at for at, _, _ in self.companies)])
            if history.update(row, {"company": name}, actor=TESTER, now=now, verb="updated", effective_at=since):
                self.companies.append((since, now.at, name))

    def card(self, token: str) -> None:
        methods.attach(merchant_id=self.shop.id, subscriber_id=self.who.pk, kind="card", token=token, actor=TESTER)

    def detach(self, nth: int) -> None:
        with tenant(self.shop.id):
            kept = list(PaymentMethod.objects.filter(detached_at=None).order_by("id"))
        if kept:
            chosen = kept[nth % len(kept)]
            methods.detach(merchant_id=self.shop.id, method_id=chosen.pk, actor=TESTER)


NTH, TEXT = st.integers(0, 2), st.sampled_from(["Lucie", "Zoë", "Eve"])
PROFILE = {"name": TEXT, "city": TEXT, "locale": st.sampled_from(["fr", "en"])}
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 45)),
    st.tuples(st.just("sleep"), st.integers(20, 70)),
    st.tuples(st.just("subscribe"), st.integers(0, 2), st.booleans(), st.booleans()),
    st.tuples(st.just("quantity"), NTH, st.integers(1, 3)),
    st.tuples(st.just("add"), NTH, st.booleans()),
    st.tuples(st.just("remove"), NTH),
    st.tuples(st.just("change"), NTH, st.integers(0, 2)),
    st.tuples(st.just("change_now"), NTH, st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("undo"), NTH),
    st.tuples(st.just("leave"), NTH, st.booleans()),
    st.tuples(st.just("revise"), st.fixed_dictionaries({}, optional=PROFILE)),
    st.tuples(st.just("company"), TEXT, st.integers(0, 30)),
    st.tuples(st.just("card"), st.sampled_from(["pm_card_visa", "pm_card_mastercard", "pm_card_chargeCustomerFail"])),
    st.tuples(st.just("detach"), NTH),
)  # fmt: skip


class Truth:
    """What the rows of one life said at each instant of business time, by the witness alone."""

    def __init__(self, played: Played, witness: Callable[..., list[tuple[Any, ...]]]) -> None:
        with tenant(played.shop.id):
            changes = list(Change.objects.filter(subscriber_id=played.who.pk).order_by("id"))
        self.changes = changes
        told = {str(change.txid): change.recorded_at for change in changes}
        rows = witness(
            "SELECT kind, id, txid, stood FROM witnessed WHERE merchant = %s ORDER BY n", str(played.shop.id)
        )
        self.versions = [(told[txid], kind, UUID(str(id_)), stood) for kind, id_, txid, stood in rows if txid in told]
        self.moments = sorted({at for at, *_ in self.versions})

    def at(self, moment: datetime) -> Standing:
        """How every row stood: its last version written by then."""
        standing: Standing = {}
        for at, kind, id_, stood in self.versions:
            if at <= moment:
                standing[id_] = (kind, _columns(kind, stood))
        return standing


def _columns(kind: str, stood: dict[str, Any]) -> Columns:
    fields = {f.attname: f for f in MODELS[kind]._meta.local_concrete_fields if f.attname not in UNTOLD}
    return {name: field.to_python(stood[field.column]) for name, field in fields.items()}


def rebuilt(played: Played, *, as_of: datetime, known_at: datetime | None = None) -> Standing:
    with tenant(played.shop.id):
        states = past.life_at(played.who.pk, as_of=as_of, known_at=known_at)
    found: Standing = {}
    for state in states:
        model = MODELS[state.kind]
        row = past.revived(model, state)
        found[state.id] = (
            state.kind,
            {f.attname: getattr(row, f.attname) for f in model._meta.local_concrete_fields if f.attname not in UNTOLD},
        )
    return found


def differing(before: Standing, after: Standing) -> set[tuple[UUID, str]]:
    """Which columns of which rows do not say the same, of rows that stand in both."""
    return {
        (id_, column)
        for id_ in before.keys() & after.keys()
        for column, value in after[id_][1].items()
        if before[id_][1][column] != value
    }


def company_known(played: Played, *, as_of: datetime, known_at: datetime) -> str:
    """By the plain list of what was learned: the last that counts, of those learned by then."""
    counts = [one for one in played.companies if one[0] <= as_of and one[1] <= known_at]
    return counts[-1][2] if counts else ""


@settings(
    max_examples=LIVES,
    deadline=None,
    derandomize=LIVES <= 4,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # a life takes a second: to shrink one would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.integers(0, 2), st.lists(STEPS, min_size=4, max_size=14))
def test_any_past_of_a_random_life_is_what_its_rows_said(witness, offer, steps):
    played = Played()
    played.play(("subscribe", offer, True, True))
    for step in steps:
        played.play(step)
    truth = Truth(played, witness)
    assert all(change.effective_at <= change.recorded_at for change in truth.changes), "nothing counts before its time"
    end = played.world.now.at
    for moment in truth.moments:
        stood = truth.at(moment)
        assert rebuilt(played, as_of=moment, known_at=moment) == stood, moment
        assert rebuilt(played, as_of=end, known_at=moment) == stood, moment
        assert rebuilt(played, as_of=moment - TICK, known_at=moment - TICK) == truth.at(moment - TICK), moment
        if not played.hindsight_differs:
            then = rebuilt(played, as_of=moment)
            assert differing(then, stood) <= {(played.who.pk, "company")}, moment
            assert then.keys() == stood.keys()
        for known in (moment, end):
            of_person = rebuilt(played, as_of=moment, known_at=known)[played.who.pk][1]
            assert of_person["company"] == company_known(played, as_of=moment, known_at=known)
    for since, until in itertools.pairwise(truth.moments[:: max(1, len(truth.moments) // 4)]):
        before, after = (rebuilt(played, as_of=at, known_at=end) for at in (since, until))
        with tenant(played.shop.id):
            found = life_compared(played.who, Span(since=since, until=until, known_at=end))
        changed = [one for one in found.subjects if one.what == "changed"]
        assert {(one.id, each.column) for one in changed for each in one.fields} == differing(before, after)
        assert {one.id for one in found.subjects if one.what == "added"} == after.keys() - before.keys()
        assert all(each.changes for one in found.subjects for each in one.fields)


def test_a_run_that_came_late_rebuilds_the_past_of_one_that_came_in_time(witness):
    """Asked today, both lived alike; asked with what was known then, the late one had not moved yet."""
    lives = [Played(), Played()]
    for played, late in zip(lives, (False, True), strict=True):
        played.play(("subscribe", 1, True, False))
        played.play(("quantity", 0, 3))
        played.play(("sleep" if late else "wait", 48))
    told = []
    for played in lives:
        row = played.running(0)
        truth = Truth(played, witness)
        days = [played.world.now.at - timedelta(days=n) for n in range(0, 48, 2)]
        calendar = (
            "status",
            "stage_position",
            "current_period_start",
            "current_period_end",
            "period_index",
            "quantity",
        )
        told.append([
            [rebuilt(played, as_of=day)[row.pk][1][name] for name in calendar] for day in days
        ])  # fmt: skip
        middle = days[5]
        known = rebuilt(played, as_of=middle, known_at=middle)
        assert known == truth.at(middle)
        assert known[row.pk][1]["quantity"] == (1 if played.hindsight_differs else 3)
    assert told[0] == told[1]
    with tenant(lives[1].shop.id):
        assert TestClock.objects.get().status == TestClock.Status.READY
        late = Change.objects.filter(verb__in=["renewed", "stage_entered", "wishes_carried_out"])
        assert late.count() >= 2 and all(one.effective_at < one.recorded_at for one in late)
