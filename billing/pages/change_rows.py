"""What a change would do, as rows that a dialog shows: each line with its formula, the sum that is asked for or goes to
the balance, what comes later, what ends, which features change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from billing.engine.quoting import Later
from billing.flows.change import Foreseen
from billing.flows.giving_back import Back
from billing.wording import later_words
from invoices.calculations import computes
from invoices.calculations import say as say_line
from invoices.credit_formulas import say as say_credit
from invoices.drafts import DraftInvoice, DraftLine
from invoices.services.balances import balance_of, owed_by
from invoices.totals import totals
from merchants.languages import said_in
from merchants.models import Feature
from merchants.wording import amount_text, number_text
from subscribers.models import Subscription
from subscribers.snapshots import GrantSnapshot, SubscriptionSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the ledger that a dialog shows; amounts in minor units."""

    label: str
    amount: int
    note: str = ""
    formula: str = ""
    kind: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Becomes:
    """A feature that is another after the change; `less`: it is worth less."""

    name: str
    before: str
    after: str
    less: bool = False


def money_rows(seen: Foreseen, row: Subscription, language: str) -> list[Row]:
    """The documents of the change line by line, then what is left to pay, or stays on the balance. Needs the tenant's
    scope; three queries."""
    billed = sum(totals(draft.lines, draft.tax_behavior).gross for draft in seen.documents)
    rows = [*document_rows(seen.documents, row, language), *credit_rows(seen.backs, row, language)]
    credited = sum(back.plan.credit.gross for back in seen.backs)
    settled = sum(back.plan.to_invoice for back in seen.backs)
    if settled:
        rows.append(Row(label=_("Of it, taken off what is owed"), amount=settled))
    to_balance = credited - settled
    rows += [_line(line, language) for line in seen.held]
    if seen.held:
        waiting = totals(seen.held, seen.after.offer.tax_behavior)
        note = _vat(waiting.tax, row, language)
        rows.append(Row(label=_("On the next invoice"), amount=waiting.gross, kind="sum", note=note))
    if seen.when != "now":
        return [*rows, Row(label=_("To pay then"), amount=billed, kind="total")]
    held = balance_of(row.payer_id, row.currency)
    free = max(0, held + to_balance - max(0, owed_by(row.payer_id, row.currency) - settled))
    used = min(billed, free)
    if used > to_balance:
        rows.append(Row(label=_("From the balance"), amount=to_balance - used))
    rows.append(Row(label=_("To pay now"), amount=billed - used, kind="total"))
    if free - used:
        rows.append(Row(label=_("Stays on the balance"), amount=free - used))
    return rows


def gift_rows(seen: Foreseen, before: SubscriptionSnapshot, language: str) -> list[Row]:
    """What is given: at 0, with what a period of it would have cost; and what the gift comes to where it ends."""
    held, rows = {one.id for one in before.options}, []
    for one in seen.after.options:
        if one.complimentary and one.id not in held:
            price = one.price(seen.after.stage.interval)
            inputs = {"currency": seen.after.offer.currency, "instead_of": (price or 0) * one.quantity}
            said = say_line("complimentary", {**inputs, "unit_amount": price or 0}, amount=0, language=language)
            title = said_in(one.title, language) or one.reference
            label = f"{title} × {one.quantity}" if one.quantity > 1 else title
            rows.append(Row(label=label, amount=0, formula=said))
    if rows and seen.worth is not None and seen.worth.cost:
        worth = amount_text(seen.worth.cost, seen.after.offer.currency, language)
        rows.append(Row(label=_("Worth in all"), amount=0, text=worth))
    return rows


def document_rows(documents: Iterable[DraftInvoice], row: Subscription, language: str) -> list[Row]:
    """Invoices to be, line by line, each with its sum."""
    rows: list[Row] = []
    for draft in documents:
        rows += [_line(line, language) for line in draft.lines]
        summed = totals(draft.lines, draft.tax_behavior)
        rows.append(Row(label=_("Invoice"), amount=summed.gross, kind="sum", note=_vat(summed.tax, row, language)))
    return rows


