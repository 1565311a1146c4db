"""The simulated provider: no network, no money, the same answer to the same test token every time.

Sandboxes and test clocks pay through it, so ten years are lived in seconds. It answers Stripe's public test tokens
as Stripe does, has a hosted page (ours: the caller supplies its address and calls `press` and `answer_bank` for the
visitor), debits that take days by the clock it is given, and cards whose answer is lost. It sends no notices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from . import declines
from . import simulated_entry as entries
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
from .simulated_cards import SimulatedCard, card_of
from .simulated_entry import Entry
from .simulated_form import HostedForm, form_of


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
        payer_time: entries.PayerTime | None = None,
    ) -> None:
        """`checkout_url` and `action_url` make the address of our page from a session's or a payment's id. `now` is
        real time; `payer_time` says from our key what time it is for the payer, where that is another."""
        self._books, self._checkout_url, self._action_url, self._now = books, checkout_url, action_url, now
        self._payer_time = payer_time or (lambda _key: now())

    def open_checkout(self, ask: CheckoutAsk) -> CheckoutPage | Outcome:
        """Open a hosted page of ours."""
        refusal = None if ask.mode == "setup" else entries.impossible(ask.amount, ask.currency)
        if refusal is not None:
            return refusal
        wish = {**asdict(ask), "expires_at": ask.expires_at.isoformat(), "metadata": dict(ask.metadata)}
        with self._books.page(ask.key) as page:
            if page.content is None:
                page.content = entries.new(ask.key, ask.amount, ask.currency, ask.customer_ref, "open", wish)
            elif page.content.get("wish") != wish:
                return entries.key_reused()
        session = f"cs_sim_{ask.key}"
        return CheckoutPage(provider_session=session, url=self._checkout_url(session), expires_at=ask.expires_at)

    def checkout_outcome(self, provider_session: str) -> Outcome:
        """What became of a hosted page; while the bank asks, it is still OPEN."""
        found = self._look(entries.key_of(provider_session))
        if found.kind is OutcomeKind.REQUIRES_ACTION:
            return Outcome(kind=OutcomeKind.OPEN, captured=0, customer_ref=found.customer_ref)
        return found

    def expire_checkout(self, provider_session: str) -> Outcome:
        """Close a hosted page, unless it was paid."""
        return self._close(entries.key_of(provider_session), ("open", "requires_action"))

    def _close(self, key: str, closable: tuple[str, ...]) -> Outcome:
        with self._books.page(key) as page:
            entry = entries.of(page)
            if entry is None:
                return entries.not_found()
            entries.let_time_pass(entry, self._now(), self._payer_time)
            if entry["status"] in closable:
                entry.update(status="expired", code=None, decline_code=None, advice=None)
            return self._outcome(entry)

    def hosted_form(self, provider_session: str) -> HostedForm | None:
        """What the hosted page shows; None where there is no such page."""
        with self._books.page(entries.key_of(provider_session)) as page:
            entry = entries.of(page)
            if entry is None or "mode" not in entry["wish"]:
                return None
            entries.let_time_pass(entry, self._now(), self._payer_time)
            return form_of(provider_session, entry, self._outcome(entry))

    def press(self, provider_session: str, *, token: str) -> Outcome:
        """The visitor pays with a test card. FAILED leaves the page open for another try."""
        card = card_of(token)
        if card is None:
            return entries.refused("incorrect_number")
        with self._books.page(entries.key_of(provider_session)) as page:
            entry = entries.of(page)
            if entry is None:
                return entries.not_found()
            entries.let_time_pass(entry, self._now(), self._payer_time)
            if entry["status"] != "open":
                return self._outcome(entry)
            entry["customer"] = entry["customer"] or f"cus_sim_{entries.digest(entry['key'])}"
            entry["method"] = entries.method_ref(card, entry["customer"], set_up=True)
            if card.authentication != "never":
                entry["status"] = "requires_action"
                return self._outcome(entry)
            return self._try_on_page(entry, card)

    def answer_bank(self, ref: str, *, passed: bool) -> Outcome:
        """The visitor answers the bank's question, on the hosted page or later on the page of a charge."""
        with self._books.page(entries.key_of(ref)) as page:
            entry = entries.of(page)
            if entry is None:
                return entries.not_found()
            entries.let_time_pass(entry, self._now(), self._payer_time)
            if entry["status"] != "requires_action":
                return self._outcome(entry)
            on_page = "mode" in entry["wish"]
            if not passed:
                entry.update(status="open" if on_page else "failed", code=declines.AUTHENTICATION_FAILED)
                entry.update(decline_code=None, advice="customer")
                return entries.failed(entry)
            card = entries.card_of_method(entry["method"])
            if on_page:
                return self._try_on_page(entry, card)
            entries.take(entry, card, self._payer_time)
            return self._outcome(entry)

    def _try_on_page(self, entry: Entry, card: SimulatedCard) -> Outcome:
        is_debit = card.kind == "sepa_debit"
        if entry["wish"]["mode"] == "setup" and (card.decline is None or is_debit):
            entry.update(status="succeeded", code=None, decline_code=None, advice=None)
            return self._outcome(entry)
        if card.decline is not None and not is_debit:
            entries.note_refusal(entry, card.decline)
            entry["status"] = "open"
            return entries.failed(entry)
        entries.take(entry, card, self._payer_time)
        return self._outcome(entry)

    def charge(self, ask: ChargeAsk) -> Outcome:
        """Take money from a saved method, once for each key."""
        refusal = entries.impossible(ask.amount, ask.currency)
        if refusal is not None:
            return refusal
        card = (
            entries.card_of_method(ask.method_ref) if ask.method_ref.startswith("pm_sim-") else card_of(ask.method_ref)
        )
        if card is None or self._is_detached(ask.method_ref):
            message = f"No such PaymentMethod: '{ask.method_ref}'"
            return Outcome(
                kind=OutcomeKind.FAILED, captured=0, code=declines.METHOD_GONE, advice="customer", message=message
            )
        wish = {**asdict(ask), "metadata": dict(ask.metadata)}
        with self._books.page(ask.key) as page:
            known = entries.of(page)
            if known is not None:
                return self._outcome(known) if known["wish"] == wish else entries.key_reused()
            if card.answer == "lost_before" and page.content is None:
                page.content = {"key": ask.key}
                return entries.unknown()
            entry = page.content = entries.new(ask.key, ask.amount, ask.currency, ask.customer_ref, "new", wish)
            entry["method"] = ask.method_ref
            if entries.wants_authentication(card, ask):
                entry.update(status="requires_action", code=declines.AUTHENTICATION_REQUIRED, advice="customer")
                return self._outcome(entry)
            entries.take(entry, card, self._payer_time, off_session=ask.off_session)
            return entries.unknown() if card.answer == "lost_after" else self._outcome(entry)

    def authenticate(self, *, provider_ref: str, method_ref: str, return_url: str) -> Outcome:
        """REQUIRES_ACTION with the address of our page, or what became of it."""
        with self._books.page(entries.key_of(provider_ref)) as page:
            entry = entries.of(page)
            if entry is None:
                return entries.not_found()
            if entry["status"] == "requires_action":
                entry["return_url"] = return_url
            return self._outcome(entry)

    def return_url(self, provider_ref: str) -> str | None:
        """Where a visitor of the action page goes back to."""
        with self._books.page(entries.key_of(provider_ref)) as page:
            entry = entries.of(page)
            found = entry and (entry.get("return_url") or entry["wish"].get("return_url"))
            return str(found) if found else None

    def cancel_payment(self, provider_ref: str) -> Outcome:
        """Close a payment that waits for the subscriber."""
        return self._close(entries.key_of(provider_ref), ("requires_action", "failed"))

    def payment_outcome(self, *, key: str, provider_ref: str | None = None, customer_ref: str | None = None) -> Outcome:
        """What the books say."""
        return self._look(entries.key_of(provider_ref) if provider_ref else key)

    def refund(self, ask: RefundAsk) -> Outcome:
        """Give money back, never beyond the capture."""
        with self._books.page(entries.key_of(ask.provider_ref)) as page:
            entry = entries.of(page)
            if entry is None:
                return entries.not_found()
            refunds: dict[str, int] = entry["refunds"]
            if ask.key in refunds:
                same = refunds[ask.key] == ask.amount
                return entries.refunded(ask.key, ask.amount, entry) if same else entries.key_reused()
            if entry["disputed"]:
                return entries.staff(declines.DISPUTED, "This payment has been charged back.")
            left = entry["captured"] - sum(refunds.values())
            if not 0 < ask.amount <= left or ask.currency != entry["currency"]:
                message = f"{ask.amount} asked, {left} {entry['currency']} left of the capture (minor units)."
                return entries.staff(declines.REFUND_TOO_LARGE, message)
            refunds[ask.key] = ask.amount
            return entries.refunded(ask.key, ask.amount, entry)

    def refund_outcome(self, *, key: str, payment_ref: str) -> Outcome:
        """What the books say about a refund."""
        with self._books.page(entries.key_of(payment_ref)) as page:
            entry = entries.of(page)
            if entry is None or key not in entry["refunds"]:
                return Outcome(kind=OutcomeKind.NOT_FOUND, refunded=0)
            return entries.refunded(key, entry["refunds"][key], entry)

    def ensure_customer(self, *, key: str, email: str, name: str, metadata: Mapping[str, str]) -> str | Outcome:
        """Always the same id for the same payer."""
        return f"cus_sim_{entries.digest(key)}"

    def attach_method(self, *, token: str, customer_ref: str) -> MethodDetails | Outcome:
        """Save a test card, if it is one that can be saved."""
        card = card_of(token)
        if card is None:
            return entries.not_found()
        if not card.saves:
            return entries.refused("generic_decline")
        return entries.details(entries.method_ref(card, customer_ref, set_up=False), customer_ref)

    def detach_method(self, method_ref: str) -> Outcome:
        """Forget a method for good."""
        with self._books.page(method_ref) as page:
            page.content = {"detached": True}
        return Outcome(kind=OutcomeKind.SUCCEEDED, provider_ref=method_ref)

    def forget_customer(self, *, customer_ref: str, payment_keys: Sequence[str]) -> Outcome:
        """Strike their address from the pages that they were shown. A page is asked for by its key and the wish: who
        asks for one again, with the address, is told that the key is used."""
        for key in payment_keys:
            with self._books.page(key) as page:
                if (entry := entries.of(page)) is not None:
                    entry["wish"].update({"email": None} if "email" in entry["wish"] else {})
        return Outcome(kind=OutcomeKind.SUCCEEDED)

    def read_notice(self, *, body: bytes, signature: str, secret: str) -> Notice:
        """Never: this provider sends none, so whoever sends one lies."""
        raise BadSignature("The simulated provider sends no notices.")

    def _is_detached(self, method_ref: str) -> bool:
        return self._books.peek(method_ref) is not None

    def _look(self, key: str) -> Outcome:
        with self._books.page(key) as page:
            entry = entries.of(page)
            if entry is None:
                return entries.not_found()
            entries.let_time_pass(entry, self._now(), self._payer_time)
            return self._outcome(entry)

    def _outcome(self, entry: Entry) -> Outcome:
        return entries.outcome(entry, checkout_url=self._checkout_url, action_url=self._action_url)
