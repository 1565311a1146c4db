"""Enrolled at a salon's counter in Chromium, on a tablet of 1024 × 768; nothing lost without network."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from billing.flows import readers, subscribe
from billing.flows.wanted import Wanted
from billing.models import CheckoutSession, Enrolment
from invoices.services import tills
from invoices.services.register import Clerk
from merchants.models import Device, Feature, Membership, Merchant, Offer, Site
from merchants.services import devices, pins
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription, Visit
from subscribers.services import enrolment, visiting
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.counters import BOSS, PIN, present, salon, seller
from tests.worlds import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.fixture
def soleil() -> tuple[Shop, Site, Membership]:
    """A salon network's merchant: three offers, two of them with a commitment, and three options."""
    shop = Shop.open("Soleil", locale="fr")
    sessions = shop.feature("séances", "quota")
    with tenant(shop.id):
        sessions.title = {"fr": "séances", "en": "sessions"}
        sessions.save(update_fields=["title"])
    collagen = shop.option("Collagène", 9_90)
    goggles, cream = shop.once("Lunettes", 5_00), shop.once("Crème", 12_50)
    extras = [collagen, goggles, cream]
    shop.offer("Liberté", ("month", None, 29_90), options=extras, features={"séances": {"quota": 8}})
    shop.offer(
        "Fidélité", ("month", None, 24_90), options=extras, features={"séances": {"quota": 8}}, commitment_intervals=12
    )
    shop.offer("Illimité", ("month", None, 44_90), options=extras, features={"séances": {}}, commitment_intervals=12)
    site = salon(shop.id, "Soleil Lyon Part-Dieu")
    with tenant(shop.id):
        lea = {"name": "Léa Marchand", "phone": "06 39 98 55 17", "email": "lea@courriel.example"}
        enrolment.enrol(lea, merchant=shop.merchant, actor=shop.actor, now=shop.now(), site_id=site.pk)
    return shop, site, seller(shop.id, "Inès", sites=[site])


def sit_down(page: Page, address: str, shop: Shop, site: Site, member: Membership) -> None:
    """Pair the tablet and sign in, through the pages."""
    with tenant(shop.id):
        code = devices.register(site=site, name="Caisse 1", by=None, actor=BOSS, now=present()).code
    page.goto(f"{address}/counter/")
    page.get_by_label(re.compile("Code d’association|Pairing code")).fill(code)
    page.locator("button.is-main").click()
    page.get_by_text(member.user.name).click()
    for digit in PIN:
        page.locator(f"[data-digit='{digit}']").click()
    picture(page, "counter-pin")
    page.locator("[data-pin-pad] button[type=submit]").click()
    expect(page).to_have_url(re.compile("/counter/enrol$"))
    page.goto(f"{address}/counter/till")
    page.locator("#float_amount").fill("100")
    page.locator("button.is-main").click()
    expect(page.locator("#counted")).to_be_visible()
    page.goto(f"{address}/counter/enrol")


def test_a_walk_in_is_enrolled_in_few_touches(soleil, chromium):
    shop, site, ines = soleil
    with product() as address, window(chromium, width=1024, height=768) as page:
        sit_down(page, address, shop, site, ines)
        picture(page, "counter-empty")
        begun, touches = time.monotonic(), 0

        def touch(what: str) -> None:
            nonlocal touches
            touches += 1
            page.locator(what).click()

        page.locator("#phone").press_sequentially("06 39 98 55 1", delay=20)
        touch(".known-list button")
        expect(page.locator("[data-ticket-name]")).to_have_text("Léa Marchand")
        touch("label.offer-card:has-text('Liberté')")
        touch("#options label:has-text('Collagène')")
        expect(page.locator("#due-today")).to_have_text(re.compile("39,80"))
        touch("#options label:has-text('Lunettes')")
        expect(page.locator("#due-today")).to_have_text(re.compile("44,80"))
        expect(page.locator("#due-later")).to_have_text(re.compile("39,80"))
        touch("label:has([name=means][value=cash])")
        touch("label:has([name=later][value=counter])")
        touch(".tenders label:has-text('50,00')")
        expect(page.locator(".ticket-change b")).to_have_text(re.compile("5,20"))
        picture(page, "counter-1024")
        touch(".ticket button[type=submit]")
        expect(page).to_have_url(re.compile("/counter/enrolled/"))
        expect(page.locator(".ticket-change b")).to_have_text(re.compile("5,20"))
        took = time.monotonic() - begun
        picture(page, "counter-enrolled")
        page.locator("a[href*='/receipts/']").click()
        expect(page.locator(".roll")).to_contain_text(re.compile("44,80"))
        picture(page, "counter-receipt")
        page.go_back()
        page.locator("a[href$='/card']").click()
        expect(page.locator(".counter-qr-code svg")).to_be_visible()
        picture(page, "counter-card")
        page.goto(f"{address}/counter/till")
        picture(page, "counter-till")
        page.locator("#counted").fill("144,80")
        page.locator("form[action$=close] button").click()
        expect(page.locator(".roll")).to_contain_text(re.compile("144,80"))
        picture(page, "counter-z")
    assert touches <= 12 and took < 45, (touches, took)
    with tenant(shop.id):
        made = Enrolment.objects.get()
        assert (made.due, made.tendered, made.touches) == (44_80, 50_00, touches)
        assert Subscription.objects.get().subscriber.name == "Léa Marchand"


