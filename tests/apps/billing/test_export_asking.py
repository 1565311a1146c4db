"""What may be asked of an export, and the file of accounting entries, which is read again first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.files.storage import default_storage

from billing.flows import export_making
from billing.flows.export import Wanted, begin
from billing.models import Export
from invoices.fec_check import verify
from merchants.ids import new_id
from merchants.refusals import Invalid
from merchants.tenancy.scope import tenant
from tests.apps.billing.exported import asked, made
from tests.apps.invoices.bills import bill, line
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Any) -> None:
    """A store of this test's own."""
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        ({"format": "txt"}, "format", "format_not_of_this_kind"),
        ({"from_on": date(2026, 2, 1), "to_on": date(2026, 1, 31)}, "to", "span_reversed"),
        ({"from_on": date(2016, 1, 1), "to_on": date(2026, 1, 1)}, "to", "span_too_long"),
        ({"from_on": date(2000, 1, 1)}, "to", "span_too_long"),
        ({"filters": {"status": "odd"}}, "filters.status", "invalid_choice"),
        ({"filters": {"channel": "web"}}, "filters.channel", "filter_not_of_this_kind"),
    ],
)
def test_what_is_refused_at_which_field(shop: Shop, wanted: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        asked(shop, "invoices", **{"format": "csv", **wanted})
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    with tenant(shop.id):
        assert not Export.objects.exists()


def test_ten_years_to_the_day_are_allowed(shop: Shop) -> None:
    assert made(shop, "invoices", from_on=date(2016, 1, 1), to_on=date(2025, 12, 31)).name == (
        "invoices-2016-01-01-2025-12-31.csv"
    )


def entries_wanted(shop, **more):
    today = shop.now().today
    span = {"from_on": today.replace(month=1, day=1), "to_on": today.replace(month=12, day=31)}
    return Wanted(
        **{"kind": "fec", "format": "txt", **span, "filters": {"legal_entity": shop.entity.public_id}, **more}
    )


def test_a_file_of_accounting_entries_is_read_again_before_it_is_handed_out(shop, monkeypatch):
    bill(shop, shop.enrol("ON-1"), line(12_99))
    with tenant(shop.id):
        row = begin(entries_wanted(shop), merchant=shop.merchant, actor=shop.actor, now=shop.now())
        faulty = begin(entries_wanted(shop), merchant=shop.merchant, actor=shop.actor, now=shop.now())
    export_making.make(merchant_id=shop.id, export_id=row.pk)
    with monkeypatch.context() as broken:
        broken.setattr("invoices.fec.amount_text", lambda cents: "1,00")
        export_making.make(merchant_id=shop.id, export_id=faulty.pk)
    with tenant(shop.id):
        made = Export.objects.get(pk=row.pk)
        assert (made.status, made.rows, made.name) == ("ready", 3, f"ESSAI-732829320FEC{made.to_on:%Y%m%d}.txt")
        failed = Export.objects.get(pk=faulty.pk)
        assert (failed.status, failed.code) == ("failed", "file_faulty")
        assert failed.params == {"fault": "line 2: it is a debit and a credit"}
    with default_storage.open(made.path) as kept:
        assert verify([kept.read()], starts_at=1).faults == []


def test_a_file_of_accounting_entries_is_of_a_company_and_a_fiscal_year(shop):
    today = shop.now().today
    with tenant(shop.id):
        for wanted, sites, expected in (
            (entries_wanted(shop, from_on=None, filters={}), (), {"from", "filters.legal_entity"}),
            (entries_wanted(shop, from_on=today.replace(year=today.year - 3, day=1)), (), {"to"}),
            (entries_wanted(shop), (new_id(),), {"kind"}),
            (entries_wanted(shop, format="csv"), (), {"format"}),
        ):
            with pytest.raises(Invalid) as refused:
                begin(wanted, merchant=shop.merchant, sites=sites, actor=shop.actor, now=shop.now())
            assert {each.field for each in refused.value.errors} == expected
        shop.entity.siren = ""
        shop.entity.save()
        row = begin(entries_wanted(shop), merchant=shop.merchant, actor=shop.actor, now=shop.now())
    export_making.make(merchant_id=shop.id, export_id=row.pk)
    with tenant(shop.id):
        assert Export.objects.get(pk=row.pk).code == "siren_missing"
