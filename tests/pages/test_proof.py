"""The proof of the numbers in the back office, the signed report, and the settings of numbers with their example."""

from __future__ import annotations

import json
import re

import pytest

from invoices.models import NumberSeries
from invoices.pages import proof
from merchants.models import LegalEntity
from merchants.services import seals
from merchants.services.entities import create_site
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import bill, line
from tests.pages.offices import colleague, office
from tests.pages.test_invoices import page, text
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seat(transactional_db):
    return office("Onde")


@pytest.fixture
def shop(seat):
    from merchants.models import ProviderAccount
    from merchants.services.entities import create_legal_entity
    from tests.pages.offices import NOW

    with tenant(seat.merchant.pk):
        entity = create_legal_entity(
            name="Onde SAS",
            siren="732829320",
            line1="1 rue",
            postal_code="69001",
            city="Lyon",
            actor=Shop.actor,
            now=NOW,
        )
        account = ProviderAccount.objects.get(is_default=True)
    return Shop(merchant=seat.merchant, entity=entity, account=account)


def report(seat, shop, **sent):
    answer = seat.client.post(seat.url("invoices-proof"), {"entity": shop.entity.public_id, **sent})
    assert answer.status_code == 200
    return answer


def test_series_are_proved_and_the_report_is_signed(seat, shop):
    lucie = shop.enrol("lucie")
    first = bill(shop, lucie, line(12_00))
    last = bill(shop, lucie, line(24_00))
    said = text(page(seat, "invoices-proof"))
    assert "Proved" in said and f"{first.number} … {last.number}" in said
    assert "2 documents" in said and "€36.00" in said and "VAT 20%: €6.00 on €30.00" in said
    assert "Your key is made with the first report" in said and last.chain_hash in said
    assert page(seat, "invoices").count(seat.url("invoices-proof")) == 1

    answer = report(seat, shop)
    assert answer["Content-Type"] == "application/json" and "attachment" in answer["Content-Disposition"]
    document = json.loads(answer.content)
    assert seals.holds(document)
    (series,) = document["report"]["series"]
    assert (series["head"], series["totals"][0]["total"]) == (last.chain_hash, 36_00)
    with tenant(seat.merchant.pk):
        key = seals.seal()
    assert key.fingerprint == document["seal"]["fingerprint"]
    assert key.fingerprint in page(seat, "setting_entities") and key.public_key in page(seat, "setting_entities")
    assert key.fingerprint in page(seat, "invoices-proof")
    told = report(seat, shop, form="text")
    assert told["Content-Type"].startswith("text/plain") and key.fingerprint in told.content.decode()


def test_days_limit_it_and_the_last_day_is_with_it(seat, shop):
    row = bill(shop, shop.enrol("lucie"), line(12_00))
    day = row.issued_on
    of = f"?entity={shop.entity.public_id}"
    assert "1 document " in text(page(seat, "invoices-proof", query=f"{of}&since={day}&until={day}"))
    assert "0 documents" in text(page(seat, "invoices-proof", query=f"{of}&until=2020-01-01"))
    wrong = page(seat, "invoices-proof", query=f"{of}&since=2026-02-01&until=2026-01-01", status=422)
    assert "The last day comes before the first." in wrong
    assert page(seat, "invoices-proof", query="?entity=ent_x", status=422)


def test_a_fault_is_named_and_stands_in_the_report(seat, shop, owner_sql):
    row = bill(shop, shop.enrol("lucie"), line(12_00))
    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    owner_sql(
        "BEGIN; ALTER TABLE invoices_invoice DISABLE TRIGGER USER; UPDATE invoices_invoice SET currency = 'USD';"
        " ALTER TABLE invoices_invoice ENABLE TRIGGER USER; COMMIT"
    )
    said = text(page(seat, "invoices-proof"))
    assert "Not proved" in said and f"{row.number}: currency: expected EUR, found USD" in said
    document = json.loads(report(seat, shop).content)
    assert (document["report"]["proved"], document["report"]["series"][0]["first_fault"]["what"]) == (False, "currency")


