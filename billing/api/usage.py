"""`/usage`: what was used of metered features, told in batches; what was told, and what the running period comes to."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows.usage import MOST_RECORDS, Reported, Told, record_usage
from billing.selectors.snapshots import snapshots
from billing.selectors.usage_so_far import usage_so_far
from merchants.http.bodies import Body, Filters, several
from merchants.http.fields import Day, DecimalText, Instant, PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find, find_some
from merchants.http.views import ApiView
from merchants.ids import show
from merchants.metered import QUANTITY_DECIMALS, QUANTITY_MOST
from merchants.models import Feature
from merchants.selectors.clocks import now_for
from merchants.selectors.shapes import (
    DayText,
    DecimalString,
    InstantText,
    Says,
    Texts,
    day_text,
    decimal_string,
    instant_text,
)
from subscribers.models import Subscription, UsageRecord
from subscribers.selectors import people

LARGEST = QUANTITY_MOST - Decimal(1).scaleb(-QUANTITY_DECIMALS)


class UsageRecordBody(Body):
    """So much of a metered feature at an instant. `quantity` where quantities are summed up or the highest counts,
    `value` where each value counts once. `key` is yours: a record counts once, however often it is sent."""

    subscription = PublicId("sub")
    feature = PublicId("fea")
    quantity = DecimalText(decimals=QUANTITY_DECIMALS, least=Decimal(0), most=LARGEST, required=False)
    value = Text(max_length=200, required=False, help_text="Only a digest of it is kept")
    at = Instant()
    key = Text(max_length=200)


class UsageBody(Body):
    """A batch of records."""

    records = several(UsageRecordBody, MOST_RECORDS, allow_empty=False)


class UsageFilters(Filters):
    """Which records."""

    subscription = PublicId("sub", required=False)
    feature = PublicId("fea", required=False)
    key = Text(max_length=200, required=False)
    used_from = Day(required=False, help_text="The first day of use")
    used_until = Day(required=False, help_text="The first day after it")


class UsageRecordShape(TypedDict):
    """A record as it was taken. `used_on` is its local day, which says to which period it belongs."""

    id: str
    object: Annotated[str, Says(one_of=("usage_record",))]
    subscription: str
    feature: str
    reference: str
    quantity: DecimalString
    at: InstantText
    used_on: DayText
    key: str
    created_at: InstantText


class UsageErrorShape(TypedDict):
    """Why a record was refused: the field by its place in the batch, a stable code, and what to do."""

    field: str
    code: str
    detail: str


class UsageResultShape(TypedDict):
    """What became of a record: `id` of the one that counts, or `error`."""

    key: str
    outcome: Annotated[str, Says(one_of=("accepted", "duplicate", "refused"))]
    id: str | None
    error: UsageErrorShape | None


class UsageBatchShape(TypedDict):
    """What became of a batch, in the order in which it was sent."""

    object: Annotated[str, Says(one_of=("usage_batch",))]
    accepted: int
    duplicates: int
    refused: int
    results: list[UsageResultShape]


class UsagePeriodShape(TypedDict):
    """A period: `end` is the first day without it."""

    start: DayText
    end: DayText


class UsageSoFarShape(TypedDict):
    """One feature: how much was used, and what it comes to before discounts. `formula` says how, null at nothing."""

    feature: str
    reference: str
    title: Texts
    aggregation: Annotated[str, Says(one_of=("sum", "max", "count", "unique"))]
    quantity: DecimalString
    amount: int
    formula: str | None


class UsageSummaryShape(TypedDict):
    """The running period so far; its end bills the same."""

    object: Annotated[str, Says(one_of=("usage_summary",))]
    subscription: str
    period: UsagePeriodShape | None
    currency: str
    amount: int
    features: list[UsageSoFarShape]


def show_records(rows: list[UsageRecord]) -> list[UsageRecordShape]:
    """Records as the API shows them, with one query for what they name."""
    references = dict(Feature.objects.filter(pk__in={row.feature_id for row in rows}).values_list("pk", "reference"))
    return [
        {
            "id": row.public_id,
            "object": "usage_record",
            "subscription": show("sub", row.subscription_id),
            "feature": show("fea", row.feature_id),
            "reference": references[row.feature_id],
            "quantity": decimal_string(row.quantity),
            "at": instant_text(row.used_at),
            "used_on": day_text(row.used_on),
            "key": row.key,
            "created_at": instant_text(row.created_at),
        }
        for row in rows
    ]


def show_result(told: Told) -> UsageResultShape:
    """What became of one record."""
    error = told.error
    return {
        "key": told.key,
        "outcome": told.outcome,
        "id": show("use", told.record_id) if told.record_id else None,
        "error": {"field": error.field, "code": error.code, "detail": error.say()} if error else None,
    }


class Usage(ApiView):
    """Records of use."""

    scopes = {"GET": "usage:read", "POST": "usage:write"}

    @operation("List usage records", answer=UsageRecordShape, page=True, filters=UsageFilters)
    def get(self, request: Request) -> Response:
        """Newest first, as they were taken."""
        rows = people.on_shown_clocks(UsageRecord.objects.all(), "subscription__test_clock")
        given = self.filters
        if "subscription" in given:
            shown = people.on_shown_clocks(Subscription.objects.all())
            rows = rows.filter(subscription=find(shown, given["subscription"], field="subscription"))
        if "feature" in given:
            rows = rows.filter(feature=find(Feature.objects.all(), given["feature"], field="feature"))
        named = {"key": "key", "used_from": "used_on__gte", "used_until": "used_on__lt"}
        rows = rows.filter(**{column: given[name] for name, column in named.items() if name in given})
        return self.page(rows, show_records)

    @operation("Record usage", answer=UsageBatchShape, body=UsageBody)
    def post(self, request: Request) -> Response:
        """Up to 1,000 records. Each is answered in its place: `accepted`, `duplicate` (the same record under its `key`
        counts already) or `refused`, with the field and why; what is refused leaves the others as they are. A body that
        is not well formed is refused whole (422)."""
        sent: list[dict[str, Any]] = self.body["records"]
        shown = people.on_shown_clocks(Subscription.objects.all())
        subscriptions = find_some(shown, [each["subscription"] for each in sent])
        features = find_some(Feature.objects.all(), [each["feature"] for each in sent])
        records = [
            Reported(
                subscription=row.pk if (row := subscriptions.get(each["subscription"])) else None,
                feature=feature.pk if (feature := features.get(each["feature"])) else None,
                at=each["at"],
                key=each["key"],
                quantity=each.get("quantity"),
                value=each.get("value", ""),
            )
            for each in sent
        ]
        told = record_usage(merchant_id=self.merchant.pk, records=records, actor=self.actor)
        outcomes = [one.outcome for one in told]
        answer: UsageBatchShape = {
            "object": "usage_batch",
            "accepted": outcomes.count("accepted"),
            "duplicates": outcomes.count("duplicate"),
            "refused": outcomes.count("refused"),
            "results": [show_result(one) for one in told],
        }
        return Response(answer)


class UsageSummary(ApiView):
    """The running period of a subscription."""

    scopes = {"GET": "usage:read"}

    @operation("Read the usage of the running period", answer=UsageSummaryShape)
    def get(self, request: Request, subscription: str) -> Response:
        """How much of each metered feature so far, and what it comes to before discounts: what its end will bill."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        now = now_for(self.merchant, row.test_clock_id)
        picture = snapshots([row], self.merchant)[row.pk]
        period, features = picture.current_period, usage_so_far({row.pk: picture}, now.today).get(row.pk, ())
        answer: UsageSummaryShape = {
            "object": "usage_summary",
            "subscription": row.public_id,
            "period": {"start": day_text(period.start), "end": day_text(period.end)} if period else None,
            "currency": row.currency,
            "amount": sum(one.amount for one in features),
            "features": [
                {
                    "feature": one.feature.public_id,
                    "reference": one.feature.reference,
                    "title": one.feature.title,
                    "aggregation": one.feature.aggregation,
                    "quantity": decimal_string(one.quantity),
                    "amount": one.amount,
                    "formula": one.line.formula if one.line else None,
                }
                for one in features
            ],
        }
        return Response(answer)
