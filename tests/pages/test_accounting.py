"""Settings, Accounting: the tables filled in by an accountant, what they refuse, and who may change them."""

from __future__ import annotations

import html
import re

import pytest

from invoices.selectors.charts import chart_of_entity
from merchants.actors import Actor
from merchants.models import LegalEntity
from merchants.services.entities import create_legal_entity
from merchants.tenancy.scope import tenant
from tests.pages.offices import NOW, colleague, office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seat():
    found = office()
    with tenant(found.merchant.id):
        create_legal_entity(
            name="Onde SAS", siren="732829320", line1="1 rue X", postal_code="69001", city="Lyon",
            actor=Actor.system("test"), now=NOW,
        )  # fmt: skip
    return found


def address(seat):
    with tenant(seat.merchant.id):
        return seat.url("setting_accounting_of", entity=LegalEntity.objects.get().public_id)


def filled(seat):
    """The form as the page draws it, ready to be changed and sent."""
    page = html.unescape(seat.client.get(address(seat)).content.decode())
    values = dict(re.findall(r'<input class="form-control[^>]* name="(\w+)"[^>]* value="([^"]*)"', page))
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        values[name] = chosen[0] if chosen else ""
    values["rates"] = ""
    return values


def chart(seat):
    with tenant(seat.merchant.id):
        return chart_of_entity(LegalEntity.objects.get().pk)


def test_the_page_leads_to_the_company_and_shows_the_french_defaults(seat):
    assert seat.client.get(seat.url("setting_accounting"))["Location"] == address(seat)
    values = filled(seat)
    assert (values["number_receivable"], values["label_receivable"]) == ("411000", "Clients")
    assert (values["code_sales"], values["closing_month"]) == ("VE", "12")
    assert [(values[f"percent_{at}"], values[f"at_{at}"]) for at in range(6)] == [
        ("20", "44571200"), ("10", "44571100"), ("5.5", "44571055"), ("2.1", "44571021"), ("", ""), ("", ""),
    ]  # fmt: skip


def test_saving_the_page_as_it_is_says_nothing(seat):
    saved = seat.client.post(address(seat), filled(seat))
    assert saved["Location"] == address(seat)
    assert (chart(seat).accounts, chart(seat).journals, chart(seat).closing_month) == ((), {}, 12)


def test_what_an_accountant_writes_is_kept(seat):
    accountant = colleague(seat, "accountant")
    values = filled(seat) | {"number_bank": "512100", "label_bank": "Crédit coopératif", "code_sales": "VT"}
    values |= {"kind_4": "revenue", "percent_4": "5,5", "taxcode_4": "press", "at_4": "706100", "words_4": "Presse"}
    values |= {"closing_month": "6", "rates": "USD 2026-01-01 0,92\n"}
    assert accountant.client.post(address(seat), values).status_code == 302
    found = chart(seat)
    assert [(own.account, str(own.percent), own.tax_code, own.number) for own in found.accounts] == [
        ("bank", "None", "", "512100"),
        ("revenue", "5.5", "press", "706100"),
    ]
    assert found.journals["sales"].code == "VT" and found.closing_month == 6
    assert [(rate.currency, str(rate.euros)) for rate in found.rates] == [("USD", "0.92")]
    again = filled(seat)
    assert (again["number_bank"], again["at_0"], again["percent_0"]) == ("512100", "706100", "5.5")
    assert seat.client.post(address(seat), again | {"number_bank": "", "label_bank": ""}).status_code == 302
    assert [own.account for own in chart(seat).accounts] == ["revenue"]


def test_what_is_wrong_is_said_beside_it_and_nothing_is_kept(seat):
    values = filled(seat) | {"number_cash": "X", "kind_5": "vat", "percent_5": "200", "at_5": "44571", "words_5": "x"}
    answer = seat.client.post(address(seat), values)
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert re.search(r'id="id_number_cash_error">Three digits of the French chart', page)
    assert re.search(r'id="id_at_5_error">A rate is from 0 to below 100', page)
    assert 'value="X"' in page and chart(seat).accounts == ()
    answer = seat.client.post(address(seat), filled(seat) | {"rates": "dollars"})
    assert answer.status_code == 422 and "“dollars” is no rate" in html.unescape(answer.content.decode())


def test_who_may_only_see_cannot_change(seat):
    reader = colleague(seat, "read_only")
    assert reader.client.get(address(seat)).status_code == 403
    support = colleague(seat, "support")
    assert support.client.post(address(seat), {}).status_code == 403


def test_without_a_company_it_says_what_to_do():
    seat = office()
    page = seat.client.get(seat.url("setting_accounting")).content.decode()
    assert "No company yet" in page and seat.url("setting_entity_new") in page
