"""Accounts at the simulated provider: every one may be debited but some, known by their last four signs."""

from __future__ import annotations

from . import declines
from . import simulated_entry as entries
from .base import Outcome, OutcomeKind
from .debits import DebitAsk, Lodged
from .simulated_cards import REFUSED_ACCOUNTS, account_name, card_of


class SimulatedDebits:
    """Mandates at one simulated account."""

    def make_debit(self, ask: DebitAsk) -> Lodged | Outcome:
        """The same means for the same mandate. An account of `REFUSED_ACCOUNTS` is closed, says its bank."""
        if ask.iban[-4:] in REFUSED_ACCOUNTS:
            return Outcome(
                kind=OutcomeKind.FAILED,
                captured=0,
                code=declines.ACCOUNT_REFUSED,
                advice="customer",
                message="The simulated bank says that this account is closed.",
            )
        card = card_of(account_name(ask.iban))
        assert card is not None  # made of two letters and four signs
        ref = entries.method_ref(card, f"{ask.customer_ref} {ask.key}", set_up=True)
        return Lodged(method=entries.details(ref, ask.customer_ref))
