"""A `Paper` set in words: the HTML that `pdf` prints. Every text passes through the template's escaping.

The words are gettext's (context `paper`), in the language of the document, not of whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.template.loader import get_template
from django.utils.translation import npgettext, override, pgettext

from invoices.logos import Logo
from invoices.mentions import identity
from invoices.paper import Coming, Customer, Line, Paper, Settlement
from invoices.payslip import paying
from invoices.strip import strip
from invoices.wording import isolated, narrow_span_words, quantity_words, rate_words, span_words
from merchants.languages import language_of
from merchants.wording import amount_text, long_date_text, price_words

FOOT_LINES = 8
"""Lines of the foot that the page's lower margin holds; longer mentions are printed after the last section."""

_FOOT_CHARACTERS = 130
"""Characters of one line of the foot."""

_SMALL, _NARROW = 8, 11
"""Characters of the longest amount for which a slim column is enough (`999,99 €`), and which four columns of half a
page hold (`12 345,67 €`)."""

_AIRY, _DENSE = 6, 10
"""Rows up to which a document has room to breathe, and up to which it is enough that they stand closer; with more, the
type is smaller too: a usual document stays on one page."""


def typeset(paper: Paper, *, logo: Logo | None = None, families: str = "Inter Paper") -> str:
    """The HTML of a document, in the paper's language. A `logo` is drawn from the address `paper:logo`; `families` are
    the typefaces of what is drawn, which no stylesheet reaches."""
    with override(paper.locale):
        return get_template("invoices/paper/document.html").render({**_words(paper, logo), "families": families})


def running_words(paper: Paper) -> tuple[str, str, str]:
    """For documents of several pages: the issuer and the title at the head of the pages that follow, and the pattern of
    the page number, in the document's language."""
    with override(paper.locale):
        # Translators: number of the page, of how many: "page 2 sur 3"
        pattern = pgettext("paper", "page %(number)s of %(count)s")
        return paper.issuer.brand or paper.issuer.name, _title(paper), pattern


def _title(paper: Paper) -> str:
    if paper.kind == "credit_note":
        return pgettext("paper", "Credit note %(number)s") % {"number": paper.number}
    return pgettext("paper", "Invoice %(number)s") % {"number": paper.number}


def _labels(paper: Paper) -> dict[str, str]:
    """The words that stand on every document."""
    credit, inclusive = paper.kind == "credit_note", paper.prices == "inclusive"
    with_vat = pgettext("paper", "Total credited incl. VAT") if credit else pgettext("paper", "Total incl. VAT")
    # Translators: the columns of VAT are narrow: "HT", "TTC"
    without, including = pgettext("paper", "Excl. VAT"), pgettext("paper", "Incl. VAT")
    return {
        "from": pgettext("paper", "From"),
        "to": pgettext("paper", "To"),
        "what": pgettext("paper", "Description"),
        "how": pgettext("paper", "Calculation"),
        "vat": pgettext("paper", "VAT"),
        "amount": pgettext("paper", "Amount incl. VAT") if inclusive else pgettext("paper", "Amount excl. VAT"),
        "net": pgettext("paper", "Total excl. VAT"),
        "total": with_vat if paper.vat or not inclusive else pgettext("paper", "Total"),
        "rate": pgettext("paper", "Rate"),
        "base": without,
        "gross": including,
        "means": pgettext("paper", "Given back") if credit else pgettext("paper", "Payment"),
        "left": pgettext("paper", "Left to give back") if credit else pgettext("paper", "Left to pay"),
    }


