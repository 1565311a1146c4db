"""Sellers, buyers and the VAT between them, made up for `sampling`: one case of the tax code each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from invoices.facturx.documents import Party
from subscribers.taxes import TaxRate

NAMES = ("Lucie Garnier", "O'Brien & fils", "", "Zoë\u0000 Müller", "<b>Ali</b>", "李雷", "A" * 400, "\u202eeltiT")
CASES = (
    "home", "home", "home", "company", "company", "overseas", "franchise", "unnumbered", "reverse_charge",
    "intra_eu", "export", "outside", "one_stop_shop", "foreign_seller",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Who sells to whom, at which rates a line may stand, of which operations, and in which other currencies."""

    seller: Party
    buyer: Party
    rates: tuple[TaxRate, ...]
    operations: tuple[str, ...] = ("services", "goods", "both")
    currencies: tuple[str, ...] = ("USD", "CHF", "JPY", "TND")


def case_of(chance: Random, name: str = "") -> Case:
    """A case, drawn or named.

    >>> case_of(Random(1), "reverse_charge").rates[0].category
    'AE'
    """
    name = name or chance.choice(CASES)
    seller = _french(chance)
    if name == "franchise":
        seller = replace(seller, vat_number="")
        mention = "TVA non applicable, art. 293 B du CGI"
        return Case(seller=seller, buyer=_consumer(chance), rates=(_zero("E", mention),), operations=("services",))
    if name == "unnumbered":
        return Case(seller=replace(seller, vat_number=""), buyer=_consumer(chance), rates=_rates("20"))
    if name == "reverse_charge":
        mention = "Autoliquidation : TVA due par le preneur, art. 283, 2 du CGI"
        return Case(seller=seller, buyer=_company(chance, "DE", "DE136695976"), rates=(_zero("AE", mention),))
    if name == "intra_eu":
        return Case(seller=seller, buyer=_company(chance, "BE", "BE0428759497"), rates=(_zero("K", ""),))
    if name == "export":
        return Case(seller=seller, buyer=_company(chance, chance.choice(("US", "CH", "XK"))), rates=(_zero("G", ""),))
    if name == "outside":
        return Case(seller=seller, buyer=_company(chance, "US"), rates=(_zero("O", "art. 259, 1° du CGI"),))
    if name == "one_stop_shop":
        country, rates = chance.choice((("DE", ("19", "7")), ("FI", ("25.5", "14")), ("IE", ("23", "0"))))
        return Case(seller=seller, buyer=_consumer(chance, country), rates=_rates(*rates))
    if name == "foreign_seller":
        german = Party(name="Welle GmbH", country="DE", vat_number="DE136695976", line1="Ring 1", city="Berlin")
        return Case(seller=german, buyer=_consumer(chance, "DE"), rates=_rates("19", "7"))
    if name == "company":
        return Case(seller=seller, buyer=_at_home(chance), rates=(*_rates("20", "10", "5.5", "2.1"), EXEMPT))
    if name == "overseas":
        return Case(seller=seller, buyer=_consumer(chance, "RE"), rates=_rates("8.5", "2.1", "1.75"))
    return Case(seller=seller, buyer=_consumer(chance), rates=(*_rates("20", "10", "5.5", "2.1"), EXEMPT))


def siren(chance: Random) -> str:
    """Nine digits, the last of them Luhn's.

    >>> from merchants.identity import siren_of
    >>> [siren_of(siren(Random(seed))) for seed in (1, 2)]
    ['291417772', '011524493']
    """
    digits = [chance.randrange(10) for _ in range(8)]
    doubled = [2 * digit - 9 * (digit > 4) if at % 2 else digit for at, digit in enumerate(digits)]
    return "".join(map(str, digits)) + str(-sum(doubled) % 10)


def _zero(category: str, mention: str) -> TaxRate:
    return TaxRate(rate=Decimal(0), category=category, mention={"fr": mention} if mention else {})


EXEMPT = _zero("E", "Exonération de TVA, art. 261-4-4° a du CGI")


def _rates(*percents: str) -> tuple[TaxRate, ...]:
    return tuple(TaxRate(rate=Decimal(one), category="S" if Decimal(one) else "Z") for one in percents)


def _french(chance: Random) -> Party:
    number = siren(chance)
    return Party(
        name="Onde SAS",
        country="FR",
        siren=number,
        siret=chance.choice(("", number + "00012")),
        vat_number=f"FR{(12 + 3 * (int(number) % 97)) % 97:02}{number}",
        line1="1 rue de la Paix",
        line2=chance.choice(("", "Bâtiment\tB")),
        postal_code="69001",
        city="Lyon",
        legal_form=chance.choice(("", "SAS")),
        capital=chance.choice(("", "10 000 €")),
        registry=chance.choice(("", "RCS Lyon 999 412 075")),
        brand=chance.choice(("", "Onde")),
        email=chance.choice(("", "factures@onde.example")),
    )


def _consumer(chance: Random, country: str = "FR") -> Party:
    return Party(
        name=chance.choice(NAMES),
        country=chance.choice((country, country, "")) if country == "FR" else country,
        reference=chance.choice(("ON-204817", "client n°7 \u200b")),
        email=chance.choice(("", "lucie@courriel.example")),
        line1=chance.choice(("", "2 quai Claude Bernard")),
        city=chance.choice(("", "Lyon")),
        business=False,
    )


def _company(chance: Random, country: str, vat_number: str = "") -> Party:
    return Party(
        name="Kunde & Söhne",
        person=chance.choice(("", "Élodie Brûlé")),
        country=country,
        vat_number=vat_number,
        reference="KUN-1",
        email=chance.choice(("", "konto@kunde.example")),
        city="Köln",
    )


def _at_home(chance: Random) -> Party:
    number = siren(chance)
    return replace(_company(chance, chance.choice(("FR", "FR", "GP", "")), ""), siren=number, name="Institut Lumière")
