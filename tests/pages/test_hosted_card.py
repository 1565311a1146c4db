"""The page that the letter about an expiring card opens: the card that is charged, and a button that gives another."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from billing.flows import collect, new_card
from billing.models import NewCard
from invoices.models import Invoice, Payment
from merchants.links import mint
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod
from tests.apps.invoices.bills import bill, line
from tests.pages.hosted import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    """A subscriber who pays by Visa 4242."""
    lucie = shop.enrol("lucie")
    shop.buy(lucie, shop.offer("hifi", ("month", None, 12_99)))
    return lucie


@pytest.fixture
def visitor():
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.fixture
def path(lucie):
    return urlsplit(new_card.link(lucie)).path


def press(visitor, path):
    page = visitor.get(path).content.decode()
    secret = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return visitor.post(path, {"csrfmiddlewaretoken": secret})


def test_it_shows_the_card_and_charges_nothing(shop, visitor, path):
    page = visitor.get(path)
    said = text_of(page)
    assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    assert "Visa 4242" in said
    assert "valid until the end of December 2034" in said
    assert "Nothing is charged today" in said
    assert "style=" not in page.content.decode()
    with tenant(shop.id):
        assert not NewCard.objects.exists()


def test_what_the_new_card_will_pay_at_once_is_said_before_the_click_and_nothing_else_is(shop, visitor):
    paul = shop.enrol("paul")
    session = shop.checkout(paul, shop.offer("hifi", ("month", None, 12_99)))
    shop.press(session, "pm_card_declinedLater")
    shop.look(session)
    tried, left = bill(shop, paul, line(9_00)), bill(shop, paul, line(5_00))
    with tenant(shop.id):
        Invoice.objects.filter(id=tried.pk).update(collect_at=shop.now().at)
    collect.collect(merchant_id=shop.id, invoice_ids=[tried.pk], now=shop.now(), actor=shop.actor)
    path = urlsplit(new_card.link(paul)).path
    said = text_of(visitor.get(path))
    assert f"{tried.number} €9.00" in said
    assert "The new card is charged for this at once." in said
    assert str(left.number) not in said

    press(visitor, path)
    with tenant(shop.id):
        page = NewCard.objects.get()
    form = shop.gateway().hosted_form(page.provider_session)
    shop.gateway().press(page.provider_session, token="pm_card_visa")
    back = text_of(visitor.get(urlsplit(form.success_url).path, follow=True))
    assert "Your new card is saved" in back
    assert f"Still open {left.number} €5.00" in back
    assert str(tried.number) not in back


def test_the_click_leads_to_the_provider_and_back_to_the_new_card(shop, lucie, visitor, path):
    answer = press(visitor, path)
    assert (answer.status_code, answer["Location"]) == (303, f"{path}/go")
    with tenant(shop.id):
        page = NewCard.objects.get()
    assert page.url in visitor.get(f"{path}/go").content.decode().replace("&amp;", "&")
    form = shop.gateway().hosted_form(page.provider_session)
    shop.gateway().press(page.provider_session, token="pm_card_mastercard")
    back = visitor.get(urlsplit(form.success_url).path, follow=True)
    assert "Your new card is saved" in text_of(back)
    with tenant(shop.id):
        kept = PaymentMethod.objects.get(subscriber=lucie, is_default=True)
        assert (kept.brand, Payment.objects.count()) == ("mastercard", 1)
    assert f"{kept.last4} is charged from now on." in text_of(back)


def test_who_leaves_the_providers_page_reads_that_nothing_changed(shop, lucie, visitor, path):
    press(visitor, path)
    with tenant(shop.id):
        page = NewCard.objects.get()
    form = shop.gateway().hosted_form(page.provider_session)
    back = visitor.get(urlsplit(form.cancel_url).path, follow=True)
    assert "Everything stays as it was." in text_of(back)
    assert press(visitor, path).status_code == 303
    with tenant(shop.id):
        assert NewCard.objects.count() == 1


def test_the_simulated_page_asks_for_a_card_without_a_sum(shop, visitor, path):
    press(visitor, path)
    with tenant(shop.id):
        page = NewCard.objects.get()
    said = text_of(visitor.get(urlsplit(page.url).path))
    assert "Save a card" in said
    assert "€" not in said


def test_a_link_that_has_lapsed_says_whom_to_ask_and_one_of_another_purpose_opens_nothing(shop, lucie, visitor):
    late = mint("card", shop.id, lucie.pk, lasts=-timedelta(seconds=2))
    page = visitor.get(f"/pay/card/{late}")
    assert (page.status_code, "This link has expired" in text_of(page)) == (410, True)
    assert "4242" not in text_of(page)
    wrong = mint("owed", shop.id, lucie.pk, lasts=timedelta(days=1))
    assert visitor.get(f"/pay/card/{wrong}").status_code == 404


def test_without_its_form_token_a_click_does_nothing(shop, visitor, path):
    assert visitor.post(path).status_code == 403
    with tenant(shop.id):
        assert not NewCard.objects.exists()
