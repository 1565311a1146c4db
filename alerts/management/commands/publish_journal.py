"""`manage.py publish_journal --merchant mer_…`: publish all that a merchant's journal holds, now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts.models import Message
from alerts.services import relay
from merchants.clock import instant
from merchants.ids import read
from merchants.tenancy.scope import tenant


class Command(BaseCommand):
    """What the relay does by itself, for one merchant and to the end; after an import, or for the demo's past."""

    help = "Publish everything that a merchant's journal holds and has not published yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and whether letters about it are still worth sending."""
        parser.add_argument("--merchant", required=True, help="mer_…")
        parser.add_argument(
            "--without-letters",
            action="store_true",
            help="what it writes of letters is dropped, not sent: the past of somebody who was imported",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish batch by batch; says how many events, alerts and letters."""
        merchant_id = read("mer", options["merchant"])
        if merchant_id is None:
            raise CommandError("--merchant takes a merchant's id, such as mer_01J….")
        events = alerts = letters = 0
        began = instant()
        while (done := relay.publish(merchant_id)).events:
            events, alerts, letters = events + done.events, alerts + done.alerts, letters + done.letters
        dropped = 0
        if options["without_letters"]:
            with tenant(merchant_id):
                waiting = Message.objects.filter(status=Message.Status.WAITING, created_at__gte=began)
                dropped = waiting.update(
                    status=Message.Status.DROPPED, next_try_at=None, last_error="published without letters"
                )
        self.stdout.write(f"{events} events published, {alerts} alerts raised, {letters - dropped} letters to send")