def test_too_many_documents_are_left_to_the_command(seat, shop, monkeypatch):
    monkeypatch.setattr(proof, "MOST", 1)
    lucie = shop.enrol("lucie")
    bill(shop, lucie, line(1_00))
    bill(shop, lucie, line(1_00))
    said = text(page(seat, "invoices-proof"))
    assert "2 documents: a page looks at 1 at most." in said and "Signed report" not in said
    answer = seat.client.post(seat.url("invoices-proof"), {"entity": shop.entity.public_id})
    assert answer["Content-Type"].startswith("text/html")


def test_the_accountant_may_and_who_only_reads_may_not(seat, shop):
    bill(shop, shop.enrol("lucie"), line(1_00))
    assert "Proved" in page(colleague(seat, "accountant"), "invoices-proof")
    for role in ("support", "read_only", "counter"):
        page(colleague(seat, role), "invoices-proof", status=403)
    reader = page(colleague(seat, "read_only"), "invoices")
    assert seat.url("invoices-proof") not in reader


def test_without_a_company_it_says_so(seat):
    assert "A company issues the documents that are proved here." in page(seat, "invoices-proof")


def example(seat, **typed):
    answer = seat.client.get(seat.url("setting_entity_numbers"), typed)
    assert answer.status_code == 200
    found = dict(re.findall(r"<dt>(.*?)</dt><dd><code>(.*?)</code></dd>", answer.content.decode()))
    return found or text(answer.content.decode()).strip()


def test_the_settings_show_what_a_format_gives_before_it_is_kept(seat, shop):
    year = shop.now().today.year
    assert example(seat, number_format="ON-{year}-{number:06d}") == {
        "The first invoice": f"ON-{year}-000001",
        "The 412th": f"ON-{year}-000412",
        "The first credit note": f"AVON-{year}-000001",
    }
    with tenant(seat.merchant.pk):
        create_site(reference="Lyon", name="Lyon", actor=Shop.actor, now=shop.now())
    typed = {"number_format": "{site}/{year}/{number}", "credit_number_format": "{site}/AV{year}/{number}"}
    assert example(seat, **typed, numbers_per_site="on", numbers_per_year="on") == {
        "The first invoice": f"LYON/{year}/1",
        "The 412th": f"LYON/{year}/412",
        "The first credit note": f"LYON/AV{year}/1",
        "The first invoice of no site": f"0/{year}/1",
        "The first invoice of next year": f"LYON/{year + 1}/1",
    }
    assert "number says the year" in example(seat, number_format="ON-{number}", numbers_per_year="on")
    assert "could get the same number" in example(seat, number_format="{number}", credit_number_format="{number:02d}")
    with tenant(seat.merchant.pk):
        assert LegalEntity.objects.get().number_format == "{year}-{number:06d}"


def test_a_format_that_would_give_a_number_again_is_refused_beside_its_field(seat, shop):
    bill(shop, shop.enrol("lucie"), line(1_00))
    url = seat.url("setting_entity", entity=shop.entity.public_id)
    form = seat.client.get(url).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    kept = {name: value for name, value in values.items() if value not in (False, None) and name != "logo"}
    answer = seat.client.post(url, {**kept, "numbers_per_year": "on"})
    assert answer.status_code == 422
    assert "Numbers of this form were given before" in str(answer.context["form"].errors["number_format"])
    assert seat.client.post(url, {**kept, "number_format": "F{number}", "numbers_per_year": ""}).status_code == 302
    with tenant(seat.merchant.pk):
        assert LegalEntity.objects.get().number_format == "F{number}"
        assert NumberSeries.objects.get().format == "{year}-{number:06d}"  # until the next number is taken
    assert bill(shop_again(shop), shop.enrol("paul"), line(1_00)).number == "F2"


def shop_again(shop):
    with tenant(shop.id):
        shop.entity = LegalEntity.objects.get(id=shop.entity.pk)
    return shop
