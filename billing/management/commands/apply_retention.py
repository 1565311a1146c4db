"""`manage.py apply_retention [--merchant mer_…] [--dry-run]`: erases whom we may keep no longer, and reports it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from billing.flows.retention import PROSPECTS_KEPT_YEARS, apply_retention
from merchants.clock import instant
from merchants.ids import show
from merchants.management.whose import merchants_meant


class Command(BaseCommand):
    """One line a merchant: how many prospects were due, how many were erased, what was in the way of others."""

    help = f"Erase people who never bought and were not heard of for {PROSPECTS_KEPT_YEARS} years."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--merchant, --dry-run."""
        parser.add_argument("--merchant", metavar="mer_…", help="one merchant; without it, all")
        parser.add_argument("--dry-run", action="store_true", help="count, and erase nobody")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, or say what would be done."""
        for merchant_id in merchants_meant(options["merchant"]):
            kept = apply_retention(merchant_id=merchant_id, at=instant(), dry_run=options["dry_run"])
            said = (
                f"{kept.due} prospects due" if options["dry_run"] else f"{kept.erased} of {kept.due} prospects erased"
            )
            left = "".join(f", {count} left: {code}" for code, count in sorted(kept.refused.items()))
            self.stdout.write(f"{show('mer', merchant_id)}: {said}{left}")
