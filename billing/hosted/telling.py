"""What the payment form says of a purchase: what is due now, what comes later, what is promised. Read, never guessed.

All of it comes from the quote: the lines that will be invoiced and the charges that the engine foresees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from billing.flows.change_purchase import given_coupons
from billing.flows.company import may_name
from billing.models import CheckoutSession, Quote
from billing.wording import each, how_often, leaving_words, sum_words
from invoices.drafts import DraftLine, LineKind
from invoices.frozen import thaw
from merchants.ids import show
from merchants.languages import said_in
from merchants.models import Coupon, LegalEntity, OptionVersion, VersionOption
from merchants.now import Now
from merchants.wording import amount_text, long_date_text
from subscribers.selectors.pictures import WantedOption, newest_option_versions, offer_pictures, option_pictures
from subscribers.snapshots import OfferSnapshot, OptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the schedule: when, how much (minor units), and the words below."""

    when: str
    amount: int
    words: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option that can be ticked."""

    id: str
    title: str
    words: str
    amount: int
    ticked: bool


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that the form shows of a purchase. Amounts in minor units of `currency`."""

    quote: str
    title: str
    description: str
    quantity: int
    currency: str
    due: int
    rows: list[Row]
    promises: list[str]
    mentions: list[str]
    choices: list[Choice]
    allow_codes: bool
    given_codes: list[str]
    typed_code: str
    email: str
    asks_company: bool
    company: str
    vat_number: str
    next_words: str
    legal_line: str
    changes: bool = False


def tell(session: CheckoutSession, *, now: Now, language: str) -> Told:
    """Read a session in the tenant's scope. `language` decides the words; amounts are those of its quote."""
    quote, version = session.quote, session.quote.offer_version
    lines = thaw(quote.draft).lines if quote.draft else ()
    offer = offer_pictures([version.pk])[version.pk]
    given = given_coupons(session) if session.asked is None else []
    typed = Coupon.objects.filter(id__in=[UUID(one) for one in quote.coupons[len(given) :]]).values_list(
        "code", flat=True
    )
    return Told(
        quote=quote.public_id,
        title=said_in(version.title, language) or version.offer.reference,
        description=said_in(version.description, language),
        quantity=quote.quantity,
        currency=quote.currency,
        due=quote.total,
        rows=schedule(quote, lines, today=now.today, language=language),
        promises=promises(quote, offer, email=session.subscription.payer.email),
        mentions=_mentions(lines, language),
        choices=_choices(quote, offer, language) if session.asked is None else [],
        changes=session.asked is not None,
        allow_codes=session.allow_codes,
        given_codes=[coupon.code for coupon in given],
        typed_code=next(iter(typed), ""),
        email=session.subscription.payer.email,
        asks_company=may_name(session) and not quote.legal_entity.vat_exempt,
        company=session.subscription.payer.company,
        vat_number=session.subscription.payer.vat_number,
        next_words=_next(quote, now.today, language),
        legal_line=legal_line(quote.legal_entity),
    )


def legal_line(entity: LegalEntity) -> str:
    """Who sells: the name with its legal form, and the town."""
    name = f"{entity.name} {entity.legal_form}" if entity.legal_form not in entity.name else entity.name
    return ", ".join(part for part in (name.strip(), entity.city) if part)


def schedule(quote: Quote, lines: tuple[DraftLine, ...], *, today: date, language: str) -> list[Row]:
    """Today's line and one for each charge to come."""
    day = long_date_text(quote.start_on, language, today=today)
    when = _("Today, %(day)s") if quote.start_on == today else _("On %(day)s")
    words = _due_words(quote, lines, today, language)
    rows = [Row(when=when % {"day": day}, amount=quote.total, words=words)]
    for charge in quote.later:
        day = long_date_text(date.fromisoformat(charge["from_on"]), language, today=today)
        when = _("On %(day)s") if charge["times"] == 1 else _("From %(day)s")
        rows.append(Row(when=when % {"day": day}, amount=charge["amount"], words=_later_words(quote, charge, language)))
    return rows


