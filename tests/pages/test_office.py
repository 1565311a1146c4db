"""The frame, home, developers, catalogue's lists: what a member meets first."""

from __future__ import annotations

import html
import re
from hashlib import sha256

import pytest
from django.urls import reverse

from merchants.models import ApiKey, Coupon, Feature, Option
from merchants.selectors.coupons import show_coupons
from merchants.selectors.options import show_options
from merchants.tenancy.scope import tenant
from tests.pages.furnished import furnish
from tests.pages.offices import colleague, logged_in, office, person

pytestmark = pytest.mark.django_db(transaction=True)


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(answer.content.decode())).split())


class TestHome:
    def test_a_new_merchant_is_told_what_to_do_next_in_order(self):
        seat = office()
        said = words(seat.client.get(seat.url("home")))
        places = [
            said.index(step) for step in ("Create your first offer", "Say who issues", "Get a key", "Connect a payment")
        ]
        assert places == sorted(places)

    def test_steps_that_are_done_or_not_ones_own_are_not_shown(self):
        seat = furnish()
        said = words(seat.client.get(seat.url("home")))
        assert "Create your first offer" not in said and "Connect a payment" not in said
        new = office()
        reader = colleague(new, "read_only")
        assert "Next steps" not in words(reader.client.get(reader.url("home")))

    def test_the_sandbox_says_that_it_is_one(self):
        seat = office()
        url = reverse("office:home", kwargs={"merchant": seat.sandbox.public_id})
        assert "Nothing here is real money" in words(seat.client.get(url))
        assert "Nothing here is real money" not in words(seat.client.get(seat.url("home")))

    def test_switching_goes_to_ones_own_merchants_only_and_is_remembered(self):
        seat, other = office(), office("Soleil")
        there = reverse("office:home", kwargs={"merchant": seat.sandbox.public_id})
        assert seat.client.post(seat.url("switch"), {"merchant": seat.sandbox.public_id})["Location"] == there
        assert seat.client.get("/")["Location"] == there
        assert seat.client.post(seat.url("switch"), {"merchant": other.merchant.public_id}).status_code == 404
        assert seat.client.get("/")["Location"] == there

    def test_the_switch_names_each_merchant_of_the_person_and_no_other(self):
        seat = office("Onde")
        office("Soleil")
        page = seat.client.get(seat.url("home"))
        assert [(choice.name, choice.is_sandbox) for choice in page.context["merchant_choices"]] == [
            ("Onde", False),
            ("Onde", True),
        ]

    def test_the_menu_shows_what_one_may_open(self):
        seat = colleague(office(), "support")
        page = seat.client.get(seat.url("home")).content.decode()
        assert seat.url("offers") in page
        assert seat.url("developers") not in page and seat.url("settings") not in page

    def test_a_page_is_rendered_in_the_merchants_language_where_the_person_has_none(self):
        seat = office(locale="fr")
        user = person(locale="")
        member = colleague(seat, "admin")
        with tenant(seat.merchant.id):
            row = member.member()
            row.user = user
            row.save()
        assert logged_in(user).get(seat.url("home"))["Content-Language"] == "fr"


