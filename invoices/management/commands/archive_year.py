"""`manage.py archive_year --merchant mer_… --entity ent_… --year 2026 --to FILE.zip`: a year's documents, sealed."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from invoices.services.archive import NotPrinted
from invoices.services.archiving import archive
from merchants.ids import read
from merchants.management.whose import merchants_meant
from merchants.refusals import NotFound


class Command(BaseCommand):
    """Writes the archive and says how many documents it holds."""

    help = "Write a year's documents of one legal entity as one sealed ZIP that anybody can verify."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--merchant, --entity, --year, --to."""
        parser.add_argument("--merchant", metavar="mer_…", required=True)
        parser.add_argument("--entity", metavar="ent_…", required=True)
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--to", metavar="FILE.zip", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write. Raises CommandError for what is unknown or not printed; a file is left only where it is whole."""
        (merchant_id,) = merchants_meant(options["merchant"])
        target = Path(options["to"])
        partial = target.with_name(target.name + ".partial")
        key = read("ent", options["entity"])
        try:
            if key is None:
                raise NotFound
            with partial.open("wb") as out:
                count = archive(key, options["year"], out, merchant_id=merchant_id)
            partial.replace(target)
        except NotFound as problem:
            raise CommandError(f"there is no legal entity {options['entity']}") from problem
        except NotPrinted as problem:
            raise CommandError(f"{problem}: run `manage.py validate_documents`, or wait for the workers") from problem
        finally:
            partial.unlink(missing_ok=True)
        self.stdout.write(f"{count} document{'' if count == 1 else 's'}: {target}")
