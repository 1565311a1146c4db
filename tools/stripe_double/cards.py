"""Stripe's public test cards and test tokens, and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Decline:
    """What an issuer answers. `setup_param` is the field that Stripe names when a method is only saved."""

    code: str
    decline_code: str | None
    message: str
    setup_param: str | None = None

    @property
    def reason(self) -> str:
        return self.decline_code or self.code


_WORDS = "Your card was declined."
GENERIC = Decline(code="card_declined", decline_code="generic_decline", message=_WORDS)
INSUFFICIENT = Decline(
    code="card_declined", decline_code="insufficient_funds", message="Your card has insufficient funds."
)
LOST = Decline(code="card_declined", decline_code="lost_card", message=_WORDS)
STOLEN = Decline(code="card_declined", decline_code="stolen_card", message=_WORDS)
FRAUDULENT = Decline(code="card_declined", decline_code="fraudulent", message=_WORDS)
VELOCITY = Decline(
    code="card_declined",
    decline_code="card_velocity_exceeded",
    message="Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)
EXPIRED = Decline(code="expired_card", decline_code=None, message="Your card has expired.", setup_param="exp_month")
CVC = Decline(code="incorrect_cvc", decline_code=None, message="Your card's security code is incorrect.")
PROCESSING = Decline(
    code="processing_error",
    decline_code=None,
    message="An error occurred while processing your card. Try again in a little bit.",
)

_DECLINES = (GENERIC, INSUFFICIENT, LOST, STOLEN, FRAUDULENT, VELOCITY, EXPIRED, CVC, PROCESSING)


def decline_of_word(word: str) -> Decline:
    """The decline that an issuer's word stands for; one not known here is a `card_declined` of that word.

    >>> decline_of_word("expired_card").code, decline_of_word("do_not_honor").code
    ('expired_card', 'card_declined')
    """
    known = {decline.reason: decline for decline in _DECLINES}
    return known.get(word) or Decline(code="card_declined", decline_code=word, message=_WORDS)


Authentication = Literal["never", "until_set_up", "always", "on_session"]


@dataclass(frozen=True, kw_only=True)
class TestCard:
    """One public test number. `authentication`: when its bank wants 3-D Secure. `saves`: it may be attached."""

    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    decline: Decline | None = None
    saves: bool = True
    authentication: Authentication = "never"
    disputed: bool = False


def _refused(number: str, decline: Decline) -> TestCard:
    return TestCard(number=number, decline=decline, saves=False)


CARDS: dict[str, TestCard] = {
    card.number: card
    for card in (
        TestCard(number="4242424242424242"),
        TestCard(number="4000056655665556", funding="debit"),
        TestCard(number="5555555555554444", brand="mastercard"),
        TestCard(number="5200828282828210", brand="mastercard", funding="debit"),
        TestCard(number="378282246310005", brand="amex"),
        TestCard(number="4000002500000003", country="FR"),
        TestCard(number="4000002760000016", country="DE"),
        TestCard(number="4000000560000004", country="BE"),
        TestCard(number="5555552500001001", brand="cartes_bancaires", country="FR"),
        _refused("4000000000000002", GENERIC),
        _refused("4000000000009995", INSUFFICIENT),
        _refused("4000000000009987", LOST),
        _refused("4000000000009979", STOLEN),
        _refused("4100000000000019", FRAUDULENT),
        _refused("4000000000006975", VELOCITY),
        _refused("4000000000000069", EXPIRED),
        _refused("4000000000000127", CVC),
        _refused("4000000000000119", PROCESSING),
        TestCard(number="4000000000000341", decline=GENERIC),
        TestCard(number="4000002500003155", authentication="until_set_up"),
        TestCard(number="4000002760003184", authentication="always"),
        TestCard(number="4000000000003220", authentication="always"),
        TestCard(number="4000003800000446", authentication="on_session"),
        TestCard(number="4000008400001629", authentication="always", decline=GENERIC),
        TestCard(number="4000008260003178", authentication="always", decline=INSUFFICIENT),
        TestCard(number="4000000000000259", disputed=True),
    )
}

TOKENS: dict[str, str] = {
    "visa": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "mastercard_debit": "5200828282828210",
    "amex": "378282246310005",
    "fr": "4000002500000003",
    "de": "4000002760000016",
    "be": "4000000560000004",
    "chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedLostCard": "4000000000009987",
    "chargeDeclinedStolenCard": "4000000000009979",
    "chargeDeclinedFraudulent": "4100000000000019",
    "chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "chargeCustomerFail": "4000000000000341",
    "authenticationRequired": "4000002760003184",
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequiredSetupForOffSession": "4000003800000446",
    "authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "threeDSecure2Required": "4000000000003220",
    "threeDSecureRequiredChargeDeclined": "4000008400001629",
    "createDispute": "4000000000000259",
}


def card_of_token(token: str) -> TestCard | None:
    """The card behind `pm_card_…` or `tok_…`, in the old and the new spelling.

    >>> card_of_token("pm_card_visa_chargeDeclined").decline.decline_code
    'generic_decline'
    >>> card_of_token("pm_card_nope") is None
    True
    """
    name = token.removeprefix("pm_card_").removeprefix("tok_")
    number = TOKENS.get(name) or TOKENS.get(name.removeprefix("visa_"))
    return CARDS[number] if number else None


def luhn_ok(number: str) -> bool:
    """Whether a card number's check digit is right.

    >>> luhn_ok("4242424242424242"), luhn_ok("4242424242424241")
    (True, False)
    """
    if not number.isascii() or not number.isdigit() or not 12 <= len(number) <= 19:
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


@dataclass(frozen=True, kw_only=True)
class TestIban:
    """One public test account. `outcome` comes days later; `disputed` means paid, then taken back by the bank."""

    iban: str
    outcome: Literal["succeeds", "fails"] = "succeeds"
    disputed: bool = False


IBANS: dict[str, TestIban] = {
    account.iban: account
    for account in (
        TestIban(iban="FR1420041010050500013M02606"),
        TestIban(iban="FR8420041010050500013M02607", outcome="fails"),
        TestIban(iban="FR5720041010050500013M02608", disputed=True),
        TestIban(iban="DE89370400440532013000"),
        TestIban(iban="DE62370400440532013001", outcome="fails"),
        TestIban(iban="DE35370400440532013002", disputed=True),
    )
}
