"""Lives on test clocks, for stories: one is put on a clock, asked forward, and told."""

from __future__ import annotations

import pytest

from billing.flows import clock_work, clocks
from invoices.models import Invoice
from merchants.clock import instant
from merchants.models import Event
from merchants.models import TestClock as Clock
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from subscribers.services import enrolment
from tests.worlds import utc

BEGINS = "2027-01-31T09:00"


@pytest.fixture
def nudged(monkeypatch):
    """No worker runs by itself; the clocks that one was asked to carry on."""
    asked: list[str] = []
    monkeypatch.setattr(clocks, "nudge", lambda merchant_id, clock_id: asked.append(str(clock_id)))
    return asked


@pytest.fixture
def hifi(shop):
    return shop.offer("Onde Hifi", ("month", None, 12_99))


def clock_at(shop, text=BEGINS) -> Clock:
    with tenant(shop.id):
        return Clock.objects.create(time=utc(text), created_at=instant())


def ada_on(shop, clock, reference="ada") -> Subscriber:
    now = Now(at=clock.time, zone="Europe/Paris", test_clock=clock.pk)
    known = {"name": "Ada", "reference": reference, "email": "ada@courriel.example"}
    with tenant(shop.id):
        return enrolment.enrol(known, merchant=shop.merchant, actor=shop.actor, now=now, test_clock_id=clock.pk)


def advance(shop, clock, to) -> Clock:
    """Ask, and be the worker."""
    clocks.advance(merchant_id=shop.id, clock_id=clock.pk, to=utc(to), actor=shop.actor)
    clock_work.carry_on(merchant_id=shop.id, clock_id=clock.pk, patience=120)
    return fresh(shop, clock)


def fresh(shop, clock) -> Clock:
    with tenant(shop.id):
        return Clock.objects.get(id=clock.pk)


def statement(shop) -> str:
    """Number, date, period, sum, how it stands, and by when it was paid."""
    with tenant(shop.id):
        return "".join(
            f"{row.number}  {row.issued_on}  {row.period_start:%m-%d}..{row.period_end:%m-%d}  {row.gross / 100:6.2f}"
            f"  {row.status}  {row.paid_at:%Y-%m-%d %H:%M}\n"
            if row.paid_at
            else f"{row.number}  {row.issued_on}  {row.period_start:%m-%d}..{row.period_end:%m-%d}"
            f"  {row.gross / 100:6.2f}  {row.status}\n"
            for row in Invoice.objects.order_by("id")
        )


def told(shop, *kinds) -> list[tuple[str, str]]:
    """When, and what: the events of lives, in the order in which they were written."""
    with tenant(shop.id):
        rows = Event.objects.filter(subscriber_id__isnull=False).order_by("id")
        rows = rows.filter(kind__in=kinds) if kinds else rows
        return [(f"{row.created_at:%Y-%m-%d %H:%M}", row.kind) for row in rows]