class TestDevelopers:
    def make(self, seat, **values):
        return seat.client.post(seat.url("developers"), {"name": "Onde's site", "access": "all", **values})

    def test_a_key_is_shown_once_and_kept_as_a_fingerprint(self):
        seat = office()
        page = self.make(seat).content.decode()
        [secret] = set(re.findall(r"sk_live_[\w-]{43}", page))
        with tenant(seat.merchant.id):
            row = ApiKey.objects.get()
        assert (row.name, row.prefix, row.last4, row.scopes) == ("Onde's site", "sk_live", secret[-4:], [])
        assert bytes(row.digest) == sha256(secret.encode()).digest()
        again = seat.client.get(seat.url("developers")).content.decode()
        assert secret not in again and f"sk_live_…{secret[-4:]}" in again

    def test_a_sandboxs_keys_are_test_keys(self):
        seat = office()
        url = reverse("office:developers", kwargs={"merchant": seat.sandbox.public_id})
        page = seat.client.post(url, {"name": "site", "access": "all"}).content.decode()
        assert re.search(r"sk_test_[\w-]{43}", page) and "sk_live_" not in page

    def test_the_key_opens_the_api_until_it_is_revoked(self, client):
        seat = office()
        [secret] = set(re.findall(r"sk_live_[\w-]{43}", self.make(seat).content.decode()))
        call = {"headers": {"Authorization": f"Bearer {secret}"}}
        answer = client.get("/api/v1/merchant", **call)
        assert (answer.status_code, answer.json()["id"]) == (200, seat.merchant.public_id)
        with tenant(seat.merchant.id):
            key = ApiKey.objects.get().public_id
        seat.client.post(seat.url("developer_key_revoke", key=key))
        refused = client.get("/api/v1/merchant", **call)
        assert (refused.status_code, refused.json()["code"]) == (401, "key_revoked")

    def test_a_limited_key_has_the_scopes_that_were_ticked_and_needs_one(self):
        seat = office()
        offered = [
            value for value, _ in seat.client.get(seat.url("developers")).context["form"].fields["scopes"].choices
        ]
        assert len(offered) > 3
        none = self.make(seat, access="some")
        assert none.status_code == 422 and "Tick at least one" in words(none)
        assert self.make(seat, access="some", scopes=["everything:always"]).status_code == 422
        self.make(seat, access="some", scopes=offered[:2])
        with tenant(seat.merchant.id):
            assert [row.scopes for row in ApiKey.objects.all()] == [offered[:2]]

    def test_a_key_needs_a_name(self):
        seat = office()
        assert self.make(seat, name=" ").status_code == 422
        with tenant(seat.merchant.id):
            assert ApiKey.objects.count() == 0

    def test_the_first_call_names_the_merchants_own_offer(self):
        seat = furnish()
        page = seat.client.get(seat.url("developers"))
        assert re.search(r'"offer": "off_\w{22}"', html.unescape(page.content.decode()))


