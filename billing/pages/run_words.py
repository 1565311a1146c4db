"""Words that the pages of billing runs share, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as lazy

from billing.engine.step import Step, StepKind
from billing.models import BillingRun
from billing.selectors.runs import Became
from merchants.wording import amount_text

KINDS: Mapping[str, Promise] = {
    BillingRun.Kind.BEAT: pgettext_lazy("billing run", "By itself"),
    BillingRun.Kind.MANUAL: pgettext_lazy("billing run", "By hand"),
    BillingRun.Kind.CLOCK: pgettext_lazy("billing run", "Test clock"),
}


class Told(NamedTuple):
    """How an outcome is told: its word, what it means, its mark."""

    words: Promise
    note: Promise | str
    mark: str


OUTCOMES: Mapping[Became, Told] = {
    Became.paid: Told(pgettext_lazy("outcome of a run", "Paid"), "", "good"),
    Became.under_way: Told(
        pgettext_lazy("outcome of a run", "Under way"), lazy("asked for, or about to be: a debit takes days"), "wait"
    ),
    Became.failing: Told(pgettext_lazy("outcome of a run", "Refused"), lazy("tried again by itself, then told"), "bad"),
    Became.to_pay: Told(
        pgettext_lazy("outcome of a run", "To be paid"),
        lazy("by the subscriber’s own doing: a transfer, a link"),
        "warn",
    ),
    Became.lost: Told(pgettext_lazy("outcome of a run", "Given up"), "", "bad"),
    Became.credited: Told(pgettext_lazy("outcome of a run", "Credited in full"), "", "wait"),
}
"""In the order in which they are shown."""

STEPS: Mapping[StepKind, Promise] = {
    StepKind.activate: lazy("begins"),
    StepKind.renew: lazy("next period"),
    StepKind.next_stage: lazy("next stage"),
    StepKind.apply: lazy("a change that was wished for"),
    StepKind.close: lazy("last bill of what was had"),
    StepKind.suspend: lazy("is suspended"),
    StepKind.resume: lazy("resumes"),
    StepKind.end: lazy("ends"),
}


def steps_words(steps: Iterable[Step]) -> str:
    """What a run does to a subscription, each kind once, with how often.

    A renewal that was missed three times is `next period × 3`.
    """
    counts: dict[StepKind, int] = {}
    for step in steps:
        counts[step.kind] = counts.get(step.kind, 0) + 1
    said = [f"{STEPS[kind]} × {count}" if count > 1 else str(STEPS[kind]) for kind, count in counts.items()]
    return ", ".join(said)


def sums_words(sums: Iterable[tuple[str, int]]) -> str:
    """Sums of several currencies, one after the other; nothing where there are none."""
    language = get_language() or "en"
    return " · ".join(amount_text(amount, currency, language) for currency, amount in sums)
