"""The history on a subscriber's page: acts in words, filtered, page by page, two dates compared."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from alerts.services import endpoints
from merchants.actors import Actor
from merchants.now import Now
from merchants.templatetags.statuses import WORDS
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.pages.columns import COLUMNS, label_of
from subscribers.pages.titles import CHANGES, EVENTS, KINDS, TOLD_BY_A_CHANGE, change_title, event_title
from subscribers.selectors.history_answers import SUBJECTS
from subscribers.services import enrolment
from tests.pages.onde import JULIE, entries
from tests.pages.subscribers_at import Desk
from tests.worlds import utc

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_history_says_acts_in_words_with_before_and_after(desk, shop, camille):
    with tenant(shop.id):
        enrolment.revise(camille, {"city": "Paris", "phone": "0639984127"}, actor=JULIE, now=shop.now(), reason="moved")
    text = desk.get("subscriber", subscriber=camille.public_id).content.decode()
    found = entries(text)
    assert re.fullmatch(
        r"Profile changed Phone none 0639984127 City Lyon Paris Reason: moved"
        r" \d+ \w+ \d\d:\d\d, Julie Renaud, Call centre",
        found[0],
    )
    assert re.match(r"Invoice \d{4}-000001 paid", found[1])
    assert found[2].startswith("Features opened quality no hifi streams no 2 streams no +1")
    assert any(
        re.match(r"Subscription to Hifi Status Not paid yet Active Period, last day none \d+", one) for one in found
    )
    assert any(re.match(r"Invoice \d{4}-000001 .* €8\.99", one) for one in found)
    assert any(re.match(r"Payment succeeded .* €8\.99", one) for one in found)
    assert any(one.startswith("Visa 4242 added") for one in found)
    assert any(one.startswith("Option Device") for one in found)
    assert found[-1].startswith("Enrolled")
    assert 'aria-label="Call centre"' in text and 'aria-label="becomes"' in text


def test_no_raw_name_of_a_column_or_a_code_is_shown_in_either_language(shop, camille):
    raw = {column for columns in COLUMNS.values() for column in columns if "_" in column}
    raw |= {"payment_settled", "option_added", "coupon_attached", "made_default", "invoice.paid", "grant."}
    for locale in ("en", "fr"):
        page = Desk.at(shop, locale=locale).text("subscriber", subscriber=camille.public_id)
        assert [name for name in raw if name in page] == []
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7", page), "no uuid either"


def test_who_acted_inside_the_service_is_named_in_either_language(shop, camille):
    """Each of the product's own actors has its words; a name that the table lacks would be shown as it is written."""
    root = Path(__file__).resolve().parents[2]
    labels = {
        label
        for app in ("merchants", "subscribers", "invoices", "billing", "alerts")
        for file in (root / app).rglob("*.py")
        for label in re.findall(r'Actor\.system\("([^"]+)"\)', file.read_text(encoding="utf-8"))
    } - {"preview"}
    assert labels - set(WORDS["system"]) == set()
    with tenant(shop.id):
        enrolment.revise(camille, {"city": "Paris"}, actor=Actor.system("test clock"), now=shop.now())
    page = Desk.at(shop, locale="fr").text("subscriber", subscriber=camille.public_id)
    assert "horloge de test" in page and "test clock" not in page


@translation.override("en")
def test_every_column_of_the_history_has_a_name_or_says_that_it_has_none():
    for kind, model in SUBJECTS.items():
        told = {f.attname for f in model._meta.local_concrete_fields} - history.UNTOLD
        assert set(COLUMNS[kind]) == told, kind
    assert label_of("subscriber", "city") == "City" and label_of("subscription", "anchor_kind") == ""


@translation.override("en")
def test_every_verb_and_event_of_the_product_has_a_title():
    code = "".join(
        path.read_text()
        for app in ("subscribers", "billing")
        for path in Path(app).rglob("*.py")
        if "pages" not in str(path)
    )
    verbs = set(re.findall(r'verb="(\w+)"', code)) - {"deleted"}
    assert verbs <= {verb for _, verb in CHANGES}, verbs
    assert set(KINDS) == set(SUBJECTS)
    assert change_title("subscription", "something_new", "Hifi") == "Change of Hifi"
    assert change_title("subscription", "renewed", "") == "Renewal of"
    assert (
        event_title("payment.failed", {"decline_code": "insufficient_funds"}) == "Payment refused: insufficient funds"
    )
    assert event_title("unheard.of", {}) == "Something happened"
    told = EVENTS.keys() | TOLD_BY_A_CHANGE
    nobody_s = ("merchant.", "legal_entity.", "tax_rate.", "site.", "feature.", "offer.", "option.", "coupon.")
    nobody_s += ("test_clock.", "device.", "member.", "till.", "accounting.", "ereporting.", "ereport.")
    assert {kind for kind in endpoints.KINDS if kind not in told and not kind.startswith(nobody_s)} == set()
    assert {kind for kind in EVENTS if kind.startswith("invoice.")} >= {"invoice.finalized", "invoice.paid"}


