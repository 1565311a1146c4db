"""A till's register: what the database refuses, what the proof finds where somebody got past it, what closings say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connections

from invoices.models import RegisterEntry, Till, TillSession
from invoices.register_links import link
from invoices.services import register, register_report, tills
from invoices.services.register import Clerk
from invoices.services.register_proof import prove
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.models import Event, Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid
from merchants.services import seals
from merchants.tenancy.scope import tenant
from tests.pages.counters import salon, seller, tablet
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    return Shop.open("Soleil")


@pytest.fixture
def clerk(shop):
    site = salon(shop.id)
    ines, device = seller(shop.id, "Inès", sites=[site]), tablet(shop.id, site)
    actor = Actor(kind=ActorKind.member, id=f"usr_{ines.user_id}", label="Inès", channel=Channel.counter)
    return Clerk(member=ines, device=device.device(), actor=actor)


def now():
    return Now(at=instant(), zone="Europe/Paris")


def a_day(shop, clerk, *moves):
    """A till opened with 100.00, cash moved, and closed as counted."""
    with tenant(shop.id):
        session = tills.open_session(clerk=clerk, float_amount=100_00, now=now())
        for amount in moves:
            tills.move_cash(session, amount, reason="change", clerk=clerk, now=now())
        return tills.close_session(session, 100_00 + sum(moves), clerk=clerk, now=now())


def test_a_day_is_written_entry_by_entry(shop, clerk):
    closed = a_day(shop, clerk, 20_00, -50_00)
    assert (closed.expected, closed.counted) == (70_00, 70_00)
    with tenant(shop.id):
        rows = list(RegisterEntry.objects.order_by("sequence"))
        assert [(row.sequence, row.kind, row.cash) for row in rows] == [
            (1, "session_opened", 0),
            (2, "cash_in", 20_00),
            (3, "cash_out", -50_00),
            (4, "session_closed", 0),
        ]
        assert all(row.content["who"] == clerk.actor.id and row.content["sandbox"] is True for row in rows)
        assert rows[0].previous == "0" * 64
        assert [row.previous for row in rows[1:]] == [row.link for row in rows[:-1]]
        till = Till.objects.get()
        assert (till.entries, till.head) == (4, rows[-1].link)
        told = Event.objects.get(kind="till.closed").data["object"]
        assert (told["head"], told["sequence"], told["difference"]) == (till.head, 4, 0)
        assert prove(till).fault is None


def test_a_difference_is_explained_and_kept(shop, clerk):
    with tenant(shop.id):
        session = tills.open_session(clerk=clerk, float_amount=100_00, now=now())
        with pytest.raises(Invalid) as refused:
            tills.close_session(session, 95_00, clerk=clerk, now=now())
        assert refused.value.errors[0].field == "note"
        closed = tills.close_session(session, 95_00, note="a note of five is missing", clerk=clerk, now=now())
        assert tills.closing_of(closed)["difference"] == -5_00
        with pytest.raises(Conflict):
            tills.close_session(session, 100_00, clerk=clerk, now=now())


def test_nothing_slips_into_a_session_behind_its_closing(shop, clerk):
    """Neither by the service, which looks again under the till's lock, nor past it."""
    with tenant(shop.id):
        session = tills.open_session(clerk=clerk, float_amount=100_00, now=now())
        stale = TillSession.objects.get(id=session.pk)
        tills.close_session(session, 100_00, clerk=clerk, now=now())
        with pytest.raises(register.TillClosed):
            tills.move_cash(stale, 5_00, reason="late", clerk=clerk, now=now())
        till = register.lock(stale.till_id)
    with pytest.raises(IntegrityError) as refused, tenant(shop.id):
        register.enter(register.lock(till.pk), "cash_in", clerk=clerk, now=now(), session=stale, cash=5_00)
    assert "belongs to no open session" in str(refused.value)
    with pytest.raises(IntegrityError) as homeless, tenant(shop.id):
        register.enter(register.lock(till.pk), "cash_in", clerk=clerk, now=now(), cash=5_00)
    assert "what_moves_money_belongs_to_a_session" in str(homeless.value)
    with tenant(shop.id):
        assert Till.objects.get().entries == 2 and prove(Till.objects.get()).fault is None


