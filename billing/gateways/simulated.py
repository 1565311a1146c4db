"""The simulated provider: no network, no money, the same answer to the same test token every time.

Sandboxes and test clocks pay through it, so ten years are lived in seconds. It answers Stripe's public test tokens
as Stripe does, has a hosted page (ours: the caller supplies its address and calls `press` and `answer_bank` for the
visitor), debits that take days by the clock it is given, and cards whose answer is lost. It sends no notices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from . import declines
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
from .simulated_books import Books
from .simulated_cards import CARDS, SimulatedCard, card_of

DEBIT_DAYS = 5
"""How long a debit is `processing`."""
_LEAST = {"EUR": 50, "USD": 50, "CHF": 50, "GBP": 30}
_LOST = "The simulated answer was lost."

Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HostedForm:
    """What our hosted page shows for a simulated checkout. `problem` is the code of the last refusal."""

    provider_session: str
    state: OutcomeKind
    mode: str
    amount: int
    currency: str
    description: str
    email: str | None
    success_url: str
    cancel_url: str
    expires_at: datetime
    waits_for_bank: bool
    problem: str | None


def _now() -> datetime:
    return datetime.now(UTC)


class SimulatedGateway:
    """One simulated account."""

    kind = "simulated"

    def __init__(
        self,
        *,
        books: Books,
        checkout_url: Callable[[str], str],
        action_url: Callable[[str], str],
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`checkout_url` and `action_url` make the address of our page from a session's or a payment's id."""
        self._books, self._checkout_url, self._action_url, self._now = books, checkout_url, action_url, now

    # -- hosted page ---------------------------------------------------------------------------------------------

    def open_checkout(self, ask: CheckoutAsk) -> CheckoutPage | Outcome:
        """Open a hosted page of ours."""
        refusal = None if ask.mode == "setup" else _impossible(ask.amount, ask.currency)
        if refusal is not None:
            return refusal
        wish = {**asdict(ask), "expires_at": ask.expires_at.isoformat(), "metadata": dict(ask.metadata)}
        with self._books.page(ask.key) as page:
            if page.content is None:
                page.content = _entry(ask.key, ask.amount, ask.currency, ask.customer_ref, "open", wish)
            elif page.content["wish"] != wish:
                return _key_reused()
        session = f"cs_sim_{ask.key}"
        return CheckoutPage(provider_session=session, url=self._checkout_url(session), expires_at=ask.expires_at)

    def checkout_outcome(self, provider_session: str) -> Outcome:
        """What became of a hosted page."""
        return self._look(_key_of(provider_session))

    def expire_checkout(self, provider_session: str) -> Outcome:
        """Close a hosted page, unless it was paid."""
        with self._books.page(_key_of(provider_session)) as page:
            if page.content is None:
                return _not_found()
            self._let_time_pass(page.content)
            if page.content["status"] in ("open", "requires_action"):
                page.content["status"] = "expired"
            return self._outcome(page.content)

    def hosted_form(self, provider_session: str) -> HostedForm | None:
        """What the hosted page shows; None where there is no such page."""
        with self._books.page(_key_of(provider_session)) as page:
            if page.content is None or "mode" not in page.content["wish"]:
                return None
            entry, wish = page.content, page.content["wish"]
            self._let_time_pass(entry)
            waits = entry["status"] == "requires_action"
            return HostedForm(
                provider_session=provider_session,
                state=OutcomeKind.OPEN if waits else self._outcome(entry).kind,
                mode=wish["mode"],
                amount=wish["amount"],
                currency=wish["currency"],
                description=wish["description"],
                email=wish["email"],
                success_url=wish["success_url"],
                cancel_url=wish["cancel_url"],
                expires_at=datetime.fromisoformat(wish["expires_at"]),
                waits_for_bank=waits,
                problem=entry["code"],
            )

    def press(self, provider_session: str, *, token: str) -> Outcome:
        """The visitor pays with a test card. FAILED leaves the page open for another try."""
        card = card_of(token)
        if card is None:
            return _refused("incorrect_number")
        with self._books.page(_key_of(provider_session)) as page:
            if page.content is None:
                return _not_found()
            self._let_time_pass(page.content)
            if page.content["status"] != "open":
                return self._outcome(page.content)
            entry = page.content
            entry["customer"] = entry["customer"] or f"cus_sim_{_digest(entry['key'])}"
            entry["method"] = _method_ref(card, entry["customer"], set_up=True)
            if card.authentication != "never":
                entry["status"] = "requires_action"
                return self._outcome(entry)
            return self._try_on_page(entry, card)

    def answer_bank(self, ref: str, *, passed: bool) -> Outcome:
        """The visitor answers the bank's question, on the hosted page or later on the page of a charge."""
        with self._books.page(_key_of(ref)) as page:
            if page.content is None:
                return _not_found()
            entry = page.content
            self._let_time_pass(entry)
            if entry["status"] != "requires_action":
                return self._outcome(entry)
            on_page = "mode" in entry["wish"]
            if not passed:
                entry.update(status="open" if on_page else "failed", code=declines.AUTHENTICATION_FAILED)
                entry.update(decline_code=None, advice="customer")
                return _failed(entry)
            card = _card_of_method(entry["method"])
            return self._try_on_page(entry, card) if on_page else self._take(entry, card)

    def _try_on_page(self, entry: Entry, card: SimulatedCard) -> Outcome:
        if entry["wish"]["mode"] == "setup" and card.decline is None:
            entry.update(status="succeeded", code=None, decline_code=None, advice=None)
            return self._outcome(entry)
        if card.decline is not None and card.kind == "card":
            _note_refusal(entry, card)
            entry["status"] = "open"
            return _failed(entry)
        return self._take(entry, card)

    # -- saved methods -------------------------------------------------------------------------------------------

    def charge(self, ask: ChargeAsk) -> Outcome:
        """Take money from a saved method, once for each key."""
        refusal = _impossible(ask.amount, ask.currency)
        if refusal is not None:
            return refusal
        card = _card_of_method(ask.method_ref) if ask.method_ref.startswith("pm_sim-") else card_of(ask.method_ref)
        if card is None or self._is_detached(ask.method_ref):
            message = f"No such PaymentMethod: '{ask.method_ref}'"
            return Outcome(
                kind=OutcomeKind.FAILED, captured=0, code=declines.METHOD_GONE, advice="customer", message=message
            )
        wish = {**asdict(ask), "metadata": dict(ask.metadata)}
        with self._books.page(ask.key) as page:
            if page.content is not None:
                same = page.content["wish"] == wish
                return self._outcome(page.content) if same else _key_reused()
            with self._books.page(f"unheard-{ask.key}") as unheard:
                if card.answer == "lost_before" and unheard.content is None:
                    unheard.content = {"key": ask.key}
                    return _unknown()
            entry = page.content = _entry(ask.key, ask.amount, ask.currency, ask.customer_ref, "new", wish)
            entry["method"] = ask.method_ref
            if _wants_authentication(card, ask):
                entry.update(status="requires_action", code=declines.AUTHENTICATION_REQUIRED, advice="customer")
                return self._outcome(entry)
            made = self._take(entry, card)
            return _unknown() if card.answer == "lost_after" else made

    def authenticate(self, *, provider_ref: str, method_ref: str, return_url: str) -> Outcome:
        """REQUIRES_ACTION with the address of our page, or what became of it."""
        with self._books.page(_key_of(provider_ref)) as page:
            if page.content is None:
                return _not_found()
            if page.content["status"] == "requires_action":
                page.content["return_url"] = return_url
            return self._outcome(page.content)

    def return_url(self, provider_ref: str) -> str | None:
        """Where a visitor of the action page goes back to."""
        with self._books.page(_key_of(provider_ref)) as page:
            found = page.content and (page.content.get("return_url") or page.content["wish"].get("return_url"))
            return str(found) if found else None

    def cancel_payment(self, provider_ref: str) -> Outcome:
        """Close a payment that waits for the subscriber."""
        return self.expire_checkout(provider_ref)

    def payment_outcome(self, *, key: str, provider_ref: str | None = None, customer_ref: str | None = None) -> Outcome:
        """What the books say."""
        return self._look(_key_of(provider_ref) if provider_ref else key)

    def refund(self, ask: RefundAsk) -> Outcome:
        """Give money back, never beyond the capture."""
        with self._books.page(_key_of(ask.provider_ref)) as page:
            entry = page.content
            if entry is None:
                return _not_found()
            refunds: dict[str, int] = entry["refunds"]
            if ask.key in refunds:
                return _refunded(ask.key, refunds[ask.key], entry) if refunds[ask.key] == ask.amount else _key_reused()
            if entry["disputed"]:
                return _staff(declines.DISPUTED, "This payment has been charged back.")
            left = entry["captured"] - sum(refunds.values())
            if not 0 < ask.amount <= left or ask.currency != entry["currency"]:
                message = f"{ask.amount} asked, {left} {entry['currency']} left of the capture (minor units)."
                return _staff(declines.REFUND_TOO_LARGE, message)
            refunds[ask.key] = ask.amount
            return _refunded(ask.key, ask.amount, entry)

    def refund_outcome(self, *, key: str, payment_ref: str) -> Outcome:
        """What the books say about a refund."""
        with self._books.page(_key_of(payment_ref)) as page:
            if page.content is None or key not in page.content["refunds"]:
                return Outcome(kind=OutcomeKind.NOT_FOUND, refunded=0)
            return _refunded(key, page.content["refunds"][key], page.content)

    def ensure_customer(self, *, key: str, email: str, name: str, metadata: Mapping[str, str]) -> str | Outcome:
        """Always the same id for the same payer."""
        return f"cus_sim_{_digest(key)}"

    def attach_method(self, *, token: str, customer_ref: str) -> MethodDetails | Outcome:
        """Save a test card, if it is one that can be saved."""
        card = card_of(token)
        if card is None:
            return _not_found()
        if not card.saves:
            return _refused("generic_decline")
        return _details(_method_ref(card, customer_ref, set_up=False), customer_ref)

    def detach_method(self, method_ref: str) -> Outcome:
        """Forget a method for good."""
        with self._books.page(method_ref) as page:
            page.content = {"detached": True}
        return Outcome(kind=OutcomeKind.SUCCEEDED, provider_ref=method_ref)

    def read_notice(self, *, body: bytes, signature: str, secret: str) -> Notice:
        """Never: this provider sends none, so whoever sends one lies."""
        raise BadSignature("The simulated provider sends no notices.")

    # -- books ---------------------------------------------------------------------------------------------------

    def _is_detached(self, method_ref: str) -> bool:
        with self._books.page(method_ref) as page:
            return page.content is not None

    def _look(self, key: str) -> Outcome:
        with self._books.page(key) as page:
            if page.content is None or "status" not in page.content:
                return _not_found()
            self._let_time_pass(page.content)
            return self._outcome(page.content)

    def _take(self, entry: Entry, card: SimulatedCard) -> Outcome:
        if card.kind == "sepa_debit":
            settles_at = self._now() + timedelta(days=DEBIT_DAYS)
            entry.update(status="processing", settles_at=settles_at.isoformat(), code=None, advice=None)
            return self._outcome(entry)
        if card.decline is not None:
            _note_refusal(entry, card)
            return self._outcome(entry)
        entry.update(status="succeeded", captured=entry["amount"], code=None, decline_code=None, advice=None)
        entry["disputed"] = card.disputed
        return self._outcome(entry)

    def _let_time_pass(self, entry: Entry) -> None:
        """Debits are answered and pages expire by the clock, whenever someone looks."""
        if entry["status"] == "processing" and datetime.fromisoformat(entry["settles_at"]) <= self._now():
            card = _card_of_method(entry["method"])
            if card.decline is not None:
                _note_refusal(entry, card)
            else:
                entry.update(status="succeeded", captured=entry["amount"])
        expires_at = entry["wish"].get("expires_at")
        waiting = entry["status"] in ("open", "requires_action")
        if waiting and expires_at and datetime.fromisoformat(expires_at) <= self._now():
            entry["status"] = "expired"

    def _outcome(self, entry: Entry) -> Outcome:
        status, ref = entry["status"], f"pi_sim_{entry['key']}"
        if status == "open":
            return Outcome(kind=OutcomeKind.OPEN, captured=0, customer_ref=entry["customer"])
        if status == "failed":
            return _failed(entry)
        kind = OutcomeKind(status)
        saved = status in ("succeeded", "processing") and entry["wish"].get("save_method", True)
        on_page = "mode" in entry["wish"]
        action = None
        if kind is OutcomeKind.REQUIRES_ACTION:
            action = self._checkout_url(f"cs_sim_{entry['key']}") if on_page else self._action_url(ref)
        return Outcome(
            kind=kind,
            provider_ref=ref,
            captured=None if kind is OutcomeKind.PROCESSING else entry["captured"],
            refunded=sum(entry["refunds"].values()),
            currency=entry["currency"],
            customer_ref=entry["customer"],
            method=_details(entry["method"], entry["customer"]) if saved and entry["method"] else None,
            code=entry["code"],
            advice=entry["advice"],
            action_url=action,
        )


