"""What doors hold on a person: visits, and the cards by which they are recognised."""

from __future__ import annotations

from merchants.now import Now
from merchants.refusals import gettext_noop
from subscribers import shapes
from subscribers.holdings import Holding, Told, blocks
from subscribers.models import MemberCard, Subscriber, Visit


def _visits(person: Subscriber) -> Told:
    for block in blocks(Visit.objects.filter(subscriber=person).select_related("site")):
        for row in block:
            yield {
                "at": shapes.at(row.at),
                "site": row.site.name,
                "reason": row.reason,
                "undone_at": shapes.at(row.undone_at),
            }


def _cards(person: Subscriber) -> Told:
    for block in blocks(MemberCard.objects.filter(subscriber=person)):
        for row in block:
            yield {"created_at": shapes.at(row.created_at), "revoked_at": shapes.at(row.revoked_at)}


def _forget_cards(person: Subscriber, now: Now) -> None:
    """A card of somebody who was erased opens nothing; why they were let in says nothing of them any more."""
    MemberCard.objects.filter(subscriber=person, revoked_at=None).update(revoked_at=now.at)
    Visit.objects.filter(subscriber=person).exclude(reason="").update(reason="erased")


HELD = (
    Holding(
        name="visits",
        title=gettext_noop("Visits"),
        columns={"at": gettext_noop("When"), "site": gettext_noop("Site")},
        tables=(Visit,),
        told=_visits,
        mask=_forget_cards,
    ),
    Holding(
        name="cards",
        title=gettext_noop("Membership cards"),
        columns={"created_at": gettext_noop("When")},
        tables=(MemberCard,),
        told=_cards,
    ),
)
