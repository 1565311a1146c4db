"""`manage.py verify_register`: proves every till's register; names the first entry that was edited, deleted, put in or
cut off."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from invoices.models import Till
from invoices.services.register_proof import Proof, prove
from merchants.ids import show
from merchants.management.whose import merchants_meant
from merchants.tenancy.moments import one_moment
from merchants.tenancy.scope import tenant


class Command(BaseCommand):
    """Says of each till how many entries its register has and whether they are proved."""

    help = "Prove that registers of tills have no gap, that entries say what they said, and that their chain holds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--merchant."""
        parser.add_argument("--merchant", metavar="mer_…", help="one merchant; without it, all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prove. Raises CommandError naming the first fault."""
        faults: list[str] = []
        tills = entries = 0
        for merchant_id in merchants_meant(options["merchant"]):
            for proof in self._merchant(merchant_id):
                tills, entries = tills + 1, entries + proof.count
                if proof.fault:
                    faults.append(f"{show('mer', merchant_id)}: {_name(proof.till)}: {proof.fault}")
        self.stdout.write(f"{tills} tills, {entries} entries")
        if faults:
            raise CommandError(faults[0])

    def _merchant(self, merchant_id: UUID) -> list[Proof]:
        with one_moment(), tenant(merchant_id):
            found = [prove(till) for till in Till.objects.select_related("site").order_by("id")]
        for proof in found:
            end = "proved" if proof.fault is None else f"NOT proved: {proof.fault}"
            self.stdout.write(f"  {show('mer', merchant_id)} {_name(proof.till)}: {proof.count} entries, {end}")
        return found


def _name(till: Till) -> str:
    return f"{till.site.name}, {till.name}"
