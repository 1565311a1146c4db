"""The port every payment provider is reached through: frozen asks in, frozen outcomes out.

Why a port of values: a provider that does not answer is an everyday fact, not an exception. Whatever happens on the
wire comes back as an `Outcome`; only a notice with a bad signature raises, since nothing in it may be believed.

Amounts are whole minor units of the ISO 4217 currency (1990 with EUR is 19.90 EUR; 500 with JPY is 500 yen). What a
provider counts differently is converted inside its adapter. Instants are aware, in UTC.

Rules: domain.md 21 (a time-out is never a failure; the provider's idempotency key is the payment's id; the row is
committed before the call) and 22 (which declines may be tried again). No Django here: callers own the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

PAYMENT_METADATA = "tacite_payment"
"""Metadata name under which every object at the provider carries our payment's id."""
PAYER_METADATA = "tacite_payer"
"""Metadata name under which a customer at the provider carries our payer's id."""
REFUND_METADATA = "tacite_refund"
"""Metadata name under which a refund at the provider carries our refund's id."""

Advice = Literal["retry", "customer", "stop"]
MethodKind = Literal["card", "sepa_debit"]
Locale = str
"""A code of our languages, or `auto`: the provider's page finds it out."""


class OutcomeKind(StrEnum):
    """What became of a question put to a provider."""

    SUCCEEDED = "succeeded"  # the money is captured, or the method is saved
    REQUIRES_ACTION = "requires_action"  # the subscriber must authenticate; nothing was captured
    PROCESSING = "processing"  # accepted, outcome in days (SEPA); nothing else may be asked meanwhile
    FAILED = "failed"  # the provider answered no; nothing was captured, nothing will be
    UNKNOWN = "unknown"  # no usable answer: ask `payment_outcome`, never charge again
    OPEN = "open"  # the hosted page can still be paid
    EXPIRED = "expired"  # the hosted page or the intent is closed for good, unpaid
    NOT_FOUND = "not_found"  # the provider never saw it: the same ask may be sent again
    UNSUPPORTED = "unsupported"  # this means cannot do it by itself: a person has to


@dataclass(frozen=True, kw_only=True)
class MethodDetails:
    """A saved payment method as it may be shown: never a card number, only what the provider lets us keep."""

    provider_ref: str
    customer_ref: str | None
    kind: MethodKind
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    country: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The provider's answer.

    `captured` is what was taken (minor units), 0 when surely nothing was, None when not known or not yet.
    `code` is ours and stable (see `billing.gateways.declines`); `decline_code` is the issuer's own word.
    `advice` says what may follow a failure: `retry` the same method later, ask the `customer`, or `stop` using this
    method; None where the method is not at fault (wrong key, wrong amount: someone of the staff must look).
    `message` is in the provider's words, for staff; it never holds card data.
    """

    kind: OutcomeKind
    provider_ref: str | None = None
    captured: int | None = None
    refunded: int | None = None
    currency: str | None = None
    method: MethodDetails | None = None
    customer_ref: str | None = None
    code: str | None = None
    decline_code: str | None = None
    advice: Advice | None = None
    action_url: str | None = None
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckoutAsk:
    """One hosted page: pay `amount` now (`payment`), or only save a method (`setup`, amount 0).

    `key` is our payment's id: idempotency key, client reference and metadata at once. `save_method` keeps the
    method for later charges without the subscriber.
    """

    key: str
    mode: Literal["payment", "setup"]
    amount: int
    currency: str
    description: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    customer_ref: str | None = None
    email: str | None = None
    locale: Locale = "auto"
    metadata: Mapping[str, str] = field(default_factory=dict)
    save_method: bool = True


@dataclass(frozen=True, kw_only=True)
class CheckoutPage:
    """A hosted page that is open: send the subscriber to `url` before `expires_at`."""

    provider_session: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChargeAsk:
    """A charge on a saved method. `off_session`: the subscriber is not there to authenticate."""

    key: str
    amount: int
    currency: str
    customer_ref: str
    method_ref: str
    description: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    method_kind: MethodKind = "card"
    off_session: bool = True
    return_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class RefundAsk:
    """Money back to the means it came from: `amount` minor units of the capture `provider_ref`."""

    key: str
    provider_ref: str
    amount: int
    currency: str
    reason: Literal["requested_by_customer", "duplicate", "fraudulent"] = "requested_by_customer"
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One signed message from a provider. It says that something happened; the object's state is asked anew.

    `payment_ref` is the provider's payment that the object is or belongs to, `payment_key` our id of it. `raw` is the
    message as it came, to be kept; nothing in it is to be acted on.
    """

    provider: str
    account: str | None
    event_id: str
    kind: str
    object_ref: str | None
    created_at: datetime
    livemode: bool
    payment_key: str | None
    payment_ref: str | None = None
    refund_key: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


class BadSignature(Exception):  # noqa: N818 - the word of the port, not of Python
    """The notice was not signed by the provider with this secret, or more than five minutes ago: believe nothing."""


class Gateway(Protocol):
    """What billing may ask of a provider. Every call is safe to repeat with the same key."""

    kind: str

    def open_checkout(self, ask: CheckoutAsk) -> CheckoutPage | Outcome:
        """Open a hosted page; an `Outcome` says why there is none."""
        ...

    def checkout_outcome(self, provider_session: str) -> Outcome:
        """OPEN, SUCCEEDED (with the saved method), PROCESSING, EXPIRED, NOT_FOUND or UNKNOWN."""
        ...

    def expire_checkout(self, provider_session: str) -> Outcome:
        """Close the page: EXPIRED, or SUCCEEDED or PROCESSING if it was paid in the meantime."""
        ...

    def charge(self, ask: ChargeAsk) -> Outcome:
        """Take money from a saved method. The same key never captures twice."""
        ...

    def authenticate(self, *, provider_ref: str, method_ref: str, return_url: str) -> Outcome:
        """REQUIRES_ACTION with the `action_url` where a present subscriber proves who they are, or the outcome."""
        ...

    def cancel_payment(self, provider_ref: str) -> Outcome:
        """Close an intent that waits for the subscriber: EXPIRED, or SUCCEEDED if it was paid in the meantime."""
        ...

    def payment_outcome(self, *, key: str, provider_ref: str | None = None, customer_ref: str | None = None) -> Outcome:
        """Ask what became of a payment, by the provider's id or by our key. NOT_FOUND: the provider never saw it."""
        ...

    def refund(self, ask: RefundAsk) -> Outcome:
        """Give money back. FAILED with code `refund_too_large` beyond what is left of the capture."""
        ...

    def refund_outcome(self, *, key: str, payment_ref: str) -> Outcome:
        """Ask what became of a refund whose answer never came. NOT_FOUND: it was never made."""
        ...

    def ensure_customer(self, *, key: str, email: str, name: str, metadata: Mapping[str, str]) -> str | Outcome:
        """The provider's id of the payer known to us as `key`, made if need be."""
        ...

    def attach_method(self, *, token: str, customer_ref: str) -> MethodDetails | Outcome:
        """Save a method for later charges of this customer."""
        ...

    def detach_method(self, method_ref: str) -> Outcome:
        """Forget a method: it cannot be charged any more. Repeating it is harmless."""
        ...

    def forget_customer(self, *, customer_ref: str, payment_keys: Sequence[str]) -> Outcome:
        """Forget who a payer is, with all their methods; what was captured stays. `payment_keys`: of their
        payments and card pages, by our keys. Repeating it is harmless."""
        ...

    def read_notice(self, *, body: bytes, signature: str, secret: str) -> Notice:
        """Verify and read a notice. Raises `BadSignature`."""
        ...
