"""`/payment_methods`: attached from a token, listed, made default, detached."""

from __future__ import annotations

import pytest

from billing.selectors.answers import PaymentMethodShape
from merchants.models import Event, ProviderAccount
from merchants.tenancy.scope import tenant
from subscribers.models import Change, PaymentMethod
from tests.api.callers import faults, problem

pytestmark = pytest.mark.django_db(transaction=True)


def card(subscriber: str = "ref:lucie", token: str = "pm_card_visa", **more):
    return {"subscriber": subscriber, "type": "card", "token": token, **more}


def test_a_card_is_attached_and_becomes_the_one_that_is_charged(site, shop):
    shop.enrol("lucie")
    first = site.make("payment_methods", card())
    second = site.make("payment_methods", card(token="pm_card_mastercard"))

    assert set(first) == set(PaymentMethodShape.__annotations__)
    assert (first["type"], first["brand"], first["last4"], first["exp_year"]) == ("card", "visa", "4242", 2034)
    assert (second["brand"], second["default"]) == ("mastercard", True)
    listed = site.get("payment_methods?subscriber=ref:lucie").json()["data"]
    assert [(one["id"], one["default"]) for one in listed] == [(second["id"], True), (first["id"], False)]
    chosen = site.post(f"payment_methods/{first['id']}/make_default").json()
    assert chosen["default"] is True
    assert site.get(f"payment_methods/{second['id']}").json()["default"] is False
    with tenant(shop.id):
        verbs = list(Change.objects.filter(subject_kind="payment_method").order_by("id").values_list("verb", flat=True))
        assert verbs == ["attached", "replaced", "attached", "replaced", "made_default"]
        assert Event.objects.filter(kind="payment_method.attached").count() == 2


def test_the_same_card_is_known_once(site, shop):
    shop.enrol("lucie")
    first, second = site.make("payment_methods", card()), site.make("payment_methods", card())
    assert first["id"] == second["id"]
    with tenant(shop.id):
        assert PaymentMethod.objects.count() == 1


def test_a_debit_is_asked_for_by_its_type(site, shop):
    shop.enrol("lucie")
    made = site.make("payment_methods", card(token="pm_sepa_debitSucceeds", type="sepa_debit"))
    assert (made["type"], made["exp_year"]) == ("sepa_debit", None)
    wrong = site.post("payment_methods", card(token="pm_sepa_debitSucceeds"))
    assert faults(wrong) == [("type", "payment_method_of_another_type")]


def test_what_the_provider_refuses_is_told_and_not_kept(site, shop):
    shop.enrol("lucie")
    assert problem(site.post("payment_methods", card(token="pm_card_chargeDeclined"))) == (
        409,
        "payment_method_refused",
    )
    assert faults(site.post("payment_methods", card(token="pm_card_unheard_of"))) == [("token", "token_unknown")]
    assert faults(site.post("payment_methods", card(subscriber="ref:nobody"))) == [("subscriber", "not_found")]
    with tenant(shop.id):
        assert not PaymentMethod.objects.exists()


def test_without_a_provider_nothing_is_attached(site, shop):
    shop.enrol("lucie")
    with tenant(shop.id):
        ProviderAccount.objects.update(kind="manual")
    assert problem(site.post("payment_methods", card())) == (409, "provider_missing")


def test_a_method_is_detached_for_good(site, shop):
    shop.enrol("lucie")
    made = site.make("payment_methods", card())
    for _ in range(2):
        gone = site.post(f"payment_methods/{made['id']}/detach").json()
        assert gone["detached_at"] is not None
        assert gone["default"] is False
    assert site.get("payment_methods").json()["data"] == []
    assert [one["id"] for one in site.get("payment_methods?detached=true").json()["data"]] == [made["id"]]
    assert problem(site.post(f"payment_methods/{made['id']}/make_default")) == (409, "payment_method_detached")
    with tenant(shop.id):
        assert Event.objects.filter(kind="payment_method.detached").count() == 1


def test_the_card_of_a_running_subscription_stays_until_there_is_another(site, shop):
    shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    used = site.get("payment_methods").json()["data"][0]
    assert problem(site.post(f"payment_methods/{used['id']}/detach")) == (409, "payment_method_needed")
    site.make("payment_methods", card(token="pm_card_mastercard"))
    assert site.post(f"payment_methods/{used['id']}/detach").status_code == 200


def test_the_same_key_attaches_once(site, shop):
    shop.enrol("lucie")
    first, second = (site.post("payment_methods", card(), key="k1") for _ in range(2))
    assert first.content == second.content
    assert second["Idempotent-Replayed"] == "true"
