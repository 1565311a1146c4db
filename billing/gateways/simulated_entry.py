"""One payment of the simulated provider, from the first ask to the last refund: what its page in the books holds.

Functions on a plain dict that is kept as JSON; time is an argument. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from . import declines
from .base import ChargeAsk, MethodDetails, Outcome, OutcomeKind
from .simulated_books import Page
from .simulated_cards import CARDS, NEVER_SOON, SimulatedCard, card_of

DEBIT_DAYS = 5
"""How long a debit is `processing`."""
_LEAST = {"EUR": 50, "USD": 50, "CHF": 50, "GBP": 30}
_LOST = "The simulated answer was lost."

Entry = dict[str, Any]
Address = Callable[[str], str]
PayerTime = Callable[[str], datetime]
"""The present of whoever pays, by our key: a test clock's time for its subscribers."""


def new(key: str, amount: int, currency: str, customer: str | None, status: str, wish: Entry) -> Entry:
    """A page that was just opened. `wish` is the ask itself, to recognise a key that is used for another."""
    return {
        "key": key, "amount": amount, "currency": currency, "customer": customer, "status": status, "wish": wish,
        "captured": 0, "refunds": {}, "method": None, "disputed": False,
        "code": None, "decline_code": None, "advice": None,
    }  # fmt: skip


def of(page: Page) -> Entry | None:
    """The payment on a page; None where nothing was heard of it (an empty page, or an ask that was lost)."""
    return page.content if page.content is not None and "status" in page.content else None


def digest(text: str) -> str:
    """A short name for something, always the same."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def key_of(ref: str) -> str:
    """Our key in a reference of the provider's: `pi_sim_…` and `cs_sim_…` carry it."""
    return ref.removeprefix("pi_sim_").removeprefix("cs_sim_")


def method_ref(card: SimulatedCard, customer: str, *, set_up: bool) -> str:
    """The id of a saved card: it says all there is to know. `set_up`: its bank was asked when it was saved."""
    return f"pm_sim-{card.name}-{digest(customer)}{'-ready' if set_up else ''}"


def card_of_method(ref: str) -> SimulatedCard:
    """The card behind a saved method; one that never was is declined.

    >>> card_of_method("pm_sim-chargeCustomerFail-0123-ready").last4
    '0341'
    """
    name = ref.split("-")[1] if ref.startswith("pm_sim-") else ref
    return card_of(name) or CARDS["chargeDeclined"]


def details(ref: str, customer: str | None) -> MethodDetails:
    """A saved card as it may be shown."""
    card = card_of_method(ref)
    dated = card.kind == "card"
    return MethodDetails(
        provider_ref=ref,
        customer_ref=customer,
        kind=card.kind,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.expires[0] if dated else None,
        exp_year=card.expires[1] if dated else None,
        country=card.country,
        fingerprint=digest(card.name),
    )


def wants_authentication(card: SimulatedCard, ask: ChargeAsk) -> bool:
    """Whether the bank wants the subscriber for this charge."""
    if card.authentication == "until_set_up":
        return not ask.method_ref.endswith("-ready")
    return card.authentication == "always" or (card.authentication == "on_session" and not ask.off_session)


def note_refusal(entry: Entry, word: str) -> None:
    """Write the bank's no into the entry."""
    code, advice = declines.reason("card_declined", word)
    entry.update(status="failed", code=code, decline_code=word, advice=advice)


def failed(entry: Entry) -> Outcome:
    """The last refusal of an entry."""
    return Outcome(
        kind=OutcomeKind.FAILED,
        provider_ref=f"pi_sim_{entry['key']}",
        captured=0,
        currency=entry["currency"],
        customer_ref=entry["customer"],
        method=details(entry["method"], entry["customer"]) if entry["method"] else None,
        code=entry["code"],
        decline_code=entry["decline_code"],
        advice=entry["advice"],
        message="Refused by the simulated bank.",
    )


def refused(word: str) -> Outcome:
    """A refusal by the issuer's word, without an entry."""
    code, advice = declines.reason("card_declined", word)
    return Outcome(
        kind=OutcomeKind.FAILED,
        captured=0,
        code=code,
        decline_code=word,
        advice=advice,
        message="Refused by the simulated bank.",
    )


