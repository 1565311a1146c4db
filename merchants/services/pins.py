"""Who stands at a counter: members sign in to a paired device with a PIN, and a wrong one is not tried for ever.

Whoever has no e-mail address is a member by name: their user can never log in to the office. Failures and their lock
are columns of the membership, in real time: no cache that is emptied opens a door.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Q, QuerySet

from merchants.actors import Actor
from merchants.clock import instant
from merchants.ids import new_id
from merchants.journal import record
from merchants.models import Device, Membership, Site, User
from merchants.models.people import Role
from merchants.now import Now
from merchants.permissions import ROLES, Permission, manages, may
from merchants.refusals import Forbidden, Invalid, gettext_noop

NO_ADDRESS = "counter.invalid"
"""The domain of those who have no e-mail address: RFC 2606 keeps it from ever being anyone's."""
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=5)
IDLE = timedelta(minutes=15)
"""After so long without a touch the counter asks for the PIN again."""
AT_COUNTERS = [role for role in ROLES if may(role, Permission.use_counter)]


class PinWrong(Invalid):
    """Not this member's PIN."""


def hire(*, name: str, role: str, sites: Iterable[Site], by: Membership, now: Now) -> Membership:
    """A member without an e-mail address, for counters only. Raises Invalid (`name`, `role`), Forbidden."""
    title = " ".join(name.split())
    if not title or len(title) > 120:
        raise Invalid.at("name", "name_required", gettext_noop("A name of up to 120 characters."))
    if role not in AT_COUNTERS or role == Role.OWNER:
        raise Invalid.at("role", "invalid_choice", gettext_noop("This role does not work at a counter."))
    if not manages(by.role, role):
        raise Forbidden
    user = User(email=f"{new_id().hex}@{NO_ADDRESS}", name=title, is_active=False)
    user.set_unusable_password()
    user.save(force_insert=True)
    return Membership.objects.create(user=user, role=role, sites=[site.pk for site in sites], created_at=now.at)


def has_address(user: User) -> bool:
    """Whether a member has an e-mail address of their own."""
    return not user.email.endswith(f"@{NO_ADDRESS}")


def set_pin(member: Membership, pin: str, *, actor: Actor, now: Now) -> None:
    """Give a member a PIN of four to eight digits, '' to take it away: signed in with the old one they are out at once.

    Raises Invalid (`pin`): too short, no digits, too easy to guess.
    """
    if pin and not re.fullmatch(r"[0-9]{4,8}", pin):
        raise Invalid.at("pin", "pin_malformed", gettext_noop("Four to eight digits."))
    if pin and (len(set(pin)) == 1 or pin in "01234567890" or pin in "09876543210"):
        raise Invalid.at("pin", "pin_too_easy", gettext_noop("Too easy to guess: no run, not the same digit only."))
    member.pin, member.pin_failures, member.pin_locked_until = make_password(pin) if pin else "", 0, None
    member.save(update_fields=["pin", "pin_failures", "pin_locked_until"])
    Device.objects.filter(member=member).update(member=None, member_since=None)
    data = {"object": {"id": member.public_id, "name": member.user.name, "pin": bool(pin)}}
    record(kind="member.pin_changed", object_id=member.pk, data=data, actor=actor, now=now)


def staff_of(site_id: UUID) -> QuerySet[Membership]:
    """Who may sign in at a site, by name."""
    return (
        Membership.objects.filter(Q(sites=[]) | Q(sites__contains=[site_id]), removed_at=None, role__in=AT_COUNTERS)
        .exclude(pin="")
        .select_related("user")
        .order_by("user__name", "id")
    )


def serves(member: Membership, site_id: UUID) -> bool:
    """Whether a member works at a site just now: on the staff, with a PIN, not kept to other sites."""
    kept_away = bool(member.sites) and site_id not in member.sites
    return member.removed_at is None and bool(member.pin) and member.role in AT_COUNTERS and not kept_away


def prove(member_id: UUID | None, pin: str, *, site_id: UUID) -> Membership | Invalid:
    """The member whose PIN this is; else the refusal, to be shown and not raised: what was counted must stand.

    Five wrong ones in a row lock the PIN for five minutes, wherever they were typed.
    """
    member = (
        Membership.objects.select_for_update(of=("self",)).select_related("user").filter(id=member_id).first()
        if member_id
        else None
    )
    if member is None or not serves(member, site_id):
        return Invalid.at("member", "not_at_this_site", gettext_noop("This person does not work at this site."))
    if member.pin_locked_until and member.pin_locked_until > instant():
        return _locked()
    if check_password(pin, member.pin):
        if member.pin_failures or member.pin_locked_until:
            member.pin_failures, member.pin_locked_until = 0, None
            member.save(update_fields=["pin_failures", "pin_locked_until"])
        return member
    member.pin_failures += 1
    if member.pin_failures >= MOST_FAILURES:
        member.pin_failures, member.pin_locked_until = 0, instant() + LOCKED_FOR
    member.save(update_fields=["pin_failures", "pin_locked_until"])
    if member.pin_locked_until and member.pin_locked_until > instant():
        return _locked()
    return PinWrong.at("pin", "pin_wrong", gettext_noop("This is not the PIN."))


def sign_in(device: Device, member: Membership, *, now: Now) -> None:
    """Put a proven member at a device: whoever was there is not any more."""
    device.member, device.member_since, device.seen_at = member, now.at, instant()
    device.save(update_fields=["member", "member_since", "seen_at"])


def sign_out(device: Device) -> None:
    """Leave a device."""
    device.member, device.member_since = None, None
    device.save(update_fields=["member", "member_since"])


def at_device(device: Device) -> Membership | None:
    """Who is signed in: still on the staff, at this site, and not away for longer than IDLE. Their time is kept to the
    minute."""
    member: Membership | None = device.member
    if member is None or not serves(member, device.site_id):
        return None
    present = instant()
    if device.seen_at is None or present - device.seen_at > IDLE:
        return None
    if present - device.seen_at > timedelta(minutes=1):
        Device.objects.filter(id=device.pk).update(seen_at=present)
    return member


def _locked() -> Invalid:
    detail = gettext_noop("Too many wrong PINs: wait %(minutes)s minutes, or ask for a new one.")
    return Invalid.at("pin", "pin_locked", detail, {"minutes": int(LOCKED_FOR.total_seconds() // 60)})
