"""From frozen rows to the electronic invoice: the rows and the paper that are printed. Needs the tenant's scope.

Figures, texts and what settled it are the paper's own, so that the XML says what is read beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, cast

from invoices.facturx.documents import FRENCH, Account, Document, Item, Party, Rate, Settled, Taken
from invoices.mentions import operation_of
from invoices.models import InvoiceLine, Payment
from invoices.paper import Line, Paper, Settlement
from invoices.selectors.notes import notes_of
from invoices.selectors.papers import credit_paper, invoice_paper
from invoices.selectors.rows import CreditRows, InvoiceRows
from merchants.identity import siren_of
from merchants.models import Merchant


class _TaxRow(Protocol):
    """What VAT by rate of invoices and of credit notes have in common."""

    tax_percent: Decimal
    category: str
    base: int
    tax: int


def paper_and_einvoice(rows: InvoiceRows | CreditRows, merchant: Merchant) -> tuple[Paper, Document]:
    """A document as it is printed now and as its XML says it. Raises what the paper raises."""
    if isinstance(rows, CreditRows):
        paper = credit_paper(rows, merchant)
        return paper, _credit_note(rows, paper)
    paper = invoice_paper(rows, merchant)
    return paper, _invoice(rows, paper)


def _invoice(rows: InvoiceRows, paper: Paper) -> Document:
    row = rows.row
    categories = [_category(line, rows.taxes) for line in rows.lines]
    items = [
        _item(
            printed,
            net=line.net,
            category=category,
            quantity=line.quantity,
            unit_price=Decimal(line.unit_price) if line.unit_price else None,
            taken=tuple(_taken(line)),
        )
        for line, printed, category in zip(rows.lines, paper.lines, categories, strict=True)
    ]
    rates = [_rate(tax, tax.mention) for tax in rows.taxes]
    return _document(row, paper, items, rates, rows.lines, settled=tuple(_settled(rows, paper)))


def _credit_note(rows: CreditRows, paper: Paper) -> Document:
    row = rows.row
    said = {(tax.tax_percent, tax.category): tax.mention for tax in rows.invoice_taxes}
    items = [
        _item(printed, net=line.net, category=_category(line.invoice_line, rows.taxes))
        for line, printed in zip(rows.lines, paper.lines, strict=True)
    ]
    rates = [_rate(tax, said.get((tax.tax_percent, tax.category), "")) for tax in rows.taxes]
    settled = tuple(Settled(means=part.means, amount=part.amount) for part in paper.settlements)
    corrects = (row.invoice.number or "", cast(date, row.invoice.issued_on))
    billed = [line.invoice_line for line in rows.lines]
    return _document(row, paper, items, rates, billed, settled=settled, corrects=corrects)


def _document(
    row: Any, paper: Paper, items: Sequence[Item], rates: Sequence[Rate], billed: Sequence[InvoiceLine], **more: Any
) -> Document:
    issuer, customer = row.issuer, row.customer
    professional = bool(customer.get("siren") or customer.get("vat_number") or customer.get("company"))
    seller = _seller(issuer, paper)
    return Document(
        kind=paper.kind,
        number=paper.number,
        issued_on=paper.issued_on,
        currency=paper.currency,
        locale=paper.locale,
        prices=paper.prices,
        seller=seller,
        buyer=_buyer(customer, paper, professional=professional),
        items=tuple(items),
        rates=tuple(rates),
        net=paper.net,
        vat=paper.vat,
        gross=paper.gross,
        operation=operation_of(line.tax_code for line in billed),
        on_debits=issuer.get("vat_on_debits"),
        due_on=paper.due_on,
        paid_on=paper.paid_on,
        period=paper.period,
        account=_account(paper),
        notes=notes_of(
            issuer=issuer,
            seller=seller,
            professional=professional,
            mentions=paper.mentions,
            reason=paper.reason,
            practice=paper.practice,
            locale=paper.locale,
        ),
        terms=paper.how_to_pay,
        practice=paper.practice,
        **more,
    )


def _account(paper: Paper) -> Account | None:
    """Where a transfer goes; nowhere while the money is asked for by itself."""
    if paper.account is None or paper.collected:
        return None
    return Account(name=paper.account.name, iban=paper.account.iban, bic=paper.account.bic)


def _seller(issuer: Mapping[str, Any], paper: Paper) -> Party:
    return Party(
        name=paper.issuer.full_name,
        siret=issuer.get("siret", ""),
        siren=_siren(issuer),
        legal_form=issuer.get("legal_form", ""),
        capital=issuer.get("capital", ""),
        registry=issuer.get("registry", ""),
        brand=issuer.get("brand", ""),
        **_shared(issuer),
    )


def _siren(issuer: Mapping[str, Any]) -> str:
    """A French company's SIREN. Where it entered only its SIRET, which begins with it, or its VAT number, which ends
    with it (FR, two of key, SIREN), these say it: the French rules ask for it in each document (BR-FR-10, BR-FR-13).

    >>> _siren({"country": "FR", "siren": "", "vat_number": "FR44732829320"})
    '732829320'
    >>> _siren({"country": "BE", "vat_number": "FR44732829320"})
    ''
    """
    known = str(issuer.get("siren") or "")
    if known or issuer.get("country") not in FRENCH:
        return known
    siret, vat = str(issuer.get("siret") or ""), str(issuer.get("vat_number") or "")
    return siren_of(siret[:9]) or (siren_of(vat[4:]) if vat.startswith("FR") else None) or ""


def _buyer(customer: Mapping[str, Any], paper: Paper, *, professional: bool) -> Party:
    return Party(
        name=paper.customer.company or paper.customer.name,
        person=paper.customer.name if paper.customer.company else "",
        siren=customer.get("siren", ""),
        reference=customer.get("reference", ""),
        business=professional,
        **_shared(customer),
    )


def _shared(party: Mapping[str, Any]) -> dict[str, Any]:
    """What both parties have; empty where it was not known."""
    names = ("country", "vat_number", "email", "line1", "line2", "postal_code", "city")
    return {name: str(party.get(name) or "") for name in names}


def _item(
    printed: Line,
    *,
    net: int,
    category: str,
    quantity: Decimal = Decimal(1),
    unit_price: Decimal | None = None,
    taken: tuple[Taken, ...] = (),
) -> Item:
    """A line; its note is what the paper prints beside the amount: how it came about, and why it was given."""
    assert printed.rate is not None  # selectors.papers gives every line its rate
    return Item(
        title=printed.title,
        amount=printed.amount,
        net=net,
        percent=printed.rate,
        category=category,
        note=". ".join(part for part in (printed.formula, printed.detail) if part),
        quantity=quantity,
        unit_price=unit_price,
        period=printed.period,
        taken=taken,
    )


def _taken(line: InvoiceLine) -> Iterable[Taken]:
    """What each coupon took off a line; what none of them explains stands without a title, as on paper."""
    explained = 0
    for share in line.inputs.get("discounts") or ():
        explained += int(share["amount"])
        percent = Decimal(share["percent"]) if share.get("percent") else None
        yield Taken(title=share["code"], amount=int(share["amount"]), percent=percent)
    if line.discount != explained:
        yield Taken(title="", amount=line.discount - explained)


def _category(line: InvoiceLine, taxes: Sequence[_TaxRow]) -> str:
    """The category under which a line stands: said with its rate where it is not the one at home, else that of the
    document's VAT at that percent."""
    told = line.inputs.get("tax") or {}
    if told.get("category"):
        return _named(str(told["category"]), line.tax_percent)
    found = [tax.category for tax in taxes if tax.tax_percent == line.tax_percent]
    return _named("S" if "S" in found or not found else found[0], line.tax_percent)


