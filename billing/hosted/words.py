"""Why a payment did not pass, in the words of someone who must do something about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.gateways import declines


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why a payment did not pass, in the words of someone who must do something about it."""

    fact: str
    advice: str


_FACTS = {
    declines.CARD_DECLINED: (
        lazy("Your bank refused the payment. Nothing was charged."),
        lazy("Try another card, or ask your bank."),
    ),
    declines.INSUFFICIENT_FUNDS: (
        lazy("Your bank refused: the limit of the card is reached, or the account is too low. Nothing was charged."),
        lazy("Pay with another card, or try again later."),
    ),
    declines.CARD_EXPIRED: (
        lazy("This card has expired. Nothing was charged."),
        lazy("Pay with another card."),
    ),
    declines.CARD_WRONG: (
        lazy("The number, the date or the code of the card was not right. Nothing was charged."),
        lazy("Type them again."),
    ),
    declines.CARD_NOT_SUPPORTED: (
        lazy("This card cannot be used for this payment. Nothing was charged."),
        lazy("Pay with another card."),
    ),
    declines.AUTHENTICATION_REQUIRED: (
        lazy("Your bank asks for your agreement before it pays. Nothing was charged."),
        lazy("Try again, and answer your bank's question."),
    ),
    declines.AUTHENTICATION_FAILED: (
        lazy("Your bank could not confirm that it was you. Nothing was charged."),
        lazy("Try again, or pay with another card."),
    ),
    declines.PROCESSING_ERROR: (
        lazy("Your bank could not answer at the moment. Nothing was charged."),
        lazy("Try again in a few minutes, or pay with another card."),
    ),
    declines.DEBIT_REFUSED: (
        lazy("Your bank refused the debit. Nothing was charged."),
        lazy("Try another account, or pay by card."),
    ),
}
_SILENT = {declines.NO_ANSWER, declines.PROVIDER_ERROR, declines.RATE_LIMITED, declines.IN_PROGRESS}
_CLOSED = {"expired", "never_asked"}


def refused(code: str) -> Refused | None:
    """What to say about a payment's last refusal; None where there is nothing to say.

    What a bank says of a lost or stolen card, or of fraud, is not told to whoever holds it: they read a plain refusal.
    """
    if not code:
        return None
    if code in _SILENT:
        silent = _("The payment provider does not answer at the moment. Nothing is charged twice.")
        return Refused(fact=silent, advice=_("Try again in a minute."))
    if code in _CLOSED:
        return Refused(fact=_("The payment page was closed before anyone paid. Nothing was charged."), advice="")
    fact, advice = _FACTS.get(code, _FACTS[declines.CARD_DECLINED])
    return Refused(fact=str(fact), advice=str(advice))
