"""`manage.py check_books [--merchant mer_…]`: the sums that must agree, recomputed (architecture, "Not twice")."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.selectors import books
from merchants.clock import instant
from merchants.ids import show
from merchants.management.whose import merchants_meant
from merchants.models import Merchant
from merchants.tenancy.moments import one_moment
from merchants.tenancy.scope import tenant


class Command(BaseCommand):
    """Checks every merchant's books, or one's; says what was checked by count, and names the first fault."""

    help = "Check that documents, payments, lives and the ledger agree. Exit code 1 where they do not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--merchant."""
        parser.add_argument("--merchant", metavar="mer_…", help="one merchant's books; without it, all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check. Raises CommandError naming the first fault."""
        merchants, faults, counts = 0, [], dict[tuple[str, str], list[int]]()
        for merchant_id in merchants_meant(options["merchant"]):
            with one_moment(), tenant(merchant_id):
                merchant = Merchant.objects.filter(id=merchant_id).first()
                if merchant is None:
                    raise CommandError(f"there is no merchant {options['merchant']}")
                merchants += 1
                for checked in books.check(merchant, instant()):
                    tally = counts.setdefault((checked.rule, checked.of), [0, 0])
                    tally[0] += checked.count
                    tally[1] += checked.wrong
                    if checked.wrong:
                        faults.append(f"{show('mer', merchant_id)}: {checked.first}")
        for (rule, of), (count, wrong) in counts.items():
            told = f"{wrong} of {count} {of} WRONG" if wrong else f"{count} {of}"
            self.stdout.write(f"  {rule}: {told}")
        self.stdout.write(f"{merchants} merchant{'' if merchants == 1 else 's'} checked")
        if faults:
            raise CommandError(faults[0])
