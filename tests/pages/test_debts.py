"""What the staff can do about an invoice that is owed, on its page and on the subscriber's."""

from __future__ import annotations

import re

import pytest

from billing import tasks
from invoices.models import Payment
from merchants.models import Event, LegalEntity, ProviderAccount
from merchants.selectors.clocks import now_for
from merchants.services.entities import create_legal_entity
from merchants.tenancy.scope import tenant
from subscribers.services import means
from tests.apps.invoices.bills import again, bill, line, pay
from tests.pages.offices import colleague, office
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seat(transactional_db):
    return office("Onde")


@pytest.fixture
def shop(seat):
    """The same merchant as its services see it; its provider is the simulated one."""
    with tenant(seat.merchant.pk):
        ProviderAccount.objects.update(kind="simulated")
        account = ProviderAccount.objects.get(is_default=True)
        entity = LegalEntity.objects.first() or create_legal_entity(
            name="Onde SAS",
            line1="1 rue X",
            postal_code="69001",
            city="Lyon",
            actor=Shop.actor,
            now=now_for(seat.merchant),
        )
    return Shop(merchant=seat.merchant, entity=entity, account=account)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


@pytest.fixture
def invoice(shop, lucie):
    return bill(shop, lucie, line(9_00))


def give(shop, payer, token: str = "pm_card_visa") -> None:
    """A saved card."""
    with tenant(shop.id):
        ref = shop.gateway().attach_method(token=token, customer_ref="cus_1").provider_ref
        kept = means.Saved(provider_ref=ref, customer_ref="cus_1", kind="card", brand="visa", last4="4242")
        means.save(payer, shop.account, kept, actor=shop.actor, now=shop.now())


def test_the_invoice_and_the_subscriber_lead_to_the_link_while_something_is_owed(seat, shop, lucie, invoice):
    link = seat.url("invoice-payment-link", invoice=invoice.public_id)
    page = seat.url("invoice", invoice=invoice.public_id)
    money = seat.url("subscriber-money", subscriber=lucie.public_id)
    for url in (page, money):
        assert link in seat.client.get(url).content.decode()
    assert seat.url("invoice-try-now", invoice=invoice.public_id) in seat.client.get(page).content.decode()
    pay(shop, invoice, 9_00)
    for url in (page, money):
        assert link not in seat.client.get(url).content.decode()


def test_the_link_can_be_copied_and_opens_the_page(seat, invoice):
    dialog = seat.client.get(
        seat.url("invoice-payment-link", invoice=invoice.public_id), headers={"HX-Request": "true"}
    ).content.decode()
    path = re.search(r'data-copy="https?://[^/"]+(/pay/owed/[^"]+)"', dialog)
    assert path, dialog
    page = seat.client.get(path[1])
    assert (page.status_code, str(invoice.number) in page.content.decode()) == (200, True)
    assert "lucie@courriel.example" in dialog


def test_sending_it_writes_the_fact_once_a_click(seat, shop, invoice):
    answer = seat.client.post(seat.url("invoice-payment-link", invoice=invoice.public_id), follow=True)
    assert "on its way to lucie@courriel.example" in answer.content.decode()
    with tenant(shop.id):
        told = Event.objects.get(kind="invoice.sent")
        assert (told.object_id, "/pay/" in str(told.data)) == (invoice.pk, False)
        assert not Payment.objects.exists()


def test_who_is_paid_for_nothing_is_sent(seat, shop, invoice):
    pay(shop, invoice, 9_00)
    answer = seat.client.post(seat.url("invoice-payment-link", invoice=invoice.public_id), follow=True)
    assert "Nothing is owed on this invoice." in answer.content.decode()
    with tenant(shop.id):
        assert not Event.objects.filter(kind="invoice.sent").exists()


def test_trying_again_says_what_it_charges_and_a_worker_does_it_once(seat, shop, lucie, invoice, monkeypatch):
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(tasks.try_invoice, "apply_async", lambda given, expires: asked.append(given))
    give(shop, lucie)
    url = seat.url("invoice-try-now", invoice=invoice.public_id)
    dialog = seat.client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Charged to Visa 4242" in dialog
    assert "Charge €9.00" in dialog
    seat.client.post(url)
    assert [given[:2] for given in asked] == [(str(shop.id), str(invoice.pk))]
    with tenant(shop.id):
        assert not Payment.objects.exists()
    for _twice in range(2):
        tasks.try_invoice(*asked[0])
    assert again(shop, invoice).status == "paid"
    with tenant(shop.id):
        assert list(Payment.objects.values_list("captured", "note")) == [(9_00, asked[0][2])]


def test_without_a_card_nothing_is_tried_and_the_dialog_says_what_to_do(seat, shop, invoice, monkeypatch):
    monkeypatch.setattr(tasks.try_invoice, "apply_async", lambda *_, **__: pytest.fail("nothing is to be charged"))
    url = seat.url("invoice-try-now", invoice=invoice.public_id)
    assert "Send the payment link" in seat.client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Nothing was done" in seat.client.post(url, follow=True).content.decode()


@pytest.mark.parametrize(("role", "may"), [("support", True), ("accountant", True), ("read_only", False)])
def test_only_who_may_take_payments_sees_and_does_it(seat, shop, invoice, role, may):
    theirs = colleague(seat, role)
    link = theirs.url("invoice-payment-link", invoice=invoice.public_id)
    page = theirs.client.get(theirs.url("invoice", invoice=invoice.public_id)).content.decode()
    assert (link in page) is may
    assert theirs.client.get(link).status_code == (200 if may else 403)
    assert theirs.client.post(theirs.url("invoice-try-now", invoice=invoice.public_id)).status_code == (
        302 if may else 403
    )
