"""The table of VAT: seller × buyer × what × day → rate, category, reason, and what the document says (domain 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from merchants.territories import EU, country_of, in_eu, place
from merchants.vat_rates import EU_RATES, FRENCH_RATES, OVERSEAS_RATES, STANDARD, rate_of
from subscribers.tax_texts import explained
from subscribers.taxation import KINDS, Buyer, Reason, Seller, buyer_of
from subscribers.taxes import TaxProfile, TaxRate, TaxRateMissing, TaxRow, row_rate

D = date.fromisoformat
JULY = D("2026-07-01")
FRENCH_TABLE = tuple(
    TaxRow(tax_code=rate.code, rate=row_rate(rate.percent, "FR"), from_on=rate.from_on, country="FR")
    for rate in FRENCH_RATES
)
PARIS = Seller(place="FR", oss_since=JULY)
NO_OSS = Seller(place="FR")
SMALL = Seller(place="FR", franchise=True, numbered=False)
UNNUMBERED = Seller(place="FR", numbered=False)
REUNION, CAYENNE = Seller(place="RE"), Seller(place="GF", numbered=False)
BERLIN = Seller(place="DE", oss_since=JULY)

LUCIE = buyer_of("FR", "69001")
BASTIA = buyer_of("FR", "20200")
MONACO = buyer_of("MC", "98000")
NOWHERE = Buyer()
SALON_PARIS = buyer_of("FR", "75002", vat_number="FR44732829320")
SAINT_DENIS = buyer_of("FR", "97400")
BASSE_TERRE = buyer_of("GP", "97100", company=True)
KOUROU, MAMOUDZOU = buyer_of("FR", "97310"), buyer_of("YT", "97600", company=True)
ROME, DUBLIN, HELSINKI, MADEIRA = buyer_of("IT"), buyer_of("IE"), buyer_of("FI"), buyer_of("PT", "9000-018")
GMBH = buyer_of("DE", "10115", vat_number="DE136695976")
GMBH_NO_NUMBER = buyer_of("DE", "10115", company=True)
GMBH_REFUSED = buyer_of("DE", "10115", vat_number="DE136695976", refused=True)
GMBH_OF_AUSTRIA = buyer_of("AT", vat_number="DE136695976", company=True)
GENEVA, GENEVA_SA = buyer_of("CH"), buyer_of("CH", company=True)
LONDON, BELFAST = buyer_of("GB", "SW1A 1AA"), buyer_of("GB", "BT1 5GS")
CANARIES, NOUMEA = buyer_of("ES", "35001"), buyer_of("FR", "98800")

AE = "Autoliquidation : TVA due par le preneur, art. 283, 2 du CGI, art. 196 de la directive 2006/112/CE"
K = "Exonération de TVA, livraison intracommunautaire, art. 262 ter, I du CGI, art. 138 de la directive 2006/112/CE"
FRANCHISE = "TVA non applicable, art. 293 B du CGI"
EXEMPT = "Exonération de TVA, art. 261 du CGI"
UNTAXED = "TVA non applicable en Guyane et à Mayotte, art. 294, 1 du CGI"
SENT_OVERSEAS = "Exonération de TVA, exportation, art. 262, I et 294, 2 du CGI"
EXPORT = "Exonération de TVA, exportation, art. 262, I du CGI"
ABROAD = "TVA française non applicable, art. 259, 1° du CGI"
ABROAD_B2C = "TVA française non applicable, art. 259 D du CGI"
OSS = "TVA %s, déclarée au guichet unique (OSS)"

CASES = [
    # seller, buyer, tax code, day, rate, category, reason, mention in French
    ("at home", PARIS, LUCIE, "electronic", JULY, "20", "S", "home", ""),
    ("nobody knows where: at home", PARIS, NOWHERE, "electronic", JULY, "20", "S", "home", ""),
    ("at home, reduced", PARIS, LUCIE, "books", JULY, "5.5", "S", "home", ""),
    ("at home, press", PARIS, LUCIE, "press", JULY, "2.1", "S", "home", ""),
    ("a business at home", PARIS, SALON_PARIS, "electronic", JULY, "20", "S", "home", ""),
    ("Monaco is France", PARIS, MONACO, "electronic", JULY, "20", "S", "home", ""),
    ("Corsica, a service", PARIS, BASTIA, "electronic", JULY, "20", "S", "home", ""),
    ("Corsica, food", PARIS, BASTIA, "food", JULY, "2.1", "S", "corsica", ""),
    ("Corsica, other goods", PARIS, BASTIA, "goods", JULY, "20", "S", "home", ""),
    ("Réunion, a consumer", PARIS, SAINT_DENIS, "electronic", JULY, "8.5", "S", "overseas", ""),
    ("Guadeloupe, a business", PARIS, BASSE_TERRE, "services", JULY, "8.5", "S", "overseas", ""),
    ("Réunion, any service to a consumer", PARIS, SAINT_DENIS, "services", JULY, "20", "S", "at_seller", ""),
    ("Réunion, in a salon on the mainland", PARIS, SAINT_DENIS, "on_site", JULY, "20", "S", "on_site", ""),
    ("Réunion, goods sent there", PARIS, SAINT_DENIS, "books", JULY, "0", "G", "overseas_export", SENT_OVERSEAS),
    ("Guyane", PARIS, KOUROU, "electronic", JULY, "0", "O", "overseas_untaxed", UNTAXED),
    ("Mayotte, a business", PARIS, MAMOUDZOU, "services", JULY, "0", "O", "overseas_untaxed", UNTAXED),
    ("from Réunion, at home", REUNION, SAINT_DENIS, "electronic", JULY, "8.5", "S", "home", ""),
    ("from Réunion, press at home", REUNION, SAINT_DENIS, "press", JULY, "1.05", "S", "home", ""),
    ("from Réunion to the mainland", REUNION, LUCIE, "electronic", JULY, "20", "S", "overseas", ""),
    ("from Réunion to the mainland, goods", REUNION, LUCIE, "goods", JULY, "0", "G", "overseas_export", SENT_OVERSEAS),
    ("from Réunion to a German business", REUNION, GMBH, "electronic", JULY, "0", "AE", "reverse_charge", AE),
    ("from Cayenne, at home", CAYENNE, KOUROU, "electronic", JULY, "0", "O", "overseas_untaxed", UNTAXED),
    ("from Cayenne, an Italian", CAYENNE, ROME, "electronic", JULY, "0", "O", "overseas_untaxed", UNTAXED),
    ("from Cayenne, a German business", CAYENNE, GMBH, "services", JULY, "0", "O", "overseas_untaxed", UNTAXED),
    ("German business", PARIS, GMBH, "electronic", JULY, "0", "AE", "reverse_charge", AE),
    ("German business, any service", PARIS, GMBH, "services", JULY, "0", "AE", "reverse_charge", AE),
    ("German business, in a salon", PARIS, GMBH, "on_site", JULY, "20", "S", "on_site", ""),
    ("German business, a meal", PARIS, GMBH, "restaurant", JULY, "10", "S", "on_site", ""),
    ("German business, goods", PARIS, GMBH, "goods", JULY, "0", "K", "intra_eu_goods", K),
    ("German business without number", PARIS, GMBH_NO_NUMBER, "electronic", JULY, "19", "S", "oss", OSS % "Allemagne"),
    ("number refused by its register", PARIS, GMBH_REFUSED, "electronic", JULY, "19", "S", "oss", OSS % "Allemagne"),
    ("number of another state", PARIS, GMBH_OF_AUSTRIA, "electronic", JULY, "20", "S", "oss", OSS % "Autriche"),
    ("seller without number", UNNUMBERED, GMBH, "electronic", JULY, "20", "S", "seller_unnumbered", ""),
    ("Italian consumer, the day before", PARIS, ROME, "electronic", D("2026-06-30"), "20", "S", "below_threshold", ""),
    ("Italian consumer, from the day", PARIS, ROME, "electronic", JULY, "22", "S", "oss", OSS % "Italie"),
    ("Italian consumer, never in OSS", NO_OSS, ROME, "electronic", JULY, "20", "S", "below_threshold", ""),
    ("Italian consumer, books", PARIS, ROME, "books", JULY, "4", "S", "oss", OSS % "Italie"),
    ("Italian consumer, any service", PARIS, ROME, "services", JULY, "20", "S", "at_seller", ""),
    ("Italian consumer, in a salon", PARIS, ROME, "on_site", JULY, "20", "S", "on_site", ""),
    ("Irish consumer, books at zero", PARIS, DUBLIN, "books", JULY, "0", "Z", "oss", OSS % "Irlande"),
    ("Finnish consumer", PARIS, HELSINKI, "electronic", JULY, "25.5", "S", "oss", OSS % "Finlande"),
    ("Madeira", PARIS, MADEIRA, "electronic", JULY, "22", "S", "oss", OSS % "Portugal"),
    ("Swiss business", PARIS, GENEVA_SA, "electronic", JULY, "0", "O", "outside_business", ABROAD),
    ("Swiss consumer, electronic", PARIS, GENEVA, "electronic", JULY, "0", "O", "outside_consumer", ABROAD_B2C),
    ("Swiss consumer, any service", PARIS, GENEVA, "services", JULY, "20", "S", "at_seller", ""),
    ("Swiss consumer, goods", PARIS, GENEVA, "goods", JULY, "0", "G", "export", EXPORT),
    ("Great Britain, goods", PARIS, LONDON, "goods", JULY, "0", "G", "export", EXPORT),
    ("Northern Ireland, goods", PARIS, BELFAST, "goods", JULY, "20", "S", "oss", OSS % "Royaume-Uni"),
    ("Northern Ireland, electronic", PARIS, BELFAST, "electronic", JULY, "0", "O", "outside_consumer", ABROAD_B2C),
    ("the Canaries", PARIS, CANARIES, "goods", JULY, "0", "G", "export", EXPORT),
    ("New Caledonia", PARIS, NOUMEA, "electronic", JULY, "0", "O", "outside_consumer", ABROAD_B2C),
    ("exempt, at home", PARIS, LUCIE, "exempt", JULY, "0", "E", "exempt", EXEMPT),
    ("exempt, abroad", PARIS, ROME, "exempt", JULY, "0", "E", "exempt", EXEMPT),
    ("franchise, at home", SMALL, LUCIE, "electronic", JULY, "0", "E", "franchise", FRANCHISE),
    ("franchise, an Italian", SMALL, ROME, "books", JULY, "0", "E", "franchise", FRANCHISE),
    ("from Berlin to France", BERLIN, LUCIE, "press", JULY, "2.1", "S", "oss", OSS % "France"),
    ("from Berlin to Réunion, goods", BERLIN, SAINT_DENIS, "goods", JULY, "0", "G", "export",
     "Exonération de TVA, exportation, art. 146 de la directive 2006/112/CE"),
    ("from Berlin to a French business", BERLIN, SALON_PARIS, "electronic", JULY, "0", "AE", "reverse_charge",
     "Autoliquidation : TVA due par le preneur, art. 196 de la directive 2006/112/CE"),
]  # fmt: skip


def profile(seller, buyer, table=FRENCH_TABLE):
    return TaxProfile(
        country=country_of(buyer.place) or country_of(seller.place), table=table, seller=seller, buyer=buyer
    )


@pytest.mark.parametrize(
    ("seller", "buyer", "code", "day", "percent", "category", "reason", "mention"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_the_table_of_regimes(seller, buyer, code, day, percent, category, reason, mention):
    rate = profile(seller, buyer).rate(code, day)
    assert (str(rate.rate), rate.category, rate.reason) == (percent, category, reason)
    assert rate.mention.get("fr", "") == mention
    assert bool(rate.mention.get("en")) is bool(mention), "both languages or none"
    assert (category in ("S", "Z")) or mention, "what is not taxed says why"
    assert len(rate.mention.get("fr", "")) <= 200 and len(rate.mention.get("en", "")) <= 200
    told = rate.told.get("tax")
    assert (told is None) is (reason == "home") and (told is None or told["reason"] == reason)


def test_every_reason_is_explained_in_both_languages():
    for reason in Reason:
        assert explained(reason.value, "fr") and explained(reason.value, "en") != explained(reason.value, "fr")


def test_the_merchants_rows_win_over_the_known_rates():
    """A row for Italy comes before OSS' rate; one for Switzerland says that the merchant is registered there; a row
    that begins later waits for its day."""
    own = (
        TaxRow(tax_code="electronic", rate=row_rate(Decimal(21), "IT"), from_on=D("2026-08-01"), country="IT"),
        TaxRow(tax_code="electronic", rate=row_rate(Decimal("8.1"), "CH"), country="CH"),
        TaxRow(tax_code="electronic", rate=row_rate(Decimal(9), "RE"), country="RE"),
    )
    rome = profile(PARIS, ROME, (*FRENCH_TABLE, *own))
    assert [str(rome.rate("electronic", day).rate) for day in (JULY, D("2026-08-01"))] == ["22", "21"]
    assert rome.rate("electronic", D("2026-08-01")).reason == "oss"
    before = profile(NO_OSS, ROME, (*FRENCH_TABLE, *own)).rate("electronic", D("2026-08-01"))
    assert (str(before.rate), before.reason) == ("21", "own_table")
    geneva = profile(PARIS, GENEVA, (*FRENCH_TABLE, *own)).rate("electronic", JULY)
    assert (str(geneva.rate), geneva.category, geneva.reason, geneva.mention) == ("8.1", "S", "own_table", {})
    assert profile(PARIS, GENEVA_SA, (*FRENCH_TABLE, *own)).rate("electronic", JULY).category == "O"
    assert str(profile(PARIS, SAINT_DENIS, (*FRENCH_TABLE, *own)).rate("electronic", JULY).rate) == "9"


def test_an_exemption_is_said_in_the_words_of_its_row():
    row = row_rate(Decimal(0), "FR", "Exonération de TVA, art. 261 C, 2° du CGI")
    table = (
        *FRENCH_TABLE,
        TaxRow(tax_code="exempt_insurance", rate=row, country="FR"),
        TaxRow(tax_code="training", rate=row_rate(Decimal(0), "FR"), country="FR"),
    )
    insured = profile(PARIS, LUCIE, table).rate("exempt_insurance", JULY)
    assert (insured.category, insured.mention["fr"]) == ("E", "Exonération de TVA, art. 261 C, 2° du CGI")
    trained = profile(PARIS, LUCIE, table).rate("training", JULY)
    assert (trained.category, trained.mention["fr"], trained.reason) == ("E", EXEMPT, "exempt")


def test_at_home_a_rate_that_is_missing_is_missed():
    with pytest.raises(TaxRateMissing, match="tax_rate_missing"):
        profile(PARIS, LUCIE, ()).rate("electronic", JULY)
    with pytest.raises(TaxRateMissing):
        profile(NO_OSS, ROME, ()).rate("electronic", JULY)
    assert profile(PARIS, GMBH, ()).rate("electronic", JULY).category == "AE"
    assert str(profile(REUNION, SAINT_DENIS, ()).rate("electronic", JULY).rate) == "8.5"


def test_the_lines_own_rate_and_the_payers_come_first():
    own = TaxRate(rate=Decimal("5.5"))
    assert profile(PARIS, GMBH).rate("electronic", JULY, line=own) is own
    assert replace(profile(PARIS, GMBH), own=own).rate("electronic", JULY) is own


@pytest.mark.parametrize(
    ("country", "postal", "number", "company", "seen"),
    [
        ("", "", "", False, ("", False, False)),
        ("", "", "EL094259216", False, ("GR", True, True)),
        ("GR", "10431", "EL094259216", False, ("GR", True, True)),
        ("DE", "", "DE136695975", False, ("DE", False, False)),  # a wrong check digit
        ("DE", "", "DE 136 695 976", False, ("DE", True, True)),
        ("FR", "97410", "FR44732829320", False, ("RE", True, False)),  # French, but not of the Union's territory
        ("CH", "1201", "", True, ("CH", True, False)),
        ("ES", "38001", "ESB58378431", False, ("ES-OUT", True, False)),
    ],
)
def test_who_buys(country, postal, number, company, seen):
    buyer = buyer_of(country, postal, vat_number=number, company=company)
    assert (buyer.place, buyer.business, buyer.numbered) == seen


def test_every_member_state_has_a_standard_rate_and_no_rate_is_absurd():
    assert {key for key in EU_RATES if "-" not in key and key != "XI"} == EU
    standard = {country: rate_of(country, "electronic", JULY) for country in EU}
    assert all(17 <= percent <= 27 for percent in standard.values()), standard
    for table in EU_RATES.values():
        for code, steps in table.items():
            assert code in {STANDARD, *KINDS} and [on for on, _ in steps] == sorted(on for on, _ in steps)
            assert all(0 <= percent <= 27 for _, percent in steps)
    assert {rate.code for rate in OVERSEAS_RATES} == {rate.code for rate in FRENCH_RATES} == set(KINDS)


@pytest.mark.parametrize(
    ("country", "steps"),
    [
        ("EE", [("2023-12-31", 20), ("2024-01-01", 22), ("2025-07-01", 24)]),
        ("LU", [("2022-12-31", 17), ("2023-06-01", 16), ("2024-01-01", 17)]),
        ("RO", [("2025-07-31", 19), ("2025-08-01", 21)]),
        ("SK", [("2024-12-31", 20), ("2025-01-01", 23)]),
    ],
)
def test_a_rate_changes_on_its_day(country, steps):
    assert [rate_of(country, "electronic", D(day)) for day, _ in steps] == [Decimal(percent) for _, percent in steps]


def test_where_places_lie():
    for postal, there in (("97133", "BL"), ("97150", "MF"), ("97500", "PM"), ("98735", "PF"), ("97122", "GP")):
        assert place("FR", postal) == there and not in_eu(there)
    assert (place("IT", "23041"), place("DE", "78266"), place("FI", "22100"), place("FR", "97")) == (
        "IT-OUT", "DE-OUT", "FI-OUT", "FR")  # fmt: skip
    assert in_eu("DE") and not in_eu("DE-OUT") and not in_eu("CH") and not in_eu("")
