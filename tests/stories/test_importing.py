"""An old member file: checked, enrolled, billed from the day on that it says, proved, once."""

from __future__ import annotations

import pytest

from billing import runs
from billing.flows import import_work, imports
from billing.models import ImportFile, ImportRow, MemberImport
from billing.selectors.import_proof import proof
from invoices.models import Invoice
from merchants.clock import instant
from merchants.models import Event, Offer, Site
from merchants.now import local_midnight
from merchants.refusals import Conflict, Invalid
from merchants.services.catalogue.at_sites import AtSite, sell_at_sites
from merchants.tenancy.scope import tenant
from subscribers.models import Grant, Subscriber, Subscription
from tests.stories.old_members import (
    HEADINGS,
    checked,
    day,
    enrolled,
    faults,
    fresh,
    member,
    salon,
    sound,
    typed,
    upload,
)
from tests.worlds import version_of

__all__ = ["salon"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_members_are_enrolled_as_they_stood_and_billed_from_the_day_that_the_file_says(salon):
    row = checked(salon, member(salon, 1), member(salon, 2, until=0))
    assert (row.status, row.rows, row.code, faults(salon, row)) == ("checked", 2, "", {})
    with tenant(salon.id):
        assert Subscriber.objects.count() == 0
    row = enrolled(salon, row)
    assert row.status == "done" and row.done_at is not None
    with tenant(salon.id):
        one, _ = Subscription.objects.select_related("subscriber", "sold_at").order_by("subscriber__reference")
        assert (one.status, one.access, one.start_on, one.current_period_end) == (
            "active", "full", day(salon, -400), day(salon, 10),
        )  # fmt: skip
        assert one.next_action_at == local_midnight(day(salon, 10), "Europe/Paris")
        assert (one.sold_at.name, one.channel, one.collection) == ("Salon Lyon", "import", "manual")
        assert one.subscriber.name == "Lucie Garnier 1" and one.subscriber.reference == "A-1"
        assert Grant.objects.filter(subscription=one, quota=8, ends_at=None).count() == 1
        assert ImportFile.objects.count() == 0
        assert set(ImportRow.objects.values_list("status", "next_on", "next_amount")) == {
            ("enrolled", day(salon, 10), 29_90), ("enrolled", day(salon, 0), 29_90),
        }  # fmt: skip
        kinds = Event.objects.order_by("id").values_list("kind", flat=True)
        assert sorted(kinds) == ["subscriber.created"] * 2 + ["subscription.created"] * 2
    sound(salon)


def test_the_first_invoice_falls_on_the_day_that_it_is_paid_until_and_is_of_one_whole_period(salon):
    row = enrolled(
        salon,
        checked(
            salon,
            member(salon, 1, until=0),
            member(salon, 2, until=9),
            member(salon, 3, since=-20, until=0, offer="decouverte"),
        ),
    )
    assert row.status == "done"
    runs.bill(salon.id)
    with tenant(salon.id):
        bills = list(Invoice.objects.select_related("payer").order_by("payer__reference"))
        assert [(one.payer.reference, one.gross) for one in bills] == [("A-1", 29_90), ("A-3", 29_90)]
        line = bills[0].lines.get()
        assert (line.period_start, line.amount) == (day(salon, 0), 29_90)
        lives = dict(Subscription.objects.values_list("subscriber__reference", "current_period_start"))
        assert lives["A-1"] == day(salon, 0) and lives["A-2"] < day(salon, 0)
    sound(salon)


def test_what_is_unpaid_since_a_month_is_billed_at_once(salon):
    row = enrolled(salon, checked(salon, member(salon, 1, until=-40)))
    assert row.status == "done"
    runs.bill(salon.id)
    with tenant(salon.id):
        assert [one.gross for one in Invoice.objects.order_by("id")] == [29_90, 29_90]
    sound(salon)


def test_who_begins_later_is_scheduled_and_billed_then(salon):
    row = enrolled(salon, checked(salon, member(salon, 1, since=5, until=5)))
    with tenant(salon.id):
        life = Subscription.objects.get()
        assert (life.status, life.access, life.next_action_at) == (
            "scheduled", "none", local_midnight(day(salon, 5), "Europe/Paris"),
        )  # fmt: skip
        assert ImportRow.objects.get().next_on == day(salon, 5)
        assert proof(row).holds
    runs.bill(salon.id)
    with tenant(salon.id):
        assert Invoice.objects.count() == 0
    sound(salon)


def test_an_offer_with_a_new_version_since_the_check_is_not_sold_silently(salon):
    row = checked(salon, member(salon, 1), member(salon, 2, offer="decouverte"))
    with tenant(salon.id):
        offer = Offer.objects.get(reference="liberte")
    version_of(salon, offer, 34_90)
    row = enrolled(salon, row)
    assert row.status == "done" and faults(salon, row) == {2: [("offer", "offer_changed")]}
    with tenant(salon.id):
        assert Subscription.objects.get().offer_version.offer.reference == "decouverte"


def test_options_quantities_and_offers_that_are_not_sold_any_more(salon):
    locker = salon.option("locker", 5_00)
    fee = salon.once("badge", 10_00)
    old = salon.offer("ancien", ("month", None, 19_90), options=[locker, fee])
    with tenant(salon.id):
        Offer.objects.filter(pk=old.pk).update(archived_at=instant())
    headings = f"{HEADINGS};Options;Quantité"
    lines = [
        f"{member(salon, 1, until=0, offer='ancien', more='24,90')};locker, badge;",
        f"{member(salon, 2, until=9, offer='ancien', more='39,80')};;2",
        f"{member(salon, 3, offer='ancien', more='')};sauna;",
        f"{member(salon, 4, offer='liberte', more='')};locker;0",
    ]
    row = checked(salon, *lines, headings=headings)
    assert faults(salon, row) == {
        4: [("options", "option_unknown")],
        5: [("options", "option_not_sold_with_offer"), ("quantity", "quantity_malformed")],
    }
    row = enrolled(salon, row)
    runs.bill(salon.id)
    with tenant(salon.id):
        assert [one.gross for one in Invoice.objects.all()] == [24_90]  # the badge was paid for there
        assert proof(row).holds
    sound(salon)


def test_each_faulty_row_is_named_with_every_reason(salon):
    salon.enrol("TAKEN", name="Old Member", email="old@courriel.example")
    good = member(salon, 1)
    lines = [
        good,
        good.replace("A-1;", "A-2;"),  # 3: the same person under another number
        good.replace("lucie1@", "other@").replace("Garnier 1", "Other"),  # 4: the same number
        member(salon, 5, offer="gold"),
        member(salon, 6).replace("Salon Lyon", "Salon Nice"),
        member(salon, 7).replace(typed(day(salon, -400)), "31/02/2024"),
        member(salon, 8).replace(typed(day(salon, 10)), "soon"),
        member(salon, 9).replace("lucie9@courriel.example", "lucie9(at)courriel"),
        member(salon, 10, more="19,90"),
        member(salon, 11, since=10, until=5),
        member(salon, 12, until=-200),
        ";;;;;;;;",
        "A-14;;;;;liberte;;;",
        member(salon, 15).replace("A-15;", "TAKEN;"),
        f"A-16;Member;Old;old@courriel.example;;liberte;{typed(day(salon, -40))};{typed(day(salon, 3))};",
        member(salon, 17) + ";one cell more",
    ]
    row = checked(salon, *lines)
    assert row.rows == 15  # a blank row is none
    assert faults(salon, row) == {
        3: [("name", "person_twice")],
        4: [("reference", "reference_twice")],
        5: [("offer", "offer_unknown")],
        6: [("site", "site_unknown")],
        7: [("start_on", "date_missing")],
        8: [("paid_until", "date_malformed")],
        9: [("email", "email_invalid")],
        10: [("amount", "amount_differs")],
        11: [("paid_until", "paid_before_start")],
        12: [("paid_until", "paid_too_long_ago")],
        14: [("name", "required"), ("start_on", "required"), ("paid_until", "required")],
        15: [("reference", "reference_taken")],
        16: [("name", "person_known")],
        17: [("", "cells_beyond_heading")],
    }


def test_nothing_of_a_file_outlives_its_days(salon):
    row = checked(salon, member(salon, 1), member(salon, 2, offer="gold"))
    other, _ = upload(salon, member(salon, 3))
    row = enrolled(salon, row)
    with tenant(salon.id):
        assert ImportRow.objects.exclude(sealed=b"").count() == 1  # the faulty one, to be corrected
        MemberImport.objects.update(forget_at=instant())
    assert runs.forget_imports() == 2
    with tenant(salon.id):
        assert ImportRow.objects.exclude(sealed=b"").count() == ImportFile.objects.count() == 0
    assert (fresh(salon, row).status, fresh(salon, other).status) == ("done", "discarded")
    assert runs.forget_imports() == 0


def test_what_cannot_be_begun_says_why(salon):
    row, _ = upload(salon, member(salon, 1))
    act = {"actor": salon.actor, "now": salon.now()}
    with pytest.raises(Conflict) as refused, tenant(salon.id):
        imports.begin_enrolling(row.pk, **act)
    assert refused.value.code == "import_not_checked"
    with pytest.raises(Invalid) as missing, tenant(salon.id):
        imports.begin_check(row.pk, columns={}, terms={**row.terms, "site": "x", "order": "ymd", "without_mandate": ""})
    assert [one.code for one in missing.value.errors] == [
        *["column_missing"] * 4, "site_unknown", "invalid_choice", "invalid_choice",
    ]  # fmt: skip
    bad = checked(salon, member(salon, 2, offer="gold"))
    with pytest.raises(Conflict) as nobody, tenant(salon.id):
        imports.begin_enrolling(bad.pk, **act)
    assert nobody.value.code == "nobody_to_enrol"
    with tenant(salon.id):
        imports.discard(bad.pk)
    assert upload(salon, member(salon, 2, offer="gold"))[1]  # forgotten: it may come again


def test_a_file_that_breaks_on_the_way_says_so_and_may_be_discarded(salon):
    row, _ = upload(salon, *[member(salon, at) for at in range(300)], 'A-999;"never closed')
    with tenant(salon.id):
        imports.begin_check(row.pk, columns=row.columns, terms=row.terms)
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    row = fresh(salon, row)
    assert (row.status, row.code, row.params) == ("checked", "csv_broken", {"line": 302})
    with pytest.raises(Conflict), tenant(salon.id):
        imports.begin_enrolling(row.pk, actor=salon.actor, now=salon.now())


def test_a_stranger_s_import_is_not_seen(salon, another_shop):
    row = checked(salon, member(salon, 1))
    with tenant(another_shop.id):
        assert not MemberImport.objects.filter(pk=row.pk).exists() and not ImportRow.objects.exists()


def test_members_of_a_site_with_its_own_price_have_that_price(salon):
    """Lyon sells at 24.90: the file's 24.90 is right there and 29.90 is not; in Bron it is the other way round."""
    with tenant(salon.id):
        lyon = Site.objects.get(reference="lyon")
        offer = Offer.objects.get(reference="liberte")
        at_lyon = [AtSite(site_id=lyon.pk, amount=24_90)]
        sell_at_sites(offer, everywhere=True, sites=at_lyon, actor=salon.actor, now=salon.now())
    bron = member(salon, 3).replace("Salon Lyon", "Salon Bron")
    row = checked(salon, member(salon, 1, more="24,90"), member(salon, 2, more="29,90"), bron)
    assert {line: [code for _, code in found] for line, found in faults(salon, row).items()} == {3: ["amount_differs"]}
    enrolled(salon, row)
    with tenant(salon.id):
        version = Subscription.objects.select_related("offer_version").get(subscriber__reference="A-1").offer_version
        assert (version.site_id, version.number) == (lyon.pk, 2)
        assert Subscription.objects.get(subscriber__reference="A-3").offer_version.site_id is None
        assert proof(row).holds
    sound(salon)
