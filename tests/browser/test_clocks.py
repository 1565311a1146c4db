"""A year in a minute, in Chromium: a clock is made, sent on, followed by its page, and deleted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connections
from playwright.sync_api import expect

from billing.flows import clock_work, clocks
from merchants.models import LegalEntity, ProviderAccount
from merchants.models import TestClock as Clock
from merchants.selectors.clocks import now_for
from merchants.services.entities import create_legal_entity
from merchants.tenancy.scope import tenant
from subscribers.services import enrolment
from tests.browser.served import chromium, picture, product, window
from tests.browser.test_offer_editor import enter
from tests.pages.offices import NOW, Seat, office
from tests.worlds import TESTER, Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[str, object]]:
    with product() as address, chromium() as browser:
        yield address, browser


@pytest.fixture
def workers(monkeypatch) -> Iterator[list[threading.Thread]]:
    """A worker that is nudged carries the clock on, as Celery's would."""
    started: list[threading.Thread] = []

    def work(merchant_id, clock_id):
        try:
            clock_work.carry_on(merchant_id=merchant_id, clock_id=clock_id)
        finally:
            connections.close_all()

    def nudge(merchant_id, clock_id):
        started.append(threading.Thread(target=work, args=(merchant_id, clock_id)))
        started[-1].start()

    monkeypatch.setattr(clocks, "nudge", nudge)
    yield started
    for thread in started:
        thread.join(60)


def living_on(seat: Seat, clock: Clock, name: str) -> None:
    """A subscriber on the clock who bought Onde Hifi."""
    sandbox = seat.merchant
    with tenant(sandbox.id):
        sandbox.success_url = "https://onde.example/merci"
        sandbox.save()
        account = ProviderAccount.objects.get(is_default=True)
        entity = LegalEntity.objects.filter(is_default=True).first() or create_legal_entity(
            name="Onde SAS", line1="1 rue de la Paix", postal_code="69001", city="Lyon", actor=TESTER, now=NOW
        )
        now = now_for(sandbox, clock.pk)
        row = enrolment.enrol({"name": name}, merchant=sandbox, actor=TESTER, now=now, test_clock_id=clock.pk)
    shop = Shop(merchant=sandbox, entity=entity, account=account)
    shop.buy(row, shop.offer(f"onde-{row.pk}", ("month", None, 12_99)))


@pytest.mark.parametrize(("width", "locale"), [(1440, "en"), (390, "en"), (1440, "fr"), (390, "fr")])
def test_a_year_in_a_minute(stage, transactional_db, workers, width, locale):
    address, browser = stage
    live = office("Onde", locale=locale)
    seat = replace(live, merchant=live.sandbox)
    french = locale == "fr"
    with window(browser, width=width, locale=f"{locale}-{locale.upper()}" if french else "en-GB") as page:
        enter(page, seat, address, "developer_clocks")
        picture(page, f"clocks-none-{width}-{locale}")
        page.locator("#id_name").fill("Un an de Hifi" if french else "A year of Hifi")
        page.locator("#id_time").fill("2027-01-31T10:00")
        page.locator("aside form button").click()
        expect(page.locator(".clock-face")).to_contain_text("31 janvier 2027" if french else "31 January 2027")
        picture(page, f"clock-new-{width}-{locale}")
        with tenant(seat.merchant.id):
            clock = Clock.objects.get()
        living_on(seat, clock, "Ada Lovelace")
        living_on(seat, clock, "Camille Morel")

        page.get_by_role("button", name="+ 1 mois" if french else "+ 1 month").click()
        expect(page.locator(".clock-face")).to_contain_text("28 février 2027" if french else "28 February 2027")
        expect(page.get_by_role("button", name="+ 1 an" if french else "+ 1 year")).to_be_visible()
        page.get_by_role("button", name="+ 1 an" if french else "+ 1 year").click()
        expect(page.locator("#clock[hx-get]")).to_have_count(1)
        expect(page.locator(".clock-face")).not_to_contain_text("28 février" if french else "28 February")
        picture(page, f"clock-moving-{width}-{locale}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        expect(page.locator("#clock[hx-get]")).to_have_count(0, timeout=60_000)
        expect(page.locator(".clock-face")).to_contain_text("28 février 2028" if french else "28 February 2028")
        expect(page.locator("#lives ~ table, .ledger")).to_contain_text("Ada Lovelace")
        picture(page, f"clock-there-{width}-{locale}")

        page.goto(address + seat.url("developer_clocks"))
        picture(page, f"clocks-{width}-{locale}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.goto(address + seat.url("developer_clock", clock=clock.public_id))
        page.locator("[data-opens=delete]").click()
        picture(page, f"clock-delete-{width}-{locale}")
        page.locator("#delete button[type=submit]").click()
        expect(page.locator(".notice").first).to_be_visible()
        with tenant(seat.merchant.id):
            assert Clock.objects.get().deleted_at is not None
