"""The foot of a document: who issues it and what the law wants said, in the language of the document.

CGI annexe II art. 242 nonies A (identity, VAT, category of operation, debits), code de commerce L441-9, L441-10 and
D441-5 (late payment and the 40 € for recovery, between professionals), reliability §1.8.2.
"""

from __future__ import annotations

from django.utils.translation import gettext

from invoices.paper import Paper
from invoices.wording import amount_words

RECOVERY_FEE = 40_00
"""The flat fee for recovery costs, in cents of euro (D441-5)."""


def identity(paper: Paper) -> list[str]:
    """Who issues it: one sentence of the foot, in the active language."""
    issuer = paper.issuer
    form = issuer.legal_form
    name = issuer.name if not form or issuer.name.endswith(form) else f"{issuer.name} {form}"
    if issuer.capital:
        name = gettext("%(company)s with a capital of %(amount)s") % {"company": name, "amount": issuer.capital}
    parts = [", ".join((name, *issuer.address))]
    if issuer.rcs:
        parts.append(gettext("RCS %(registry)s") % {"registry": issuer.rcs})
    if issuer.siret:
        parts.append(gettext("SIRET %(number)s") % {"number": issuer.siret})
    elif issuer.siren and issuer.siren.replace(" ", "") not in issuer.rcs.replace(" ", ""):
        parts.append(gettext("SIREN %(number)s") % {"number": issuer.siren})
    if issuer.vat_id:
        parts.append(gettext("Intra-Community VAT %(number)s") % {"number": issuer.vat_id})
    return [". ".join(parts) + "."]


def _vat(paper: Paper) -> list[str]:
    mentions = paper.mentions
    operation = {
        "services": gettext("Services"),
        "goods": gettext("Goods"),
        "both": gettext("Goods and services"),
        None: "",
    }[mentions.operation]
    said = [operation] if operation else []
    if mentions.vat_on_debits:
        said.append(gettext("VAT paid on debits, by option"))
    elif mentions.vat_on_receipt and mentions.operation == "services" and paper.vat:
        said.append(gettext("VAT due on receipt of payment"))
    sentences = [", ".join(said) + "."] if said else []
    if paper.prices == "inclusive" and paper.vat:
        sentences.append(gettext("Prices include VAT, which is computed once per rate on the total."))
    return sentences + [_sentence(text) for text in mentions.exemptions]


def _payment(paper: Paper) -> list[str]:
    mentions = paper.mentions
    if paper.kind == "credit_note":
        return []
    sentences = [_sentence(mentions.early_discount) if mentions.early_discount else gettext("No early payment discount.")]
    if paper.customer.professional:
        rate = mentions.late_penalty or gettext("three times the legal interest rate")
        fee = amount_words(RECOVERY_FEE, "EUR", paper.locale)
        sentences.append(gettext("Late payment: penalties at %(rate)s from the day after the due date,") % {"rate": rate})
        sentences.append(gettext("and a fixed fee of %(fee)s for recovery costs.") % {"fee": fee})
    return sentences


def _contact(paper: Paper) -> list[str]:
    ways = ", ".join(way for way in (paper.issuer.email, paper.issuer.phone) if way)
    # Translators: whom to ask: "Une question : factures@onde.example, 04 65 71 20 26."
    return [gettext("A question: %(ways)s.") % {"ways": ways}] if ways else []


def foot(paper: Paper) -> list[str]:
    """The lines of the foot, in the active language: identity, then VAT, payment and contact, then what the merchant
    adds of its own."""
    lawful = " ".join((*_vat(paper), *_payment(paper), *_contact(paper)))
    return [line for line in (*identity(paper), lawful, *paper.mentions.extra) if line]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
