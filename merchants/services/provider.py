"""Where the money goes: the merchant's account at a payment provider. Secrets are stored encrypted and shown masked.

An account is never overwritten: what was paid through it is asked of it. Connecting another one disconnects it, and it
stays readable for what is still on its way.
"""

from __future__ import annotations

import re

from django.conf import settings

from merchants import secrets
from merchants.models import Merchant, ProviderAccount
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop

_SECRET = re.compile(r"(?:sk|rk)_(live|test)_[A-Za-z0-9_]{8,247}", re.ASCII)
_WEBHOOK = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,240}", re.ASCII)


def account() -> ProviderAccount:
    """The account that takes payments now. Raises Conflict (`no_provider`) where there is none."""
    found: ProviderAccount | None = ProviderAccount.objects.filter(is_default=True).first()
    if found is None:
        raise Conflict(gettext_noop("No payment provider is connected."), code="no_provider")
    return found


def masked(stored: bytes | memoryview) -> str:
    """A secret as it may be shown: its kind and its last four characters; '' where there is none.

    >>> mask("sk_live_51abcdef9XyZ"), mask("whsec_abcdef12"), mask("")
    ('sk_live_…9XyZ', 'whsec_…ef12', '')
    """
    return mask(secrets.decrypt(stored))


def mask(secret: str) -> str:
    """The beginning that says what it is, and the last four characters."""
    if not secret:
        return ""
    start = secret[: secret.index("_", 3) + 1] if secret.count("_") > 1 else secret[: secret.index("_") + 1]
    return f"{start}…{secret[-4:]}"


def check_secret(secret: str, *, is_sandbox: bool) -> str:
    """A Stripe secret key of the right kind: test keys in a sandbox, live ones outside. Raises Invalid.

    Where a local double stands for Stripe (STRIPE_API_BASE), test keys open it everywhere: no money moves there.
    """
    clean = secret.strip()
    found = _SECRET.fullmatch(clean)
    if found is None:
        raise Invalid.at(
            "secret",
            "secret_malformed",
            gettext_noop("A secret key of Stripe begins with sk_ or rk_, then live_ or test_."),
        )
    wanted = "test" if is_sandbox or settings.STRIPE_API_BASE else "live"
    if found[1] != wanted:
        if is_sandbox:
            raise Invalid.at("secret", "secret_of_live", gettext_noop("A sandbox takes test keys only (sk_test_…)."))
        raise Invalid.at("secret", "secret_of_test", gettext_noop("Here a live key is needed (sk_live_…)."))
    return clean


def check_webhook_secret(secret: str) -> str:
    """The secret with which Stripe signs what it tells us. Raises Invalid."""
    clean = secret.strip()
    if not _WEBHOOK.fullmatch(clean):
        raise Invalid.at(
            "webhook_secret", "webhook_secret_malformed", gettext_noop("A signing secret of Stripe begins with whsec_.")
        )
    return clean


def connect_stripe(*, merchant: Merchant, secret: str, now: Now) -> ProviderAccount:
    """Take payments through Stripe with this key. If Stripe takes them already, its key is rolled; from any other kind
    a new account is made. Raises Invalid. The signing secret follows: Stripe gives it once it has
    our address, which names the account.
    """
    sealed = secrets.encrypt(check_secret(secret, is_sandbox=merchant.is_sandbox))
    present = _locked()
    if present is not None and present.kind == ProviderAccount.Kind.STRIPE:
        present.secret = sealed
        present.save(update_fields=["secret"])
        return present
    return _replace(present, kind=ProviderAccount.Kind.STRIPE, secret=sealed, now=now)


def set_webhook_secret(*, secret: str) -> ProviderAccount:
    """Believe what is signed with this secret. Raises Invalid; Conflict where Stripe is not connected."""
    sealed = secrets.encrypt(check_webhook_secret(secret))
    present = _locked()
    if present is None or present.kind != ProviderAccount.Kind.STRIPE:
        raise Conflict(gettext_noop("Stripe is not connected."), code="stripe_not_connected")
    present.webhook_secret = sealed
    present.save(update_fields=["webhook_secret"])
    return present


def disconnect(*, merchant: Merchant, now: Now) -> ProviderAccount:
    """Back to what a merchant begins with: payments by hand, and in a sandbox the simulated provider."""
    kind = ProviderAccount.Kind.SIMULATED if merchant.is_sandbox else ProviderAccount.Kind.MANUAL
    present = _locked()
    if present is not None and present.kind == kind:
        return present
    return _replace(present, kind=kind, secret=b"", now=now)


def _locked() -> ProviderAccount | None:
    return ProviderAccount.objects.select_for_update().filter(is_default=True).first()


def _replace(present: ProviderAccount | None, *, kind: str, secret: bytes, now: Now) -> ProviderAccount:
    """Put another account first. Only an outside provider is disconnected: payments by hand and the simulated provider
    (which always serves a sandbox's test clocks) just step back, and forward again."""
    if present is not None:
        present.is_default = False
        if present.kind == ProviderAccount.Kind.STRIPE:
            present.disconnected_at = now.at
        present.save(update_fields=["is_default", "disconnected_at"])
    kept: ProviderAccount | None = (
        ProviderAccount.objects.filter(kind=kind, disconnected_at=None).order_by("id").first()
    )
    if kept is not None and kind != ProviderAccount.Kind.STRIPE:
        kept.is_default = True
        kept.save(update_fields=["is_default"])
        return kept
    row: ProviderAccount = ProviderAccount.objects.create(kind=kind, secret=secret, created_at=now.at)
    return row