def test_a_card_on_the_subscribers_phone_is_seen_live(soleil, chromium):
    shop, site, ines = soleil
    with product() as address, window(chromium, width=1024, height=768) as page:
        sit_down(page, address, shop, site, ines)
        page.locator("#name").fill("Bruno Teixeira")
        page.locator("#email").fill("bruno@example.com")
        page.locator("label.offer-card:has-text('Illimité')").click()
        page.locator("label:has([name=means][value=page])").click()
        page.locator("label:has([name=later][value=card])").click()
        expect(page.locator(".ticket button[type=submit]")).to_have_text(re.compile("44,90"))
        page.locator(".ticket button[type=submit]").click()
        expect(page.locator(".counter-qr-code svg")).to_be_visible()
        picture(page, "counter-qr")
        with tenant(shop.id):
            session = CheckoutSession.objects.select_related("subscription", "quote").get()
        shop.press(session)
        shop.look(session)
        expect(page.locator("#standing [data-state=good]").first).to_be_visible()
        expect(page.locator(".counter-qr-code")).to_have_count(0)


def test_what_was_typed_survives_a_lost_connection_and_is_sent_once(soleil, chromium):
    shop, site, ines = soleil
    with product() as address, window(chromium, width=1024, height=768, ignoring="net::ERR") as page:
        sit_down(page, address, shop, site, ines)
        page.locator("#name").fill("Nora Petit")
        page.locator("#phone").fill("06 11 22 33 44")
        page.locator("label.offer-card:has-text('Liberté')").click()
        page.locator("label:has([name=means][value=terminal])").click()
        page.locator("label:has([name=later][value=counter])").click()
        expect(page.locator("#due-today")).to_have_text(re.compile("29,90"))
        page.route("**/counter/enrol/act", lambda route: route.abort())
        page.locator(".ticket button[type=submit]").click()
        expect(page.locator("[data-kept]")).to_be_visible()
        picture(page, "counter-kept")
        page.reload()
        expect(page.locator("[data-kept]")).to_be_visible()
        with tenant(shop.id):
            assert Enrolment.objects.count() == 0
        page.unroute("**/counter/enrol/act")
        page.locator("[data-send-kept]").click()
        expect(page.locator("[data-kept]")).to_be_hidden()
    with tenant(shop.id):
        assert Enrolment.objects.count() == 1 and Subscription.objects.get().subscriber.name == "Nora Petit"


def test_what_is_refused_later_or_met_by_a_closed_door_is_not_lost(soleil, chromium):
    """Signed out in mid-enrolment: sent after the PIN. Refused then, the till being closed: kept with its reason, put
    back into the form, and sent once the till is open."""
    shop, site, ines = soleil
    with product() as address, window(chromium, width=1024, height=768, ignoring="the server responded with") as page:
        sit_down(page, address, shop, site, ines)
        page.locator("#name").fill("Nora Petit")
        page.locator("#phone").fill("06 11 22 33 44")
        page.locator("label.offer-card:has-text('Liberté')").click()
        page.locator("#options label:has-text('Lunettes')").click()
        page.locator("label:has([name=means][value=terminal])").click()
        page.locator("label:has([name=later][value=counter])").click()
        expect(page.locator("#due-today")).to_have_text(re.compile("34,90"))
        with tenant(shop.id):
            device = Device.objects.get()
            session = tills.session_at(device)
            clerk = Clerk(member=ines, device=device, actor=BOSS)
            tills.close_session(session, 100_00, clerk=clerk, now=present())
            pins.sign_out(device)
        page.locator(".ticket button[type=submit]").click()
        expect(page).to_have_url(re.compile("/counter/sign-in$"))
        page.get_by_text("Inès").click()
        page.locator("#pin").fill(PIN)
        page.locator("[data-pin-pad] button[type=submit]").click()
        expect(page.locator(".is-refused")).to_contain_text(re.compile("Nora Petit.*caisse", re.DOTALL))
        picture(page, "counter-refused-later")
        with tenant(shop.id):
            assert Enrolment.objects.count() == 0
        page.locator("[data-open]").click()
        expect(page.locator("#name")).to_have_value("Nora Petit")
        expect(page.locator("#due-today")).to_have_text(re.compile("34,90"))
        with tenant(shop.id):
            tills.open_session(clerk=clerk, float_amount=100_00, now=present())
        page.locator("[data-again]").click()
        expect(page.locator("[data-sent] a")).to_have_text("Nora Petit")
        expect(page.locator("[data-kept]")).to_be_hidden()
    with tenant(shop.id):
        assert Enrolment.objects.get().due == 34_90


