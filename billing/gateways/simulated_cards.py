"""The test cards of the simulated provider: Stripe's public test tokens, and some for what Stripe has none. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .base import MethodKind

NEVER_SOON = (12, 2034)
"""The last month and year of a test card that says no other."""

FAILING_ACCOUNTS = frozenset(["2607", "3001"])
"""Last signs of Stripe's public test accounts whose debits fail."""
REFUSED_ACCOUNTS = frozenset(["2609"])
"""Last signs of accounts that cannot be debited at all: their bank says so when the mandate is lodged."""

Answer = Literal["given", "lost_before", "lost_after"]
Authentication = Literal["never", "until_set_up", "always", "on_session"]


@dataclass(frozen=True, kw_only=True)
class SimulatedCard:
    """What one token stands for.

    `decline` is the issuer's word, None for yes; `decline_later` is said only when the subscriber is not there, as of a
    card that ran out after the first purchase. `saves`: it can be kept. `answer`: `lost_before` is a time-out
    with nothing captured (the second ask with the same key is heard), `lost_after` a time-out after the capture.
    `expires`: its last month and year; after it the card is refused.
    """

    name: str
    last4: str
    decline: str | None = None
    decline_later: str | None = None
    saves: bool = True
    authentication: Authentication = "never"
    answer: Answer = "given"
    disputed: bool = False
    brand: str | None = "visa"
    country: str = "FR"
    kind: MethodKind = "card"
    expires: tuple[int, int] = NEVER_SOON

    @property
    def token(self) -> str:
        return f"pm_card_{self.name}" if self.kind == "card" else f"pm_sepa_{self.name}"


def _refused(name: str, last4: str, decline: str) -> SimulatedCard:
    return SimulatedCard(name=name, last4=last4, decline=decline, saves=False)


CARDS: dict[str, SimulatedCard] = {
    card.name: card
    for card in (
        SimulatedCard(name="visa", last4="4242"),
        SimulatedCard(name="mastercard", last4="4444", brand="mastercard"),
        SimulatedCard(name="fr", last4="0003"),
        _refused("chargeDeclined", "0002", "generic_decline"),
        _refused("chargeDeclinedInsufficientFunds", "9995", "insufficient_funds"),
        _refused("chargeDeclinedLostCard", "9987", "lost_card"),
        _refused("chargeDeclinedStolenCard", "9979", "stolen_card"),
        _refused("chargeDeclinedFraudulent", "0019", "fraudulent"),
        _refused("chargeDeclinedExpiredCard", "0069", "expired_card"),
        _refused("chargeDeclinedIncorrectCvc", "0127", "incorrect_cvc"),
        _refused("chargeDeclinedProcessingError", "0119", "processing_error"),
        SimulatedCard(name="chargeCustomerFail", last4="0341", decline="generic_decline"),
        SimulatedCard(name="authenticationRequired", last4="3184", authentication="always"),
        SimulatedCard(name="authenticationRequiredOnSetup", last4="3155", authentication="until_set_up"),
        SimulatedCard(name="authenticationRequiredSetupForOffSession", last4="0446", authentication="on_session"),
        SimulatedCard(
            name="authenticationRequiredChargeDeclinedInsufficientFunds",
            last4="3178",
            authentication="always",
            decline="insufficient_funds",
        ),
        SimulatedCard(name="createDispute", last4="0259", disputed=True),
        SimulatedCard(name="declinedLater", last4="7003", decline_later="insufficient_funds"),
        SimulatedCard(name="expiredLater", last4="7004", decline_later="expired_card"),
        SimulatedCard(name="answerLostBefore", last4="7001", answer="lost_before"),
        SimulatedCard(name="answerLostAfter", last4="7002", answer="lost_after"),
        SimulatedCard(name="debitSucceeds", last4="2606", kind="sepa_debit", brand=None),
        SimulatedCard(
            name="debitFails", last4="2607", kind="sepa_debit", brand=None, decline="generic_could_not_process"
        ),
    )
}


def card_of(token: str) -> SimulatedCard | None:
    """The card behind a token, also in Stripe's newer spelling `pm_card_visa_…`.

    >>> card_of("pm_card_visa_chargeDeclined").decline
    'generic_decline'
    >>> card_of("pm_card_expires_03_2027").expires
    (3, 2027)
    >>> card_of("pm_card_unheard_of") is None
    True
    """
    name = token.removeprefix("pm_card_").removeprefix("pm_sepa_")
    return CARDS.get(name) or CARDS.get(name.removeprefix("visa_")) or _dated(name) or _account(name)


def account_name(iban: str) -> str:
    """The name of the means that an account becomes: its country and its last four signs, which is all we may keep.

    >>> account_name("FR1420041010050500013M02606"), card_of("account_FR_2606").last4
    ('account_FR_2606', '2606')
    """
    return f"account_{iban[:2]}_{iban[-4:]}"


def _account(name: str) -> SimulatedCard | None:
    found = re.fullmatch(r"account_([A-Z]{2})_([0-9A-Z]{4})", name)
    if found is None:
        return None
    decline = "generic_could_not_process" if found[2] in FAILING_ACCOUNTS else None
    return SimulatedCard(name=name, last4=found[2], country=found[1], kind="sepa_debit", brand=None, decline=decline)


def _dated(name: str) -> SimulatedCard | None:
    """A good card with a last month of its own: `expires_03_2027`."""
    found = re.fullmatch(r"expires_(0[1-9]|1[0-2])_(20\d\d)", name)
    return SimulatedCard(name=name, last4="4242", expires=(int(found[1]), int(found[2]))) if found else None
