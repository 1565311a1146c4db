"""What stands on a contract and on a SEPA mandate that are signed at a counter: every word, in the reader's language.

The words are frozen with the signature: neither a new translation nor a new price changes what somebody signed. The
mandate's sentences are those of the SEPA Core scheme (EPC016-06, annex VII; in French as published by the CFONB).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import override, pgettext

from merchants.iban import Account
from merchants.languages import said_in
from merchants.wording import amount_text, long_date_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Between whom, where and when, and in which language. `issuer` is the company as documents freeze it."""

    locale: str
    issuer: Mapping[str, Any]
    signer: Sequence[str]
    place: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What a contract says. Amounts in minor units of `currency`; `later` are the charges to come, worded; `terms` are
    the company's, by language."""

    offer: str
    options: Sequence[str]
    rows: Sequence[tuple[str, str, int]]
    due: int
    currency: str
    later: Sequence[str]
    leaving: str
    paid_by: str
    terms: Mapping[str, str]


def contract(agreed: Agreed, signing: Signing) -> dict[str, Any]:
    """The words of a contract: who, what, for how much, from when, how one leaves, under which terms."""
    with override(signing.locale):
        facts = [
            [pgettext("paper", "Offer"), agreed.offer],
            *([[pgettext("paper", "Options"), ", ".join(agreed.options)]] if agreed.options else []),
            [pgettext("paper", "Today"), amount_text(agreed.due, agreed.currency, signing.locale)],
            *([pgettext("paper", "Then"), one] for one in agreed.later),
            *([[pgettext("paper", "Paid by"), agreed.paid_by]] if agreed.paid_by else []),
            [pgettext("paper", "To leave"), agreed.leaving],
        ]
        rows = [
            [title, note, amount_text(amount, agreed.currency, signing.locale)] for title, note, amount in agreed.rows
        ]
        terms = said_in(agreed.terms, signing.locale) if agreed.terms else ""
        return _paper(
            signing,
            title=pgettext("paper", "Contract"),
            facts=facts,
            rows=rows,
            total=[pgettext("paper", "To pay today"), amount_text(agreed.due, agreed.currency, signing.locale)],
            text=_paragraphs(terms),
            consent=pgettext("paper", "I have read and accept this contract and its terms.")
            if terms
            else pgettext("paper", "I have read and accept this contract."),
        )


def mandate(account: Account, holder: str, *, reference: str, creditor: str, signing: Signing) -> dict[str, Any]:
    """The words of a SEPA Core mandate for recurrent debits. The account's number is no part of them but for its end:
    it is printed from where it lies encrypted."""
    with override(signing.locale):
        name = str(signing.issuer["name"])
        said = {"creditor": name}
        text = [
            pgettext(
                "paper",
                "By signing this mandate form, you authorise (A) %(creditor)s to send instructions to your bank to"
                " debit your account and (B) your bank to debit your account in accordance with the instructions from"
                " %(creditor)s.",
            )
            % said,
            pgettext(
                "paper",
                "As part of your rights, you are entitled to a refund from your bank under the terms and conditions of"
                " your agreement with your bank. A refund must be claimed within 8 weeks starting from the date on"
                " which your account was debited, and without delay and at the latest within 13 months for a debit"
                " that you did not authorise. Your rights are explained in a statement that you can obtain from your"
                " bank.",
            ),
            pgettext(
                "paper",
                "Amounts and dates are those of the contract or of the invoice that is sent to you; it is agreed that"
                " you are told of them at the latest on the day before the debit.",
            ),
        ]
        facts = [
            [pgettext("paper", "Mandate reference"), reference],
            [pgettext("paper", "Creditor identifier"), creditor],
            [pgettext("paper", "Account holder"), holder],
            [pgettext("paper", "Account"), f"{account.country}… {account.last4}"],
            *(
                [[pgettext("paper", "Bank"), " · ".join(filter(None, (account.bank, account.bic)))]]
                if account.bank
                else []
            ),
            [pgettext("paper", "Kind of payment"), pgettext("paper", "Recurrent")],
        ]
        return _paper(
            signing,
            title=pgettext("paper", "SEPA direct debit mandate"),
            facts=facts,
            rows=[],
            total=[],
            text=text,
            consent=pgettext("paper", "I authorise these debits."),
        )


def _paper(signing: Signing, **said: Any) -> dict[str, Any]:
    # Translators: where and when a paper is signed: "Lyon, 24 November 2026"
    place = pgettext("paper", "%(place)s, %(day)s") % {
        "place": signing.place,
        "day": long_date_text(signing.on, signing.locale),
    }
    return {
        "issuer": dict(signing.issuer),
        "signer": list(signing.signer),
        "signed": place,
        **said,
    }


def _paragraphs(text: str) -> list[str]:
    """A long text by its paragraphs.

    >>> _paragraphs("One.\\n\\n Two,\\nand more. ")
    ['One.', 'Two,', 'and more.']
    """
    return [line.strip() for line in text.splitlines() if line.strip()]
