"""The offer editor, as a browser without scripts uses it, and as one with scripts does."""

from __future__ import annotations

import html
import re

import pytest

from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Feature, Offer, OfferVersion, Option
from merchants.now import Now
from merchants.selectors.offers import show_offers
from merchants.selectors.options import current_option_versions, terms_of
from merchants.services.catalogue.options import create_option
from merchants.tenancy.scope import tenant
from merchants.terms import OptionTerms, PriceTerm
from merchants.terms_text import read_terms
from tests.pages.furnished import furnish
from tests.pages.offices import office

pytestmark = pytest.mark.django_db(transaction=True)

STAGE = {"price": "12,99", "billing": "advance", "interval_count": "1", "interval": "month", "recurrences": ""}
OFFER = {
    "reference": "onde-hifi",
    "title_en": "Onde Hifi",
    "title_fr": "Onde Hifi",
    "currency": "EUR",
    "tax_behavior": "inclusive",
    "tax_code": "electronic",
    "alignment": "anniversary",
    "act": "save",
}


def form(*stages: dict[str, str], **values: str) -> dict[str, str]:
    """What the editor's form sends."""
    sent = {**OFFER, "stage_count": str(len(stages) or 1), "active": "0", **values}
    for place, stage in enumerate(stages or (STAGE,)):
        sent |= {f"stages-{place}-{name}": value for name, value in {**STAGE, **stage}.items()}
    return sent


def sold(seat):
    with tenant(seat.merchant.id):
        return show_offers(list(Offer.objects.order_by("id")))


def test_an_offer_of_three_stages_goes_on_sale_with_exact_amounts():
    seat = office(locale="fr")
    saved = seat.client.post(
        seat.url("offer_new"),
        form(
            {"price": "0", "recurrences": "1", "label_en": "Free month", "label_fr": "Mois offert"},
            {"price": "6,99 €", "recurrences": "3", "label_fr": "Prix de lancement"},
            {"price": "1 012,99", "label_fr": "Prix normal"},
            setup="15",
            commitment_intervals="12",
            notice_days="2",
            notice_unit="month",
            early_formula="remaining",
            early_percent="50",
        ),
    )
    [offer] = sold(seat)
    assert saved["Location"] == seat.url("offer", offer=offer["id"])
    assert (offer["reference"], offer["version"], offer["visible"]) == ("onde-hifi", 1, True)
    assert offer["setup_amount"] == 1500
    fee = {"formula": "remaining", "amount": None, "percent": "50", "later_from": None, "later_percent": None}
    assert offer["commitment"] == {"intervals": 12, "notice": 2, "notice_unit": "month", "early_end": fee}
    assert [(one["amount"], one["recurrences"], one["interval"]) for one in offer["stages"]] == [
        (0, 1, "month"),
        (699, 3, "month"),
        (101299, None, "month"),
    ]
    assert offer["stages"][0]["label"] == {"en": "Free month", "fr": "Mois offert"}


def test_features_and_options_are_saved_as_they_were_filled_in():
    seat = furnish()
    with tenant(seat.merchant.id):
        audio, extra = Feature.objects.get(), Option.objects.get()
        quota = Feature.objects.create(
            reference="offline", kind="quota", title={"en": "Offline"}, created_at=audio.created_at
        )
        switch = Feature.objects.create(
            reference="live", kind="switch", title={"en": "Live"}, created_at=audio.created_at
        )
    cells = {
        f"feature_{audio.public_id}": "hifi",
        f"feature_{quota.public_id}": "1 000",
        f"feature_{switch.public_id}": "on",
    }
    endless = {f"feature_{audio.public_id}": "", f"feature_{quota.public_id}": "no limit"}
    seat.client.post(
        seat.url("offer_new"),
        form(
            {"recurrences": "2", **cells},
            endless,
            reference="full",
            **{f"option_{extra.public_id}": "included"},
        ),
    )
    offer = next(one for one in sold(seat) if one["reference"] == "full")
    opened = [
        [(one["reference"], one["quota"], one["level"]) for one in stage["features"]] for stage in offer["stages"]
    ]
    assert opened == [
        [("audio", None, "hifi"), ("offline", 1000, None), ("live", None, None)],
        [("offline", None, None)],
    ]
    assert offer["options"] == [{"option": extra.public_id, "reference": "extra", "included": True}]


