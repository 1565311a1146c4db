"""How many subscriptions a second one worker renews, beside what PostgreSQL can write at all, in the same run.

    python -m tools.devstack exec -- python -m benchmarks.billing_run [--due 1000 --due 10000] [--size 500] [--profile]

Three figures for the same rows:

- `ours`: `billing.flows.running`, everything it does: find, lock, read, engine, documents, ledger, history, events,
  numbers, the run itself.
- `guarded limit`: exactly the rows and updates that ours writes, recorded beforehand, written again by COPY into
  temporary tables and INSERT … SELECT, with the same constraints, triggers and row-level security, and nothing else.
- `bare COPY`: the same rows into tables without index, constraint, trigger or row-level security.

Each subscription has one paid stage and two options: 3 lines an invoice. Seconds are of the wall, on a machine that
should do nothing else; CPU is of this process and of its PostgreSQL backend. The aim is 40 % of the guarded limit.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

import django

if TYPE_CHECKING:
    from merchants.now import Now

BEFORE = datetime(2026, 2, 28, 12, tzinfo=UTC)
RUN_AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Figures:
    """What one pass cost. `python` and `postgres` are CPU seconds."""

    name: str
    count: int
    wall: float = 0.0
    python: float = 0.0
    postgres: float = 0.0
    queries: int = 0
    batches: int = 1

    def line(self) -> str:
        """One row of the table."""
        each = 1e6 / self.count
        return (
            f"{self.name:15} {self.count:7,d} {self.count / self.wall:9,.0f} /s   Python {self.python * each:6.0f} µs"
            f"   PostgreSQL {self.postgres * each:6.0f} µs   {self.queries / self.batches:6.1f} queries a batch"
        )


def backend_cpu(pid: int) -> float:
    """CPU seconds of our PostgreSQL backend so far."""
    with open(f"/proc/{pid}/stat") as stat:
        parts = stat.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / TICK


@contextmanager
def measured(figures: Figures) -> Iterator[None]:
    """Take the time, both CPUs and the queries of what happens inside."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    asked = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(sql, params, many, context)

    before = time.perf_counter(), time.process_time(), backend_cpu(pid)
    with connection.execute_wrapper(count):
        yield
    figures.wall = time.perf_counter() - before[0]
    figures.python = time.process_time() - before[1]
    figures.postgres = backend_cpu(pid) - before[2]
    figures.queries = asked


