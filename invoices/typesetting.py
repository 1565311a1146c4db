"""A `Paper` set in words: the HTML that `pdf` prints. Every text passes through the template's escaping.

The words are gettext's, in the language of the document, not of whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.template.loader import get_template
from django.utils.translation import gettext, ngettext, override, pgettext

from invoices.logos import Logo
from invoices.mentions import foot, identity
from invoices.paper import Coming, Customer, Issuer, Line, Paper, Settlement
from invoices.strip import Strip, strip
from invoices.wording import (
    amount_words,
    date_words,
    had_words,
    price_words,
    quantity_words,
    rate_words,
    span_words,
)

FOOT_LINES = 9
"""Lines of the foot that the page's lower margin holds; longer mentions are printed after the last section."""

_FOOT_CHARACTERS = 118
"""Characters of one line of the foot, on the low side."""


def typeset(paper: Paper, *, logo: Logo | None = None) -> str:
    """The HTML of a document, in the paper's language. A `logo` is drawn from the address `paper:logo`."""
    with override(paper.locale):
        return get_template("invoices/paper/document.html").render(_words(paper, logo))


def running_words(paper: Paper) -> tuple[str, str, str]:
    """For documents of several pages: the issuer and the title at the head of the pages that follow, and the pattern of
    the page number, in the document's language."""
    with override(paper.locale):
        # Translators: number of the page, of how many: "page 2 sur 3"
        return paper.issuer.brand or paper.issuer.name, _title(paper), gettext("page %(number)s of %(count)s")


def _title(paper: Paper) -> str:
    if paper.kind == "credit_note":
        return gettext("Credit note %(number)s") % {"number": paper.number}
    return gettext("Invoice %(number)s") % {"number": paper.number}


