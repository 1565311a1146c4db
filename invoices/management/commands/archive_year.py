"""`manage.py archive_year --merchant mer_… --entity ent_… --year 2026 --to FILE.zip`: a year's documents, sealed."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from invoices.services.archive import NotPrinted, write_archive
from merchants.clock import instant
from merchants.ids import read
from merchants.management.moments import one_moment
from merchants.management.whose import merchants_meant
from merchants.models import LegalEntity, Merchant
from merchants.now import Now
from merchants.services import seals
from merchants.tenancy.scope import tenant


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
        with tenant(merchant_id):  # the key is made before the moment that is only read
            merchant = Merchant.objects.filter(id=merchant_id).first()
            if merchant is None:
                raise CommandError(f"there is no merchant {options['merchant']}")
            now = Now(at=instant(), zone=merchant.timezone)
            seals.sign(b"", now=now)
        try:
            with one_moment(), tenant(merchant_id), partial.open("wb") as out:
                key = read("ent", options["entity"])
                entity = LegalEntity.objects.filter(id=key).first() if key else None
                if entity is None:
                    raise CommandError(f"there is no legal entity {options['entity']}")
                count = write_archive(
                    entity, merchant, options["year"], out, seal=lambda report: seals.sealed(report, now=now)
                )
            partial.replace(target)
        except NotPrinted as problem:
            raise CommandError(f"{problem}: run `manage.py validate_documents`, or wait for the workers") from problem
        finally:
            partial.unlink(missing_ok=True)
        self.stdout.write(f"{count} document{'' if count == 1 else 's'}: {target}")
