"""What the hosted pages say, in English and French."""

from __future__ import annotations

from collections.abc import Mapping

from .amounts import THREE_DECIMAL, ZERO_DECIMAL

ENGLISH = {
    "test": "Test mode",
    "test_note": "This page stands in for Stripe. No money moves; only public test cards work.",
    "pay": "Pay {amount}",
    "save": "Save this card",
    "to_pay": "To pay now",
    "to_save": "Save a payment method",
    "card": "Card number",
    "choose": "Or choose what should happen",
    "ok": "Accepted",
    "decline": "Declined",
    "funds": "Insufficient funds",
    "expired_card": "Expired card",
    "secure": "3-D Secure, then accepted",
    "secure_decline": "3-D Secure, then declined",
    "debit": "SEPA direct debit",
    "debit_ok": "Debit that succeeds",
    "debit_fail": "Debit that fails days later",
    "abandon": "Abandon and go back",
    "bank": "Your bank asks: is it you?",
    "bank_note": "3-D Secure check for {amount}.",
    "bank_note_save": "3-D Secure check for saving a card.",
    "confirm": "Confirm",
    "fail": "Refuse",
    "done": "Paid. Thank you.",
    "done_save": "Saved. Thank you.",
    "expired": "This page has expired. Nothing was paid.",
    "gone": "This page does not exist.",
    "back": "Go back to the merchant",
    "nothing": "There is nothing to confirm here.",
}
FRENCH = {
    "test": "Mode test",
    "test_note": "Cette page remplace Stripe. Aucun argent ne circule ; seules les cartes de test publiques marchent.",
    "pay": "Payer {amount}",
    "save": "Enregistrer cette carte",
    "to_pay": "À payer maintenant",
    "to_save": "Enregistrer un moyen de paiement",
    "card": "Numéro de carte",
    "choose": "Ou choisissez ce qui doit arriver",
    "ok": "Acceptée",
    "decline": "Refusée",
    "funds": "Provision insuffisante",
    "expired_card": "Carte expirée",
    "secure": "3-D Secure, puis acceptée",
    "secure_decline": "3-D Secure, puis refusée",
    "debit": "Prélèvement SEPA",
    "debit_ok": "Prélèvement qui réussit",
    "debit_fail": "Prélèvement rejeté des jours plus tard",
    "abandon": "Abandonner et revenir",
    "bank": "Votre banque demande : est-ce bien vous ?",
    "bank_note": "Contrôle 3-D Secure pour {amount}.",
    "bank_note_save": "Contrôle 3-D Secure pour l’enregistrement d’une carte.",
    "confirm": "Confirmer",
    "fail": "Refuser",
    "done": "C’est payé. Merci.",
    "done_save": "C’est enregistré. Merci.",
    "expired": "Cette page a expiré. Rien n’a été payé.",
    "gone": "Cette page n’existe pas.",
    "back": "Revenir chez le marchand",
    "nothing": "Il n’y a rien à confirmer ici.",
}
_DECLINES_FRENCH = {
    "Your card was declined.": "Votre carte a été refusée.",
    "Your card has insufficient funds.": "La provision de votre carte est insuffisante.",
    "Your card has expired.": "Votre carte a expiré.",
    "Your card's security code is incorrect.": "Le code de sécurité de votre carte est incorrect.",
    "Your card number is incorrect.": "Votre numéro de carte est incorrect.",
    "An error occurred while processing your card. Try again in a little bit.": (
        "Une erreur est survenue. Réessayez dans un instant."
    ),
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.": (
        "Votre moyen de paiement n’a pas pu être authentifié. Choisissez-en un autre."
    ),
}


def language(locale: str | None, accepted: str) -> str:
    """The page's language: the session's, else the browser's, else English.

    >>> language("fr", ""), language("auto", "fr-FR,fr;q=0.9"), language(None, "de")
    ('fr', 'fr', 'en')
    """
    wish = accepted if locale in (None, "auto") else locale
    return "fr" if (wish or "").lower().startswith("fr") else "en"


def words(code: str) -> Mapping[str, str]:
    """All texts of a language."""
    return FRENCH if code == "fr" else ENGLISH


def refusal(message: str, code: str) -> str:
    """A bank's refusal in the visitor's language, where it is known."""
    return _DECLINES_FRENCH.get(message, message) if code == "fr" else message


def price(amount: int, currency: str, code: str) -> str:
    """An amount for people.

    >>> price(1990, "eur", "en"), price(500, "jpy", "en")
    ('€19.90', 'JPY 500')
    >>> price(129_000, "eur", "fr") == "1 290,00 €".replace(" ", chr(0x202F), 1).replace(" ", chr(0xA0))
    True
    """
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    text = f"{amount / 10**digits:,.{digits}f}"
    sign = {"eur": "€", "usd": "$", "gbp": "£"}.get(currency)
    if code == "fr":
        text = text.replace(",", chr(0x202F)).replace(".", ",")
        return f"{text}{chr(0xA0)}{sign or currency.upper()}"
    return f"{sign}{text}" if sign else f"{currency.upper()} {text}"
