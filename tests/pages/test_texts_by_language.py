"""Where a merchant writes texts by language, forms have a field for each language of the table, the next one too."""

from __future__ import annotations

import pytest

from merchants import languages
from merchants.models import Feature, LegalEntity
from merchants.tenancy.scope import tenant
from tests.apps.invoices.test_languages import GERMAN
from tests.pages.offices import office
from tests.pages.test_settings import COMPANY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def german(monkeypatch):
    """German joins French and English."""
    monkeypatch.setitem(languages.TABLE, "de", GERMAN)


def test_a_company_says_its_terms_in_the_new_language(german):
    seat = office()
    sent = {**COMPANY, "late_penalty_fr": "12 % par an", "late_penalty_de": "12 % im Jahr"}
    page = seat.client.get(seat.url("setting_entity_new")).content.decode()
    assert [page.count(f'name="late_penalty_{code}"') for code in ("en", "fr", "de")] == [1, 1, 1]
    assert "Penalties for late payment, German" in page
    assert seat.client.post(seat.url("setting_entity_new"), sent).status_code == 302
    with tenant(seat.merchant.id):
        entity = LegalEntity.objects.get()
    assert entity.late_penalty == {"fr": "12 % par an", "de": "12 % im Jahr"} and entity.own_mentions == {}
    shown = seat.client.get(seat.url("setting_entity", entity=entity.public_id)).content.decode()
    assert 'value="12 % im Jahr"' in shown


def test_a_feature_is_named_in_it_and_the_card_can_be_seen_in_it(german):
    seat = office()
    sent = {"reference": "audio", "title_de": "Klang", "kind": "switch"}
    assert seat.client.post(seat.url("offer_feature_new"), sent).status_code == 302
    with tenant(seat.merchant.id):
        assert Feature.objects.get().title == {"de": "Klang"}
    page = seat.client.get(seat.url("offer_new")).content.decode()
    assert all(f'name="title_{code}"' in page for code in ("en", "fr", "de"))
    assert 'name="card_language" value="de"' in page and "Deutsch" in page


def test_without_the_row_there_is_no_such_field():
    seat = office()
    assert 'name="title_de"' not in seat.client.get(seat.url("offer_new")).content.decode()