def test_a_till_is_open_once_and_gives_no_more_than_it_holds(shop, clerk):
    with tenant(shop.id):
        session = tills.open_session(clerk=clerk, float_amount=10_00, now=now())
        with pytest.raises(Conflict) as twice:
            tills.open_session(clerk=clerk, float_amount=10_00, now=now())
        assert twice.value.code == "till_open"
        with pytest.raises(Invalid) as empty:
            tills.move_cash(session, -10_01, reason="to the bank", clerk=clerk, now=now())
        assert empty.value.errors[0].code == "more_than_the_drawer_holds"
        with pytest.raises(Invalid) as silent:
            tills.move_cash(session, 1_00, reason=" ", clerk=clerk, now=now())
        assert silent.value.errors[0].field == "reason"
        assert RegisterEntry.objects.count() == 1


def test_days_months_and_years_are_closed_when_the_next_begins(shop, clerk):
    with time_machine.travel("2026-12-30T10:00:00+01:00"):
        a_day(shop, clerk, 5_00)
    with time_machine.travel("2026-12-31T10:00:00+01:00"):
        a_day(shop, clerk, 7_00)
    with time_machine.travel("2027-01-02T10:00:00+01:00"):
        a_day(shop, clerk)
    with tenant(shop.id):
        closings = RegisterEntry.objects.filter(kind__endswith="_closed").exclude(kind="session_closed")
        told = [(row.kind, row.content["span"], row.content["moved"]) for row in closings.order_by("sequence")]
        assert told == [
            ("day_closed", "2026-12-30", 5_00),
            ("day_closed", "2026-12-31", 7_00),
            ("month_closed", "2026-12", 12_00),
            ("year_closed", "2026", 12_00),
        ]
        assert prove(Till.objects.get()).fault is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoices_registerentry SET amount = 1",
        "DELETE FROM invoices_registerentry",
        "UPDATE invoices_till SET perpetual = 0, entries = 1",
        "UPDATE invoices_till SET head = repeat('0', 64)",
        "DELETE FROM invoices_till",
        "UPDATE invoices_tillsession SET counted = 1",
    ],
)
def test_the_database_refuses_to_rewrite_a_register(shop, clerk, statement):
    a_day(shop, clerk, 20_00)
    with pytest.raises((IntegrityError, ProgrammingError)), tenant(shop.id), connections["default"].cursor() as cursor:
        cursor.execute(statement)


def test_the_database_refuses_an_entry_out_of_turn(shop, clerk):
    a_day(shop, clerk)
    with tenant(shop.id):
        last = RegisterEntry.objects.order_by("-sequence").first()
    for sequence, previous in (
        (last.sequence, last.previous),
        (last.sequence + 2, last.link),
        (last.sequence + 1, "0" * 64),
    ):
        with pytest.raises(IntegrityError), tenant(shop.id):
            RegisterEntry.objects.create(
                till=last.till, sequence=sequence, kind="received", day_on=last.day_on, content={}, previous=previous,
                link="f" * 64, created_at=instant(),
            )  # fmt: skip


@pytest.fixture
def tampered(owner_sql, shop):
    """What somebody does who owns the database and takes the guards off. MINE: of this merchant."""

    def act(*statements):
        owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
        off = "".join(
            f"ALTER TABLE {table} DISABLE TRIGGER USER; " for table in ("invoices_registerentry", "invoices_till")
        )
        done = "; ".join(each.replace("MINE", f"merchant_id = '{shop.id}'") for each in statements)
        owner_sql(f"BEGIN; {off} {done}; SET CONSTRAINTS ALL IMMEDIATE; {off.replace('DISABLE', 'ENABLE')} COMMIT")

    return act


def found(shop):
    with pytest.raises(CommandError) as told:
        call_command("verify_register", "--merchant", shop.merchant.public_id)
    return str(told.value)


def test_an_untouched_register_is_proved_by_the_command(shop, clerk, capsys):
    a_day(shop, clerk, 20_00)
    call_command("verify_register", "--merchant", shop.merchant.public_id)
    assert "3 entries, proved" in capsys.readouterr().out


def test_an_edited_entry_is_found(shop, clerk, tampered):
    a_day(shop, clerk, 20_00)
    tampered("UPDATE invoices_registerentry SET cash = 1000 WHERE MINE AND sequence = 2")
    assert "entry 2 was changed: its cash is 1000" in found(shop)


