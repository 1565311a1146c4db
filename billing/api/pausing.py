"""Actions of `/subscriptions` that stop time for a while: `suspend`, `resume`, `move_renewal`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypedDict
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.bodies import MoveRenewalBody, ResumeBody, SuspendBody, suspending
from billing.api.subscribing import DocumentPreviewShape, document_previewed
from billing.flows import move_renewal, suspend
from billing.flows.giving_back import Back
from billing.flows.move_renewal import Moving
from billing.flows.pause_asks import Resuming
from billing.flows.suspend import Foreseen
from billing.selectors.answers import SubscriptionShape, subscriptions_shown
from billing.selectors.leaving_answers import CreditPreviewShape
from invoices.drafts import DraftInvoice
from invoices.totals import totals
from merchants.http.operations import operation
from merchants.http.views import ApiView
from merchants.ids import show
from merchants.now import Now
from merchants.selectors.clocks import now_for
from merchants.selectors.shapes import DayText, Says
from subscribers.models import Subscription
from subscribers.selectors import people
from subscribers.shapes import on

WRITES, PREVIEWED = {"POST": "subscriptions:write"}, {"POST": "subscriptions:read"}


class NextChargeShape(TypedDict):
    """What is charged next: its day, and how much, tax included."""

    on: DayText
    amount: int


SuspensionPreviewShape = TypedDict(
    "SuspensionPreviewShape",
    {
        "object": Annotated[str, Says(one_of=("suspension_preview",))],
        "subscription": str,
        "from": DayText,
        "until": DayText | None,
        "days_lost": int | None,
        "compensation": Annotated[str, Says(one_of=("none", "move_renewal", "credit", "option"))],
        "option": str | None,
        "periods": int | None,
        "currency": str,
        "amount_due": int,
        "amount_credited": int,
        "documents": list[DocumentPreviewShape],
        "credits": list[CreditPreviewShape],
        "renews_on": DayText | None,
        "next_charge": NextChargeShape | None,
    },
)
"""What suspending or resuming would do. `days_lost` are paid and not had: null while nobody knows until when.
`documents` and `credits` are what is written at once, without the `option` that is given when it is over; `renews_on`
is when the period then running ends."""


class MovePreviewShape(TypedDict):
    """What moving a renewal would do: `days` more, or less where below 0."""

    object: Annotated[str, Says(one_of=("move_renewal_preview",))]
    subscription: str
    renews_on: DayText
    renewed_on: DayText
    days: int
    currency: str
    amount_due: int
    amount_credited: int
    documents: list[DocumentPreviewShape]
    credits: list[CreditPreviewShape]
    next_charge: NextChargeShape | None


def _charges(
    currency: str, documents: Iterable[DraftInvoice], backs: Iterable[Back], following: tuple[Any, int] | None
) -> Any:
    """What is written at once, and charged next."""
    documents, backs = list(documents), list(backs)
    return {
        "currency": currency,
        "amount_due": sum(totals(draft.lines, draft.tax_behavior).gross for draft in documents),
        "amount_credited": sum(back.plan.credit.gross for back in backs),
        "documents": [document_previewed(draft) for draft in documents],
        "credits": [
            {
                "invoice": back.invoice.public_id,
                "total": back.plan.credit.gross,
                "to_invoice": back.plan.to_invoice,
                "to_balance": back.plan.to_balance,
                "to_refund": back.plan.to_refund,
            }
            for back in backs
        ],
        "next_charge": {"on": on(following[0]), "amount": following[1]} if following else None,
    }


def _suspension(row: Subscription, seen: Foreseen) -> Any:
    return {
        "object": "suspension_preview",
        "subscription": row.public_id,
        "from": on(seen.from_on),
        "until": on(seen.until_on),
        "days_lost": seen.days_lost,
        "compensation": seen.makes_good.value,
        "option": show("opt", UUID(seen.gift["option"])) if seen.gift else None,
        "periods": seen.gift["periods"] if seen.gift else None,
        **_charges(row.currency, seen.documents, seen.backs, seen.next_charge),
        "renews_on": on(seen.renews_on),
    }


def _moving(body: Mapping[str, Any]) -> Moving:
    return Moving(
        on=body["date"],
        added_days=body.get("added_days", "free"),
        to=body.get("to", "balance"),
        reason=body.get("reason", ""),
    )


class _One(ApiView):
    """One subscription."""

    def row(self, subscription: str) -> Subscription:
        """Found."""
        return self.find(people.on_shown_clocks(Subscription.objects.select_related("offer_version")), subscription)

    def clock(self, row: Subscription) -> Now:
        """What time it is for it."""
        return now_for(self.merchant, row.test_clock_id)


class Suspend(_One):
    """Suspending."""

    scopes = WRITES

    @operation("Suspend a subscription", answer=SubscriptionShape, body=SuspendBody)
    def post(self, request: Request, subscription: str) -> Response:
        """Its features are off from that day on, and back `until` then or when it is resumed. Where billing stops no
        period is made meanwhile; then the aligned period is billed for its remaining days. 409 `already_suspended`
        where a suspension is planned or has begun; one for a debt is another matter, and neither lifts the other."""
        row = self.row(subscription)
        done = suspend.suspend(
            merchant_id=self.merchant.pk, subscription_id=row.pk, asked=suspending(self.body), actor=self.actor
        )
        return Response(subscriptions_shown([done])[0])


class PreviewSuspend(_One):
    """What suspending would do."""

    scopes = PREVIEWED

    @operation("Preview a suspension", answer=SuspensionPreviewShape, body=SuspendBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        row = self.row(subscription)
        seen = suspend.foresee(row, suspending(self.body), merchant=self.merchant, now=self.clock(row))
        return Response(_suspension(row, seen))


class Resume(_One):
    """Resuming."""

    scopes = WRITES

    @operation("Resume a subscription", answer=SubscriptionShape, body=ResumeBody)
    def post(self, request: Request, subscription: str) -> Response:
        """Ends a suspension that has begun; what was lost is made good as it said. 409 `suspended_for_debt` where only
        an unpaid invoice suspends it, `not_suspended` where nothing does."""
        row = self.row(subscription)
        asked = Resuming(on=self.body.get("on"), reason=self.body.get("reason", ""))
        done = suspend.resume(merchant_id=self.merchant.pk, subscription_id=row.pk, asked=asked, actor=self.actor)
        return Response(subscriptions_shown([done])[0])


class PreviewResume(_One):
    """What resuming would do."""

    scopes = PREVIEWED

    @operation("Preview resuming", answer=SuspensionPreviewShape, body=ResumeBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        row = self.row(subscription)
        asked = Resuming(on=self.body.get("on"), reason=self.body.get("reason", ""))
        return Response(
            _suspension(row, suspend.foresee_resume(row, asked, merchant=self.merchant, now=self.clock(row)))
        )


class MoveRenewal(_One):
    """Moving a renewal."""

    scopes = WRITES

    @operation("Move a subscription's renewal", answer=SubscriptionShape, body=MoveRenewalBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The running period ends on that day, which becomes the anchor; what is planned for its end moves along. Days
        more are a gesture or charged at once; days less are credited. 409 `nothing_changes` for the same day,
        `subscription_ending` where a cancellation comes first."""
        row = self.row(subscription)
        done = move_renewal.move_renewal(
            merchant_id=self.merchant.pk, subscription_id=row.pk, moving=_moving(self.body), actor=self.actor
        )
        return Response(subscriptions_shown([done])[0])


class PreviewMoveRenewal(_One):
    """What moving it would do."""

    scopes = PREVIEWED

    @operation("Preview a moved renewal", answer=MovePreviewShape, body=MoveRenewalBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        row = self.row(subscription)
        seen = move_renewal.foresee(row, _moving(self.body), merchant=self.merchant, now=self.clock(row))
        return Response(
            {
                "object": "move_renewal_preview",
                "subscription": row.public_id,
                "renews_on": on(seen.on),
                "renewed_on": on(seen.before),
                "days": seen.days,
                **_charges(row.currency, seen.documents, seen.backs, seen.next_charge),
            }
        )


ACTIONS: Mapping[str, type[ApiView]] = {"suspend": Suspend, "resume": Resume, "move_renewal": MoveRenewal}
PREVIEWS: Mapping[str, type[ApiView]] = {
    "suspend": PreviewSuspend,
    "resume": PreviewResume,
    "move_renewal": PreviewMoveRenewal,
}