@pytest.mark.parametrize(
    ("stages", "values", "beside", "says"),
    [
        ([{"price": "dear"}], {}, "stages-0-price", "Write a decimal number such as 29.90."),
        ([{"price": "12.999"}], {}, "stages-0-price", "At most 2 decimals here."),
        ([{"price": "-5"}], {}, "stages-0-price", "An amount here is not below zero."),
        ([{"price": ""}], {}, "stages-0-price", "This field is required."),
        ([{}, {}], {}, "stages-0-recurrences", "A stage without end is the last one"),
        ([{"interval_count": "0"}], {}, "stages-0-interval_count", "A count from 1 to 120."),
        ([{"recurrences": "9999"}], {}, "stages-0-recurrences", "A whole number from 1 to 1000."),
        ([{}], {"title_en": "", "title_fr": " "}, "title_en", "Give a title in at least one language."),
        ([{}], {"reference": ""}, "reference", "This field is required."),
        ([{}], {"setup": "x"}, "setup", "Write a decimal number such as 29.90."),
        ([{}], {"commitment_intervals": "500"}, "commitment_intervals", "A whole number from 0 to 120."),
        ([{}], {"currency": "XXX"}, "currency", "Select a valid choice."),
        ([{}], {"tax_code": "moon"}, "tax_code", "Select a valid choice."),
        ([{}], {"alignment": "calendar", "billing_day": "32"}, "billing_day", "A whole number from 1 to 31."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(stages, values, beside, says):
    seat = office()
    answer = seat.client.post(seat.url("offer_new"), form(*stages, **values))
    assert answer.status_code == 422
    page = html.unescape(answer.content.decode())
    error = re.search(rf'id="id_{beside}_error">(.*?)</span>', page)
    assert error and error[1].startswith(says), error
    assert sold(seat) == []


def test_a_reference_that_is_taken_says_so_beside_the_reference():
    seat = office()
    seat.client.post(seat.url("offer_new"), form())
    answer = seat.client.post(seat.url("offer_new"), form({"price": "1"}))
    assert answer.status_code == 422
    assert 'id="id_reference_error">This reference is in use already.' in answer.content.decode()
    assert [one["stages"][0]["amount"] for one in sold(seat)] == [1299]


def test_a_quota_that_is_no_number_says_so_in_its_cell():
    seat = furnish()
    with tenant(seat.merchant.id):
        quota = Feature.objects.create(
            reference="offline", kind="quota", title={"en": "Offline"}, created_at=Feature.objects.get().created_at
        )
    name = f"feature_{quota.public_id}"
    answer = seat.client.post(seat.url("offer_new"), form({name: "many"}, reference="x"))
    assert answer.status_code == 422
    assert f'id="id_stages-0-{name}_error">A whole number, or “no limit”.' in answer.content.decode()


def test_editing_makes_a_version_and_leaves_the_former_as_it_was():
    seat = office()
    seat.client.post(seat.url("offer_new"), form())
    [offer] = sold(seat)
    editor = seat.client.get(seat.url("offer_edit", offer=offer["id"]))
    page = editor.content.decode()
    assert 'value="12.99"' in page and "Put version 2 on sale" in page and 'name="reference"' not in page

    seat.client.post(seat.url("offer_edit", offer=offer["id"]), form({"price": "14.99"}))
    [after] = sold(seat)
    assert (after["version"], after["stages"][0]["amount"]) == (2, 1499)
    with tenant(seat.merchant.id):
        versions = OfferVersion.objects.order_by("number")
        assert [version.stages.get().amount for version in versions] == [1299, 1499]

    again = seat.client.post(seat.url("offer_edit", offer=offer["id"]), form({"price": "14.99"}), follow=True)
    assert "Nothing was changed: version 2 stays." in again.content.decode()
    assert sold(seat)[0]["version"] == 2


def test_without_scripts_stages_are_added_and_removed_by_sending_the_form_and_nothing_is_saved():
    seat = office()
    added = seat.client.post(seat.url("offer_new"), form({"price": "12.99", "label_en": "Normal"}, act="add_stage"))
    page = added.content.decode()
    assert added.status_code == 200
    assert 'name="stage_count" value="2"' in page
    assert re.search(r'name="stages-1-price" value="12.99"', page), "the normal price stays last"
    assert re.search(r'name="stages-0-recurrences" value="1"', page)
    assert "is required" not in page

    removed = seat.client.post(
        seat.url("offer_new"), form({"price": "1"}, {"price": "2"}, {"price": "3"}, act="remove_stage:1")
    ).content.decode()
    assert 'name="stage_count" value="2"' in removed
    assert re.findall(r'name="stages-\d-price" value="(\d)"', removed) == ["1", "3"]
    last = seat.client.post(seat.url("offer_new"), form({}, act="remove_stage:0")).content.decode()
    assert 'name="stage_count" value="1"' in last
    assert sold(seat) == []


def test_the_preview_is_the_card_in_the_language_asked_for_and_the_time_line():
    seat = office()
    stages = ({"price": "0", "recurrences": "1"}, {"price": "6.99", "recurrences": "3"}, {"price": "12.99"})
    answer = seat.client.post(seat.url("offer_preview"), form(*stages, card_language="en", active="1"))
    page = html.unescape(answer.content.decode())
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "One month free then €6.99 a month for 3 months, then €12.99 a month. Cancel any time." in words
    assert 'id="track"' in page and 'hx-swap-oob="true"' in page
    assert re.findall(r'data-stage="(\d)" aria-pressed="(\w+)"', page) == [
        ("0", "false"),
        ("1", "true"),
        ("2", "false"),
    ]
    assert re.findall(r'data-months="(\d+)"', page) == ["1", "3", "4"]
    french = seat.client.post(seat.url("offer_preview"), form(*stages, card_language="fr")).content.decode()
    assert "12,99" in french and 'lang="fr"' in french
    assert sold(seat) == []


def test_a_preview_of_what_cannot_be_sold_says_why_and_is_no_error():
    seat = office()
    answer = seat.client.post(seat.url("offer_preview"), form({}, {}))
    assert answer.status_code == 200
    assert "A stage without end is the last one" in html.unescape(answer.content.decode())
    unfinished = seat.client.post(seat.url("offer_preview"), form({"price": ""}))
    assert unfinished.status_code == 200
    assert "sample-price" not in unfinished.content.decode()


@pytest.mark.parametrize(
    "sent", [{}, {"stage_count": "x"}, {"stage_count": "99999999"}, {"active": "-1"}, {"act": "remove_stage:x"}]
)
def test_a_form_that_no_page_of_ours_sends_breaks_nothing(sent):
    seat = office()
    for name in ("offer_new", "offer_preview"):
        assert seat.client.post(seat.url(name), sent).status_code in {200, 422}
    assert sold(seat) == []


def test_hiding_and_withdrawing_are_undone_and_leave_the_terms():
    seat = office()
    seat.client.post(seat.url("offer_new"), form())
    offer = sold(seat)[0]["id"]
    seen = []
    for act in ("hide", "archive", "restore", "show", "nonsense"):
        seat.client.post(seat.url("offer_state", offer=offer), {"act": act})
        [now] = sold(seat)
        seen.append((now["visible"], now["archived"], now["version"]))
    assert seen == [(False, False, 1), (False, True, 1), (False, False, 1), (True, False, 1), (True, False, 1)]


def test_the_pages_say_what_is_sold_and_an_empty_list_teaches():
    seat = office()
    empty = seat.client.get(seat.url("offers")).content.decode()
    assert "No offer yet" in empty and seat.url("offer_new") in empty
    seat.client.post(seat.url("offer_new"), form())
    listed = seat.client.get(seat.url("offers")).content.decode()
    assert "Onde Hifi" in listed and "€12.99 a month" in listed
    page = seat.client.get(seat.url("offer", offer=sold(seat)[0]["id"])).content.decode()
    assert "€12.99" in page and "Cancel any time." in page


def test_an_amount_on_the_page_is_escaped_and_carries_no_script():
    seat = office()
    seat.client.post(seat.url("offer_new"), form(title_en="<script>alert(1)</script>", description_en="a & b"))
    page = seat.client.get(seat.url("offer", offer=sold(seat)[0]["id"])).content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
    assert "style=" not in page


def test_the_terms_handed_to_the_simulator_are_those_of_the_editor():
    seat = office()
    answer = seat.client.post(seat.url("offer_preview"), form({"price": "6.99", "recurrences": "3"}, {}))
    terms = read_terms(answer.context["simulated"])
    assert [(stage.amount, stage.recurrences) for stage in terms.stages] == [(699, 3), (1299, None)]
    assert (terms.currency, terms.title) == ("EUR", {"en": "Onde Hifi", "fr": "Onde Hifi"})


def test_an_option_keeps_all_its_prices_when_its_page_is_saved():
    """The API takes more prices than the form shows at least: none may be lost by saving the page."""
    seat = office()
    prices = tuple(PriceTerm(interval="month", interval_count=count, amount=100 * count) for count in range(1, 8))
    with tenant(seat.merchant.pk):
        terms = OptionTerms(title={"en": "Device"}, currency="EUR", prices=prices)
        now = Now(at=instant(), zone="Europe/Paris")
        device = create_option(reference="device", terms=terms, actor=Actor.system("test"), now=now)
    page = seat.client.get(seat.url("offer_option", option=device.public_id)).content.decode()
    sent = {"title_en": "One more device", "currency": "EUR", "paid": "again"}
    for name, value in re.findall(r'<input[^>]*name="((?:price|count)_\d)"[^>]*value="([^"]*)"', page):
        sent[name] = value
    assert [sent[f"price_{place}"] for place in range(7)] == [f"{count}.00" for count in range(1, 8)]
    sent |= {f"unit_{place}": "month" for place in range(7)}

    assert seat.client.post(seat.url("offer_option", option=device.public_id), sent).status_code == 302
    with tenant(seat.merchant.pk):
        version = current_option_versions([device.pk])[device.pk]
        assert (version.number, terms_of([version])[version.pk].prices) == (2, prices)


def test_prices_by_use_are_typed_kept_and_shown():
    seat = office(locale="fr")
    with tenant(seat.merchant.id):
        at = instant()
        calls, seats = (
            Feature.objects.create(reference=name, kind="metered", aggregation=how, title={"fr": name}, created_at=at)
            for name, how in (("appels", "sum"), ("sièges", "unique"))
        )
    tiers = {f"usage_{calls.public_id}": "graduated", f"usage_prices_{calls.public_id}": "100: 0\n0,0125 + 5,00"}
    pack = {f"usage_{seats.public_id}": "package", f"usage_prices_{seats.public_id}": "4,00 / 10"}
    wrong = tiers | {f"usage_prices_{calls.public_id}": "100: 0\n50: 1\n2"}
    refused = seat.client.post(seat.url("offer_new"), form(wrong))
    assert refused.status_code == 422 and "Ligne 2" in html.unescape(refused.content.decode())
    garbled = seat.client.post(seat.url("offer_new"), form(pack | {f"usage_prices_{seats.public_id}": "quatre"}))
    assert garbled.status_code == 422 and sold(seat) == []
    seat.client.post(seat.url("offer_new"), form(tiers | pack))
    [offer] = sold(seat)
    assert [(one["reference"], one["unit_price"], one["package_size"]) for one in offer["stages"][0]["usage"]] == [
        ("appels", None, None),
        ("sièges", "4.00", "10"),
    ]
    assert offer["stages"][0]["usage"][0]["tiers"] == [
        {"up_to": "100", "unit_price": "0", "flat_amount": 0},
        {"up_to": None, "unit_price": "0.0125", "flat_amount": 5_00},
    ]
    shown = html.unescape(seat.client.get(seat.url("offer", offer=offer["id"])).content.decode()).replace("\xa0", " ")
    assert "jusqu’à 100 : 0,00 €, puis 0,0125 € + 5,00 €" in shown and "4,00 € pour 10" in shown
    editor = html.unescape(seat.client.get(seat.url("offer_edit", offer=offer["id"])).content.decode())
    assert "100: 0,00\n0,0125 + 5,00" in editor and "4,00 / 10" in editor
    saved = seat.client.post(seat.url("offer_edit", offer=offer["id"]), form(tiers | pack, title_fr="Onde Plus"))
    assert saved.status_code == 302 and sold(seat)[0]["stages"] == offer["stages"]
