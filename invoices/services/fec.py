"""The file of accounting entries of a legal entity, as a stream: the ledger, posting by posting, in the law's columns.

What it holds is what Tacite's ledger knows: sales, credit notes, receipts, refunds, balances. Purchases, salaries, what
the bank has paid out and the opening balances are the accountant's, who takes these entries into the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from invoices import fec as columns
from invoices.chart import Chart
from invoices.fec import Entry, FecLeg, file_name
from invoices.selectors import entries
from invoices.selectors.charts import chart_of_entity
from invoices.selectors.entries import START, Leg, Span, Told
from merchants.ids import show
from merchants.models import LegalEntity, Merchant
from merchants.refusals import Conflict, Invalid, NotFound, gettext_noop
from merchants.tenancy.scope import current, tenant

LONGEST = 731
"""Days of one file: a fiscal year has twelve months, a first one up to twenty-four."""
WITH_PARTY = frozenset({"receivable", "balance"})
"""Accounts in which each customer has an account of their own."""

MONEY = frozenset({"provider", "cash", "cheques", "bank", "terminal"})
"""Accounts in which money lies."""

MEANS = {
    "card": "carte",
    "sepa_debit": "prélèvement",
    "cash": "espèces",
    "cheque": "chèque",
    "transfer": "virement",
    "terminal": "terminal",
}
MOVEMENTS = {"adjustment": "Geste sur le compte client", "used": "Compte client utilisé"}


def fec(entity_id: UUID, *, first: date, last: date, merchant_id: UUID | None = None) -> Iterator[bytes]:
    """The file's bytes, piece by piece: its header, then the entries of `first` to `last`, both included. They are
    numbered from the beginning of the fiscal year of `first`.

    Called inside a tenant's scope, or with `merchant_id`; the pieces open scopes of their own, so that a slow reader
    holds no transaction. Raises at once: NotFound; Invalid (`period_backwards`, `period_too_long`); Conflict
    (`exchange_rate_missing`, naming the currency: the file is in euros).
    """
    owner = merchant_id or current()
    with tenant(owner):
        if not LegalEntity.objects.filter(id=entity_id).exists():
            raise NotFound
        practice = Merchant.objects.get(id=owner).is_sandbox
        chart, span = chart_of_entity(entity_id), Span(entity_id, first, last)
        check(span, chart)
        begins = entries.count_before(span, chart.year_of(first)[0]) + 1
    return _pieces(owner, span, chart, begins, practice=practice)


def check(span: Span, chart: Chart) -> None:
    """Whether a file can be made of these entries. Raises Invalid, Conflict."""
    if span.last < span.first:
        raise Invalid.at("last", "period_backwards", gettext_noop("It ends before it begins."))
    if (span.last - span.first).days > LONGEST:
        raise Invalid.at("last", "period_too_long", gettext_noop("A fiscal year has at most twenty-four months."))
    for currency, since, count in entries.foreign(span):
        if chart.rate(currency, since) is None:
            raise Conflict(
                gettext_noop(
                    "The file of accounting entries is in euros: %(count)s entries are in %(currency)s, the first on"
                    " %(day)s, and there is no exchange rate for that day."
                ),
                code="exchange_rate_missing",
                way_out=gettext_noop("Give the rate in Settings, Accounting."),
                params={"count": count, "currency": currency, "day": since.isoformat()},
            )


def named(entity_id: UUID, *, last: date) -> str:
    """What the file is called that ends on `last`. Needs the tenant's scope. Raises NotFound, Conflict
    (`siren_missing`)."""
    entity = LegalEntity.objects.filter(id=entity_id).first()
    if entity is None:
        raise NotFound
    if not entity.siren:
        raise Conflict(
            gettext_noop("The name of the file begins with the company's SIREN, and it has none here."),
            code="siren_missing",
            way_out=gettext_noop("Give it in Settings, Companies and taxes."),
        )
    return file_name(entity.siren, last, practice=Merchant.objects.get(id=current()).is_sandbox)


def numbered_from(entity_id: UUID, *, first: date) -> int:
    """The number of the first entry of a file that begins on `first`. Needs the tenant's scope."""
    chart, span = chart_of_entity(entity_id), Span(entity_id, first, first)
    return entries.count_before(span, chart.year_of(first)[0]) + 1


def _pieces(owner: UUID, span: Span, chart: Chart, begins: int, *, practice: bool) -> Iterator[bytes]:
    yield columns.header()
    after, number = START, begins
    while True:
        with tenant(owner):
            postings = entries.chunk(span, after)
            found = entries.told(postings, last=span.last) if postings else None
        if found is None:
            return
        piece = bytearray()
        for posting in postings:
            for line in columns.lines(entry_of(posting, found, number, chart), chart, practice=practice):
                piece += line
            number += 1
        yield bytes(piece)
        after = (postings[-1][0].posted_on, postings[-1][0].posting_id)


