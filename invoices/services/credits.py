"""Credit notes: the only correction of a finalised invoice, and where the money it gives back goes (domain 18, 20).

It first settles what is owed on its own invoice; the rest goes to the payer's balance, or back to the means that paid,
never above what was captured there. `plan` says all of that and writes nothing: previews and the act itself are one
calculation.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from invoices import shapes
from invoices.crediting import Credit
from invoices.models import (
    Allocation,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    DocumentFile,
    Invoice,
    Payment,
    Refund,
)
from invoices.selectors.affected import people_of
from invoices.services import balances, numbering
from invoices.services.chain import link_of
from invoices.services.content import content_hash, seal_customer
from invoices.services.credit_plans import Plan, To, Wanted, creditable_lines, plan
from invoices.services.issuing import issuer
from invoices.services.legal_lines import credit_lines
from invoices.services.posting import Account, Leg, Posting, post
from invoices.services.settlement import follow, settled
from merchants.actors import Actor
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.tenancy.scope import current
from subscribers.services import belonging, facts


def credit_invoice(
    invoice_id: UUID,
    wanted: Wanted,
    *,
    reason: str,
    to: To = "balance",
    seen: int | None = None,
    actor: Actor,
    now: Now,
) -> CreditNote:
    """Issue a credit note on a finalised invoice. `now` is its payer's (`now_for(merchant, invoice.test_clock_id)`).
    `seen`: what was left to credit when somebody decided it, in minor units and the invoice's own terms.

    Locks payer, invoice, payments, and last the series of credit notes. Raises what `plan` raises, Invalid
    (`reason_required`), and Conflict (`credited_meanwhile`) where another amount is left than was seen.
    """
    if not reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why: it stands on the credit note."))
    payer_id = Invoice.objects.values_list("payer_id", flat=True).get(id=invoice_id)
    belonging.lock({payer_id} | people_of([invoice_id]))
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("legal_entity").get(id=invoice_id)
    if seen is not None and seen != sum(line.left for line in creditable_lines(invoice)[1]):
        raise Conflict(gettext_noop("The amounts have changed since this page was opened."), code="credited_meanwhile")
    if to == "refund":
        paying = Allocation.objects.filter(invoice=invoice).values("payment_id")
        list(Payment.objects.filter(id__in=paying).select_for_update(of=("self",)).order_by("id"))
    planned = plan(invoice, wanted, to=to)
    note = _note(invoice, planned, reason.strip()[:400], now)
    lines, taxes = _lines(note, planned), _taxes(note, planned.credit)
    CreditNoteLine.objects.bulk_create(lines)  # before the note itself: once it stands its lines are frozen
    CreditNoteTax.objects.bulk_create(taxes)
    DocumentFile.objects.create(credit_note_id=note.pk, created_at=now.at, next_try_at=instant())
    _give(invoice, note, planned, actor=actor, now=now)
    invoice.amount_credited += note.gross
    became = settled(invoice, now=now)
    _number(note, invoice, lines, taxes, now)
    note.save(force_insert=True)
    shown = shapes.credit_note(note, lines, taxes)
    facts.tell(payer_id, ("credit_note.created", note.pk, {"object": shown}), *became, actor=actor, now=now)
    follow([invoice], actor=actor, now=now)
    return note


def _note(invoice: Invoice, planned: Plan, reason: str, now: Now) -> CreditNote:
    """The row without its number. The issuer as it stands today, the customer as on the invoice that is corrected."""
    made = planned.credit
    merchant = Merchant.objects.get(id=current())
    return CreditNote(
        id=new_id(),
        invoice=invoice,
        legal_entity_id=invoice.legal_entity_id,
        payer_id=invoice.payer_id,
        test_clock_id=invoice.test_clock_id,
        currency=invoice.currency,
        tax_behavior=invoice.tax_behavior,
        locale=invoice.locale,
        reason=reason,
        issuer=issuer(invoice.legal_entity, merchant),
        customer=invoice.customer,
        mentions=credit_lines(invoice, planned, merchant),
        net=made.net,
        tax=made.tax,
        gross=made.gross,
        to_invoice=planned.to_invoice,
        to_balance=planned.to_balance,
        to_refund=planned.to_refund,
        created_at=now.at,
    )


def _lines(note: CreditNote, planned: Plan) -> list[CreditNoteLine]:
    return [
        CreditNoteLine(
            credit_note_id=note.pk,
            invoice_line=planned.lines[line.at],
            position=position,
            title=planned.lines[line.at].title,
            period_start=planned.lines[line.at].period_start,
            period_end=planned.lines[line.at].period_end,
            amount=line.amount,
            net=line.net,
            tax_percent=planned.lines[line.at].tax_percent,
            rule=line.rule,
            inputs=dict(line.inputs),
            formula=line.formula,
        )
        for position, line in enumerate(planned.credit.lines)
    ]


def _taxes(note: CreditNote, made: Credit) -> list[CreditNoteTax]:
    return [
        CreditNoteTax(
            credit_note_id=note.pk, tax_percent=tax.percent, category=tax.category, base=tax.base, tax=tax.tax
        )
        for tax in made.taxes
    ]


def _give(invoice: Invoice, note: CreditNote, planned: Plan, *, actor: Actor, now: Now) -> None:
    """Post it, write the balance's entry and the refunds that are owed. What goes back waits as `unallocated` of its
    payment until the provider has given it."""
    legs = [leg for tax in planned.credit.taxes for leg in _reversed(tax.percent, tax.base, tax.tax)]
    legs.append(Leg(account=Account.RECEIVABLE, amount=-planned.to_invoice, links={"invoice_id": invoice.pk}))
    if planned.to_balance:
        entry = balances.enter(
            invoice.payer_id,
            planned.to_balance,
            currency=invoice.currency,
            kind="credit_note",
            actor=actor,
            now=now,
            reason=note.reason,
            links={"credit_note_id": note.pk, "invoice_id": invoice.pk},
        )
        legs.append(Leg(account=Account.BALANCE, amount=-planned.to_balance, links={"balance_entry_id": entry.pk}))
    for back in planned.refunds:
        Refund.objects.create(
            payment=back.payment,
            credit_note_id=note.pk,
            amount=back.amount,
            currency=invoice.currency,
            reason=note.reason,
            created_at=now.at,
            next_look_at=instant(),
        )
        links = {"payment_id": back.payment.pk}
        legs.append(Leg(account=Account.UNALLOCATED, amount=-back.amount, links=links))
    posting = Posting(
        on=now.today,
        currency=invoice.currency,
        legal_entity_id=invoice.legal_entity_id,
        subscriber_id=invoice.payer_id,
        legs=tuple(legs),
        links={"credit_note_id": note.pk},
    )
    post([posting], now=now)


def _reversed(percent: Decimal, base: int, tax: int) -> tuple[Leg, Leg]:
    """One rate's revenue and VAT, taken back: debits."""
    return (
        Leg(account=Account.REVENUE, amount=base, tax_percent=percent),
        Leg(account=Account.VAT, amount=tax, tax_percent=percent),
    )


def _number(
    note: CreditNote,
    invoice: Invoice,
    lines: Sequence[CreditNoteLine],
    taxes: Sequence[CreditNoteTax],
    now: Now,
) -> None:
    """Its number and its link, from its own series, the last row that is locked; dated max(today, the series' last
    date). Its site is the invoice's."""
    place = numbering.place_of(invoice.legal_entity, "credit_note", site_id=invoice.site_id, now=now)
    series = numbering.series_for({place: invoice.legal_entity})[place]
    (block,) = numbering.take({series: 1}, now.today)
    note.series_id, note.sequence, note.number = series.id, block.first, block.number()(block.first)
    note.issued_on = block.on
    seal_customer(note)
    note.content_hash = content_hash(note, lines, taxes)
    note.chain_hash = link_of(note, block.head)
    numbering.close({series.id: note.chain_hash})
