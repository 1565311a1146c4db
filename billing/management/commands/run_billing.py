"""`manage.py run_billing`: bill by hand what is due, and ask for it; or say what would be billed."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from billing import runs
from billing.flows import running
from billing.models import BillingRun, ParkedInRun
from billing.selectors.forecast import Forecast, end_of, forecast
from billing.selectors.runs import totals_of
from merchants.actors import Actor
from merchants.ids import show
from merchants.management.whose import merchants_meant
from merchants.models import Merchant
from merchants.money import decimal_text
from merchants.now import Now
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant

AT_ONCE = 500
ACTOR = Actor.system("run_billing")


@dataclass(kw_only=True)
class Sums:
    """What all merchants come to together."""

    merchants: int = 0
    invoices: int = 0
    parked: int = 0
    by_currency: dict[str, int] = field(default_factory=dict)

    def add(self, invoices: int, parked: int, sums: Iterable[tuple[str, int]]) -> None:
        """One merchant's."""
        self.merchants += 1
        self.invoices += invoices
        self.parked += parked
        for currency, amount in sums:
            self.by_currency[currency] = self.by_currency.get(currency, 0) + amount


class Command(BaseCommand):
    """Bills every merchant's due subscriptions in real time, or one's; test clocks are advanced apart."""

    help = (
        "Bill what is due, with progress, and ask for what was billed. Workers do the same by themselves."
        " Exit code 1 where something was, or would be, parked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--date, --merchant, --dry-run, --no-collect."""
        parser.add_argument("--date", metavar="YYYY-MM-DD", help="only what was due by the end of that day")
        parser.add_argument("--merchant", metavar="mer_…", help="one merchant; without it, all")
        parser.add_argument("--dry-run", action="store_true", help="say what would be billed; nothing is written")
        parser.add_argument("--no-collect", action="store_true", help="make invoices, do not ask for money")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bill, or foresee. Raises CommandError for arguments that cannot be, and where something was parked."""
        day = _day(options["date"])
        sums = Sums()
        for merchant_id in merchants_meant(options["merchant"]):
            with tenant(merchant_id):
                merchant = Merchant.objects.filter(id=merchant_id).first()
                if merchant is None:
                    raise CommandError(f"there is no merchant {options['merchant']}")
                now = now_for(merchant)
            if options["dry_run"]:
                self._foresee(merchant, now, day, sums)
            else:
                self._bill(merchant, now, day, sums, collects=not options["no_collect"])
        said = "would make" if options["dry_run"] else "made"
        count = f"{sums.merchants} merchant{'' if sums.merchants == 1 else 's'} with something due"
        self.stdout.write(f"{count}: {said} {_invoices(sums.invoices, sorted(sums.by_currency.items()))}")
        if sums.parked:
            verb = "would be parked" if options["dry_run"] else "were parked"
            raise CommandError(f"{sums.parked} subscriptions {verb}: see above why", returncode=1)

    def _foresee(self, merchant: Merchant, now: Now, day: date | None, sums: Sums) -> None:
        due_by = end_of(day, now.zone) if day else now.at
        with tenant(merchant.pk):
            found = forecast(merchant=merchant, due_by=due_by, now=min(now.at, due_by))
        if not found.subscriptions:
            return
        totals = [(each.currency, each.gross) for each in found.sums]
        sums.add(found.invoices, found.parked, totals)
        self.stdout.write(f"{merchant.name} ({merchant.public_id}), due by {due_by:%Y-%m-%d %H:%M} UTC")
        self._tell(found.subscriptions, found.periods, found.ended, _invoices(found.invoices, totals))
        self._tell_faults(found)

    def _bill(self, merchant: Merchant, now: Now, day: date | None, sums: Sums, *, collects: bool) -> None:
        until = _until(day, now)
        begun: list[UUID] = []

        def progress(run: BillingRun) -> None:
            if not begun:
                self.stdout.write(f"{merchant.name} ({merchant.public_id}): {run.expected} subscriptions due")
            begun.append(run.pk)
            done = run.taken + run.parked
            self.stdout.write(f"  {done} of {run.expected}: {_invoices(run.invoices, totals_of(run))}")

        run = running.run_merchant(
            merchant_id=merchant.pk,
            now=now,
            kind=BillingRun.Kind.MANUAL,
            actor=ACTOR,
            progress=progress,
            until=until,
        )
        if run is not None:
            sums.add(run.invoices, run.parked, totals_of(run))
            self._tell(run.taken, run.periods, run.ended, _invoices(run.invoices, totals_of(run)))
            with tenant(merchant.pk):
                parked = list(ParkedInRun.objects.filter(run=run).order_by("id"))
            for one in parked:
                self.stdout.write(f"  parked {show('sub', one.subscription_id)}: {one.reason} [{one.code}]")
            if run.status == BillingRun.Status.RUNNING:
                self.stdout.write("  not over: something is held by another worker, and comes with the next pass")
        if collects:
            asked = runs.collect_of(merchant.pk, most=None)
            if asked:
                said = ", ".join(f"{count} {status}" for status, count in sorted(asked.items()))
                self.stdout.write(f"  asked for: {said}")

    def _tell(self, subscriptions: int, periods: int, ended: int, invoiced: str) -> None:
        ends = f", {ended} ended" if ended else ""
        self.stdout.write(f"  {subscriptions} subscriptions, {periods} periods{ends}: {invoiced}")

    def _tell_faults(self, found: Forecast) -> None:
        for each in found.faults:
            words = f"{each.fault.say()} [{each.fault.code}]"
            self.stdout.write(f"  would park {each.count}, first {show('sub', each.first)}: {words}")
        if found.parked_before:
            self.stdout.write(f"  {found.parked_before} parked before: left alone")


def _day(typed: str | None) -> date | None:
    if typed is None:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise CommandError(f"{typed} is no date: it looks like 2026-12-01") from None


def _until(day: date | None, now: Now) -> datetime | None:
    """The end of a day that is over; None for today, which is not. Raises CommandError for a day to come."""
    if day is None or day == now.today:
        return None
    if day > now.today:
        raise CommandError(f"{day} is still to come: what will be billed by then is said with --dry-run")
    return end_of(day, now.zone)


def _invoices(count: int, sums: Sequence[tuple[str, int]]) -> str:
    """`3 invoices, EUR 38.97 + CHF 12.00`."""
    said = " + ".join(f"{currency} {decimal_text(amount, currency)}" for currency, amount in sums)
    return f"{count} invoice{'' if count == 1 else 's'}" + (f", {said}" if said else "")