def entry_of(posting: Sequence[Leg], found: Told, number: int, chart: Chart) -> Entry:
    """One posting as an entry: its journal, its document and label by what it links, its legs."""
    journal, reference, on, label = _told(posting, found)
    leg = posting[0]
    who = found.parties.get(leg.subscriber_id, ("", "")) if leg.subscriber_id else ("", "")
    return Entry(
        number=number,
        on=leg.posted_on,
        journal=journal,
        reference=reference,
        referenced_on=on,
        label=f"{label} - {who[1]}" if who[1] else label,
        currency=leg.currency,
        legs=[
            *_sales(posting, found, chart),
            *(_leg(each, found, who) for each in posting if each.account != "revenue"),
        ],
    )


def _told(posting: Sequence[Leg], found: Told) -> tuple[str, str, date, str]:
    """Journal, document, its date, and words."""
    leg = posting[0]
    on = leg.posted_on
    about = next((found.invoices[each.invoice_id].number for each in posting if each.invoice_id), None)
    if leg.refund_id:
        return _money(posting), show("re", leg.refund_id), on, f"Remboursement par {_means(leg, found)}"
    if leg.credit_note_id:
        note = found.notes[leg.credit_note_id]
        return "credits", note.number, note.issued_on, f"Avoir {note.number}"
    if leg.payment_id:
        payment = found.payments[leg.payment_id]
        taken_back = sum(each.amount for each in posting if each.account in MONEY) < 0
        words = f"{'Annulation du règlement' if taken_back else 'Règlement'} par {_means(leg, found)}"
        words = f"{words} de {about}" if about else words if taken_back else f"{words}, à rendre"
        return _money(posting), show("pay", leg.payment_id), on if taken_back else payment.received_on or on, words
    if leg.balance_entry_id:
        movement = found.movements[leg.balance_entry_id]
        words = MOVEMENTS.get(movement.kind, "Compte client")
        more = f" pour {about}" if about else f" : {movement.reason}" if movement.reason else ""
        return "other", show("bal", leg.balance_entry_id), on, words + more
    if leg.invoice_id:
        invoice = found.invoices[leg.invoice_id]
        assert invoice.number is not None and invoice.issued_on is not None  # posted with its number
        return "sales", invoice.number, invoice.issued_on, f"Facture {invoice.number}"
    return "other", str(leg.posting_id), on, "Opération diverse"


def _means(leg: Leg, found: Told) -> str:
    return MEANS.get(found.payments[leg.payment_id].means, "autre moyen") if leg.payment_id else "autre moyen"


def _money(posting: Sequence[Leg]) -> str:
    """The journal of where the money lies."""
    return "cash" if any(leg.account == "cash" for leg in posting) else "bank"


def _leg(leg: Leg, found: Told, who: tuple[str, str]) -> FecLeg:
    """A leg that is told as it is. A customer's leg bears the number of the invoice that it settles, once that is
    settled; amounts in another currency are the accountant's to settle, exchange differences among them."""
    letter = None
    if leg.account == "receivable" and leg.invoice_id and leg.currency == "EUR" and leg.invoice_id in found.settled:
        letter = (found.invoices[leg.invoice_id].number or "", found.settled[leg.invoice_id])
    return FecLeg(
        account=leg.account,
        amount=leg.amount,
        percent=leg.percent,
        party=who if leg.account in WITH_PARTY and who[0] else None,
        letter=letter,
    )


def _sales(posting: Sequence[Leg], found: Told, chart: Chart) -> Iterator[FecLeg]:
    """Sales of each rate, by account: what the ledger has in one sum is told by the tax codes of the document's lines.
    Where those do not come to it, it is told as one sum."""
    by_rate: dict[Decimal, int] = defaultdict(int)
    for leg in posting:
        if leg.account == "revenue":
            by_rate[leg.percent or Decimal(0)] += leg.amount
    document_id = posting[0].credit_note_id or posting[0].invoice_id
    nets = found.nets.get(document_id, {}) if document_id else {}
    for percent, amount in by_rate.items():
        yield from _by_account(amount, percent, nets.get(percent, {}), chart)


def _by_account(amount: int, percent: Decimal, nets: Mapping[str, int], chart: Chart) -> Iterator[FecLeg]:
    sign = -1 if amount < 0 else 1
    if sum(nets.values()) != abs(amount):
        if amount:
            yield FecLeg(account="revenue", amount=amount, percent=percent)
        return
    sums: dict[str, int] = defaultdict(int)
    codes: dict[str, str] = {}
    for code, net in sorted(nets.items()):
        number = chart.of("revenue", percent=percent, tax_code=code).number
        sums[number] += net
        codes.setdefault(number, code)
    for number, net in sums.items():
        if net:
            yield FecLeg(account="revenue", amount=sign * net, percent=percent, tax_code=codes[number])
