"""`manage.py openapi [--check]`."""

from __future__ import annotations

import difflib
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from merchants.http.document import PATH, openapi_text

MOST_LINES = 40


class Command(BaseCommand):
    """Writes docs/openapi.json from the code, or tells whether it still says what the code does."""

    help = "Write docs/openapi.json; with --check, fail where it differs from the code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--check."""
        parser.add_argument("--check", action="store_true", help="compare only; exit 1 where they differ")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare. Raises CommandError with the first differing lines."""
        file, text = settings.BASE_DIR / PATH, openapi_text()
        kept = file.read_text(encoding="utf-8") if file.exists() else ""
        if not options["check"]:
            file.write_text(text, encoding="utf-8")
            self.stdout.write(f"{PATH} written")
            return
        if kept != text:
            lines = difflib.unified_diff(kept.splitlines(), text.splitlines(), PATH, "the code", lineterm="", n=1)
            shown = "\n".join(islice(lines, MOST_LINES))
            raise CommandError(f"{shown}\n\n{PATH} is not what the code says: run manage.py openapi")
        self.stdout.write(f"{PATH} is what the code says")
