"""Alerts in Chromium: several settled at once; the letters that tell of them, as a mailbox shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from alerts.models import Alert, Message
from alerts.services import letters, mail, raising, staff
from merchants.clock import instant
from merchants.ids import show
from merchants.models import Membership, Merchant
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod
from subscribers.services import facts
from subscribers.shapes import payment_method
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.offices import logged_in, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


def furnish(shop) -> None:
    """Some of everything that may wait for somebody, of four people."""
    offer = shop.offer("Onde Hifi", ("month", None, 12_99))
    names = ("Hugo Lenoir", "Amina Belkacem", "Jules Perrin", "Chloé Roux")
    people = [shop.enrol(f"ON-{n}", name=name) for n, name in enumerate(names, 1)]
    invoice = shop.buy(people[0], offer).invoice
    day = (shop.now().today + timedelta(days=12)).isoformat()
    card = {"brand": "visa", "last4": "4242", "last_day": day}
    told = [
        ("trial_ending", "info", people[2], {"ends_on": day, "amount": "1299", "currency": "EUR"}),
        ("subscription_ended", "info", people[1], {"why": "cancelled"}),
        ("cancellation_scheduled", "warn", people[3], {}),
        ("card_expiring", "warn", people[1], card),
        ("card_expiring", "warn", people[2], card),
        ("card_expired", "bad", people[3], card),
        ("payment_failed", "warn", people[0], {"invoice": invoice.public_id}),
        ("dunning_suspended", "bad", people[1], {"invoice": invoice.public_id}),
    ]
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(locale="fr", name="Onde")
        rows = [
            Alert(
                kind=kind, severity=severity, fact=f"{kind}:{n}", subscriber=who, details=details, created_at=instant()
            )
            for n, (kind, severity, who, details) in enumerate(told)
        ]
        raising.raise_all(rows, now=shop.now())


def sit(page: Page, shop, address: str, locale: str) -> None:
    """An owner's log-in cookie in the browser."""
    user = person(locale=locale, name="Priya Nair")
    with tenant(shop.id):
        Membership.objects.create(user=user, role="owner", created_at=instant())
    cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": address}])


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(("width", "locale"), [(1440, "fr"), (390, "en")])
def test_several_alerts_are_settled_at_once(shop, chromium, width, locale):
    furnish(shop)
    place = {"merchant": shop.merchant.public_id}
    with product() as address, window(chromium, width=width, locale=f"{locale}-FR") as page:
        sit(page, shop, address, locale)
        page.goto(address + reverse("office:alerts", kwargs=place))
        bar = page.locator("[data-bulk]")
        expect(bar).to_be_hidden()
        assert fits(page)
        picture(page, f"alerts-{width}")
        ticks = page.locator('input[name="alert"]')
        expect(ticks).to_have_count(8)
        if width > 600:
            ticks.nth(0).check()
            ticks.nth(1).check()
            expect(bar.locator("[data-count]")).to_have_text("2")
            picture(page, f"alerts-ticked-{width}")
            bar.locator('button[value="resolve"]').click()
        else:  # a phone has no boxes: two buttons a line
            for left in (7, 6):
                page.locator('button[formaction$="/resolve"]').first.click()
                expect(ticks).to_have_count(left)
        expect(page.locator('input[name="alert"]')).to_have_count(6)

        page.locator('select[name="kind"]').select_option("card_expiring")
        expect(page.locator('input[name="alert"]')).to_have_count(2)
        picture(page, f"alerts-kind-{width}")
        page.locator('button[value="resolve_kind"]').click()
        expect(page.locator('input[name="alert"]')).to_have_count(0)
        page.goto(address + reverse("office:alert_mail", kwargs=place))
        assert fits(page)
        picture(page, f"alerts-mail-{width}")


def composed(shop, *, kind: str, locale: str, **columns):
    """The HTML of a letter, written as it would be sent now."""
    with tenant(shop.id):
        row = Message.objects.create(kind=kind, locale=locale, created_at=instant(), **columns)
        matter = letters.gather(row, at=instant())
        Message.objects.filter(id=row.pk).delete()
    [(html, _type)] = mail.compose(matter).alternatives
    return html


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_letters_can_be_read_on_a_wide_page_and_on_a_phone(shop, chromium, locale):
    furnish(shop)
    with (
        product() as address,
        window(chromium, width=601, locale=locale) as wide,
        window(chromium, width=390, locale=locale) as narrow,
    ):
        sit(wide, shop, address, locale)
        with tenant(shop.id):
            card = PaymentMethod.objects.get()
            data = {"object": payment_method(card), "days_left": 7, "last_day": "2034-12-31"}
            [event] = facts.tell(
                card.subscriber_id, ("payment_method.expiring", card.pk, data), actor=shop.actor, now=shop.now()
            )
            Message.objects.all().delete()
        html = {
            "digest": composed(shop, kind=staff.DAILY, locale=locale, to_merchant=True),
            "now": composed(shop, kind=staff.NOW, locale=locale, to_merchant=True),
            "card": composed(shop, kind="card_expiring", locale=locale, subscriber_id=card.subscriber_id, event=event),
        }
        assert f"/office/{shop.merchant.public_id}/" in html["digest"]
        assert show("cus", card.subscriber_id) not in html["card"]
        for name, content in html.items():
            for page, width in ((wide, 600), (narrow, 390)):
                page.set_content(content)
                assert fits(page), name
                picture(page, f"letter-{name}-{locale}-{width}")
