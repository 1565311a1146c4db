"""How an open invoice is paid, as its paper says it: by a transfer that the bank's application fills in from a code,
or on our page, by card; in the document's language, which is active."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import pgettext

from invoices.codes import Code, code
from invoices.paper import Account, Paper
from invoices.transfers import Transfer, code_text, is_sepa
from merchants.wording import amount_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Payslip:
    """What the block of payment says: heading, facts of the transfer, what the code is for, the link with its words."""

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    code: Code | None = None
    scan: str = ""
    online: str = ""
    url: str = ""
    act: str = ""


def paying(paper: Paper) -> Payslip | None:
    """How to pay what is left, or None where nobody has to do anything, or nothing is known of how.

    A transfer's code comes before the page's: whoever pays by transfer pays no fee. What is practice asks no bank.
    """
    if not paper.is_asked or not (paper.account or paper.pay_url):
        return None
    act = pgettext("paper", "Pay %(amount)s") % {"amount": amount_text(paper.left, paper.currency, paper.locale)}
    if paper.account is None:
        return Payslip(
            heading=pgettext("paper", "To pay"),
            code=code(paper.pay_url),
            scan=pgettext("paper", "Scan this code with your phone: the page shows this invoice and takes your card."),
            online=pgettext("paper", "On this screen:"),
            url=paper.pay_url,
            act=act,
        )
    filled = is_sepa(iban=paper.account.iban, currency=paper.currency) and not paper.practice
    return Payslip(
        heading=pgettext("paper", "By bank transfer"),
        facts=_facts(paper.account, paper),
        code=code(code_text(_transfer(paper.account, paper))) if filled else None,
        scan=pgettext("paper", "Scan this code with your bank’s application: it fills in the transfer.")
        if filled
        else "",
        online=pgettext("paper", "By card:") if paper.pay_url else "",
        url=paper.pay_url,
        act=act,
    )


def _transfer(account: Account, paper: Paper) -> Transfer:
    return Transfer(name=account.name, iban=account.iban, bic=account.bic, amount=paper.left, reference=paper.number)


def _facts(account: Account, paper: Paper) -> tuple[tuple[str, str], ...]:
    said = (
        (pgettext("paper", "Amount"), amount_text(paper.left, paper.currency, paper.locale)),
        # Translators: whom a bank transfer goes to
        (pgettext("paper", "To"), account.name),
        ("IBAN", grouped(account.iban)),
        ("BIC", account.bic),
        # Translators: the words that go with a bank transfer
        (pgettext("paper", "Reference"), paper.number),
    )
    return tuple((label, value) for label, value in said if value)


def grouped(iban: str) -> str:
    """An IBAN in groups of four, as people write it, not broken over lines.

    >>> grouped("FR7630006000011234567890189").replace("\\N{NO-BREAK SPACE}", "_")
    'FR76_3000_6000_0112_3456_7890_189'
    """
    return "\N{NO-BREAK SPACE}".join(iban[at : at + 4] for at in range(0, len(iban), 4))