class TestCatalogue:
    def test_a_feature_is_made_renamed_and_withdrawn(self):
        seat = office()
        level = {"reference": "audio", "title_en": "Audio", "kind": "level", "levels": "standard\nhifi\n"}
        assert seat.client.post(seat.url("offer_feature_new"), level).status_code == 302
        with tenant(seat.merchant.id):
            row = Feature.objects.get()
        assert (row.reference, row.kind, row.levels, row.title) == (
            "audio",
            "level",
            ["standard", "hifi"],
            {"en": "Audio"},
        )
        url = seat.url("offer_feature", feature=row.public_id)
        lost = seat.client.post(url, {"title_en": "Sound", "levels": "hifi"})
        assert lost.status_code == 422 and "Levels that exist stay" in words(lost)
        seat.client.post(url, {"title_en": "Sound", "levels": "standard\nhigh\nhifi"})
        seat.client.post(seat.url("offer_feature_archive", feature=row.public_id))
        with tenant(seat.merchant.id):
            row = Feature.objects.get()
        assert (row.title, row.levels) == ({"en": "Sound"}, ["standard", "high", "hifi"])
        assert row.archived_at is not None

    def test_a_level_needs_two_levels(self):
        seat = office()
        sent = {"reference": "audio", "title_en": "Audio", "kind": "level", "levels": "only"}
        answer = seat.client.post(seat.url("offer_feature_new"), sent)
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["levels"]

    def test_an_option_per_month_and_year_opens_a_quota_that_adds(self):
        seat = office()
        seat.client.post(
            seat.url("offer_feature_new"), {"reference": "devices", "title_en": "Devices", "kind": "quota"}
        )
        with tenant(seat.merchant.id):
            devices = Feature.objects.get()
        sent = {
            "reference": "device",
            "title_en": "Extra device",
            "currency": "EUR",
            "paid": "again",
            "price_0": "2,00",
            "count_0": "1",
            "unit_0": "month",
            "price_1": "20",
            "count_1": "1",
            "unit_1": "year",
            "unit_2": "year",
            "unit_3": "year",
            f"feature_{devices.public_id}": "1",
            "adds": "on",
        }
        assert seat.client.post(seat.url("offer_option_new"), sent).status_code == 302
        with tenant(seat.merchant.id):
            [option] = show_options(list(Option.objects.all()))
        assert option["prices"] == [
            {"interval": "month", "interval_count": 1, "amount": 200},
            {"interval": "year", "interval_count": 1, "amount": 2000},
        ]
        assert (option["adds"], option["features"][0]["quota"], option["version"]) == (True, 1, 1)
        url = seat.url("offer_option", option=option["id"])
        seat.client.post(url, {**sent, "price_0": "3"})
        with tenant(seat.merchant.id):
            [after] = show_options(list(Option.objects.all()))
        assert (after["version"], after["prices"][0]["amount"]) == (2, 300)
        nothing = seat.client.post(url, {**sent, "price_0": "", "price_1": ""})
        assert nothing.status_code == 422 and "Give prices per interval" in words(nothing)
        once = seat.client.post(url, {**sent, "paid": "once", "once": ""})
        assert once.status_code == 422 and "Say what it costs." in words(once)

    def test_a_coupon_is_made_as_typed_and_only_its_limits_change(self):
        seat = furnish()
        sent = {
            "code": "ETE",
            "title_fr": "Été",
            "takes": "percent",
            "percent_off": "12,5",
            "currency": "EUR",
            "duration": "repeating",
            "periods": "3",
            "max_uses": "100",
            "last_day": "2027-08-31",
        }
        assert seat.client.post(seat.url("offer_coupon_new"), sent).status_code == 302
        with tenant(seat.merchant.id):
            row = Coupon.objects.get(code="ETE")
            shown = show_coupons([row])[0]
        assert (shown["percent_off"], shown["duration"], shown["periods"], shown["max_uses"]) == (
            "12.5",
            "repeating",
            3,
            100,
        )
        assert shown["valid_until"] == "2027-08-31T22:00:00Z"  # the last day is had, in Paris
        url = seat.url("offer_coupon", coupon=row.public_id)
        assert 'value="2027-08-31"' in seat.client.get(url).content.decode()
        seat.client.post(url, {"title_fr": "Été", "max_uses": "5", "percent_off": "99", "last_day": ""})
        with tenant(seat.merchant.id):
            after = show_coupons([Coupon.objects.get(code="ETE")])[0]
        assert (after["percent_off"], after["max_uses"], after["valid_until"]) == ("12.5", 5, None)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"percent_off": "101"}, "percent_off"),
            ({"percent_off": "half"}, "percent_off"),
            ({"percent_off": "NaN"}, "percent_off"),
            ({"takes": "amount", "amount_off": "0"}, "amount_off"),
            ({"duration": "repeating"}, "periods"),
            ({"code": "two words"}, "code"),
            ({"last_day": "2020-01-01"}, "last_day"),
            ({"title_en": ""}, "title_en"),
        ],
    )
    def test_a_faulty_coupon_says_so_beside_its_field(self, values, field):
        seat = office()
        sent = {
            "code": "ETE",
            "title_en": "Summer",
            "takes": "percent",
            "percent_off": "10",
            "currency": "EUR",
            "duration": "once",
        }
        answer = seat.client.post(seat.url("offer_coupon_new"), {**sent, **values})
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        with tenant(seat.merchant.id):
            assert Coupon.objects.count() == 0

    @pytest.mark.parametrize("name", ["offers", "offer_options", "offer_features", "offer_coupons"])
    def test_an_empty_list_teaches_and_a_reader_is_offered_no_act(self, name):
        seat = office()
        reader = colleague(seat, "read_only")
        assert "Create" in words(seat.client.get(seat.url(name)))
        assert "Create" not in words(reader.client.get(reader.url(name)))
