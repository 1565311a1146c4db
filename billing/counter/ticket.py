"""The ticket beside an enrolment: lines, sum, VAT, what comes later, and which coins and notes are probably given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.counter.enrol_form import place_of, read_walkin, said
from billing.counter.frame import Counter
from billing.counter.to_sign import Papers, papers_for
from billing.engine.quoting import Later
from billing.flows import enrol as enrolling
from billing.flows.enrol import LATER, MEANS, Walkin
from billing.flows.enrol_papers import to_sign
from billing.flows.purchase import issuing_entity
from billing.flows.subscribe import Previewed
from invoices.drafts import DraftLine
from invoices.totals import totals
from merchants.iban import check_iban
from merchants.languages import said_in
from merchants.money import exponent
from merchants.refusals import Invalid, Refusal
from merchants.wording import long_date_text, short_date_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the ticket, in minor units."""

    title: str
    note: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a seller reads. `later` is asked for when `later_words` say; `change` is given back; `errors` by field;
    `bank` and `holder` are of the account to be debited; `papers` are to be signed, None where nothing is."""

    rows: Sequence[Row] = ()
    due: int | None = None
    tax: int = 0
    currency: str = "EUR"
    later: int | None = None
    later_words: str = ""
    tenders: Sequence[int] = ()
    tendered: int | None = None
    change: int | None = None
    refused: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    bank: str = ""
    holder: str = ""
    papers: Papers | None = None


def ticket_of(counter: Counter, sent: QueryDict) -> Ticket:
    """The ticket of what is chosen so far: empty where no offer is, with the refusal's words where it cannot be had."""
    if not sent.get("offer"):
        return Ticket(currency=counter.merchant.currency)
    try:
        walkin = read_walkin(counter, sent, seen=0)
        seen = enrolling.preview(merchant_id=counter.merchant.pk, walkin=walkin, place=place_of(counter))
    except Invalid as refusal:
        return Ticket(currency=counter.merchant.currency, errors=said(refusal))
    except Refusal as refusal:
        return Ticket(currency=counter.merchant.currency, refused=refusal.say(_))
    currency = seen.opened.offer.currency
    later = next((one for one in seen.later if one.gross), None)
    cash = sent.get("means") == "cash"
    bank, papers, errors = _to_sign(counter, walkin, seen)
    return Ticket(
        bank=bank,
        holder=walkin.account.holder if walkin.account else "",
        papers=papers,
        errors=errors,
        rows=_rows(seen, counter.now.today),
        due=seen.due,
        tax=sum(totals(draft.lines, draft.tax_behavior).tax for draft in seen.documents),
        currency=currency,
        later=later.gross if later else None,
        later_words=_rhythm(later, counter.now.today) if later else "",
        tenders=tenders(seen.due, currency) if cash and seen.due else (),
        tendered=walkin.tendered,
        change=walkin.tendered - seen.due if walkin.tendered is not None and walkin.tendered >= seen.due else None,
    )


def _to_sign(counter: Counter, walkin: Walkin, seen: Previewed) -> tuple[str, Papers | None, dict[str, str]]:
    """The bank of the account that was typed, what is to be signed, and what is wrong with the account."""
    bank = ""
    if not to_sign(issuing_entity(), means=walkin.means, later=walkin.later):
        return bank, None, {}
    if walkin.later not in LATER or (seen.due and walkin.means not in MEANS):
        return bank, Papers(locale="", unsigned=()), {}
    if walkin.account is not None:
        if not walkin.account.iban.strip():
            return bank, Papers(locale="", unsigned=()), {}
        try:
            bank = check_iban(walkin.account.iban).bank
        except Invalid as refusal:
            return bank, Papers(locale="", unsigned=()), said(refusal)
    return bank, papers_for(counter, walkin, seen), {}


def tenders(due: int, currency: str) -> list[int]:
    """What is probably handed over for a sum in minor units: exactly it, or the next round sums above.

    >>> tenders(44_80, "EUR"), tenders(20_00, "EUR"), tenders(69_90, "EUR")
    ([4480, 4500, 5000], [2000, 5000, 10000], [6990, 7000, 8000])
    """
    unit = 10 ** exponent(currency)
    found = [due]
    for note in (1, 5, 10, 20, 50, 100):
        above = -(-due // (note * unit)) * note * unit
        if above > found[-1] and (note >= 5 or above % (5 * unit) == 0):
            found.append(above)
    return found[:3]


def _rows(seen: Previewed, today: date) -> list[Row]:
    rows = []
    for draft in seen.documents:
        for line in draft.lines:
            rows.append(Row(title=said_in(line.title, _language()), note=_span(line, today), amount=line.amount))
            for share in line.discounts:
                rows.append(Row(title=share.code, note="", amount=-share.amount))
    return rows


def _rhythm(later: Later, today: date) -> str:
    """When it is asked for: `on the 3rd of each month` where it goes on so, else the first day."""
    if later.times is None and later.interval.key == ("month", 1):
        return _("each month on day %(day)s") % {"day": later.from_on.day}
    return _("on %(day)s") % {"day": long_date_text(later.from_on, _language(), today=today)}


def _span(line: DraftLine, today: date) -> str:
    if line.period is None:
        return ""
    last = line.period.end - timedelta(days=1)
    first = short_date_text(line.period.start, _language(), today=today)
    return f"{first} – {short_date_text(last, _language(), today=today)}"


def _language() -> str:
    return get_language() or "en"
