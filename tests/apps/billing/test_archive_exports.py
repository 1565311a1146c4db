"""A year's archive from the office: made by a worker, as the command makes it; it waits for what is not printed yet."""

from __future__ import annotations

import hashlib
import sys
from datetime import date, timedelta
from pathlib import Path
from subprocess import run

import pytest
from django.core.files.storage import default_storage

from billing.flows import export_making
from billing.flows.export import Wanted, begin
from billing.models import Export
from invoices.services.printing import print_document
from merchants.ids import new_id
from merchants.refusals import Invalid
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import bill, line

pytestmark = pytest.mark.django_db(transaction=True)
VERIFIER = Path(__file__).parents[3] / "static" / "verify_archive.py"


def wanted(shop, **more):
    year = shop.now().today.year
    span = {"from_on": date(year, 1, 1), "to_on": date(year, 12, 31)}
    return Wanted(
        **{"kind": "archive", "format": "zip", **span, "filters": {"legal_entity": shop.entity.public_id}} | more
    )


def asked(shop, **more):
    with tenant(shop.id):
        return begin(wanted(shop, **more), merchant=shop.merchant, actor=shop.actor, now=shop.now())


def made(shop, row):
    export_making.make(merchant_id=shop.id, export_id=row.pk)
    with tenant(shop.id):
        return Export.objects.get(pk=row.pk)


def test_it_waits_for_the_last_document_to_be_printed_then_anybody_can_verify_it(shop, another_shop, tmp_path):
    lucie = shop.enrol("lucie")
    invoices = [bill(shop, lucie, line(amount)) for amount in (12_99, 5_00)]
    bill(another_shop, another_shop.enrol("paul"), line(1_00))
    print_document(merchant_id=shop.id, document_id=invoices[0].pk)
    row = made(shop, asked(shop))
    assert (row.status, row.code, row.params) == ("waiting", "not_printed", {"number": invoices[1].number})
    assert row.path == "" and row.tries == 1

    print_document(merchant_id=shop.id, document_id=invoices[1].pk)
    with tenant(shop.id):
        Export.objects.filter(pk=row.pk).update(next_try_at=shop.now().at - timedelta(minutes=1))
    row = made(shop, row)
    assert (row.status, row.rows, row.code, row.params) == ("ready", 2, "", {})
    assert row.name.endswith(f"-{shop.now().today.year}.zip")
    with default_storage.open(row.path) as kept:
        content = kept.read()
    assert (row.size, row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    file = tmp_path / row.name
    file.write_bytes(content)
    said = run([sys.executable, "-I", "-S", str(VERIFIER), str(file)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
    file.write_bytes(content.replace(b"manifest.json", b"manifest.jsoN"))
    assert run([sys.executable, "-I", str(VERIFIER), str(file)], capture_output=True, check=False).returncode == 1


def test_a_year_without_documents_is_an_archive_all_the_same(shop):
    row = made(shop, asked(shop, from_on=date(2019, 1, 1), to_on=date(2019, 12, 31)))
    assert (row.status, row.rows) == ("ready", 0)


def test_it_is_of_a_company_and_a_calendar_year_and_of_all_sites(shop):
    year = shop.now().today.year
    with tenant(shop.id):
        for more, sites, expected in (
            ({"from_on": None, "to_on": None, "filters": {}}, (), {"from", "to", "filters.legal_entity"}),
            ({"from_on": date(year, 2, 1)}, (), {"to"}),
            ({"from_on": date(year - 1, 1, 1)}, (), {"to"}),
            ({"format": "csv"}, (), {"format"}),
            ({}, (new_id(),), {"kind"}),
        ):
            with pytest.raises(Invalid) as refused:
                begin(wanted(shop, **more), merchant=shop.merchant, sites=sites, actor=shop.actor, now=shop.now())
            assert {each.field for each in refused.value.errors} == expected
        assert not Export.objects.exists()
