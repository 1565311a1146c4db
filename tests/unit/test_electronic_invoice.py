"""What an electronic invoice says, term by term; the official rules are asked in tests/contracts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from invoices.facturx.applying import let_off
from invoices.facturx.documents import Account, Item, Party, Rate, Settled, Taken
from invoices.facturx.figures import split
from invoices.facturx.fitness import unfit
from invoices.facturx.parties import treatment
from invoices.facturx.sampling import made_up, plain
from invoices.facturx.terms import terms
from invoices.paper import Span

TWENTY, REDUCED = Decimal(20), Decimal("5.5")
OUTSIDE = Rate(percent=Decimal(0), category="O", base=1200, vat=0, reason="art. 259, 1° du CGI")


def item(amount: int, net: int, *, percent: Decimal = TWENTY, category: str = "S", **more) -> Item:
    return Item(title="Hifi", amount=amount, net=net, percent=percent, category=category, **more)


def untaxed(category: str, **more):
    """A document of one line at 0 % in a category."""
    rate = Rate(percent=Decimal(0), category=category, base=1200, vat=0)
    line = item(1200, 1200, percent=Decimal(0), category=category)
    return plain(items=(line,), rates=(rate,), net=1200, vat=0, gross=1200, **more)


def test_without_vat_in_the_prices_lines_and_discounts_are_the_printed_figures():
    discounted = item(10000, 9500, taken=(Taken(title="RENTREE", percent=Decimal(5), amount=500),))
    books = item(3000, 3000, percent=REDUCED)
    document = plain(
        prices="exclusive",
        items=(discounted, books),
        rates=(
            Rate(percent=TWENTY, category="S", base=9500, vat=1900),
            Rate(percent=REDUCED, category="S", base=3000, vat=165),
        ),
        net=12500,
        vat=2065,
        gross=14565,
    )

    said = terms(document)

    assert [line["BT-131"] for line in said["BG-25"]] == ["100.00", "30.00"]
    assert [(part["reason"], part["amount"], part["vat_rate"]) for part in said["BG-20"]] == [("RENTREE", "5.00", "20")]
    assert (said["BT-106"], said["BT-107"], said["BT-109"]) == ("130.00", "5.00", "125.00")
    assert (said["BT-110"], said["BT-112"], said["BT-115"]) == ("20.65", "145.65", "145.65")


def test_with_vat_in_the_prices_nets_come_to_the_base_to_the_cent():
    """Three times 9.99 less 10.00 and 0.05, at 20 %: 19.92 with VAT hold 3.32 of it; 29.97 would hold 5.00."""
    first = item(999, 275, taken=(Taken(title="TEN", amount=669), Taken(title="", amount=0)))
    second = item(999, 553, taken=(Taken(title="TEN", amount=331), Taken(title="BIT", amount=5)))
    document = plain(
        items=(first, second, item(999, 832)),
        rates=(Rate(percent=TWENTY, category="S", base=1660, vat=332),),
        net=1660,
        vat=332,
        gross=1992,
    )

    nets, allowances = split(document)

    assert nets == [833, 832, 832]
    assert [(part.title, part.amount) for part in allowances] == [("TEN", 833), ("BIT", 4)]
    assert sum(nets) - sum(part.amount for part in allowances) == 1660


def test_a_coupon_that_takes_all_leaves_a_price_and_a_base_of_nothing():
    free = item(1200, 0, taken=(Taken(title="OFFERT", percent=Decimal(100), amount=1200),))
    said = terms(
        plain(items=(free,), rates=(Rate(percent=TWENTY, category="S", base=0, vat=0),), net=0, vat=0, gross=0)
    )

    assert (said["BG-25"][0]["BT-131"], said["BG-25"][0]["BT-146"]) == ("10.00", "10.00")
    assert (said["BT-107"], said["BT-112"], said["BT-23"]) == ("10.00", "0.00", "S1")


def test_the_price_that_is_said_is_kept_where_it_gives_the_net():
    minutes = item(4688, 4688, quantity=Decimal("1250.000000"), unit_price=Decimal("0.0375"))
    said = terms(
        plain(
            prices="exclusive",
            items=(minutes,),
            rates=(Rate(percent=TWENTY, category="S", base=4688, vat=938),),
            net=4688,
            vat=938,
            gross=5626,
        )
    )

    line = said["BG-25"][0]
    assert (line["BT-129"], line["BT-146"], line["BT-131"]) == ("1250", "0.0375", "46.88")
    assert "BT-149" not in line


def test_a_quantity_of_more_than_four_decimals_stands_as_one():
    said = terms(plain(items=(item(1200, 1000, quantity=Decimal("1.234567"), note="1,234567 × 9,72 €"),)))

    line = said["BG-25"][0]
    assert (line["BT-129"], line["BT-146"], line["BT-127-00"]) == ("1", "10.00", [{"BT-127": "1,234567 × 9,72 €"}])


def test_what_was_paid_in_full_says_the_day_and_owes_nothing():
    card = Settled(means="card", amount=1200, last4="4242")
    said = terms(plain(settled=(card,), paid_on=date(2026, 11, 1)))

    assert (said["BT-23"], said["BT-9"]) == ("S2", date(2026, 11, 1))
    assert (said["BT-113"], said["BT-115"]) == ("12.00", "0.00")
    assert (said["BT-81"], said["BT-87"]) == ("48", "4242")


def test_what_a_credit_note_cancelled_was_never_paid():
    said = terms(plain(settled=(Settled(means="credit_note", amount=1200),)))

    assert (said["BT-23"], said["BT-9"], said["BT-115"]) == ("S1", date(2026, 12, 3), "0.00")


def test_the_means_is_that_of_most_of_the_money():
    debit = Settled(means="sepa", amount=700, mandate="M-1", creditor="FR12ZZZ123456")
    said = terms(plain(settled=(Settled(means="balance", amount=300), debit)))

    assert [said[term] for term in ("BT-81", "BT-82", "BT-89", "BT-90")] == [
        "59",
        "Prélèvement SEPA",
        "M-1",
        "FR12ZZZ123456",
    ]
    assert (said["BT-113"], said["BT-115"], said["BT-23"]) == ("10.00", "2.00", "S1")
    assert "BT-81" not in terms(plain())


def test_a_transfer_without_our_account_is_named_in_words():
    said = terms(plain(settled=(Settled(means="transfer", amount=1200),), locale="en"))

    assert (said["BT-81"], said["BT-82"]) == ("ZZZ", "Bank transfer")


def test_what_is_left_is_asked_for_by_transfer_where_the_seller_has_an_account():
    account = Account(name="Onde SAS", iban="FR7630006000011234567890189", bic="AGRIFRPP")
    part = Settled(means="card", amount=200, last4="4242")
    open_, paid = plain(account=account, settled=(part,)), plain(account=account, settled=(replace(part, amount=1200),))

    said = terms(open_)
    assert [said[term] for term in ("BT-81", "BT-83", "BT-84", "BT-86")] == [
        "58",
        open_.number,
        account.iban,
        "AGRIFRPP",
    ]
    assert terms(replace(open_, currency="USD"))["BT-81"] == "30"
    assert (terms(paid)["BT-81"], "BT-84" in terms(paid)) == ("48", False)


def test_a_credit_note_is_positive_and_names_what_it_corrects():
    note = plain(kind="credit_note", number="AV-1", due_on=None, corrects=("F-1", date(2026, 10, 1)))
    said = terms(replace(note, settled=(Settled(means="refund", amount=1200),)))

    assert (said["BT-3"], said["BT-112"], said["BT-115"], said["BT-23"]) == ("381", "12.00", "0.00", "S1")
    assert said["BG-3"] == [{"BT-25": "F-1", "BT-26": date(2026, 10, 1)}]


def test_outside_vat_no_vat_number_stands_there():
    us = Party(name="Acme Inc.", country="US", vat_number="US-1")
    said = terms(untaxed("O", buyer=us))

    assert "vat_identifier" not in said["BG-4"] and "vat_identifier" not in said["BG-7"]
    assert said["BG-4"]["tax_identifier"] == said["BG-4"]["legal_identifier"]
    assert "BT-152" not in said["BG-25"][0] and "BT-119" not in said["BG-23"][0]
    assert said["BG-23"][0]["BT-121"] == "VATEX-EU-O"


def test_a_seller_without_vat_number_is_known_by_its_siren():
    document = untaxed("E", locale="en")
    said = terms(replace(document, seller=replace(document.seller, vat_number="")))

    assert said["BG-4"]["tax_identifier"] == document.seller.siren
    assert said["BG-23"][0]["BT-120"] == "Exempt from VAT"


def test_within_the_union_it_says_where_goods_go():
    said = terms(untaxed("K", buyer=Party(name="Kunde", country="DE", vat_number="DE136695976", city="Köln")))

    assert said["BG-13"] == {"name": "Kunde", "city": "Köln", "country_code": "DE"}
    assert (
        terms(untaxed("K", buyer=Party(name="A", country="", vat_number="EL094259216")))["BG-13"]["country_code"]
        == "GR"
    )


@pytest.mark.parametrize(
    ("operation", "on_debits", "event"),
    [
        ("services", False, "payment"),
        ("goods", False, "delivery"),
        ("both", False, None),
        ("services", True, "invoice"),
        ("services", None, None),
    ],
)
def test_the_event_that_makes_vat_due_is_said_where_it_is_known(operation, on_debits, event):
    assert terms(plain(operation=operation, on_debits=on_debits)).get("BT-8") == event


def test_no_event_where_no_vat_is_due():
    assert "BT-8" not in terms(untaxed("E", on_debits=True))


def test_the_day_of_delivery_is_the_last_of_what_is_over():
    over = plain(period=Span(date(2026, 10, 1), date(2026, 11, 1)))
    ahead = plain(period=Span(date(2026, 11, 3), date(2026, 12, 3)))

    assert terms(over)["BT-72"] == date(2026, 10, 31)
    assert (terms(ahead)["BT-72"], terms(ahead)["BT-74"]) == (date(2026, 11, 3), date(2026, 12, 2))


@pytest.mark.parametrize(
    ("buyer", "passes"),
    [
        (Party(name="A", country="FR", siren="732829320"), "B2B"),
        (Party(name="A", country="", siren="732829320"), "B2B"),
        (Party(name="A", country="FR"), "B2C"),
        (Party(name="A", country="DE", vat_number="DE136695976"), "B2BINT"),
        (Party(name="A", country="", vat_number="EL094259216"), "B2BINT"),
        (Party(name="A", country="US"), "B2BINT"),
        (Party(name="A", country="US", business=False), "B2CINT"),
        (Party(name="A", country="RE", business=False), "B2C"),
    ],
)
def test_between_whom_it_passes(buyer, passes):
    document = plain(buyer=buyer)

    assert treatment(document) == passes
    assert terms(document)["BG-1"][-1] == {"BT-21": "BAR", "BT-22": passes}


def test_a_foreign_seller_is_not_of_the_french_reform():
    document = plain(seller=Party(name="Welle", country="DE", vat_number="DE136695976"))

    assert treatment(document) == ""
    assert all(note["BT-21"] != "BAR" for note in terms(document)["BG-1"])


def test_names_are_made_printable_and_never_empty():
    buyer = Party(name="\x00", country="", email="", reference="\u202eON-1\x0b")
    said = terms(plain(buyer=buyer, items=(item(1200, 1000, note="a\x00b"),)))

    assert (said["BG-7"]["name"], said["BG-7"]["country_code"]) == ("ON-1", "FR")
    assert said["BG-25"][0]["BT-127-00"] == [{"BT-127": "ab"}]


def test_vat_in_euro_is_said_where_it_is_nothing_and_let_off_where_the_rate_of_the_day_is_needed():
    dollars = untaxed("G", currency="USD")

    assert (terms(dollars)["BT-6"], terms(dollars)["BT-111"], let_off(dollars)) == ("EUR", "0.00", {})
    assert "BT-6" not in terms(plain(currency="USD"))
    assert list(let_off(plain(currency="USD"))) == ["BR-FR-CO-12"]


NOBODY = Party(name="Nobody", country="FR")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (plain(currency="TND"), "currency_has_three_decimals"),
        (plain(currency="JPY"), None),
        (plain(seller=NOBODY), "seller_not_identified"),
        (untaxed("K", seller=replace(NOBODY, siren="732829320")), "seller_not_identified"),
        (untaxed("AE", buyer=NOBODY), "buyer_not_identified"),
        (untaxed("AE", buyer=replace(NOBODY, siren="732829320")), None),
        (untaxed("K", buyer=replace(NOBODY, siren="732829320")), "buyer_not_identified"),
        (replace(untaxed("O"), rates=(OUTSIDE, *plain().rates)), "outside_vat_beside_taxed"),
        (replace(plain(), items=(item(1200, 999),)), "vat_not_in_the_standard"),
        (untaxed("S"), "vat_not_in_the_standard"),
        (replace(plain(), items=(item(1200, 1000, category="E"),)), "vat_not_in_the_standard"),
    ],
)
def test_what_the_standard_cannot_carry_is_known_beforehand(document, code):
    found = unfit(document)

    assert (found.code if found else None) == code
    assert found is None or (found.detail and found.way_out)


def test_made_up_documents_are_of_many_kinds():
    documents = [made_up(seed) for seed in range(1, 301)]

    assert {document.kind for document in documents} == {"invoice", "credit_note"}
    assert {rate.category for document in documents for rate in document.rates} == {"S", "Z", "E", "AE", "K", "G", "O"}
    assert {document.currency for document in documents} == {"EUR", "USD", "CHF", "JPY", "TND"}
    assert {treatment(document) for document in documents} == {"B2B", "B2BINT", "B2C", "B2CINT", "OUTOFSCOPE", ""}
    assert {part.means for document in documents for part in document.settled} >= {"card", "sepa", "cash", "balance"}
    assert any(one.taken for document in documents for one in document.items)