def test_an_edited_content_is_found(shop, clerk, tampered):
    a_day(shop, clerk, 20_00)
    edited = "content || jsonb_build_object('reason', 'other')"
    tampered(f"UPDATE invoices_registerentry SET content = {edited} WHERE MINE AND sequence = 2")
    assert "entry 2 was changed: its content is not what its link says" in found(shop)


def test_a_deleted_entry_is_found(shop, clerk, tampered):
    a_day(shop, clerk, 20_00, 30_00)
    tampered("DELETE FROM invoices_registerentry WHERE MINE AND sequence = 3")
    assert "entry 3 is missing: after 2 stands 4" in found(shop)


def test_an_inserted_entry_is_found_though_its_own_link_is_right(shop, clerk, tampered):
    a_day(shop, clerk, 20_00)
    with tenant(shop.id):
        second = RegisterEntry.objects.get(sequence=2)
    forged = {**second.content, "sequence": 3, "reason": "forged"}
    tampered(
        "UPDATE invoices_registerentry SET sequence = sequence + 1 WHERE MINE AND sequence = 3",
        "INSERT INTO invoices_registerentry (id, merchant_id, till_id, session_id, sequence, kind,"
        " means, amount, cash, day_on,"
        " content, previous, link, created_at) SELECT"
        " gen_random_uuid(), merchant_id, till_id, session_id, 3, kind, means, amount,"
        f" cash, day_on, '{json.dumps(forged)}'::jsonb, '{second.link}', '{link(second.link, forged)}', created_at"
        " FROM invoices_registerentry WHERE MINE AND sequence = 2",
    )
    assert "entry 4 does not follow entry 3: one was put in, taken out or moved" in found(shop)


def test_a_tail_that_was_cut_off_is_found_even_where_the_till_was_set_back(shop, clerk, tampered):
    a_day(shop, clerk, 20_00)
    with tenant(shop.id):
        second = RegisterEntry.objects.get(sequence=2)
    tampered("DELETE FROM invoices_registerentry WHERE MINE AND sequence > 2")
    assert "the tail was cut off: the till knows 3 entries, 2 are there" in found(shop)
    tampered(f"UPDATE invoices_till SET entries = 2, head = '{second.link}', perpetual = 0 WHERE MINE")
    assert "entry 3 is not the one that was told when the till was closed" in found(shop)


def test_two_tablets_ring_up_apart(shop, clerk):
    with tenant(shop.id):
        site = Site.objects.get()
    other = tablet(shop.id, site, "Till 2")
    second = Clerk(member=clerk.member, device=other.device(), actor=clerk.actor)
    a_day(shop, clerk, 1_00)
    a_day(shop, second, 2_00)
    with tenant(shop.id):
        assert sorted(Till.objects.values_list("entries", flat=True)) == [3, 3]
        assert TillSession.objects.count() == 2
        assert register.totals_of(RegisterEntry.objects.all())["moved"] == 3_00


def test_a_sealed_export_is_proved_by_a_program_of_its_own(shop, clerk, tmp_path):
    a_day(shop, clerk, 20_00, -5_00)
    with tenant(shop.id):
        document = register_report.report(Till.objects.select_related("site").get(), now=now())
    assert seals.holds(document) and document["report"]["count"] == 4
    file = tmp_path / "register.json"

    def proved(report):
        file.write_text(json.dumps({"report": report}), encoding="utf-8")
        run = subprocess.run([sys.executable, "static/verify_register.py", str(file)], capture_output=True, text=True)
        return run.returncode, run.stdout.strip()

    report = json.loads(json.dumps(document["report"]))
    assert proved(report) == (0, f"Till 1, {report['site']}: 4 entries, proved")
    forged = json.loads(json.dumps(report))
    forged["entries"][1]["content"]["reason"] = "other"
    assert proved(forged)[0] == 1 and "entry 2 was changed" in proved(forged)[1]
    cut = {**report, "entries": report["entries"][:3]}
    assert "the tail was cut off" in proved(cut)[1]
    missing = {**report, "entries": [report["entries"][0], *report["entries"][2:]]}
    assert "entry 2 is missing" in proved(missing)[1]
