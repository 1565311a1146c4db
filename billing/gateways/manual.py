"""Means that only people can use: cash, cheque, transfer, terminal. Nothing happens by itself.

Every request for money comes back UNSUPPORTED with the code `needs_a_person`: the flows then ask staff, and what
staff receive is recorded as a payment without this gateway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .base import (
    BadSignature,
    ChargeAsk,
    CheckoutAsk,
    CheckoutPage,
    MethodDetails,
    Notice,
    Outcome,
    OutcomeKind,
    RefundAsk,
)
from .declines import NEEDS_A_PERSON


def _needs_a_person() -> Outcome:
    return Outcome(kind=OutcomeKind.UNSUPPORTED, captured=0, code=NEEDS_A_PERSON)


class ManualGateway:
    """The gateway of whoever pays by hand."""

    kind = "manual"

    def open_checkout(self, ask: CheckoutAsk) -> CheckoutPage | Outcome:
        """There is no hosted page for cash."""
        return _needs_a_person()

    def checkout_outcome(self, provider_session: str) -> Outcome:
        """There was none."""
        return _needs_a_person()

    def expire_checkout(self, provider_session: str) -> Outcome:
        """There was none."""
        return _needs_a_person()

    def charge(self, ask: ChargeAsk) -> Outcome:
        """Nobody is charged without being there."""
        return _needs_a_person()

    def authenticate(self, *, provider_ref: str, method_ref: str, return_url: str) -> Outcome:
        """There is no bank to ask."""
        return _needs_a_person()

    def cancel_payment(self, provider_ref: str) -> Outcome:
        """Nothing waits."""
        return _needs_a_person()

    def payment_outcome(self, *, key: str, provider_ref: str | None = None, customer_ref: str | None = None) -> Outcome:
        """Only the till knows."""
        return _needs_a_person()

    def refund(self, ask: RefundAsk) -> Outcome:
        """Given back by hand."""
        return _needs_a_person()

    def refund_outcome(self, *, key: str, payment_ref: str) -> Outcome:
        """Only the till knows."""
        return _needs_a_person()

    def ensure_customer(self, *, key: str, email: str, name: str, metadata: Mapping[str, str]) -> str | Outcome:
        """Our own id serves."""
        return key

    def attach_method(self, *, token: str, customer_ref: str) -> MethodDetails | Outcome:
        """There is no method to keep."""
        return _needs_a_person()

    def detach_method(self, method_ref: str) -> Outcome:
        """Nothing is kept, so nothing is left."""
        return Outcome(kind=OutcomeKind.SUCCEEDED, provider_ref=method_ref)

    def forget_customer(self, *, customer_ref: str, payment_keys: Sequence[str]) -> Outcome:
        """Nobody is known."""
        return Outcome(kind=OutcomeKind.SUCCEEDED)

    def read_notice(self, *, body: bytes, signature: str, secret: str) -> Notice:
        """Never: nobody sends notices of cash."""
        raise BadSignature("Manual means send no notices.")
