"""Counters for tests of pages: a tablet that is paired to a site, and somebody signed in at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.test import Client

from merchants.actors import Actor
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Device, Membership, Site, User
from merchants.now import Now
from merchants.services import devices, pins
from merchants.tenancy.scope import tenant

PIN = "4711"
BOSS = Actor.system("test")


def present() -> Now:
    """The real present, in Paris."""
    return Now(at=instant(), zone="Europe/Paris")


def salon(merchant_id: UUID, name: str = "Lyon Part-Dieu") -> Site:
    """A site of a merchant."""
    with tenant(merchant_id):
        return Site.objects.create(reference=new_id().hex, name=name, created_at=instant())


def seller(
    merchant_id: UUID, name: str, *, sites: list[Site] | None = None, role: str = "counter", pin: str = PIN
) -> Membership:
    """A member by name, with a PIN."""
    with tenant(merchant_id):
        user = User(email=f"{new_id().hex}@{pins.NO_ADDRESS}", name=name, is_active=False)
        user.save()
        member = Membership.objects.create(
            user=user, role=role, sites=[site.pk for site in sites or []], created_at=instant()
        )
        pins.set_pin(member, pin, actor=BOSS, now=present())
        return member


@dataclass
class Tablet:
    """A tablet at a site's counter."""

    merchant_id: UUID
    site: Site
    device_id: UUID
    client: Client

    def device(self) -> Device:
        """Its row, as it stands."""
        with tenant(self.merchant_id):
            found: Device = Device.objects.select_related("member").get(id=self.device_id)
            return found

    def sign_in(self, member: Membership, pin: str = PIN) -> Any:
        """Sign somebody in through the page."""
        return self.client.post("/counter/sign-in", {"member": member.public_id, "pin": pin})


def tablet(merchant_id: UUID, site: Site, name: str = "Till 1") -> Tablet:
    """A device of a site, paired through its page."""
    with tenant(merchant_id):
        made = devices.register(site=site, name=name, by=None, actor=BOSS, now=present())
    client = Client()
    answer = client.post("/counter/pair", {"code": made.code})
    assert answer.status_code == 302, answer.content.decode()
    return Tablet(merchant_id=merchant_id, site=site, device_id=made.device.pk, client=client)
