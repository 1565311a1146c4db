"""The staff: inviting, joining, changing a role, leaving. Membership is looked at on every request, so all of it counts
at once, in sessions that are open too.

Services assume the merchant's scope; only `find_invitation` looks across tenants, before one is open.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from merchants import ids
from merchants.models import Invitation, Membership, User
from merchants.models.people import Role
from merchants.now import Now
from merchants.permissions import Permission, manages, may
from merchants.refusals import Conflict, Forbidden, Invalid, NotFound, gettext_noop
from merchants.tenancy.across import Found, across_tenants

INVITATION_LASTS = timedelta(days=7)
OPEN_INVITATIONS = 100
"""As many invitations as a merchant may have open."""

_EMAIL = re.compile(
    r"^[^\s@<>,;:\"()\[\]\\]{1,64}@(?=.{4,253}$)([^\s@.<>,;:\"()\[\]\\]+\.)+[^\s@.<>,;:\"()\[\]\\]{2,63}$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An invitation and its token, which is known only now: mail it."""

    invitation: Invitation
    token: str


def members() -> list[Membership]:
    """The staff in the order they joined, with their people."""
    return list(Membership.objects.filter(removed_at=None).select_related("user").order_by("id"))


def open_invitations(now: Now) -> list[Invitation]:
    """Invitations that can still be accepted, the newest first."""
    return list(
        Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now.at)
        .select_related("invited_by")
        .order_by("-id")
    )


def member(shown: str) -> Membership:
    """The member under a public id. Raises NotFound."""
    key = ids.read("mem", shown)
    staff = Membership.objects.select_related("user").filter(removed_at=None)
    found: Membership | None = staff.filter(id=key).first() if key else None
    if found is None:
        raise NotFound
    return found


def invitation(shown: str) -> Invitation:
    """The invitation under a public id, whatever became of it. Raises NotFound."""
    key = ids.read("ivt", shown)
    found: Invitation | None = Invitation.objects.filter(id=key).first() if key else None
    if found is None:
        raise NotFound
    return found


def invite(*, email: str, role: str, by: Membership, now: Now) -> Invited:
    """Invite a person; an open invitation of the same address is replaced. Raises Invalid, Forbidden, Conflict."""
    _check_manages(by, role)
    address = email.strip().lower()
    if len(address) > 254 or not _EMAIL.match(address):
        raise Invalid.at("email", "email_invalid", gettext_noop("This is not an e-mail address."))
    if Membership.objects.filter(user__email=address, removed_at=None).exists():
        raise Invalid.at("email", "member_already", gettext_noop("This person is on the staff already."))
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now.at)
    waiting.filter(email=address).update(withdrawn_at=now.at)
    if waiting.count() >= OPEN_INVITATIONS:
        raise Conflict(
            gettext_noop("%(most)s invitations are open already."),
            code="too_many_invitations",
            params={"most": OPEN_INVITATIONS},
            way_out=gettext_noop("Withdraw those that are no longer needed."),
        )
    token = secrets.token_urlsafe(32)
    row = Invitation.objects.create(
        email=address,
        role=role,
        token_hash=_hash(token),
        invited_by_id=by.user_id,
        created_at=now.at,
        expires_at=now.at + INVITATION_LASTS,
    )
    return Invited(invitation=row, token=token)


def invite_again(row: Invitation, *, by: Membership, now: Now) -> Invited:
    """The same invitation with a new token and a new week; the old link no longer opens. Raises Forbidden, Conflict."""
    _check_manages(by, row.role)
    if row.accepted_at or row.withdrawn_at:
        raise Conflict(gettext_noop("This invitation is closed."), code="invitation_closed")
    return invite(email=row.email, role=row.role, by=by, now=now)


def withdraw(row: Invitation, *, by: Membership, now: Now) -> None:
    """Close an invitation before it is accepted. Raises Forbidden, Conflict."""
    _check_manages(by, row.role)
    closed = Invitation.objects.filter(id=row.id, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now.at)
    if not closed:
        raise Conflict(gettext_noop("This invitation is closed."), code="invitation_closed")


def find_invitation(token: str) -> Found | None:
    """Whose invitation a mailed token opens, and which; None where none does."""
    found = across_tenants("invitation", _hash(token))
    return found[0] if found else None


def standing(invitation_id: UUID, *, now: Now) -> Invitation | None:
    """The invitation, where it can still be accepted."""
    return (
        Invitation.objects.select_related("invited_by")
        .filter(id=invitation_id, accepted_at=None, withdrawn_at=None, expires_at__gt=now.at)
        .first()
    )


def accept(invitation_id: UUID, *, user: User, addresses: frozenset[str], now: Now) -> Membership:
    """Join the staff. `addresses` are the person's verified e-mail addresses in small letters: the invited one must be
    among them. Raises Conflict where the invitation is closed or another's. Accepting twice makes one membership.
    """
    row = Invitation.objects.select_for_update().filter(id=invitation_id).first()
    if row is None or row.accepted_at or row.withdrawn_at or row.expires_at <= now.at:
        raise Conflict(
            gettext_noop("This invitation has expired, was withdrawn, or has been accepted."),
            code="invitation_closed",
            way_out=gettext_noop("Ask for another one."),
        )
    if row.email not in addresses:
        raise Conflict(
            gettext_noop("This invitation is for %(email)s."),
            code="invitation_of_another",
            params={"email": row.email},
            way_out=gettext_noop("Log in with that address, or ask for an invitation to this one."),
        )
    row.accepted_at = now.at
    row.save(update_fields=["accepted_at"])
    joined: Membership = Membership.objects.get_or_create(
        user=user, removed_at=None, defaults={"role": row.role, "created_at": now.at}
    )[0]
    return joined


def change_role(row: Membership, role: str, *, by: Membership) -> None:
    """Give a member another role. Raises Forbidden; Conflict (`last_owner`) where nobody would own the merchant."""
    _check_manages(by, role)
    _check_manages(by, row.role)
    if row.role == Role.OWNER and role != Role.OWNER:
        _check_another_owner(row)
    Membership.objects.filter(id=row.id, removed_at=None).update(role=role)


def remove(row: Membership, *, by: Membership, now: Now) -> None:
    """End a membership; anyone may end their own. Raises Forbidden; Conflict (`last_owner`)."""
    if row.id != by.id:
        _check_manages(by, row.role)
    if row.role == Role.OWNER:
        _check_another_owner(row)
    Membership.objects.filter(id=row.id, removed_at=None).update(removed_at=now.at)


def roles_to_give(by: Membership) -> list[str]:
    """The roles that a member may give, the widest first."""
    return [role for role in Role.values if manages(by.role, role)]


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _check_manages(by: Membership, role: str) -> None:
    if role not in Role.values:
        raise Invalid.at("role", "role_unknown", gettext_noop("There is no such role."))
    if not may(by.role, Permission.edit_members):
        raise Forbidden(gettext_noop("Your role does not manage the staff."))
    if not manages(by.role, role):
        raise Forbidden(gettext_noop("Only an owner gives or takes the role of owner."), code="owners_only")


def _check_another_owner(row: Membership) -> None:
    """All owners are locked first, in the order of their ids: two owners who remove each other do it one by one."""
    owners = Membership.objects.select_for_update().filter(role=Role.OWNER, removed_at=None).order_by("id")
    if not [owner for owner in owners if owner.id != row.id]:
        raise Conflict(
            gettext_noop("This is the only owner."),
            code="last_owner",
            way_out=gettext_noop("Make someone else an owner first."),
        )
