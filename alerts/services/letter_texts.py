"""The words of each letter: the fact, what follows, what one can do (mocks, Words). In the language that is active.

One function a kind makes the parts of a letter; two templates dress them, as HTML and as plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from alerts.services.letters import InvoiceTold, Matter
from merchants.wording import amount_text, long_date_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the calculation: what, and how much, written out."""

    title: str
    amount: str
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A letter's words. `act` is a button and where it leads, or None."""

    subject: str
    head: str
    paragraphs: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    act: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()


def write(matter: Matter) -> Text:
    """The words of a letter, in the language that is active. Raises KeyError where it is no kind of ours."""
    return TEXTS[matter.kind](matter)


def _day(day: date, matter: Matter) -> str:
    return long_date_text(day, matter.locale)


def _money(amount: int, currency: str, matter: Matter) -> str:
    return amount_text(amount, currency, matter.locale)


def _lines(invoice: InvoiceTold, matter: Matter) -> tuple[Line, ...]:
    rows = [Line(title=title, amount=_money(amount, invoice.currency, matter)) for title, amount in invoice.lines]
    if invoice.exclusive:
        rows.append(Line(title=_("VAT"), amount=_money(invoice.tax, invoice.currency, matter)))
    total = Line(title=_("Total"), amount=_money(invoice.gross, invoice.currency, matter), is_total=True)
    return (*rows, total)


def _document(invoice: InvoiceTold) -> tuple[tuple[str, ...], tuple[str, str] | None]:
    """The sentence about the PDF, and the button where it did not come along."""
    if invoice.path:
        return (_("The invoice is attached."),), None
    if invoice.url:
        return (_("The invoice opens with this button, for 90 days."),), (_("Open the invoice"), invoice.url)
    return (), None


def _next(invoice: InvoiceTold, matter: Matter) -> tuple[str, ...]:
    if invoice.next_on is None or not invoice.next_amount:
        return ()
    words = {
        "amount": _money(invoice.next_amount, invoice.currency, matter),
        "day": _day(invoice.next_on, matter),
    }
    return (_("Next payment: %(amount)s on %(day)s.") % words,)


def _ask(matter: Matter) -> tuple[str, ...]:
    return (_("A question? Reply to this message."),) if matter.reply_to else ()


def _offer(matter: Matter) -> str:
    return matter.subscription.offer if matter.subscription else ""


def welcome_invoice(matter: Matter) -> Text:
    """The purchase is paid: welcome, and the first invoice."""
    invoice = _of(matter)
    words = {"merchant": matter.merchant, "number": invoice.number, "offer": _offer(matter)}
    began = _("Your subscription “%(offer)s” is open.") if words["offer"] else _("Your subscription is open.")
    paid = _("Paid today: %(amount)s.") % {"amount": _money(invoice.gross, invoice.currency, matter)}
    document, act = _document(invoice)
    return Text(
        subject=_("%(merchant)s: welcome, and invoice %(number)s") % words,
        head=_("Welcome"),
        paragraphs=(f"{began % words} {paid}", *document, *_next(invoice, matter)),
        lines=_lines(invoice, matter),
        act=act,
        notes=_ask(matter),
    )


def invoice_paid(matter: Matter) -> Text:
    """A later invoice is paid."""
    invoice = _of(matter)
    words = {
        "merchant": matter.merchant,
        "number": invoice.number,
        "amount": _money(invoice.gross, invoice.currency, matter),
        "day": _day(invoice.issued_on, matter) if invoice.issued_on else "",
    }
    document, act = _document(invoice)
    return Text(
        subject=_("%(merchant)s: invoice %(number)s, %(amount)s, paid") % words,
        head=_("Invoice %(number)s") % words,
        paragraphs=(
            _("The invoice of %(day)s is paid: %(amount)s.") % words,
            *document,
            *_next(invoice, matter),
        ),
        lines=_lines(invoice, matter),
        act=act,
        notes=_ask(matter),
    )


