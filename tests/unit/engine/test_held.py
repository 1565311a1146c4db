"""Lines of a change that wait for the next document: kept as they were worked out, taxed as of the document's day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.engine.change_terms import How, names_of
from billing.engine.changing import change_now
from billing.engine.held import held_charge, held_document, held_lines, with_held
from billing.engine.wishes import Catalogue
from subscribers.snapshots import ChargeSnapshot, Scheduled, SubscriptionSnapshot
from subscribers.taxes import TaxRate
from tests.unit.pictures import begun, offer, option, percent, stage

DAY = date(2026, 1, 15)
VISIT = ChargeSnapshot(id="cha_1", title={"en": "Visit"}, amount=5_00, unit_price="5.00", tax_code="book")


class Retaxed:
    """A tax profile of another day: 10 % on everything."""

    def rate(self, tax_code: str, on: date) -> TaxRate:
        return TaxRate(rate=Decimal(10), reason=f"{tax_code} {on}")


def waits() -> tuple[SubscriptionSnapshot, tuple]:
    """31.00 a month since 1 January, three of them and an option from the 15th, less 10 %."""
    sold = begun(offer(stage(31_00)), "2026-01-01", options=(option("extra", 3_10),), coupons=(percent("10"),))
    three = Scheduled(id="sch_1", kind="set_quantity", effective_on=DAY, payload={"quantity": 3})
    how = How(on=DAY, carried=sold.coupons, bills_now=False)
    changed = change_now(replace(sold, charges=(VISIT,)), three, how=how, catalogue=Catalogue())
    assert changed.step.drafted is None and changed.step.after.charges == (VISIT,)
    return changed.step.after, changed.held


def test_a_line_is_kept_with_all_that_it_says():
    _after, (line,) = waits()
    kept = held_charge(line, id_="cha_2")
    assert (kept.id, kept.title, kept.amount, kept.unit_price, kept.tax_code) == (
        "cha_2",
        line.title,
        45_90,  # 93.00 × 17/31 = 51.00, less 10 %
        "45.90",
        line.tax_code,
    )
    assert kept.held is not None and kept.held["formula"] == line.formula


def test_it_comes_back_whole_with_the_tax_of_its_documents_day():
    after, lines = waits()
    stands = with_held(after, lines)
    assert [one.id for one in stands.charges] == ["cha_1", str(lines[0].fact)]
    (again,) = held_lines(stands, stands.charges, on=date(2026, 2, 1))
    assert again == lines[0]
    (taxed,) = held_lines(replace(stands, tax=Retaxed()), stands.charges, on=date(2026, 2, 1))
    assert (taxed.tax.rate, taxed.tax.reason) == (Decimal(10), f"{lines[0].tax_code} 2026-02-01")
    assert (taxed.amount, taxed.discounts, taxed.period) == (lines[0].amount, lines[0].discounts, lines[0].period)


def test_a_document_of_them_alone_leaves_other_charges_waiting():
    after, lines = waits()
    stands = with_held(after, lines)
    drafted = held_document(stands, on=DAY)
    assert drafted is not None
    assert (drafted.payer, drafted.subscription, drafted.currency, drafted.on) == ("cus_1", "sub_1", "EUR", DAY)
    assert (drafted.tax_behavior, drafted.period) == (stands.offer.tax_behavior, stands.current_period)
    assert drafted.lines == lines and drafted.makes_invoice
    assert held_document(after, on=DAY) is None


def test_they_say_what_they_bill():
    after, lines = waits()
    assert names_of(with_held(after, lines).charges) == {"stage"}
    assert names_of((VISIT,)) == frozenset()
    one_more = Scheduled(
        id="sch_2",
        kind="add_option",
        effective_on=DAY,
        payload={"options": [{"id": "sop_other", "version": "opv_other", "quantity": 1}]},
    )
    sold = Catalogue(options={"opv_other": option("other", 6_20)})
    added = change_now(after, one_more, how=How(on=DAY, bills_now=False), catalogue=sold)
    assert names_of(with_held(after, (*lines, *added.held)).charges) == {"stage", "sop_other"}
