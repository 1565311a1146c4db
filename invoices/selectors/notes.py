"""The sentences of an electronic invoice, each under its subject, in the document's language (BG-1).

The French rules ask for three on every document (BR-FR-05): penalties for late payment (PMD), the fee for recovery
(PMT) and the discount for early payment (AAB); code de commerce L441-9 and L441-10. Between a professional and a
consumer the first two have no object, and the sentence says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.utils.translation import override, pgettext

from invoices.facturx.documents import Note, Party
from invoices.facturx.parties import legal_form
from invoices.mentions import RECOVERY_FEE
from invoices.paper import Locale
from merchants.languages import said_in
from merchants.wording import amount_text


def notes_of(
    *,
    issuer: Mapping[str, Any],
    seller: Party,
    professional: bool,
    mentions: Sequence[str],
    reason: str = "",
    practice: bool = False,
    locale: Locale,
) -> tuple[Note, ...]:
    """All notes of a document. `issuer` is its frozen entity: with the merchant's own terms of payment where it has
    some; `mentions` are the lines frozen with it, `reason` why a credit note gives back."""
    late, early = (said_in(issuer.get(name) or {}, locale) for name in ("late_penalty", "early_discount"))
    found = [Note(subject=subject, text=said) for subject, said in _payment(late, early, professional, locale)]
    if form := legal_form(seller):
        found.append(Note(subject="REG", text=form))
    if seller.registry:
        found.append(Note(subject="ABL", text=seller.registry))
    if reason:
        found.append(Note(subject="ACD", text=reason))
    if practice:
        found.append(Note(subject="AAI", text=_practice(locale)))
    return (*found, *(Note(subject="AAI", text=line) for line in mentions if line.strip()))


@lru_cache(maxsize=512)
def _payment(late: str, early: str, professional: bool, locale: Locale) -> tuple[tuple[str, str], ...]:
    """Alike documents say the same: a run of thousands words it once."""
    with override(locale):
        if professional:
            penalties = pgettext("paper", "Late payment: penalties at %(rate)s from the day after the due date.") % {
                "rate": late or pgettext("paper", "three times the legal interest rate")
            }
            fee = pgettext("paper", "Late payment: a fixed fee of %(fee)s for recovery.") % {
                "fee": amount_text(RECOVERY_FEE, "EUR", locale)
            }
        else:
            penalties = pgettext("paper", "Late payment: no penalties, the customer is a consumer.")
            fee = pgettext("paper", "Late payment: no fee for recovery, the customer is a consumer.")
        return (
            ("PMD", penalties),
            ("PMT", fee),
            ("AAB", early or pgettext("paper", "No discount for early payment.")),
        )


@lru_cache(maxsize=4)
def _practice(locale: Locale) -> str:
    with override(locale):
        return pgettext("paper", "Practice document, worth nothing")
