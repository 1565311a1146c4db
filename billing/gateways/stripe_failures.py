"""What it means when Stripe refuses, fails or stays silent. Pure: plain facts in, an outcome out.

Only an answer of Stripe's ends an attempt (domain.md 21): no answer, a 5xx, a 409 and a 429 are UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import declines
from . import stripe_reading as reading
from .base import Outcome, OutcomeKind
from .stripe_amounts import NotPossibleError


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One call that brought no object. `status` is None where there was no answer at all; `error` is its body."""

    status: int | None
    error: Mapping[str, Any]
    message: str = ""
    replayed: bool = False

    @property
    def is_missing(self) -> bool:
        """Whether Stripe knows no such object."""
        return self.status == 404

    @property
    def is_wrong_state(self) -> bool:
        """Whether the object is beyond what was asked of it."""
        return self.status == 400 and str(self.error.get("code", "")).endswith("_unexpected_state")

    @property
    def is_replayed_fault(self) -> bool:
        """Whether this 5xx is the stored answer of an earlier request with the same key: it will never change."""
        return self.replayed and (self.status or 0) >= 500


def outcome(refusal: Refusal) -> Outcome:
    """The outcome of a call that brought no object.

    >>> outcome(Refusal(status=None, error={})).kind, outcome(Refusal(status=503, error={})).kind
    (<OutcomeKind.UNKNOWN: 'unknown'>, <OutcomeKind.UNKNOWN: 'unknown'>)
    >>> outcome(Refusal(status=402, error={"code": "expired_card"})).code
    'card_expired'
    """
    status, error = refusal.status, refusal.error
    if status is None:
        return unknown("Stripe did not answer.", declines.NO_ANSWER)
    if status == 402:
        intent = error.get("payment_intent")
        return reading.payment(intent) if isinstance(intent, Mapping) else reading.refused(error)
    if status in (401, 403):
        return staff_must_look(declines.PROVIDER_REFUSED_KEY, refusal.message)
    if status == 429 or error.get("code") == "rate_limit":
        return unknown(refusal.message, declines.RATE_LIMITED)
    if status == 409:
        return unknown(refusal.message, declines.IN_PROGRESS)
    if status in (400, 404):
        return _request_refused(refusal)
    return unknown(refusal.message)


def _request_refused(refusal: Refusal) -> Outcome:
    error, message = refusal.error, refusal.message
    if error.get("type") == "idempotency_error":
        return unknown(message, declines.KEY_REUSED)
    if refusal.is_missing:
        return Outcome(kind=OutcomeKind.NOT_FOUND, captured=0, message=declines.for_staff(message))
    if error.get("param") in ("payment_method", "customer"):
        return Outcome(
            kind=OutcomeKind.FAILED,
            captured=0,
            code=declines.METHOD_GONE,
            advice="customer",
            message=declines.for_staff(message),
        )
    code = {
        "amount_too_small": declines.AMOUNT_TOO_SMALL,
        "amount_too_large": declines.AMOUNT_TOO_LARGE,
    }.get(str(error.get("code")), declines.PROVIDER_REFUSED_REQUEST)
    if error.get("param") == "currency":
        code = declines.CURRENCY_NOT_SUPPORTED
    return staff_must_look(code, message)


def of_refund(refusal: Refusal) -> Outcome:
    """The same for a refund, whose limits have codes of their own."""
    if refusal.status == 400:
        code = refusal.error.get("code")
        too_much = refusal.error.get("param") == "amount" and "greater" in refusal.message
        if code == "charge_already_refunded" or too_much:
            return staff_must_look(declines.REFUND_TOO_LARGE, refusal.message)
        if code == "charge_disputed":
            return staff_must_look(declines.DISPUTED, refusal.message)
    return outcome(refusal)


def of_question(refusal: Refusal) -> Outcome:
    """The same for a mere question: one that was refused leaves us as wise as before, unless nothing is there."""
    found = outcome(refusal)
    return unknown(found.message, found.code) if found.kind is OutcomeKind.FAILED else found


def after_look_up(refusal: Refusal, looked_up: Outcome) -> Outcome:
    """After a replayed 5xx, which says nothing new for ever, what a look-up says counts.

    Where Stripe knows no such payment, the attempt is over and another may be made, with another key.
    """
    if looked_up.kind is not OutcomeKind.NOT_FOUND:
        return looked_up
    return Outcome(
        kind=OutcomeKind.FAILED,
        captured=0,
        code=declines.PROVIDER_ERROR,
        advice="retry",
        message=declines.for_staff(refusal.message),
    )


def unknown(message: str, code: str | None = declines.PROVIDER_ERROR) -> Outcome:
    """No usable answer."""
    return Outcome(kind=OutcomeKind.UNKNOWN, code=code, message=declines.for_staff(message))


def staff_must_look(code: str, message: str) -> Outcome:
    """Refused, and the method is not at fault: no advice for dunning."""
    return Outcome(kind=OutcomeKind.FAILED, captured=0, code=code, message=declines.for_staff(message))


def impossible(error: NotPossibleError) -> Outcome:
    """What cannot even be asked: an amount that Stripe cannot write in this currency."""
    return staff_must_look(declines.AMOUNT_NOT_POSSIBLE, str(error))
