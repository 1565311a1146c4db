"""`manage.py webhook_endpoint --merchant mer_… --url URL`: send a merchant's events there; prints the secret once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts.models import WebhookEndpoint
from alerts.services import endpoints
from merchants.clock import instant
from merchants.ids import read
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant


class Command(BaseCommand):
    """An endpoint by its address: made, or its secret made anew."""

    help = "Send a merchant's events to an address; prints the signing secret, which is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, where to, and what to call it."""
        parser.add_argument("--merchant", required=True, help="mer_…")
        parser.add_argument("--url", required=True)
        parser.add_argument("--description", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """One endpoint an address: a second call rolls its secret at once."""
        merchant_id = read("mer", options["merchant"])
        if merchant_id is None:
            raise CommandError("--merchant takes a merchant's id, such as mer_01J….")
        try:
            with tenant(merchant_id):
                merchant = Merchant.objects.filter(id=merchant_id).first()
                if merchant is None:
                    raise CommandError("There is no such merchant.")
                known = WebhookEndpoint.objects.filter(url=options["url"], deleted_at=None).first()
                if known is not None:
                    secret = endpoints.roll(known)
                else:
                    now = Now(at=instant(), zone=merchant.timezone)
                    words = {"url": options["url"], "description": options["description"]}
                    _, secret = endpoints.create(**words, merchant=merchant, now=now)
        except Refusal as refusal:
            raise CommandError(refusal.say()) from refusal
        self.stdout.write(f"Signing secret, shown once: {secret}")
