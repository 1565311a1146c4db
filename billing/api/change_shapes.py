"""What a change of a subscription would do, as the API shows it."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict, cast
from uuid import UUID

from billing import shapes
from billing.api.subscribing import DocumentPreviewShape, credit_previewed, document_previewed
from billing.flows.change import Foreseen
from billing.flows.purchase import told_later
from billing.selectors.answers import LaterShape, QuoteLineShape
from billing.selectors.leaving_answers import CreditPreviewShape
from merchants.ids import show
from merchants.selectors.shapes import DayText, Says
from subscribers.models import Subscription


class ChangePreviewShape(TypedDict):
    """What a change will do on `due_on`: now, or with all else that is planned for that day. Its documents, what they
    come to with tax (`amount_due`), what goes back to the balance or off what is owed (`amount_credited` on `credits`),
    what would be asked for before it is made (`paid_first`, with `only_if_paid`; 0: made at once), lines that wait for
    the next document (`invoice: next`), the subscription's options that end with it, and what is
    charged later."""

    object: Annotated[str, Says(one_of=("change_preview",))]
    subscription: str
    when: Annotated[str, Says(one_of=("now", "period_end"))]
    due_on: DayText
    offer: str
    quantity: int
    currency: str
    amount_due: int
    paid_first: int | None
    amount_credited: int
    documents: list[DocumentPreviewShape]
    credits: list[CreditPreviewShape]
    waiting: list[QuoteLineShape]
    ended_options: list[str]
    later: list[LaterShape]


def change_previewed(row: Subscription, seen: Foreseen, paid_first: int | None) -> ChangePreviewShape:
    """A preview; `paid_first` is what would be asked for before it is made, None where that was not asked."""
    documents = [document_previewed(draft) for draft in seen.documents]
    shown: dict[str, Any] = {
        "object": "change_preview",
        "subscription": row.public_id,
        "when": seen.when.value,
        "due_on": seen.on.isoformat(),
        "offer": show("off", UUID(seen.after.offer.offer_id)),
        "quantity": seen.after.quantity,
        "currency": seen.after.offer.currency,
        "amount_due": sum(document["total"] for document in documents),
        "paid_first": paid_first,
        "amount_credited": sum(back.plan.credit.gross for back in seen.backs),
        "documents": documents,
        "credits": [credit_previewed(back.invoice, back.plan) for back in seen.backs],
        "waiting": [shapes.quote_line(line) for line in seen.held],
        "ended_options": [show("sop", UUID(id_)) for id_ in seen.ended_options],
        "later": told_later(seen.later),
    }
    return cast(ChangePreviewShape, shown)
