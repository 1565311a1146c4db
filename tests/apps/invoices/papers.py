"""Papers that tests and the benchmark print."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pypdf

from invoices.mentions import Mentions, mention_lines
from invoices.paper import (
    Coming,
    Customer,
    DayCount,
    Discount,
    Issuer,
    Line,
    Paper,
    Reference,
    Settlement,
    Span,
    Stretch,
    TaxLine,
)
from invoices.pdf import render

LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="34" height="22" viewBox="0 0 34 22"><path fill="none" '
    b'stroke="#5B2A86" stroke-width="2.4" stroke-linecap="round" d="M2 11c5-12 8-12 11-3s5 12 9 4 6-8 10-4"/></svg>'
)
RUNNING = Span(date(2026, 11, 3), date(2026, 11, 20))
OCTOBER = Span(date(2026, 10, 1), date(2026, 11, 1))

ONDE = Issuer(
    name="Onde",
    brand="Onde",
    legal_form="SAS",
    address=("18 rue des Accordeurs", "69007 Lyon"),
    siren="999412075",
    vat_id="FR90999412075",
    capital="100 000 €",
    rcs="RCS Lyon 999 412 075",
    logo=LOGO,
    colour="#5B2A86",
)
CAMILLE = Customer(name="Camille Morel", address=("7 montée du Diapason", "69005 Lyon"))


def usual() -> Paper:
    """The invoice of the mock-up: an offer changed within its period, paid by three means."""
    return Paper(
        kind="invoice",
        number="ON-2026-041436",
        issued_on=date(2026, 11, 3),
        due_on=date(2026, 11, 3),
        period=RUNNING,
        issuer=ONDE,
        customer=CAMILLE,
        currency="EUR",
        locale="fr",
        subscription="ON-204817",
        lines=(
            Line(
                title="Onde Famille", period=RUNNING, formula="17,99 € × 17 jours sur 31", rate=Decimal(20), amount=987
            ),
        ),
        taxes=(TaxLine(rate=Decimal(20), base=822, vat=165),),
        net=822,
        vat=165,
        gross=987,
        state="paid",
        paid_on=date(2026, 11, 3),
        settlements=(
            Settlement(means="credit_note", detail="AV-2026-000318, Onde Hifi rendue", amount=383),
            Settlement(means="balance", detail="parrainage du 28 octobre", amount=150),
            Settlement(means="card", detail="Visa 4242", on=date(2026, 11, 3), amount=454),
        ),
        day_count=DayCount(
            why="Vous avez changé d’offre le 3 novembre. Le jour du changement compte pour la nouvelle offre.",
            stretches=(
                Stretch(title="Onde Hifi", span=Span(date(2026, 10, 20), date(2026, 11, 3)), billed=False),
                Stretch(title="Onde Famille", span=RUNNING, billed=True),
            ),
        ),
        coming=Coming(
            on=date(2026, 11, 20),
            total=1999,
            items=(("Onde Famille", 1799), ("Appareil supplémentaire", 200), ("Concerts en direct", 0)),
        ),
        mentions=tuple(
            mention_lines(
                Mentions(
                    contact="factures@onde.example, 04 65 71 20 26",
                    extra=(
                        "Un différend : après une réclamation écrite, vous pouvez saisir gratuitement le médiateur de "
                        "la consommation, mediateur@mediation.example.",
                    ),
                ),
                locale="fr",
            )
        ),
    )


def usual_in_english() -> Paper:
    """The same purchase, for somebody who reads English."""
    paper = usual()
    assert paper.day_count
    return replace(
        paper,
        locale="en",
        lines=(replace(paper.lines[0], formula="€17.99 × 17 days of 31"),),
        settlements=(Settlement(means="card", detail="Visa 4242", on=date(2026, 11, 3), amount=987),),
        day_count=replace(paper.day_count, why="You changed offer on 3 November."),
        coming=Coming(on=date(2026, 11, 20), total=1999, items=(("Onde Famille", 1799), ("Extra device", 200))),
        mentions=tuple(mention_lines(Mentions(contact="factures@onde.example"), locale="en")),
    )


def abroad() -> Paper:
    """The same purchase by somebody whose name Inter does not draw."""
    return replace(usual(), customer=Customer(name="王小明 محمد 🎉", address=("北京市朝阳区",), country="CN"))


def professional() -> Paper:
    """Prices without VAT, four rates, a discount, a gift, a title of 80 characters, partly paid by transfer."""
    at_20 = 1078_80 + 46_88 - 56_28
    taxes = (
        TaxLine(rate=Decimal(20), base=at_20, vat=213_88),
        TaxLine(rate=Decimal("5.5"), base=128_00, vat=7_04),
        TaxLine(rate=Decimal("2.1"), base=36_00, vat=76),
        TaxLine(rate=Decimal(0), base=250_00, vat=0, reason="Exonération, art. 261-4-4° a du CGI"),
    )
    net, vat = sum(tax.base for tax in taxes), sum(tax.vat for tax in taxes)
    return Paper(
        kind="invoice",
        number="SO-2026-000123",
        issued_on=date(2026, 11, 1),
        due_on=date(2026, 12, 1),
        period=OCTOBER,
        issuer=Issuer(
            name="Soleil Distribution",
            legal_form="SARL",
            address=("112 bis avenue de la Méditerranée", "34470 Pérols"),
            siren="812345678",
            siret="81234567800021",
            vat_id="FR12812345678",
            capital="7 500 €",
            colour="#B4530A",
        ),
        customer=Customer(
            name="Élodie Brûlé",
            company="Institut Lumière & Fils SAS",
            address=("4 place de la Comédie", "34000 Montpellier"),
            siren="552100554",
            vat_id="FR40552100554",
            reference="LUM-00042",
        ),
        currency="EUR",
        locale="fr",
        prices="exclusive",
        purchase_order="BC-2026-889",
        lines=(
            Line(
                title="Abonnement cabines, formule Réseau avec assistance prioritaire et maintenance..",
                period=OCTOBER,
                quantity=Decimal(12),
                unit_price=Decimal("89.90"),
                rate=Decimal(20),
                amount=1078_80,
            ),
            Line(
                title="Minutes de cabine",
                quantity=Decimal(1250),
                unit_price=Decimal("0.0375"),
                rate=Decimal(20),
                amount=46_88,
            ),
            Line(
                title="Guide papier",
                quantity=Decimal(40),
                unit_price=Decimal("3.2"),
                rate=Decimal("5.5"),
                amount=128_00,
            ),
            Line(title="Presse", quantity=Decimal(3), unit_price=Decimal(12), rate=Decimal("2.1"), amount=36_00),
            Line(
                title="Formation en ligne",
                detail="Geste commercial : panne du 12 octobre",
                rate=Decimal(20),
                amount=0,
                instead_of=49_00,
            ),
            Line(
                title="Formation agréée", quantity=Decimal(1), unit_price=Decimal(250), rate=Decimal(0), amount=250_00
            ),
        ),
        discounts=(Discount(title="Remise RENTREE", formula="5 % des lignes à 20 %", rate=Decimal(20), amount=-56_28),),
        taxes=taxes,
        net=net,
        vat=vat,
        gross=net + vat,
        settlements=(Settlement(means="transfer", on=date(2026, 11, 1), amount=500_00),),
        how_to_pay="Par virement : IBAN FR76 3000 4000 0312 3456 7890 143, référence SO-2026-000123.",
        mentions=tuple(
            mention_lines(
                Mentions(inclusive=False, professional=True, operation="both", vat_on_debits=True), locale="fr"
            )
        ),
    )


def credit_note() -> Paper:
    """What is given back of the old offer, used on the new one's invoice."""
    return Paper(
        kind="credit_note",
        number="AV-2026-000318",
        issued_on=date(2026, 11, 3),
        period=RUNNING,
        issuer=ONDE,
        customer=CAMILLE,
        currency="EUR",
        locale="fr",
        subscription="ON-204817",
        lines=(
            Line(title="Onde Hifi", period=RUNNING, formula="6,99 € × 17 jours sur 31", rate=Decimal(20), amount=383),
        ),
        taxes=(TaxLine(rate=Decimal(20), base=319, vat=64),),
        net=319,
        vat=64,
        gross=383,
        references=(Reference(number="ON-2026-038211", issued_on=date(2026, 10, 20)),),
        reason="Changement d’offre le 3 novembre : les jours d’Onde Hifi qui restaient vous sont rendus.",
        settlements=(Settlement(means="invoice", detail="ON-2026-041436", amount=383),),
        mentions=tuple(mention_lines(Mentions(credit_note=True), locale="fr")),
    )


