"""Settings of the merchant: identity and brand, companies and taxes; what each writes, refuses and never shows."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from merchants.ids import new_id, show
from merchants.models import Event, LegalEntity, Merchant, TaxRate
from merchants.tenancy.scope import tenant
from tests.pages.offices import colleague, office
from tests.pages.settings_seen import beside

pytestmark = pytest.mark.django_db(transaction=True)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M0 0h10"/></svg>'


IDENTITY = {
    "name": "Onde musique",
    "support_email": "aide@onde.example",
    "website": "https://onde.example",
    "locale": "fr",
    "timezone": "Pacific/Noumea",
    "currency": "EUR",
    "payment_terms_days": "30",
    "brand_color": "#aa3300",
    "success_url": "https://onde.example/merci",
}


COMPANY = {
    "name": "Onde SAS",
    "siren": "732 829 320",
    "siret": "",
    "vat_number": "FR 44 732829320",
    "line1": "12 quai de Saône",
    "postal_code": "69002",
    "city": "Lyon",
    "country": "fr",
    "number_format": "{year}-{number:06d}",
}


def merchant_of(seat) -> Merchant:
    with tenant(seat.merchant.id):
        return Merchant.objects.get()


class TestIdentity:
    def test_what_was_filled_in_is_kept_and_told(self):
        seat = office()
        saved = seat.client.post(
            seat.url("settings"), {**IDENTITY, "logo": SimpleUploadedFile("logo.svg", SVG, "image/svg+xml")}
        )
        assert saved["Location"] == seat.url("settings")
        merchant = merchant_of(seat)
        kept = {name: str(getattr(merchant, name)) for name in IDENTITY}
        assert kept == {**IDENTITY, "brand_color": "#AA3300"}
        assert merchant.logo_svg == SVG.decode()
        with tenant(seat.merchant.id):
            assert Event.objects.filter(kind="merchant.updated").count() == 2
        assert "Onde musique" in seat.client.get(seat.url("home")).content.decode()

    def test_the_colour_and_the_logo_are_served_to_anybody(self):
        seat = office()
        seat.client.post(seat.url("settings"), {**IDENTITY, "logo": SimpleUploadedFile("logo.svg", SVG)})
        css = Client().get(reverse("brand", kwargs={"merchant": seat.merchant.public_id}))
        assert css["Content-Type"] == "text/css; charset=utf-8"
        assert b"--brand: light-dark(#AA3300, " in css.content
        logo = Client().get(reverse("brand_logo", kwargs={"merchant": seat.merchant.public_id}))
        assert (logo["Content-Type"], logo.content) == ("image/svg+xml", SVG)
        assert "sandbox" in logo["Content-Security-Policy"]
        seat.client.post(seat.url("settings"), {**IDENTITY, "no_logo": "on"})
        assert Client().get(logo.request["PATH_INFO"]).status_code == 404
        for unknown in (show("mer", new_id()), "mer_x", "x"):
            assert Client().get(reverse("brand", kwargs={"merchant": unknown})).status_code == 404

    @pytest.mark.parametrize(
        ("field", "value", "says"),
        [
            ("name", " ", "This field is required."),
            ("timezone", "Mars/Olympus", "Select a valid choice."),
            ("brand_color", "red", "Write a colour as six hexadecimal digits"),
            ("payment_terms_days", "9999", "A whole number from 0 to 365."),
            ("support_email", "nobody", "Enter a valid email address."),
            ("website", "javascript:alert(1)", "Enter a valid URL."),
            ("success_url", "no address", "Enter a valid URL."),
        ],
    )
    def test_a_faulty_field_says_so_beside_itself_and_nothing_is_kept(self, field, value, says):
        seat = office()
        answer = seat.client.post(seat.url("settings"), {**IDENTITY, field: value})
        assert answer.status_code == 422
        assert beside(answer, field).startswith(says)
        assert (merchant_of(seat).name, merchant_of(seat).payment_terms_days) == ("Onde", 0)

    @pytest.mark.parametrize(
        "content", [b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"\x89PNG", b"\xff\xfe", b"<svg/>"]
    )
    def test_a_logo_that_is_more_than_shapes_is_refused_and_the_rest_of_the_form_with_it(self, content):
        seat = office()
        answer = seat.client.post(seat.url("settings"), {**IDENTITY, "logo": SimpleUploadedFile("logo.svg", content)})
        assert answer.status_code == 422
        assert beside(answer, "logo").startswith("An SVG of plain shapes")
        assert (merchant_of(seat).name, merchant_of(seat).logo_svg) == ("Onde", "")

    def test_an_accountant_reads_and_cannot_write(self):
        seat = colleague(office(), "accountant")
        assert "<fieldset disabled>" in seat.client.get(seat.url("settings")).content.decode()
        assert seat.client.post(seat.url("settings"), IDENTITY).status_code == 403
        assert merchant_of(seat).name == "Onde"


class TestCompanies:
    def test_a_french_company_is_the_default_and_begins_with_the_french_rates(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), COMPANY)
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get()
            rates = {rate.tax_code: str(rate.percent) for rate in TaxRate.objects.all()}
        assert (entity.siren, entity.vat_number, entity.country, entity.is_default) == (
            "732829320",
            "FR44732829320",
            "FR",
            True,
        )
        assert (rates["electronic"], rates["books"], rates["press"]) == ("20.000", "5.500", "2.100")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("siren", "732829321"),
            ("siret", "73282932000075"),
            ("vat_number", "FR00732829320"),
            ("country", "ZZ"),
            ("postal_code", ""),
            ("number_format", "{year}"),
            ("oss_since", "2020-01-01"),
        ],
    )
    def test_a_number_that_fails_its_check_is_named_beside_its_field(self, field, value):
        seat = office()
        answer = seat.client.post(seat.url("setting_entity_new"), {**COMPANY, field: value})
        assert answer.status_code == 422
        assert beside(answer, field)
        with tenant(seat.merchant.id):
            assert LegalEntity.objects.count() == 0

    def test_a_later_rate_is_added_and_the_former_stays(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), COMPANY)
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get().public_id
        rate = {"country": "fr", "tax_code": "electronic", "percent": "21", "from_on": "2027-01-01", "name": "TVA"}
        url = seat.url("setting_entity_rate", entity=entity)
        assert seat.client.post(url, rate).status_code == 302
        again = seat.client.post(url, rate)
        assert again.status_code == 409 or again.status_code == 422
        assert seat.client.post(url, {**rate, "percent": "100", "from_on": "2028-01-01"}).status_code == 422
        with tenant(seat.merchant.id):
            rows = TaxRate.objects.filter(tax_code="electronic").order_by("from_on")
            assert [(str(row.percent), str(row.from_on)) for row in rows] == [
                ("20.000", "2014-01-01"),
                ("21.000", "2027-01-01"),
            ]

    def test_saving_changes_the_company_and_says_what_documents_keep(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), COMPANY)
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get().public_id
        page = seat.client.post(
            seat.url("setting_entity", entity=entity), {**COMPANY, "city": "Paris", "is_default": "on"}, follow=True
        )
        assert "Documents issued before keep what they say." in page.content.decode()
        with tenant(seat.merchant.id):
            assert LegalEntity.objects.get().city == "Paris"

    def test_what_documents_say_is_kept_by_language_and_what_they_lack_is_said(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), {**COMPANY, "legal_form": "SAS"})
        with tenant(seat.merchant.id):
            url = seat.url("setting_entity", entity=LegalEntity.objects.get().public_id)
        page = html.unescape(seat.client.get(url).content.decode())
        assert "its capital" in page and "where it is registered" in page and "its SIREN" not in page
        said = {
            "late_penalty_fr": "12 % par an",
            "own_mentions_fr": "Médiateur : cm2c.net",
            "own_mentions_en": "Mediator: cm2c.net",
            "oss_since": "2026-07-01",
            "legal_form": "SAS",
            "capital": "10 000 €",
            "registry": "RCS Lyon",
        }
        seat.client.post(url, {**COMPANY, **said, "is_default": "on"})
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get()
        assert (entity.late_penalty, entity.early_discount) == ({"fr": "12 % par an"}, {})
        assert entity.own_mentions == {"fr": "Médiateur : cm2c.net", "en": "Mediator: cm2c.net"}
        assert entity.oss_since == date(2026, 7, 1)
        page = html.unescape(seat.client.get(url).content.decode())
        assert "lack what the law asks for" not in page
        assert 'value="12 % par an"' in page and 'value="2026-07-01"' in page
        abroad = re.sub(r"<[^>]+>|\s", "", page[page.index("What consumers of other member states pay") :])
        assert "Italy22%4%4%" in abroad and "Finland25.5%13.5%13.5%" in abroad and "France20%" not in abroad
