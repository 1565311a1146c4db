"""`manage.py validate_documents [--merchant mer_…] [--random N [--seed S]]`: electronic invoices by the official rules.

Schema, EN 16931 and those of the French reform (`invoices/facturx/checking.py`). What was printed is checked as its PDF
carries it, the rest as it would be written now. A tool for development: it wants `saxonche`.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError

from invoices.embedding import xml_inside
from invoices.facturx.checking import ProcessorError, broken_rules
from invoices.facturx.documents import Document
from invoices.facturx.fitness import unfit
from invoices.facturx.sampling import made_up
from invoices.facturx.xml import written
from invoices.models import CreditNote, DocumentFile, Invoice
from invoices.selectors.einvoices import paper_and_einvoice
from invoices.selectors.rows import credit_rows, invoice_rows
from merchants.ids import show
from merchants.management.whose import merchants_meant
from merchants.models import Merchant
from merchants.tenancy.scope import tenant


class Command(BaseCommand):
    """Says how many documents were checked, which the standard cannot carry, and names each fault."""

    help = "Check electronic invoices by schema, EN 16931 and the French rules. Exit code 1 where one breaks any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--merchant, --random, --seed."""
        parser.add_argument("--merchant", metavar="mer_…", help="one merchant's documents; without it, all")
        parser.add_argument(
            "--random", type=int, metavar="N", help="N documents that are made up, instead of stored ones"
        )
        parser.add_argument("--seed", type=int, default=1, help="the first of them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check. Raises CommandError naming the first fault."""
        made = options["random"] is not None
        documents = _made_up(options["seed"], options["random"]) if made else _stored(options["merchant"])
        counts, faults, without = Counter[str](), list[str](), Counter[str]()
        for name, document, carried in documents:
            counts[document.kind] += 1
            if why := unfit(document):
                without[why.code] += 1
                continue
            try:
                broken = broken_rules(carried or written(document), document)
            except ProcessorError as missing:
                raise CommandError(str(missing)) from missing
            faults += [f"{name}: {one}" for one in broken]
        for kind, count in sorted(counts.items()):
            self.stdout.write(f"  {count} {kind.replace('_', ' ')}{'' if count == 1 else 's'}")
        for code, count in sorted(without.items()):
            self.stdout.write(f"  {count} of them without XML: {code}")
        for fault in faults[:20]:
            self.stdout.write(f"  {fault}")
        self.stdout.write(f"{counts.total() - without.total()} electronic invoices checked")
        if faults:
            raise CommandError(f"{len(faults)} rules broken, the first: {faults[0]}")


def _made_up(first: int, count: int) -> Iterator[tuple[str, Document, bytes | None]]:
    for seed in range(first, first + count):
        yield f"--random 1 --seed {seed}", made_up(seed), None


def _stored(meant: str | None) -> Iterator[tuple[str, Document, bytes | None]]:
    """Every numbered document, with the XML that its PDF carries where it is printed and does."""
    for merchant_id in merchants_meant(meant):
        with tenant(merchant_id):
            merchant = Merchant.objects.filter(id=merchant_id).first()
            if merchant is None:
                raise CommandError(f"there is no merchant {meant}")
            files = {
                file.invoice_id or file.credit_note_id: file.path
                for file in DocumentFile.objects.filter(format="pdf", made_at__isnull=False).iterator(chunk_size=500)
            }
            for model, read in ((Invoice, invoice_rows), (CreditNote, credit_rows)):
                numbered = model.objects.exclude(number=None).order_by("id").values_list("id", flat=True)
                for pk in numbered.iterator(chunk_size=500):
                    _, document = paper_and_einvoice(read(pk), merchant)
                    yield f"{show('mer', merchant_id)} {document.number}", document, _carried(files.get(pk))


def _carried(path: str | None) -> bytes | None:
    if path is None:
        return None
    with default_storage.open(path) as kept:
        return xml_inside(kept.read())