def long(lines: int = 300) -> Paper:
    """An invoice of many lines of 1.20 each."""
    paper = usual()
    total = 120 * lines
    return replace(
        paper,
        lines=tuple(
            Line(
                title=f"Option {number:03}",
                period=OCTOBER,
                quantity=Decimal(1),
                unit_price=Decimal("1.20"),
                rate=Decimal(20),
                amount=120,
            )
            for number in range(1, lines + 1)
        ),
        taxes=(TaxLine(rate=Decimal(20), base=total - total // 6, vat=total // 6),),
        net=total - total // 6,
        vat=total // 6,
        gross=total,
        settlements=(),
        state="open",
        paid_on=None,
        day_count=None,
    )


def pages_of(printed: bytes) -> list[str]:
    """The text of each page, every blank a plain space."""
    reader = pypdf.PdfReader(BytesIO(printed))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def text_of(paper: Paper) -> str:
    """The text of a document that has one page."""
    (text,) = pages_of(render(paper))
    return text


def without(paper: Paper, **fields: object) -> Paper:
    """The paper unpaid, without its strip of days, and with these fields."""
    bare: dict[str, object] = {"settlements": (), "day_count": None, "coming": None, "state": "open", "paid_on": None}
    return replace(paper, **(bare | fields))  # type: ignore[arg-type]
