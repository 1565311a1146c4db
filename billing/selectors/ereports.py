"""Reports as lists, the API and events show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict, cast

from django.db.models import QuerySet

from billing.engine.reporting import ReportKind
from billing.models import EReport
from merchants.selectors.shapes import DayText, DecimalString, InstantText, Says, day_text, instant_text, show

KindText = Annotated[str, Says(one_of=tuple(ReportKind))]
StateText = Annotated[str, Says(one_of=tuple(EReport.State.values))]
CategoryText = Annotated[str, Says(one_of=("TLB1", "TPS1", "TNT1", "TMA1"))]


class EReportShape(TypedDict):
    """A report to the administration. `until_on`: the last day on which the platform may get it. `corrects`: it takes
    the place of an earlier one of those days. `totals`: net and VAT of sales, or the amount received, by currency."""

    id: str
    object: Annotated[str, Says(one_of=("ereport",))]
    legal_entity: str
    kind: KindText
    first_on: DayText
    last_on: DayText
    until_on: DayText
    number: int
    corrects: bool
    state: StateText
    totals: dict[str, dict[str, int]]
    warnings: list[str]
    digest: str
    platform: str
    platform_reference: str
    code: str
    message: str
    made_at: InstantText
    sent_at: InstantText | None
    settled_at: InstantText | None


class RateShape(TypedDict):
    """What is of one rate, in minor units."""

    percent: DecimalString
    net: int
    tax: int


class SalesDayShape(TypedDict):
    """The sales of a day to consumers, of one currency and category; credit notes subtract. `count`: invoices."""

    date: DayText
    currency: str
    category: CategoryText
    count: int
    net: int
    tax: int
    tax_in_euros: int
    rates: list[RateShape]


class CategoryRateShape(RateShape):
    """With the category of EN 16931."""

    category: str


class CreditedShape(TypedDict):
    """The invoice that a credit note credits."""

    number: str
    date: DayText


class SoldAbroadShape(TypedDict):
    """An invoice or credit note to a business outside France, known by a number of a scheme of ISO 6523."""

    number: str
    date: DayText
    type: Annotated[str, Says(one_of=("invoice", "credit_note"))]
    currency: str
    country: str
    scheme: str
    buyer: str
    net: int
    tax: int
    rates: list[CategoryRateShape]
    credits: CreditedShape | None


class ReceivedShape(TypedDict):
    """What was received on a day for services of one rate, with VAT, in cents; what was given back subtracts."""

    date: DayText
    percent: DecimalString
    amount: int


class PaidAbroadShape(TypedDict):
    """What was received of one invoice to a business outside France."""

    number: str
    date: DayText
    payments: list[ReceivedShape]


class LeftOutShape(TypedDict):
    """What the report does not tell, and why: `invoiced` (businesses in France: by their electronic invoices), `exempt`
    (CGI 261), `currency` (no exchange rate)."""

    why: Annotated[str, Says(one_of=("invoiced", "exempt", "currency"))]
    currency: str
    count: int
    net: int
    tax: int


class WholeEReportShape(EReportShape):
    """With all that it tells. A report of sales has `sales` and `sold_abroad`, one of receipts `receipts` and
    `paid_abroad`."""

    sales: list[SalesDayShape]
    sold_abroad: list[SoldAbroadShape]
    receipts: list[ReceivedShape]
    paid_abroad: list[PaidAbroadShape]
    left_out: list[LeftOutShape]


def reports() -> QuerySet[EReport]:
    """All reports."""
    return EReport.objects.select_related("legal_entity")


def show_ereports(rows: Sequence[EReport]) -> list[EReportShape]:
    """Without what they tell."""
    return [show_ereport(row) for row in rows]


def show_ereport(row: EReport) -> EReportShape:
    """Without what it tells."""
    return {
        "id": row.public_id,
        "object": "ereport",
        "legal_entity": show("ent", row.legal_entity_id),
        "kind": row.kind,
        "first_on": day_text(row.first_on),
        "last_on": day_text(row.last_on),
        "until_on": day_text(row.until_on),
        "number": row.number,
        "corrects": row.corrects,
        "state": row.state,
        "totals": row.totals,
        "warnings": row.warnings,
        "digest": row.content_hash,
        "platform": row.platform,
        "platform_reference": row.platform_ref,
        "code": row.code,
        "message": row.message,
        "made_at": instant_text(row.made_at),
        "sent_at": instant_text(row.sent_at),
        "settled_at": instant_text(row.settled_at),
    }


def show_whole(row: EReport) -> WholeEReportShape:
    """With all that it tells."""
    days, documents = row.content["days"], row.content["documents"]
    is_sales = row.kind == ReportKind.transactions
    return {
        **show_ereport(row),
        "sales": days if is_sales else [],
        "sold_abroad": [_sold_abroad(each) for each in documents] if is_sales else [],
        "receipts": [] if is_sales else days,
        "paid_abroad": [] if is_sales else documents,
        "left_out": row.content["left_out"],
    }


def _sold_abroad(document: dict[str, Any]) -> SoldAbroadShape:
    shown = {"credits": None, **document}
    return cast(SoldAbroadShape, shown)
