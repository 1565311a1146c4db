"""Entries as rows, the chart they are told by, and the reader that checks a file: whatever it is given."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoices.chart import ACCOUNTS, Chart, ChartAccount, ExchangeRate, Journal, default
from invoices.chart_rules import chart_faults
from invoices.fec import COLUMNS, Entry, FecLeg, clean, header, in_euros, lines, rows
from invoices.fec_check import verify
from invoices.parts import Nature, Settled, Share, Slice, Sold, receipts, shares

DAY = date(2026, 11, 3)
NAMES = [name for name in ACCOUNTS if name != "revenue_goods"]


def entry(legs, **said):
    given_ = {
        "number": 1,
        "on": DAY,
        "journal": "sales",
        "reference": "2026-1",
        "referenced_on": DAY,
        "label": "Facture",
    }
    return Entry(**{**given_, "currency": "EUR", **said}, legs=legs)


def balanced(amounts):
    """Legs of those amounts, and one more that brings them to zero."""
    legs = [FecLeg(account=NAMES[at % len(NAMES)], amount=amount) for at, amount in enumerate(amounts) if amount]
    rest = -sum(leg.amount for leg in legs)
    return [*legs, FecLeg(account="receivable", amount=rest)] if rest else legs


texts = st.text(max_size=12)
amounts = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8)


@settings(max_examples=25)
@given(st.lists(st.tuples(amounts, texts, texts, texts, st.integers(0, 3)), max_size=5))
def test_whatever_an_entry_holds_the_file_can_be_read_and_balances(posted):
    chart, written, on = Chart(), [header()], DAY
    debit = entries = 0
    for figures, reference, label, party, later in posted:
        legs = balanced(figures)
        if not legs:
            continue
        on += timedelta(days=later)
        entries += 1
        debit += sum(max(leg.amount, 0) for leg in legs)
        named = (clean(party) or "x", clean(party) or "x")
        legs = [FecLeg(account=leg.account, amount=leg.amount, party=named) for leg in legs]
        one = entry(legs, number=entries, on=on, reference=clean(reference) or "x", label=clean(label) or "x")
        written += lines(one, chart)
    found = verify(written, starts_at=1)
    assert found.faults == []
    assert (found.entries, found.debit, found.credit) == (entries, debit, debit)
    assert sum(found.by_account.values()) == 0


@given(amounts, st.sampled_from(["USD", "JPY", "TND"]), st.decimals("0.0001", "900", places=4))
def test_in_euros_an_entry_balances_to_the_cent(figures, currency, rate):
    legs = [leg.amount for leg in balanced(figures)]
    euros = in_euros(legs, currency, rate)
    assert sum(euros) == 0
    assert all(euro * amount >= 0 for euro, amount in zip(euros, legs, strict=True))


@given(texts)
def test_a_cleaned_text_stays_in_its_column(text):
    told = clean(text)
    assert told.encode("iso8859-15").decode("iso8859-15") == told == told.strip()
    assert not set(told) & set("\t|\r\n\x00") and clean(told) == told


def test_an_entry_without_a_rate_is_no_entry():
    with pytest.raises(KeyError):
        list(rows(entry(balanced([5]), currency="USD"), Chart()))
    chart = Chart(rates=(ExchangeRate(currency="USD", from_on=DAY, euros=Decimal(2)),))
    found = list(rows(entry(balanced([5]), currency="USD"), chart))
    assert [(row["Debit"], row["Credit"], row["Montantdevise"], row["Idevise"]) for row in found] == [
        ("0,10", "0,00", "0,05", "USD"),
        ("0,00", "0,10", "-0,05", "USD"),
    ]


def test_practice_stands_on_every_entry():
    assert {row["EcritureLib"] for row in rows(entry(balanced([5])), Chart(), practice=True)} == {"ESSAI Facture"}


GOOD = (
    header(),
    *lines(entry(balanced([12_99])), Chart()),
    *lines(entry(balanced([-5, 3]), number=2, on=DAY + timedelta(days=1)), Chart()),
)


def broken(at, name, value):
    """The good file with one cell changed."""
    cells = GOOD[at].decode("iso8859-15").removesuffix("\r\n").split("\t")
    cells[COLUMNS.index(name)] = value
    return [*GOOD[:at], ("\t".join(cells) + "\r\n").encode("iso8859-15"), *GOOD[at + 1 :]]


def test_the_reader_takes_a_good_file_in_any_pieces():
    whole = b"".join(GOOD)
    assert verify(GOOD, starts_at=1).is_good
    for size in (1, 7, 1000):
        found = verify([whole[at : at + size] for at in range(0, len(whole), size)], starts_at=1)
        assert (found.faults, found.entries, found.rows, found.debit) == ([], 2, 5, 13_04)


@pytest.mark.parametrize(
    ("at", "name", "value", "fault"),
    [
        (1, "Debit", "12,98", "entry 1 is off by -1 cents"),
        (1, "Debit", "12.99", "line 2: Debit is no amount: '12.99'"),
        (1, "Credit", "1,00", "line 2: it is a debit and a credit"),
        (1, "EcritureDate", "20261131", "line 2: EcritureDate is no date: '20261131'"),
        (1, "EcritureDate", "20261105", "line 3: entry 1 has another journal, date or document than its first line"),
        (1, "CompteNum", "41A", "line 2: CompteNum does not begin with three digits: '41A'"),
        (1, "CompteLib", "", "line 2: CompteLib is empty"),
        (2, "PieceRef", "2026-2", "line 3: entry 1 has another journal, date or document than its first line"),
        (1, "EcritureLet", "AAA", "line 2: EcritureLet and DateLet stand together or not at all"),
        (1, "Idevise", "USD", "line 2: Montantdevise and Idevise stand together or not at all"),
        (1, "CompAuxNum", "ON-1", "line 2: CompAuxNum and CompAuxLib stand together or not at all"),
        (1, "EcritureLib", "a|b", "line 2: EcritureLib holds what it must not: 'a|b'"),
        (3, "EcritureNum", "4", "line 4: entry 4 stands where 2 is due"),
        (3, "EcritureNum", "x", "line 4: EcritureNum is no number: 'x'"),
    ],
)
def test_the_reader_names_what_is_wrong(at, name, value, fault):
    assert fault in verify(broken(at, name, value), starts_at=1).faults


def test_the_reader_sees_what_is_missing_from_the_whole():
    assert verify(GOOD, starts_at=3).faults == ["line 2: entry 1 stands where 3 is due"]
    assert verify([GOOD[0], *GOOD[3:], *GOOD[1:3]]).faults[0] == "line 5: entry 1 stands where 3 is due"
    assert verify([*GOOD[:-1], GOOD[-1].removesuffix(b"\r\n")]).faults == ["the last record has no end"]
    assert verify(GOOD, first=DAY + timedelta(days=1)).faults[0] == "line 2: 20261103 is not of the period"
    assert verify([b""]).faults == ["the file is empty: not even its columns are named"]
    assert verify([GOOD[0], b"VE\t1\r\n"]).faults == ["line 2: 2 columns"]


def test_the_narrowest_account_is_taken():
    rows_ = (
        ChartAccount(account="revenue", number="7060", label="all"),
        ChartAccount(account="revenue", number="7061", label="rate", percent=Decimal("5.5")),
        ChartAccount(account="revenue", number="7062", label="code", tax_code="books"),
        ChartAccount(account="revenue", number="7063", label="both", tax_code="books", percent=Decimal(20)),
        ChartAccount(account="revenue_goods", number="7070", label="goods"),
        ChartAccount(account="revenue_goods", number="7071", label="goods at a rate", percent=Decimal("5.5")),
    )
    chart = Chart(accounts=rows_, journals={"sales": Journal(code="VT", label="V")})

    def number(code, percent):
        return chart.of("revenue", percent=Decimal(percent), tax_code=code).number

    assert [number("electronic", 20), number("electronic", "5.5")] == ["7060", "7061"]
    assert [number("books", 20), number("books", "5.5"), number("food", "5.5"), number("goods", 20)] == [
        "7063", "7062", "7071", "7070",
    ]  # fmt: skip
    assert chart.of("cash") == default("cash") and chart.journal("sales").code == "VT"
    assert chart.journal("cash") == Journal(code="CA", label="Caisse")


def test_a_chart_s_faults_are_named_where_they_stand():
    accounts = [
        {"account": "cash", "number": "530", "label": "Caisse"},
        {"account": "cash", "number": "531", "label": "Caisse"},
        {"account": "gold", "number": "9", "label": " "},
        {"account": "bank", "number": "512000", "label": "x" * 101, "percent": "20"},
        {"account": "vat", "number": "44571", "label": "TVA", "percent": "100"},
    ]
    journals = [{"journal": "sales", "code": "v", "label": "V"}, {"journal": "none", "code": "X", "label": "X"}]
    rates = [{"currency": "EUR", "from_on": "2026-02-30", "euros": "0"}]
    found = [(error.field, error.code) for error in chart_faults(accounts, journals, 0, rates)]
    assert found == [
        ("accounts[2].account", "account_unknown"),
        ("accounts[2].number", "account_number_invalid"),
        ("accounts[2].label", "required"),
        ("accounts[3].label", "too_long"),
        ("accounts[3].percent", "account_not_by_rate"),
        ("accounts[4].percent", "percent_out_of_range"),
        ("accounts[1]", "given_twice"),
        ("journals[0].code", "journal_code_invalid"),
        ("journals[1].journal", "journal_unknown"),
        ("exchange_rates[0].currency", "currency_unknown"),
        ("exchange_rates[0].euros", "rate_malformed"),
        ("exchange_rates[0].from_on", "not_a_day"),
        ("closing_month", "month_invalid"),
    ]
    assert [error.code for error in chart_faults([{}] * 201, [], 12, [])] == ["too_many"]


codes = st.sampled_from(["electronic", "goods", "books", "on_site"])
percents = st.sampled_from([Decimal(0), Decimal("5.5"), Decimal(20)])
sold = st.lists(st.tuples(percents, codes, st.integers(0, 10**6)), min_size=1, max_size=8)


@given(sold, st.dictionaries(percents, st.integers(0, 10**5)))
def test_slices_are_the_document_to_the_unit(nets, taxes):
    taxes = {percent: tax for percent, tax in taxes.items() if any(each[0] == percent for each in nets)}
    found = shares((Sold(percent=percent, tax_code=code, net=net) for percent, code, net in nets), taxes)
    assert sum(share.net for share in found.values()) == sum(net for *_, net in nets)
    for percent in {each[0] for each in nets}:
        assert sum(share.tax for each, share in found.items() if each.percent == percent) == taxes.get(percent, 0)


def test_a_last_unit_of_vat_on_a_base_of_nothing_has_a_place():
    line = Sold(percent=Decimal(20), tax_code="books", net=0)
    assert shares([line], {Decimal(20): 1}) == {Slice(Decimal(20), Nature.goods): Share(0, 1)}


@given(st.lists(st.integers(1, 10**5), min_size=1, max_size=4), st.data())
def test_once_all_is_settled_what_was_paid_is_what_was_sold(grosses, data):
    """Payments in any parts and credits of any slices between: paid by slice comes to what each slice says at last."""
    gross = {Slice(Decimal(at), Nature.services): amount for at, amount in enumerate(grosses)}
    left, paid, credited, events = dict(gross), 0, dict.fromkeys(gross, 0), []
    for _ in range(data.draw(st.integers(0, 4))):
        total = sum(left.values())
        if data.draw(st.booleans()) and total > paid:
            part = data.draw(st.integers(1, total - paid))
            paid += part
            events.append(Settled(paid=part))
            continue
        each = data.draw(st.sampled_from(sorted(left)))
        if left[each]:
            taken = data.draw(st.integers(1, left[each]))
            left[each] -= taken
            credited[each] += taken
            back = max(0, paid - sum(left.values()))
            paid -= back
            events.append(Settled(paid=-back, credited={each: taken}))
    if sum(left.values()) > paid:
        events.append(Settled(paid=sum(left.values()) - paid))
    found = receipts(gross, events)
    assert [sum(change.values()) for change in found] == [event.paid for event in events]
    totals = {each: sum(change.get(each, 0) for change in found) for each in gross}
    assert totals == left if events else True
