"""SEPA mandates: signed at a counter, lodged at the provider, refused, revoked.

Signing is a row and its word in the history; no provider is asked here. The account's number lies in the row,
encrypted, until the provider has it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from merchants.actors import Actor
from merchants.clock import instant
from merchants.iban import Account, check_iban
from merchants.models import Device, LegalEntity, Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.secrets import encrypt
from subscribers import history, shapes
from subscribers.models import Mandate, PaymentMethod, Subscriber
from subscribers.services import facts

TEXT_VERSION = "CORE-2026-11"
"""Of the words that are signed (`invoices.papers`): the mandate of the SEPA Core scheme, EPC016-06 annex VII."""
WAITS = (1, 2, 5, 15, 60, 360)
"""Minutes until the provider is asked again, by how often it did not answer; then the last for ever."""
_REFERENCE = re.compile(r"[A-Za-z0-9/?:().,'+ \-]{1,35}")
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Whose account, where and when it was signed. `reference` is that under which it was shown."""

    iban: str
    holder: str
    creditor: LegalEntity
    site: Site | None = None
    device: Device | None = None
    reference: str = ""
    signed_at: datetime | None = None


def check(signed: Signed, *, now: Now) -> Account:
    """The account, once all that was given is known to be right. Raises Invalid at `iban`, `holder`, `reference`,
    `signed_on`, and at `later` (`creditor_identifier_missing`) where the company may not collect debits yet."""
    if not signed.creditor.creditor_identifier:
        detail = gettext_noop("The company has no SEPA creditor identifier yet: write it in Settings, Companies.")
        raise Invalid.at("later", "creditor_identifier_missing", detail)
    account = check_iban(signed.iban)
    if not signed.holder.strip():
        raise Invalid.at("holder", "required", gettext_noop("Whose account it is."))
    if len(signed.holder.strip()) > 70:  # SEPA's own limit of a name
        raise Invalid.at("holder", "too_long", gettext_noop("At most %(most)s characters."), {"most": 70})
    if signed.reference and not _is_reference(signed.reference):
        detail = gettext_noop("At most 35 letters without accents, digits, and / - ? : ( ) . , ' +.")
        raise Invalid.at("reference", "mandate_reference_invalid", detail)
    if signed.signed_at is not None and signed.signed_at > now.at:
        raise Invalid.at("signed_on", "in_the_future", gettext_noop("This day has not come yet."))
    return account


def sign(payer: Subscriber, signed: Signed, *, actor: Actor, now: Now) -> Mandate:
    """A mandate of this payer, waiting to be lodged at once. What they signed before and nobody lodged is revoked. The
    caller holds the payer's lock. Raises what `check` raises, and Conflict (`mandate_reference_taken`)."""
    account = check(signed, now=now)
    reference = signed.reference or new_reference(now)
    if Mandate.objects.filter(reference=reference).exists():
        raise Conflict(
            gettext_noop("Another mandate has this reference."),
            code="mandate_reference_taken",
            way_out=gettext_noop("Give each mandate a reference of its own."),
        )
    waiting = Mandate.objects.filter(subscriber=payer, lodged_at=None, refused_at=None, revoked_at=None)
    for other in waiting.select_for_update().order_by("id"):
        revoke(other, actor=actor, now=now, reason="signed_anew")
    row = Mandate(
        subscriber=payer,
        reference=reference,
        creditor_identifier=signed.creditor.creditor_identifier,
        accepted_at=signed.signed_at or now.at,
        text_version=TEXT_VERSION,
        holder=signed.holder.strip(),
        iban=encrypt(account.number),
        last4=account.last4,
        bank=account.bank[:160],
        country=account.country,
        site=signed.site,
        device=signed.device,
        next_try_at=instant(),
        created_at=now.at,
    )
    history.create(row, actor=actor, now=now, verb="created")
    _tell("mandate.signed", row, actor=actor, now=now)
    return row


def lodged(row: Mandate, method: PaymentMethod, *, provider_reference: str, actor: Actor, now: Now) -> None:
    """The provider has the account: this means is charged, and we forget the number. The caller holds the row."""
    columns = {
        "payment_method_id": method.pk,
        "provider_reference": provider_reference[:255],
        "lodged_at": now.at,
        "iban": b"",
        "next_try_at": None,
    }
    history.update(row, columns, actor=actor, now=now, verb="lodged")


def refused(row: Mandate, code: str, *, actor: Actor, now: Now) -> None:
    """The provider will not have the account: somebody has to ask for another. The caller holds the row."""
    columns = {"refused_at": now.at, "refused_code": code[:60], "iban": b"", "next_try_at": None}
    history.update(row, columns, actor=actor, now=now, verb="refused")
    _tell("mandate.refused", row, actor=actor, now=now)


def ask_again(row: Mandate, *, actor: Actor, now: Now) -> None:
    """The provider did not answer: later and later. The caller holds the row."""
    wait = timedelta(minutes=WAITS[min(row.tries, len(WAITS) - 1)])
    columns = {"tries": row.tries + 1, "next_try_at": instant() + wait}
    history.update(row, columns, actor=actor, now=now, verb="updated")


def revoke(row: Mandate, *, actor: Actor, now: Now, reason: str = "") -> None:
    """Nothing is debited by it from now on. Safe to repeat. The caller holds the row."""
    if row.revoked_at is not None:
        return
    columns = {"revoked_at": now.at, "iban": b"", "next_try_at": None}
    history.update(row, columns, actor=actor, now=now, verb="revoked", reason=reason)
    _tell("mandate.revoked", row, actor=actor, now=now)


def new_reference(now: Now) -> str:
    """A reference that nobody can guess and everybody can read aloud: the day and ten signs.

    >>> from datetime import UTC
    >>> found = new_reference(Now(at=datetime(2026, 11, 24, tzinfo=UTC), zone="Europe/Paris"))
    >>> found[:9], len(found)
    ('20261124-', 20)
    """
    return reference_of(uuid4(), now)


def reference_of(key: UUID, now: Now) -> str:
    """The same, made of a number that is known before anything is signed: the paper shows it, and asked again the same.

    >>> from datetime import UTC
    >>> reference_of(UUID(int=7), Now(at=datetime(2026, 11, 24, tzinfo=UTC), zone="Europe/Paris"))
    '20261124-3QAUD-FVDW2'
    """
    number = int.from_bytes(hashlib.sha256(key.bytes).digest(), "big")
    signs = ""
    for _ in range(10):
        number, at = divmod(number, len(_SIGNS))
        signs += _SIGNS[at]
    return f"{now.today:%Y%m%d}-{signs[:5]}-{signs[5:]}"


def _is_reference(text: str) -> bool:
    """A UMR (EPC217-08): SEPA's letters, no slash at an end nor two in a row.

    >>> _is_reference("RUM-2024/001"), _is_reference("RUM é"), _is_reference("/a"), _is_reference("x" * 36)
    (True, False, False, False)
    """
    return bool(_REFERENCE.fullmatch(text)) and not (text.startswith("/") or text.endswith("/") or "//" in text)


def last_of(payer_id: UUID) -> Mandate | None:
    """The newest mandate of a payer that was not revoked."""
    return Mandate.objects.filter(subscriber_id=payer_id, revoked_at=None).order_by("-id").first()


def _tell(kind: str, row: Mandate, *, actor: Actor, now: Now) -> None:
    facts.tell(row.subscriber_id, (kind, row.pk, {"object": shapes.mandate(row)}), actor=actor, now=now)