def test_a_card_at_the_reader_beside_the_tablet(soleil, chromium):
    """The reader is asked by itself, its own screen is played in another window, and the counter sees each step."""
    shop, site, ines = soleil
    with tenant(shop.id):
        reader = readers.register(account=shop.account, site=site, name="Lecteur 1", provider_ref="", now=present())
    with product() as address, window(chromium, width=1024, height=768) as page:
        sit_down(page, address, shop, site, ines)
        page.locator("#name").fill("Bruno Teixeira")
        page.locator("#email").fill("bruno@example.com")
        page.locator("label.offer-card:has-text('Illimité')").click()
        page.locator("label:has([name=means][value=reader])").click()
        page.locator("label:has([name=later][value=card])").click()
        expect(page.locator(".ticket button[type=submit]")).to_have_text(re.compile("44,90"))
        picture(page, "counter-reader-enrol")
        page.locator(".ticket button[type=submit]").click()
        expect(page.locator(".pay-reader")).to_contain_text("Lecteur 1")
        picture(page, "counter-reader-waits")
        with window(chromium, width=420, height=800) as screen:
            screen.goto(address + readers.played_at(reader).removeprefix(settings.PUBLIC_URL))
            picture(screen, "counter-reader-screen")
            screen.locator("label:has([value=pm_card_chargeDeclinedInsufficientFunds])").click()
            screen.locator("button.is-main").click()
            expect(page.locator("#pay-part [role=alert]")).to_be_visible()
            picture(page, "counter-reader-refused")
            page.locator(".pay-readers button").click()
            expect(page.locator(".pay-reader")).to_be_visible()
            screen.reload()
            screen.locator("button.is-main").click()
            expect(screen.locator("[data-state=good]")).to_be_visible()
        expect(page.locator("#standing [data-state=good]").first).to_be_visible()
        expect(page.locator("#pay-part")).to_have_count(0)
        picture(page, "counter-reader-paid")
    with tenant(shop.id):
        row = Subscription.objects.select_related("payment_method").get()
        assert (row.status, row.payment_method.last4) == ("active", "4242")


def test_a_big_yes_and_a_big_no(soleil, chromium):
    shop, site, ines = soleil
    with tenant(shop.id):
        Merchant.objects.update(entry_feature=Feature.objects.get().pk)
        lea = Subscriber.objects.get(name="Léa Marchand")
        offer = Offer.objects.get(reference="Liberté")
        known = {"name": "Bruno Teixeira", "phone": "06 11 22 33 44"}
        bruno = enrolment.enrol(known, merchant=shop.merchant, actor=shop.actor, now=shop.now(), site_id=site.pk)
        card = visiting.card_of(bruno, now=shop.now())
    subscribe.subscribe_now(merchant_id=shop.id, wanted=Wanted(subscriber=lea, offer=offer), actor=shop.actor)
    seller(shop.id, "Mona", role="admin")
    with product() as address, window(chromium, width=1024, height=768) as page:
        sit_down(page, address, shop, site, ines)
        page.goto(f"{address}/counter/door")
        page.locator("[name=q]").press_sequentially("marchnad", delay=20)
        page.locator("#door-people a").click()
        expect(page.locator(".answer-word b")).to_have_text("Oui")
        picture(page, "door-yes")
        page.keyboard.type(card.code)  # the next one's card, scanned while Léa's answer is open
        page.keyboard.press("Enter")
        expect(page.locator(".answer-why h1")).to_have_text("Bruno Teixeira")
        with tenant(shop.id):
            assert Visit.objects.count() == 0, "nobody was let in by a scan"
        page.go_back()
        page.locator(".answer-do .is-main").click()
        expect(page.locator(".answer-left")).to_contain_text("7")
        picture(page, "door-in")
        page.goto(f"{address}/counter/door")
        page.locator("[name=q]").press_sequentially("06 11 22 33", delay=20)
        page.locator("#door-people a").click()
        expect(page.locator(".answer-word b")).to_have_text("Non")
        page.locator("summary.key", has_text="Laisser entrer").click()
        picture(page, "door-no")
