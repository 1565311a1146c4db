"""Card readers of the simulated provider: a screen that shows a sum, and cards that one plays on its page.

A payment at a reader is a page in the same books as any other, so that what was captured is refunded, looked up and
counted alike. Each reader has a page of its own, which says which payment it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from . import simulated_entry as entries
from .base import Outcome, OutcomeKind
from .readers import BUSY, LEFT_AT_READER, NOT_SHOWN, AtReader, ReaderAsk, ReaderSeen
from .simulated_books import Books
from .simulated_cards import card_of


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What a simulated reader shows: a sum that waits for a card, or the end of the last one, or nothing."""

    state: str
    key: str = ""
    amount: int = 0
    currency: str = ""
    description: str = ""
    code: str = ""


class SimulatedReaders:
    """The readers of one simulated account. `known` lists those that are registered: the provider itself keeps none."""

    def __init__(
        self, *, books: Books, payer_time: entries.PayerTime, known: Callable[[], Sequence[ReaderSeen]] = lambda: ()
    ) -> None:
        self._books, self._payer_time, self._known = books, payer_time, known

    def seen(self) -> Sequence[ReaderSeen] | Outcome:
        """The readers that are registered, all of them at work."""
        return self._known()

    def ask(self, ask: ReaderAsk) -> Outcome:
        """Show a sum; while a reader shows another one that still waits, it is busy."""
        refusal = entries.impossible(ask.amount, ask.currency)
        if refusal is not None:
            return refusal
        wish = {**asdict(ask), "metadata": dict(ask.metadata)}
        with self._books.page(_screen(ask.reader_ref)) as screen:
            shown = (screen.content or {}).get("shows")
            if shown and shown != ask.key and self._waits(shown):
                return Outcome(kind=OutcomeKind.FAILED, captured=0, code=BUSY)
            with self._books.page(ask.key) as page:
                if page.content is None:
                    page.content = entries.new(ask.key, ask.amount, ask.currency, ask.customer_ref, "open", wish)
                elif page.content.get("wish") != wish:
                    return entries.key_reused()
                if page.content["status"] == "open":
                    screen.content = {"shows": ask.key}
                return _outcome(page.content)

    def outcome(self, at: AtReader) -> Outcome:
        """What the books say."""
        shows = (self._books.peek(_screen(at.reader_ref)) or {}).get("shows")
        found = self._books.peek(at.key)
        if found is None:
            return entries.not_found()
        return _outcome(found, shown=shows == at.key)

    def cancel(self, at: AtReader) -> Outcome:
        """Take a sum off the screen, unless a card was quicker."""
        with self._books.page(at.key) as page:
            entry = entries.of(page)
            if entry is None:
                return entries.not_found()
            if entry["status"] in ("open", "failed"):
                entry.update(status="expired", code=None, decline_code=None, advice=None)
            return _outcome(entry)

    def screen(self, reader_ref: str) -> Screen:
        """What stands on a reader's screen."""
        key = (self._books.peek(_screen(reader_ref)) or {}).get("shows")
        entry = self._books.peek(key) if key else None
        if not key or not entry:
            return Screen(state="idle")
        return Screen(
            state=entry["status"],
            key=key,
            amount=entry["amount"],
            currency=entry["currency"],
            description=entry["wish"].get("description", ""),
            code=entry["code"] or "",
        )

    def present(self, reader_ref: str, *, token: str, key: str = "") -> Outcome:
        """Tap a test card. A card that taps after the sum was settled or taken off pays nothing; `key` names the sum
        that was read, where another may stand there now."""
        shown, card = self.screen(reader_ref), card_of(token)
        if card is None or not shown.key or (key and key != shown.key):
            return entries.not_found()
        with self._books.page(shown.key) as page:
            entry = entries.of(page)
            if entry is None or entry["status"] != "open":
                return _outcome(entry) if entry else entries.not_found()
            entry["customer"] = entry["customer"] or f"cus_sim_{entries.digest(entry['key'])}"
            entry["method"] = entries.method_ref(card, entry["customer"], set_up=True)
            entries.take(entry, card, self._payer_time)
            return _outcome(entry)

    def leave(self, reader_ref: str, *, key: str = "") -> Outcome:
        """Press the reader's own red button."""
        shown = self.screen(reader_ref)
        if not shown.key or (key and key != shown.key):
            return entries.not_found()
        with self._books.page(shown.key) as page:
            entry = entries.of(page)
            if entry is None or entry["status"] != "open":
                return _outcome(entry) if entry else entries.not_found()
            entry.update(status="failed", code=LEFT_AT_READER, decline_code=None, advice=None)
            return _outcome(entry)

    def _waits(self, key: str) -> bool:
        return (self._books.peek(key) or {}).get("status") == "open"


def _screen(reader_ref: str) -> str:
    return f"reader:{reader_ref}"


def _nowhere(_ref: str) -> str:
    return ""


def _outcome(entry: dict[str, Any], *, shown: bool = True) -> Outcome:
    found = entries.outcome(entry, checkout_url=_nowhere, action_url=_nowhere)
    if found.kind is not OutcomeKind.OPEN:
        return found
    code = None if shown else NOT_SHOWN
    return Outcome(
        kind=OutcomeKind.OPEN, captured=0, provider_ref=f"pi_sim_{entry['key']}", currency=entry["currency"], code=code
    )
