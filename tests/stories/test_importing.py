"""An old member file: checked, enrolled, billed from the day on that it says, proved, once."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from billing import runs
from billing.flows import import_work, imports, lodge
from billing.models import ImportFile, ImportRow, MemberImport
from billing.selectors import books
from billing.selectors.import_proof import proof
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.models import Event, LegalEntity, Offer, Site
from merchants.now import local_midnight
from merchants.refusals import Conflict, Invalid
from merchants.services.catalogue.at_sites import AtSite, sell_at_sites
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Grant, Mandate, Subscriber, Subscription
from tests.worlds import Shop, version_of

pytestmark = pytest.mark.django_db(transaction=True)
ICS = "FR72ZZZ123456"
IBAN = "FR1420041010050500013M02606"
HEADINGS = "N° adhérent;Nom;Prénom;E-mail;Salon;Formule;Début;Payé jusqu'au;Montant"


@pytest.fixture
def salon(shop: Shop) -> Shop:
    """A network with two sites and two offers."""
    with tenant(shop.id):
        LegalEntity.objects.update(creditor_identifier=ICS)
        for name in ("Lyon", "Bron"):
            Site.objects.create(reference=name.lower(), name=f"Salon {name}", created_at=instant())
    shop.feature("sessions", "quota")
    shop.offer("liberte", ("month", None, 29_90), features={"sessions": {"quota": 8}}, commitment_intervals=12)
    shop.offer("decouverte", ("month", 1, 9_90), ("month", None, 29_90))
    return shop


def day(shop: Shop, days: int) -> date:
    return shop.now().today + timedelta(days=days)


def typed(on: date) -> str:
    return f"{on:%d/%m/%Y}"


def upload(shop: Shop, *lines: str, headings: str = HEADINGS, name: str = "membres.csv"):
    content = "\n".join([headings, *lines]).encode()
    with tenant(shop.id):
        return imports.upload(content, name=name, actor=shop.actor, now=shop.now())


def checked(shop: Shop, *lines: str, headings: str = HEADINGS, **terms: str) -> MemberImport:
    row, _ = upload(shop, *lines, headings=headings)
    with tenant(shop.id):
        imports.begin_check(row.pk, columns=row.columns, terms={**row.terms, **terms})
    import_work.carry_on(merchant_id=shop.id, import_id=row.pk)
    return fresh(shop, row)


def fresh(shop: Shop, row: MemberImport) -> MemberImport:
    with tenant(shop.id):
        return MemberImport.objects.get(pk=row.pk)


def enrolled(shop: Shop, row: MemberImport) -> MemberImport:
    with tenant(shop.id):
        imports.begin_enrolling(row.pk, actor=shop.actor, now=shop.now())
    import_work.carry_on(merchant_id=shop.id, import_id=row.pk)
    return fresh(shop, row)


def faults(shop: Shop, row: MemberImport) -> dict[int, list[tuple[str, str]]]:
    with tenant(shop.id):
        rows = ImportRow.objects.filter(member_import=row).exclude(faults=[])
        return {one.line: [(each["field"], each["code"]) for each in one.faults] for one in rows}


def sound(shop: Shop) -> None:
    with tenant(shop.id):
        found = list(books.check(shop.merchant, instant()))
    assert [(one.rule, one.first) for one in found if one.wrong] == []


def member(
    shop: Shop, number: int = 1, *, since: int = -400, until: int = 10, offer: str = "liberte", more: str = "29,90"
):
    return (
        f"A-{number};Garnier {number};Lucie;lucie{number}@courriel.example;Salon Lyon;{offer};"
        f"{typed(day(shop, since))};{typed(day(shop, until))};{more}"
    )


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


MANDATE = f"{HEADINGS};IBAN;Titulaire;RUM;Date du mandat"


def signed(shop: Shop, number: int, iban: str = IBAN, rum: str = "", on: str = "03/05/2022", **more) -> str:
    return f"{member(shop, number, **more)};{iban};Lucie Garnier;{rum or f'RUM-{number}'};{on}"


def test_mandates_come_along_and_are_lodged_and_debited(salon):
    row = checked(salon, signed(salon, 1, until=0), f"{member(salon, 2)};;;;", headings=MANDATE)
    assert faults(salon, row) == {}
    row = enrolled(salon, row)
    with tenant(salon.id):
        mandate = Mandate.objects.get()
        assert (mandate.reference, mandate.last4, mandate.holder, mandate.creditor_identifier) == (
            "RUM-1", "2606", "Lucie Garnier", ICS,
        )  # fmt: skip
        assert mandate.accepted_at.date() == date(2022, 5, 3) and mandate.next_try_at is not None
        assert dict(Subscription.objects.values_list("subscriber__reference", "collection")) == {
            "A-1": "automatic", "A-2": "manual",
        }  # fmt: skip
        found = proof(row)
        assert (found.mandates, found.mandates_in_file, found.holds) == (1, 1, True)
        assert "FR14" not in str(list(ImportRow.objects.values())) + str(list(Change.objects.values()))
    with tenant(salon.id):
        waiting = Mandate.objects.get()
    assert lodge.lodge(merchant_id=salon.id, mandate_id=waiting.pk) == "lodged"
    runs.bill(salon.id)
    runs.collect_of(salon.id)
    with tenant(salon.id):
        assert [(one.status, one.amount) for one in Payment.objects.all()] == [("processing", 29_90)]
    sound(salon)


def test_the_same_file_or_the_same_member_is_enrolled_once(salon):
    first = member(salon, 1)
    row = enrolled(salon, checked(salon, first))
    again, is_new = upload(salon, first, name="another name.csv")
    assert (again.pk, is_new) == (row.pk, False)
    longer = checked(salon, first, member(salon, 2))
    with tenant(salon.id):
        rows = ImportRow.objects.filter(member_import=longer)
        assert dict(rows.values_list("line", "status")) == {2: "known", 3: "good"}
    enrolled(salon, longer)
    with tenant(salon.id):
        assert Subscription.objects.count() == Subscriber.objects.count() == 2
    import_work.carry_on(merchant_id=salon.id, import_id=longer.pk)
    with tenant(salon.id):
        assert Subscription.objects.count() == 2


def test_killed_in_the_middle_it_goes_on_with_the_rest(salon, monkeypatch):
    monkeypatch.setattr(import_work, "AT_ONCE", 2)
    row = checked(salon, *[member(salon, at) for at in range(5)])
    with tenant(salon.id):
        imports.begin_enrolling(row.pk, actor=salon.actor, now=salon.now())
    real, calls = import_work.enrol_rows, []

    def killed(pairs, around):
        real(pairs, around)
        calls.append(len(pairs))
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(import_work, "enrol_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    with tenant(salon.id):
        assert Subscription.objects.count() == 2  # the second batch was undone with its worker
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert fresh(salon, row).status == "enrolling"  # the dead worker's claim still stands
    with tenant(salon.id):
        MemberImport.objects.update(beaten_at=instant() - 2 * import_work.STILL)
    assert [found.id for found in runs.imports_under_way()] == [row.pk]
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert fresh(salon, row).status == "done"
    with tenant(salon.id):
        assert Subscription.objects.count() == 5
    sound(salon)


def test_a_worker_whose_claim_is_another_s_stops(salon, monkeypatch):
    monkeypatch.setattr(import_work, "AT_ONCE", 1)
    row = checked(salon, member(salon, 1), member(salon, 2))
    with tenant(salon.id):
        imports.begin_enrolling(row.pk, actor=salon.actor, now=salon.now())
    real = import_work.enrol_rows

    def overtaken(pairs, around):
        real(pairs, around)
        MemberImport.objects.filter(pk=row.pk).update(claim=None)

    monkeypatch.setattr(import_work, "enrol_rows", overtaken)
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    with tenant(salon.id):
        assert Subscription.objects.count() == 0


def test_two_workers_at_once_enrol_nobody_twice(salon, monkeypatch):
    """Even where each holds the claim of the other: the rows are locked, and the database knows each member once."""
    monkeypatch.setattr(import_work, "AT_ONCE", 3)
    row = checked(salon, *[member(salon, at) for at in range(12)])
    with tenant(salon.id):
        imports.begin_enrolling(row.pk, actor=salon.actor, now=salon.now())
    monkeypatch.setattr(import_work, "STILL", timedelta(seconds=-5))  # everybody seems to be gone
    raised: list[BaseException] = []

    def work() -> None:
        try:
            import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert fresh(salon, row).status == "done"
    with tenant(salon.id):
        assert Subscription.objects.count() == Subscriber.objects.count() == 12
    sound(salon)


def test_somebody_enrolled_between_look_and_write_undoes_the_batch_and_it_is_tried_again(salon, monkeypatch):
    row = checked(salon, member(salon, 1), member(salon, 2))
    real, calls = import_work.known_of, []

    def enrol_else():
        salon.enrol("A-1", name="Else")
        connection.close()

    def late(members):
        found = real(members)
        if not calls:
            thread = threading.Thread(target=enrol_else)
            thread.start()
            thread.join()
        calls.append(len(members))
        return found

    monkeypatch.setattr(import_work, "known_of", late)
    row = enrolled(salon, row)
    assert (row.status, len(calls)) == ("done", 2) and faults(salon, row) == {2: [("reference", "reference_taken")]}
    with tenant(salon.id):
        assert Subscription.objects.count() == 1


def test_a_worker_that_dies_again_and_again_gives_up_with_a_word(salon):
    row, _ = upload(salon, member(salon, 1))
    with tenant(salon.id):
        imports.begin_check(row.pk, columns=row.columns, terms=row.terms)
        MemberImport.objects.update(tries=import_work.MOST_TRIES)
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    row = fresh(salon, row)
    assert (row.status, row.code) == ("checked", "interrupted")
    with tenant(salon.id):
        imports.begin_check(row.pk, columns=row.columns, terms=row.terms)
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert (fresh(salon, row).status, fresh(salon, row).code) == ("checked", "")


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


def test_faults_of_mandates(salon):
    lines = [
        signed(salon, 1),
        signed(salon, 2, iban=IBAN[:-1]),
        signed(salon, 3, iban=IBAN[:-1] + "7"),
        signed(salon, 4, iban="US64SVBKUS6S3300958879"),
        signed(salon, 5, rum="RUM-1"),
        signed(salon, 6, rum=" "),
        signed(salon, 7, on="30/02/2022"),
        signed(salon, 8, on=typed(day(salon, 3))),
        signed(salon, 9, iban=""),
        signed(salon, 10, on=""),
        signed(salon, 11, rum="RUM é"),
    ]
    row = checked(salon, *lines, headings=MANDATE)
    assert faults(salon, row) == {
        3: [("iban", "iban_length")],
        4: [("iban", "iban_invalid")],
        5: [("iban", "iban_outside_sepa")],
        6: [("mandate_reference", "mandate_twice")],
        7: [("mandate_reference", "required")],
        8: [("mandate_signed_on", "date_missing")],
        9: [("mandate_signed_on", "in_the_future")],
        10: [("iban", "required")],
        11: [("mandate_signed_on", "required")],
        12: [("mandate_reference", "mandate_reference_invalid")],
    }


def test_without_a_creditor_identifier_mandates_are_refused_row_by_row(salon):
    with tenant(salon.id):
        LegalEntity.objects.update(creditor_identifier="")
    row = checked(salon, signed(salon, 1), headings=MANDATE)
    assert faults(salon, row) == {2: [("iban", "creditor_identifier_missing")]}


def test_whoever_was_enrolled_meanwhile_is_left_out_and_said(salon):
    row = checked(salon, member(salon, 1), member(salon, 2))
    salon.enrol("A-1", name="Somebody", email="s@courriel.example")
    row = enrolled(salon, row)
    assert row.status == "done" and faults(salon, row) == {2: [("reference", "reference_taken")]}
    with tenant(salon.id):
        assert Subscription.objects.count() == 1 and proof(row).holds


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
