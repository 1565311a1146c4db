"""`manage.py verify_series`: proves numbers 1…n, dates, contents and links of every series; names the first fault."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from invoices.models import NumberSeries
from invoices.services.proof import Progress, name_of, prove
from invoices.services.proof_faults import Proof
from invoices.services.series_report import KIND, Span, against, report, series_of
from invoices.services.series_report_text import report_text
from merchants.clock import instant
from merchants.ids import read, show
from merchants.management.whose import merchants_meant
from merchants.models import LegalEntity, Merchant
from merchants.now import Now, local_date
from merchants.services import seals
from merchants.tenancy.moments import one_moment
from merchants.tenancy.scope import tenant

SHOWN_EVERY = 10_000


class Command(BaseCommand):
    """Says of each series how many documents it has and whether they are proved."""

    help = "Prove that numbers have no gap, that documents say what they said, and that their chain holds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--merchant, --entity, --series, --since, --until, --report, --against."""
        parser.add_argument("--merchant", metavar="mer_…", help="one merchant; without it, all")
        parser.add_argument("--entity", metavar="ent_…", help="one legal entity of that merchant")
        parser.add_argument("--series", metavar="UUID", help="one series of that merchant, by its id")
        parser.add_argument("--since", metavar="DATE", type=_day, help="documents of that day on")
        parser.add_argument("--until", metavar="DATE", type=_day, help="documents before that day")
        parser.add_argument("--report", metavar="FILE", help="write the signed report, and FILE.txt for people")
        parser.add_argument("--against", metavar="FILE", help="compare with an earlier report of that merchant")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prove. Raises CommandError naming the first fault."""
        for name in ("entity", "series", "report", "against"):
            if options[name] and not options["merchant"]:
                raise CommandError(f"--{name} is of one merchant: say which with --merchant")
        faults: list[str] = []
        documents = series = merchants = 0
        for merchant_id in merchants_meant(options["merchant"]):
            merchants += 1
            found = self._merchant(merchant_id, options)
            documents += sum(proof.count for proof in found)
            series += len(found)
            faults += [f"{show('mer', merchant_id)}: {name_of(one.series)}: {one.fault}" for one in found if one.fault]
            if options["against"]:
                faults += self._against(merchant_id, Path(options["against"]))
        self.stdout.write(f"{_many(merchants, 'merchant')}, {_many(series, 'series')}, {_many(documents, 'document')}")
        if faults:
            raise CommandError(faults[0])

    def _merchant(self, merchant_id: UUID, options: dict[str, Any]) -> list[Proof]:
        span = Span(since=options["since"], until=options["until"])
        with one_moment(), tenant(merchant_id):
            merchant = Merchant.objects.filter(id=merchant_id).first()
            if merchant is None:
                raise CommandError(f"there is no merchant {options['merchant']}")
            entities = _entities(options["entity"])
            if options["report"] and len(entities) != 1:
                raise CommandError("a report is of one legal entity: say which with --entity")
            now = Now(at=instant(), zone=merchant.timezone)
            found = []
            for row in _meant([row for entity in entities for row in series_of(entity)], options["series"]):
                today = local_date(now.at, merchant.timezone)
                proof = prove(row, today=today, since=span.since, until=span.until, progress=self._progress(row))
                found.append(proof)
                self.stdout.write(f"  {show('mer', merchant_id)} {row.legal_entity.name}: {_line(proof)}")
            drawn = report(entities[0], merchant, span, found, now=now) if options["report"] else None
        if drawn is not None:
            self._write(merchant, drawn, Path(options["report"]), now)
        return found

    def _write(self, merchant: Merchant, drawn: dict[str, Any], path: Path, now: Now) -> None:
        with tenant(merchant.pk):
            document = seals.sealed(drawn, now=now)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        beside = path.with_name(path.name + ".txt")
        with translation.override(merchant.locale):
            beside.write_text(report_text(document, merchant.locale), encoding="utf-8")
        self.stdout.write(f"  signed: {path}, for people: {beside}")

    def _against(self, merchant_id: UUID, path: Path) -> Iterable[str]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise CommandError(f"{path} cannot be read: {problem}") from problem
        with one_moment(), tenant(merchant_id):
            if not isinstance(document, dict) or not seals.holds(document):
                raise CommandError(f"{path} is no report that its seal holds for")
            if document["report"].get("type") != KIND or not seals.known(document["seal"]["fingerprint"]):
                raise CommandError(f"{path} is no report on series that this merchant signed")
            found = [f"{show('mer', merchant_id)}: {fault}" for fault in against(document["report"])]
        if not found:
            self.stdout.write(f"  as in {path} of {document['report']['made_at']}")
        return found

    def _progress(self, row: NumberSeries) -> Progress:
        def tell(count: int) -> None:
            if count % SHOWN_EVERY == 0:
                self.stderr.write(f"  {name_of(row)}: {count} documents")

        return tell


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _entities(shown: str | None) -> list[LegalEntity]:
    if shown is None:
        return list(LegalEntity.objects.order_by("id"))
    key = read("ent", shown)
    row = LegalEntity.objects.filter(id=key).first() if key else None
    if row is None:
        raise CommandError(f"there is no legal entity {shown}")
    return [row]


def _meant(rows: list[NumberSeries], key: str | None) -> list[NumberSeries]:
    if key is None:
        return rows
    try:
        found = [row for row in rows if row.pk == UUID(key)]
    except ValueError as problem:
        raise CommandError(f"{key} is no series' id") from problem
    if not found:
        raise CommandError(f"there is no series {key}")
    return found


def _line(proof: Proof) -> str:
    words = f"{name_of(proof.series)} ({proof.series.pk}): {_many(proof.count, 'document')}"
    if proof.first and proof.last:
        words += f", {proof.first[1]} to {proof.last[1]}"
    if proof.series.chained_from > 1:
        words += f", chained from {proof.series.chained_from}"
    if proof.erased:
        words += f", {_many(proof.erased, 'customer')} erased"
    if proof.fault is None:
        return f"{words}, proved"
    return f"{words}, {_many(sum(proof.wrong.values()), 'fault')}, the first: {proof.fault}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 or what == 'series' else 's'}"