def welcome(matter: Matter) -> Text:
    """A purchase of which nothing was due today: a free stage."""
    words = {"merchant": matter.merchant, "offer": _offer(matter)}
    began = _("Your subscription “%(offer)s” is open.") if words["offer"] else _("Your subscription is open.")
    first = next((row for row in matter.later if row.get("amount")), None)
    coming: tuple[str, ...] = ()
    if first is not None and matter.currency:
        told = {
            "amount": _money(int(first["amount"]), matter.currency, matter),
            "day": _day(date.fromisoformat(str(first["from_on"])), matter),
        }
        coming = (
            _("First payment: %(amount)s on %(day)s.") % told,
            _("If you cancel before that day, nothing is charged."),
        )
    return Text(
        subject=_("%(merchant)s: welcome") % words,
        head=_("Welcome"),
        paragraphs=(f"{began % words} {_('Nothing is due today.')}", *coming),
        notes=_ask(matter),
    )


def payment_failed(matter: Matter) -> Text:
    """A payment that we asked for by ourselves was refused: the button settles it with another card."""
    words = _payment_words(matter)
    return Text(
        subject=_("%(merchant)s: the payment of %(amount)s was refused") % words,
        head=_("The payment was refused"),
        paragraphs=(
            _("Your bank refused the payment of %(amount)s for invoice %(number)s.") % words,
            _("Nothing was taken. The invoice stays open."),
            _("Pay with another card in one step: it is kept for what comes next."),
        ),
        act=_pay(matter),
        notes=(*_safe(matter), *_ask(matter)),
    )


def payment_requires_action(matter: Matter) -> Text:
    """The bank wants the subscriber to confirm: the button leads there, or to another card."""
    words = _payment_words(matter)
    return Text(
        subject=_("%(merchant)s: confirm the payment of %(amount)s") % words,
        head=_("Your bank asks you to confirm"),
        paragraphs=(
            _("Your bank wants you to confirm the payment of %(amount)s for invoice %(number)s.") % words,
            _("Until you do, nothing is taken and the invoice stays open."),
        ),
        act=(_("Confirm the payment"), matter.invoice.pay_url) if matter.invoice and matter.invoice.pay_url else None,
        notes=(*_safe(matter), *_ask(matter)),
    )


def payment_link(matter: Matter) -> Text:
    """The staff, or the subscriber, asked for a link that pays an open invoice."""
    invoice = _of(matter)
    words = {
        "merchant": matter.merchant,
        "number": invoice.number,
        "amount": _money(invoice.due, invoice.currency, matter),
        "day": _day(invoice.issued_on, matter) if invoice.issued_on else "",
    }
    return Text(
        subject=_("%(merchant)s: invoice %(number)s, %(amount)s to pay") % words,
        head=_("Invoice %(number)s is to be paid") % words,
        paragraphs=(
            _("Of the invoice of %(day)s, %(amount)s is still to be paid.") % words,
            _("The button opens a page on which you pay it in one step, without an account."),
        ),
        lines=_lines(invoice, matter),
        act=_pay(matter),
        notes=(*_safe(matter), *_ask(matter)),
    )


def payment_refunded(matter: Matter) -> Text:
    """Money went back."""
    refunded = matter.payment.refunded if matter.payment else 0
    currency = matter.payment.currency if matter.payment else ""
    words = {"merchant": matter.merchant, "amount": _money(refunded, currency, matter) if currency else ""}
    return Text(
        subject=_("%(merchant)s: %(amount)s refunded") % words,
        head=_("Refunded: %(amount)s") % words,
        paragraphs=(
            _("Of this payment, %(amount)s went back to the card or account that paid.") % words,
            _("Your bank shows it within ten days."),
        ),
        notes=_ask(matter),
    )


