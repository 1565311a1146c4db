"""Letting somebody in: the verdict, one visit for one scan however often and wherever it is sent, and taking it back.

Everything that counts at a door goes through the locked row of whoever comes in: two tablets at once make one visit.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from merchants.actors import Actor
from merchants.ids import show
from merchants.models import Device, Feature, Membership, Merchant, Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.door import DoorAnswer, answer
from subscribers.models import MemberCard, Subscriber, Visit
from subscribers.rights import Right
from subscribers.selectors.rights import access_of, held, live_subscriptions
from subscribers.services import belonging, consuming, facts

SAME_SCAN = timedelta(seconds=60)
"""Two scans within a minute are one person before one door."""
UNDO_WITHIN = timedelta(minutes=10)
CODE_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class NotLetIn(Conflict):
    """The door says no."""

    code = "not_let_in"
    detail = gettext_noop("The door says no now.")
    way_out = gettext_noop("Look at the answer again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where, by whom, at which tablet."""

    site: Site
    device: Device | None
    member: Membership | None
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A verdict with what it stands on. `last` is the last visit that was not taken back."""

    answer: DoorAnswer
    feature: Feature | None
    right: Right | None
    last: Visit | None


def ask(person: Subscriber, *, site_id: UUID, merchant: Merchant, now: Now) -> Asked:
    """May they come in? Reads only; a fixed number of queries. Needs the tenant's scope."""
    feature = Feature.objects.filter(id=merchant.entry_feature).first() if merchant.entry_feature else None
    right = held(person.pk, now, feature_id=feature.pk).rights.get(feature.reference) if feature else None
    last = Visit.objects.filter(subscriber=person, undone_at=None).order_by("-at").select_related("site").first()
    subscriptions = live_subscriptions(person.pk)
    said = answer(
        verdict=access_of(subscriptions, now).verdict,
        right=right,
        asks_right=feature is not None,
        last_at=last.at if last else None,
        gap=timedelta(hours=merchant.entry_gap_hours),
        at=now.at,
        same_site=merchant.shares_members or person.site_id in (None, site_id),
    )
    return Asked(answer=said, feature=feature, right=right, last=last)


def let_in(
    person: Subscriber,
    *,
    key: UUID,
    door: Door,
    merchant: Merchant,
    now: Now,
    reason: str = "",
    allowed_by: Membership | None = None,
) -> Visit:
    """Count one visit. The same key, or another scan within a minute, answers the visit that is there. With
    `allowed_by` somebody is let in in spite of a no, for a reason: a session is counted where they have one left, and
    none that is not there or not open to them.

    Raises NotLetIn, Invalid (`reason`), and what `consuming.consume` raises.
    """
    belonging.lock([person.pk])
    known = Visit.objects.filter(key=key).first()
    if known is not None and known.subscriber_id != person.pk:
        raise Conflict(gettext_noop("This scan was somebody else's."), code="key_reused")
    if known is not None:
        return known
    asked = ask(person, site_id=door.site.pk, merchant=merchant, now=now)
    if asked.last is not None and now.at - asked.last.at < SAME_SCAN:
        return asked.last
    if allowed_by is not None and not reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why."))
    if not asked.answer.yes and allowed_by is None:
        raise NotLetIn
    visit = Visit(
        subscriber=person,
        site=door.site,
        device=door.device,
        member=door.member,
        key=key,
        at=now.at,
        reason=reason.strip()[:400] if allowed_by else "",
        allowed_by=allowed_by,
    )
    if asked.feature is not None and _counts(asked):
        visit.consumption = consuming.consume(
            person, asked.feature, quantity=1, key=f"door:{visit.pk}", actor=door.actor, now=now
        )
        visit.subscription_id = visit.consumption.subscription_id
    visit.save(force_insert=True)
    _tell("visit.entered", visit, door.actor, now)
    return visit


def _counts(asked: Asked) -> bool:
    """Whether an entry uses a session: of a quota that is open to them, with one left or no limit."""
    if asked.feature is None or asked.feature.kind != Feature.Kind.QUOTA or asked.right is None or not asked.right.on:
        return False
    return asked.right.remaining is None or asked.right.remaining > 0


def undo(visit: Visit, *, actor: Actor, now: Now) -> Visit:
    """Take a visit back within ten minutes, its session with it. Again: the same. Raises Conflict (`too_late`)."""
    belonging.lock([visit.subscriber_id])
    row = Visit.objects.select_for_update(of=("self",)).select_related("subscriber", "consumption__feature").get(
        id=visit.pk
    )  # fmt: skip
    if row.undone_at is not None:
        return row
    if now.at - row.at > UNDO_WITHIN:
        raise Conflict(gettext_noop("A visit is taken back within ten minutes."), code="too_late")
    if row.consumption is not None:
        use = row.consumption
        consuming.undo(row.subscriber, use.feature, key=use.key, actor=actor, now=now, reason="door")
    row.undone_at = now.at
    row.save(update_fields=["undone_at"])
    _tell("visit.undone", row, actor, now)
    return row


def known_card(person: Subscriber) -> MemberCard | None:
    """The card of somebody, if they have one."""
    found: MemberCard | None = MemberCard.objects.filter(subscriber=person, revoked_at=None).first()
    return found


def card_of(person: Subscriber, *, now: Now) -> MemberCard:
    """The card of somebody, made where they have none."""
    belonging.lock([person.pk])
    return known_card(person) or MemberCard.objects.create(subscriber=person, code=_code(), created_at=now.at)


def replace_card(person: Subscriber, lost: MemberCard, *, actor: Actor, now: Now) -> MemberCard:
    """A new card for one that was lost: the old code opens nothing from now on, which is told. Tapped twice it is one
    new card: the second time the lost one is gone already."""
    belonging.lock([person.pk])
    changed = MemberCard.objects.filter(subscriber=person, pk=lost.pk, revoked_at=None).update(revoked_at=now.at)
    card = card_of(person, now=now)
    if changed:
        data = {"object": {"id": card.public_id, "object": "member_card", "subscriber": show("cus", person.pk)}}
        facts.tell(person.pk, ("member_card.replaced", card.pk, data), actor=actor, now=now)
    return card


def by_card(code: str) -> Subscriber | None:
    """Whose card was scanned; None where it is nobody's (any more)."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())[:24]
    row = MemberCard.objects.filter(code=plain, revoked_at=None).select_related("subscriber").first() if plain else None
    return row.subscriber if row is not None and row.subscriber.erased_at is None else None


def _code() -> str:
    return "".join(secrets.choice(CODE_SIGNS) for _ in range(16))


def _tell(kind: str, visit: Visit, actor: Actor, now: Now) -> None:
    shown = {
        "id": visit.public_id,
        "object": "visit",
        "subscriber": show("cus", visit.subscriber_id),
        "site": show("sit", visit.site_id),
        "counted": visit.consumption_id is not None,
        "let_in": bool(visit.allowed_by_id),
    }
    facts.tell(visit.subscriber_id, (kind, visit.pk, {"object": shown}), actor=actor, now=now)
