"""A debt as its page tells it: what was billed and when, what was settled, what is due, what follows if it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.hosted.telling import legal_line
from billing.selectors.debts import Consequence, Debt, DebtState, consequences, other_debts, tried_at_once
from invoices.models import DocumentFile, Invoice, Refund
from merchants.languages import said_in
from merchants.links import mint
from merchants.models import Merchant
from merchants.selectors.clocks import now_for
from merchants.wording import long_date_text, period_text
from subscribers.models import Subscription
from subscribers.selectors.names import method_name

PDF_LASTS = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the account: when, what, how much (minor units; None where it is no sum)."""

    when: str
    words: str
    amount: int | None = None


@dataclass(frozen=True, kw_only=True)
class Other:
    """Another open invoice of the same payer: one that the new card is tried on, or that is still open after it."""

    number: str
    due: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that the page shows of a debt. Amounts in minor units of `currency`."""

    number: str
    currency: str
    due: int
    rows: list[Row]
    pdf_url: str
    others: list[Other]
    card: str
    given_back: int
    is_slow: bool
    legal_line: str


def tell(debt: Debt, *, language: str) -> Told:
    """Read a debt in the tenant's scope. `language` decides the words."""
    invoice = debt.invoice
    merchant = Merchant.objects.get(id=invoice.tenant_id)
    today = now_for(merchant, invoice.test_clock_id).today
    flight = debt.flight
    others = (tried_at_once if debt.is_payable else other_debts)(invoice.payer_id, than=invoice.pk)
    return Told(
        number=invoice.number or "",
        currency=invoice.currency,
        due=debt.due,
        rows=rows(debt, today=today, language=language),
        pdf_url=_pdf_url(invoice),
        others=[Other(number=one.number or "", due=one.amount_due, currency=one.currency) for one in others],
        card=method_name(flight.payment_method) if flight and flight.payment_method else "",
        given_back=_given_back(invoice),
        is_slow=debt.state is DebtState.under_way and flight is not None and flight.status == "processing",
        legal_line=legal_line(invoice.legal_entity),
    )


def rows(debt: Debt, *, today: date, language: str) -> list[Row]:
    """The account of one invoice, oldest first; what is still to come last."""
    invoice = debt.invoice
    assert invoice.issued_on is not None  # only numbered documents are debts
    said = [Row(when=_day(invoice.issued_on, language, today), words=_what(invoice, language), amount=invoice.gross)]
    settled = invoice.amount_paid + invoice.amount_from_balance + invoice.amount_credited
    if settled and debt.due:
        said.append(Row(when=_("Since then"), words=_("Already paid or credited"), amount=-settled))
    if debt.due and invoice.due_on is not None and invoice.due_on != invoice.issued_on:
        is_late = invoice.due_on < today
        when = _("Since %(day)s") if is_late else _("On %(day)s")
        words = _("Payment has been due since that day.") if is_late else _("Payment is due.")
        said.append(Row(when=when % {"day": _day(invoice.due_on, language, today)}, words=words))
    elif debt.due and invoice.issued_on < today:
        said.append(Row(when=_("Since that day"), words=_("Payment is due.")))
    if debt.due:
        said += [_row(one, language, today) for one in consequences(invoice, today=today)]
    return said


def _row(one: Consequence, language: str, today: date) -> Row:
    """What happens to the access where nothing is paid, and from which day."""
    words = {
        "restrict": _("Without payment, part of your access closes."),
        "suspend": _("Without payment, your access is suspended."),
        "restricted": _("Part of your access is closed until this is paid."),
        "suspended": _("Your access is suspended until this is paid."),
    }[one.what]
    if one.on is None:
        return Row(when=_("Now"), words=words)
    return Row(when=_("From %(day)s") % {"day": _day(one.on, language, today)}, words=words)


def _day(day: date, language: str, today: date) -> str:
    return long_date_text(day, language, today=today)


def _what(invoice: Invoice, language: str) -> str:
    """What was billed: the offer or the lines, and the days."""
    subscription: Subscription | None = invoice.subscription
    title = said_in(subscription.offer_version.title, language) if subscription else ""
    if not title:
        titles = (said_in(texts, language) for texts in invoice.lines.values_list("title", flat=True))
        title = ", ".join(dict.fromkeys(text for text in titles if text))
    if invoice.period_start is None or invoice.period_end is None:
        return title
    span = period_text(invoice.period_start, invoice.period_end, language)
    return f"{title}, {span}" if title else span


def _pdf_url(invoice: Invoice) -> str:
    """Where the PDF opens for a while; '' while it is being printed."""
    if not DocumentFile.objects.filter(invoice=invoice, format="pdf", made_at__isnull=False).exists():
        return ""
    return reverse("document", args=[mint("document", invoice.tenant_id, invoice.pk, lasts=PDF_LASTS)])


def _given_back(invoice: Invoice) -> int:
    """What was captured above what was due and goes back, in minor units."""
    back = Refund.objects.filter(payment__invoice=invoice, credit_note=None).exclude(status=Refund.Status.FAILED)
    return sum(back.values_list("amount", flat=True))
