"""The legal lines of a document, in its language: written when it is finalised and frozen with it.

CGI annexe II art. 242 nonies A (identity, VAT, category of operation, debits), code de commerce L441-9, L441-10 and
D441-5 (late payment and the 40 € for recovery, between professionals), reliability §1.8.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from django.utils.translation import override, pgettext

from invoices.paper import Issuer, Locale
from invoices.wording import isolated
from merchants.wording import amount_text
from subscribers.taxation import Kind, kind_of

RECOVERY_FEE = 40_00
"""The flat fee for recovery costs, in cents of euro (D441-5)."""

Operation = Literal["services", "goods", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What decides on a document's legal lines.

    `professional`: the payer buys for a business (SIREN or VAT number given, or said so). `late_penalty` is the rate in
    words; empty: three times the legal rate, the law's own default. `exemptions` and `extra` are sentences already in
    the reader's language: why a rate is zero; what the merchant adds (mediator, insurance).
    """

    credit_note: bool = False
    inclusive: bool = True
    taxed: bool = True
    operation: Operation | None = "services"
    vat_on_debits: bool = False
    vat_exempt: bool = False
    professional: bool = False
    late_penalty: str = ""
    early_discount: str = ""
    contact: str = ""
    exemptions: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def mention_lines(mentions: Mentions, *, locale: Locale) -> list[str]:
    """The legal lines to freeze with a document: VAT, payment and contact as one paragraph, then each exemption and
    what the merchant adds, a line each. The issuer's identity is no part of them: `identity` prints it before them.

    >>> mention_lines(Mentions(inclusive=False, professional=True), locale="en")[0][:56]
    'Services, VAT due on receipt of payment. No discount for'
    """
    return list(_worded(mentions, locale))


def operation_of(codes: Iterable[str]) -> Operation:
    """The category of operation that a document says (CGI ann. II 242 nonies A): goods, services or both.

    >>> operation_of(["books", "electronic"]), operation_of(["goods_wine"]), operation_of(["on_site"])
    ('both', 'goods', 'services')
    """
    kinds = {kind_of(code) is Kind.goods for code in codes}
    return "both" if len(kinds) > 1 else "goods" if True in kinds else "services"


@lru_cache(maxsize=512)
def _worded(mentions: Mentions, locale: Locale) -> tuple[str, ...]:
    """The lines of alike documents are alike: a run of thousands words them once."""
    with override(locale):
        paragraph = " ".join((*_vat(mentions), *_payment(mentions, locale), *_contact(mentions)))
    own = [_sentence(line) for line in (*mentions.exemptions, *mentions.extra) if line.strip()]
    return tuple(line for line in (paragraph, *own) if line)


def _vat(mentions: Mentions) -> list[str]:
    operation = {
        "services": pgettext("paper", "Services"),
        "goods": pgettext("paper", "Goods"),
        "both": pgettext("paper", "Goods and services"),
        None: "",
    }[mentions.operation]
    said = [operation] if operation else []
    if mentions.vat_exempt:
        said.append(pgettext("paper", "VAT not applicable, article 293 B of the French tax code (CGI)"))
    elif mentions.vat_on_debits:
        said.append(pgettext("paper", "VAT paid on debits, by option"))
    elif mentions.taxed and mentions.operation == "services":
        said.append(pgettext("paper", "VAT due on receipt of payment"))
    sentences = [", ".join(said) + "."] if said else []
    if mentions.inclusive and mentions.taxed and not mentions.vat_exempt:
        sentences.append(pgettext("paper", "Prices include VAT, which is computed once per rate on the total."))
    return sentences


def _payment(mentions: Mentions, locale: Locale) -> list[str]:
    if mentions.credit_note:
        return []
    early = _sentence(mentions.early_discount) or pgettext("paper", "No discount for early payment.")
    if not mentions.professional:
        return [early]
    late = pgettext(
        "paper",
        "Late payment: penalties at %(rate)s from the day after the due date, and a fixed fee of %(fee)s for recovery.",
    ) % {
        "rate": mentions.late_penalty or pgettext("paper", "three times the legal interest rate"),
        "fee": amount_text(RECOVERY_FEE, "EUR", locale),
    }
    return [early, late]


def _contact(mentions: Mentions) -> list[str]:
    if not mentions.contact:
        return []
    # Translators: whom to ask: "Une question : factures@onde.example, 04 65 71 20 26."
    return [pgettext("paper", "A question: %(contact)s.") % {"contact": mentions.contact.rstrip(".")}]


def identity(issuer: Issuer) -> str:
    """Who issues it, as the foot of every page says it; in the active language."""
    name = isolated(issuer.full_name)
    if issuer.capital:
        name = pgettext("paper", "%(company)s with a capital of %(amount)s") % {
            "company": name,
            "amount": issuer.capital,
        }
    parts = [", ".join((name, *map(isolated, issuer.address)))]
    registered = issuer.rcs.replace(" ", "")
    if issuer.rcs:
        parts.append(issuer.rcs)
    if issuer.siret:
        parts.append(pgettext("paper", "SIRET %(number)s") % {"number": _grouped(issuer.siret)})
    elif issuer.siren and issuer.siren.replace(" ", "") not in registered:
        parts.append(pgettext("paper", "SIREN %(number)s") % {"number": _grouped(issuer.siren)})
    if issuer.vat_id:
        parts.append(pgettext("paper", "Intra-Community VAT number %(number)s") % {"number": issuer.vat_id})
    return ". ".join(part.rstrip(".") for part in parts) + "."


def _grouped(digits: str) -> str:
    """A SIREN or SIRET in groups of three, as people write it: the last five of a SIRET stay together.

    >>> _grouped("99941207500012").split("\\N{NO-BREAK SPACE}")
    ['999', '412', '075', '00012']
    """
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (9, 14):
        return digits
    return "\N{NO-BREAK SPACE}".join((digits[:3], digits[3:6], digits[6:9], digits[9:])).rstrip("\N{NO-BREAK SPACE}")


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."
