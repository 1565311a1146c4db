"""The words of each letter: the fact, what follows, what one can do (mocks, Words). In the language that is active.

One function a kind makes the parts of a letter; two templates dress them, as HTML and as plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from django.utils.translation import gettext as _

from alerts.services import letter_texts_ahead as ahead
from alerts.services import letter_texts_counter as counter
from alerts.services import letter_texts_staff as staff
from alerts.services.letter_parts import (
    Text,
    ask,
    day_text,
    document,
    invoice_of,
    lines_of,
    money_text,
    next_payment,
    offer_of,
    pay,
    payment_words,
    safe,
)
from alerts.services.letters import Matter


def write(matter: Matter) -> Text:
    """The words of a letter, in the language that is active. Raises KeyError where it is no kind of ours."""
    return TEXTS[matter.kind](matter)


def welcome_invoice(matter: Matter) -> Text:
    """The purchase is paid: welcome, and the first invoice."""
    invoice = invoice_of(matter)
    words = {"merchant": matter.merchant, "number": invoice.number, "offer": offer_of(matter)}
    began = _("Your subscription “%(offer)s” is open.") if words["offer"] else _("Your subscription is open.")
    paid = _("Paid today: %(amount)s.") % {"amount": money_text(invoice.gross, invoice.currency, matter)}
    attached, act = document(invoice)
    return Text(
        subject=_("%(merchant)s: welcome, and invoice %(number)s") % words,
        head=_("Welcome"),
        paragraphs=(f"{began % words} {paid}", *attached, *next_payment(invoice, matter)),
        lines=lines_of(invoice, matter),
        act=act,
        notes=ask(matter),
    )


def invoice_paid(matter: Matter) -> Text:
    """A later invoice is paid."""
    invoice = invoice_of(matter)
    words = {
        "merchant": matter.merchant,
        "number": invoice.number,
        "amount": money_text(invoice.gross, invoice.currency, matter),
        "day": day_text(invoice.issued_on, matter) if invoice.issued_on else "",
    }
    attached, act = document(invoice)
    return Text(
        subject=_("%(merchant)s: invoice %(number)s, %(amount)s, paid") % words,
        head=_("Invoice %(number)s") % words,
        paragraphs=(
            _("The invoice of %(day)s is paid: %(amount)s.") % words,
            *attached,
            *next_payment(invoice, matter),
        ),
        lines=lines_of(invoice, matter),
        act=act,
        notes=ask(matter),
    )


def welcome(matter: Matter) -> Text:
    """A purchase of which nothing was due today: a free stage."""
    words = {"merchant": matter.merchant, "offer": offer_of(matter)}
    began = _("Your subscription “%(offer)s” is open.") if words["offer"] else _("Your subscription is open.")
    first = next((row for row in matter.later if row.get("amount")), None)
    coming: tuple[str, ...] = ()
    if first is not None and matter.currency:
        told = {
            "amount": money_text(int(first["amount"]), matter.currency, matter),
            "day": day_text(date.fromisoformat(str(first["from_on"])), matter),
        }
        coming = (
            _("First payment: %(amount)s on %(day)s.") % told,
            _("If you cancel before that day, nothing is charged."),
        )
    return Text(
        subject=_("%(merchant)s: welcome") % words,
        head=_("Welcome"),
        paragraphs=(f"{began % words} {_('Nothing is due today.')}", *coming),
        notes=ask(matter),
    )


def payment_failed(matter: Matter) -> Text:
    """A payment that we asked for by ourselves was refused: the button settles it with another card."""
    words = payment_words(matter)
    return Text(
        subject=_("%(merchant)s: the payment of %(amount)s was refused") % words,
        head=_("The payment was refused"),
        paragraphs=(
            _("Your bank refused the payment of %(amount)s for invoice %(number)s.") % words,
            _("Nothing was taken. The invoice stays open."),
            _("Pay with another card in one step: it is kept for what comes next."),
        ),
        act=pay(matter),
        notes=(*safe(matter), *ask(matter)),
    )


def payment_requires_action(matter: Matter) -> Text:
    """The bank wants the subscriber to confirm: the button leads there, or to another card."""
    words = payment_words(matter)
    return Text(
        subject=_("%(merchant)s: confirm the payment of %(amount)s") % words,
        head=_("Your bank asks you to confirm"),
        paragraphs=(
            _("Your bank wants you to confirm the payment of %(amount)s for invoice %(number)s.") % words,
            _("Until you do, nothing is taken and the invoice stays open."),
        ),
        act=(_("Confirm the payment"), matter.invoice.pay_url) if matter.invoice and matter.invoice.pay_url else None,
        notes=(*safe(matter), *ask(matter)),
    )


def payment_link(matter: Matter) -> Text:
    """The staff, or the subscriber, asked for a link that pays an open invoice."""
    invoice = invoice_of(matter)
    words = {
        "merchant": matter.merchant,
        "number": invoice.number,
        "amount": money_text(invoice.due, invoice.currency, matter),
        "day": day_text(invoice.issued_on, matter) if invoice.issued_on else "",
    }
    return Text(
        subject=_("%(merchant)s: invoice %(number)s, %(amount)s to pay") % words,
        head=_("Invoice %(number)s is to be paid") % words,
        paragraphs=(
            _("Of the invoice of %(day)s, %(amount)s is still to be paid.") % words,
            _("The button opens a page on which you pay it in one step, without an account."),
        ),
        lines=lines_of(invoice, matter),
        act=pay(matter),
        notes=(*safe(matter), *ask(matter)),
    )


def payment_refunded(matter: Matter) -> Text:
    """Money went back."""
    refunded = matter.payment.refunded if matter.payment else 0
    currency = matter.payment.currency if matter.payment else ""
    words = {"merchant": matter.merchant, "amount": money_text(refunded, currency, matter) if currency else ""}
    return Text(
        subject=_("%(merchant)s: %(amount)s refunded") % words,
        head=_("Refunded: %(amount)s") % words,
        paragraphs=(
            _("Of this payment, %(amount)s went back to the card or account that paid.") % words,
            _("Your bank shows it within ten days."),
        ),
        notes=ask(matter),
    )


def cancellation_scheduled(matter: Matter) -> Text:
    """The proof of a cancellation: until when one keeps what one has."""
    assert matter.subscription is not None
    assert matter.subscription.ends_on is not None  # gathered: else the letter is dropped
    last = matter.subscription.ends_on - timedelta(days=1)
    words = {"merchant": matter.merchant, "offer": offer_of(matter), "day": day_text(last, matter)}
    return Text(
        subject=_("%(merchant)s: your subscription ends on %(day)s") % words,
        head=_("Your cancellation is recorded"),
        paragraphs=(
            _("You keep “%(offer)s” with all it opens up to and including %(day)s.") % words,
            _("Nothing more is charged for the time after that."),
            _("Until that day you can take the cancellation back."),
        ),
        notes=ask(matter),
    )


def cancellation_undone(matter: Matter) -> Text:
    """It goes on."""
    words = {"merchant": matter.merchant, "offer": offer_of(matter)}
    return Text(
        subject=_("%(merchant)s: your subscription goes on") % words,
        head=_("Your subscription goes on"),
        paragraphs=(_("The cancellation was taken back. “%(offer)s” goes on as before.") % words,),
        notes=ask(matter),
    )


def subscription_ended(matter: Matter) -> Text:
    """It has ended."""
    words = {"merchant": matter.merchant, "offer": offer_of(matter)}
    return Text(
        subject=_("%(merchant)s: your subscription has ended") % words,
        head=_("Your subscription has ended"),
        paragraphs=(
            _("“%(offer)s” has ended. Nothing more is charged.") % words,
            _("Your invoices remain yours: keep the messages that brought them."),
        ),
        notes=ask(matter),
    )


TEXTS: Mapping[str, Callable[[Matter], Text]] = {
    "welcome_invoice": welcome_invoice,
    "invoice_paid": invoice_paid,
    "welcome": welcome,
    "enrolled": counter.enrolled,
    "receipt": counter.receipt,
    "payment_failed": payment_failed,
    "payment_requires_action": payment_requires_action,
    "payment_link": payment_link,
    "payment_refunded": payment_refunded,
    "cancellation_scheduled": cancellation_scheduled,
    "cancellation_undone": cancellation_undone,
    "subscription_ended": subscription_ended,
    "dunning_reminder": ahead.dunning_reminder,
    "card_expiring": ahead.card_expiring,
    "card_expired": ahead.card_expired,
    "trial_ending": ahead.trial_ending,
    "subscription_ending": ahead.subscription_ending,
    "alerts_now": staff.alerts_now,
    "alerts_daily": staff.alerts_daily,
}