def _named(category: str, percent: Decimal) -> str:
    """A category as the standard has it: what is standard has a rate above zero, else it is zero-rated (BR-S-05)."""
    return "Z" if category == "S" and not percent else category


def _rate(tax: _TaxRow, mention: str) -> Rate:
    return Rate(
        percent=tax.tax_percent,
        category=_named(tax.category, tax.tax_percent),
        base=tax.base,
        vat=tax.tax,
        reason=mention,
    )


def _settled(rows: InvoiceRows, paper: Paper) -> Iterable[Settled]:
    """What the paper says settled it, with what the standard wants to know of cards and debits. There the payments
    stand in their order after credit notes and balance, and what nothing explains comes last."""
    first = sum(part.means in ("credit_note", "balance") for part in paper.settlements)
    payments = {first + at: part.payment for at, part in enumerate(rows.parts)}
    for at, part in enumerate(paper.settlements):
        yield _paid(part, payments.get(at), rows)


def _paid(part: Settlement, payment: Payment | None, rows: InvoiceRows) -> Settled:
    method = payment.payment_method if payment else None
    mandate = rows.mandates.get(method.pk) if method else None
    return Settled(
        means=part.means,
        amount=part.amount,
        last4=method.last4 if method and part.means == "card" else "",
        mandate=mandate.reference if mandate else "",
        creditor=mandate.creditor_identifier if mandate else "",
    )
