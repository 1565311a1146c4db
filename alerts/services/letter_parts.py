"""What letters are made of: their words as a value, and the sentences that several of them share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from alerts.services.letters import InvoiceTold, Matter
from alerts.services.staff import Group
from merchants.wording import amount_text, long_date_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the calculation: what, and how much, written out."""

    title: str
    amount: str
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A letter's words. `act` is a button and where it leads, or None; `card` the code of a
    membership card whose picture comes along."""

    subject: str
    head: str
    paragraphs: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    act: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    card: str = ""


def day_text(day: date, matter: Matter) -> str:
    """A date, written out in the reader's form."""
    return long_date_text(day, matter.locale)


def money_text(amount: int, currency: str, matter: Matter) -> str:
    """An amount, in the reader's form."""
    return amount_text(amount, currency, matter.locale)


def lines_of(invoice: InvoiceTold, matter: Matter) -> tuple[Line, ...]:
    """The invoice's calculation: its lines, and the total."""
    rows = [Line(title=title, amount=money_text(amount, invoice.currency, matter)) for title, amount in invoice.lines]
    if invoice.exclusive:
        rows.append(Line(title=_("VAT"), amount=money_text(invoice.tax, invoice.currency, matter)))
    total = Line(title=_("Total"), amount=money_text(invoice.gross, invoice.currency, matter), is_total=True)
    return (*rows, total)


def document(invoice: InvoiceTold) -> tuple[tuple[str, ...], tuple[str, str] | None]:
    """The sentence about the PDF, and the button where it did not come along."""
    if invoice.file is not None:
        return (_("The invoice is attached."),), None
    if invoice.url:
        return (_("The invoice opens with this button, for 90 days."),), (_("Open the invoice"), invoice.url)
    return (), None


def next_payment(invoice: InvoiceTold, matter: Matter) -> tuple[str, ...]:
    """When the next payment comes, and how much, where that is known."""
    if invoice.next_on is None or not invoice.next_amount:
        return ()
    words = {
        "amount": money_text(invoice.next_amount, invoice.currency, matter),
        "day": day_text(invoice.next_on, matter),
    }
    return (_("Next payment: %(amount)s on %(day)s.") % words,)


def ask(matter: Matter) -> tuple[str, ...]:
    """That a reply reaches the merchant, where it does."""
    return (_("A question? Reply to this message."),) if matter.reply_to else ()


def offer_of(matter: Matter) -> str:
    """The offer's title."""
    return matter.subscription.offer if matter.subscription else ""


def pay(matter: Matter) -> tuple[str, str] | None:
    """The button that pays what is due, in one step."""
    invoice = matter.invoice
    if invoice is None or not invoice.pay_url:
        return None
    return _("Pay %(amount)s") % {"amount": money_text(invoice.due, invoice.currency, matter)}, invoice.pay_url


def safe(matter: Matter) -> tuple[str, ...]:
    """How long the button works, and that nobody else should have it."""
    if matter.invoice is None or not matter.invoice.pay_url:
        return ()
    return (_("The button works for 30 days. It is meant for you alone."),)


def invoice_of(matter: Matter) -> InvoiceTold:
    """The invoice that the letter is about."""
    assert matter.invoice is not None  # these letters are only written about an invoice
    return matter.invoice


def payment_words(matter: Matter) -> dict[str, str]:
    """Merchant, amount and number of a letter about a payment."""
    payment, invoice = matter.payment, matter.invoice
    return {
        "merchant": matter.merchant,
        "amount": money_text(payment.amount, payment.currency, matter) if payment else "",
        "number": invoice.number if invoice else "",
    }
