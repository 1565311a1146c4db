"""Every component renders, keeps the content security policy, and ties words to controls."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import ResolverMatch
from django.utils import translation

from merchants.templatetags.icons import DRAWINGS
from merchants.templatetags.statuses import CHANNEL_ICONS, NORMAL, SOURCE_ICONS, STATUSES, WORDS
from tests.pages.style_guide import context_of

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})
PLACES = "tests.pages.urls_of_three_places"
VOID = {"meta", "link", "input", "br", "img", "hr", "rect", "line", "path", "circle", "use"}


class Page(HTMLParser):
    """The tags of a page with their attributes; unclosed or crossed tags are counted as faults."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(html)
        self.faults += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"/{tag}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def say(source: str, language: str = "en", /, **context: object) -> str:
    with translation.override(language):
        return Template("{% load tacite %}" + source).render(Context(context))


@pytest.fixture(scope="module", params=["en", "fr"])
def guide(request) -> Page:
    asked = RequestFactory().get("/guide", {"state": "open"})
    asked.resolver_match = ResolverMatch(lambda: None, (), {}, url_name="guide")
    with override_settings(ROOT_URLCONF=PLACES), translation.override(request.param):
        return Page(render_to_string("base/style_guide.html", context_of(), asked))


def test_the_style_guide_is_well_formed(guide: Page):
    assert guide.faults == []


def test_no_page_part_carries_script_or_style(guide: Page):
    for tag, attributes in guide.tags:
        assert not any(name == "style" or name.startswith("on") for name in attributes), (tag, attributes)
        if tag == "script":
            assert attributes.get("src")
    assert "style" not in [tag for tag, _ in guide.tags]


def test_every_icon_that_is_pointed_to_is_in_the_sprite_and_no_other(guide: Page):
    pointed = {attributes["href"] for attributes in guide.all("use")}
    assert pointed == {f"#{attributes['id']}" for attributes in guide.all("symbol")}
    assert "#icon-card" in pointed and "#icon-lock" not in pointed


