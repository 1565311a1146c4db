"""The payment form: it says what will be charged, and charges what it says."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest
from django.conf import settings

from billing.models import CheckoutSession, Quote
from invoices.models import Invoice, Payment
from merchants.ids import show
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from tests.pages.hosted import Visitor, form_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hifi(shop):
    """Free for a month, 6.99 three times, then 12.99; a device at 2.00 and concerts at 4.00 may be added."""
    device, concerts = shop.option("Appareil", 2_00), shop.option("Concerts", 4_00)
    shop.made.update(device=device, concerts=concerts)
    stages = (("month", 1, 0), ("month", 3, 6_99), ("month", None, 12_99))
    return shop.offer("Onde Hifi", *stages, options=[device, concerts])


def test_the_form_says_what_is_due_now_and_what_comes_later(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi, options=[shop.made["device"]]))
    page = visitor.read()
    said = text_of(page)

    assert page.status_code == 200
    assert "Onde Hifi To pay today €2.00" in said
    assert "each month, 3 times: 6.99 + 2.00" in said
    assert "€8.99" in said
    assert "each month: 12.99 + 2.00" in said
    assert "€14.99" in said
    assert "Pay €2.00" in said
    assert "Prices include VAT" in said
    assert "No commitment" in said
    assert "lucie@courriel.example" in said
    assert "€8.99 will then be charged on" in said


def test_nothing_that_costs_is_ticked_in_advance_but_what_the_site_asked_for(shop, hifi):
    device = shop.made["device"]
    assert form_of(Visitor(shop.checkout(shop.enrol("a"), hifi)).read()).get("option") is None
    asked = form_of(Visitor(shop.checkout(shop.enrol("b"), hifi, options=[device])).read())
    assert asked["option"] == [show("opt", device.pk)]
    assert "consent" not in asked


def test_the_form_is_private_light_and_needs_no_script(shop, hifi, client):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    page = visitor.read()

    assert page["Cache-Control"] == "no-store"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Referrer-Policy"] == "same-origin"
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    body = page.content.decode()
    assert "style=" not in body
    assert "<script>" not in body
    font = (settings.BASE_DIR / "static/vendor/inter-hosted.woff2").stat().st_size
    style = (settings.BASE_DIR / "static/tacite.css").read_bytes()
    weight = len(gzip.compress(page.content)) + len(gzip.compress(style)) + font
    assert weight < 50_000, weight


def test_another_choice_of_options_makes_another_quote_and_the_form_tells_it(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    concerts = show("opt", shop.made["concerts"].pk)
    answer = visitor.post(option=[concerts], act="change")

    assert (answer.status_code, answer["Location"]) == (303, visitor.path)
    page = visitor.read()
    assert "To pay today €4.00" in text_of(page)
    assert form_of(page)["option"] == [concerts]
    with tenant(shop.id):
        assert Quote.objects.count() == 2
        assert not Payment.objects.exists()


def test_who_ticks_and_pays_at_once_reads_the_new_sum_first(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    answer = visitor.pay(option=[show("opt", shop.made["concerts"].pk)])

    assert (answer.status_code, answer["Location"]) == (303, visitor.path + "?said=changed")
    page = visitor.read("?said=changed")
    assert "The amounts have changed" in text_of(page)
    assert "Pay €4.00" in text_of(page)
    with tenant(shop.id):
        assert not Payment.objects.exists()
        assert CheckoutSession.objects.get().consented_at is None


def test_an_option_that_stays_keeps_the_quantity_that_the_site_asked_for(shop, hifi):
    from billing.flows import checkout
    from billing.flows.purchase import WishedOption

    wish = checkout.Wish(
        subscriber=shop.enrol(), offer=hifi, options=[WishedOption(option=shop.made["device"], quantity=3)]
    )
    visitor = Visitor(checkout.open_session(merchant_id=shop.id, wish=wish, actor=shop.actor))
    both = [show("opt", shop.made[name].pk) for name in ("device", "concerts")]
    visitor.post(option=both, act="change")

    assert visitor.stored().quote.total == 3 * 2_00 + 4_00


def test_codes_are_asked_for_only_where_the_site_allows_them(shop, hifi):
    shop.coupon("BIENVENUE", percent_off=20, duration="forever")
    visitor = Visitor(shop.checkout(shop.enrol("a"), hifi))
    assert "Promotional code" not in text_of(visitor.read())
    visitor.post(code="BIENVENUE", act="change")
    assert visitor.stored().quote.coupons == []


def test_a_code_is_applied_said_and_removed(shop, hifi):
    coupon = shop.coupon("BIENVENUE", percent_off=50, duration="forever")
    visitor = Visitor(shop.checkout(shop.enrol(), hifi, options=[shop.made["device"]], allow_codes=True))
    visitor.post(code=" bienvenue ", act="change")

    page = visitor.read()
    assert visitor.stored().quote.coupons == [str(coupon.pk)]
    assert "To pay today €1.00" in text_of(page)
    assert "BIENVENUE −€1.00" in text_of(page)
    visitor.post(act="drop_code")
    assert visitor.stored().quote.coupons == []
    assert "To pay today €2.00" in text_of(visitor.read())


def test_a_typed_code_comes_after_those_of_the_site_and_never_replaces_them(shop, hifi):
    given = shop.coupon("SITE", percent_off=50, duration="forever")
    typed = shop.coupon("AMI", percent_off=10, duration="forever")
    session = shop.checkout(shop.enrol(), hifi, options=[shop.made["device"]], coupons=[given], allow_codes=True)
    visitor = Visitor(session)
    visitor.post(code="ami", act="change")
    assert visitor.stored().quote.coupons == [str(given.pk), str(typed.pk)]
    assert visitor.stored().quote.total == 90
    visitor.post(act="drop_code")
    assert visitor.stored().quote.coupons == [str(given.pk)]


def test_a_code_we_do_not_know_is_refused_beside_its_field_and_changes_nothing(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi, allow_codes=True))
    concerts = show("opt", shop.made["concerts"].pk)
    before = visitor.stored().quote_id
    answer = visitor.post(code="RIEN", act="change")

    assert answer.status_code == 422
    assert 'id="code-error"' in answer.content.decode()
    assert 'value="RIEN"' in answer.content.decode()
    assert visitor.stored().quote_id == before
    answer = visitor.post(code="RIEN", option=[concerts], act="change")  # what else was chosen stands
    assert answer.status_code == 422
    assert visitor.stored().quote.total == 4_00


def test_without_consent_nothing_is_paid(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    answer = visitor.post(act="pay")

    assert answer.status_code == 422
    assert 'id="consent-error"' in answer.content.decode()
    with tenant(shop.id):
        assert not Payment.objects.exists()
    visitor.pay()
    assert visitor.stored().consented_at is not None
    assert visitor.stored().consented_from == "127.0.0.1"


def test_behind_a_proxy_the_consent_names_the_visitor_and_not_what_they_claim(shop, hifi, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    posted = {**form_of(visitor.read()), "consent": "on", "act": "pay"}
    visitor.client.post(visitor.path, posted, headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.7"})
    assert visitor.stored().consented_from == "203.0.113.7"


def test_a_quote_that_was_not_read_is_not_charged(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    page = visitor.read()
    visitor.post(option=[show("opt", shop.made["concerts"].pk)], act="change")  # in another tab
    stale = {**form_of(page), "option": [show("opt", shop.made["concerts"].pk)], "consent": "on", "act": "pay"}
    answer = visitor.client.post(visitor.path, stale)

    assert answer.status_code == 409
    assert "The amounts have changed" in text_of(answer)
    with tenant(shop.id):
        assert not Payment.objects.exists()


def test_a_quote_of_another_day_is_made_anew_when_the_form_is_opened(shop, hifi):
    session = shop.checkout(shop.enrol(), hifi)
    with tenant(shop.id):
        yesterday = session.quote.start_on - timedelta(days=1)
        Quote.objects.filter(id=session.quote_id).update(start_on=yesterday)
    visitor = Visitor(session)
    visitor.read()

    assert visitor.stored().quote_id != session.quote_id
    assert visitor.stored().quote.start_on == shop.now().today


def test_prices_without_vat_say_what_is_added(shop):
    offer = shop.offer("Pro", ("month", None, 20_00), tax_behavior="exclusive")
    said = text_of(Visitor(shop.checkout(shop.enrol(), offer)).read())
    assert "To pay today €24.00" in said
    assert "Pro, VAT €4.00" in said
    assert "each month: 20.00 + VAT 4.00" in said


def test_a_commitment_is_said_and_freedom_is_not(shop):
    offer = shop.offer("An", ("month", None, 10_00), commitment_intervals=12, notice_days=30)
    said = text_of(Visitor(shop.checkout(shop.enrol(), offer)).read())
    assert "12 periods" in said
    assert "30 days" in said
    assert "No commitment" not in said


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_language_is_the_sessions_until_the_visitor_chooses(shop, hifi, language):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi, locale=language), language="")
    page = visitor.read()
    assert f'<html lang="{language}">' in page.content.decode()
    other = "en" if language == "fr" else "fr"
    form = {"csrfmiddlewaretoken": form_of(page)["csrfmiddlewaretoken"], "language": other, "next": visitor.path}
    answer = visitor.client.post("/language", form)
    assert answer["Location"] == visitor.path
    assert f'<html lang="{other}">' in visitor.read().content.decode()


def test_a_form_without_its_token_is_refused(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    posted = {**form_of(visitor.read()), "consent": "on", "act": "pay"}
    posted.pop("csrfmiddlewaretoken")
    assert visitor.client.post(visitor.path, posted).status_code == 403
    with tenant(shop.id):
        assert not Payment.objects.exists()


def test_no_other_address_opens_a_form(shop, another_shop, hifi, client):
    session = shop.checkout(shop.enrol(), hifi)
    visitor = Visitor(session)
    unknown = client.get("/pay/nothing-at-all")
    token = visitor.path.rsplit("/", 1)[1]
    tampered = token[:-1] + ("A" if token[-1] != "A" else "B")
    foreign = Visitor(session)
    foreign.session.merchant_id = another_shop.id
    others = [
        client.get(f"/pay/{tampered}"),
        client.get(foreign.path),
        client.get(f"/pay/{token}/return"),  # of another purpose
        client.get(f"/pay/simulated/{token}"),
        client.post(f"/pay/{tampered}", {"act": "pay"}),
        client.get(f"/pay/{tampered}/go"),
    ]
    assert unknown.status_code == 404
    for other in others:
        assert other.status_code == 404
        assert text_of(other) == text_of(unknown)


def test_a_suspended_merchant_takes_no_payment(shop, hifi):
    visitor = Visitor(shop.checkout(shop.enrol(), hifi))
    posted = {**form_of(visitor.read()), "consent": "on", "act": "pay"}
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(suspended_at=shop.now().at)
    assert visitor.read().status_code == 409
    assert visitor.client.post(visitor.path, posted).status_code == 409
    with tenant(shop.id):
        assert not Payment.objects.exists()
        assert not Invoice.objects.exists()


def test_the_brand_is_a_stylesheet_for_ever_and_only_of_colours(shop, hifi, client):
    page = Visitor(shop.checkout(shop.enrol(), hifi)).read().content.decode()
    color = shop.merchant.brand_color.removeprefix("#")
    assert f'href="/pay/brand/{color}.css"' in page
    style = client.get(f"/pay/brand/{color}.css")
    assert style["Content-Type"] == "text/css; charset=utf-8"
    assert style["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "--brand: light-dark(" in style.content.decode()
    for wrong in ("red", "035a69", "035A69}", "../x"):
        assert client.get(f"/pay/brand/{wrong}.css").status_code == 404


def test_a_logo_is_served_as_an_image_that_can_do_nothing(shop, client):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>'
    assert client.get(f"/pay/logo/{shop.merchant.public_id}.svg").status_code == 404
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(logo_svg=svg)
    logo = client.get(f"/pay/logo/{shop.merchant.public_id}.svg")
    assert (logo.status_code, logo.content.decode(), logo["Content-Type"]) == (200, svg, "image/svg+xml")
    assert "default-src 'none'" in logo["Content-Security-Policy"]
    kept = client.get(f"/pay/logo/{shop.merchant.public_id}.svg", headers={"If-None-Match": logo["ETag"]})
    assert kept.status_code == 304


def test_metadata_of_the_merchant_is_never_shown(shop, hifi):
    session = shop.checkout(shop.enrol(), hifi, metadata={"cost": "secret-margin"})
    assert "secret-margin" not in Visitor(session).read().content.decode()
    assert json.dumps(session.metadata)
