"""A document in the business terms of EN 16931: what `xml` writes. Pure.

Amounts are decimal texts of the currency; dates are dates. The order of lines, rates and notes is the document's own,
so that the same document always gives the same terms.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from invoices.facturx.documents import Document, Item, Rate
from invoices.facturx.exemptions import reason_of, vatex
from invoices.facturx.figures import Allowance, percent_text, priced, split
from invoices.facturx.means import frame, is_paid, means_terms
from invoices.facturx.parties import buyer_terms, delivery_terms, seller_terms, text, treatment
from merchants.languages import said_in
from merchants.money import decimal_text

Terms = dict[str, Any]

PROFILE = "urn:cen.eu:en16931:2017"
TYPES = {"invoice": "380", "credit_note": "381"}
PIECE = "C62"
"""UN/ECE recommendation 20: one."""

DISCOUNT = "95"
"""UNTDID 5189: discount."""
DISCOUNT_WORDS = {"en": "Discount", "fr": "Remise"}


def terms(document: Document) -> Terms:
    """All of it. The document is one that `fitness` lets through."""
    nets, allowances = split(document)

    def amount(minor: int) -> str:
        return decimal_text(minor, document.currency)

    taken = sum(allowance.amount for allowance in allowances)
    found: Terms = {
        "BT-1": document.number,
        "BT-2": document.issued_on,
        "BT-3": TYPES[document.kind],
        "BT-5": document.currency,
        "BT-23": frame(document),
        "BT-24": PROFILE,
        "BT-72": delivered_on(document),
        "BG-1": [{"BT-21": note.subject, "BT-22": text(note.text, 1_500)} for note in document.notes],
        "BG-4": seller_terms(document),
        "BG-7": buyer_terms(document),
        "BG-20": [_allowance(allowance, document) for allowance in allowances],
        "BG-23": [_rate(rate, document) for rate in document.rates],
        "BG-25": [_line(at, item, nets[at], document) for at, item in enumerate(document.items)],
        "BT-106": amount(sum(nets)),
        "BT-109": amount(document.net),
        "BT-110": amount(document.vat),
        "BT-112": amount(document.gross),
        "BT-113": amount(document.gross - document.left),
        "BT-115": amount(document.left),
        **means_terms(document),
        **_dates(document),
    }
    if taken:
        found["BT-107"] = amount(taken)
    if passes := treatment(document):
        found["BG-1"].append({"BT-21": "BAR", "BT-22": passes})
    if document.corrects:
        number, issued_on = document.corrects
        found["BG-3"] = [{"BT-25": number, "BT-26": issued_on}]
    if place := delivery_terms(document):
        found["BG-13"] = place
    return found | _in_euro(document)


def delivered_on(document: Document) -> date:
    """BT-72, always said: the last day of what is billed once it is over, else the day of issue (a subscription that is
    paid for beforehand begins then; its days stand as the period, BG-14)."""
    if document.period and document.period.last < document.issued_on:
        return document.period.last
    return document.issued_on


def _dates(document: Document) -> Terms:
    """When it is due, for which days, and by which event VAT becomes due (BT-8, where VAT is charged and one is)."""
    found: Terms = {}
    due = document.paid_on if is_paid(document) else document.due_on
    if due is not None:
        found["BT-9"] = due
    if document.terms or (due is None and document.left):
        found["BT-20"] = text(document.terms, 1_500) or document.number
    if document.period:
        found |= {"BT-73": document.period.start, "BT-74": document.period.last}
    if document.vat and document.on_debits is not None:
        if document.on_debits:
            found["BT-8"] = "invoice"
        elif document.operation != "both":
            found["BT-8"] = "payment" if document.operation == "services" else "delivery"
    return found


def _in_euro(document: Document) -> Terms:
    """A French seller's VAT in euro, where the document is in another currency (BR-FR-CO-12) and there is none: to
    convert some we would have to know the day's rate, which we do not (`applying` says so)."""
    if document.currency == "EUR" or not document.seller.is_french or document.vat:
        return {}
    return {"BT-6": "EUR", "BT-111": "0.00"}


def _rate(rate: Rate, document: Document) -> Terms:
    found = {
        "BT-116": decimal_text(rate.base, document.currency),
        "BT-117": decimal_text(rate.vat, document.currency),
        "BT-118": rate.category,
        **_percent("BT-119", rate),
    }
    if reason := text(reason_of(rate.category, rate.reason, document.locale)):
        found["BT-120"] = reason
    if code := rate.code or vatex(rate.category, rate.reason):
        found["BT-121"] = code
    return found


def _percent(term: str, rate: Rate) -> Terms:
    """A rate's percent; none outside VAT (BR-O-05)."""
    return {} if rate.category == "O" else {term: percent_text(rate.percent)}


def _allowance(allowance: Allowance, document: Document) -> Terms:
    return {
        "amount": decimal_text(allowance.amount, document.currency),
        "reason": text(allowance.title) or said_in(DISCOUNT_WORDS, document.locale),
        "reason_code": DISCOUNT,
        "vat_category_code": allowance.rate.category,
        **_percent("vat_rate", allowance.rate),
    }


def _line(at: int, item: Item, net: int, document: Document) -> Terms:
    how = priced(item, net, document)
    rate = document.rate_of(item)
    assert rate is not None  # fitness: every line stands under a rate
    found: Terms = {
        "BT-126": str(at + 1),
        "BT-129": how.quantity,
        "BT-130": PIECE,
        "BT-131": decimal_text(net, document.currency),
        "BT-146": how.price,
        "BT-151": item.category,
        "BT-153": text(item.title, 200) or str(at + 1),
        **_percent("BT-152", rate),
    }
    if how.basis:
        found["BT-149"] = how.basis
    if note := text(item.note, 600):
        found["BT-127-00"] = [{"BT-127": note}]
    if item.period:
        found |= {"BT-134": item.period.start, "BT-135": item.period.last}
    return found
