"""`/subscribers`: enrol, read, change, list; addresses, payers, sites, clocks; as they were at a past instant."""

from __future__ import annotations

import json

import httpx
import pytest

from merchants.ids import new_id, show
from merchants.models import Event, Site
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Change, PersonalValue, Subscriber
from subscribers.registers import Vies
from subscribers.services import enrolment
from tests.api.callers import faults, problem
from tests.worlds import forget, utc

pytestmark = pytest.mark.django_db(transaction=True)

LUCIE = {
    "reference": "ON-204817",
    "name": "Lucie Garnier",
    "email": "Lucie@Courriel.example",
    "phone": "06 39 98 41 27",
    "birth_on": "1994-02-28",
    "company": "Garnier SARL",
    "siren": "732 829 320",
    "address": {"line1": "3 rue des Lilas", "postal_code": "69001", "city": "Lyon", "country": "FR"},
    "locale": "fr",
    "metadata": {"crm": "12"},
}


def history(shop, subscriber_id=None):
    with tenant(shop.id):
        rows = Change.objects.order_by("id")
        return [(row.verb, row.before, row.after) for row in rows]


def test_a_subscriber_is_told_as_enrolled(site, shop):
    made = site.make("subscribers", LUCIE)
    assert made == site.get(f"subscribers/{made['id']}").json() == site.get("subscribers/ref:ON-204817").json()
    assert made["id"].startswith("cus_") and made["object"] == "subscriber"
    assert (made["email"], made["siren"], made["birth_on"]) == ("lucie@courriel.example", "732829320", "1994-02-28")
    assert made["address"] == {
        "line1": "3 rue des Lilas",
        "line2": "",
        "postal_code": "69001",
        "city": "Lyon",
        "country": "FR",
    }
    assert (made["payer"], made["site"], made["test_clock"], made["erased_at"]) == (None, None, None, None)
    assert (made["channel"], made["locale"], made["metadata"]) == ("api", "fr", {"crm": "12"})
    with tenant(shop.id):
        assert [event.kind for event in Event.objects.all()] == ["subscriber.created"]
        change = Change.objects.get()
        values = set(PersonalValue.objects.values_list("value", flat=True))
    assert (change.verb, change.actor_id, change.channel) == ("created", site.key.public_id, "api")
    assert "Lucie Garnier" in values and "Lyon" in values
    assert "Lucie" not in str(change.after), "personal values stand in the history as ids only"


def test_without_a_reference_the_id_is_taken_and_the_merchants_language(site, shop):
    made = site.make("subscribers", {})
    assert made["reference"] == made["id"]
    assert made["locale"] == shop.merchant.locale


def test_a_reference_is_had_once_per_merchant(site, stranger, shop):
    site.make("subscribers", {"reference": "A1"})
    assert problem(site.post("subscribers", {"reference": "A1"})) == (409, "reference_taken")
    stranger.make("subscribers", {"reference": "A1"})
    with tenant(shop.id):
        assert Subscriber.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"email": "lucie"}, ("email", "email_invalid")),
        ({"phone": "call me"}, ("phone", "phone_invalid")),
        ({"siren": "123456789"}, ("siren", "siren_invalid")),
        ({"vat_number": "FR00"}, ("vat_number", "vat_number_invalid")),
        ({"address": {"country": "France"}}, ("address.country", "max_length")),
        ({"address": {"country": "fr"}}, ("country", "country_invalid")),
        ({"address": {"planet": "Mars"}}, ("address.planet", "field_unknown")),
        ({"locale": "de"}, ("locale", "invalid_choice")),
        ({"birth_on": "1994-02-30"}, ("birth_on", "not_a_day")),
        ({"id": "cus_1"}, ("id", "field_read_only")),
        ({"nom": "Lucie"}, ("nom", "field_unknown")),
        ({"payer": "cus_nobody"}, ("payer", "not_found")),
        ({"site": "ref:nowhere"}, ("site", "not_found")),
        ({"test_clock": show("tc", new_id())}, ("test_clock", "not_found")),
        ({"metadata": {"a": 1}}, ("metadata", "not_an_object")),
        ({"name": "x" * 161}, ("name", "max_length")),
        ({"name": "Lu\u0007cie"}, ("name", "control_character")),
    ],
)
def test_a_fault_is_named_and_nothing_is_written(site, shop, body, fault):
    (found,) = faults(site.post("subscribers", body))
    assert (found[0].removeprefix("address.") if fault[0] == "country" else found[0], found[1]) == fault
    with tenant(shop.id):
        assert not Subscriber.objects.exists() and not Change.objects.exists() and not Event.objects.exists()


