"""A text world for stories: dates go in, bank statements come out. All of it on a test clock, through the product's own
flows; every run is made twice, and the second one finds nothing to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db.models import Model

from billing.flows import asks, change, clock_work, clocks, collect, schedule
from billing.flows.running import run_merchant
from billing.models import BillingRun, ParkedInRun
from invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, Payment
from invoices.totals import totals
from merchants.clock import instant
from merchants.models import Event, Offer, TestClock
from merchants.money import decimal_text
from merchants.now import Now, local_date
from merchants.tenancy.models import TenantModel
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber, Subscription
from subscribers.services import enrolment
from tests.worlds import TESTER, Shop


@dataclass
class World:
    """A merchant, and a clock that its subscribers live by."""

    shop: Shop
    clock_id: UUID
    people: dict[str, Subscriber] = field(default_factory=dict)

    @classmethod
    def on(cls, shop: Shop, day: str, at: str = "09:00") -> World:
        """The world as it is on a local day."""
        with tenant(shop.id):
            begun = _utc(day, at, shop.merchant.timezone)
            clock = TestClock.objects.create(time=begun, created_at=instant())
        return cls(shop=shop, clock_id=clock.pk)

    @property
    def now(self) -> Now:
        """The clock's present."""
        with tenant(self.shop.id):
            clock = TestClock.objects.get(id=self.clock_id)
        return Now(at=clock.time, zone=self.shop.merchant.timezone, test_clock=clock.pk)

    def person(self, reference: str = "lucie", card: str | None = "pm_card_visa", **values: Any) -> Subscriber:
        """A subscriber of this clock, with a card unless told otherwise."""
        if reference not in self.people:
            with tenant(self.shop.id):
                act = {"merchant": self.shop.merchant, "actor": TESTER, "now": self.shop.now()}
                known = {"name": reference.title(), "reference": reference}
                made = enrolment.enrol(known, test_clock_id=self.clock_id, **values, **act)
            if card:
                self.shop.method(made, card)
            with tenant(self.shop.id):
                self.people[reference] = Subscriber.objects.select_related("payer").get(id=made.pk)
        return self.people[reference]

    def subscribe(self, offer: Offer, person: Subscriber | None = None, **wish: Any) -> Subscription:
        """Begun without waiting for money, and what is due asked for at once."""
        made = self.shop.subscribe(person or self.person(), offer, **wish)
        self.collect()
        return made

    def until(self, day: str, at: str = "12:00") -> World:
        """Let time pass to a local day: all that falls due happens on its own day."""
        to = _utc(day, at, self.shop.merchant.timezone)
        clocks.advance(merchant_id=self.shop.id, clock_id=self.clock_id, to=to, actor=TESTER)
        while clock_work.carry_on(merchant_id=self.shop.id, clock_id=self.clock_id):
            pass
        with tenant(self.shop.id):
            clock = TestClock.objects.get(id=self.clock_id)
            assert (clock.status, clock.error, clock.time) == ("ready", "", to), f"{clock.status} {clock.error}"
        assert self.run() is None
        return self

    def late(self, day: str, at: str = "12:00", size: int = 500) -> World:
        """Nobody runs anything until that day; then one run, and another that finds nothing."""
        with tenant(self.shop.id):
            TestClock.objects.filter(id=self.clock_id).update(time=_utc(day, at, self.shop.merchant.timezone))
        self.run(size)
        assert self.run() is None
        self.collect()
        return self

    def run(self, size: int = 500) -> BillingRun | None:
        """One pass over all that is due now."""
        kind = BillingRun.Kind.MANUAL
        return run_merchant(merchant_id=self.shop.id, now=self.now, kind=kind, actor=TESTER, size=size)

    def collect(self) -> None:
        """Ask for what is to be collected by now, twice."""
        for _ in range(2):
            with tenant(self.shop.id):
                due = Invoice.objects.filter(collect_at__lte=self.now.at, test_clock=self.clock_id)
                ids = list(due.order_by("id").values_list("id", flat=True))
            collect.collect(merchant_id=self.shop.id, invoice_ids=ids, now=self.now, actor=TESTER)

    def plan(self, sub: Subscription, ask: asks.Ask) -> None:
        """Wish for something at the end of the paid period."""
        schedule.schedule(merchant_id=self.shop.id, subscription_id=sub.pk, ask=ask, actor=TESTER)

    def change(self, sub: Subscription, ask: asks.Ask, **how: Any) -> Subscription:
        """Change it as its policy says, or as `how` does; what it then does is what its preview said, and the preview
        wrote nothing. What is due is asked for at once."""
        changing, watched = change.Changing(**how), (Invoice, CreditNote, Change, Event)
        before = rows(self.shop.id, watched)
        seen = change.foresee(merchant_id=self.shop.id, subscription_id=sub.pk, ask=ask, changing=changing)
        assert rows(self.shop.id, watched) == before
        done = change.change(merchant_id=self.shop.id, subscription_id=sub.pk, ask=ask, changing=changing, actor=TESTER)
        now = seen.when == "now"
        with tenant(self.shop.id):
            invoices = Invoice.objects.exclude(id__in=before["Invoice"]).order_by("id")
            notes = CreditNote.objects.exclude(id__in=before["CreditNote"]).order_by("id")
            billed = [totals(draft.lines, draft.tax_behavior).gross for draft in seen.documents if now]
            assert [invoice.gross for invoice in invoices][len(invoices) - len(billed) :] == billed
            assert [(note.gross, note.to_invoice, note.to_balance) for note in notes] == [
                (back.plan.credit.gross, back.plan.to_invoice, back.plan.to_balance) for back in seen.backs
            ]
        self.collect()
        return done

    def now_is(self, sub: Subscription) -> Subscription:
        """The subscription as it stands."""
        with tenant(self.shop.id):
            return Subscription.objects.get(id=sub.pk)

    def captured(self) -> list[int]:
        """What was captured for invoices, in order; an invoice is asked for once."""
        with tenant(self.shop.id):
            rows = list(Payment.objects.filter(status="succeeded").order_by("id").values_list("invoice_id", "captured"))
        assert len({invoice for invoice, _ in rows}) == len(rows)
        return [amount for _, amount in rows]

    def parked(self) -> list[tuple[UUID, str]]:
        """Who is parked, and the code of why."""
        with tenant(self.shop.id):
            return list(ParkedInRun.objects.order_by("id").values_list("subscription_id", "code"))

    def statement(self, *subs: Subscription) -> str:
        """Documents in the order of their numbers, a line a line: the day of issue, what, its days, what is charged
        for it; then VAT where it comes on top, and what was not paid. Last, how it ended."""
        with tenant(self.shop.id):
            return _statement([sub.pk for sub in subs], self.shop.merchant.timezone)


