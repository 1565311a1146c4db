"""The objects of a payment: intents, charges, set-ups, disputes; each with every field that Stripe sends."""

# ruff: noqa: SIM905 - long lists of words read best as text

from __future__ import annotations

from typing import Any

from .cards import Decline
from .shapes import billing_details
from .store import Obj, new_id, now


def payment_intent(params: dict[str, Any]) -> Obj:
    """A wish for money."""
    ident = new_id("pi")
    types = params.get("allowed_payment_method_types")
    automatic = params.get("automatic_payment_methods")
    return {
        "id": ident,
        "object": "payment_intent",
        "allowed_payment_method_types": types,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", **automatic} if automatic else None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method") or "automatic_async",
        "client_secret": f"{ident}_secret_{new_id('x')[2:]}",
        "confirmation_method": params.get("confirmation_method") or "automatic",
        "created": now(),
        "currency": params["currency"].lower(),
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": dict(params.get("metadata") or {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": params.get("payment_method"),
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": list(types or ["card"]),
        "processing": None,
        "receipt_email": params.get("receipt_email"),
        "review": None,
        "setup_future_usage": params.get("setup_future_usage"),
        "shipping": None,
        "statement_descriptor": params.get("statement_descriptor"),
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "status": "requires_confirmation" if params.get("payment_method") else "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def setup_intent(params: dict[str, Any]) -> Obj:
    """A wish to save a method."""
    ident = new_id("seti")
    types = params.get("allowed_payment_method_types")
    return {
        "id": ident,
        "object": "setup_intent",
        "allowed_payment_method_types": types,
        "application": None,
        "automatic_payment_methods": params.get("automatic_payment_methods"),
        "cancellation_reason": None,
        "client_secret": f"{ident}_secret_{new_id('x')[2:]}",
        "created": now(),
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "managed_payments": None,
        "mandate": None,
        "metadata": dict(params.get("metadata") or {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": params.get("payment_method"),
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": list(types or ["card"]),
        "single_use_mandate": None,
        "status": "requires_confirmation" if params.get("payment_method") else "requires_payment_method",
        "usage": params.get("usage") or "off_session",
    }


def charge(intent: Obj, method: Obj, *, status: str, captured: bool, decline: Decline | None = None) -> Obj:
    """One try at one method: `succeeded`, `failed` or `pending` (a debit under way)."""
    ident = new_id("ch" if method["type"] == "card" else "py")
    amount = intent["amount"]
    return {
        "id": ident,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if captured else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": new_id("txn") if captured else None,
        "billing_details": billing_details(method["billing_details"]),
        "calculated_statement_descriptor": "Stripe",
        "captured": captured,
        "created": now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(status, decline),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(method, amount, authorized=status == "succeeded"),
        "radar_options": None,
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/{ident}" if status == "succeeded" else None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(status: str, decline: Decline | None) -> Obj:
    silence = "The bank did not return any further details with this decline."
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": (decline.decline_code or "generic_decline") if decline else None,
        "risk_level": "normal",
        "seller_message": silence if decline else "Payment complete.",
        "type": "issuer_declined" if status == "failed" else "authorized",
    }


def _method_details(method: Obj, amount: int, *, authorized: bool) -> Obj:
    if method["type"] == "sepa_debit":
        return {"sepa_debit": {**method["sepa_debit"], "mandate": method.get("_mandate")}, "type": "sepa_debit"}
    card = method["card"]
    return {
        "card": {
            "amount_authorized": amount if authorized else None,
            "authorization_code": None,
            "brand": card["brand"],
            "checks": dict(card["checks"]),
            "country": card["country"],
            "exp_month": card["exp_month"],
            "exp_year": card["exp_year"],
            "extended_authorization": {"status": "disabled"},
            "fingerprint": card["fingerprint"],
            "funding": card["funding"],
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": card["last4"],
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": card["brand"],
            "network_token": {"used": False},
            "network_transaction_id": None,
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": None,
            "transaction_link_id": None,
            "wallet": None,
        },
        "type": "card",
    }


_EVIDENCE = """
    access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
    cancellation_rebuttal customer_communication customer_email_address customer_name
    customer_purchase_ip customer_signature duplicate_charge_documentation duplicate_charge_explanation
    duplicate_charge_id product_description receipt refund_policy refund_policy_disclosure
    refund_refusal_explanation service_date service_documentation shipping_address shipping_carrier
    shipping_date shipping_documentation shipping_tracking_number uncategorized_file uncategorized_text
""".split()


def dispute(of: Obj, reason: str) -> Obj:
    """A payer's bank takes the money back."""
    ident = new_id("du")
    amount, currency, fee = of["amount"], of["currency"], 1500
    means = of["payment_method_details"]["type"]
    details: Obj = {"type": means}
    if means == "card":
        brand = of["payment_method_details"]["card"]["brand"]
        details["card"] = {
            "brand": brand,
            "case_type": "chargeback",
            "network": brand,
            "network_reason_code": "10.4",
        }
    withdrawal = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": -amount,
        "available_on": now(),
        "balance_type": "payments",
        "created": now(),
        "currency": currency,
        "description": f"Chargeback withdrawal for {of['id']}",
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Dispute fee",
                "type": "stripe_fee",
            }
        ],
        "net": -amount - fee,
        "reporting_category": "dispute",
        "source": ident,
        "status": "pending",
        "type": "adjustment",
    }
    return {
        "id": ident,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [withdrawal],
        "charge": of["id"],
        "created": now(),
        "currency": currency,
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + 9 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "payment_method_details": details,
        "reason": reason,
        "status": "needs_response",
    }
