"""Withdrawing within fourteen days from a subscriber's page: what goes back, what is kept, until when, who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from billing.engine.withdrawing import last_day_to_withdraw
from billing.models import CheckoutSession, Quote
from invoices.models import CreditNote
from merchants.models import Membership, Merchant
from merchants.tenancy.scope import tenant
from merchants.wording import weekday_text
from subscribers.models import Change, Subscription
from tests.pages.hosted import text_of
from tests.pages.offices import logged_in, person
from tests.stories.statements import World

pytestmark = pytest.mark.django_db(transaction=True)


def sit(shop, role, **who):
    """A member of the shop's staff at their browser."""
    user = person(**who)
    with tenant(shop.id):
        Membership.objects.create(user=user, role=role, created_at=shop.now().at)
    return logged_in(user)


def url(shop, name, **arguments):
    return reverse(f"office:{name}", kwargs={"merchant": shop.merchant.public_id, **arguments})


@pytest.fixture
def salon(shop):
    return shop.offer("Salon", ("month", None, 31_00), setup_amount=20_00, commitment_intervals=12)


def aged(shop, days):
    """The contract is so many days older than it is."""
    with tenant(shop.id):
        session = CheckoutSession.objects.get()
        session.completed_at -= timedelta(days=days)
        session.save(update_fields=["completed_at"])


def test_the_dialog_says_each_line_the_deadline_and_ends_it_at_once(shop, salon):
    lucie, desk = shop.enrol("lucie"), sit(shop, "support")
    row = shop.buy(lucie, salon).subscription
    last = last_day_to_withdraw(shop.now().today, "FR")
    page = desk.get(url(shop, "subscriber", subscriber=lucie.public_id)).content.decode()
    address = url(shop, "subscription-withdraw", subscription=row.public_id)
    assert f'hx-get="{address}"' in page
    facts = text_of(desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id)))
    assert "Last day to withdraw without a reason" in facts
    said = text_of(desk.get(address))
    assert "Given back: Salon" in said and "−€51.00" in said and "To the means that paid €51.00" in said
    assert f"It may be done until {weekday_text(last, 'en')}." in said
    assert "Kept" not in said  # nothing was had yet
    with tenant(shop.id):
        assert not CreditNote.objects.exists()
    asked = {"credit": "prorated", "to": "balance", "reason": "Too loud"}
    assert "To the balance €51.00 To the means that paid €0.00" in text_of(desk.get(address, asked))
    assert desk.post(address, asked).status_code == 302
    with tenant(shop.id):
        ended, note = Subscription.objects.get(), CreditNote.objects.get()
        assert (ended.status, ended.end_reason, note.gross, note.to_balance) == ("ended", "withdrawn", 51_00, 51_00)
        assert Change.objects.get(verb="withdrawal").reason == "Too loud"
    assert "This subscription has already ended." in text_of(desk.post(address, asked))
    assert address not in desk.get(url(shop, "subscriber", subscriber=lucie.public_id)).content.decode()


def test_what_was_had_is_kept_line_by_line_and_on_which_wish(shop, salon):
    """31.00 for May, and a fee to begin; on the eleventh ten days were had: 10.00 is kept, unless all goes back."""
    world, desk = World.on(shop, "2027-05-01"), sit(shop, "support")
    row = world.subscribe(salon)
    world.until("2027-05-11")
    address = url(shop, "subscription-withdraw", subscription=row.public_id)
    said = text_of(desk.get(address))
    assert "Given back: Salon 31.00 × 21/31 = 21.00" in said and "−€21.00" in said and "−€41.00" in said
    assert "Kept: what was had Salon €10.00" in said
    assert "We know of no wish to begin at once. Without one, nothing is due: give everything back." in said
    assert "until Tuesday 18 May" in said
    with tenant(shop.id):
        told = {"subscriber": row.subscriber, "subscription": row, "quote": a_quote(row), "locale": "en"}
        CheckoutSession.objects.create(
            **told,
            status="complete",
            success_url="https://onde.example",
            channel="web",
            created_at=row.created_at,
            expires_at=row.created_at,
            completed_at=world.now.at - timedelta(days=10),
            consented_at=world.now.at - timedelta(days=10),
        )
    assert "asked for at once on the payment form, on 1 May: what was had stays due." in text_of(desk.get(address))
    said = text_of(desk.get(address, {"credit": "full", "to": "refund", "reason": ""}))
    assert "−€51.00" in said and "Kept" not in said and "wish to begin" not in said


def a_quote(row):
    """A quote of nothing, for a session to point to."""
    terms = {"legal_entity_id": row.legal_entity_id, "offer_version": row.offer_version, "currency": row.currency}
    sums = {"draft": {}, "later": [], "net": 0, "tax": 0, "total": 0}
    return Quote.objects.create(subscription=row, start_on=row.start_on, created_at=row.created_at, **terms, **sums)


def test_too_late_or_a_company_it_says_why_and_offers_no_button(shop, salon):
    desk = sit(shop, "support")
    lucie = shop.enrol("lucie")
    row = shop.buy(lucie, salon).subscription
    aged(shop, 30)
    address = url(shop, "subscription-withdraw", subscription=row.public_id)
    page = desk.get(address, headers={"HX-Request": "true"})
    assert "It could be withdrawn from until" in text_of(page) and "Cancel it instead." in text_of(page)
    assert 'type="submit"' not in page.content.decode()
    assert desk.post(address, {"to": "refund"}).status_code == 422
    facts = text_of(desk.get(url(shop, "subscriber-coming", subscriber=lucie.public_id)))
    assert "Last day to withdraw" not in facts
    with tenant(shop.id):
        assert Subscription.objects.get().status == "active" and not CreditNote.objects.exists()


def test_a_company_withdraws_only_where_the_settings_let_it(shop, salon):
    firm, desk = shop.enrol("firm", company="Onde SARL"), sit(shop, "support")
    row = shop.buy(firm, salon).subscription
    address = url(shop, "subscription-withdraw", subscription=row.public_id)
    page_of = url(shop, "subscriber", subscriber=firm.public_id)
    assert "Only consumers may withdraw" in text_of(desk.get(address))
    assert address not in desk.get(page_of).content.decode()
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(withdrawal_companies=True)
    assert "To the means that paid €51.00" in text_of(desk.get(address))
    assert address in desk.get(page_of).content.decode()


@pytest.mark.parametrize("role", ["read_only", "counter"])
def test_who_may_not_change_subscriptions_may_not_end_them_so(shop, salon, role):
    row = shop.buy(shop.enrol("lucie"), salon).subscription
    address = url(shop, "subscription-withdraw", subscription=row.public_id)
    assert sit(shop, role).post(address, {"to": "refund"}).status_code == 403
    with tenant(shop.id):
        assert Subscription.objects.get().status == "active"
