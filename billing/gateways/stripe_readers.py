"""Stripe's card readers behind the port (Stripe Terminal, driven by our server).

Two calls make one ask: a payment intent under our key, which takes a card that is present and saves it for later
charges (`setup_future_usage`: Stripe makes a card of it that needs no reader), and the reader told to collect it. The
reader's own refusals (busy, off) come before any card; the intent is closed then, so that nothing can be paid late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from . import declines
from . import stripe_asks as asks
from . import stripe_failures as failures
from . import stripe_reading as reading
from .base import Outcome, OutcomeKind
from .readers import BUSY, LEFT_AT_READER, NOT_SHOWN, OFFLINE, UNKNOWN_READER, AtReader, ReaderAsk, ReaderSeen
from .stripe import Fault, StripeGateway, once, refusal_of
from .stripe_amounts import NotPossibleError

_OF_THE_READER = {
    "terminal_reader_busy": BUSY,
    "terminal_reader_offline": OFFLINE,
    "terminal_reader_timeout": OFFLINE,
}
_MOST = 100


class StripeReaders:
    """The readers of one merchant's Stripe account."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway, self._api = gateway, gateway.api

    def seen(self) -> Sequence[ReaderSeen] | Outcome:
        """All readers that are registered at Stripe."""
        try:
            rows = self._api.terminal.readers.list({"limit": _MOST}).data
        except Fault as error:
            return failures.of_question(refusal_of(error))
        return [
            ReaderSeen(provider_ref=row.id, name=row.label or row.serial_number, is_online=row.status == "online")
            for row in rows
        ]

    def ask(self, ask: ReaderAsk) -> Outcome:
        """Make the intent, then have the reader collect it. Both repeat safely: the intent by its key, the reader
        because it goes on with the intent that it shows."""
        try:
            made = self._api.payment_intents.create(cast(Any, asks.at_reader(ask)), once(ask.key))
        except NotPossibleError as impossible:
            return failures.impossible(impossible)
        except Fault as error:
            refusal = refusal_of(error)
            if refusal.is_replayed_fault:
                looked_up = self._gateway.payment_outcome(key=ask.key, customer_ref=ask.customer_ref)
                return failures.after_look_up(refusal, looked_up)
            return failures.outcome(refusal)
        at = AtReader(key=ask.key, reader_ref=ask.reader_ref, customer_ref=ask.customer_ref, provider_ref=made.id)
        known = self._gateway.payment_outcome(key=ask.key, provider_ref=made.id)  # a repeat finds it further on
        if known.kind is not OutcomeKind.OPEN:
            return known
        return self._collect(at, saves=ask.save_method)

    def _collect(self, at: AtReader, *, saves: bool) -> Outcome:
        assert at.provider_ref is not None
        wish: dict[str, Any] = {"payment_intent": at.provider_ref}
        if saves:
            wish["process_config"] = {"allow_redisplay": "limited"}
        try:
            self._api.terminal.readers.process_payment_intent(at.reader_ref, cast(Any, wish))
        except Fault as error:
            refusal = refusal_of(error)
            code = _OF_THE_READER.get(str(refusal.error.get("code")))
            if code == BUSY and self._shows(at.reader_ref) == at.provider_ref:
                return _open(at)
            if refusal.is_missing:
                code = UNKNOWN_READER
            if code is None:
                return failures.unknown(refusal.message, failures.outcome(refusal).code or declines.PROVIDER_ERROR)
            closed = self.cancel(at)
            if closed.kind is not OutcomeKind.EXPIRED:
                return closed
            return Outcome(kind=OutcomeKind.FAILED, captured=0, provider_ref=at.provider_ref, code=code)
        return _open(at)

    def outcome(self, at: AtReader) -> Outcome:
        """What the intent says; while it is open, what the reader did with it."""
        found = self._gateway.payment_outcome(key=at.key, provider_ref=at.provider_ref, customer_ref=at.customer_ref)
        if found.kind is not OutcomeKind.OPEN:
            return found
        try:
            action = self._api.terminal.readers.retrieve(at.reader_ref).to_dict().get("action") or {}
        except Fault as error:
            return failures.of_question(refusal_of(error))
        ref = found.provider_ref or at.provider_ref
        if reading.ref((action.get("process_payment_intent") or {}).get("payment_intent")) != ref:
            return _open(at, ref=ref, code=NOT_SHOWN)
        if action.get("status") == "failed":
            message = declines.for_staff(action.get("failure_message"))
            return Outcome(kind=OutcomeKind.FAILED, captured=0, provider_ref=ref, code=LEFT_AT_READER, message=message)
        return _open(at, ref=ref)

    def cancel(self, at: AtReader) -> Outcome:
        """Take it off the reader, then close the intent: where a card was quicker, that says so."""
        ref = at.provider_ref
        if ref is None:
            found = self._gateway.payment_outcome(key=at.key, customer_ref=at.customer_ref)
            if found.kind is not OutcomeKind.OPEN or found.provider_ref is None:
                return found
            ref = found.provider_ref
        if self._shows(at.reader_ref) == ref:
            try:
                self._api.terminal.readers.cancel_action(at.reader_ref)
            except Fault as error:
                refusal = refusal_of(error)
                if refusal.status is None or refusal.status >= 500:
                    return failures.unknown(refusal.message)
        return self._gateway.cancel_payment(ref)

    def _shows(self, reader_ref: str) -> str | None:
        """The intent that a reader is collecting; None for none, or where it cannot be asked."""
        try:
            action = self._api.terminal.readers.retrieve(reader_ref).to_dict().get("action") or {}
        except Fault:
            return None
        if action.get("status") != "in_progress":
            return None
        return reading.ref((action.get("process_payment_intent") or {}).get("payment_intent"))


def _open(at: AtReader, *, ref: str | None = None, code: str | None = None) -> Outcome:
    return Outcome(kind=OutcomeKind.OPEN, captured=0, provider_ref=ref or at.provider_ref, code=code)
