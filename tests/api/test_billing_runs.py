"""`/billing_runs`: what would be billed, beginning it, what it made, and what it left aside."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import runs
from billing.models import BillingRun, ParkedInRun
from invoices.models import Invoice
from merchants.clock import instant
from merchants.models import TaxRate
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.api.callers import Caller, faults, problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(monkeypatch):
    """The merchants of whom workers are told: nobody is woken here."""
    found: list[str] = []
    monkeypatch.setattr("billing.tasks.bill_merchant.delay", found.append)
    return found


@pytest.fixture
def later(monkeypatch):
    """Called: forty days on. What was bought before is due once."""

    def go():
        monkeypatch.setattr("merchants.selectors.clocks.instant", lambda: instant() + timedelta(days=40))

    return go


def day_in(shop, days):
    return (shop.now().today + timedelta(days=days)).isoformat()


def test_a_preview_counts_sums_and_lists(site, shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    books = shop.offer("books", ("month", None, 20_00), tax_behavior="exclusive", tax_code="books")
    sessions = [shop.buy(shop.enrol(name), offer) for name, offer in (("a", hifi), ("b", books))]

    now = site.get("billing_runs/preview").json()
    assert (now["object"], now["date"], now["subscriptions"], now["totals"], now["data"]) == (
        "billing_run_preview",
        day_in(shop, 0),
        0,
        [],
        [],
    )
    seen = site.get(f"billing_runs/preview?date={day_in(shop, 32)}").json()
    assert {name: seen[name] for name in ("subscriptions", "periods", "invoices", "ended", "parked")} == {
        "subscriptions": 2,
        "periods": 2,
        "invoices": 2,
        "ended": 0,
        "parked": 0,
    }
    assert seen["totals"] == [{"currency": "EUR", "invoices": 2, "net": 30_82, "tax": 3_27, "amount": 34_09}]
    assert (seen["has_more"], seen["next_cursor"], seen["faults"], seen["parked_before"]) == (False, None, [], 0)
    first, second = seen["data"]
    with tenant(shop.id):
        end = Subscription.objects.get(id=sessions[0].subscription_id).current_period_end
    assert (first["subscription"], first["amount"], first["parked"]) == (
        sessions[0].subscription.public_id,
        12_99,
        None,
    )
    (step,) = first["steps"]
    assert (step["kind"], step["on"], step["why"], step["period_start"], step["amount"]) == (
        "renew",
        end.isoformat(),
        "period_over",
        end.isoformat(),
        12_99,
    )
    assert second["amount"] == 21_10
    with tenant(shop.id):
        assert (Invoice.objects.count(), BillingRun.objects.count()) == (2, 0)


def test_a_preview_goes_by_pages_with_the_same_sums(site, shop):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    for name in "abc":
        shop.buy(shop.enrol(name), hifi)
    path = f"billing_runs/preview?date={day_in(shop, 32)}&limit=2"
    first = site.get(path).json()
    second = site.get(f"{path}&cursor={first['next_cursor']}").json()
    assert ([len(each["data"]) for each in (first, second)], first["has_more"], second["has_more"]) == (
        [2, 1],
        True,
        False,
    )
    assert len({row["subscription"] for each in (first, second) for row in each["data"]}) == 3
    assert (
        first["totals"]
        == second["totals"]
        == [{"currency": "EUR", "invoices": 3, "net": 32_46, "tax": 6_51, "amount": 38_97}]
    )


def test_a_preview_of_very_many_counts_the_first_and_says_at_least(site, shop, monkeypatch):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    for name in "abc":
        shop.buy(shop.enrol(name), hifi)
    path = f"billing_runs/preview?date={day_in(shop, 32)}"
    assert site.get(path).json()["at_least"] is False
    monkeypatch.setattr("billing.api.billing_runs.MOST_FOR_A_PAGE", 2)
    seen = site.get(path).json()
    assert (seen["at_least"], seen["subscriptions"], seen["totals"][0]["amount"]) == (True, 2, 25_98)
    assert len(seen["data"]) == 3  # the list goes by pages of its own


def test_a_preview_says_what_would_be_parked(site, shop):
    session = shop.buy(shop.enrol("a"), shop.offer("book", ("month", None, 7_00), tax_code="books"))
    with tenant(shop.id):
        TaxRate.objects.filter(tax_code="books").delete()
    seen = site.get(f"billing_runs/preview?date={day_in(shop, 32)}").json()
    assert (seen["parked"], seen["invoices"], seen["totals"]) == (1, 0, [])
    (fault,) = seen["faults"]
    assert (fault["code"], fault["count"], fault["subscription"]) == (
        "tax_rate_missing",
        1,
        session.subscription.public_id,
    )
    assert "“books” in FR" in fault["detail"] and seen["data"][0]["parked"] == fault["detail"]


def test_bad_previews(site, shop):
    assert faults(site.get("billing_runs/preview?date=2026-02-30")) == [("date", "not_a_day")]
    assert faults(site.get(f"billing_runs/preview?date={day_in(shop, 401)}")) == [("date", "date_too_far")]
    assert faults(site.get("billing_runs/preview?cursor=x")) == [("cursor", "cursor_invalid")]
    assert faults(site.get("billing_runs/preview?limit=0")) == [("limit", "limit_out_of_range")]
    assert faults(site.get("billing_runs/preview?until=now")) == [("until", "parameter_unknown")]


def test_beginning_one_by_hand_and_what_it_made(site, shop, later, told):
    assert problem(site.post("billing_runs")) == (409, "nothing_due")
    shop.buy(shop.enrol("a"), shop.offer("hifi", ("month", None, 12_99)))
    later()

    begun = site.make("billing_runs", {})

    assert told == [str(shop.id)]
    assert (begun["kind"], begun["status"], begun["expected"], begun["taken"], begun["finished_at"]) == (
        "manual",
        "running",
        1,
        0,
        None,
    )
    assert begun["started_by"] == "website" and begun["payments"] == []
    assert problem(site.post("billing_runs")) == (409, "run_under_way")

    assert runs.bill(shop.id) is not None
    done = site.get(f"billing_runs/{begun['id']}").json()
    assert (done["status"], done["taken"], done["periods"], done["invoices"], done["parked"]) == ("done", 1, 1, 1, 0)
    assert done["totals"] == [{"currency": "EUR", "amount": 12_99}]
    assert done["payments"] == [{"became": "under_way", "currency": "EUR", "count": 1, "amount": 12_99}]
    assert done["finished_at"] is not None
    (invoice,) = site.get(f"invoices?run={begun['id']}").json()["data"]
    assert invoice["total"] == 12_99 if "total" in invoice else invoice["gross"] == 12_99
    assert site.get("billing_runs").json()["data"] == [done]
    assert site.get("billing_runs?status=running").json()["data"] == []
    assert site.get("billing_runs?kind=manual").json()["data"] == [done]
    assert faults(site.get("invoices?run=sub_1")) == [("run", "not_found")]


def test_a_parked_one_is_let_go_on(site, shop, later):
    session = shop.buy(shop.enrol("a"), shop.offer("book", ("month", None, 7_00), tax_code="books"))
    fine = shop.buy(shop.enrol("b"), shop.offer("hifi", ("month", None, 12_99)))
    with tenant(shop.id):
        kept = TaxRate.objects.get(tax_code="books")
        TaxRate.objects.filter(id=kept.pk).delete()
    later()
    run = runs.bill(shop.id)
    assert run is not None and (run.parked, run.taken) == (1, 1)

    (parked,) = site.get(f"billing_runs/{run.public_id}/parked").json()["data"]
    assert (parked["subscription"], parked["code"], parked["released_at"]) == (
        session.subscription.public_id,
        "tax_rate_missing",
        None,
    )
    assert site.get("billing_runs/preview").json()["parked_before"] == 1
    path, body = f"billing_runs/{run.public_id}/release", {"subscription": session.subscription.public_id}
    assert faults(site.post(path, {"subscription": fine.subscription.public_id})) == [
        ("subscription", "not_parked_in_this_run")
    ]
    with tenant(shop.id):
        kept.save(force_insert=True)
    released = site.post(path, body).json()
    assert (released["id"], released["released_by"]) == (parked["id"], "website")
    assert released["released_at"] is not None
    assert problem(site.post(path, body)) == (409, "subscription_not_parked")

    again = runs.bill(shop.id)
    assert again is not None and (again.taken, again.parked, again.totals) == (1, 0, {"EUR": 7_00})
    with tenant(shop.id):
        assert ParkedInRun.objects.filter(released_at=None).count() == 0


def test_scopes(shop):
    reader = Caller.of(shop, "billing_runs:read")
    assert reader.get("billing_runs").status_code == 200
    assert reader.get("billing_runs/preview").status_code == 200
    assert problem(reader.post("billing_runs")) == (403, "scope_missing")
    assert problem(Caller.of(shop, "invoices:read").get("billing_runs")) == (403, "scope_missing")