def test_ids_are_unique_and_labels_and_descriptions_point_to_them(guide: Page):
    ids = [attributes["id"] for _, attributes in guide.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for tag, attributes in guide.tags:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            for target in (attributes.get(name) or "").split():
                assert target in ids, (tag, name, target)


def test_a_wrong_field_says_so_beside_itself(guide: Page):
    price = next(attributes for attributes in guide.all("input") if attributes.get("name") == "price")
    assert price["aria-invalid"] == "true"
    assert price["aria-describedby"] == "id_price_error"
    assert price["class"] == "form-control is-amount"
    email = next(attributes for attributes in guide.all("input") if attributes.get("name") == "email")
    assert "aria-invalid" not in email
    assert email["aria-describedby"] == "id_email_helptext"


def test_choices_are_native_controls_of_their_kind(guide: Page):
    kinds = {
        (attributes["name"], attributes["type"], attributes["class"])
        for attributes in guide.all("input")
        if attributes.get("name") in {"means", "extras", "agreed"}
    }
    assert kinds == {("means", "radio", "pick"), ("extras", "checkbox", "tick"), ("agreed", "checkbox", "tick")}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_writes_inline_style_or_script(path: Path):
    source = path.read_text()
    assert not re.search(r"\sstyle=", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r"\son[a-z]+=\"", source)
    assert not re.search(r"hx-on|javascript:", source)


def test_an_icon_in_a_fragment_is_drawn_whole():
    assert say('{% icon "check" %}') == (
        f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{DRAWINGS["check"]}</svg>'
    )
    with pytest.raises(KeyError):
        say('{% icon "no-such-icon" %}')


def test_amounts_follow_the_language_and_the_currency():
    source = '{{ 124489|amount:"EUR" }} {{ 5|amount:"JPY" }} {{ owed|amount:"EUR" }}|{{ 150|movement:"EUR" }}'
    assert say(source, owed=None) == "€1,244.89 JP¥5 |+€1.50"
    assert say(source, "fr", owed=None) == "1\u00a0244,89\u00a0€ 5\u00a0JPY |+1,50\u00a0€"
    assert say('{{ -383|amount:"EUR" }}', "fr") == "\u22123,83\u00a0€"
    assert say('{% quiet_cents 4889740 "EUR" %}') == "€48,897<span>.40</span>"
    assert say('{% quiet_cents 4889740 "EUR" %}', "fr") == "48\u00a0897<span>,40</span>\u00a0€"
    assert say('{% quiet_cents 500 "JPY" %}') == "JP¥500"
    assert say('{% padded_amount 1200 "JPY" 2 %}', "fr") == '1\u00a0200<span class="amount-pad">,00</span>\u00a0JPY'


def test_dates_say_the_last_day_that_one_has():
    days = {"a": date(2026, 11, 20), "b": date(2026, 12, 20), "today": date(2026, 11, 3)}
    assert say("{% period a b today %}", **days) == "20 November to 19 December"
    assert say("{% period a b today %}", "fr", **days) == "du 20 novembre au 19 décembre"
    assert say("{% period a b today short=True %}", "fr", **days) == "20 nov. – 19 déc."
    assert say("{{ a|short_date }} {{ a|short_date:today }}", **days) == "20 Nov 2026 20 Nov"
    assert say("{{ none|short_date }}", none=None) == ""


def test_states_have_a_shape_and_a_word_and_normal_is_quiet_in_lists():
    assert say('{% status "access" "grace" more="9 Nov" %}') == (
        '<span class="state" data-state="warn">Grace 9 Nov</span>'
    )
    assert say('{% status "access" "full" quiet=True %}') == '<span class="quiet">Full</span>'
    assert say('{% status "access" "full" %}') == '<span class="state" data-state="good">Full</span>'
    assert say('{% status "access" value %}', value="<b>") == '<span class="quiet">&lt;b&gt;</span>'
    for kind, values in STATUSES.items():
        for mark, word in values.values():
            assert mark in {"good", "warn", "bad", "wait"} and str(word)
        assert all(value in STATUSES[kind] for known, value in NORMAL if known == kind)


def test_every_status_and_word_of_the_models_can_be_shown():
    from alerts.models import Delivery, Message
    from billing.models import CheckoutSession
    from invoices.models import Invoice, Payment, Refund
    from merchants.actors import Channel
    from merchants.models import TestClock
    from subscribers.models import Gesture, GestureBatch, ScheduledChange, Subscription
    from subscribers.rights import SourceKind

    kept = {
        "subscription": Subscription.Status,
        "payment_state": Subscription.PaymentState,
        "access": Subscription.Access,
        "invoice": Invoice.Status,
        "payment": Payment.Status,
        "refund": Refund.Status,
        "scheduled": ScheduledChange.Status,
        "gesture": Gesture.Status,
        "gesture_batch": GestureBatch.Status,
        "checkout": CheckoutSession.Status,
        "delivery": Delivery.Status,
        "message": Message.Status,
        "clock": TestClock.Status,
    }
    for kind, choices in kept.items():
        assert set(choices.values) <= set(STATUSES[kind]), kind
    assert {channel.value for channel in Channel} == set(WORDS["channel"]) == set(CHANNEL_ICONS)
    assert {source.value for source in SourceKind} == set(WORDS["source"]) == set(SOURCE_ICONS)
    assert set(Payment.Means.values) <= set(WORDS["means"])
    assert set(CHANNEL_ICONS.values()) | set(SOURCE_ICONS.values()) <= set(DRAWINGS)
    assert say('{{ "call_centre"|word:"channel" }} {{ "gesture"|icon_name:"source" }}') == "Call centre gift"


def test_cursor_links_keep_the_other_parameters():
    request = RequestFactory().get("/subscribers", {"state": "open", "cursor": "old"})
    links = re.findall(r'href="([^"]+)"', say('{% cursor_pages "" "c2" %}', request=request))
    assert links == ["?state=open&amp;cursor=c2"]
    assert "<nav" not in say('{% cursor_pages "" "" %}', request=request)


def test_the_menu_shows_only_what_is_routed(settings):
    settings.ROOT_URLCONF = PLACES
    request = RequestFactory().get("/offers/new")
    request.resolver_match = ResolverMatch(lambda: None, (), {}, url_name="offer_new", namespaces=["office"])
    html = say("{% nav %}", request=request, nav_counts={"alerts": 6, "offers": 4318})
    assert re.findall(r'<a href="([^"]+)"( aria-current="page")?', html) == [
        ("/", ""),
        ("/offers/", ' aria-current="page"'),
        ("/alerts/", ""),
    ]
    assert '<span class="count">4,318</span>' in html
    assert '<span class="count" data-urgent>6</span>' in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_pages_need_no_request(name: str, settings):
    settings.ROOT_URLCONF = PLACES
    page = Page(render_to_string(f"{name}.html"))
    assert page.faults == []
    assert len(page.all("h1")) == 1
