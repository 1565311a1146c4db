"""Which drafts stand on one document: one a subscription, or, where the merchant says so, one a payer (domain 19)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from invoices.drafts import DraftInvoice, merged

K = TypeVar("K", bound=Hashable)


def group_key(draft: DraftInvoice, *, by_payer: bool) -> tuple[str | None, ...]:
    """What drafts share that stand on one document: payer (or subscription), currency, way of taxing, and day."""
    return (
        draft.payer,
        None if by_payer else draft.subscription,
        draft.currency,
        draft.tax_behavior.value,
        draft.on.isoformat(),
    )


def grouped(drafts: Iterable[tuple[K, DraftInvoice]], *, by_payer: bool) -> list[tuple[K, DraftInvoice]]:
    """One draft per document to be, in the order in which each was begun.

    The first of each pair is what else a document cannot mix: the legal entity that issues it, and whatever the caller
    adds. A run that comes late keeps its days apart: every missed period has a document of its own, so that money is
    asked for once per document. Drafts without a line that counts are left out (`DraftInvoice.makes_invoice`).
    """
    kept: dict[tuple[Hashable, ...], tuple[K, DraftInvoice]] = {}
    for beside, draft in drafts:
        if not draft.makes_invoice:
            continue
        key = (beside, *group_key(draft, by_payer=by_payer))
        before = kept.get(key)
        kept[key] = (beside, merged(before[1], draft) if before else draft)
    return list(kept.values())
