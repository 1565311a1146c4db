"""Random documents: any payer, any mixture of what is sold, both kinds of prices, coupons, and credits in random parts
until nothing is left. What must hold of every one of them (domain 6, 7, 18; EN 16931)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.discounts import discounted
from invoices.crediting import CreditableLine, CreditableTax, by_amount, by_lines, credit, whole
from invoices.drafts import DraftLine, LineKind
from invoices.frozen import _frozen_tax, _thawed_tax
from invoices.totals import totals
from merchants.money import round_half_away
from subscribers.snapshots import TaxBehavior
from subscribers.taxation import KINDS, Seller, buyer_of
from subscribers.taxes import TaxProfile
from tests.unit.pictures import euros_off, percent
from tests.unit.test_crediting import after
from tests.unit.test_taxation import FRENCH_TABLE

ON = date(2026, 11, 22)
SELLERS = [
    Seller(place="FR", oss_since=date(2026, 7, 1)),
    Seller(place="FR"),
    Seller(place="RE"),
    Seller(place="FR", franchise=True),
]
BUYERS = [
    buyer_of("FR", "69001"),
    buyer_of("FR", "20000"),
    buyer_of("FR", "97400"),
    buyer_of("YT"),
    buyer_of("IT"),
    buyer_of("AT"),
    buyer_of("IE"),
    buyer_of("DE", vat_number="DE136695976"),
    buyer_of("CH", company=True),
    buyer_of("CH"),
]
WHAT = st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 10**6), st.integers(1, 3))
COUPONS = st.lists(
    st.one_of(
        st.decimals("0.1", "100", places=1).map(lambda off: percent(str(off))), st.integers(1, 50_000).map(euros_off)
    ),
    max_size=3,
)


def line(code, amount, quantity, tax):
    inputs = {"currency": "EUR", "unit_amount": amount, "quantity": quantity, **tax.told}
    return DraftLine(
        kind=LineKind.charge,
        title={"en": code},
        amount=amount * quantity,
        currency="EUR",
        tax_code=code,
        tax=tax,
        rule="once",
        inputs=inputs,
        formula="",
        quantity=quantity,
    )


@st.composite
def documents(draw):
    """The lines of one payer's document after its coupons, and in which terms."""
    buyer, seller = draw(st.sampled_from(BUYERS)), draw(st.sampled_from(SELLERS))
    taxed = TaxProfile(country=buyer.place, table=FRENCH_TABLE, seller=seller, buyer=buyer)
    drawn = draw(st.lists(WHAT, min_size=1, max_size=8))
    lines = [line(code, amount, quantity, taxed.rate(code, ON)) for code, amount, quantity in drawn]
    coupons = [replace(one, id=f"cpn_{at}") for at, one in enumerate(draw(COUPONS))]
    left, _ = discounted(lines, coupons, paid_period=True, share=draw(st.fractions(0, 1)))
    return left, draw(st.sampled_from(TaxBehavior))


@settings(max_examples=120, deadline=None)
@given(documents())
def test_a_document_adds_up_and_each_rate_is_taxed_once(document):
    lines, behavior = document
    sums = totals(lines, behavior)
    assert sums.net + sums.tax == sums.gross
    assert all(amount >= 0 for amount in (sums.net, sums.tax, *sums.line_nets))
    charged = sum(one.charged for one in lines)
    assert charged == (sums.gross if behavior is TaxBehavior.inclusive else sums.net)
    for rate in sums.rates:
        own = [at for at, one in enumerate(lines) if (one.tax.rate, one.tax.category) == (rate.rate, rate.category)]
        basis = sum(lines[at].charged for at in own)
        exact = Fraction(rate.rate)
        due = basis * exact / (100 + exact if behavior is TaxBehavior.inclusive else 100)
        assert rate.tax == round_half_away(due), "once per rate, never per line"
        assert rate.net == sum(sums.line_nets[at] for at in own) and rate.net + rate.tax == rate.gross
        assert (rate.category == "S") is (rate.rate > 0), "only what is standard has VAT"
        if rate.category not in ("S", "Z"):
            assert rate.tax == 0 and set(rate.mention) == {"en", "fr"}, "what is not taxed says why, in both languages"
    assert len({(rate.rate, rate.category) for rate in sums.rates}) == len(sums.rates)


@settings(max_examples=120, deadline=None)
@given(documents(), st.data())
def test_credits_in_random_parts_come_to_the_invoice_rate_by_rate_and_category_by_category(document, data):
    drafts, behavior = document
    sums = totals(drafts, behavior)
    lines = [
        CreditableLine(charged=one.charged, net=net, percent=one.tax.rate, category=one.tax.told.get("tax", {}).get(
            "category", ""))
        for one, net in zip(drafts, sums.line_nets, strict=True)
    ]  # fmt: skip
    taxes = [CreditableTax(percent=one.rate, category=one.category, base=one.net, tax=one.tax) for one in sums.rates]
    notes = 0
    given_back = {"net": 0, "tax": 0, "gross": 0}
    while left := sum(one.left for one in lines):
        how = data.draw(st.sampled_from(["amount", "line", "whole"])) if notes < 5 else "whole"
        if how == "amount":
            asked = by_amount(lines, data.draw(st.integers(1, left)), "EUR")
        elif how == "line":
            at = data.draw(st.sampled_from([at for at, one in enumerate(lines) if one.left]))
            asked = by_lines(lines, {at: data.draw(st.integers(1, lines[at].left))}, "EUR")
        else:
            asked = whole(lines, "EUR")
        note = credit(lines, taxes, asked, behavior)
        assert note.net + note.tax == note.gross > 0
        assert all(one.amount > 0 and one.net >= 0 for one in note.lines)
        assert all(one.base >= 0 and one.tax >= 0 for one in note.taxes)
        for name in given_back:
            given_back[name] += getattr(note, name)
        lines, taxes = after(lines, taxes, note)
        assert all(one.left >= 0 for one in lines)
        assert all(one.credited_base <= one.base and 0 <= one.credited_tax <= one.tax for one in taxes)
        assert given_back["gross"] <= sums.gross
        notes += 1
    assert given_back == {"net": sums.net, "tax": sums.tax, "gross": sums.gross}
    assert all((one.credited_base, one.credited_tax) == (one.base, one.tax) for one in taxes)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_a_quote_keeps_a_rate_with_its_reason(document):
    for one in document[0]:
        assert _thawed_tax(_frozen_tax(one.tax)) == one.tax
    first = document[0][0].tax
    before = {name: value for name, value in _frozen_tax(first).items() if name not in ("reason", "place")}
    assert _thawed_tax(before).rate == first.rate and _thawed_tax(before).reason == "home"
    assert isinstance(first.rate, Decimal)
