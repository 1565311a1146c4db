"""Documents on paper: what they say, and that they add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from invoices.paper import (
    Customer,
    DayCount,
    DoesNotAddUp,
    Issuer,
    Line,
    Reference,
    Settlement,
    Span,
    Stretch,
    TaxLine,
)
from invoices.pdf import render
from invoices.strip import strip
from tests.apps.invoices import papers
from tests.apps.invoices.papers import pages_of, text_of, without
from tools.devstack import messages


@pytest.fixture(autouse=True, scope="module")
def french() -> None:
    """The catalogues as they stand in the tree."""
    messages.compile_all()


class TestWhatItSays:
    def test_a_usual_invoice_fits_one_page_and_says_all(self) -> None:
        text = text_of(papers.usual())
        for said in (
            "Facture ON-2026-041436",
            "Onde SAS",
            "Camille Morel",
            "7 montée du Diapason",
            "ON-204817",
            "3 au 19 nov. 2026",
            "Payée le 3 novembre 2026",
            "du 3 au 19 novembre 2026",
            "17,99 € × 17 jours sur 31",
            "Total TTC 9,87 €",
            "D’où viennent les 17 jours.",
            "Onde Hifi, 14 jours",
            "31 jours en tout",
            "20,00 % 8,22 € 1,65 € 9,87 €",
            "Avoir AV-2026-000318, Onde Hifi rendue 3,83 €",
            "Solde créditeur, parrainage du 28 octobre 1,50 €",
            "Carte Visa 4242, 3 novembre 4,54 €",
            "Reste à payer 0,00 €",
            "Prochaine facture le 20 novembre 2026 : Onde Famille 17,99 €",
            "Concerts en direct 0,00 €, soit 19,99 €.",
            "Onde SAS au capital de 100 000 €, 18 rue des Accordeurs, 69007 Lyon. RCS Lyon 999 412 075.",
            "TVA intracommunautaire FR90999412075.",
            "TVA exigible à l’encaissement",
            "Pas d’escompte pour paiement anticipé.",
        ):
            assert said in text, said
        assert "SIREN" not in text  # the registry's line says it already
        assert "40,00 €" not in text  # the recovery fee is between professionals

    def test_in_english(self) -> None:
        text = text_of(papers.usual_in_english())
        for said in (
            "Invoice ON-2026-041436",
            "3 to 19 Nov 2026",
            "Paid on 3 November 2026",
            "€17.99 × 17 days of 31",
            "Total incl. VAT €9.87",
            "Where the 17 days come from.",
            "20.00% €8.22 €1.65 €9.87",
            "Card Visa 4242, 3 November €9.87",
            "Left to pay €0.00",
            "Next invoice on 20 November 2026: Onde Famille €17.99, Extra device €2.00, €19.99 in all.",
        ):
            assert said in text, said
        assert "9,87" not in text

    def test_the_language_is_the_documents_not_the_readers(self) -> None:
        from django.utils.translation import override

        with override("en"):
            assert "Facture ON-2026-041436" in text_of(papers.usual())

    def test_a_professional_invoice_with_many_rates_stays_on_one_page(self) -> None:
        text = text_of(replace(papers.professional(), how_to_pay="Virement : IBAN FR76"))
        for said in (
            "Institut Lumière & Fils SAS Élodie Brûlé",
            "SIREN 552100554",
            "TVA FR40552100554",
            "BC-2026-889",
            "1er au 31 oct. 2026",
            "Abonnement cabines, formule Réseau avec assistance prioritaire et maintenance..",
            "12 × 89,90 € 20,00 % 1 078,80 €",
            "1 250 × 0,0375 € 20,00 % 46,88 €",
            "40 × 3,20 € 5,50 % 128,00 €",
            "Remise RENTREE 5 % des lignes à 20 % 20,00 % −56,28 €",
            "Total HT 1 483,40 €",
            "TVA 221,68 €",
            "Total TTC 1 705,08 €",
            "0,00 % 250,00 € 0,00 € 250,00 € Exonération, art. 261-4-4° a du CGI",
            "Virement, 1er novembre 500,00 €",
            "Reste à payer 1 205,08 €",
            "Reste 1 205,08 € à payer au plus tard le 1er décembre 2026",
            "Virement : IBAN FR76",
            "SIRET 812 345 678 00021",
            "option pour le paiement de la taxe d’après les débits",
            "trois fois le taux d’intérêt légal",
            "indemnité forfaitaire de 40,00 €",
        ):
            assert said in text, said

    def test_a_gift_stands_at_zero_with_what_it_would_have_cost(self) -> None:
        text = text_of(papers.professional())
        assert "Geste commercial : panne du 12 octobre au lieu de 49,00 € 20,00 % 0,00 €" in text

    def test_a_credit_note_names_its_invoice_and_where_it_went(self) -> None:
        text = text_of(papers.credit_note())
        for said in (
            "Avoir AV-2026-000318",
            "En votre faveur",
            "Facture ON-2026-038211",
            "du 20 octobre 2026",
            "Total de l’avoir TTC 3,83 €",
            "Restitution Facture ON-2026-041436 3,83 € Reste à rendre 0,00 €",
            "les jours d’Onde Hifi qui restaient vous sont rendus.",
        ):
            assert said in text, said
        assert "Échéance" not in text
        assert "escompte" not in text
        assert "−" not in text

    def test_what_is_missing_leaves_no_trace(self) -> None:
        paper = without(
            papers.usual(),
            customer=Customer(name="Camille Morel"),
            issuer=Issuer(name="Onde"),
            subscription="",
            period=None,
            due_on=None,
            mentions=(),
        )
        text = text_of(paper)
        assert "None" not in text
        assert "À Camille Morel" in text
        assert "À payer" in text
        assert "au plus tard" not in text
        assert text.endswith("Reste à payer 9,87 € Onde.") or "Onde." in text

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"due_on": date(2026, 12, 1)}, "À payer au plus tard le 1er décembre 2026"),
            ({"state": "paid", "settlements": (Settlement(means="cash", amount=987),)}, "Payée"),
            (
                {"state": "cancelled", "references": (Reference(number="AV-1", issued_on=date(2026, 11, 4)),)},
                "Annulée par l’avoir AV-1",
            ),
            ({"practice": True}, "Document d’essai, sans valeur"),
        ],
    )
    def test_where_it_stands(self, fields: dict[str, object], said: str) -> None:
        assert said in text_of(without(papers.usual(), **fields))

    def test_amounts_of_other_currencies_and_great_length(self) -> None:
        most = 999_999_999_999_999
        paper = without(
            papers.usual(),
            currency="TND",
            lines=(Line(title="Onde Famille", amount=most),),
            taxes=(TaxLine(rate=Decimal(20), base=833_333_333_333_333, vat=166_666_666_666_666),),
            net=833_333_333_333_333,
            vat=166_666_666_666_666,
            gross=most,
        )
        assert text_of(paper).count("999 999 999 999,999 TND") == 5  # sum, line, total, VAT table, left to pay

    def test_a_strip_too_narrow_for_its_labels_is_said_in_words(self) -> None:
        days = [date(2026, 11, 1), date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 8)]
        stretches = tuple(
            Stretch(title=f"Onde Famille Hifi et concerts {n}", span=Span(days[n], days[n + 1]), billed=n == 1)
            for n in range(3)
        )
        text = text_of(replace(papers.usual(), day_count=DayCount(why="Deux changements.", stretches=stretches)))
        assert "D’où vient ce jour." in text
        assert (
            "3 novembre, Onde Famille Hifi et concerts 1, 1 jour"
            " · 4 novembre, Onde Famille Hifi et concerts 2, 4 jours · 7 jours en tout"
        ) in text

    @pytest.mark.parametrize("days, ends", [(8, False), (1, True)])
    def test_the_last_days_of_a_month_have_their_label_under_them(self, days: int, ends: bool) -> None:
        first, start, end = date(2026, 11, 1), date(2026, 12, 1) - timedelta(days), date(2026, 12, 1)
        stretches = (
            Stretch(title="Hors de cette facture", span=Span(first, start), billed=False),
            Stretch(title="Onde Studio", span=Span(start, end), billed=True),
        )
        with translation.override("fr"):
            drawn = strip(DayCount(why="", stretches=stretches), "fr")
        assert drawn.words == ""
        assert [label.upper for label in drawn.labels] == [
            "1er novembre",
            "23 novembre" if days == 8 else "30 novembre",
        ]
        assert drawn.labels[-1].lower == ("Onde Studio, 8 jours" if days == 8 else "Onde Studio, 1 jour")
        assert (drawn.labels[-1].end, drawn.labels[-1].x) == (ends, "618" if ends else "454.667")
        assert (drawn.filled.count("M"), drawn.empty.count("M")) == (days, 30 - days)

    def test_mentions_too_long_for_the_foot_are_printed_whole(self) -> None:
        mentions = tuple(f"Mention {number} " + "du contrat " * 25 + "finie." for number in range(8))
        text = " ".join(pages_of(render(replace(papers.usual(), mentions=mentions))))
        for number in range(8):
            assert f"Mention {number} du contrat" in text
        assert text.count("finie.") == 8


class TestItAddsUp:
    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"gross": 988, "vat": 166}, "lines and discounts"),
            ({"net": 821}, "are not the gross"),
            ({"taxes": (TaxLine(rate=Decimal(20), base=823, vat=164),)}, "VAT by rate"),
            ({"settlements": (Settlement(means="card", amount=988),)}, "more was settled"),
            ({"settlements": ()}, "are left to pay"),
        ],
    )
    def test_what_contradicts_itself_is_not_printed(self, fields: dict[str, object], why: str) -> None:
        with pytest.raises(DoesNotAddUp, match=why):
            replace(papers.usual(), **fields)  # type: ignore[arg-type]