def test_only_what_is_named_changes_and_the_history_says_both_sides(site, shop):
    made = site.make("subscribers", LUCIE)
    changed = site.patch(f"subscribers/{made['id']}", {"address": {"city": "Paris"}, "company": ""}).json()
    assert changed["address"] == {**made["address"], "city": "Paris"}
    assert changed == {**made, "company": "", "address": changed["address"]}
    shown = site.get(f"changes?subscriber={made['id']}&kind=subscriber&limit=1").json()["data"][0]
    assert (shown["verb"], shown["before"], shown["after"]) == (
        "updated",
        {"city": "Lyon", "company": "Garnier SARL"},
        {"city": "Paris", "company": ""},
    )
    with tenant(shop.id):
        assert [event.kind for event in Event.objects.order_by("subscriber_sequence")] == [
            "subscriber.created",
            "subscriber.updated",
        ]


def test_a_change_that_changes_nothing_leaves_no_trace(site, shop):
    made = site.make("subscribers", LUCIE)
    assert site.patch("subscribers/ref:ON-204817", {"name": "Lucie Garnier", "address": {}}).json() == made
    with tenant(shop.id):
        assert (Change.objects.count(), Event.objects.count()) == (1, 1)


def test_metadata_is_replaced_whole(site):
    made = site.make("subscribers", LUCIE)
    assert site.patch(f"subscribers/{made['id']}", {"metadata": {"a": "b"}}).json()["metadata"] == {"a": "b"}


def test_a_clock_is_given_once_and_for_all_in_a_sandbox(site):
    made = site.make("subscribers", {})
    assert faults(site.patch(f"subscribers/{made['id']}", {"test_clock": None})) == [("test_clock", "field_read_only")]
    clock = site.make("test_clocks", {"time": "2031-02-01T10:00:00Z"})
    late = site.make("subscribers", {"test_clock": clock["id"]})
    assert (late["test_clock"], late["created_at"]) == (clock["id"], "2031-02-01T10:00:00Z")


def test_somebody_else_may_pay_but_nobody_through_two_hands(site):
    father, child = site.make("subscribers", {"name": "Paul"}), site.make("subscribers", {"reference": "child"})
    url = f"subscribers/{child['id']}"
    assert site.patch(url, {"payer": father["id"]}).json()["payer"] == father["id"]
    assert faults(site.post("subscribers", {"payer": "ref:child"})) == [("payer", "payer_is_paid_for")]
    assert faults(site.patch(f"subscribers/{father['id']}", {"payer": child["id"]})) == [("payer", "payer_is_paid_for")]
    other = site.make("subscribers", {})
    assert faults(site.patch(f"subscribers/{father['id']}", {"payer": other["id"]})) == [
        ("payer", "payer_pays_for_others")
    ]
    assert site.patch(url, {"payer": child["id"]}).json()["payer"] is None, "who pays for themself has no payer"
    assert site.patch(url, {"payer": father["id"]}).json()["payer"] == father["id"]
    assert site.patch(url, {"payer": None}).json()["payer"] is None
    clock = site.make("test_clocks", {"time": "2031-02-01T10:00:00Z"})
    assert faults(site.post("subscribers", {"payer": father["id"], "test_clock": clock["id"]})) == [
        ("payer", "payer_on_another_clock")
    ]


def test_a_site_is_named_by_id_or_reference(site, shop):
    with tenant(shop.id):
        salon = Site.objects.create(reference="lyon-2", name="Lyon 2", created_at=shop.now().at)
    made = site.make("subscribers", {"site": "ref:lyon-2"})
    assert made["site"] == salon.public_id
    assert faults(site.patch(f"subscribers/{made['id']}", {"site": None})) == [("site", "site_by_move")]
    assert site.patch(f"subscribers/{made['id']}", {"site": "ref:lyon-2", "name": "Léo"}).json()["name"] == "Léo"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=eleonore", ["eleo"]),
        ("q=ÉLÉO+dup", ["eleo"]),
        ("q=courriel.example", ["eleo", "lucie", "anne"]),
        ("q=0639984127", ["lucie"]),
        ("q=%2B33 6 39 98 41 27", ["lucie"]),
        ("q=anne%25", []),
        ("q=a_ne", []),
        ("q=100%25", ["cent"]),
        ("q=nobody", []),
        ("reference=anne", ["anne"]),
        ("email=ANNE@courriel.example", ["anne"]),
        ("created_after=2100-01-01T00:00:00Z", []),
    ],
)
def test_the_list_is_filtered(site, query, found):
    site.make("subscribers", {"reference": "cent", "company": "100% Pur"})
    site.make("subscribers", {"reference": "anne", "email": "anne@courriel.example"})
    site.make("subscribers", {"reference": "lucie", "phone": "06 39 98 41 27", "email": "l@courriel.example"})
    site.make("subscribers", {"reference": "eleo", "name": "Éléonore Dupré", "email": "e@courriel.example"})
    assert [row["reference"] for row in site.get(f"subscribers?{query}").json()["data"]] == found


