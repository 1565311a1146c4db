"""A sample invoice of a legal entity, as its settings show it: nobody's purchase, worth nothing, and saying so."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import override, pgettext

from invoices.calculations import say_days
from invoices.mentions import Mentions, mention_lines
from invoices.paper import Account, Customer, DayCount, Issuer, Line, Locale, Paper, Span, Stretch, TaxLine


def sample(issuer: Issuer, *, account: Account | None, footer: str, contact: str, today: date, locale: Locale) -> Paper:
    """An invoice of two lines, one of them for 17 days of a month, to be paid in 30 days.

    The footer and the contact are those that documents of the entity end with; a transfer's code stands on real
    documents only.
    """
    start = today - timedelta(days=3)
    running = Span(start, start + timedelta(days=17))
    whole = Span(running.end - timedelta(days=31), running.end)
    with override(locale):
        plan, option = pgettext("paper", "Plan of a sample"), pgettext("paper", "Option of a sample")
        why = pgettext("paper", "A sample: the offer was changed on that day, which counts for the new one.")
        name = pgettext("paper", "Name of a subscriber")
        before = pgettext("paper", "Offer before")
    priced = {"currency": "EUR", "unit_amount": 1799, "quantity": 1, "days": running.days, "whole_days": whole.days}
    said = say_days(priced, amount=987, language=locale)
    lines = (
        Line(title=plan, period=running, formula=said, rate=Decimal(20), amount=987),
        Line(title=option, quantity=Decimal(2), unit_price=Decimal("1.50"), rate=Decimal(20), amount=300),
    )
    return Paper(
        kind="invoice",
        number="0000-000000",
        issued_on=today,
        due_on=today + timedelta(days=30),
        period=running,
        issuer=issuer,
        customer=Customer(name=name),
        currency="EUR",
        locale=locale,
        lines=lines,
        taxes=(TaxLine(rate=Decimal(20), base=1072, vat=215),),
        net=1072,
        vat=215,
        gross=1287,
        account=account,
        day_count=DayCount(
            why=why,
            stretches=(
                Stretch(title=before, span=Span(whole.start, running.start), billed=False),
                Stretch(title=plan, span=running, billed=True),
            ),
        ),
        mentions=tuple(mention_lines(Mentions(contact=contact, extra=(footer,) if footer else ()), locale=locale)),
        practice=True,
    )
