"""What somebody signs when they are enrolled: the contract where the company has terms, the mandate where an account is
debited. Kept in the transaction of the enrolment: signed and enrolled, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from invoices.models import SignedPaper
from invoices.services import signing
from invoices.services.signing import Draft
from merchants.actors import Actor
from merchants.models import Device, LegalEntity, Membership, Site
from merchants.now import Now
from merchants.refusals import Invalid, gettext_noop
from subscribers.models import Mandate, Subscriber
from subscribers.services import belonging, mandates

DEBIT = "sepa"
"""Paid by a debit of the account that a mandate names."""
CONTRACT, MANDATE = SignedPaper.Kind.CONTRACT.value, SignedPaper.Kind.MANDATE.value


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitAccount:
    """The account that is to be debited, as it was typed, and the reference that its mandate was shown with."""

    iban: str
    holder: str
    reference: str = ""


def to_sign(entity: LegalEntity, *, means: str, later: str) -> tuple[str, ...]:
    """Which papers are signed."""
    contract = (CONTRACT,) if entity.contract_terms else ()
    return contract + ((MANDATE,) if DEBIT in (means, later) else ())


def may_debit() -> bool:
    """Whether the company may collect debits: it has its identifier. Needs the tenant's scope."""
    entity = LegalEntity.objects.order_by("-is_default", "id").first()
    return entity is not None and bool(entity.creditor_identifier)


def check(
    entity: LegalEntity,
    *,
    means: str,
    later: str,
    account: DebitAccount | None,
    papers: Sequence[Draft],
    person: Subscriber,
    now: Now,
) -> None:
    """Raises Invalid at `signature` where a paper is not signed, at `iban`, `holder` and `later` where the account
    cannot be debited or is not the payer's."""
    if DEBIT in (means, later):
        if person.payer_id is not None:
            detail = gettext_noop("Somebody else pays for this person: who pays signs the mandate.")
            raise Invalid.at("later", "payer_is_another", detail)
        given = account or DebitAccount(iban="", holder="")
        mandates.check(mandates.Signed(iban=given.iban, holder=given.holder, creditor=entity), now=now)
    wanted = to_sign(entity, means=means, later=later)
    if sorted(draft.kind for draft in papers) != sorted(wanted):
        raise Invalid.at("signature", "required", gettext_noop("Sign first."))


def keep(
    papers: Sequence[Draft],
    *,
    account: DebitAccount | None,
    person: Subscriber,
    subscription_id: UUID,
    entity: LegalEntity,
    site: Site,
    device: Device,
    member: Membership,
    actor: Actor,
    now: Now,
) -> Mandate | None:
    """The signed papers as rows, and the mandate where one was signed."""
    mandate = None
    if account is not None:
        belonging.lock([person.pk])
        given = mandates.Signed(
            iban=account.iban,
            holder=account.holder,
            creditor=entity,
            site=site,
            device=device,
            reference=account.reference,
        )
        mandate = mandates.sign(person, given, actor=actor, now=now)
    for draft in papers:
        signing.keep(
            draft,
            subscriber_id=person.pk,
            subscription_id=subscription_id,
            mandate_id=mandate.pk if mandate is not None and draft.kind == MANDATE else None,
            site=site,
            device=device,
            member=member,
        )
    return mandate
