"""`/subscriptions/{id}/withdraw`: within fourteen days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.bodies import WithdrawBody
from billing.api.subscribing import credit_previewed
from billing.flows import withdraw
from billing.flows.withdraw import Withdrawing
from billing.selectors.answers import SubscriptionShape, subscriptions_shown
from billing.selectors.leaving_answers import WithdrawPreviewShape
from billing.shapes import quote_line
from merchants.http.operations import operation
from merchants.http.views import ApiView
from merchants.selectors.clocks import now_for
from subscribers.models import Subscription
from subscribers.selectors import people


def _asked(body: Mapping[str, Any]) -> Withdrawing:
    return Withdrawing(credit=body.get("credit"), to=body.get("to", "refund"), reason=body.get("reason", ""))


class Withdraw(ApiView):
    """Withdrawing."""

    scopes = {"POST": "subscriptions:write"}

    @operation("Withdraw from a subscription", answer=SubscriptionShape, body=WithdrawBody)
    def post(self, request: Request, subscription: str) -> Response:
        """A consumer's right within 14 days of the contract, counted from the day after it; a last day that is no
        working day is moved to the next. It ends at once, commitment or not, and what was paid goes back, all of it or
        what was not had. 409 `withdrawal_over` (cancel it instead), `withdrawal_for_consumers`."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        done = withdraw.withdraw(
            merchant_id=self.merchant.pk, subscription_id=row.pk, asked=_asked(self.body), actor=self.actor
        )
        return Response(subscriptions_shown([done])[0])


class PreviewWithdraw(ApiView):
    """What withdrawing would do."""

    scopes = {"POST": "subscriptions:read"}

    @operation("Preview a withdrawal", answer=WithdrawPreviewShape, body=WithdrawBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act, the sums that it would give back; nothing is changed."""
        row = self.find(people.on_shown_clocks(Subscription.objects.select_related("offer_version")), subscription)
        now = now_for(self.merchant, row.test_clock_id)
        seen = withdraw.foresee(row, _asked(self.body), merchant=self.merchant, now=now)
        shown: WithdrawPreviewShape = {
            "object": "withdraw_preview",
            "subscription": row.public_id,
            "last_day": seen.last_day.isoformat(),
            "credit": seen.credit,
            "currency": row.currency,
            "amount_due": seen.amount_due,
            "amount_credited": sum(back.plan.credit.gross for back in seen.backs),
            "amount_refunded": sum(back.plan.to_refund for back in seen.backs),
            "lines": cast(Any, [quote_line(line) for draft in seen.documents for line in draft.lines]),
            "credits": [credit_previewed(back.invoice, back.plan) for back in seen.backs],
        }
        return Response(shown)
