"""Issuing invoices: from drafts to numbered, posted, frozen documents; a batch of one or of hundreds, same queries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from invoices import shapes
from invoices.drafts import DraftInvoice, DraftLine
from invoices.models import DocumentFile, Invoice, InvoiceLine, InvoiceTax
from invoices.services import numbering
from invoices.services.chain import link_of
from invoices.services.content import content_hash, seal_customer
from invoices.services.legal_lines import invoice_lines
from invoices.services.posting import Account, Leg, Posting, post
from invoices.totals import Totals, totals
from merchants.actors import Actor
from merchants.clock import instant
from merchants.languages import said_in
from merchants.models import LegalEntity, Merchant
from merchants.now import Now
from merchants.tenancy import bulk
from subscribers.models import Subscriber
from subscribers.services.facts import Lived, tell_all

NUMBERED = (
    "series_id", "sequence", "number", "issued_on", "due_on", "finalized_at", "status", "paid_at", "content_hash",
    "customer_salt", "customer_hash", "chain_hash",
)  # fmt: skip
"""What an invoice gets with its number."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One invoice to issue: its draft, and who stands on it. `coming` is what the reader may expect next, or
    `repeats_on` the day on which the same will be charged again; `collect`
    says that we ask for the money by ourselves; `run_id` names the billing run that makes it."""

    draft: DraftInvoice
    payer: Subscriber
    entity: LegalEntity
    merchant: Merchant
    coming: Mapping[str, Any] = field(default_factory=dict)
    repeats_on: date | None = None
    site_id: UUID | None = None
    collect: bool = False
    run_id: UUID | None = None


def issue(asks: Sequence[Issue], *, actor: Actor, now: Now, telling: list[Lived] | None = None) -> list[Invoice]:
    """Finalise invoices: rows, ledger, files to print, facts, and last their numbers. Needs the tenant's scope. Where
    `telling` is given the facts are put there, for who tells more in one go.

    Dated max(today, the series' last date). Nothing of a finalised invoice changes any more: the database refuses it.
    """
    if not asks:
        return []
    summed = [totals(ask.draft.lines, ask.draft.tax_behavior) for ask in asks]
    entities = {ask.entity.pk: ask.entity for ask in asks}
    parties = {pk: issuer(entity, asks[0].merchant) for pk, entity in entities.items()}
    invoices = [_invoice(ask, sums, parties, now) for ask, sums in zip(asks, summed, strict=True)]
    lines = [_lines(row, ask.draft, sums) for row, ask, sums in zip(invoices, asks, summed, strict=True)]
    taxes = [_taxes(row, sums) for row, sums in zip(invoices, summed, strict=True)]
    at = instant()
    bulk.insert(invoices)
    bulk.insert([line for each in lines for line in each])
    bulk.insert([tax for each in taxes for tax in each])
    bulk.insert([bulk.lean(DocumentFile, invoice_id=row.pk, created_at=now.at, next_try_at=at) for row in invoices])
    places = [numbering.place_of(ask.entity, "invoice", site_id=ask.site_id, now=now) for ask in asks]
    series = numbering.series_for({place: entities[place.entity_id] for place in places})
    post([_posting(row, sums, now) for row, sums in zip(invoices, summed, strict=True)], now=now)
    shown = [[shapes.invoice_line(line) for line in each] for each in lines]
    _number(asks, invoices, lines, taxes, [series[place] for place in places], now)
    told = [] if telling is None else telling
    for row, its_lines, its_taxes in zip(invoices, shown, taxes, strict=True):
        data = {"object": {**shapes.invoice(row, taxes=its_taxes), "lines": its_lines}}
        told.append(Lived(subscriber_id=row.payer_id, kind="invoice.finalized", object_id=row.pk, data=data))
        if row.status == Invoice.Status.PAID:  # nothing is due (domain 19): nobody will tell it later
            told.append(Lived(subscriber_id=row.payer_id, kind="invoice.paid", object_id=row.pk, data=data))
    if telling is None:
        tell_all(told, actor=actor, now=now)
    return invoices


def _invoice(ask: Issue, sums: Totals, parties: Mapping[UUID, dict[str, Any]], now: Now) -> Invoice:
    draft = ask.draft
    locale = ask.payer.locale or ask.merchant.locale
    return Invoice(
        legal_entity=ask.entity,
        payer=ask.payer,
        subscription_id=UUID(draft.subscription) if draft.subscription else None,
        site_id=ask.site_id,
        test_clock_id=now.test_clock,
        currency=draft.currency,
        tax_behavior=draft.tax_behavior.value,
        locale=locale,
        period_start=draft.period.start if draft.period else None,
        period_end=draft.period.end if draft.period else None,
        issuer=parties[ask.entity.pk],
        customer=customer(ask.payer),
        mentions=invoice_lines(draft, sums, payer=ask.payer, entity=ask.entity, merchant=ask.merchant),
        coming={"on": ask.repeats_on.isoformat(), "amount": sums.gross} if ask.repeats_on else dict(ask.coming),
        net=sums.net,
        tax=sums.tax,
        gross=sums.gross,
        collect_at=now.at if ask.collect and sums.gross else None,
        run_id=ask.run_id,
        created_at=now.at,
        updated_at=now.at,
    )


def issuer(entity: LegalEntity, merchant: Merchant) -> dict[str, Any]:
    """The legal entity as it stands today: what a document freezes of it."""
    return {
        "brand": entity.brand_name or merchant.name,
        "name": entity.name,
        "legal_form": entity.legal_form,
        "capital": entity.capital,
        "registry": entity.registry,
        "siren": entity.siren,
        "siret": entity.siret,
        "vat_number": entity.vat_number,
        "line1": entity.line1,
        "line2": entity.line2,
        "postal_code": entity.postal_code,
        "city": entity.city,
        "country": entity.country,
        "email": entity.email,
        "footer": entity.footer,
        "vat_on_debits": entity.vat_on_debits,
        "late_penalty": entity.late_penalty,
        "early_discount": entity.early_discount,
        "iban": entity.iban,
        "bic": entity.bic,
        "colour": entity.brand_color or merchant.brand_color,
        "logo": entity.logo or (hashlib.sha256(merchant.logo_svg.encode()).hexdigest() if merchant.logo_svg else ""),
    }


def customer(payer: Subscriber) -> dict[str, Any]:
    """The payer as they stand today: what a document freezes of them."""
    return {
        "reference": payer.reference,
        "name": payer.name,
        "company": payer.company,
        "siren": payer.siren,
        "vat_number": payer.vat_number,
        "email": payer.email,
        "line1": payer.line1,
        "line2": payer.line2,
        "postal_code": payer.postal_code,
        "city": payer.city,
        "country": payer.country,
    }


def _lines(row: Invoice, draft: DraftInvoice, sums: Totals) -> list[InvoiceLine]:
    return [_line(row, at, line, net) for at, (line, net) in enumerate(zip(draft.lines, sums.line_nets, strict=True))]


def _line(row: Invoice, position: int, line: DraftLine, net: int) -> InvoiceLine:
    return bulk.lean(
        InvoiceLine,
        invoice_id=row.pk,
        position=position,
        kind=line.kind.value,
        title=dict(line.title),
        period_start=line.period.start if line.period else None,
        period_end=line.period.end if line.period else None,
        quantity=Decimal(line.quantity),
        unit_price=line.unit_price or "",
        amount=line.amount,
        discount=line.discount,
        net=net,
        tax_code=line.tax_code,
        tax_percent=line.tax.rate,
        rule=line.rule,
        inputs=dict(line.inputs),
        formula=line.formula,
        subscription_id=UUID(line.subscription_id) if line.subscription_id else None,
        subscription_option_id=UUID(line.subscription_option_id) if line.subscription_option_id else None,
        fact=line.fact,
    )


def _taxes(row: Invoice, sums: Totals) -> list[InvoiceTax]:
    return [
        bulk.lean(
            InvoiceTax,
            invoice_id=row.pk,
            tax_percent=rate.rate,
            category=rate.category,
            base=rate.net,
            tax=rate.tax,
            mention=said_in(rate.mention, row.locale)[:200],
        )
        for rate in sums.rates
    ]


def _posting(row: Invoice, sums: Totals, now: Now) -> Posting:
    legs = [Leg(account=Account.RECEIVABLE, amount=row.gross)]
    for rate in sums.rates:
        legs.append(Leg(account=Account.REVENUE, amount=-rate.net, tax_percent=rate.rate))
        legs.append(Leg(account=Account.VAT, amount=-rate.tax, tax_percent=rate.rate))
    return Posting(
        on=now.today,
        currency=row.currency,
        legal_entity_id=row.legal_entity_id,
        subscriber_id=row.payer_id,
        legs=tuple(legs),
        links={"invoice_id": row.pk},
    )


def _number(
    asks: Sequence[Issue],
    invoices: Sequence[Invoice],
    lines: Sequence[Sequence[InvoiceLine]],
    taxes: Sequence[Sequence[InvoiceTax]],
    series: Sequence[numbering.Series],
    now: Now,
) -> None:
    """Give the numbers and chain the documents: one locked row a series, one statement for all invoices."""
    places: dict[numbering.Series, list[int]] = {}
    for at, one in enumerate(series):
        places.setdefault(one, []).append(at)
        seal_customer(invoices[at])
    heads = {}
    for block in numbering.take({one: len(found) for one, found in places.items()}, now.today):
        number, head, sequence = block.number(), block.head, block.first
        for at in places[block.series]:
            row = invoices[at]
            row.series_id, row.sequence, row.number = block.series.id, sequence, number(sequence)
            row.issued_on, row.finalized_at = block.on, now.at
            row.due_on = block.on + timedelta(days=asks[at].merchant.payment_terms_days)
            row.status = Invoice.Status.OPEN if row.gross else Invoice.Status.PAID
            row.paid_at = None if row.gross else now.at
            row.content_hash = content_hash(row, lines[at], taxes[at])
            head = row.chain_hash = link_of(row, head)
            sequence += 1
        heads[block.series.id] = head
    bulk.update(Invoice, NUMBERED, ([row.pk, *(getattr(row, name) for name in NUMBERED)] for row in invoices))
    numbering.close(heads)
