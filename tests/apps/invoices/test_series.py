"""How a legal entity counts: by site and by year where it says so, another format for new numbers only, and never the
same number twice, whatever is changed. The database keeps what the series promise."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection

from invoices.models import CreditNote, Invoice, NumberSeries
from invoices.services import numbering, proof
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.issuing import Issue, issue
from merchants.models import LegalEntity, Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid
from merchants.services.entities import create_site, update_legal_entity
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import bill, line
from tests.races.test_numbers import draft
from tests.worlds import utc

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


def say(shop, **columns):
    with tenant(shop.id):
        shop.entity = update_legal_entity(shop.entity, actor=shop.actor, now=shop.now(), **columns)


def numbers(shop, model=Invoice):
    with tenant(shop.id):
        return list(model.objects.order_by("id").values_list("number", flat=True))


def billed(shop, payer, *sites, at=None):
    """One batch of invoices, each sold at a site."""
    now = Now(at=utc(at), zone=shop.merchant.timezone) if at else shop.now()
    with tenant(shop.id):
        asks = [
            Issue(draft=draft(payer, 1_00), payer=payer, entity=shop.entity, merchant=shop.merchant, site_id=site)
            for site in sites
        ]
        return [row.number for row in issue(asks, actor=shop.actor, now=now)]


def proved(shop):
    with tenant(shop.id):
        rows = NumberSeries.objects.select_related("site")
        return {proof.name_of(row): str(proof.prove(row, today=shop.now().today).fault) for row in rows}


def refused(shop, **columns):
    with pytest.raises(Invalid) as refusal:
        say(shop, **columns)
    return [(error.field, error.code) for error in refusal.value.errors]


def test_each_site_counts_for_itself_and_so_do_documents_of_none(shop, lucie):
    with tenant(shop.id):
        act = {"actor": shop.actor, "now": shop.now()}
        lyon = create_site(reference="Lyon 2e", name="Lyon", **act)
        paris = Site.objects.create(reference="paris", name="Paris", created_at=shop.now().at)  # as before codes
    say(shop, number_format="{site}-{number:04d}", credit_number_format="{site}-AV-{number:04d}", numbers_per_site=True)
    given = billed(shop, lucie, lyon.pk, None, paris.pk, lyon.pk)
    assert given == ["LYON2E-0001", "0-0001", "PARIS-0001", "LYON2E-0002"]
    with tenant(shop.id):
        paris = Site.objects.get(id=paris.pk)
        note = credit_invoice(
            Invoice.objects.get(number="PARIS-0001").pk, Wanted(), reason="Torn", actor=shop.actor, now=shop.now()
        )
    assert (paris.code, note.number) == ("PARIS", "PARIS-AV-0001")
    assert proved(shop) == {
        "invoices of site LYON2E": "None",
        "invoices": "None",
        "invoices of site PARIS": "None",
        "credit notes of site PARIS": "None",
    }


def test_a_batch_of_many_sites_asks_no_more_than_one_of_one(shop, lucie):
    say(shop, number_format="{site}-{number}", credit_number_format="{site}-AV-{number}", numbers_per_site=True)
    with tenant(shop.id):
        act = {"actor": shop.actor, "now": shop.now()}
        sites = [create_site(reference=f"s{at}", name="S", **act).pk for at in range(6)]
    billed(shop, lucie, *sites)  # makes the series

    def asked(*of):
        count = []

        def watch(run, *given):
            count.append(1)
            return run(*given)

        with connection.execute_wrapper(watch):
            billed(shop, lucie, *of)
        return len(count)

    assert asked(*sites) == asked(*[sites[0]] * 6) + 1  # their series are locked in order first
    with tenant(shop.id):
        assert sorted(NumberSeries.objects.values_list("next_number", flat=True)) == [3, 3, 3, 3, 3, 9]


def test_each_year_begins_at_one_and_dates_never_go_back(shop, lucie):
    say(shop, number_format="F{year}-{number:04d}", credit_number_format="A{year}-{number:04d}", numbers_per_year=True)
    assert billed(shop, lucie, None, None, at="2026-12-31T22:59") == ["F2026-0001", "F2026-0002"]
    assert billed(shop, lucie, None, at="2026-12-31T23:01") == ["F2027-0001"]  # midnight is that of Paris
    with tenant(shop.id):
        years = NumberSeries.objects.order_by("year").values_list("year", "next_number", "last_on")
        assert [(year, number, str(on)) for year, number, on in years] == [
            (2026, 3, "2026-12-31"),
            (2027, 2, "2027-01-01"),
        ]
    assert proved(shop) == {"invoices of 2026": "None", "invoices of 2027": "None"}


def test_another_format_counts_for_new_numbers_only(shop, lucie):
    year = shop.now().today.year
    billed(shop, lucie, None, None)
    say(shop, number_format="ON-{number:03d}")
    billed(shop, lucie, None)
    say(shop, number_format="ON-{number:05d}")
    billed(shop, lucie, None)
    assert numbers(shop) == [f"{year}-000001", f"{year}-000002", "ON-003", "ON-00004"]
    with tenant(shop.id):
        row = NumberSeries.objects.get()
        assert row.earlier == [{"format": "{year}-{number:06d}", "until": 2}, {"format": "ON-{number:03d}", "until": 3}]
        assert [proof.text_of(row, at, shop.now().today) for at in (2, 3, 4)] == [
            f"{year}-000002",
            "ON-003",
            "ON-00004",
        ]
    assert proved(shop) == {"invoices": "None"}


def test_a_format_that_was_never_used_may_be_taken_by_anything(shop, lucie):
    say(shop, number_format="AA-{number}")
    say(shop, number_format="{year}-{number:06d}", numbers_per_year=True)
    say(shop, number_format="AV-{number}", credit_number_format="AA-{number}", numbers_per_year=False)
    billed(shop, lucie, None)
    assert numbers(shop) == ["AV-1"]


def test_no_change_lets_a_number_come_twice(shop, lucie):
    billed(shop, lucie, None)
    with tenant(shop.id):
        credit_invoice(Invoice.objects.get().pk, Wanted(), reason="Torn", actor=shop.actor, now=shop.now())
    taken = "number_format_given"
    # each year from 1 with the same form: 2026-000001 again
    assert ("number_format", taken) in refused(shop, numbers_per_year=True)
    # credit notes as invoices were
    swapped = {"number_format": "AV{year}-{number:06d}", "credit_number_format": "{year}-{number:06d}"}
    assert refused(shop, **swapped) == [("number_format", taken), ("credit_number_format", taken)]
    # a number whose figures run into the year's
    assert refused(shop, number_format="{year}-{number}{month:02d}", credit_number_format="C{number}") == [
        ("number_format", taken)
    ]
    say(shop, number_format="F{year}-{number:06d}", numbers_per_year=True)
    say(shop, number_format="{year}-{number:06d}", numbers_per_year=False)  # its own count goes on where it was
    billed(shop, lucie, None)
    assert numbers(shop)[-1] == f"{shop.now().today.year}-000002"
    assert proved(shop) == {"invoices": "None", "credit notes": "None"}


ALONE = [
    ({"number_format": "ON-{number}", "numbers_per_year": True}, ("number_format", "number_format_needs_year")),
    ({"number_format": "ON-{number}", "numbers_per_site": True}, ("number_format", "number_format_needs_site")),
    ({"number_format": "{site}-{number}"}, ("number_format", "number_format_without_sites")),
    ({"number_format": "{site}{number}", "numbers_per_site": True},
     ("number_format", "number_format_site_not_divided")),
    ({"number_format": "{number}{number}"}, ("number_format", "number_format_invalid")),
    ({"number_format": "{year:02d}-{number}"}, ("number_format", "number_format_invalid")),
    ({"number_format": "F {number}"}, ("number_format", "number_format_invalid")),
    ({"number_format": "F.{number}"}, ("number_format", "number_format_point")),
    ({"number_format": "{number:011d}"}, ("number_format", "number_format_invalid")),
    ({"number_format": "F" * 25 + "{number}"}, ("number_format", "number_format_too_long")),
    ({"number_format": "{number}", "credit_number_format": "{year}{number}"},
     ("credit_number_format", "number_format_of_invoices")),
    ({"number_format": "f-{number}", "credit_number_format": "F-{number}"},
     ("credit_number_format", "number_format_of_invoices")),
    ({"number_format": "{site}-{number}", "credit_number_format": "AV-{number}", "numbers_per_site": True},
     ("credit_number_format", "number_format_needs_site")),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "fault"), ALONE)
def test_what_a_format_must_say(shop, columns, fault):
    assert fault in refused(shop, **columns)


def test_a_company_elsewhere_may_write_points(shop):
    say(shop, number_format="F.{number}", country="DE", vat_number="")


def test_the_longest_number_has_35_characters(shop, lucie):
    say(shop, number_format="F" * 24 + "{number}", credit_number_format="A" * 24 + "{number}")
    with tenant(shop.id), connection.cursor() as cursor:
        numbering.series_for({_place(shop): shop.entity})
        cursor.execute("SELECT length(format) FROM invoices_numberseries")
        assert cursor.fetchone() == (32,)
    assert len("T" + "F" * 24 + "9999999999") == 35
    assert billed(shop, lucie, None) == ["F" * 24 + "1"]


def _place(shop):
    return numbering.place_of(shop.entity, "invoice", site_id=None, now=shop.now())


def test_a_site_s_code_never_changes_and_is_nobody_else_s(shop):
    act = {"actor": shop.actor, "now": shop.now()}
    with tenant(shop.id):
        assert create_site(reference="Lyon", name="Lyon", **act).code == "LYON"
        assert create_site(reference="lyon!", name="Lyon", **act).code == "LYON2"
        assert create_site(reference="Marseille-Vieux-Port", name="Marseille", **act).code == "MARSEILL"
        with pytest.raises(Conflict) as taken:
            create_site(reference="x", name="x", code="LYON", **act)
        assert taken.value.code == "a_site_code_is_unique"
    for wrong in ("0", "lyon", "TOO-LONG", "ABCDEFGHI", "É"):
        with pytest.raises(Invalid) as refusal, tenant(shop.id):
            create_site(reference="y", name="y", code=wrong, **act)
        assert refusal.value.errors[0].code == "site_code_invalid"
    with pytest.raises(IntegrityError, match="its code stands in numbers"), tenant(shop.id):
        Site.objects.filter(code="LYON").update(code="LYO")


KEPT = [
    ("UPDATE invoices_numberseries SET kind = 'credit_note'", "counts the same for ever"),
    ("UPDATE invoices_numberseries SET year = 2020", "counts the same for ever"),
    ("UPDATE invoices_numberseries SET chained_from = 2", "counts the same for ever"),
    ("UPDATE invoices_numberseries SET format = 'X{number}'", "keeps the formats"),
    ("UPDATE invoices_numberseries SET earlier = '[1]'", "keeps the formats"),
    ("UPDATE invoices_numberseries SET head = 'x'", "a_head_is_a_digest"),
    ("UPDATE invoices_numberseries SET next_number = next_number + 1", "numbers 2 to 2 were taken, 0 documents bear"),
    ("DELETE FROM invoices_numberseries", "only grows"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "says"), KEPT)
def test_the_database_keeps_a_series(shop, lucie, statement, says):
    billed(shop, lucie, None)
    with pytest.raises(IntegrityError, match=says), tenant(shop.id), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_number_that_is_taken_and_not_used_is_refused_at_commit(shop, lucie):
    with pytest.raises(IntegrityError, match="numbers 1 to 2 were taken, 0 documents bear them"), tenant(shop.id):
        series = numbering.series_for({_place(shop): shop.entity})[_place(shop)]
        numbering.take({series: 2}, shop.now().today)
    assert billed(shop, lucie, None) == [f"{shop.now().today.year}-000001"]


def test_even_where_formats_were_made_to_meet_no_number_stands_on_two_documents(shop, lucie):
    """Behind the settings' back, by SQL: the database refuses the credit note that would bear the invoice's number."""
    invoice = bill(shop, lucie, line(10_00))
    with tenant(shop.id):
        LegalEntity.objects.update(credit_number_format="{year}-{number:06d}")
    with pytest.raises(IntegrityError, match="stands on an invoice and on a credit note"), tenant(shop.id):
        credit_invoice(invoice.pk, Wanted(amount=1_00), reason="Torn", actor=shop.actor, now=shop.now())
    with tenant(shop.id):
        assert not CreditNote.objects.exists()
