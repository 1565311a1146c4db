"""Our asks as Stripe's parameters. Pure: what leaves for Stripe is written in one place.

A repeated ask must be the same to the letter, for Stripe compares it under the same key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .base import PAYER_METADATA, PAYMENT_METADATA, REFUND_METADATA, ChargeAsk, CheckoutAsk, MethodKind, RefundAsk
from .debits import MANDATE_METADATA, DebitAsk
from .readers import ReaderAsk
from .stripe_amounts import to_stripe

INTENT_FIELDS = ["payment_method", "latest_charge"]
SESSION_FIELDS = ["payment_intent.payment_method", "payment_intent.latest_charge", "setup_intent.payment_method"]
_SHORTEST, _LONGEST, _GRAIN = 1_860, 86_400 - 660, 600
_SEARCH_IS_LATE = 3_600


def page_expiry(wish: float, now: float) -> int:
    """When a hosted page ends: as wished, within the 30 minutes and 24 hours that Stripe allows. Unix seconds.

    A wish beyond the bounds is moved to a multiple of ten minutes, so that a second click asks the same.

    >>> page_expiry(50_000, 10_000)
    50000
    >>> page_expiry(10_100, 10_000), page_expiry(10_100, 10_007), (12_000 - 10_000) / 60 > 30
    (12000, 12000, True)
    >>> page_expiry(999_999, 10_000) - 10_000 <= 86_400
    True
    """
    if wish < now + _SHORTEST:
        return -int(-(now + _SHORTEST) // _GRAIN) * _GRAIN
    if wish > now + _LONGEST:
        return int((now + _LONGEST) // _GRAIN) * _GRAIN
    return int(wish)


def checkout(ask: CheckoutAsk, *, now: float, method_kinds: Sequence[MethodKind]) -> dict[str, Any]:
    """A hosted page. Raises `NotPossibleError`."""
    metadata = {**ask.metadata, PAYMENT_METADATA: ask.key}
    params: dict[str, Any] = {
        "mode": ask.mode,
        "client_reference_id": ask.key,
        "metadata": metadata,
        "success_url": ask.success_url,
        "cancel_url": ask.cancel_url,
        "locale": ask.locale,
        "expires_at": page_expiry(ask.expires_at.timestamp(), now),
        "allowed_payment_method_types": list(method_kinds),
    }
    if ask.customer_ref:
        params["customer"] = ask.customer_ref
    else:
        params["customer_creation"] = "always"
        if ask.email:
            params["customer_email"] = ask.email
    if ask.mode == "setup":
        params["currency"] = ask.currency.lower()
        params["setup_intent_data"] = {"metadata": metadata, "description": ask.description}
        return params
    price = {
        "currency": ask.currency.lower(),
        "unit_amount": to_stripe(ask.amount, ask.currency),
        "product_data": {"name": ask.description[:250]},
    }
    params["line_items"] = [{"price_data": price, "quantity": 1}]
    params["adaptive_pricing"] = {"enabled": False}  # whatever the account says: we ask for this sum in this currency
    params["payment_intent_data"] = {"metadata": metadata, "description": ask.description}
    if ask.save_method:
        params["payment_intent_data"]["setup_future_usage"] = "off_session"
    return params


def charge(ask: ChargeAsk) -> dict[str, Any]:
    """A charge on a saved method, confirmed at once. Raises `NotPossibleError`."""
    params: dict[str, Any] = {
        "amount": to_stripe(ask.amount, ask.currency),
        "currency": ask.currency.lower(),
        "customer": ask.customer_ref,
        "payment_method": ask.method_ref,
        "allowed_payment_method_types": [ask.method_kind],
        "confirm": True,
        "description": ask.description,
        "metadata": {**ask.metadata, PAYMENT_METADATA: ask.key},
        "expand": INTENT_FIELDS,
    }
    if ask.off_session:
        params["off_session"] = True
    elif ask.return_url:
        params["return_url"] = ask.return_url
    return params


def at_reader(ask: ReaderAsk) -> dict[str, Any]:
    """A payment that a reader collects, its card kept for later charges. Raises `NotPossibleError`."""
    params: dict[str, Any] = {
        "amount": to_stripe(ask.amount, ask.currency),
        "currency": ask.currency.lower(),
        "customer": ask.customer_ref,
        "allowed_payment_method_types": ["card_present"],
        "capture_method": "automatic",
        "description": ask.description,
        "metadata": {**ask.metadata, PAYMENT_METADATA: ask.key},
    }
    if ask.save_method:
        params["setup_future_usage"] = "off_session"
    return params


def refund(ask: RefundAsk) -> dict[str, Any]:
    """Money back. Raises `NotPossibleError`."""
    return {
        refund_target(ask.provider_ref): ask.provider_ref,
        "amount": to_stripe(ask.amount, ask.currency),
        "reason": ask.reason,
        "metadata": {**ask.metadata, REFUND_METADATA: ask.key},
    }


def newest(customer_ref: str | None, *, now: float) -> dict[str, Any]:
    """Among which payments one is looked for: the customer's, or, since Stripe's search is late, the last hour's.

    >>> newest("cus_1", now=10_000), newest(None, now=10_000)
    ({'customer': 'cus_1'}, {'created': {'gte': 6400}})
    """
    return {"customer": customer_ref} if customer_ref else {"created": {"gte": int(now) - _SEARCH_IS_LATE}}


def customer(*, key: str, email: str, name: str, metadata: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """A payer, and the key of asking for one: another where an address or a name was corrected, for Stripe refuses
    another ask under the same key."""
    params = {"email": email, "name": name, "metadata": {**metadata, PAYER_METADATA: key}}
    same = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]
    return params, f"customer-{key}-{same}"


def refund_target(ref: str) -> str:
    """Which parameter an id belongs in.

    >>> refund_target("pi_1"), refund_target("ch_1")
    ('payment_intent', 'charge')
    """
    return "payment_intent" if ref.startswith("pi_") else "charge"


def account(ask: DebitAsk) -> dict[str, Any]:
    """The account of a mandate. Stripe wants an address for the letter before each debit: who has none gets the
    merchant's own notice, and Stripe a name that receives nothing (RFC 2606)."""
    return {
        "type": "sepa_debit",
        "sepa_debit": {"iban": ask.iban},
        "billing_details": {"name": ask.holder, "email": ask.email or f"{ask.key}@no-address.invalid"},
        "metadata": {**ask.metadata, MANDATE_METADATA: ask.key},
    }


def mandate(ask: DebitAsk, method_ref: str) -> dict[str, Any]:
    """Saving that account for debits without its owner: signed with us, not on a page of Stripe's."""
    return {
        "confirm": True,
        "usage": "off_session",
        "customer": ask.customer_ref,
        "payment_method": method_ref,
        "allowed_payment_method_types": ["sepa_debit"],
        "mandate_data": {
            "customer_acceptance": {
                "type": "offline",
                "offline": {},
                "accepted_at": int(ask.accepted_at.timestamp()),
            }
        },
        "metadata": {**ask.metadata, MANDATE_METADATA: ask.key},
        "expand": ["payment_method", "mandate"],
    }