def cancellation_scheduled(matter: Matter) -> Text:
    """The proof of a cancellation: until when one keeps what one has."""
    assert matter.subscription is not None
    assert matter.subscription.ends_on is not None  # gathered: else the letter is dropped
    last = matter.subscription.ends_on - timedelta(days=1)
    words = {"merchant": matter.merchant, "offer": _offer(matter), "day": _day(last, matter)}
    return Text(
        subject=_("%(merchant)s: your subscription ends on %(day)s") % words,
        head=_("Your cancellation is recorded"),
        paragraphs=(
            _("You keep “%(offer)s” with all it opens up to and including %(day)s.") % words,
            _("Nothing more is charged for the time after that."),
            _("Until that day you can take the cancellation back."),
        ),
        notes=_ask(matter),
    )


def cancellation_undone(matter: Matter) -> Text:
    """It goes on."""
    words = {"merchant": matter.merchant, "offer": _offer(matter)}
    return Text(
        subject=_("%(merchant)s: your subscription goes on") % words,
        head=_("Your subscription goes on"),
        paragraphs=(_("The cancellation was taken back. “%(offer)s” goes on as before.") % words,),
        notes=_ask(matter),
    )


def subscription_ended(matter: Matter) -> Text:
    """It has ended."""
    words = {"merchant": matter.merchant, "offer": _offer(matter)}
    return Text(
        subject=_("%(merchant)s: your subscription has ended") % words,
        head=_("Your subscription has ended"),
        paragraphs=(
            _("“%(offer)s” has ended. Nothing more is charged.") % words,
            _("Your invoices remain yours: keep the messages that brought them."),
        ),
        notes=_ask(matter),
    )


def alert_to_merchant(matter: Matter) -> Text:
    """To the staff: something that nobody may have seen on the screen."""
    url = str(matter.details.get("url", ""))
    words = {"merchant": matter.merchant, "url": url}
    gone = matter.details.get("kind") == "endpoint_gone"
    return Text(
        subject=(
            _("%(merchant)s: a webhook endpoint was switched off") % words
            if gone
            else _("%(merchant)s: webhooks were given up") % words
        ),
        head=_("A webhook endpoint was switched off") if gone else _("Webhooks were given up"),
        paragraphs=(
            (
                _("%(url)s answered 410: it wants no more events. What waits for it is held back.") % words,
                _("Switch it on again to send what waits."),
            )
            if gone
            else (
                _("%(url)s did not take some events for three days. They are not tried again by themselves.") % words,
                _("When it works again, send them again from its page."),
            )
        ),
        act=(_("Open the alerts"), matter.office_url),
    )


def _pay(matter: Matter) -> tuple[str, str] | None:
    """The button that pays what is due, in one step."""
    invoice = matter.invoice
    if invoice is None or not invoice.pay_url:
        return None
    return _("Pay %(amount)s") % {"amount": _money(invoice.due, invoice.currency, matter)}, invoice.pay_url


def _safe(matter: Matter) -> tuple[str, ...]:
    """How long the button works, and that nobody else should have it."""
    if matter.invoice is None or not matter.invoice.pay_url:
        return ()
    return (_("The button works for 30 days. It is meant for you alone."),)


def _of(matter: Matter) -> InvoiceTold:
    assert matter.invoice is not None  # these letters are only written about an invoice
    return matter.invoice


def _payment_words(matter: Matter) -> dict[str, str]:
    payment, invoice = matter.payment, matter.invoice
    return {
        "merchant": matter.merchant,
        "amount": _money(payment.amount, payment.currency, matter) if payment else "",
        "number": invoice.number if invoice else "",
    }


TEXTS: Mapping[str, Callable[[Matter], Text]] = {
    "welcome_invoice": welcome_invoice,
    "invoice_paid": invoice_paid,
    "welcome": welcome,
    "payment_failed": payment_failed,
    "payment_requires_action": payment_requires_action,
    "payment_link": payment_link,
    "payment_refunded": payment_refunded,
    "cancellation_scheduled": cancellation_scheduled,
    "cancellation_undone": cancellation_undone,
    "subscription_ended": subscription_ended,
    "alert_to_merchant": alert_to_merchant,
}