def _words(paper: Paper, logo: Logo | None) -> dict[str, Any]:
    """All that the template prints, as texts."""

    def amount(minor: int) -> str:
        return amount_words(minor, paper.currency, paper.locale)

    inclusive = paper.prices == "inclusive"
    sentences = foot(paper)
    length = sum(1 + len(sentence) // _FOOT_CHARACTERS for sentence in sentences)
    return {
        "locale": paper.locale,
        "title": _title(paper),
        "author": paper.issuer.name,
        "issued_on": date_words(paper.issued_on, paper.locale),
        "created": f"{paper.issued_on.isoformat()}T00:00:00Z",
        "practice": paper.practice,
        "credit_note": paper.kind == "credit_note",
        "logo": logo,
        "brand": paper.issuer.brand or ("" if logo else paper.issuer.name),
        "issuer": _issuer(paper.issuer),
        "customer": _customer(paper.customer),
        "facts": list(_facts(paper)),
        "gross": amount(paper.gross),
        "standing": _standing(paper),
        "inclusive": inclusive,
        "lines": [_line(line, paper) for line in paper.lines],
        "many_rates": paper.rates > 1,
        "discounts": [
            {
                "title": discount.title,
                "formula": discount.formula,
                "rate": "" if discount.rate is None else rate_words(discount.rate, paper.locale),
                "amount": amount(discount.amount),
            }
            for discount in paper.discounts
        ],
        "net": amount(paper.net),
        "vat": amount(paper.vat),
        "day_count": _day_count(paper),
        "taxes": [
            {
                "rate": rate_words(tax.rate, paper.locale),
                "reason": tax.reason,
                "base": amount(tax.base),
                "vat": amount(tax.vat),
                "gross": amount(tax.gross),
            }
            for tax in paper.taxes
        ],
        "settlements": [
            {"words": _settlement(settlement, paper), "amount": amount(settlement.amount)}
            for settlement in paper.settlements
        ],
        "left": amount(paper.left),
        "how_to_pay": paper.how_to_pay if paper.left and paper.state == "open" else "",
        "reason": paper.reason,
        "coming": "" if paper.coming is None else _coming(paper.coming, paper),
        "foot": sentences if length <= FOOT_LINES else identity(paper),
        "foot_size": "" if length <= 5 or length > FOOT_LINES else "tall",
        "mentions": [] if length <= FOOT_LINES else sentences[len(identity(paper)) :],
    }


def _issuer(issuer: Issuer) -> dict[str, Any]:
    form = issuer.legal_form
    name = issuer.name if not form or issuer.name.endswith(form) else f"{issuer.name} {form}"
    return {"name": name, "rest": list(issuer.address)}


def _customer(customer: Customer) -> dict[str, Any]:
    name, rest = (customer.company, [customer.name]) if customer.company else (customer.name, [])
    rest = [line for line in (*rest, *customer.address) if line and line != name]
    if customer.siren:
        rest.append(gettext("SIREN %(number)s") % {"number": customer.siren})
    if customer.vat_id:
        rest.append(gettext("VAT %(number)s") % {"number": customer.vat_id})
    return {"name": name, "rest": rest}


def _facts(paper: Paper) -> Iterator[tuple[str, str]]:
    """The column of facts: label and value."""
    for reference in paper.references:
        if paper.kind == "credit_note":
            # Translators: on a credit note, the invoice that it corrects
            yield pgettext("corrected", "Invoice"), reference.number
            yield pgettext("corrected", "dated"), date_words(reference.issued_on, paper.locale)
    if paper.subscription:
        yield gettext("Subscription"), paper.subscription
    if paper.customer.reference:
        yield gettext("Reference"), paper.customer.reference
    if paper.purchase_order:
        yield gettext("Your order"), paper.purchase_order
    yield pgettext("document", "Issued"), date_words(paper.issued_on, paper.locale)
    if paper.period:
        yield gettext("Service"), span_words(paper.period, paper.locale, short=True)
    if paper.due_on and paper.kind == "invoice":
        yield gettext("Due"), date_words(paper.due_on, paper.locale)


def _standing(paper: Paper) -> dict[str, str]:
    """Where the document stands, in one line beside the sum: a mark of its kind and its words."""

    def day(of: Any) -> str:
        return date_words(of, paper.locale)

    if paper.practice:
        return {"mark": "void", "words": gettext("Practice document, worth nothing")}
    if paper.kind == "credit_note":
        of = ", ".join(reference.number for reference in paper.references)
        return {"mark": "", "words": gettext("in your favour, on invoice %(number)s") % {"number": of} if of else ""}
    if paper.state == "cancelled":
        by = ", ".join(reference.number for reference in paper.references)
        words = gettext("Cancelled by credit note %(number)s") % {"number": by} if by else gettext("Cancelled")
        return {"mark": "void", "words": words}
    if paper.state == "paid":
        words = gettext("Paid on %(day)s") % {"day": day(paper.paid_on)} if paper.paid_on else gettext("Paid")
        return {"mark": "paid", "words": words}
    if paper.left == paper.gross:
        words = gettext("To pay by %(day)s") % {"day": day(paper.due_on)} if paper.due_on else gettext("To pay")
        return {"mark": "open", "words": words}
    left = {"amount": amount_words(paper.left, paper.currency, paper.locale)}
    if paper.due_on:
        words = gettext("%(amount)s left to pay by %(day)s") % {**left, "day": day(paper.due_on)}
    else:
        words = gettext("%(amount)s left to pay") % left
    return {"mark": "open", "words": words}


def _line(line: Line, paper: Paper) -> dict[str, str]:
    formula = line.formula
    if line.instead_of is not None and line.amount == 0:
        before = amount_words(line.instead_of, paper.currency, paper.locale)
        # Translators: beside 0.00 for what is given: what it would have cost
        formula = gettext("instead of %(amount)s") % {"amount": before}
    elif not formula and line.quantity is not None and line.unit_price is not None:
        price = price_words(line.unit_price, paper.currency, paper.locale)
        formula = f"{quantity_words(line.quantity, paper.locale)} × {price}"
    return {
        "title": line.title,
        "period": had_words(line.period, paper.locale) if line.period else "",
        "detail": line.detail,
        "formula": formula,
        "rate": "" if line.rate is None else rate_words(line.rate, paper.locale),
        "amount": amount_words(line.amount, paper.currency, paper.locale),
    }


def _day_count(paper: Paper) -> dict[str, Any] | None:
    count = paper.day_count
    if count is None:
        return None
    billed = count.billed_days
    heading = ngettext("Where the day comes from.", "Where the %(count)s days come from.", billed) % {"count": billed}
    drawn: Strip = strip(count, paper.locale)
    return {"heading": heading, "why": count.why, "strip": drawn, "colour": paper.issuer.colour}


def _settlement(settlement: Settlement, paper: Paper) -> str:
    means = {
        "card": gettext("Card"),
        "sepa": gettext("SEPA direct debit"),
        "transfer": gettext("Bank transfer"),
        "cash": gettext("Cash"),
        "cheque": gettext("Cheque"),
        "terminal": gettext("Card terminal"),
        "balance": gettext("Account balance"),
        "credit_note": gettext("Credit note"),
        "invoice": pgettext("settled", "Invoice"),
        "other": "",
    }[settlement.means]
    words = " ".join(part for part in (means, settlement.detail) if part)
    if settlement.means == "balance" and settlement.detail:
        words = f"{means}, {settlement.detail}"
    if settlement.on is None:
        return words
    day = date_words(settlement.on, paper.locale, year=settlement.on.year != paper.issued_on.year)
    return f"{words}, {day}" if words else day


def _coming(coming: Coming, paper: Paper) -> str:
    values = {"day": date_words(coming.on, paper.locale)}
    values["total"] = amount_words(coming.total, paper.currency, paper.locale)
    if not coming.items:
        return gettext("Next invoice on %(day)s: %(total)s.") % values
    values["items"] = ", ".join(
        f"{title} {amount_words(amount, paper.currency, paper.locale)}" for title, amount in coming.items
    )
    if len(coming.items) == 1:
        return gettext("Next invoice on %(day)s: %(items)s.") % values
    return gettext("Next invoice on %(day)s: %(items)s, %(total)s in all.") % values
