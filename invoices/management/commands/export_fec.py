"""`manage.py export_fec --entity ent_… --year 2026 --to FILE`: a fiscal year's file of accounting entries, checked."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from invoices.fec_check import verify
from invoices.selectors.charts import chart_of_entity
from invoices.services.fec import fec, named, numbered_from
from merchants.ids import read
from merchants.management.whose import merchants_meant
from merchants.models import LegalEntity
from merchants.money import decimal_text
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant

PIECE = 1 << 20


class Command(BaseCommand):
    """Writes the file, then reads it again as a stranger would; a file that does not pass is not left there."""

    help = "Write a legal entity's file of accounting entries (FEC) for the fiscal year that ends in a year."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--entity, --year, --to, --merchant."""
        parser.add_argument("--entity", metavar="ent_…", required=True, help="the legal entity")
        parser.add_argument("--year", type=int, required=True, help="the year in which the fiscal year ends")
        parser.add_argument("--to", metavar="FILE", type=Path, required=True, help="a file, or a folder for it")
        parser.add_argument("--merchant", metavar="mer_…", help="whose entity it is; without it, it is looked for")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write and check. Raises CommandError where there is no such entity, a file cannot be made, or is wrong."""
        if not 2000 <= options["year"] <= 2199:
            raise CommandError("--year is a year such as 2026")
        merchant_id, entity_id = _whose(options["entity"], options["merchant"])
        with tenant(merchant_id):
            first, last = chart_of_entity(entity_id).year_of(_within(entity_id, options["year"]))
            begins = numbered_from(entity_id, first=first)
            try:
                name = named(entity_id, last=last)
                pieces = fec(entity_id, first=first, last=last)
            except Refusal as refusal:
                raise CommandError(f"{refusal.say()} {refusal.say_way_out()}".strip()) from refusal
        place: Path = options["to"] / name if options["to"].is_dir() else options["to"]
        beside = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            with beside.open("xb") as file:
                file.writelines(pieces)
            with beside.open("rb") as file:
                verdict = verify(iter(lambda: file.read(PIECE), b""), first=first, last=last, starts_at=begins)
            if not verdict.is_good:
                raise CommandError(f"the file is wrong and was not kept: {verdict.faults[0]}")
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
        self.stdout.write(
            f"{place}: {verdict.entries} entries, {verdict.rows} rows, {first} to {last},"
            f" {decimal_text(verdict.debit, 'EUR')} EUR debit, {decimal_text(verdict.credit, 'EUR')} EUR credit"
        )


def _whose(shown: str, merchant: str | None) -> tuple[UUID, UUID]:
    entity_id = read("ent", shown)
    if entity_id is None:
        raise CommandError(f"{shown} is no legal entity's id: it looks like ent_…")
    for merchant_id in merchants_meant(merchant):
        with tenant(merchant_id):
            if LegalEntity.objects.filter(id=entity_id).exists():
                return merchant_id, entity_id
    raise CommandError(f"there is no legal entity {shown}")


def _within(entity_id: UUID, year: int) -> date:
    """A day of the fiscal year that ends in a year."""
    return date(year, chart_of_entity(entity_id).closing_month, 1)
