"""The object of a hosted page, with every field that Stripe sends."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

import datetime
from typing import Any

from .store import Obj, new_id, now


def session(params: dict[str, Any], lines: list[Obj], customer: Obj | None, base_url: str) -> Obj:
    """A checkout session that is open."""
    ident = new_id("cs_test")
    total = sum(line["amount_total"] for line in lines)
    mode = params["mode"]
    types = params.get("allowed_payment_method_types")
    currency = lines[0]["currency"] if lines else params.get("currency")
    made: Obj = dict.fromkeys(_EMPTY)
    made.update(
        id=ident,
        object="checkout.session",
        allowed_payment_method_types=types,
        amount_subtotal=total if lines else None,
        amount_total=total if lines else None,
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        cancel_url=params.get("cancel_url"),
        client_reference_id=params.get("client_reference_id"),
        created=now(),
        currency=currency.lower() if currency else None,
        custom_fields=[],
        custom_text={
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        customer=customer["id"] if customer else None,
        customer_creation=None if customer else params.get("customer_creation") or "if_required",
        customer_details=None,
        customer_email=params.get("customer_email"),
        expires_at=params["expires_at"],
        livemode=False,
        locale=params.get("locale"),
        metadata=dict(params.get("metadata") or {}),
        mode=mode,
        payment_method_collection="if_required" if mode == "payment" else "always",
        payment_method_options={"card": {"request_three_d_secure": "automatic"}},
        payment_method_types=list(types or ["card", "sepa_debit"]),
        payment_status="unpaid" if mode == "payment" else "no_payment_required",
        phone_number_collection={"enabled": False},
        shipping_options=[],
        status="open",
        success_url=params["success_url"],
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0} if lines else None,
        ui_mode="hosted_page",
        url=f"{base_url}/c/pay/{ident}",
    )
    made["_line_items"] = {
        "object": "list",
        "data": lines,
        "has_more": False,
        "url": f"/v1/checkout/sessions/{ident}/line_items",
    }
    made["_intent_data"] = params.get("payment_intent_data") or {}
    made["_setup_data"] = params.get("setup_intent_data") or {}
    return made


_EMPTY = """
    adaptive_pricing after_expiration allow_promotion_codes billing_address_collection branding_settings
    client_secret collected_information consent consent_collection currency_conversion customer_account
    discounts excluded_payment_method_types integration_identifier invoice invoice_creation
    managed_payments name_collection optional_items origin_context payment_intent payment_link
    payment_method_configuration_details permissions presentment_details recovered_from
    redirect_on_completion return_url saved_payment_method_options setup_intent
    shipping_address_collection shipping_cost submit_type subscription tax_id_collection wallet_options
""".split()


def details(payer: Obj | None, email: str | None) -> Obj:
    """Who paid, as far as the page knows."""
    return {
        "address": (payer or {}).get("address"),
        "business_name": None,
        "email": (payer or {}).get("email") or email,
        "individual_name": None,
        "name": (payer or {}).get("name"),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def when(seconds: int) -> str:
    """An instant for people.

    >>> when(0)
    '1970-01-01 00:00:00'
    """
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
