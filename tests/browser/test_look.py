"""The look in Chromium, under the product's content security policy: search, dialogs, copying, theme, phone."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "csp.middleware.CSPMiddleware",
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server of the style guide alone: no database, no session."""
    changed = override_settings(
        ROOT_URLCONF="tests.browser.urls_of_the_guide",
        MIDDLEWARE=MIDDLEWARE,
        ALLOWED_HOSTS=["127.0.0.1"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    )
    with changed:
        server = make_server("127.0.0.1", 0, StaticFilesHandler(WSGIHandler()), Server, Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The guide, open; the browser must not have complained about anything when the test ends."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
        locale="en-GB",
        color_scheme="light",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    context.close()
    assert complaints == []


def test_slash_searches_and_the_keyboard_walks_through_the_answers(page: Page):
    page.keyboard.press("/")
    page.keyboard.type("camille")
    answers = page.locator(".search-answers a")
    expect(answers).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(answers.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(answers).to_have_count(0)


def test_slash_inside_a_field_is_a_character(page: Page):
    note = page.locator("textarea[name=note]")
    note.click()
    page.keyboard.type("and/or")
    expect(note).to_have_value("and/or")


def test_a_fetched_dialog_opens_asks_for_its_cost_again_and_goes(page: Page):
    page.evaluate("htmx.ajax('GET', '/dialog', {target: '#dialog-place'})")
    dialog = page.locator("#dialog-place dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Onde Famille").check()
    expect(dialog.locator(".preview")).to_have_text("Now famille")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


def test_a_confirmation_opens_and_escape_leaves_it(page: Page):
    page.get_by_role("button", name="Onde Hifi…").click()
    expect(page.locator("#end-it")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#end-it")).to_be_hidden()


def test_copying_puts_the_secret_on_the_clipboard_and_says_so(page: Page):
    page.locator(".secret [data-copy]").click()
    expect(page.locator(".secret [data-copy]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "sk_test_4f9c1d7e2b8a6053"


def test_a_click_elsewhere_closes_the_merchant_switch(page: Page):
    page.locator(".side .switch summary").click()
    expect(page.locator(".side .switch-list")).to_be_visible()
    page.get_by_role("heading", name="Style guide").click()
    expect(page.locator(".side .switch-list")).to_be_hidden()


def test_the_system_decides_on_the_theme_until_the_browser_remembers_another(page: Page):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert light != dark
    page.evaluate("localStorage.setItem('theme', 'light')")
    page.reload()
    assert page.evaluate(ground) == light


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_phone_scrolls_in_one_direction_only(page: Page, address: str, language: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": address}])
    page.goto(address)
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".menu > summary").click()
    expect(page.locator(".menu-panel .side-list").first).to_be_visible()
