"""The provider inbox: verify, keep, answer; then act, as often as needed (reliability F09 to F13).

A notice only says that something happened. What is true is asked of the provider anew, so that notices may come twice,
late, early or in any order, and the end is the same.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from billing.flows import looking, new_card
from billing.flows.providers import gateway_of
from billing.gateways.base import Notice
from billing.models import NewCard, ProviderEvent
from invoices.models import Payment
from merchants.clock import instant
from merchants.models import ProviderAccount
from merchants.secrets import decrypt
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant


class UnknownAccount(LookupError):  # noqa: N818 - said as people say it
    """No connected account has this id."""


def receive(*, account_id: UUID, body: bytes, signature: str) -> tuple[UUID, UUID] | None:
    """Keep a signed notice; answers `(merchant_id, notice_id)`, or None where it was kept before.

    Raises UnknownAccount, BadSignature. When this returns the row is committed: 2xx may be answered.
    """
    found = across_tenants("provider_account", account_id)
    if not found:
        raise UnknownAccount
    merchant_id = found[0].merchant_id
    with tenant(merchant_id):
        account = ProviderAccount.objects.get(id=account_id)
        if account.disconnected_at is not None:
            raise UnknownAccount
    secret = decrypt(account.webhook_secret)
    notice = gateway_of(account).read_notice(body=body, signature=signature, secret=secret)
    with tenant(merchant_id):
        row = _keep(account, notice)
    return (merchant_id, row.pk) if row else None


def _keep(account: ProviderAccount, notice: Notice) -> ProviderEvent | None:
    row = ProviderEvent(
        account=account,
        event_id=notice.event_id,
        kind=notice.kind[:120],
        object_ref=(notice.object_ref or "")[:255],
        payment_key=_ours(notice.payment_key),
        raw=dict(notice.raw),
        received_at=instant(),
        next_try_at=instant(),
    )
    made = ProviderEvent.objects.bulk_create([row], ignore_conflicts=True)
    return ProviderEvent.objects.filter(id=made[0].pk).first()


def _ours(key: str | None) -> str:
    """A payment's id of ours; '' for what another system that shares the account has put there, of whatever length."""
    try:
        return str(UUID(key or ""))
    except ValueError:
        return ""


def read(*, merchant_id: UUID, notice_id: UUID) -> None:
    """Act on one notice: ask the provider about the payment, or the card page, that it names, and record the answer.
    Safe to repeat."""
    with tenant(merchant_id):
        row = ProviderEvent.objects.select_for_update().get(id=notice_id)
        if row.settled_at is not None:
            return
        row.tries += 1
        row.next_try_at = instant() + timedelta(seconds=15 * 2 ** min(row.tries, 10))
        row.save(update_fields=["tries", "next_try_at"])
        payment_id = _named(row, Payment)
        page_id = None if payment_id else _named(row, NewCard)
    answer = "not ours"
    if page_id is not None:
        answer = new_card.ask_about(merchant_id=merchant_id, page_id=page_id).kind.value
    if payment_id is not None:
        answer = looking.ask_about(merchant_id=merchant_id, payment_id=payment_id).kind.value
    with tenant(merchant_id):
        ProviderEvent.objects.filter(id=notice_id, settled_at=None).update(settled_at=instant(), outcome=answer)


def _named(row: ProviderEvent, kind: type[Payment] | type[NewCard]) -> UUID | None:
    """Our payment or card page that a notice is about, by our key in its metadata or by the provider's page."""
    ours = kind.objects.filter(account_id=row.account_id)
    key = _ours(row.payment_key)
    found = ours.filter(id=key).values_list("id", flat=True).first() if key else None
    if found is None and row.object_ref:
        found = ours.filter(provider_session=row.object_ref).values_list("id", flat=True).first()
    return found
