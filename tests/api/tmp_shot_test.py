import pytest, time, statistics
from tests.api.callers import Caller, monthly

pytestmark = pytest.mark.django_db(transaction=True)


def test_shot(live_server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        b = p.chromium.launch()
        for w in (1440, 390):
            page = b.new_page(viewport={"width": w, "height": 900})
            logs = []
            page.on("console", lambda m: logs.append(m.text))
            page.goto(live_server.url + "/api/v1/docs")
            page.screenshot(path=f"/tmp/b/shots/docs{w}.png")
            page.evaluate("document.getElementById('list_offers').scrollIntoView()")
            page.screenshot(path=f"/tmp/b/shots/docs{w}b.png")
            print(w, logs[:5], page.evaluate("document.documentElement.scrollWidth"))
        b.close()


def test_speed(site):
    made = site.make("offers", monthly())
    for n in range(30):
        site.make("offers", monthly(f"o{n}"))
    for path in (f"offers/{made['id']}", "offers?limit=25", "merchant"):
        times = []
        for _ in range(60):
            t = time.perf_counter()
            site.get(path)
            times.append((time.perf_counter() - t) * 1000)
        print(path, "p50", round(statistics.median(times), 1), "min", round(min(times), 1))
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as q:
        site.get("merchant")
    for each in q:
        print(each["sql"][:140])