def _words(paper: Paper, logo: Logo | None) -> dict[str, Any]:
    """All that the template prints, as texts."""

    def amount(minor: int) -> str:
        return amount_text(minor, paper.currency, paper.locale)

    figures = (paper.gross, paper.net, *(line.amount for line in paper.lines))
    longest = max(len(amount(figure)) for figure in figures)
    rows = len(paper.lines) + len(paper.discounts) + max(len(paper.taxes), len(paper.settlements))
    who = identity(paper.issuer)
    foot = [who, *paper.mentions]
    length = sum(1 + len(sentence) // _FOOT_CHARACTERS for sentence in foot)
    fits = length <= FOOT_LINES
    return {
        "locale": paper.locale,
        "direction": language_of(paper.locale).direction,
        "title": _title(paper),
        "author": paper.issuer.full_name,
        "created": f"{paper.issued_on.isoformat()}T00:00:00Z",
        "issued_on": long_date_text(paper.issued_on, paper.locale),
        "label": _labels(paper),
        "logo": logo is not None,
        "brand": paper.issuer.brand or ("" if logo else paper.issuer.name),
        "issuer": {"name": paper.issuer.full_name, "rest": paper.issuer.address},
        "customer": _customer(paper.customer),
        "facts": list(_facts(paper)),
        "gross": amount(paper.gross),
        "standing": _standing(paper),
        "inclusive": paper.prices == "inclusive",
        "many_rates": paper.rates > 1,
        "lines": [_line(line, paper) for line in paper.lines],
        "discounts": [
            {
                "title": discount.title or pgettext("paper", "Discount"),
                "formula": discount.formula,
                "rate": "" if discount.rate is None else rate_words(discount.rate, paper.locale),
                "amount": amount(discount.amount),
            }
            for discount in paper.discounts
        ],
        "net": amount(paper.net),
        "vat": amount(paper.vat),
        "reason": paper.reason,
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
        "how_to_pay": paper.how_to_pay if paper.is_asked else "",
        "paying": paying(paper),
        "coming": "" if paper.coming is None else _coming(paper.coming, paper),
        "foot": foot if fits else [who],
        "tall": fits and length > 5,
        "dense": rows > _AIRY,
        "packed": rows > _DENSE,
        "wide": longest > _NARROW,
        "small": longest <= _SMALL,
        "mentions": [] if fits else paper.mentions,
    }


def _customer(customer: Customer) -> dict[str, Any]:
    name, rest = (customer.company, [customer.name]) if customer.company else (customer.name, [])
    rest = [line for line in (*rest, *customer.address) if line and line != name]
    if customer.siren:
        rest.append(pgettext("paper", "SIREN %(number)s") % {"number": customer.siren})
    if customer.vat_id:
        rest.append(pgettext("paper", "VAT %(number)s") % {"number": customer.vat_id})
    return {"name": name, "rest": rest}


def _facts(paper: Paper) -> Iterator[tuple[str, str]]:
    """The column of facts: label and value."""
    if paper.kind == "credit_note":
        for reference in paper.references:
            # Translators: on a credit note: the invoice that it corrects, and of which day that invoice is
            yield pgettext("paper", "Invoice"), reference.number
            yield pgettext("paper", "of"), long_date_text(reference.issued_on, paper.locale)
    if paper.subscription:
        yield pgettext("paper", "Subscription"), paper.subscription
    if paper.customer.reference:
        yield pgettext("paper", "Reference"), paper.customer.reference
    if paper.purchase_order:
        yield pgettext("paper", "Your order"), paper.purchase_order
    yield pgettext("paper", "Issued on"), long_date_text(paper.issued_on, paper.locale)
    if paper.period:
        yield pgettext("paper", "Service"), narrow_span_words(paper.period, paper.locale)
    if paper.due_on and paper.kind == "invoice":
        yield pgettext("paper", "Due on"), long_date_text(paper.due_on, paper.locale)


def _standing(paper: Paper) -> dict[str, str]:
    """Where the document stands, in one line beside the sum: the kind of its mark, and its words."""

    def day(of: date) -> dict[str, str]:
        return {"day": long_date_text(of, paper.locale)}

    if paper.practice:
        return {"mark": "void", "words": pgettext("paper", "Practice document, worth nothing")}
    others = ", ".join(reference.number for reference in paper.references)
    if paper.kind == "credit_note":
        words = pgettext("paper", "In your favour")
        return {"mark": "", "words": words}
    if paper.state == "cancelled":
        words = pgettext("paper", "Cancelled by credit note %(number)s") % {"number": others}
        return {"mark": "void", "words": words if others else pgettext("paper", "Cancelled")}
    if paper.state == "paid":
        if paper.paid_on is None:
            return {"mark": "paid", "words": pgettext("paper", "Paid")}
        return {"mark": "paid", "words": pgettext("paper", "Paid on %(day)s") % day(paper.paid_on)}
    if paper.collected:
        return {"mark": "open", "words": pgettext("paper", "Charged automatically, nothing to do")}
    if paper.left == paper.gross:
        due = (
            pgettext("paper", "To pay by %(day)s") % day(paper.due_on) if paper.due_on else pgettext("paper", "To pay")
        )
        return {"mark": "open", "words": due}
    left = {"amount": amount_text(paper.left, paper.currency, paper.locale)}
    if paper.due_on is None:
        return {"mark": "open", "words": pgettext("paper", "%(amount)s left to pay") % left}
    words = pgettext("paper", "%(amount)s left to pay by %(day)s") % {**left, **day(paper.due_on)}
    return {"mark": "open", "words": words}


def _line(line: Line, paper: Paper) -> dict[str, str]:
    formula = line.formula
    if line.instead_of is not None and line.amount == 0:
        before = amount_text(line.instead_of, paper.currency, paper.locale)
        # Translators: beside 0.00 for what is given: what it would have cost
        formula = pgettext("paper", "instead of %(amount)s") % {"amount": before}
    elif not formula and line.quantity is not None and line.unit_price is not None:
        price = price_words(line.unit_price, paper.currency, paper.locale)
        formula = f"{quantity_words(line.quantity, paper.locale)} × {price}"
    return {
        "title": line.title,
        "period": span_words(line.period, paper.locale) if line.period else "",
        "detail": line.detail,
        "net_price": _net_price(line, paper),
        "formula": formula,
        "rate": "" if line.rate is None else rate_words(line.rate, paper.locale),
        "amount": amount_text(line.amount, paper.currency, paper.locale),
    }


def _net_price(line: Line, paper: Paper) -> str:
    if line.net_price is None:
        return ""
    price = price_words(line.net_price, paper.currency, paper.locale)
    # Translators: under a line whose price contains VAT: "soit 24,9167 € HT l'unité"
    return pgettext("paper", "%(price)s each without VAT") % {"price": price}


def _day_count(paper: Paper) -> dict[str, Any] | None:
    count = paper.day_count
    if count is None:
        return None
    days = count.billed_days
    heading = npgettext("paper", "Where the day comes from.", "Where the %(count)s days come from.", days)
    drawn = strip(count, paper.locale)
    return {"heading": heading % {"count": days}, "why": count.why, "strip": drawn, "colour": paper.issuer.ink}


def _settlement(settlement: Settlement, paper: Paper) -> str:
    means = {
        "card": pgettext("paper", "Card"),
        "sepa": pgettext("paper", "SEPA direct debit"),
        "transfer": pgettext("paper", "Bank transfer"),
        "cash": pgettext("paper", "Cash"),
        "cheque": pgettext("paper", "Cheque"),
        "terminal": pgettext("paper", "Card at the counter"),
        "balance": pgettext("paper", "Account balance"),
        "credit_note": pgettext("paper", "Credit note"),
        "invoice": pgettext("paper", "Invoice"),
        "refund": pgettext("paper", "Refund"),
        "other": pgettext("paper", "Other payments"),
    }[settlement.means]
    joint = ", " if settlement.means == "balance" else " "
    words = joint.join(part for part in (means, isolated(settlement.detail)) if part)
    if settlement.on is None:
        return words
    day = long_date_text(settlement.on, paper.locale, today=paper.issued_on)
    return f"{words}, {day}" if words else day


def _coming(coming: Coming, paper: Paper) -> str:
    total = amount_text(coming.total, paper.currency, paper.locale)
    items = ", ".join(
        f"{isolated(title)} {amount_text(amount, paper.currency, paper.locale)}" for title, amount in coming.items
    )
    values = {"day": long_date_text(coming.on, paper.locale), "total": total, "items": items}
    if len(coming.items) > 1:
        return pgettext("paper", "Next invoice on %(day)s: %(items)s, %(total)s in all.") % values
    return pgettext("paper", "Next invoice on %(day)s: %(items)s.") % {**values, "items": items or total}
