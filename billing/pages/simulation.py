"""The simulator of the offer editor: who buys on a day pays… Computed from the terms as they stand, nothing written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.engine.quoting import QuoteDraft, quote
from billing.engine.schedule import walk
from invoices.drafts import DraftLine
from invoices.totals import totals
from merchants import ids
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.languages import said_in
from merchants.models import LegalEntity
from merchants.refusals import Refusal
from merchants.terms import OfferTerms
from merchants.terms_text import read_terms
from merchants.wording import amount_text
from subscribers.periods import Alignment, Anchor, Interval, Unit
from subscribers.selectors.pictures import WantedOption, newest_option_versions, option_pictures
from subscribers.selectors.taxing import tax_profile
from subscribers.snapshots import (
    Billing,
    Commitment,
    OfferSnapshot,
    OptionSnapshot,
    PurchaseSnapshot,
    StageSnapshot,
    TaxBehavior,
)

DRAFT = "draft"
MOST = 8
"""Charges that are shown."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One charge: when, for what, how much (minor units, tax included)."""

    on: date
    words: str
    amount: int


def offer_of(terms: OfferTerms) -> OfferSnapshot:
    """Terms that are no version yet, as the engine reads offers. Features play no part in prices."""
    units = {stage.interval for stage in terms.stages}
    yearly = "year" in units and "month" not in units
    return OfferSnapshot(
        version_id=DRAFT,
        offer_id=DRAFT,
        reference=DRAFT,
        title=dict(terms.title),
        currency=terms.currency,
        tax_behavior=TaxBehavior(terms.tax_behavior),
        tax_code=terms.tax_code,
        stages=tuple(
            StageSnapshot(
                position=position,
                interval=Interval(Unit(stage.interval), stage.interval_count),
                amount=stage.amount,
                recurrences=stage.recurrences,
                billing=Billing(stage.billing),
                label=dict(stage.label),
            )
            for position, stage in enumerate(terms.stages)
        ),
        alignment=Alignment(terms.alignment),
        calendar_anchor=Anchor(day=terms.billing_day or 1, month=1 if yearly else None),
        setup_amount=terms.setup_amount,
        commitment=Commitment(
            intervals=terms.commitment_intervals,
            notice_days=terms.notice_days,
            notice_months=terms.notice_months,
            early_end=terms.early_end,
        )
        if terms.commitment_intervals or terms.notice_days or terms.notice_months
        else None,
    )


def simulated(terms: OfferTerms, options: tuple[OptionSnapshot, ...], *, on: date, zone: str) -> QuoteDraft:
    """The quote of who buys on a day, taxed as the default legal entity taxes at home. Raises Refusals."""
    entity = LegalEntity.objects.order_by("-is_default", "id").first()
    if entity is None:
        entity = LegalEntity(vat_exempt=True, country="FR")
    purchase = PurchaseSnapshot(offer=offer_of(terms), tax=tax_profile(entity), zone=zone, options=options)
    return quote(purchase, today=on)


def rows_of(draft: QuoteDraft, language: str) -> list[Row]:
    """The first charges, each on its own day: the months have the lengths that they have."""
    rows = [Row(on=draft.start_on, words=_words(draft.lines, language), amount=draft.due)]
    for step in walk(draft.opened):
        if step.drafted is None:
            continue
        gross = totals(step.drafted.lines, step.drafted.tax_behavior).gross
        rows.append(Row(on=step.on, words=_words(step.drafted.lines, language), amount=gross))
        if len(rows) == MOST:
            break
    return rows


def _words(lines: tuple[DraftLine, ...], language: str) -> str:
    if len(lines) == 1:
        return said_in(lines[0].title, language)
    return ", ".join(
        f"{said_in(line.title, language)} {amount_text(line.charged, line.currency, language)}" for line in lines
    )


@office_page(permission="see_catalogue")
def offer_simulation(request: OfficeRequest) -> HttpResponse:
    """The rows for `draft` (terms as text), `buys_on` and perhaps an `option`; what is wrong is said in their place."""
    context: dict[str, object] = {}
    try:
        terms = read_terms(request.GET.get("draft", ""))
        draft = simulated(
            terms,
            _options(request.GET.get("option", "")),
            on=_day(request.GET.get("buys_on", "")) or request.office.now.today,
            zone=request.office.merchant.timezone,
        )
        context = {"rows": rows_of(draft, get_language() or "en"), "currency": draft.currency}
    except Refusal as refusal:
        said = [error.say(_) for error in refusal.errors] or [refusal.say(_)]
        context = {"problems": said}
    return office_render(request, "billing/simulation.html", context)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2150 else None


def _options(shown: str) -> tuple[OptionSnapshot, ...]:
    key = ids.read("opt", shown)
    newest = newest_option_versions([key]) if key else {}
    return option_pictures([WantedOption(id=ids.new_id(), version_id=version) for version in newest.values()])
