"""Another card without a purchase: saved once, used from then on, and tried at once on what is owed."""

from __future__ import annotations

from typing import Any

import pytest

from billing.flows import collect, new_card
from billing.gateways.base import Outcome, OutcomeKind
from billing.models import NewCard, SimulatedPage
from invoices.models import Invoice, Payment
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Change, PaymentMethod, Subscription
from subscribers.services import enrolment
from tests.apps.invoices.bills import bill, line
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop) -> Any:
    """A subscriber whose card is refused from the second charge on."""
    session = shop.checkout(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    shop.press(session, "pm_card_declinedLater")
    assert shop.look(session).status == "complete"
    return session.subscriber


def start(shop: Shop, payer: Any) -> str:
    return new_card.start(merchant_id=shop.id, payer_id=payer.pk)


def press(shop: Shop, token: str = "pm_card_visa") -> Outcome:
    """Type a card on the provider's page; nothing is told to us yet."""
    with tenant(shop.id):
        page = NewCard.objects.latest("id")
    return shop.gateway().press(page.provider_session, token=token)


def look(shop: Shop, payer: Any) -> NewCard | None:
    return new_card.look(merchant_id=shop.id, payer_id=payer.pk)


def owing(shop: Shop, payer: Any, amount: int = 9_00) -> Invoice:
    """An invoice that was tried on the old card in vain."""
    invoice = bill(shop, payer, line(amount))
    with tenant(shop.id):
        Invoice.objects.filter(id=invoice.pk).update(collect_at=shop.now().at)
    collect.collect(merchant_id=shop.id, invoice_ids=[invoice.pk], now=shop.now(), actor=shop.actor)
    return invoice


def test_the_new_card_is_the_default_from_then_on_and_nothing_is_charged(shop, lucie):
    assert start(shop, lucie) == start(shop, lucie)
    press(shop)
    for _twice in range(2):
        page = look(shop, lucie)
    assert page is not None
    with tenant(shop.id):
        kept = PaymentMethod.objects.get(subscriber=lucie, is_default=True)
        assert (page.status, page.payment_method_id) == ("saved", kept.pk)
        assert kept.provider_ref.startswith("pm_sim-visa-")
        assert Subscription.objects.get().payment_method_id == kept.pk
        assert NewCard.objects.count() == 1
        assert Payment.objects.count() == 1
        told = Change.objects.get(subject_id=kept.pk, verb="attached")
        assert (told.channel, told.actor_kind, told.actor_id) == ("web", "subscriber", lucie.public_id)


def test_what_is_owed_is_tried_at_once_and_captured_once(shop, lucie):
    invoice = owing(shop, lucie)
    start(shop, lucie)
    press(shop)
    for _twice in range(2):
        look(shop, lucie)
    with tenant(shop.id):
        assert Invoice.objects.get(id=invoice.pk).status == "paid"
        tried = Payment.objects.filter(invoice=invoice).order_by("id").values_list("status", "captured")
        assert list(tried) == [("failed", 0), ("succeeded", 9_00)]
        taken = [page["captured"] for page in SimulatedPage.objects.values_list("content", flat=True) if page]
        assert sorted(sum_ for sum_ in taken if sum_) == [9_00, 12_99]


def test_a_card_that_its_bank_refuses_leaves_the_page_open_and_the_old_card_in_use(shop, lucie):
    with tenant(shop.id):
        before = PaymentMethod.objects.get(subscriber=lucie, is_default=True).pk
    start(shop, lucie)
    press(shop, "pm_card_chargeDeclined")
    page = look(shop, lucie)
    assert page is not None
    assert (page.status, page.code) == ("open", "card_declined")
    with tenant(shop.id):
        assert PaymentMethod.objects.get(subscriber=lucie, is_default=True).pk == before


def test_a_page_that_has_closed_makes_way_for_another(shop, lucie):
    first = start(shop, lucie)
    with tenant(shop.id):
        page = NewCard.objects.get()
    shop.gateway().expire_checkout(page.provider_session)
    assert start(shop, lucie) != first
    with tenant(shop.id):
        assert list(NewCard.objects.order_by("id").values_list("status", flat=True)) == ["closed", "open"]
    assert shop.gateway().press(page.provider_session, token="pm_card_visa").kind is OutcomeKind.EXPIRED


def test_who_is_paid_for_gives_the_payers_card(shop):
    payer = shop.enrol("mother")
    with tenant(shop.id):
        values = {"name": "Paul", "reference": "child"}
        child = enrolment.enrol(values, merchant=shop.merchant, actor=shop.actor, now=shop.now(), payer_id=payer.pk)
        assert new_card.who_pays(child).pk == payer.pk
        assert new_card.who_pays(payer).pk == payer.pk


def test_nobody_gives_a_card_for_an_erased_subscriber(shop):
    gone = shop.enrol("gone")
    with tenant(shop.id):
        history.update(gone, {"erased_at": shop.now().at}, actor=shop.actor, now=shop.now(), verb="erased")
    with pytest.raises(new_card.SubscriberErased):
        start(shop, gone)
    with tenant(shop.id):
        assert not NewCard.objects.exists()
