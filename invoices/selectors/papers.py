"""From frozen rows to paper: a document with everything that is printed on it. Needs the tenant's scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, cast
from uuid import UUID

from invoices.calculations import computes, say_days
from invoices.credit_formulas import CreditRule
from invoices.credit_formulas import say as say_credit
from invoices.day_counts import day_count
from invoices.models import CreditNote, Invoice, Payment
from invoices.paper import (
    Coming,
    Discount,
    Line,
    Locale,
    Means,
    Paper,
    Prices,
    Reference,
    Settlement,
    Span,
    State,
    TaxLine,
)
from invoices.selectors.paper_parties import account_of, customer_of, issuer_of, paper_language, pay_url
from invoices.selectors.rows import CreditRows, InvoiceRows, credit_rows, invoice_rows
from invoices.wording import net_price
from merchants.languages import said_in
from merchants.models import Merchant
from merchants.now import local_date
from merchants.wording import percent_text

MEANS: Mapping[str, Means] = {
    Payment.Means.CARD: "card",
    Payment.Means.SEPA_DEBIT: "sepa",
    Payment.Means.CASH: "cash",
    Payment.Means.CHEQUE: "cheque",
    Payment.Means.TRANSFER: "transfer",
    Payment.Means.TERMINAL: "terminal",
}
_STATES: dict[str, State] = {Invoice.Status.PAID: "paid", Invoice.Status.CANCELLED: "cancelled"}


class _Row(Protocol):
    """What invoice lines and credit note lines have in common."""

    title: Any
    period_start: date | None
    period_end: date | None
    amount: int
    tax_percent: Decimal
    rule: str
    inputs: Any
    formula: str


def paper_of_invoice(invoice_id: UUID, merchant: Merchant) -> Paper:
    """A numbered invoice as it is printed now: its frozen content, and how it was settled so far.

    Raises `Invoice.DoesNotExist`, `ValueError` for a draft, `DoesNotAddUp` where its rows contradict each other.
    """
    return invoice_paper(invoice_rows(invoice_id), merchant)


def invoice_paper(rows: InvoiceRows, merchant: Merchant) -> Paper:
    """An invoice as it is printed, from its rows; otherwise as `paper_of_invoice`."""
    row, lines, credits = rows.row, rows.lines, rows.credits
    locale, status = paper_language(row.locale), Invoice.Status(row.status)
    issuer = issuer_of(row.issuer, merchant)
    return Paper(
        kind="invoice",
        number=row.number or "",
        issued_on=cast(date, row.issued_on),
        due_on=row.due_on,
        period=_span(row.period_start, row.period_end),
        issuer=issuer,
        customer=customer_of(row.customer, row.issuer, locale),
        currency=row.currency,
        locale=locale,
        prices=_prices(row.tax_behavior),
        lines=tuple(_line(line, locale, line.quantity, line.unit_price, net=_says_net(row)) for line in lines),
        discounts=tuple(_discounts(lines, locale)),
        taxes=tuple(
            TaxLine(rate=tax.tax_percent, base=tax.base, vat=tax.tax, reason=_unsaid(tax.mention, row.mentions))
            for tax in rows.taxes
        ),
        net=row.net,
        vat=row.tax,
        gross=row.gross,
        state=_STATES.get(status, "open"),
        paid_on=local_date(row.paid_at, merchant.timezone) if row.paid_at else None,
        settlements=tuple(_settlements(rows, merchant)),
        references=tuple(_reference(note) for note in credits if status is Invoice.Status.CANCELLED),
        account=account_of(row.issuer, issuer),
        pay_url=pay_url(row) if rows.has_page else "",
        collected=row.collect_at is not None or rows.under_way,
        day_count=day_count(((_title(line.title, locale), line.rule, line.inputs) for line in lines), locale),
        coming=_coming(row.coming),
        mentions=tuple(row.mentions),
        practice=merchant.is_sandbox or row.test_clock_id is not None,
    )


def paper_of_credit_note(credit_note_id: UUID, merchant: Merchant) -> Paper:
    """A credit note as it is printed. Raises `CreditNote.DoesNotExist`, or `DoesNotAddUp`."""
    return credit_paper(credit_rows(credit_note_id), merchant)


def credit_paper(rows: CreditRows, merchant: Merchant) -> Paper:
    """A credit note as it is printed, from its rows; otherwise as `paper_of_credit_note`."""
    row, locale = rows.row, paper_language(rows.row.locale)
    went: tuple[tuple[Means, str, int], ...] = (
        ("invoice", row.invoice.number or "", row.to_invoice),
        ("balance", "", row.to_balance),
        ("refund", "", row.to_refund),
    )
    return Paper(
        kind="credit_note",
        number=row.number,
        issued_on=row.issued_on,
        issuer=issuer_of(row.issuer, merchant),
        customer=customer_of(row.customer, row.issuer, locale),
        currency=row.currency,
        locale=locale,
        prices=_prices(row.tax_behavior),
        lines=tuple(_line(line, locale, None, "") for line in rows.lines),
        taxes=tuple(TaxLine(rate=tax.tax_percent, base=tax.base, vat=tax.tax) for tax in rows.taxes),
        net=row.net,
        vat=row.tax,
        gross=row.gross,
        settlements=tuple(Settlement(means=means, detail=to, amount=part) for means, to, part in went if part),
        references=(_reference(row.invoice),),
        reason=row.reason,
        mentions=tuple(row.mentions),
        practice=merchant.is_sandbox or row.test_clock_id is not None,
    )


def _prices(tax_behavior: str) -> Prices:
    return "exclusive" if tax_behavior == "exclusive" else "inclusive"


def _span(start: date | None, end: date | None) -> Span | None:
    return Span(start, end) if start and end and start < end else None


def _title(texts: Any, locale: Locale) -> str:
    """A title by language: the document's, else English, else whichever there is."""
    return str(said_in(texts, locale) if isinstance(texts, Mapping) else texts)


