"""Billing runs in the office: what is due, beginning it, how far it is, what became of it, what it left aside."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from billing import runs
from billing.models import BillingRun
from invoices.models import Invoice
from merchants.clock import instant
from merchants.models import Membership, TaxRate
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.pages.hosted import text_of
from tests.pages.offices import logged_in, person

pytestmark = pytest.mark.django_db(transaction=True)


def sit(shop, role, locale="en"):
    user = person(locale=locale)
    with tenant(shop.id):
        Membership.objects.create(user=user, role=role, created_at=shop.now().at)
    return logged_in(user)


def url(shop, name, **arguments):
    return reverse(f"office:{name}", kwargs={"merchant": shop.merchant.public_id, **arguments})


@pytest.fixture
def desk(shop):
    return sit(shop, "accountant")


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


def said(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, answer.content
    return text_of(answer)


def test_an_empty_page_teaches(shop, desk):
    page = said(desk, url(shop, "runs"))
    assert "No run yet" in page and "What will fall due" in page
    assert "Nothing is due now" in said(desk, url(shop, "run-preview"))
    assert said(desk, url(shop, "home-runs")).strip() == ""


def test_a_preview_says_sums_days_and_who_without_a_button_for_a_day_to_come(shop, desk):
    hifi, yearly = shop.offer("Hifi", ("month", None, 12_99)), shop.offer("Daily", ("day", None, 1_00))
    shop.buy(shop.enrol("a", name="Ada"), hifi)
    shop.buy(shop.enrol("b", name="Bob"), yearly)
    day = shop.now().today + timedelta(days=3)
    answer = desk.get(f"{url(shop, 'run-preview')}?date={day}")
    page = text_of(answer)
    assert "€3.00" in page and "Bob" in page and "Ada" not in page and "next period × 3" in page
    assert (
        "Day by day" in page
        and reverse("office:run-start", args=[shop.merchant.public_id]) not in answer.content.decode()
    )
    with tenant(shop.id):
        assert (Invoice.objects.count(), BillingRun.objects.count()) == (2, 0)
    assert "A date from today on" in said(desk, f"{url(shop, 'run-preview')}?date=2001-01-01")
    assert "This is no date" in said(desk, f"{url(shop, 'run-preview')}?date=soon")


def test_the_home_page_expects_seven_days(shop, desk):
    shop.buy(shop.enrol("b", name="Bob"), shop.offer("Daily", ("day", None, 1_00)))
    page = said(desk, url(shop, "home-runs"))
    assert "Expected in the next seven days" in page and "€7.00" in page and page.count("€1.00") == 7
    assert url(shop, "home-runs") in desk.get(url(shop, "home")).content.decode()


def test_running_now_from_the_button_to_what_became_of_it(shop, desk, told, later):
    shop.buy(shop.enrol("a", name="Ada"), shop.offer("Hifi", ("month", None, 12_99)))
    later()
    assert "Bill €12.99 now" in said(desk, url(shop, "run-preview"))

    answer = desk.post(url(shop, "run-start"))

    with tenant(shop.id):
        run = BillingRun.objects.get()
    assert answer["Location"] == url(shop, "run", run=run.public_id) and told == [str(shop.id)]
    under_way = desk.get(url(shop, "run", run=run.public_id))
    assert "Under way: 0 of 1" in text_of(under_way) and b'hx-trigger="every 2s"' in under_way.content
    assert b'hx-trigger="every 3s"' in desk.get(url(shop, "runs")).content
    again = desk.post(url(shop, "run-start"))
    assert again.status_code == 409 and "A run is under way already." in text_of(again)
    assert "A run is under way: it takes what stands here." in said(desk, url(shop, "run-preview"))

    assert runs.bill(shop.id) is not None

    done = desk.get(url(shop, "run-progress", run=run.public_id))
    assert b"hx-trigger" not in done.content and "of 1 that were due" in text_of(done)
    assert "Invoiced €12 .99 1 invoice" in text_of(done)
    payments = desk.get(url(shop, "run-payments", run=run.public_id))
    assert "Under way" in text_of(payments) and f"?run={run.public_id}" in payments.content.decode()
    listed = said(desk, f"{url(shop, 'invoices')}?run={run.public_id}")
    assert "1 invoice" in listed and "one billing run" in listed
    with tenant(shop.id):
        invoice = Invoice.objects.get(run_id=run.pk)
        assert (invoice.gross, Invoice.objects.count()) == (12_99, 2)
    page = said(desk, url(shop, "runs"))
    assert "By hand" in page and "€12.99" in page and "Done" in page


def test_what_was_left_aside_is_told_and_let_go_on(shop, desk, told, later):
    shop.buy(shop.enrol("a", name="Ada"), shop.offer("Book", ("month", None, 7_00), tax_code="books"))
    with tenant(shop.id):
        TaxRate.objects.filter(tax_code="books").delete()
    later()
    run = runs.bill(shop.id)
    assert run is not None and run.parked == 1
    for page in (said(desk, url(shop, "runs")), said(desk, url(shop, "run", run=run.public_id))):
        assert "Ada" in page and "There is no tax rate for the code “books” in FR" in page and "Let it go on" in page
    with tenant(shop.id):
        parked = run.parkings.get()
        assert Subscription.objects.get().parked_at is not None
    assert "Aucun taux de taxe pour le code « books »" in said(sit(shop, "owner", "fr"), url(shop, "runs"))
    assert "put right since" not in said(desk, url(shop, "runs"))
    with tenant(shop.id):
        TaxRate.objects.create(
            legal_entity=shop.entity, country="FR", tax_code="books", percent=5, from_on=date(2020, 1, 1)
        )
    assert "This was put right since: it can go on." in said(desk, url(shop, "runs"))
    release = url(shop, "run-release", run=run.public_id, parked=parked.public_id)
    assert sit(shop, "read_only").post(release).status_code == 403
    assert desk.post(release)["Location"] == url(shop, "run", run=run.public_id)
    with tenant(shop.id):
        assert Subscription.objects.get().parked_at is None
    assert "Let it go on" not in said(desk, url(shop, "run", run=run.public_id))
    with tenant(shop.id):
        assert run.parkings.get().params == {"tax_code": "books", "country": "FR", "day": parked.params["day"]}
    left = said(sit(shop, "owner", "fr"), url(shop, "run", run=run.public_id))
    assert "Aucun taux de taxe pour le code « books »" in left  # what the run wrote down, said to its reader
    assert desk.post(release).status_code == 409


def test_who_may_look_may_not_run(shop, told):
    looks, support = sit(shop, "read_only"), sit(shop, "support")
    assert looks.get(url(shop, "runs")).status_code == 200
    assert looks.post(url(shop, "run-start")).status_code == 403 and told == []
    assert support.get(url(shop, "runs")).status_code == 403


def test_in_french(shop):
    page = said(sit(shop, "owner", "fr"), url(shop, "run-preview"))
    assert "Rien n’est à facturer maintenant" in page