def _entry(key: str, amount: int, currency: str, customer: str | None, status: str, wish: Entry) -> Entry:
    return {
        "key": key, "amount": amount, "currency": currency, "customer": customer, "status": status, "wish": wish,
        "captured": 0, "refunds": {}, "method": None, "disputed": False,
        "code": None, "decline_code": None, "advice": None,
    }  # fmt: skip


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _key_of(ref: str) -> str:
    """Our key in a reference of the provider's: `pi_sim_…` and `cs_sim_…` carry it."""
    return ref.removeprefix("pi_sim_").removeprefix("cs_sim_")


def _method_ref(card: SimulatedCard, customer: str, *, set_up: bool) -> str:
    return f"pm_sim-{card.name}-{_digest(customer)}{'-ready' if set_up else ''}"


def _card_of_method(ref: str) -> SimulatedCard:
    name = ref.split("-")[1] if ref.startswith("pm_sim-") else ref
    return CARDS.get(name) or card_of(ref) or CARDS["chargeDeclined"]


def _details(ref: str, customer: str | None) -> MethodDetails:
    card = _card_of_method(ref)
    dated = card.kind == "card"
    return MethodDetails(
        provider_ref=ref,
        customer_ref=customer,
        kind=card.kind,
        brand=card.brand,
        last4=card.last4,
        exp_month=12 if dated else None,
        exp_year=2034 if dated else None,
        country=card.country,
        fingerprint=_digest(card.name),
    )


