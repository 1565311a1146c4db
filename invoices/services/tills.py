"""Tills: opened with a float, closed with a count; cash put in and taken out with a reason."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum

from invoices.models import RegisterEntry, Till, TillSession
from invoices.services import register
from invoices.services.register import Clerk, Kind, TillClosed
from merchants.ids import show
from merchants.journal import record
from merchants.models import Device, LegalEntity, Merchant
from merchants.money import AMOUNT_LIMIT
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop


def till_at(device: Device) -> Till | None:
    """The till beside a tablet; None where none was opened yet."""
    return Till.objects.select_related("site").filter(device=device).first()


def session_at(device: Device) -> TillSession | None:
    """The open session beside a tablet."""
    return TillSession.objects.select_related("till").filter(till__device=device, closed_at=None).first()


def need_session(device: Device) -> TillSession:
    """The open session. Raises TillClosed."""
    found = session_at(device)
    if found is None:
        raise TillClosed
    return found


def open_session(*, clerk: Clerk, float_amount: int, now: Now) -> TillSession:
    """Open the till beside a tablet with the cash that lies in it; made with its first opening. Raises Invalid
    (`float_amount`), Conflict (`till_open`, `legal_entity_missing`)."""
    _check_amount("float_amount", float_amount, least=0)
    device = Device.objects.select_for_update(of=("self",)).select_related("site").get(id=clerk.device.pk)
    if session_at(device) is not None:
        raise Conflict(gettext_noop("This till is open already."), code="till_open")
    till = till_at(device) or _new_till(device, now)
    till = register.lock(till.pk)
    session = TillSession.objects.create(till=till, opened_at=now.at, opened_by=clerk.member, float_amount=float_amount)
    last = TillSession.objects.filter(till=till).exclude(closed_at=None).order_by("-closed_at").first()
    left = last.counted if last else None
    register.enter(
        till, Kind.SESSION_OPENED, clerk=clerk, now=now, session=session, more={"float": float_amount, "left": left}
    )
    return session


def move_cash(session: TillSession, amount: int, *, reason: str, clerk: Clerk, now: Now) -> RegisterEntry:
    """Put cash into the drawer (above zero) or take it out, saying why. Raises Invalid (`amount`, `reason`)."""
    _check_amount("amount", abs(amount), least=1)
    text = " ".join(reason.split())
    if not text or len(text) > 400:
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why."))
    till = register.lock_open(session)
    if amount < 0 and expected(session) + amount < 0:
        raise Invalid.at("amount", "more_than_the_drawer_holds", gettext_noop("More than lies in the drawer."))
    kind = Kind.CASH_IN if amount > 0 else Kind.CASH_OUT
    return register.enter(till, kind, clerk=clerk, now=now, session=session, cash=amount, more={"reason": text})


def close_session(session: TillSession, counted: int, *, note: str = "", clerk: Clerk, now: Now) -> TillSession:
    """Close a till with the cash that was counted: its totals are an entry, the head of the register is told as a fact,
    so that whoever receives webhooks can prove the tail later. Raises Invalid (`counted`, `note`), Conflict."""
    _check_amount("counted", counted, least=0)
    if len(note) > 400:
        raise Invalid.at("note", "too_long", gettext_noop("At most %(most)s characters."), {"most": 400})
    till = register.lock_open(session)
    locked = TillSession.objects.select_for_update(of=("self",)).get(id=session.pk)
    due = expected(locked)
    if counted != due and not note.strip():
        raise Invalid.at("note", "difference_unexplained", gettext_noop("The count differs: say what you know of it."))
    locked.closed_at, locked.closed_by = now.at, clerk.member
    locked.expected, locked.counted, locked.note = due, counted, note.strip()
    more = closing_of(locked)
    entry = register.enter(till, Kind.SESSION_CLOSED, clerk=clerk, now=now, session=locked, more=more)
    locked.save(update_fields=["closed_at", "closed_by", "expected", "counted", "note"])
    told = {
        "id": show("tse", locked.pk),
        "till": show("til", till.pk),
        "site": show("sit", till.site_id),
        "sequence": entry.sequence,
        "head": entry.link,
        "perpetual": till.perpetual,
        "currency": till.currency,
        **more,
    }
    record(kind="till.closed", object_id=locked.pk, data={"object": told}, actor=clerk.actor, now=now)
    return locked


def expected(session: TillSession) -> int:
    """The cash that should lie in the drawer of an open session, in minor units."""
    moved = RegisterEntry.objects.filter(session=session).aggregate(sum=Sum("cash"))["sum"] or 0
    return session.float_amount + int(moved)


def closing_of(session: TillSession) -> dict[str, Any]:
    """What a Z report says: totals by means and rate, float, expected, counted and difference; minor units."""
    totals = register.totals_of(RegisterEntry.objects.filter(session=session))
    due = session.expected if session.expected is not None else expected(session)
    counted = session.counted
    return {
        **totals,
        "float": session.float_amount,
        "expected": due,
        "counted": counted,
        "difference": counted - due if counted is not None else None,
        "note": session.note or "",
    }


def _new_till(device: Device, now: Now) -> Till:
    entity = LegalEntity.objects.filter(is_default=True).first()
    if entity is None:
        raise Conflict(
            gettext_noop("There is no company to take money for."),
            code="legal_entity_missing",
            way_out=gettext_noop("Add one in Settings, Companies."),
        )
    currency = Merchant.objects.values_list("currency", flat=True).get()
    return Till.objects.create(
        site=device.site, device=device, legal_entity=entity, name=device.name, currency=currency, created_at=now.at
    )


def _check_amount(field: str, amount: int, *, least: int) -> None:
    if not least <= amount <= AMOUNT_LIMIT:
        raise Invalid.at(field, "amount_out_of_range", gettext_noop("An amount in minor units, not below zero."))
