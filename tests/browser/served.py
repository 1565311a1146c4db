"""The product on a port of this machine, in this process, for tests in Chromium; and a merchant's site beside it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, Page, sync_playwright

from merchants.clock import instant
from merchants.models import Membership
from merchants.tenancy.scope import tenant
from tests.pages.offices import logged_in, person
from tests.worlds import Shop

PICTURES = os.environ.get("TACITE_PICTURES", "")
"""A folder that screenshots go to, where somebody wants to look at them."""
SHOP_PAGE = b"""<!doctype html><html lang="fr"><meta charset="utf-8"><title>Onde</title>
<link rel="icon" href="data:,"><h1>Merci</h1></html>"""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = False  # closing waits for what is still being answered
    request_queue_size = 64


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Closing:
    """A handler that gives the thread's database connections back."""

    def __init__(self) -> None:
        self.inner = StaticFilesHandler(WSGIHandler())

    def __call__(self, environ, start_response):
        answer = None
        try:
            answer = self.inner(environ, start_response)
            return list(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
            connections.close_all()


@contextmanager
def serving(application) -> Iterator[str]:
    """An application on a free port; its address."""
    server = make_server("127.0.0.1", 0, application, Server, Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def product() -> Iterator[str]:
    """The whole product, which knows its own address."""
    with serving(Closing()) as address, override_settings(PUBLIC_URL=address, CSRF_TRUSTED_ORIGINS=[address]):
        yield address


def shop_site(environ, start_response):
    """A merchant's site: another origin, where every page says thank you."""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [SHOP_PAGE]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A real Chromium, or the test is skipped."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser, *, width: int, height: int = 0, locale: str = "fr-FR", ignoring: str = "", **more
) -> Iterator[Page]:
    """A page in a window of that width. The browser must not have complained about anything when it closes, but of what
    has `ignoring` in it (a network that a test took away)."""
    height = height or (900 if width > 600 else 844)
    scale = 1 if width > 600 else 2
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, locale=locale, **more
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(15_000)
    yield page
    context.close()
    left = [one for one in complaints if not ignoring or ignoring not in one]
    assert left == [], left


def picture(page: Page, name: str) -> None:
    """Keep what is seen, where a folder for pictures is named."""
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@contextmanager
def seated(shop: Shop, chromium: Browser, *, width: int, locale: str) -> Iterator[tuple[Page, str]]:
    """Julie of the support, logged in to the back office in her language: her page, and the product's address."""
    user, cookie = person(locale=locale, name="Julie"), settings.SESSION_COOKIE_NAME
    with tenant(shop.id):
        Membership.objects.create(user=user, role="support", created_at=instant())
    with product() as address, window(chromium, width=width) as page:
        value = logged_in(user).cookies[cookie].value
        page.context.add_cookies([{"name": cookie, "value": value, "url": address}])
        yield page, address