def test_the_history_is_filtered_by_kind_and_channel(desk, shop, camille):
    def shown(query):
        answer = desk.get("subscriber_history", query, subscriber=camille.public_id, fragment=True)
        assert "<html" not in answer.content.decode()
        return entries(answer.content.decode())

    assert {one.split()[0] for one in shown("?kind=money")} == {"Invoice", "Payment"}
    assert all("€" not in one for one in shown("?kind=change")) and len(shown("?kind=change")) >= 5
    assert shown("?kind=message") == [] == shown("?channel=portal")
    assert [one.split()[0] for one in shown("?channel=api")] == ["Purchase", "Enrolled"]
    assert len(shown("?kind=nonsense&channel=nonsense")) == len(shown("")) > 8
    assert shown("?kind=money&kind=change") == shown("?kind=change"), "the pressed button comes last"
    page = desk.get("subscriber", "?kind=money", subscriber=camille.public_id).content.decode()
    assert re.search(r'name="kind" value="money" aria-pressed="true"', page)


def lived(shop, changes):
    with tenant(shop.id):
        now = Now(at=utc("2025-01-01T10:00"), zone="Europe/Paris")
        row = enrolment.enrol(
            {"reference": f"lived-{changes}", "name": "Lucie"}, merchant=shop.merchant, actor=JULIE, now=now
        )
        for n in range(1, changes):
            now = Now(at=now.at + timedelta(days=1), zone=now.zone)
            enrolment.revise(row, {"city": f"Ville {n}"}, actor=JULIE, now=now)
    return row


def test_a_long_life_is_read_page_by_page_at_the_same_cost(desk, shop):
    short, long = lived(shop, 3), lived(shop, 300)
    desk.get("subscriber", subscriber=short.public_id)
    asked = {}
    for row in (short, long):
        for query in ("", "?as_of=2026-01-01T00:00"):
            with CaptureQueriesContext(connection) as queries:
                page = desk.get("subscriber", query, subscriber=row.public_id)
            asked[row, query] = len(queries)
    assert asked[short, ""] == asked[long, ""]
    assert asked[short, "?as_of=2026-01-01T00:00"] == asked[long, "?as_of=2026-01-01T00:00"]
    seen = entries(page.content.decode())
    more = re.search(r'hx-get="([^"]+cursor=[^"]+)"', page.content.decode())
    while more:
        answer = desk.client.get(more[1].replace("&amp;", "&"))
        seen += entries(answer.content.decode())
        more = re.search(r'hx-get="([^"]+cursor=[^"]+)"', answer.content.decode())
    assert len(seen) == len(set(seen)) == 300
    assert "Ville 298 Ville 299" in seen[0] and seen[-1].startswith("Enrolled")


def test_two_dates_compared_in_words(desk, shop):
    zone = "Europe/Paris"
    with tenant(shop.id):
        row = enrolment.enrol(
            {"reference": "two", "name": "Lucie Garnier", "city": "Lyon"},
            merchant=shop.merchant,
            actor=JULIE,
            now=Now(at=utc("2026-03-01T10:00"), zone=zone),
        )
        moved = {"city": "Paris", "locale": "en"}
        first = Now(at=utc("2026-05-01T10:00"), zone=zone)
        enrolment.revise(row, {"city": "Brest"}, actor=JULIE, now=first)
        enrolment.revise(row, moved, actor=JULIE, now=replace(first, at=utc("2026-05-02T10:00")), reason="She called")

    def page(query):
        return desk.text("subscriber_compare", query, subscriber=row.public_id)

    seen = page("?from=2026-04-01T00:00&to=2026-06-01T00:00")
    assert "Lucie Garnier: two dates compared" in seen
    assert "City Lyon Paris 2 May 12:00, Julie Renaud, Call centre Reason: She called and 1 change before" in seen
    assert "Language Français English 2 May 12:00, Julie Renaud, Call centre" in seen and "Postal code" not in seen
    assert "Nothing differs" in page("?from=2026-06-01&to=2026-07-01T00:00")
    assert "Nothing differs" in page(""), "the last thirty days, unless said"
    assert "Nobody yet at that moment" in page("?from=2026-01-01&to=2026-02-01")
    assert "Profile new since then" in page("?from=2026-01-01")
    for wrong in ("?from=yesterday", "?from=2026-06-01&to=2026-05-01", "?from=2200-01-01", "?from=2199-01-01"):
        assert desk.get("subscriber_compare", wrong, subscriber=row.public_id).status_code == 422, wrong
    linked = desk.get("subscriber", "?as_of=2026-04-15T12:00", subscriber=row.public_id).content.decode()
    assert f"{row.public_id}/compare?from=2026-04-15T12%3A00" in linked


def test_a_purchase_compared_in_words(desk, shop, camille):
    seen = desk.text("subscriber_compare", subscriber=camille.public_id)
    assert "Subscription Hifi new since then" in seen and "Option Device new since then" in seen
    assert "Feature quality new since then" in seen and "Means of payment Visa 4242" in seen
    assert "another one" not in seen
    asked = []
    for query in ("?from=2026-01-01", "?from=2026-06-01"):
        with CaptureQueriesContext(connection) as queries:
            desk.get("subscriber_compare", query, subscriber=camille.public_id)
        asked.append(len(queries))
    assert asked[0] == asked[1]