def _wants_authentication(card: SimulatedCard, ask: ChargeAsk) -> bool:
    ready = ask.method_ref.endswith("-ready")
    return card.authentication == "always" or (
        card.authentication == "until_set_up"
        and not ready
        or card.authentication == "on_session"
        and not ask.off_session
    )


def _note_refusal(entry: Entry, card: SimulatedCard) -> None:
    code, advice = declines.reason("card_declined", card.decline)
    entry.update(status="failed", code=code, decline_code=card.decline, advice=advice)


def _failed(entry: Entry) -> Outcome:
    return Outcome(
        kind=OutcomeKind.FAILED,
        provider_ref=f"pi_sim_{entry['key']}",
        captured=0,
        currency=entry["currency"],
        customer_ref=entry["customer"],
        method=_details(entry["method"], entry["customer"]) if entry["method"] else None,
        code=entry["code"],
        decline_code=entry["decline_code"],
        advice=entry["advice"],
        message="Refused by the simulated bank.",
    )


def _refused(word: str) -> Outcome:
    code, advice = declines.reason("card_declined", word)
    return Outcome(
        kind=OutcomeKind.FAILED,
        captured=0,
        code=code,
        decline_code=word,
        advice=advice,
        message="Refused by the simulated bank.",
    )


def _refunded(key: str, amount: int, entry: Entry) -> Outcome:
    return Outcome(
        kind=OutcomeKind.SUCCEEDED, provider_ref=f"re_sim_{key}", refunded=amount, currency=entry["currency"]
    )


def _staff(code: str, message: str) -> Outcome:
    return Outcome(kind=OutcomeKind.FAILED, captured=0, code=code, message=message)


def _impossible(amount: int, currency: str) -> Outcome | None:
    if amount >= max(1, _LEAST.get(currency, 1)):
        return None
    return _staff(declines.AMOUNT_TOO_SMALL, f"{amount} {currency} (minor units) is less than can be charged.")


def _unknown() -> Outcome:
    return Outcome(kind=OutcomeKind.UNKNOWN, code=declines.NO_ANSWER, message=_LOST)


def _key_reused() -> Outcome:
    return Outcome(kind=OutcomeKind.UNKNOWN, code=declines.KEY_REUSED, message="This key was used for another ask.")


def _not_found() -> Outcome:
    return Outcome(kind=OutcomeKind.NOT_FOUND, captured=0)
