"""Which gateway serves which kind of provider account. Callers know kinds and secrets, never classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from .base import Gateway, MethodKind
from .debits import Debits
from .manual import ManualGateway
from .readers import Readers, ReaderSeen
from .simulated import SimulatedGateway
from .simulated_books import Books
from .simulated_debits import SimulatedDebits
from .simulated_entry import PayerTime
from .simulated_reader import SimulatedReaders

KINDS = ("stripe", "simulated", "manual")


def gateway_for(
    kind: str,
    *,
    secret: str = "",
    api_base: str | None = None,
    timeout: float = 20,
    method_kinds: Iterable[MethodKind] = ("card",),
    books: Books | None = None,
    checkout_url: Callable[[str], str] | None = None,
    action_url: Callable[[str], str] | None = None,
    now: Callable[[], datetime] | None = None,
    payer_time: PayerTime | None = None,
) -> Gateway:
    """The gateway of one provider account.

    `stripe` takes `secret`, `api_base` (None: Stripe's own), `timeout` in seconds and `method_kinds`; `simulated`
    takes its `books`, the addresses of our own pages and optionally a clock, and what time it is for a payer; `manual`
    takes nothing. Raises `ValueError` for an unknown kind or where something needed is missing.
    """
    if kind == "stripe":
        if not secret:
            raise ValueError("A Stripe account needs its secret key.")
        from .stripe import StripeGateway  # a second's worth of imports, for processes that talk to Stripe

        return StripeGateway(secret=secret, api_base=api_base, timeout=timeout, method_kinds=method_kinds)
    if kind == "simulated":
        if books is None or checkout_url is None or action_url is None:
            raise ValueError("The simulated provider needs its books and the addresses of its pages.")
        clock = {} if now is None else {"now": now}
        return SimulatedGateway(
            books=books, checkout_url=checkout_url, action_url=action_url, payer_time=payer_time, **clock
        )
    if kind == "manual":
        return ManualGateway()
    raise ValueError(f"No gateway of kind {kind!r}; known: {', '.join(KINDS)}.")


def readers_for(
    gateway: Gateway,
    *,
    books: Books | None = None,
    payer_time: PayerTime | None = None,
    known: Callable[[], Sequence[ReaderSeen]] = lambda: (),
) -> Readers | None:
    """The card readers of the account that a gateway serves; None where its kind has none. The simulated ones need the
    books, and say which are registered through `known`."""
    if gateway.kind == "stripe":
        from .stripe import StripeGateway
        from .stripe_readers import StripeReaders

        assert isinstance(gateway, StripeGateway)
        return StripeReaders(gateway)
    if gateway.kind == "simulated":
        if books is None or payer_time is None:
            raise ValueError("The simulated readers need their books and the payer's time.")
        return SimulatedReaders(books=books, payer_time=payer_time, known=known)
    return None


def debits_for(gateway: Gateway) -> Debits | None:
    """Where mandates are lodged of the account that a gateway serves; None where its kind debits nobody."""
    if gateway.kind == "stripe":
        from .stripe import StripeGateway
        from .stripe_debits import StripeDebits

        assert isinstance(gateway, StripeGateway)
        return StripeDebits(gateway)
    return SimulatedDebits() if gateway.kind == "simulated" else None
