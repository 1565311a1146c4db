"""Enrolling subscribers and changing what we know of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from merchants.actors import Actor
from merchants.identity import siren_of, vat_of
from merchants.languages import codes, is_spoken
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop
from merchants.terms import fault
from subscribers import history, shapes
from subscribers.models import PersonalValue, Subscriber
from subscribers.models.people import PERSONAL, kept_text
from subscribers.registers import Answer
from subscribers.search_text import fold
from subscribers.services import facts

TEXTS = {
    "reference": 120, "name": 160, "phone": 32, "company": 160, "line1": 160, "line2": 160,
    "postal_code": 16, "city": 80,
}  # fmt: skip
_EMAIL = re.compile(
    r"^[^\s@<>,;:\"()\[\]\\]{1,64}@(?=.{4,253}$)([^\s@.<>,;:\"()\[\]\\]+\.)+[^\s@.<>,;:\"()\[\]\\]{2,63}$"
)


def check_profile(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values cleaned (NFC, trimmed). Raises Invalid naming each faulty field."""
    errors: list[FieldError] = []
    clean: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, str):
            value = unicodedata.normalize("NFC", value).strip()
            if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
                errors.append(_fault(name, "bad_characters", gettext_noop("Leave out control characters.")))
                continue
        clean[name] = value
        most = TEXTS.get(name)
        if most and isinstance(value, str) and len(value) > most:
            errors.append(_fault(name, "too_long", gettext_noop("At most %(most)s characters."), most=most))
    if clean.get("email"):
        clean["email"] = clean["email"].lower()
        if len(clean["email"]) > 254 or not _EMAIL.match(clean["email"]):
            errors.append(_fault("email", "email_invalid", gettext_noop("This is not an e-mail address.")))
    if clean.get("phone") and not re.fullmatch(r"\+?[0-9 ().\-/]{4,32}", clean["phone"]):
        errors.append(_fault("phone", "phone_invalid", gettext_noop("Digits, spaces and a leading + only.")))
    if clean.get("country") and not re.fullmatch(r"[A-Z]{2}", clean["country"]):
        errors.append(_fault("country", "country_invalid", gettext_noop("Two capital letters, such as FR.")))
    if "locale" in clean and not is_spoken(clean["locale"]):
        words = ", ".join(codes())
        errors.append(fault("locale", "locale_unknown", gettext_noop("One of: %(words)s."), words=words))
    errors.extend(_identifiers(clean))
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)
    return clean


def _identifiers(clean: dict[str, Any]) -> list[FieldError]:
    errors = []
    if clean.get("siren"):
        number = siren_of(clean["siren"])
        if number is None:
            detail = gettext_noop("This is not a SIREN: nine digits, the last a check.")
            errors.append(_fault("siren", "siren_invalid", detail))
        clean["siren"] = number or clean["siren"]
    if clean.get("vat_number"):
        number = vat_of(clean["vat_number"])
        if number is None:
            detail = gettext_noop("This is not a VAT number of the Union: its country first, such as DE136695976.")
            errors.append(_fault("vat_number", "vat_number_invalid", detail))
        clean["vat_number"] = number or clean["vat_number"]
    return errors


def _fault(field: str, code: str, detail: str, **params: object) -> FieldError:
    return FieldError(field=field, code=code, detail=detail, params=params)


def enrol(
    values: Mapping[str, Any],
    *,
    merchant: Merchant,
    actor: Actor,
    now: Now,
    site_id: UUID | None = None,
    payer_id: UUID | None = None,
    test_clock_id: UUID | None = None,
) -> Subscriber:
    """A new subscriber. `values` are columns; without a reference the public id is taken. Raises Invalid, Conflict."""
    clean = check_profile(values)
    row = Subscriber(
        channel=actor.channel.value, created_at=now.at, updated_at=now.at, **{"locale": merchant.locale, **clean}
    )
    row.reference = row.reference or row.public_id
    row.site_id, row.payer_id, row.test_clock_id = site_id, payer_id, test_clock_id
    row.search = _search(row)
    if Subscriber.objects.filter(reference=row.reference).exists():
        raise Conflict(
            gettext_noop("A subscriber with the reference “%(reference)s” exists already."),
            code="reference_taken",
            params={"reference": row.reference},
            errors=[_fault("reference", "reference_taken", gettext_noop("Taken by another subscriber."))],
        )
    history.create(row, actor=actor, now=now)
    _tell("subscriber.created", row, actor=actor, now=now)
    return row


def revise(row: Subscriber, values: Mapping[str, Any], *, actor: Actor, now: Now, reason: str = "") -> Subscriber:
    """Change what we know of a subscriber; nothing is written where nothing changed. Raises Invalid, Conflict."""
    clean = check_profile(values)
    reference = clean.get("reference", row.reference)
    if reference != row.reference and Subscriber.objects.filter(reference=reference).exists():
        raise Conflict(
            gettext_noop("A subscriber with the reference “%(reference)s” exists already."),
            code="reference_taken",
            params={"reference": reference},
        )
    if not history.update(row, clean, actor=actor, now=now, verb="updated", reason=reason):
        return row
    row.search = _search(row)
    row.save(update_fields=["search"])
    _tell("subscriber.updated", row, actor=actor, now=now)
    return row


def keep_answer(row: Subscriber, answer: Answer, *, actor: Actor, now: Now) -> bool:
    """Keep what a register said of a locked subscriber's VAT number, told in the history. False, and nothing written,
    where the number is another by now, or where what is unknown would take the place of what was known."""
    known = row.vat_check if row.vat_check.get("number") == answer.number else {}
    if answer.number != row.vat_number or (
        answer.verdict == "unknown" and known.get("verdict") in ("valid", "invalid")
    ):
        return False
    kept = {
        "number": answer.number,
        "verdict": answer.verdict,
        "at": shapes.at(answer.at),
        "consultation": answer.consultation,
        "why": answer.why,
    }
    if not history.update(row, {"vat_check": kept}, actor=actor, now=now, verb="vat_checked"):
        return False
    _tell("subscriber.updated", row, actor=actor, now=now)
    return True


def _search(row: Subscriber) -> str:
    return fold(row.name, row.company, row.email, row.phone, row.reference)


def _tell(kind: str, row: Subscriber, *, actor: Actor, now: Now) -> None:
    ids = dict(PersonalValue.objects.filter(subscriber=row).order_by("id").values_list("field", "id"))
    untold = [name for name in PERSONAL if getattr(row, name) and name not in ids]  # older than the column's being one
    for name in untold:
        text = kept_text(history.told(getattr(row, name)))
        ids[name] = PersonalValue.objects.create(subscriber=row, field=name, value=text, created_at=now.at).pk
    data = {"object": shapes.subscriber(row, ids)}
    facts.tell(row.pk, (kind, row.pk, data), actor=actor, now=now)
