"""Reports made by themselves, handed to a platform, and what becomes of them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from xml.etree.ElementTree import fromstring

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError

from alerts.models import Alert
from alerts.services.relay import publish
from billing import runs
from billing.engine.reporting import Regime, ReportKind, Span, span_of
from billing.flows import ereport_sending, ereports
from billing.flows.ereporting import set_ereporting
from billing.models import EReport, EReporting
from billing.models.reporting import KINDS, REGIMES
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from tests.apps.billing.reports import (
    RECEIPTS,
    line,
    made,
    pay,
    sell,
    turn_on,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def first(shop):
    """The first day of the last month: its periods are over."""
    return (shop.now().today.replace(day=1) - timedelta(days=1)).replace(day=1)


def test_off_until_turned_on_and_only_for_a_company_that_can_report(shop, first):
    sell(shop, shop.enrol("ON-1"), first, line(1_00))
    runs.report_due()
    assert made(shop) == []
    with tenant(shop.id):
        ask = {"actor": shop.actor, "now": shop.now()}
        with pytest.raises(Invalid) as wrong:
            set_ereporting(
                shop.entity, regime="franchise", platform="x", platform_code="é", since=date(2001, 1, 1), **ask
            )
        assert {(each.field, each.code) for each in wrong.value.errors} == {
            ("regime", "regime_contradicts_company"), ("platform", "invalid_choice"),
            ("platform_code", "platform_code_malformed"), ("since", "date_too_far"),
        }  # fmt: skip
        shop.entity.siren = ""
        shop.entity.save()
        with pytest.raises(Conflict) as refused:
            set_ereporting(shop.entity, is_on=True, **ask)
        assert refused.value.code == "siren_missing"
        shop.entity.siren, shop.entity.country = "732829320", "BE"
        shop.entity.save()
        with pytest.raises(Conflict) as refused:
            set_ereporting(shop.entity, is_on=True, **ask)
        assert refused.value.code == "not_in_france"
        assert not EReporting.objects.exists()


def test_the_beat_makes_what_is_over_once_and_hands_it_on(shop, first):
    lucie = shop.enrol("ON-1")
    pay(shop, sell(shop, lucie, first + timedelta(days=3), line(10_00)), 12_00, first + timedelta(days=12))
    turn_on(shop, first, "monthly", platform_code="P001", platform_name="La Plateforme")

    assert runs.report_due() > 0

    sales, receipts = made(shop, kind="transactions"), made(shop, kind="payments")
    assert [(each.first_on, each.last_on, each.number, each.corrects, each.totals) for each in sales] == [
        (first, first + timedelta(days=9), 1, False, {"EUR": {"net": 10_00, "tax": 2_00}})
    ]
    assert [(each.first_on, each.last_on, each.totals) for each in receipts] == [
        (first, span_of(Regime.monthly, RECEIPTS, first).last, {"EUR": {"amount": 12_00}})
    ]
    assert {each.state for each in sales + receipts} == {"sent"} and sales[0].until_on == first + timedelta(days=19)
    path = f"ereports/{shop.id}/essai/{sales[0].public_id}"
    with default_storage.open(f"{path}.xml") as kept:
        root = fromstring(kept.read())
    assert root.findtext("TransactionsReport/Transactions/TaxExclusiveAmount") == "10.00"
    assert root.findtext("ReportDocument/Sender/Id") == "P001"
    with default_storage.open(f"{path}.json") as kept:
        assert json.load(kept)["practice"] is True
    with tenant(shop.id):
        row = EReporting.objects.get()
        assert row.next_at > shop.now().at and row.payments_from == shop.now().today.replace(day=1)
        assert Event.objects.filter(kind="ereport.made").count() == 2
    runs.report_due()
    assert len(made(shop)) == 2


def test_a_period_without_sales_makes_no_report(shop, first):
    turn_on(shop, first)
    runs.report_due()
    assert made(shop) == []
    with tenant(shop.id):
        assert EReporting.objects.get().transactions_from == shop.now().today.replace(day=1)


def test_vat_on_debits_makes_no_report_of_receipts(shop, first):
    with tenant(shop.id):
        shop.entity.vat_on_debits = True
        shop.entity.save()
    pay(shop, sell(shop, shop.enrol("ON-1"), first, line(10_00)), 12_00, first)
    turn_on(shop, first)
    runs.report_due()
    (only,) = made(shop)
    assert only.kind == "transactions" and only.declared["vat_on_debits"] is True


def test_a_late_document_makes_its_period_be_told_anew_whole(shop, first):
    """The night after the next period the last ones are compared with the books."""
    lucie = shop.enrol("ON-1")
    sell(shop, lucie, first, line(10_00))
    row = turn_on(shop, first, "monthly")
    with tenant(shop.id):
        row.next_at = ereports.due_at(Span(first, first + timedelta(days=9)), shop.merchant.timezone)
        row.save()
    runs.report_due()
    (before,) = made(shop)
    sell(shop, lucie, first + timedelta(days=9), line(5_00))  # came late: its report is made
    assert [each.public_id for each in made(shop)] == [before.public_id]
    with tenant(shop.id):  # as on the morning of the third period
        row = EReporting.objects.get()
        row.transactions_from = first + timedelta(days=20)
        row.next_at = shop.now().at
        row.save()

    runs.report_due()

    was, now_ = made(shop, kind="transactions")
    assert (now_.first_on, now_.last_on, now_.number, now_.corrects) == (first, first + timedelta(days=9), 2, True)
    assert (was.totals, now_.totals) == ({"EUR": {"net": 10_00, "tax": 2_00}}, {"EUR": {"net": 15_00, "tax": 3_00}})
    with default_storage.open(f"ereports/{shop.id}/essai/{now_.public_id}.xml") as kept:
        assert b"<TypeCode>RE</TypeCode>" in kept.read()
    runs.report_due()
    assert len(made(shop)) == 2


def verdict(shop, report, **said):
    default_storage.save(
        f"ereports/{shop.id}/essai/{report.public_id}.reply.json", ContentFile(json.dumps(said).encode())
    )


def look(shop, report):
    """As when it is looked after again."""
    with tenant(shop.id):
        EReport.objects.filter(pk=report.pk).update(next_look_at=shop.now().at)
    runs.report_due()
    (found,) = made(shop, pk=report.pk)
    return found


def reported(shop, first) -> EReport:
    sell(shop, shop.enrol("ON-1"), first, line(10_00))
    turn_on(shop, first)
    runs.report_due()
    (only,) = made(shop)
    return only


def test_an_accepted_report_is_done(shop, first):
    report = reported(shop, first)
    assert look(shop, report).state == "sent"
    verdict(shop, report, state="accepted", reference="F10-77")
    found = look(shop, report)
    assert (found.state, found.platform_ref, found.next_look_at) == ("accepted", "F10-77", None)
    with tenant(shop.id):
        (event,) = Event.objects.filter(kind="ereport.settled")
        assert event.data["object"]["state"] == "accepted"
        with pytest.raises(Conflict) as refused:
            ereports.again(found, actor=shop.actor, now=shop.now())
        assert refused.value.code == "nothing_changed"


def test_a_refused_report_is_made_anew_once_its_cause_is_mended(shop, first):
    report = reported(shop, first)
    verdict(shop, report, state="rejected", code="REJ_COH", message="Unknown platform")
    found = look(shop, report)
    assert (found.state, found.code, found.message) == ("rejected", "REJ_COH", "Unknown platform")
    publish(shop.id)
    ask = {"actor": shop.actor, "now": shop.now()}
    with tenant(shop.id):
        alert = Alert.objects.get(kind="ereport_rejected")
        assert (alert.severity, alert.details["report"], alert.resolved_at) == ("bad", report.public_id, None)
        assert ereports.again(found, **ask).pk == report.pk  # nothing changed: the same again
        set_ereporting(shop.entity, platform_code="P002", **ask)
        anew = ereports.again(found, **ask)
    assert (anew.number, anew.corrects, anew.content, anew.declared["platform_code"]) == (
        2, False, report.content, "P002",
    )  # fmt: skip
    ereport_sending.hand_on(merchant_id=shop.id, report_id=anew.pk)
    assert [each.state for each in made(shop)] == ["rejected", "sent"]
    verdict(shop, anew, state="accepted")
    assert look(shop, anew).state == "accepted"
    publish(shop.id)
    with tenant(shop.id):
        assert Alert.objects.get(kind="ereport_rejected").resolved_at is not None


def test_a_folder_that_is_away_leaves_the_report_unknown_and_it_is_tried_again(shop, first, monkeypatch):
    sell(shop, shop.enrol("ON-1"), first, line(10_00))
    turn_on(shop, first)

    def away(*_):
        raise OSError("no route to host")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "save", away)
        runs.report_due()
    (only,) = made(shop)
    assert (only.state, only.code, only.sent_at) == ("unknown", "store_away", None)
    assert only.next_look_at > shop.now().at
    found = look(shop, only)
    assert (found.state, found.code, found.tries) == ("sent", "", 2)


def test_handing_on_twice_hands_nothing_in_twice(shop, first):
    report = reported(shop, first)
    names = default_storage.listdir(f"ereports/{shop.id}/essai")[1]
    with tenant(shop.id):
        EReport.objects.update(next_look_at=shop.now().at)
    ereport_sending.hand_on(merchant_id=shop.id, report_id=report.pk)
    assert default_storage.listdir(f"ereports/{shop.id}/essai")[1] == names
    assert sorted(names) == [f"{report.public_id}.json", f"{report.public_id}.xml"]


def test_what_a_report_says_is_for_ever(shop, first):
    report = reported(shop, first)
    for change in ({"totals": {}}, {"content": {}}, {"number": 2}, {"state": "draft"}):
        with pytest.raises(IntegrityError), tenant(shop.id):
            EReport.objects.filter(pk=report.pk).update(**change)
    with pytest.raises(IntegrityError), tenant(shop.id):
        EReport.objects.filter(pk=report.pk).delete()


def test_after_a_change_of_regime_it_goes_on_where_it_was(shop, first):
    turn_on(shop, first, "monthly")
    runs.report_due()
    with tenant(shop.id):
        before = EReporting.objects.get().transactions_from
        set_ereporting(shop.entity, regime="simplified", since=first, actor=shop.actor, now=shop.now())
        after = EReporting.objects.get()
    assert after.transactions_from == before >= shop.now().today.replace(day=1)


def test_the_models_words_are_the_engine_s():
    assert (tuple(Regime), tuple(ReportKind)) == (REGIMES, KINDS)


def test_turning_it_off_stops_it(shop, first):
    sell(shop, shop.enrol("ON-1"), first, line(1_00))
    turn_on(shop, first)
    with tenant(shop.id):
        row = set_ereporting(shop.entity, is_on=False, actor=shop.actor, now=now_for(shop.merchant))
        assert row.next_at is None
    runs.report_due()
    assert made(shop) == []