def test_pages_of_the_list_meet_without_gap_or_double(site):
    made = [site.make("subscribers", {"reference": f"s{n}"})["reference"] for n in range(5)]
    first = site.get("subscribers?limit=2&q=s").json()
    second = site.get(f"subscribers?limit=2&q=s&cursor={first['next_cursor']}").json()
    site.make("subscribers", {"reference": "s-late"})
    third = site.get(f"subscribers?limit=2&q=s&cursor={second['next_cursor']}").json()
    seen = [row["reference"] for page in (first, second, third) for row in page["data"]]
    assert seen == list(reversed(made))
    assert [page["has_more"] for page in (first, second, third)] == [True, True, False]


def test_who_is_on_a_deleted_clock_is_hidden(site, shop, owner_sql):
    clock = site.make("test_clocks", {"time": "2031-02-01T10:00:00Z"})
    made = site.make("subscribers", {"test_clock": clock["id"]})
    kept = site.make("subscribers", {})
    from merchants.models import TestClock

    with tenant(shop.id):
        TestClock.objects.update(deleted_at=shop.now().at)
    assert [row["id"] for row in site.get("subscribers").json()["data"]] == [kept["id"]]
    assert site.get(f"subscribers/{made['id']}").status_code == 404


def test_as_of_and_known_at_answer_what_was_true_and_what_was_known(site, shop):
    actor = shop.actor
    with tenant(shop.id):
        first = Now(at=utc("2026-03-01T10:00"), zone="Europe/Paris")
        row = enrolment.enrol(
            {"reference": "then", "name": "Lucie Garnier", "city": "Lyon"},
            merchant=shop.merchant,
            actor=actor,
            now=first,
        )
        move = Now(at=utc("2026-05-01T10:00"), zone="Europe/Paris")
        enrolment.revise(row, {"city": "Paris", "name": "Lucie Petit"}, actor=actor, now=move)

    def then(query):
        answer = site.get(f"subscribers/ref:then?{query}")
        return (answer.json()["name"], answer.json()["address"]["city"]) if answer.status_code == 200 else answer

    assert then("as_of=2026-04-01T00:00:00Z") == ("Lucie Garnier", "Lyon")
    assert then("as_of=2026-05-01T10:00:00Z") == ("Lucie Petit", "Paris")
    assert then("known_at=2026-04-30T00:00:00Z") == ("Lucie Garnier", "Lyon")
    assert then("known_at=2026-05-02T00:00:00%2B00:00") == ("Lucie Petit", "Paris")
    assert problem(then("as_of=2026-02-28T23:59:59Z")) == (404, "not_there_then")
    assert problem(then("known_at=2026-02-28T23:59:59Z")) == (404, "not_there_then")
    assert faults(site.get("subscribers/ref:then?as_of=2026-04-01")) == [("as_of", "not_an_instant")]
    now, past = (site.get(f"subscribers/ref:then{query}").json() for query in ("", "?as_of=2026-05-01T10:00:00Z"))
    assert past == now, "the fold of all that is known is the row"

    with tenant(shop.id):
        forget(row, "name")
    assert then("as_of=2026-04-01T00:00:00Z") == ("erased", "Lyon")


def test_a_vat_number_is_looked_up_in_its_register(site, monkeypatch):
    made = site.make("subscribers", {"company": "Beispiel GmbH", "vat_number": "DE 136695976"})
    assert (made["vat_number"], made["vat_check"]) == ("DE136695976", None)
    path = f"subscribers/{made['id']}/vat_check"
    refused = site.post(path, {})
    assert problem(refused) == (409, "vat_register_off")
    asked = []

    def reply(request):
        asked.append(json.loads(request.content))
        return httpx.Response(200, json={"valid": True, "requestIdentifier": "WAPIAAAAW1"})

    monkeypatch.setattr("subscribers.api.subscribers.register", lambda: Vies(httpx.MockTransport(reply)))
    checked = site.post(path, {}).json()["vat_check"]
    assert (checked["verdict"], checked["consultation"]) == ("valid", "WAPIAAAAW1")
    assert asked == [{"countryCode": "DE", "vatNumber": "136695976", "requesterMemberStateCode": "FR",
                      "requesterNumber": "44732829320"}]  # fmt: skip
    changes = site.get(f"changes?subscriber={made['id']}").json()["data"]
    assert changes[0]["after"]["vat_check"]["consultation"] == "WAPIAAAAW1"
    none = site.make("subscribers", {"name": "Lucie"})
    assert problem(site.post(f"subscribers/{none['id']}/vat_check", {})) == (409, "vat_number_missing")
    assert len(asked) == 1
