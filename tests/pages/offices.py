"""Offices for tests of pages: a merchant with its sandbox, and people logged in with a role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from merchants.actors import Actor
from merchants.models import Membership, Merchant, User
from merchants.now import Now
from merchants.services.signup import open_merchant
from merchants.tenancy.scope import tenant

NOW = Now(at=datetime(2026, 11, 3, 9, 0, tzinfo=UTC), zone="Europe/Paris")


def person(email: str = "", *, locale: str = "en", name: str = "") -> User:
    """Somebody with a verified address and no merchant."""
    address = email or f"p{secrets.token_hex(6)}@people.example"
    user = User.objects.create_user(address, locale=locale, name=name)
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user


def logged_in(user: User) -> Client:
    """A browser of theirs."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@dataclass(frozen=True)
class Seat:
    """A member of one merchant, at their browser."""

    user: User
    merchant: Merchant
    sandbox: Merchant
    client: Client

    def url(self, name: str, **arguments: str) -> str:
        """The address of a page of the live merchant's office."""
        return reverse(f"office:{name}", kwargs={"merchant": self.merchant.public_id, **arguments})

    def member(self) -> Membership:
        """Their membership of the live merchant."""
        with tenant(self.merchant.id):
            found: Membership = Membership.objects.get(user=self.user, removed_at=None)
        return found


def office(name: str = "Onde", *, locale: str = "en") -> Seat:
    """A new merchant's owner."""
    owner = person(locale=locale)
    live, sandbox = open_merchant(name=name, owner=owner, now=NOW, actor=Actor.system("test"), locale=locale)
    return Seat(user=owner, merchant=live, sandbox=sandbox, client=logged_in(owner))


def colleague(seat: Seat, role: str, *, locale: str = "en") -> Seat:
    """Another member of the same live merchant."""
    user = person(locale=locale)
    with tenant(seat.merchant.id):
        Membership.objects.create(user=user, role=role, created_at=NOW.at)
    return Seat(user=user, merchant=seat.merchant, sandbox=seat.sandbox, client=logged_in(user))
