"""Tablets at a counter: registered for a site, paired with a code that is shown once, unpaired at once.

The code and the secret in the tablet's browser are kept as hashes. Codes live a quarter of an hour and open one tablet.
Services assume the merchant's scope; `find` and `find_pairing` look across tenants, before one is open.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from merchants.actors import Actor
from merchants.clock import instant
from merchants.ids import show
from merchants.journal import record
from merchants.models import Device, Site, User
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.tenancy.across import Found, across_tenants

CODE_LASTS = timedelta(minutes=15)
CODE_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No sign that is taken for another one: no I, O, 0, 1."""
CODE_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A device and the code that pairs it, which is known only now."""

    device: Device
    code: str


def register(*, site: Site, name: str, by: User | None, actor: Actor, now: Now) -> Registered:
    """Make a device of a site, to be paired within CODE_LASTS. Raises Invalid (`name`), Conflict (`site_closed`)."""
    _check_open(site)
    title = " ".join(name.split())
    if not title or len(title) > 80:
        raise Invalid.at("name", "name_required", gettext_noop("A name of up to 80 characters, such as Till 1."))
    device = Device(site=site, name=title, registered_by=by, created_at=now.at)
    code = _give_code(device)
    device.save(force_insert=True)
    _tell("device.registered", device, actor=actor, now=now)
    return Registered(device=device, code=code)


def new_code(device: Device, *, actor: Actor, now: Now) -> Registered:
    """A fresh code for a device that waits to be paired, or that a new tablet takes over: the former one's secret opens
    nothing from now on. Raises Conflict."""
    _check_serves(device)
    _check_open(device.site)
    code = _give_code(device)
    device.digest, device.paired_at, device.member, device.member_since = None, None, None, None
    device.save(update_fields=["code_digest", "code_expires_at", "digest", "paired_at", "member", "member_since"])
    _tell("device.registered", device, actor=actor, now=now)
    return Registered(device=device, code=code)


def find_pairing(code: str) -> Found | None:
    """Whose device a typed code pairs; None where none does. Small letters, spaces and dashes do not matter."""
    found = across_tenants("pairing", _digest(_plain(code)))
    return found[0] if found else None


def pair(device_id: UUID, *, now: Now) -> str | None:
    """Pair the device behind a code: the secret that its browser keeps. None where the code is over: too late, used by
    another tablet a moment ago, or the device was unpaired."""
    device = Device.objects.select_for_update(of=("self",)).filter(id=device_id, unpaired_at=None).first()
    if device is None or device.code_digest is None or device.code_expires_at is None:
        return None
    if device.code_expires_at < instant():
        return None
    secret = secrets.token_urlsafe(32)
    device.digest, device.paired_at, device.seen_at = _digest(secret), now.at, instant()
    device.code_digest, device.code_expires_at = None, None
    device.save(update_fields=["digest", "paired_at", "seen_at", "code_digest", "code_expires_at"])
    _tell("device.paired", device, actor=Actor.system("counter"), now=now)
    return secret


def unpair(device: Device, *, actor: Actor, now: Now) -> None:
    """Shut a device out, from its next request on. Again: nothing. What was typed stays on the tablet."""
    locked = Device.objects.select_for_update(of=("self",)).get(id=device.pk)
    if locked.unpaired_at is not None:
        return
    locked.unpaired_at, locked.member, locked.member_since = now.at, None, None
    locked.code_digest, locked.code_expires_at = None, None
    locked.save(update_fields=["unpaired_at", "member", "member_since", "code_digest", "code_expires_at"])
    _tell("device.unpaired", locked, actor=actor, now=now)


def find(secret: str) -> Found | None:
    """Whose device a browser's secret is; None where it is nobody's (any more)."""
    found = across_tenants("device", _digest(secret)) if secret else []
    return found[0] if found else None


def _give_code(device: Device) -> str:
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
    device.code_digest, device.code_expires_at = _digest(code), instant() + CODE_LASTS
    return f"{code[:4]}-{code[4:]}"


def _plain(code: str) -> str:
    return "".join(sign for sign in code.upper() if sign.isalnum())[:64]


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _check_open(site: Site) -> None:
    if site.closed_at is not None:
        raise Conflict(gettext_noop("This site is closed."), code="site_closed")


def _check_serves(device: Device) -> None:
    if device.unpaired_at is not None:
        raise Conflict(
            gettext_noop("This device was unpaired."),
            code="device_unpaired",
            way_out=gettext_noop("Register it anew."),
        )


def _tell(kind: str, device: Device, *, actor: Actor, now: Now) -> None:
    shown = {"id": device.public_id, "name": device.name, "site": show("sit", device.site_id)}
    record(kind=kind, object_id=device.pk, data={"object": shown}, actor=actor, now=now)