def credit_rows(backs: Iterable[Back], row: Subscription, language: str) -> list[Row]:
    """Credit notes to be, line by line, each with its sum; amounts below zero."""
    rows: list[Row] = []
    for back in backs:
        rows += [
            Row(
                label=_("Given back: %(what)s") % {"what": said_in(back.plan.lines[line.at].title, language)},
                amount=-line.amount,
                formula=say_credit(line.rule, line.inputs, amount=line.amount, language=language),
            )
            for line in back.plan.credit.lines
        ]
        note = _vat(back.plan.credit.tax, row, language)
        label = _("Credit note on %(number)s") % {"number": back.invoice.number}
        rows.append(Row(label=label, amount=-back.plan.credit.gross, kind="sum", note=note))
    return rows


def _line(line: DraftLine, language: str) -> Row:
    told = computes(line.inputs) or line.rule in ("complimentary", "free", "restored")
    formula = say_line(line.rule, line.inputs, amount=line.amount, language=language) if told else ""
    return Row(label=said_in(line.title, language), amount=line.charged, formula=formula)


def _vat(tax: int, row: Subscription, language: str) -> str:
    return _("of which VAT %(amount)s") % {"amount": amount_text(tax, row.currency, language)} if tax else ""


def later_rows(later: Iterable[Later], currency: str, language: str) -> list[tuple[date, str, int]]:
    """The charges that follow: the day, how often, how much."""
    said = ((one.from_on, later_words(one, currency, language), one.gross) for one in later)
    return [(on, words[:1].upper() + words[1:], gross) for on, words, gross in said]


def ended_titles(seen: Foreseen, language: str) -> list[str]:
    """The options that end with the change."""
    titles = {one.id: said_in(one.title, language) or one.reference for one in seen.after.options}
    return [titles[id_] for id_ in seen.ended_options if id_ in titles]


def feature_rows(before: SubscriptionSnapshot, after: SubscriptionSnapshot, day: date, language: str) -> list[Becomes]:
    """What this subscription opens that it did not, or no longer does, by its offer and its options. One query."""
    old, new = _opened(before, day), _opened(after, day)
    changed = [name for name in {**old, **new} if _worth(old.get(name)) != _worth(new.get(name))]
    titles = dict(Feature.objects.filter(reference__in=changed).values_list("reference", "title"))
    return [
        Becomes(
            name=said_in(titles.get(name, {}), language) or name,
            before=_said(old.get(name), language),
            after=_said(new.get(name), language),
            less=_worth(new.get(name)) < _worth(old.get(name)),
        )
        for name in changed
    ]


def _opened(snapshot: SubscriptionSnapshot, day: date) -> dict[str, GrantSnapshot]:
    """The best of what its stage and options grant (domain 17), as far as this subscription alone goes."""
    granted = [*snapshot.stage.features]
    adding: list[GrantSnapshot] = []
    for option in snapshot.options:
        if option.lives(day):
            for grant in option.grants:
                (adding if option.adds and grant.quota is not None else granted).append(grant)
    best: dict[str, GrantSnapshot] = {}
    for grant in granted:
        held = best.get(grant.feature)
        if held is None or _worth(grant) > _worth(held):
            best[grant.feature] = grant
    for grant in adding:
        held = best.get(grant.feature)
        if held is None:
            best[grant.feature] = grant
        elif held.quota is not None and grant.quota is not None:
            best[grant.feature] = replace(held, quota=held.quota + grant.quota)
    return best


def _worth(grant: GrantSnapshot | None) -> tuple[bool, float]:
    if grant is None or not grant.on:
        return (False, 0)
    if grant.kind == "quota":
        return (True, float("inf") if grant.quota is None else grant.quota)
    return (True, grant.rank or 0)


def _said(grant: GrantSnapshot | None, language: str) -> str:
    if grant is None or not grant.on:
        return _("no")
    if grant.kind == "quota":
        return _("no limit") if grant.quota is None else number_text(grant.quota, language)
    return grant.level or _("yes")