def refunded(key: str, amount: int, entry: Entry) -> Outcome:
    """A refund that was made."""
    return Outcome(
        kind=OutcomeKind.SUCCEEDED, provider_ref=f"re_sim_{key}", refunded=amount, currency=entry["currency"]
    )


def staff(code: str, message: str) -> Outcome:
    """Refused through no fault of the method: no advice for dunning."""
    return Outcome(kind=OutcomeKind.FAILED, captured=0, code=code, message=message)


def impossible(amount: int, currency: str) -> Outcome | None:
    """Why an amount cannot be charged at all, None where it can."""
    if amount >= max(1, _LEAST.get(currency, 1)):
        return None
    return staff(declines.AMOUNT_TOO_SMALL, f"{amount} {currency} (minor units) is less than can be charged.")


def unknown() -> Outcome:
    """The answer was lost."""
    return Outcome(kind=OutcomeKind.UNKNOWN, code=declines.NO_ANSWER, message=_LOST)


def key_reused() -> Outcome:
    """The key belongs to another ask."""
    return Outcome(kind=OutcomeKind.UNKNOWN, code=declines.KEY_REUSED, message="This key was used for another ask.")


def not_found() -> Outcome:
    """The books have no such page."""
    return Outcome(kind=OutcomeKind.NOT_FOUND, captured=0)


def take(entry: Entry, card: SimulatedCard, payer_time: PayerTime, *, off_session: bool = False) -> None:
    """Ask the simulated bank: what it says is written into the entry. A debit takes days by the payer's time."""
    if card.kind == "sepa_debit":
        settles_at = payer_time(entry["key"]) + timedelta(days=DEBIT_DAYS)
        entry.update(status="processing", settles_at=settles_at.isoformat(), code=None, advice=None)
        return
    word = card.decline or (card.decline_later if off_session else None)
    if word is None and card.expires != NEVER_SOON:
        present = payer_time(entry["key"])
        word = "expired_card" if (present.year, present.month) > card.expires[::-1] else None
    if word is not None:
        note_refusal(entry, word)
        return
    entry.update(status="succeeded", captured=entry["amount"], code=None, decline_code=None, advice=None)
    entry["disputed"] = card.disputed
    return


def let_time_pass(entry: Entry, now: datetime, payer_time: PayerTime) -> None:
    """Whenever someone looks: debits are answered by the payer's time, pages expire by real time (people open them)."""
    if entry["status"] == "processing" and datetime.fromisoformat(entry["settles_at"]) <= payer_time(entry["key"]):
        card = card_of_method(entry["method"])
        if card.decline is not None:
            note_refusal(entry, card.decline)
        else:
            entry.update(status="succeeded", captured=entry["amount"])
    expires_at = entry["wish"].get("expires_at")
    waiting = entry["status"] in ("open", "requires_action")
    if waiting and expires_at and datetime.fromisoformat(expires_at) <= now:
        entry["status"] = "expired"


def outcome(entry: Entry, *, checkout_url: Address, action_url: Address) -> Outcome:
    """The entry as an outcome."""
    status, ref = entry["status"], f"pi_sim_{entry['key']}"
    if status == "open":
        return Outcome(
            kind=OutcomeKind.OPEN,
            captured=0,
            customer_ref=entry["customer"],
            code=entry["code"],
            decline_code=entry["decline_code"],
            advice=entry["advice"],
        )
    if status == "failed":
        return failed(entry)
    kind = OutcomeKind(status)
    saved = status in ("succeeded", "processing") and entry["wish"].get("save_method", True)
    on_page = "mode" in entry["wish"]
    action = None
    if kind is OutcomeKind.REQUIRES_ACTION:
        action = checkout_url(f"cs_sim_{entry['key']}") if on_page else action_url(ref)
    return Outcome(
        kind=kind,
        provider_ref=ref,
        captured=None if kind is OutcomeKind.PROCESSING else entry["captured"],
        refunded=sum(entry["refunds"].values()),
        currency=entry["currency"],
        customer_ref=entry["customer"],
        method=details(entry["method"], entry["customer"]) if saved and entry["method"] else None,
        code=entry["code"],
        advice=entry["advice"],
        action_url=action,
    )