def analyze() -> None:
    """What autovacuum would have done by the next day."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def ours(merchant_id: UUID, count: int, size: int, *, profile: bool) -> Figures:
    """The product's own run."""
    from billing.flows.running import run_merchant
    from billing.models import BillingRun
    from merchants.actors import Actor

    figures = Figures(name="ours", count=count, batches=-(-count // size))
    watched = cProfile.Profile() if profile else None
    with measured(figures):
        if watched:
            watched.enable()
        run = run_merchant(
            merchant_id=merchant_id, now=_now(), kind=BillingRun.Kind.MANUAL, actor=Actor.system("benchmark"), size=size
        )
        if watched:
            watched.disable()
    assert run is not None and (run.taken, run.invoices, run.parked) == (count, count, 0), run
    if watched:
        pstats.Stats(watched).sort_stats("tottime").print_stats(35)
    return figures


def _now(at: datetime = RUN_AT) -> Now:
    from merchants.now import Now

    return Now(at=at, zone="Europe/Paris")


def month_before(merchant_id: UUID) -> None:
    """A month that is not measured: tables have rows and the planner knows them, as on any other day."""
    from billing.flows.running import run_merchant
    from billing.models import BillingRun
    from merchants.actors import Actor

    actor = Actor.system("benchmark")
    run_merchant(merchant_id=merchant_id, now=_now(BEFORE), kind=BillingRun.Kind.MANUAL, actor=actor)


@dataclass(kw_only=True)
class Recorded:
    """What one batch writes, statement by statement: `(kind, model, columns, rows)`, and single statements."""

    writes: list[tuple[str, Any, tuple[str, ...], list[list[Any]]]] = field(default_factory=list)


class _Stop(Exception):  # noqa: N818 - it undoes a recording
    pass


def record(merchant_id: UUID, size: int) -> list[Recorded]:
    """Let ours work batch by batch, keep what it writes, and undo it."""
    from billing.flows.renew import renew
    from billing.selectors.due import next_places
    from merchants.actors import Actor
    from merchants.tenancy import bulk
    from merchants.tenancy.scope import tenant

    batches: list[Recorded] = []
    after, now = None, _now()
    insert_values, update = bulk.insert_values, bulk.update
    while True:
        with tenant(merchant_id):
            places = next_places(now, after=after, most=size)
        if not places:
            return batches
        after = places[-1]
        kept = Recorded()

        def inserting(model: Any, columns: Any, rows: Any, kept: Recorded = kept) -> None:
            listed = [list(row) for row in rows]
            kept.writes.append(("insert", model, tuple(columns), listed))
            insert_values(model, columns, listed)

        def updating(model: Any, columns: Any, rows: Any, kept: Recorded = kept) -> int:
            listed = [list(row) for row in rows]
            if listed:
                kept.writes.append(("update", model, tuple(columns), listed))
            return update(model, columns, listed)

        try:
            with (
                patch.object(bulk, "insert_values", inserting),
                patch.object(bulk, "update", updating),
                tenant(merchant_id),
            ):
                renew(
                        merchant_id=merchant_id, batch=[id_ for _, id_ in places], now=now,
                        actor=Actor.system("benchmark"),
                    )  # fmt: skip
                raise _Stop
        except _Stop:
            batches.append(kept)


def guarded(merchant_id: UUID, batches: Sequence[Recorded], count: int) -> Figures:
    """The recorded rows through the same guards, one transaction a batch."""
    from django.db import connection

    from merchants.tenancy import bulk
    from merchants.tenancy.scope import tenant

    figures = Figures(name="guarded limit", count=count, batches=len(batches))
    with measured(figures):
        number = 0
        for batch in batches:
            with tenant(merchant_id):
                for kind, model, columns, rows in batch.writes:
                    if kind == "insert":
                        bulk.insert_values(model, columns, rows)
                        continue
                    if "sequence" in columns:
                        place, text = columns.index("sequence") + 1, columns.index("number") + 1
                        for row in rows:
                            number += 1
                            row[place], row[text] = count + number, f"F{count + number:06d}"
                        with connection.cursor() as cursor:
                            cursor.execute(
                                "UPDATE invoices_numberseries SET next_number = %s, head = %s",
                                [count + number + 1, rows[-1][columns.index("chain_hash") + 1]],
                            )
                    bulk.update(model, columns, rows)
    return figures


def bare(batches: Sequence[Recorded], count: int) -> Figures:
    """The inserted rows by COPY into plain tables, made by the owner's role."""
    import io

    from django.db import connections

    from merchants.tenancy.bulk import _encoder

    figures = Figures(name="bare COPY", count=count, batches=len(batches))
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare; SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
        tables = {model._meta.db_table for batch in batches for kind, model, _, _ in batch.writes if kind == "insert"}
        for table in tables:
            cursor.execute(f"CREATE TABLE bare.{table} AS SELECT * FROM {table} WITH NO DATA")
        before = time.perf_counter(), time.process_time(), backend_cpu(pid)
        for batch in batches:
            cursor.execute("BEGIN")
            for kind, model, columns, rows in batch.writes:
                if kind != "insert":
                    continue
                fields: list[Any] = [model._meta.get_field(name) for name in columns]
                put = [_encoder(one) for one in fields]
                text = "\n".join(
                    "\t".join(encode(value) for encode, value in zip(put, row, strict=True)) for row in rows
                )
                listed = ", ".join(f'"{one.column}"' for one in fields)
                cursor.copy_expert(f"COPY bare.{model._meta.db_table} ({listed}) FROM STDIN", io.StringIO(text + "\n"))
            cursor.execute("COMMIT")
        figures.wall = time.perf_counter() - before[0]
        figures.python = time.process_time() - before[1]
        figures.postgres = backend_cpu(pid) - before[2]
        cursor.execute("DROP SCHEMA bare CASCADE")
    return figures


def main() -> None:
    """Plant, measure, print."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--due", type=int, action="append", help="how many are due (again for more rounds)")
    said.add_argument("--size", type=int, default=500, help="subscriptions in a batch")
    said.add_argument("--profile", action="store_true", help="say where Python's time goes (slows it down)")
    wanted = said.parse_args()
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from benchmarks.planting import plant

    settings.DEBUG = False
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    for count in wanted.due or [1000, 10_000]:
        first, second = plant("ours", count), plant("limit", count)
        for merchant_id in (first, second):
            month_before(merchant_id)
        analyze()
        done = ours(first, count, wanted.size, profile=wanted.profile)
        batches = record(second, wanted.size)
        analyze()
        limit = guarded(second, batches, count)
        plain = bare(batches, count)
        for figures in (done, limit, plain):
            print(figures.line(), flush=True)
        rate, most = count / done.wall, count / limit.wall
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{'':15} {rate / most:.0%} of the guarded limit, {rate * plain.wall / count:.0%} of bare COPY;", end="")
        print(f" {done.queries / count:.3f} statements an invoice; memory at most {memory:.0f} MiB", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    main()
