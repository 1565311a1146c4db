"""What a suspension that is over makes good, of days that were billed and lost (domain 15): a credit note, or an option
given free of charge. Where that cannot be given any more, a credit note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billing.engine.lives import Taken
from billing.engine.pausing import without
from billing.engine.step import StepKind
from billing.flows.giving_back import give_back, lost_backs
from billing.flows.pause_gift import due_of, give_option
from billing.flows.renew_rows import Life
from invoices.services.credit_plans import To
from merchants.actors import Actor
from merchants.now import Now
from subscribers.lifecycle import MakesGood
from subscribers.periods import Period

TO: To = "balance"
"""Where it goes: who comes back pays the next invoice with it. What was not paid is owed less."""


def lost_spans(
    taken: Iterable[Taken], credits: frozenset[MakesGood] = frozenset({MakesGood.credit})
) -> tuple[Period, ...]:
    """The days lost to suspensions that these steps end and that a credit note makes good. A life that ends in its
    suspension has lost the days before."""
    spans: list[Period] = []
    for one in taken:
        wish = one.before.suspension
        over = one.step.kind in (StepKind.resume, StepKind.end)
        if over and wish is not None and wish.begun and wish.makes_good in credits:
            spans += without(Period(wish.from_on, one.step.on), ()) if wish.from_on < one.step.on else ()
    return tuple(spans)


def write(lives: Sequence[Life], *, actor: Actor, now: Now) -> None:
    """The credit notes, after the documents of the batch: a late run may have billed what was lost only now."""
    for life in lives:
        _credit(life, lost_spans(life.taken), actor=actor, now=now)


def give_options(lives: Sequence[Life], *, actor: Actor, now: Now) -> None:
    """The options that make good what was lost, once service is back and that is told."""
    for life in lives:
        for one in life.taken:
            gift = due_of(one)
            if gift is not None and not give_option(life.row.tenant_id, life.row.pk, gift, actor=actor):
                _credit(life, lost_spans([one], frozenset({MakesGood.option})), actor=actor, now=now)


def _credit(life: Life, spans: Sequence[Period], *, actor: Actor, now: Now) -> None:
    if spans:
        give_back(lost_backs(life.row.pk, spans, to=TO), reason="", to=TO, actor=actor, now=now, why="suspended")