def _due_words(quote: Quote, lines: tuple[DraftLine, ...], today: date, language: str) -> str:
    alone = len(lines) == 1 and not lines[0].discounts and quote.total == quote.net + quote.tax
    offer = said_in(quote.offer_version.title, language)
    said = [_line_words(line, offer, alone, today, language) for line in lines]
    offs: dict[str, int] = {}
    for line in lines:
        for share in line.discounts:
            offs[share.code] = offs.get(share.code, 0) + share.amount
    said += [f"{code} {amount_text(-amount, quote.currency, language)}" for code, amount in offs.items()]
    document = quote.net + quote.tax
    if quote.tax and sum(line.charged for line in lines) != document:
        said.append(_("VAT %(amount)s") % {"amount": amount_text(quote.tax, quote.currency, language)})
    if document > quote.total:  # a change: what is given back, and the balance
        less = amount_text(quote.total - document, quote.currency, language)
        said.append(_("given back and balance %(amount)s") % {"amount": less})
    return ", ".join(said)


def _line_words(line: DraftLine, offer: str, alone: bool, today: date, language: str) -> str:
    title = said_in(line.title, language)
    if not line.amount and line.kind is LineKind.stage and line.period is not None:
        last = long_date_text(line.period.end - timedelta(days=1), language, today=today)
        return _("%(title)s free until %(day)s") % {"title": offer or title, "day": last}
    if alone:
        return title
    return f"{title} {amount_text(line.amount, line.currency, language)}"


def _later_words(quote: Quote, charge: Mapping[str, Any], language: str) -> str:
    return sum_words(
        how_often(charge["interval"], charge["interval_count"], charge["times"]),
        gross=charge["amount"],
        tax=charge["tax"],
        parts=[part["amount"] for part in charge["parts"]],
        currency=quote.currency,
        language=language,
    )


def _next(quote: Quote, today: date, language: str) -> str:
    """The next debit, in a sentence; '' where there is none."""
    for charge in quote.later:
        if charge["amount"]:
            day = long_date_text(date.fromisoformat(charge["from_on"]), language, today=today)
            amount = amount_text(charge["amount"], quote.currency, language)
            return _("%(amount)s will then be charged on %(day)s.") % {"amount": amount, "day": day}
    return ""


def promises(quote: Quote, offer: OfferSnapshot, *, email: str) -> list[str]:
    """What holds for this purchase: how one leaves, how one is told, what the prices contain."""
    said = [leaving_words(offer)] if quote.later else []
    if email and (quote.total or quote.later):
        said.append(_("Each invoice by e-mail"))
    if quote.tax or any(charge["tax"] for charge in quote.later):
        said.append(_("Prices include VAT"))
    return said


def _mentions(lines: tuple[DraftLine, ...], language: str) -> list[str]:
    found = [said_in(line.tax.mention, language) for line in lines]
    return list(dict.fromkeys(text for text in found if text))


def _choices(quote: Quote, offer: OfferSnapshot, language: str) -> list[Choice]:
    """The options sold with the offer for its intervals; ticked are those of the quote, and no other."""
    listed = VersionOption.objects.filter(version_id=quote.offer_version_id, included=False, option__archived_at=None)
    option_ids = list(listed.order_by("position").values_list("option_id", flat=True))
    had = {UUID(one["version"]): int(one["quantity"]) for one in quote.options}
    current = dict(OptionVersion.objects.filter(id__in=had).values_list("option_id", "id"))
    newest = newest_option_versions(option_ids)
    wanted = [WantedOption(id=one, version_id=current.get(one, newest[one])) for one in option_ids if one in newest]
    descriptions = dict(
        OptionVersion.objects.filter(id__in=[one.version_id for one in wanted]).values_list("option_id", "description")
    )
    choices = []
    for option in option_pictures(wanted):
        option_id = UUID(option.option_id)
        price = _price(option, offer)
        if price is None:
            continue
        quantity = had.get(current.get(option_id, option_id), 1)
        said = [said_in(descriptions[option_id], language), price[1]]
        if quantity > 1:
            said.append(f"{quantity} × {amount_text(price[0], quote.currency, language)}")
        choices.append(
            Choice(
                id=show("opt", option_id),
                title=said_in(option.title, language) or option.reference,
                words=", ".join(part for part in said if part),
                amount=price[0] * quantity,
                ticked=option_id in current,
            )
        )
    return choices


def _price(option: OptionSnapshot, offer: OfferSnapshot) -> tuple[int, str] | None:
    """An option's price and how often it is paid; None where it cannot be had with this offer."""
    if option.is_one_off:
        return option.one_off_amount or 0, _("once")
    paid = [stage for stage in offer.stages if not stage.is_free] or list(offer.stages)
    prices = [option.price(stage.interval) for stage in paid]
    if not prices or any(price is None for price in prices):
        return None
    first = paid[0].interval
    return prices[0] or 0, each(first.unit.value, first.count)
