"""`manage.py remake_documents [--missing] [--check] [--overwrite] [--merchant mer_…]`: print again from stored rows.

Every PDF is printed again and compared with the digest of the first print, and what the store has lost or damaged is
put back. `--missing` only looks for those; `--check` writes nothing; `--overwrite` also replaces what this version of
the product sets otherwise than the one that printed it.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from invoices.services.remaking import FAULTS, Found, How, look_at, printed_files
from merchants.ids import show
from merchants.management.whose import merchants_meant

QUIET = (Found.kept, Found.same, Found.waiting)
"""What is as it should be: counted, not named."""
NAMED = 50
"""Documents of one kind of finding that are named."""


class Command(BaseCommand):
    """Names what is not as it should be, then counts all."""

    help = "Print documents again from stored rows, compare digests, put back what is lost. Exit code 1: faults stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--missing, --check, --overwrite, --merchant."""
        parser.add_argument("--missing", action="store_true", help="only what the store has lost or damaged")
        parser.add_argument("--check", action="store_true", help="say what is found, write nothing")
        parser.add_argument("--overwrite", action="store_true", help="replace what is set otherwise by now")
        parser.add_argument("--merchant", metavar="mer_…", help="one merchant's documents; without it, all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at every file. Raises CommandError where the store does not answer, or a fault stays."""
        check, missing, overwrite = options["check"], options["missing"], options["overwrite"]
        if overwrite and (check or missing):
            raise CommandError(
                "--overwrite prints every document and writes: it goes with neither --check nor --missing."
            )
        how = How(mend=not check, all_=not missing, overwrite=overwrite)
        counts, failed = Counter[Found](), 0
        for merchant_id in merchants_meant(options["merchant"]):
            for file_id in printed_files(merchant_id):
                try:
                    seen = look_at(merchant_id=merchant_id, file_id=file_id, how=how)
                except OSError as away:
                    raise CommandError(f"The store does not answer: {away}") from away
                except Exception as fault:  # one document that cannot be printed hides no other
                    failed += 1
                    self.stdout.write(f"  {show('mer', merchant_id)} {file_id}: {type(fault).__name__}: {fault}")
                    continue
                counts[seen.found] += 1
                if seen.found not in QUIET and counts[seen.found] <= NAMED:
                    self.stdout.write(f"  {show('mer', merchant_id)} {seen.number} {seen.found.value}")
        self._sum(counts, failed)

    def _sum(self, counts: Counter[Found], failed: int) -> None:
        for found in Found:
            if counts[found]:
                self.stdout.write(f"{counts[found]:>9} {found.value}")
        faults = failed + sum(counts[found] for found in FAULTS)
        self.stdout.write(f"{counts.total() + failed:>9} documents")
        if faults:
            raise CommandError(f"{faults} of them are not as they should be.")
