"""`manage.py seed_demo --write FILE`: the demo merchant, once; its log-in and keys go to FILE. Safe to repeat."""

from __future__ import annotations

import json
import os
import secrets
import time
from argparse import ArgumentParser
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from billing import demo_soleil, demo_year
from billing.demo import ACTOR, furnish
from billing.gateways.base import Outcome
from billing.gateways.stripe import StripeGateway
from merchants.clock import instant
from merchants.models import ApiKey, Merchant, ProviderAccount, User
from merchants.now import Now
from merchants.services import provider
from merchants.services.keys import make_key, revoke_key
from merchants.services.signup import derived, open_merchant
from merchants.tenancy.scope import tenant

LOGIN = "camille@onde.example"


class Command(BaseCommand):
    """Onde, a music streaming merchant: staff, catalogue, keys, a payment provider, and its shop's webhook."""

    help = "Make the demo merchants Onde and Soleil. Only where DEMO=1: it prints a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--write FILE`: where the log-in and the shop's keys are written (and read again)."""
        parser.add_argument("--write", required=True, type=Path)
        parser.add_argument("--without-year", action="store_true", help="the catalogue alone, nobody who subscribes")

    def handle(self, *args: Any, **options: Any) -> None:
        """What is there stays; what is missing is made."""
        if not settings.DEMO:
            raise CommandError("The demo is made only where DEMO=1; a real merchant signs up on the site.")
        file: Path = options["write"]
        known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        now = Now(at=instant(), zone="Europe/Paris")
        owner, password = self._owner(known)
        live, sandbox = open_merchant(
            name="Onde", owner=owner, now=now, actor=ACTOR, merchant_id=derived(owner.pk, "merchant")
        )
        began = Now(at=demo_year.beginning(), zone=now.zone)
        for merchant, at in ((live, began), (sandbox, now)):
            with tenant(merchant.pk):
                furnish(Merchant.objects.get(id=merchant.pk), now=at)
        if not options["without_year"]:
            self._year(live)
        salons = self._soleil(owner, now, began, year=not options["without_year"])
        self._connect(live, now)
        shop = self._shop(live, known.get("shop"), now)
        address = f"{settings.PUBLIC_URL}/office/{live.public_id}/"
        staff = {"name": "Onde", "login": LOGIN, "password": password, "address": address}
        file.touch(mode=0o600)
        file.write_text(json.dumps({"merchants": [staff, *salons], "shop": shop}, indent=1) + "\n")

    def _soleil(self, owner: User, now: Now, began: Now, *, year: bool) -> list[dict[str, str]]:
        """Soleil, twelve salons, of the same owner; where its counter is, and how one comes in."""
        live, _ = open_merchant(
            name="Soleil", owner=owner, now=now, actor=ACTOR, merchant_id=derived(owner.pk, "soleil")
        )
        with tenant(live.pk):
            demo_soleil.furnish(Merchant.objects.get(id=live.pk), now=began)
        if year:
            self._lived(live, demo_soleil.live_a_year(live.pk, say=self._say))
        how = f"pairing code {demo_soleil.CODE}01 to {demo_soleil.CODE}{len(demo_soleil.SALONS)}, PIN {demo_soleil.PIN}"
        return [
            {
                "name": "Soleil, counter",
                "login": how,
                "password": "",
                "address": f"{settings.PUBLIC_URL}/counter/",
            }
        ]

    def _year(self, live: Merchant) -> None:
        """Two hundred lives of a year; told, but no letter about the past is sent; the books must agree."""
        self._lived(live, demo_year.live_a_year(live.pk, say=self._say))

    def _lived(self, live: Merchant, done: Counter[str]) -> None:
        if not done:
            return
        self._say("publishing what the year told")
        told = StringIO()
        call_command("publish_journal", merchant=live.public_id, without_letters=True, stdout=told)
        call_command("check_books", merchant=live.public_id, stdout=told)
        self._say(", ".join(f"{count} {act}" for act, count in sorted(done.items())) + "; the books agree")

    def _say(self, text: str) -> None:
        self.stdout.write(f"demo: {text}")
        self.stdout.flush()

    def _owner(self, known: dict[str, Any]) -> tuple[User, str]:
        user = User.objects.filter(email=LOGIN).first()
        staff = known.get("merchants") or [{}]
        password = staff[0].get("password") or secrets.token_urlsafe(9)
        if user is None:
            user = User.objects.create_user(LOGIN, password, name="Camille Roy", locale="fr")
        elif not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        EmailAddress.objects.get_or_create(user=user, email=LOGIN, defaults={"verified": True, "primary": True})
        return user, password

    def _connect(self, live: Merchant, now: Now) -> None:
        """Stripe (here its local double) takes the live merchant's payments and tells us of them."""
        secret = os.environ.get("STRIPE_SECRET_KEY")
        if not secret:
            return
        with tenant(live.pk):
            account = ProviderAccount.objects.filter(kind="stripe", disconnected_at=None).first()
            account = account or provider.connect_stripe(merchant=live, secret=secret, now=now)
        address = settings.PUBLIC_URL + reverse("provider-events", args=[account.pk])
        answer: str | Outcome = ""
        for _ in range(20):  # the double may still be starting
            answer = StripeGateway(secret=secret, api_base=settings.STRIPE_API_BASE).listen(address)
            if isinstance(answer, str):
                break
            time.sleep(0.3)
        if not isinstance(answer, str):
            raise CommandError(f"Stripe does not answer at {settings.STRIPE_API_BASE}: {answer.message}")
        with tenant(live.pk):
            provider.set_webhook_secret(secret=answer)

    def _shop(self, live: Merchant, known: dict[str, str] | None, now: Now) -> dict[str, str]:
        """The demo shop's key and webhook secret: as they were, or new ones."""
        address = os.environ.get("SHOP_URL", "http://127.0.0.1:8001") + "/webhooks"
        with tenant(live.pk):
            old = list(ApiKey.objects.filter(name="Onde shop", revoked_at=None))
            if known and old and known.get("webhook_address") == address:
                return known
            for key in old:
                revoke_key(key, now=now)
            made = make_key(merchant=live, name="Onde shop", scopes=[], by=None, now=now)
        told = StringIO()
        call_command("webhook_endpoint", merchant=live.public_id, url=address, description="Onde shop", stdout=told)
        return {
            "api_key": made.secret,
            "webhook_secret": told.getvalue().split()[-1],
            "webhook_address": address,
        }
