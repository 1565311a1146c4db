"""What leaving would do, as the API shows it: what is given back, what is owed, where the money goes."""

from __future__ import annotations

from typing import Annotated, TypedDict

from billing.selectors.answers import QuoteLineShape
from merchants.selectors.shapes import DayText, Says


class CreditPreviewShape(TypedDict):
    """A credit note to be: its total, tax included, and where it goes: to what its invoice still owes, to the balance,
    back to the means that paid."""

    invoice: str
    total: int
    to_invoice: int
    to_balance: int
    to_refund: int


class CancelPreviewShape(TypedDict):
    """What a cancellation would do. `last_day` is the last one had; amounts in minor units: `amount_due` on a closing
    document (`lines`), `amount_credited` on `credits`, of which `amount_refunded` goes back to the means that paid.
    `early_end_fee` is that of leaving a commitment early: on the closing document, now or when that day comes. Credits
    of a later day are made when it comes."""

    object: Annotated[str, Says(one_of=("cancel_preview",))]
    subscription: str
    ends_on: DayText
    billing_ends_on: DayText
    last_day: DayText
    currency: str
    amount_due: int
    amount_credited: int
    amount_refunded: int
    early_end_fee: int
    early_end_line: QuoteLineShape | None
    lines: list[QuoteLineShape]
    credits: list[CreditPreviewShape]
    features_kept: list[str]


class WithdrawPreviewShape(TypedDict):
    """What withdrawing today would do; `last_day` is the last one on which it may be done. Amounts in minor units."""

    object: Annotated[str, Says(one_of=("withdraw_preview",))]
    subscription: str
    last_day: DayText
    credit: Annotated[str, Says(one_of=("prorated", "full"))]
    currency: str
    amount_due: int
    amount_credited: int
    amount_refunded: int
    lines: list[QuoteLineShape]
    credits: list[CreditPreviewShape]
