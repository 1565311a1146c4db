"""Documents that nobody wrote: made up from a number, for holding the XML to the official rules. Pure.

Amounts come about as in life: draft lines through `totals`, credit notes through `crediting`. The same number gives the
same document. `plain` is the simplest one, for examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, cast

from invoices.crediting import CreditableLine, CreditableTax, by_amount, by_lines, credit, whole
from invoices.drafts import DiscountShare, DraftLine, LineKind
from invoices.facturx.documents import Account, Document, Item, Note, Operation, Rate, Settled, Taken
from invoices.facturx.sampled_parties import Case, case_of
from invoices.paper import Means, Span
from invoices.totals import Totals, totals
from merchants.money import price_times
from subscribers.periods import Period
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate

MEANS: Sequence[Means] = ("card", "sepa", "cash", "cheque", "transfer", "terminal", "balance", "other")
NOTES = (
    Note(subject="PMD", text="Pénalités de retard : trois fois le taux de l’intérêt légal."),
    Note(subject="PMT", text="Indemnité forfaitaire pour frais de recouvrement : 40,00 €."),
    Note(subject="AAB", text="Pas d’escompte pour paiement anticipé."),
)
ACCOUNTS = (
    Account(name="Onde SAS", iban="FR7630006000011234567890189", bic="AGRIFRPP"),
    Account(name="Onde & Cie", iban="DE02120300000000202051"),
)
TITLES = (
    "Onde Hifi", "Abonnement annuel", "Onde Famille <deux> & \"trois\"", "Minutes de cabine", "", "Café \u202egratuit",
    "Cours \x00collectif\x0b", "Guide 📖 papier", "Très " + "long " * 60, "日本語", "]]> fin",
)  # fmt: skip


def plain(**changes: Any) -> Document:
    """One line of 12.00 with VAT of 20 %, sold to a consumer; with these fields instead.

    >>> plain().gross, plain(number="F-2").number
    (1200, 'F-2')
    """
    case = case_of(Random(7), "home")  # noqa: S311 - made up, not secret
    document = Document(
        kind="invoice",
        number="F-2026-000001",
        issued_on=date(2026, 11, 3),
        due_on=date(2026, 12, 3),
        currency="EUR",
        locale="fr",
        prices="inclusive",
        seller=case.seller,
        buyer=replace(case.buyer, siren="", vat_number="", business=False, country="FR", email="a@courriel.example"),
        items=(Item(title="Onde Hifi", amount=1200, net=1000, percent=Decimal(20), category="S"),),
        rates=(Rate(percent=Decimal(20), category="S", base=1000, vat=200),),
        net=1000,
        vat=200,
        gross=1200,
        notes=NOTES,
    )
    return replace(document, **changes)


def made_up(seed: int) -> Document:
    """The document of a number: an invoice, or (one in four) a credit note on one.

    >>> made_up(3) == made_up(3), made_up(3) == made_up(4)
    (True, False)
    """
    chance = Random(seed)  # noqa: S311 - made up, not secret
    while True:  # a draw that comes to nothing is no credit note
        invoice = _invoice(chance, seed)
        if chance.random() < 0.75:
            return _settle(invoice, chance)
        if invoice.gross:
            return _credit_note(invoice, chance)


def _invoice(chance: Random, seed: int) -> Document:
    case = case_of(chance)
    currency = chance.choice(("EUR",) * 12 + case.currencies)
    behavior = chance.choice((TaxBehavior.inclusive, TaxBehavior.exclusive))
    lines = _lines(case, currency, chance)
    summed = totals(lines, behavior)
    issued = date(2024, 1, 1) + timedelta(days=chance.randrange(1_500))
    return Document(
        kind="invoice",
        number=f"F-{issued.year}/{seed:06}",
        issued_on=issued,
        due_on=issued + timedelta(days=chance.choice((0, 0, 14, 30, 45))),
        currency=currency,
        locale=chance.choice(("fr", "en")),
        prices="inclusive" if behavior is TaxBehavior.inclusive else "exclusive",
        seller=case.seller,
        buyer=case.buyer,
        items=tuple(_item(line, net) for line, net in zip(lines, summed.line_nets, strict=True)),
        rates=tuple(_rates(summed, chance)),
        net=summed.net,
        vat=summed.tax,
        gross=summed.gross,
        operation=cast(Operation, chance.choice(case.operations)),
        on_debits=chance.choice((None, True, False)),
        period=_span(issued, chance),
        account=chance.choice((None, None, *ACCOUNTS)),
        notes=NOTES,
        practice=chance.random() < 0.1,
    )


def _lines(case: Case, currency: str, chance: Random) -> list[DraftLine]:
    return [_line(chance.choice(case.rates), currency, chance) for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 12)))]


def _line(rate: TaxRate, currency: str, chance: Random) -> DraftLine:
    unit = chance.choice((
        str(chance.randrange(1, 200)), f"{chance.randrange(20_000) / 100:.2f}", f"0.{chance.randrange(1, 10**6):06}",
        "0", f"{chance.randrange(1, 10**4)}.99",
    ))  # fmt: skip
    quantity: int | Decimal = chance.choice((
        1, 1, 1, chance.randrange(2, 50), chance.randrange(1_000, 10**6), Decimal(chance.randrange(1, 99_999)) / 1_000,
        Decimal(chance.randrange(1, 10**9)) / 10**6,
    ))  # fmt: skip
    amount = price_times(Fraction(unit), quantity, currency)
    amount = max(amount * chance.randrange(1, 31) // 31, 0) if chance.random() < 0.2 else amount
    start = date(2026, chance.randrange(1, 13), chance.randrange(1, 29))
    period = Period(start, start + timedelta(days=chance.randrange(1, 400))) if chance.random() < 0.6 else None
    return DraftLine(
        kind=LineKind.charge,
        title={"fr": chance.choice(TITLES)},
        amount=amount,
        currency=currency,
        tax_code="electronic",
        tax=rate,
        rule="once",
        inputs={"currency": currency},
        formula=chance.choice(("", "29,90 € × 17 jours sur 31", "offert\x1f, au lieu de 4,00 €")),
        quantity=quantity,
        unit_price=unit,
        period=period,
        discounts=_discounts(amount, chance),
    )


def _discounts(amount: int, chance: Random) -> tuple[DiscountShare, ...]:
    shares, left = [], amount
    for code in chance.sample(("RENTREE", "AMI & CO", ""), chance.choice((0, 0, 0, 1, 2, 3))):
        percent = chance.choice((None, Decimal(10), Decimal("33.3"), Decimal(100)))
        taken = left if percent == 100 else chance.randrange(left + 1)
        shares.append(DiscountShare(coupon_id=code, code=code, amount=taken, percent=percent))
        left -= taken
    return tuple(shares)


def _item(line: DraftLine, net: int) -> Item:
    return Item(
        title=line.title["fr"],
        amount=line.amount,
        net=net,
        percent=line.tax.rate,
        category=line.tax.category,
        note=line.formula,
        quantity=Decimal(line.quantity),
        unit_price=Decimal(line.unit_price or 0),
        period=Span(line.period.start, line.period.end) if line.period else None,
        taken=tuple(
            Taken(title=share.code, amount=share.amount, percent=share.percent)
            for share in line.discounts
            if share.amount
        ),
    )


def _rates(summed: Totals, chance: Random) -> list[Rate]:
    return [
        Rate(percent=rate.rate, category=rate.category, base=rate.net, vat=rate.tax, reason=rate.mention.get("fr", ""))
        for rate in summed.rates
    ]


def _span(issued: date, chance: Random) -> Span | None:
    start = issued + timedelta(days=chance.randrange(-60, 5))
    return Span(start, start + timedelta(days=chance.choice((1, 7, 30, 365)))) if chance.random() < 0.7 else None


def _settle(invoice: Document, chance: Random) -> Document:
    """Paid by one or two means, in part, or not at all."""
    if not invoice.gross or chance.random() < 0.4:
        return invoice
    paid = invoice.gross if chance.random() < 0.7 else chance.randrange(1, invoice.gross + 1)
    first = chance.randrange(1, paid + 1)
    settled = tuple(_settled(part, chance) for part in (first, paid - first) if part)
    whole_on = invoice.issued_on + timedelta(days=chance.choice((-2, 0, 9)))
    return replace(invoice, settled=settled, paid_on=whole_on if paid == invoice.gross else None)


def _settled(amount: int, chance: Random) -> Settled:
    means = chance.choice(MEANS)
    return Settled(
        means=means,
        amount=amount,
        last4="4242" if means == "card" else "",
        mandate="TACITE-000123" if means == "sepa" else "",
        creditor="FR12ZZZ123456" if means == "sepa" and chance.random() < 0.8 else "",
    )


def _credit_note(invoice: Document, chance: Random) -> Document:
    """What takes back all of it, some lines, or an amount."""
    lines = [CreditableLine(charged=item.charged, net=item.net, percent=item.percent) for item in invoice.items]
    taxes = [
        CreditableTax(percent=rate.percent, category=rate.category, base=rate.base, tax=rate.vat)
        for rate in invoice.rates
    ]
    left, how = sum(line.left for line in lines), chance.random()
    if how < 0.4:
        asked = whole(lines, invoice.currency)
    elif how < 0.7:
        asked = by_amount(lines, chance.randrange(1, left + 1), invoice.currency)
    else:
        charged = [at for at, line in enumerate(lines) if line.left]
        given = {at: chance.randrange(1, lines[at].left + 1) for at in chance.sample(charged, 1)}
        asked = by_lines(lines, cast(dict[int, int | None], given), invoice.currency)
    made = credit(lines, taxes, asked, TaxBehavior(invoice.prices))
    reasons = {(rate.percent, rate.category): rate.reason for rate in invoice.rates}
    rates = tuple(
        Rate(
            percent=tax.percent,
            category=tax.category,
            base=tax.base,
            vat=tax.tax,
            reason=reasons[tax.percent, tax.category],
        )
        for tax in made.taxes
    )
    items = tuple(
        replace(
            invoice.items[line.at], amount=line.amount, net=line.net, quantity=Decimal(1), unit_price=None, taken=()
        )
        for line in made.lines
    )
    back = Settled(means=chance.choice(("invoice", "balance", "refund")), amount=made.gross)
    return replace(
        invoice, kind="credit_note", number=f"AV{invoice.number}", due_on=None, paid_on=None, period=None,
        items=items, rates=rates, net=made.net, vat=made.tax, gross=made.gross, settled=(back,),
        corrects=(invoice.number, invoice.issued_on), notes=(*invoice.notes, Note(subject="ACD", text="Geste")),
    )  # fmt: skip
