"""Stripe behind the port. The only module of the product that imports the stripe library.

The API version is pinned to the one that the locked library was made for; its own retries are off, since a try more
is our decision (domain.md 21); a time-out, a 5xx, a reset and a 429 are UNKNOWN. Keys are our ids: Stripe answers a
second request of the same key with the first one's answer. It answers so even where the first one ended in a 500:
such a replayed 500 is looked up, and only if Stripe knows no such payment it is a failure that a new key may retry.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import stripe

from . import stripe_asks as asks
from . import stripe_failures as failures
from . import stripe_reading as reading
from .base import (
    PAYER_METADATA,
    PAYMENT_METADATA,
    REFUND_METADATA,
    BadSignature,
    ChargeAsk,
    CheckoutAsk,
    CheckoutPage,
    MethodDetails,
    MethodKind,
    Notice,
    Outcome,
    OutcomeKind,
    RefundAsk,
)
from .stripe_amounts import NotPossibleError

API_VERSION = "2026-10-28.endive"
_LIST_SIZE, _LIST_MOST = 100, 1_000
_NOTICE_TOLERANCE = 300
Fault = stripe.StripeError


class StripeGateway:
    """One merchant's Stripe account, by its secret key."""

    kind = "stripe"

    def __init__(
        self,
        *,
        secret: str,
        api_base: str | None = None,
        timeout: float = 20,
        method_kinds: Iterable[MethodKind] = ("card",),
    ) -> None:
        """`api_base` is another address than Stripe's own (the local double); `timeout` is in seconds, per answer."""
        self._method_kinds = list(method_kinds)
        self.api = stripe.StripeClient(
            secret,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base} if api_base else None,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=timeout),
        ).v1

    def open_checkout(self, ask: CheckoutAsk) -> CheckoutPage | Outcome:
        """Open a hosted page. Stripe keeps pages open 30 minutes at least and 24 hours at most."""
        try:
            params = asks.checkout(ask, now=time.time(), method_kinds=self._method_kinds)
            made = self.api.checkout.sessions.create(cast(Any, params), once(ask.key))
        except NotPossibleError as impossible:
            return failures.impossible(impossible)
        except Fault as error:
            refusal = refusal_of(error)
            if refusal.is_replayed_fault:  # a page nobody was sent to takes no money
                return failures.after_look_up(refusal, Outcome(kind=OutcomeKind.NOT_FOUND))
            return failures.outcome(refusal)
        if not made.url:
            return failures.unknown(f"Stripe says {made.status}.")
        return CheckoutPage(
            provider_session=made.id, url=made.url, expires_at=datetime.fromtimestamp(made.expires_at, UTC)
        )

    def checkout_outcome(self, provider_session: str) -> Outcome:
        """What became of a hosted page."""
        return question(
            reading.session,
            lambda: self.api.checkout.sessions.retrieve(provider_session, {"expand": asks.SESSION_FIELDS}),
        )

    def expire_checkout(self, provider_session: str) -> Outcome:
        """Close a hosted page; where Stripe will not, it was paid or closed before."""
        try:
            made = self.api.checkout.sessions.expire(provider_session, {"expand": asks.SESSION_FIELDS})
        except Fault as error:
            refusal = refusal_of(error)  # a key that is refused says nothing of the page
            return self.checkout_outcome(provider_session) if refusal.status == 400 else failures.of_question(refusal)
        return reading.session(made.to_dict())

    def charge(self, ask: ChargeAsk) -> Outcome:
        """Take money from a saved method."""
        try:
            made = self.api.payment_intents.create(cast(Any, asks.charge(ask)), once(ask.key))
        except NotPossibleError as impossible:
            return failures.impossible(impossible)
        except Fault as error:
            refusal = refusal_of(error)
            if refusal.is_replayed_fault:
                looked_up = self.payment_outcome(key=ask.key, customer_ref=ask.customer_ref)
                return failures.after_look_up(refusal, looked_up)
            found = failures.outcome(refusal)
        else:
            found = reading.payment(made.to_dict())
        if found.kind is OutcomeKind.REQUIRES_ACTION and not found.action_url and ask.return_url and found.provider_ref:
            return self.authenticate(
                provider_ref=found.provider_ref, method_ref=ask.method_ref, return_url=ask.return_url
            )
        return found

    def authenticate(self, *, provider_ref: str, method_ref: str, return_url: str) -> Outcome:
        """Let a present subscriber prove who they are."""
        try:
            made = self.api.payment_intents.confirm(
                provider_ref, {"payment_method": method_ref, "return_url": return_url, "expand": asks.INTENT_FIELDS}
            )
        except Fault as error:
            refusal = refusal_of(error)
            return self._by_ref(provider_ref) if refusal.is_wrong_state else failures.outcome(refusal)
        return reading.payment(made.to_dict())

    def cancel_payment(self, provider_ref: str) -> Outcome:
        """Close an intent that waits for the subscriber."""
        try:
            made = self.api.payment_intents.cancel(provider_ref, {"expand": asks.INTENT_FIELDS})
        except Fault as error:
            refusal = refusal_of(error)
            return self._by_ref(provider_ref) if refusal.status == 400 else failures.outcome(refusal)
        return reading.payment(made.to_dict())

    def payment_outcome(self, *, key: str, provider_ref: str | None = None, customer_ref: str | None = None) -> Outcome:
        """Ask by Stripe's id, else by our key: among the customer's payments, or by search and, since Stripe's search
        is a minute late, among the payments of the last hour. NOT_FOUND only where all of these were read."""
        if provider_ref:
            return self.checkout_outcome(provider_ref) if provider_ref.startswith("cs_") else self._by_ref(provider_ref)
        try:
            mine, read_all = self._candidates(key, customer_ref)
        except Fault as error:
            return failures.of_question(refusal_of(error))
        if not mine and not read_all:
            return failures.unknown(f"Not among the newest {_LIST_MOST} payments.")
        return reading.best_of(mine)

    def _candidates(self, key: str, customer_ref: str | None) -> tuple[list[dict[str, Any]], bool]:
        """The payments that bear our key, and whether all that could were read."""
        expand = [f"data.{name}" for name in asks.INTENT_FIELDS]
        if customer_ref is None:
            query = f"metadata['{PAYMENT_METADATA}']:'{key}'"
            found = self.api.payment_intents.search({"query": query, "expand": expand}).data
            if found:
                return [row.to_dict() for row in found], True
        whose = asks.newest(customer_ref, now=time.time())
        page = self.api.payment_intents.list(cast(Any, {**whose, "limit": _LIST_SIZE, "expand": expand}))
        mine: list[dict[str, Any]] = []
        for count, row in enumerate(page.auto_paging_iter(), start=1):
            intent = row.to_dict()
            if reading.bears(intent, PAYMENT_METADATA, key):
                mine.append(intent)
            if count >= _LIST_MOST:
                return mine, False
        return mine, True

    def _by_ref(self, provider_ref: str) -> Outcome:
        return question(
            reading.payment,
            lambda: self.api.payment_intents.retrieve(provider_ref, {"expand": asks.INTENT_FIELDS}),
        )

    def refund(self, ask: RefundAsk) -> Outcome:
        """Give money back, whole or in part."""
        try:
            params = asks.refund(ask)
            made = self.api.refunds.create(cast(Any, params), once(ask.key))
        except NotPossibleError as impossible:
            return failures.impossible(impossible)
        except Fault as error:
            refusal = refusal_of(error)
            if refusal.is_replayed_fault:
                return failures.after_look_up(refusal, self.refund_outcome(key=ask.key, payment_ref=ask.provider_ref))
            return failures.of_refund(refusal)
        return reading.refund(made.to_dict())

    def refund_outcome(self, *, key: str, payment_ref: str) -> Outcome:
        """What became of a refund whose answer never came."""
        try:
            wish = {asks.refund_target(payment_ref): payment_ref, "limit": _LIST_SIZE}
            for row in self.api.refunds.list(cast(Any, wish)).auto_paging_iter():
                found = row.to_dict()
                if reading.bears(found, REFUND_METADATA, key):
                    return reading.refund(found)
        except Fault as error:
            return failures.of_question(refusal_of(error))
        return Outcome(kind=OutcomeKind.NOT_FOUND, refunded=0)

    def ensure_customer(self, *, key: str, email: str, name: str, metadata: Mapping[str, str]) -> str | Outcome:
        """Stripe's id of the payer that we know as `key`; looked up by e-mail before one is made."""
        try:
            known = self.api.customers.list({"email": email, "limit": _LIST_SIZE}) if email else None
            for row in known.data if known else []:
                if reading.bears(row.to_dict(), PAYER_METADATA, key):
                    return row.id
            params, key_of_ask = asks.customer(key=key, email=email, name=name, metadata=metadata)
            return self.api.customers.create(cast(Any, params), once(key_of_ask)).id
        except Fault as error:
            return failures.outcome(refusal_of(error))

    def listen(self, url: str) -> str | Outcome:
        """Have Stripe tell us of everything at `url`; answers the signing secret, which Stripe shows once.

        An endpoint of ours that is there already is made anew, for its secret cannot be asked for again.
        """
        try:
            for known in self.api.webhook_endpoints.list({"limit": _LIST_SIZE}).data:
                if known.url == url:
                    self.api.webhook_endpoints.delete(known.id)
            made = self.api.webhook_endpoints.create(
                {"url": url, "enabled_events": ["*"], "api_version": cast(Any, API_VERSION)}
            )
        except Fault as error:
            return failures.outcome(refusal_of(error))
        return str(made.secret)

    def attach_method(self, *, token: str, customer_ref: str) -> MethodDetails | Outcome:
        """Save a method made elsewhere (a hosted page saves its own)."""
        try:
            made = self.api.payment_methods.attach(token, {"customer": customer_ref})
        except Fault as error:
            return failures.outcome(refusal_of(error))
        return reading.method(made.to_dict(), customer_ref) or failures.unknown(f"Stripe attached a {made.type}.")

    def detach_method(self, method_ref: str) -> Outcome:
        """Forget a method; one that is forgotten already is no failure."""
        try:
            self.api.payment_methods.detach(method_ref)
        except Fault as error:
            refusal = refusal_of(error)
            if not (refusal.is_wrong_state or "not attached" in refusal.message):
                return failures.outcome(refusal)
        return Outcome(kind=OutcomeKind.SUCCEEDED, provider_ref=method_ref)

    def forget_customer(self, *, customer_ref: str, payment_keys: Sequence[str]) -> Outcome:
        """Delete the customer, methods included; one that Stripe does not know (any more) is no failure."""
        if not customer_ref:
            return Outcome(kind=OutcomeKind.SUCCEEDED)
        try:
            self.api.customers.delete(customer_ref)
        except Fault as error:
            found = failures.outcome(refusal_of(error))
            if found.kind is not OutcomeKind.NOT_FOUND:
                return found
        return Outcome(kind=OutcomeKind.SUCCEEDED)

    def read_notice(self, *, body: bytes, signature: str, secret: str) -> Notice:
        """Verify a webhook's signature over its raw body, not older than five minutes, and read it."""
        try:
            text = body.decode("utf-8")
            stripe.WebhookSignature.verify_header(text, signature, secret, _NOTICE_TOLERANCE)
            return reading.notice(json.loads(text))
        except stripe.SignatureVerificationError as error:
            raise BadSignature(error.user_message or "The signature does not match.") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadSignature(f"Not an event: {type(error).__name__}.") from None


def once(key: str) -> Any:
    """The option that makes a request safe to repeat."""
    return {"idempotency_key": key}


def question(read: Callable[[Mapping[str, Any]], Outcome], put: Callable[[], Any]) -> Outcome:
    """Put a mere question and read its answer."""
    try:
        return read(put().to_dict())
    except Fault as error:
        return failures.of_question(refusal_of(error))


def refusal_of(error: Fault) -> failures.Refusal:
    """The plain facts of an exception of the library's."""
    body = error.json_body
    details = body.get("error") if isinstance(body, Mapping) else None
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return failures.Refusal(
        status=None if isinstance(error, stripe.APIConnectionError) else error.http_status or 500,
        error=details if isinstance(details, Mapping) else {},
        message=error.user_message or "",
        replayed=headers.get("idempotent-replayed") == "true",
    )
