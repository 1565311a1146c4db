"""Accounts at Stripe, for mandates that were signed with us: a payment method of the account, then a set-up that says
when and how the mandate was accepted. Stripe names the mandate itself: its reference is read back and kept."""

from __future__ import annotations

from typing import Any, cast

from . import declines
from . import stripe_asks as asks
from . import stripe_failures as failures
from . import stripe_reading as reading
from .base import Outcome, OutcomeKind
from .debits import DebitAsk, Lodged
from .stripe import Fault, StripeGateway, once, refusal_of

_NOT_AN_ACCOUNT = ("invalid_bank_account_iban", "bank_account_unusable", "bank_account_declined")


class StripeDebits:
    """Mandates at one merchant's Stripe account."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._api = gateway.api

    def make_debit(self, ask: DebitAsk) -> Lodged | Outcome:
        """Two calls, each safe to repeat under the mandate's id."""
        try:
            method = self._api.payment_methods.create(cast(Any, asks.account(ask)), once(f"{ask.key}-account"))
            wish = asks.mandate(ask, method.id)
            made = self._api.setup_intents.create(cast(Any, wish), once(f"{ask.key}-mandate")).to_dict()
        except Fault as error:
            refusal = refusal_of(error)
            if refusal.error.get("code") in _NOT_AN_ACCOUNT:
                return Outcome(
                    kind=OutcomeKind.FAILED,
                    captured=0,
                    code=declines.ACCOUNT_REFUSED,
                    advice="customer",
                    message=declines.for_staff(refusal.message),
                )
            return failures.outcome(refusal)
        found = reading.method(made.get("payment_method"), ask.customer_ref)
        if made["status"] != "succeeded" or found is None:
            return failures.unknown(f"Stripe says {made['status']}.")
        return Lodged(method=found, mandate_ref=reading.mandate_reference(made.get("mandate")))