def _says_net(row: Invoice) -> bool:
    """Whether unit prices are said without VAT too: to a professional, whose document has them with it."""
    professional = any(row.customer.get(name) for name in ("company", "siren", "vat_number"))
    return professional and _prices(row.tax_behavior) == "inclusive"


def _line(row: _Row, locale: Locale, quantity: Decimal | None, unit_price: str, *, net: bool = False) -> Line:
    inputs: Mapping[str, Any] = row.inputs
    said = row.formula
    if computes(inputs):
        said = say_days(inputs, amount=row.amount, language=locale)
    elif row.rule in set(CreditRule):
        said = say_credit(row.rule, inputs, amount=row.amount, language=locale)
    given = inputs.get("instead_of")
    return Line(
        title=_title(row.title, locale),
        detail=str(inputs.get("reason") or ""),
        period=_span(row.period_start, row.period_end),
        quantity=quantity,
        unit_price=Decimal(unit_price) if unit_price else None,
        net_price=net_price(Decimal(unit_price), row.tax_percent) if net and unit_price and row.amount else None,
        formula=said,
        rate=row.tax_percent,
        amount=row.amount,
        instead_of=int(given) if given is not None and row.amount == 0 else None,
    )


def _discounts(lines: Iterable[Any], locale: Locale) -> list[Discount]:
    """What each coupon took off, summed over the lines of one rate; and what no coupon explains."""
    taken: dict[tuple[str, str, Decimal], int] = defaultdict(int)
    for line in lines:
        explained = 0
        for share in line.inputs.get("discounts") or ():
            taken[share["code"], str(share.get("percent") or ""), line.tax_percent] += int(share["amount"])
            explained += int(share["amount"])
        if line.discount != explained:
            taken["", "", line.tax_percent] += line.discount - explained
    return [
        Discount(
            title=code,
            formula=percent_text(-Decimal(percent), locale) if percent else "",
            rate=rate,
            amount=-amount,
        )
        for (code, percent, rate), amount in taken.items()
        if amount
    ]


def _settlements(rows: InvoiceRows, merchant: Merchant) -> list[Settlement]:
    """How it was settled: credit notes, balance, then payments in their order. The invoice's own sums decide: what
    these rows do not explain of them stands without a name."""
    row = rows.row
    found = [
        Settlement(means="credit_note", detail=note.number, on=note.issued_on, amount=note.to_invoice)
        for note in rows.credits
        if note.to_invoice
    ]
    if row.amount_from_balance:
        found.append(Settlement(means="balance", amount=row.amount_from_balance))
    found += [_paid(part.payment, part.amount, merchant) for part in rows.parts]
    settled = min(row.gross, row.amount_paid + row.amount_credited + row.amount_from_balance)
    unexplained = settled - sum(settlement.amount for settlement in found)
    if unexplained > 0:
        found.append(Settlement(means="other", amount=unexplained))
    return found


def _paid(payment: Payment, amount: int, merchant: Merchant) -> Settlement:
    method = payment.payment_method
    detail = f"{method.brand.capitalize()} {method.last4}".strip() if method else ""
    settled = payment.settled_at or payment.created_at
    on = payment.received_on or local_date(settled, merchant.timezone)
    return Settlement(means=MEANS.get(payment.means, "other"), detail=detail, on=on, amount=amount)


def _reference(row: Invoice | CreditNote) -> Reference:
    return Reference(number=row.number or "", issued_on=cast(date, row.issued_on))


def _coming(frozen: Mapping[str, Any]) -> Coming | None:
    if not frozen.get("on"):
        return None
    return Coming(on=date.fromisoformat(frozen["on"]), total=int(frozen["amount"]))


def _unsaid(mention: str, mentions: Iterable[str]) -> str:
    """A rate's own reason, unless the foot says it already."""
    return "" if any(mention.rstrip(".") in line for line in mentions) else mention