def rows(merchant_id: UUID, models: Iterable[type[Model]] = ()) -> dict[str, Any]:
    """The ids of a merchant's rows by model, of all models unless told which, and its subscriptions whole: to see that
    nothing was written."""
    with tenant(merchant_id):
        of_tenants = (model for model in apps.get_models() if issubclass(model, TenantModel) and model._meta.managed)
        ids: dict[str, Any] = {
            model.__name__: set(model._default_manager.values_list("pk", flat=True)) for model in models or of_tenants
        }
        return {**ids, "stands": list(Subscription.objects.order_by("id").values())}


def _utc(day: str, at: str, zone: str) -> datetime:
    local = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    return datetime.fromtimestamp(local.timestamp(), ZoneInfo("UTC"))


def _statement(ids: list[UUID], zone: str) -> str:
    lines: dict[UUID, list[InvoiceLine]] = defaultdict(list)
    for line in InvoiceLine.objects.filter(subscription_id__in=ids).order_by("invoice_id", "position"):
        lines[line.invoice_id].append(line)
    rows: list[str] = []
    for invoice in Invoice.objects.filter(id__in=lines).order_by("sequence"):
        day = invoice.issued_on.isoformat() if invoice.issued_on else "draft"
        for line in lines[invoice.pk]:
            rows.append(_row(day, line.title["en"], _days(line), line.amount - line.discount, invoice.currency))
            day = ""
        if invoice.tax_behavior == "exclusive":
            rows.append(_row("", "VAT", "", invoice.tax, invoice.currency))
        credits = CreditNoteLine.objects.filter(credit_note__invoice=invoice)
        rows += [_row("", f"credit {line.title['en']}", "", -line.amount, invoice.currency) for line in credits]
        if invoice.status != "paid":
            rows.append(_row("", invoice.status, "", invoice.amount_due, invoice.currency))
    for sub in Subscription.objects.filter(id__in=ids, status="ended").order_by("ended_at", "id"):
        assert sub.ended_at is not None
        rows.append(f"{local_date(sub.ended_at, zone)}  ended: {sub.end_reason}")
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _days(line: InvoiceLine) -> str:
    if line.period_start is None or line.period_end is None:
        return ""
    end = line.period_end
    return f"{line.period_start:%m-%d}..{end:%m-%d}" + ("" if end.year == line.period_start.year else f" {end.year}")


def _row(day: str, what: str, days: str, amount: int, currency: str) -> str:
    return f"{day:<10}  {what:<12} {days:<18} {decimal_text(amount, currency):>9}"
