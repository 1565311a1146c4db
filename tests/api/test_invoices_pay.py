"""`/invoices/{id}/pay` and `/invoices/{id}/send`: an open invoice tried now, or its payer written a link."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.flows import owed
from billing.models import DunningCase
from invoices.models import Payment
from merchants.clock import instant
from merchants.models import Event
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, faults, problem
from tests.apps.invoices.bills import again, bill, line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


@pytest.fixture
def invoice(shop, lucie):
    """Lucie owes 9.00."""
    return bill(shop, lucie, line(9_00))


def give(site, token: str) -> str:
    """A card of Lucie's, the default from now on."""
    made = site.make("payment_methods", {"subscriber": "ref:lucie", "type": "card", "token": token})
    return str(made["id"])


def test_it_is_charged_once_and_the_payment_answered(site, shop, invoice):
    method = give(site, "pm_card_visa")
    shown = site.post(f"invoices/{invoice.public_id}/pay", key="once").json()
    again_ = site.post(f"invoices/{invoice.public_id}/pay", key="once").json()
    assert (shown["object"], shown["status"], shown["captured"]) == ("payment", "succeeded", 9_00)
    assert (shown["payment_method"], again_["id"]) == (method, shown["id"])
    assert problem(site.post(f"invoices/{invoice.public_id}/pay")) == (409, "nothing_owed")
    assert (again(shop, invoice).status, again(shop, invoice).amount_paid) == ("paid", 9_00)
    with tenant(shop.id):
        assert Payment.objects.filter(invoice=invoice).count() == 1


def test_a_named_method_is_charged_instead_of_the_default(site, invoice):
    good, bad = give(site, "pm_card_visa"), give(site, "pm_card_declinedLater")
    refused = site.post(f"invoices/{invoice.public_id}/pay").json()
    assert (refused["status"], refused["payment_method"], refused["captured"]) == ("failed", bad, 0)
    paid = site.post(f"invoices/{invoice.public_id}/pay", {"payment_method": good}).json()
    assert (paid["status"], paid["payment_method"]) == ("succeeded", good)


def test_a_try_that_somebody_asked_for_begins_no_dunning_when_it_fails(site, shop, invoice):
    give(site, "pm_card_declinedLater")
    assert site.post(f"invoices/{invoice.public_id}/pay").json()["code"] == "insufficient_funds"
    with tenant(shop.id):
        assert not DunningCase.objects.exists()
        assert [one.automatic for one in Payment.objects.filter(invoice=invoice)] == [False]


def test_one_that_was_about_to_be_collected_is_collected_by_this_try(site, shop, invoice):
    give(site, "pm_card_declinedLater")
    with tenant(shop.id):
        type(invoice).objects.filter(id=invoice.pk).update(collect_at=shop.now().at)
    site.post(f"invoices/{invoice.public_id}/pay")
    with tenant(shop.id):
        assert DunningCase.objects.get().tries == 1
        assert again(shop, invoice).collect_at is None


def test_while_money_is_on_its_way_nothing_is_asked(site, shop, lucie, invoice):
    give(site, "pm_card_visa")
    with tenant(shop.id):
        Payment.objects.create(
            payer=lucie,
            invoice=invoice,
            account=shop.account,
            gateway="simulated",
            means="card",
            amount=9_00,
            currency="EUR",
            status="processing",
            created_at=instant(),
        )
    assert problem(site.post(f"invoices/{invoice.public_id}/pay")) == (409, "payment_in_flight")
    with tenant(shop.id):
        assert Payment.objects.filter(invoice=invoice).count() == 1


def test_without_a_method_it_says_so(site, invoice):
    assert problem(site.post(f"invoices/{invoice.public_id}/pay")) == (409, "payment_method_missing")


def test_a_method_of_somebody_else_is_none(site, shop, invoice):
    shop.enrol("paul")
    other = site.make("payment_methods", {"subscriber": "ref:paul", "type": "card", "token": "pm_card_visa"})
    answer = site.post(f"invoices/{invoice.public_id}/pay", {"payment_method": other["id"]})
    assert (answer.status_code, faults(answer)[0][0]) == (422, "payment_method")
    with tenant(shop.id):
        assert not Payment.objects.exists()


def test_the_link_is_sent_and_never_stands_in_the_answer_or_the_fact(site, shop, invoice):
    answer = site.post(f"invoices/{invoice.public_id}/send")
    assert (answer.status_code, answer.json()["id"]) == (200, invoice.public_id)
    assert "/pay/" not in answer.content.decode()
    with tenant(shop.id):
        assert Event.objects.filter(kind="invoice.sent", object_id=invoice.pk).count() == 1


def test_the_link_is_sent_once_in_ten_minutes_whoever_asks(site, shop, invoice, monkeypatch):
    assert site.post(f"invoices/{invoice.public_id}/send").status_code == 200
    for _ in range(2):
        assert problem(site.post(f"invoices/{invoice.public_id}/send")) == (409, "sent_just_now")
    other = bill(shop, invoice.payer, line(1_00))
    assert site.post(f"invoices/{other.public_id}/send").status_code == 200

    later = instant() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(owed, "instant", lambda: later)
    assert site.post(f"invoices/{invoice.public_id}/send").status_code == 200
    with tenant(shop.id):
        assert Event.objects.filter(kind="invoice.sent", object_id=invoice.pk).count() == 2


def test_who_has_no_address_is_not_written_to(site, shop):
    nobody = bill(shop, shop.enrol("nobody", email=""), line(1_00))
    assert problem(site.post(f"invoices/{nobody.public_id}/send")) == (409, "subscriber_without_email")


def test_a_key_that_may_only_read_does_neither(shop, invoice):
    reader = Caller.of(shop, "invoices:read", "payments:read")
    assert problem(reader.post(f"invoices/{invoice.public_id}/pay")) == (403, "scope_missing")
    assert problem(reader.post(f"invoices/{invoice.public_id}/send")) == (403, "scope_missing")
