"""The objects of the API, each with every field that Stripe sends."""

from __future__ import annotations

import hashlib
from typing import Any

from .cards import TestCard
from .store import Obj, new_id, now

NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def address(given: dict[str, Any] | None) -> Obj | None:
    """An address with all its fields, or none at all."""
    return {**NO_ADDRESS, **given} if given else None


def billing_details(given: dict[str, Any] | None = None) -> Obj:
    """Who pays, as written on a method or a charge."""
    given = given or {}
    return {
        "address": address(given.get("address")) or dict(NO_ADDRESS),
        "email": given.get("email"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tax_id": given.get("tax_id"),
    }


def customer(params: dict[str, Any]) -> Obj:
    """A customer."""
    return {
        "id": new_id("cus"),
        "object": "customer",
        "address": address(params.get("address")),
        "balance": 0,
        "created": now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "discount": None,
        "email": params.get("email"),
        "invoice_prefix": new_id("x")[2:10].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": dict(params.get("metadata") or {}),
        "name": params.get("name"),
        "next_invoice_sequence": 1,
        "phone": params.get("phone"),
        "preferred_locales": params.get("preferred_locales") or [],
        "shipping": params.get("shipping"),
        "tax_exempt": params.get("tax_exempt") or "none",
        "test_clock": None,
    }


def card_method(card: TestCard, params: dict[str, Any]) -> Obj:
    """A payment method that is a card. The number itself is kept in a note that the API never shows."""
    given = params.get("card") or {}
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": params.get("allow_redisplay") or "unspecified",
        "billing_details": billing_details(params.get("billing_details")),
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass" if given.get("cvc") else None,
            },
            "country": card.country,
            "display_brand": card.brand,
            "exp_month": int(given.get("exp_month", 12)),
            "exp_year": int(given.get("exp_year", 2034)),
            "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
            "funding": card.funding,
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": dict(params.get("metadata") or {}),
        "radar_options": None,
        "type": "card",
        "_number": card.number,
        "_set_up": False,
        "_used": False,
    }


def sepa_method(iban: str, params: dict[str, Any]) -> Obj:
    """A payment method that is an account to be debited."""
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": params.get("allow_redisplay") or "unspecified",
        "billing_details": billing_details(params.get("billing_details")),
        "sepa_debit": {
            "bank_code": iban[4:9] if iban.startswith("FR") else iban[4:12],
            "branch_code": iban[9:14] if iban.startswith("FR") else "",
            "country": iban[:2],
            "fingerprint": hashlib.sha256(iban.encode()).hexdigest()[:16],
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": iban[-4:],
        },
        "created": now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": dict(params.get("metadata") or {}),
        "radar_options": None,
        "type": "sepa_debit",
        "_iban": iban,
        "_set_up": False,
        "_used": False,
    }


def mandate(method: Obj) -> Obj:
    """The subscriber's consent to be debited."""
    return {
        "id": new_id("mandate"),
        "object": "mandate",
        "customer_acceptance": {
            "accepted_at": now(),
            "type": "online",
            "online": {"ip_address": None, "user_agent": None},
        },
        "livemode": False,
        "multi_use": {},
        "on_behalf_of": None,
        "payment_method": method["id"],
        "payment_method_details": {
            "sepa_debit": {
                "reference": new_id("x")[2:18].upper(),
                "url": "https://hooks.stripe.com/adapter/sepa_debit",
            },
            "type": "sepa_debit",
        },
        "status": "active",
        "type": "multi_use",
    }


def refund(charge: Obj, amount: int, params: dict[str, Any]) -> Obj:
    """Money given back."""
    means = charge["payment_method_details"]["type"]
    details: Obj = {"type": means}
    details[means] = (
        {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        if means == "card"
        else {}
    )
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": details,
        "metadata": dict(params.get("metadata") or {}),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
