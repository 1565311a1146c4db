"""The card readers of a merchant's sites: which there are, put at a site, renamed, taken away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing.flows.providers import NoProvider, TableBooks, gateway_of, time_of_payer
from billing.gateways.base import Outcome
from billing.gateways.readers import Readers, ReaderSeen
from billing.gateways.registry import readers_for
from billing.models import Reader, ReaderPayment
from invoices.models.payments import IN_FLIGHT
from merchants.ids import new_id
from merchants.links import mint
from merchants.models import ProviderAccount, Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.tenancy.scope import tenant

PLAYED_FOR = timedelta(days=2)
"""How long the address of a simulated reader's screen opens it."""


class ReaderBusy(Conflict):
    """A reader shows one payment at a time."""

    code = "reader_busy"
    detail = gettext_noop("This reader waits for the card of another payment.")
    way_out = gettext_noop("Wait for it, give that payment up, or choose another reader.")


class ReaderMissing(Conflict):
    """The reader was taken away, or never stood here."""

    code = "reader_missing"
    detail = gettext_noop("There is no such card reader at this site any more.")
    way_out = gettext_noop("Choose another one, or show the QR code.")


def readers_of(account: ProviderAccount) -> Readers:
    """The readers behind an account. Raises NoProvider where its kind has none."""
    merchant_id = account.tenant_id
    found = readers_for(
        gateway_of(account),
        books=TableBooks(merchant_id),
        payer_time=partial(time_of_payer, merchant_id),
        known=partial(_registered, merchant_id, account.pk),
    )
    if found is None:
        raise NoProvider
    return found


def at_site(site_id: UUID) -> list[Reader]:
    """The readers that can be used at a site, by name. Needs the tenant's scope."""
    rows = Reader.objects.filter(site_id=site_id, retired_at=None, account__disconnected_at=None)
    return list(rows.select_related("account").order_by("name", "id"))


def accounts_with_readers() -> list[ProviderAccount]:
    """The connected accounts whose provider has readers. Needs the tenant's scope."""
    rows = ProviderAccount.objects.filter(disconnected_at=None, kind__in=("stripe", "simulated"))
    return list(rows.order_by("-is_default", "id"))


def at_provider(*, merchant_id: UUID, account_id: UUID) -> Sequence[ReaderSeen] | Outcome:
    """The readers that the provider knows; an `Outcome` says why it does not tell."""
    with tenant(merchant_id):
        account = ProviderAccount.objects.get(id=account_id)
    return readers_of(account).seen()


def register(*, account: ProviderAccount, site: Site, name: str, provider_ref: str, now: Now) -> Reader:
    """Put a reader at a site. A simulated one is made by it. Needs the tenant's scope.

    Raises Invalid (`name`, `provider_ref`, `site`).
    """
    name = _name(name)
    if site.closed_at is not None:
        raise Invalid.at("site", "site_closed", gettext_noop("This site is closed."))
    reader = Reader(id=new_id(), site=site, account=account, name=name, created_at=now.at)
    reader.provider_ref = provider_ref if account.kind == ProviderAccount.Kind.STRIPE else f"sim_{reader.pk.hex}"
    if not reader.provider_ref:
        raise Invalid.at("provider_ref", "required", gettext_noop("Choose a reader of the provider's."))
    elsewhere = Reader.objects.filter(account=account, provider_ref=reader.provider_ref, retired_at=None)
    known = elsewhere.select_for_update(of=("self",)).select_related("site").first()
    if known is not None:
        detail = gettext_noop("This reader stands at a site already. Take it away there first.")
        raise Invalid.at("provider_ref", "reader_taken", detail)
    reader.save(force_insert=True)
    return reader


def rename(reader: Reader, name: str) -> None:
    """Call a reader otherwise. Raises Invalid (`name`)."""
    reader.name = _name(name)
    reader.save(update_fields=["name"])


def retire(reader_id: UUID, *, now: Now) -> Reader:
    """Take a reader away from its site. Needs the tenant's scope. Raises ReaderBusy while a payment waits at it."""
    reader = Reader.objects.select_for_update(of=("self",)).get(id=reader_id)
    if reader.retired_at is not None:
        return reader
    if waits_at(reader):
        raise ReaderBusy
    reader.retired_at = now.at
    reader.save(update_fields=["retired_at"])
    return reader


def played_at(reader: Reader) -> str:
    """The address of a simulated reader's screen, where its card is played: signed, opens without a log-in."""
    token = mint("reader", reader.tenant_id, reader.pk, lasts=PLAYED_FOR)
    return settings.PUBLIC_URL + reverse("hosted:reader", args=[token])


def waits_at(reader: Reader) -> bool:
    """Whether a payment is in flight at a reader. Needs the tenant's scope."""
    return ReaderPayment.objects.filter(reader=reader, payment__status__in=IN_FLIGHT).exists()


def _name(text: str) -> str:
    name = text.strip()
    if not name:
        raise Invalid.at("name", "required", gettext_noop("A name, as the staff calls it."))
    if len(name) > 80:
        raise Invalid.at("name", "too_long", gettext_noop("At most 80 characters."))
    return name


def _registered(merchant_id: UUID, account_id: UUID) -> list[ReaderSeen]:
    with tenant(merchant_id):
        rows = list(Reader.objects.filter(account_id=account_id, retired_at=None).order_by("name"))
    return [ReaderSeen(provider_ref=row.provider_ref, name=row.name, is_online=True) for row in rows]
