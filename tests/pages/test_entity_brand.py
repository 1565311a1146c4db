"""A company's own brand and account: in its settings, by the API, and on the sample that its settings link to."""

from __future__ import annotations

import re
from io import BytesIO

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from merchants.models import LegalEntity, Logo
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, faults
from tests.pages.offices import office
from tests.pages.test_settings import COMPANY, SVG, beside
from tools.devstack import messages

pytestmark = pytest.mark.django_db(transaction=True)
BRAND = {
    "brand_name": "Onde Pro",
    "brand_color": "#FFE66B",
    "iban": "fr76 3000 6000 0112 3456 7890 189",
    "bic": "bnpafrpp",
}


def the_company(seat) -> LegalEntity:
    with tenant(seat.merchant.id):
        return LegalEntity.objects.get()


def text_of(answer) -> str:
    (page,) = pypdf.PdfReader(BytesIO(answer.content)).pages
    return re.sub(r"\s+", " ", page.extract_text())


class TestPages:
    def test_brand_and_account_are_kept_cleaned_and_shown_again(self):
        seat = office()
        logo = SimpleUploadedFile("logo.svg", SVG, "image/svg+xml")
        saved = seat.client.post(seat.url("setting_entity_new"), {**COMPANY, **BRAND, "logo": logo})
        assert saved.status_code == 302
        entity = the_company(seat)
        assert (entity.brand_name, entity.brand_color) == ("Onde Pro", "#FFE66B")
        assert (entity.iban, entity.bic) == ("FR7630006000011234567890189", "BNPAFRPP")
        with tenant(seat.merchant.id):
            assert Logo.objects.get().digest == entity.logo
        url = seat.url("setting_entity", entity=entity.public_id)
        page = seat.client.get(url).content.decode()
        assert 'value="FR7630006000011234567890189"' in page
        assert "sample.pdf?language=fr" in page
        seat.client.post(url, {**COMPANY, **BRAND, "bic": "", "brand_name": "", "no_logo": "on", "is_default": "on"})
        entity = the_company(seat)
        assert (entity.brand_name, entity.logo, entity.bic) == ("", "", "")
        assert entity.iban == "FR7630006000011234567890189"

    def test_saving_without_a_file_leaves_the_logo(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), {**COMPANY, "logo": SimpleUploadedFile("logo.svg", SVG)})
        before = the_company(seat)
        assert before.logo
        url = seat.url("setting_entity", entity=before.public_id)
        assert seat.client.post(url, {**COMPANY, "capital": "1 €", "is_default": "on"}).status_code == 302
        assert (the_company(seat).logo, the_company(seat).capital) == (before.logo, "1 €")

    @pytest.mark.parametrize(
        ("fields", "field", "says"),
        [
            ({"iban": "FR76 3000 6000 0112 3456 7890 188"}, "iban", "This is not an IBAN"),
            ({"iban": "FR7630006000011234567890189", "bic": "BNPA"}, "bic", "This is not a BIC"),
            ({"bic": "BNPAFRPP"}, "iban", "A bank’s code needs"),
            ({"brand_color": "yellow"}, "brand_color", "A colour is # and six"),
            ({"logo": SimpleUploadedFile("logo.svg", b"<svg><script/></svg>")}, "logo", "An SVG of plain shapes"),
            ({"logo": SimpleUploadedFile("logo.svg", b'<!DOCTYPE svg SYSTEM "file:///etc/passwd">')}, "logo", "An SVG"),
        ],
    )
    def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(self, fields, field, says):
        seat = office()
        answer = seat.client.post(seat.url("setting_entity_new"), {**COMPANY, **fields})
        assert answer.status_code == 422
        assert beside(answer, field).startswith(says)
        with tenant(seat.merchant.id):
            assert not LegalEntity.objects.exists()
            assert not Logo.objects.exists()


class TestTheSample:
    def test_it_looks_as_documents_will_in_each_language_and_is_worth_nothing(self):
        messages.compile_all()
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), {**COMPANY, **BRAND, "footer": "Médiateur : m@x.example"})
        url = seat.url("entity-sample", entity=the_company(seat).public_id)
        answer = seat.client.get(url, {"language": "fr"})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        french = text_of(answer)
        for said in ("Onde Pro Facture 0000-000000", "Document d’essai, sans valeur", "17,99 € × 17 jours sur 31",
                     "IBAN FR76 3000 6000 0112 3456 7890 189", "Médiateur : m@x.example"):  # fmt: skip
            assert said in french, said
        assert "Scannez" not in french  # no bank is asked for a sample
        english = text_of(seat.client.get(url, {"language": "en"}))
        assert "Practice document, worth nothing" in english
        assert text_of(seat.client.get(url, {"language": "../x"}))


class TestApi:
    def test_brand_and_account_are_written_and_read(self, shop):
        site = Caller.of(shop)
        path = f"legal_entities/{shop.entity.public_id}"
        changed = site.patch(path, {**BRAND, "logo_svg": SVG.decode()}).json()
        assert {name: changed[name] for name in ("brand_name", "brand_color", "has_logo", "iban", "bic")} == {
            "brand_name": "Onde Pro",
            "brand_color": "#FFE66B",
            "has_logo": True,
            "iban": "FR7630006000011234567890189",
            "bic": "BNPAFRPP",
        }
        assert site.get(path).json() == changed
        assert site.patch(path, {"logo_svg": ""}).json()["has_logo"] is False

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"iban": "FR00"}, ("iban", "iban_invalid")),
            ({"bic": "BNPAFRPP"}, ("iban", "iban_missing")),
            ({"brand_color": "#12345"}, ("brand_color", "color_malformed")),
            ({"logo_svg": "<svg onload='x'/>"}, ("logo_svg", "logo_not_plain")),
        ],
    )
    def test_what_is_wrong_is_named(self, shop, changes, fault):
        site = Caller.of(shop)
        assert faults(site.patch(f"legal_entities/{shop.entity.public_id}", changes)) == [fault]
