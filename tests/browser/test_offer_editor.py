"""Writing an offer in Chromium: the card and the time line follow what is typed; nothing is saved before it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from merchants.models import Offer
from merchants.selectors.offers import show_offers
from merchants.tenancy.scope import tenant
from tests.browser.served import chromium, picture, product, window
from tests.pages.offices import Seat, office

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[str, object]]:
    with product() as address, chromium() as browser:
        yield address, browser


def enter(page: Page, seat: Seat, address: str, name: str) -> None:
    """Open a page of the office as its member; a person's log-in is played in test_account."""
    session = seat.client.cookies["tacite_session"].value
    page.context.add_cookies([{"name": "tacite_session", "value": session, "url": address}])
    page.goto(address + seat.url(name))


def offers_of(seat: Seat) -> list[dict[str, Any]]:
    with tenant(seat.merchant.id):
        return [dict(one) for one in show_offers(list(Offer.objects.order_by("id")))]


@pytest.mark.parametrize("width", [1440, 390])
def test_an_offer_is_written_seen_and_put_on_sale(stage, transactional_db, width):
    address, browser = stage
    seat = office("Onde")
    with window(browser, width=width, locale="en-GB") as page:
        enter(page, seat, address, "offer_new")
        page.get_by_label("Reference").fill("onde-hifi")
        page.locator("#id_title_en").fill("Onde Hifi")
        page.locator("#id_stages-0-price").fill("12,99")
        page.locator("#id_stages-0-price").blur()
        expect(page.locator(".sample-price")).to_have_text("€12.99 a month")
        expect(page.locator(".track-price")).to_have_text(["€12.99"])
        expect(page.locator(".sample-name")).to_have_text("Onde Hifi")

        page.get_by_role("button", name="Add a stage").click()
        expect(page.locator(".track-edit")).to_have_count(2)
        expect(page.locator("#stage-0")).to_be_visible()
        expect(page.locator("#stage-1")).to_be_hidden()
        assert page.locator("#id_stages-1-price").input_value() == "12,99", "the normal price stays last"
        page.locator("#id_stages-0-price").fill("0")
        page.locator("#id_stages-0-label_en").fill("Free month")
        page.locator("#id_stages-0-label_en").blur()
        expect(page.locator(".sample-price")).to_have_text("One month free")
        expect(page.locator(".track-block b")).to_have_text(["Free month", "Normal price"])

        page.locator("[data-stage='1']").click()
        expect(page.locator("#stage-1")).to_be_visible()
        expect(page.locator("#stage-0")).to_be_hidden()
        page.locator("#id_stages-1-price").fill("x")
        page.locator("#id_stages-1-price").blur()
        expect(page.locator(".sample")).to_have_count(0)
        page.locator("#id_stages-1-price").fill("13.99")
        page.locator("#id_stages-1-price").blur()
        expect(page.locator(".sample")).to_contain_text("then €13.99 a month.")
        expect(page.locator("[data-stage='1']")).to_have_attribute("aria-pressed", "true")

        page.get_by_label("Who buys on").fill("2027-01-31")
        days = page.locator("#simulation tbody tr td:first-child")
        expect(days.nth(2)).to_have_text("31 Mar 2027")
        expect(page.locator("#simulation tbody tr").nth(1)).to_contain_text("28 Feb 2027")
        expect(page.locator("#simulation tbody tr").nth(1)).to_contain_text("€13.99")

        page.locator("#card-language").get_by_text("Français").click()
        expect(page.locator(".sample-price")).to_have_text(re.compile("mois"))
        expect(page.get_by_label("Who buys on")).to_have_value("2027-01-31")
        expect(days.nth(2)).to_have_text("31 Mar 2027")
        assert offers_of(seat) == []
        picture(page, f"offer-editor-{width}")

        page.get_by_role("button", name="Put on sale").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Onde Hifi")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    [offer] = offers_of(seat)
    assert [(one["amount"], one["recurrences"]) for one in offer["stages"]] == [(0, 1), (1399, None)]


def test_without_scripts_the_same_form_does_it_all(stage, transactional_db):
    address, browser = stage
    seat = office("Onde")
    with window(browser, width=1440, locale="en-GB", java_script_enabled=False) as page:
        enter(page, seat, address, "offer_new")
        page.get_by_label("Reference").fill("onde")
        page.locator("#id_title_en").fill("Onde")
        page.locator("#id_stages-0-price").fill("8.99")
        page.get_by_role("button", name="Add a stage").click()
        expect(page.locator("#stage-0")).to_be_visible()
        expect(page.locator("#stage-1")).to_be_visible()
        page.locator("#id_stages-0-price").fill("0")
        page.get_by_role("button", name="Put on sale").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Onde")
    assert [one["amount"] for one in offers_of(seat)[0]["stages"]] == [0, 899]


def test_a_new_key_is_shown_with_a_button_that_copies_it(stage, transactional_db):
    address, browser = stage
    seat = office("Onde")
    with window(browser, width=1440, locale="en-GB", permissions=["clipboard-read", "clipboard-write"]) as page:
        enter(page, seat, address, "developers")
        page.get_by_label("Name").fill("Onde's site")
        page.get_by_role("button", name="Make the key").click()
        secret = page.locator(".secret code").inner_text()
        assert re.fullmatch(r"sk_live_[\w-]{43}", secret)
        page.locator(".secret").get_by_role("button", name="Copy").click()
        expect(page.locator(".secret").get_by_role("button")).to_contain_text("Copied")
        page.goto(address + seat.url("developers"))
        expect(page.locator("body")).not_to_contain_text(secret)
        page.get_by_role("button", name="Revoke…").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(page.locator("tbody")).to_contain_text("revoked")
