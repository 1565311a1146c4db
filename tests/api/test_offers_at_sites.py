"""`/offers`: where they are sold, and at which price."""

from __future__ import annotations

import pytest

from merchants.ids import show
from tests.api.callers import faults
from tests.pages.counters import salon

pytestmark = pytest.mark.django_db(transaction=True)
OFFER = {
    "reference": "sun",
    "title": {"fr": "Soleil"},
    "currency": "EUR",
    "tax_behavior": "inclusive",
    "stages": [{"interval": "month", "amount": 2990}],
}


def test_prices_by_site_are_told_and_bought_at(site, shop):
    lyon = salon(shop.id, "Lyon").public_id
    made = site.make("offers", OFFER)
    assert (made["everywhere"], made["sites"]) == (True, [])
    told = site.patch(f"offers/{made['id']}", {"sites": [{"site": lyon, "amount": 2490}]}).json()
    assert told["sites"] == [{"site": lyon, "sold": True, "amount": 2490}] and told["version"] == 1
    assert told["stages"][0]["amount"] == 2990
    versions = site.get(f"offers/{made['id']}/versions").json()["data"]
    assert [(one["version"], one["site"], one["stages"][0]["amount"]) for one in versions] == [
        (2, lyon, 2490),
        (1, None, 2990),
    ]
    who = site.make("subscribers", {"reference": "ana", "name": "Ana"})
    wish = {"subscriber": who["id"], "offer": made["id"], "site": lyon, "activation": "now", "collection": "manual"}
    bought = site.make("subscriptions", wish)
    assert bought["offer_version"] == 2
    shut = site.patch(f"offers/{made['id']}", {"sites": [{"site": lyon, "sold": False}]})
    assert shut.json()["sites"] == [{"site": lyon, "sold": False, "amount": None}]
    assert ("offer", "offer_not_sold_here") in faults(site.post("subscriptions", wish))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"sites": [{"site": "sit_nowhere"}]}, ("sites[0].site", "not_found")),
        ({"sites": [{"amount": 1}]}, ("sites[0].site", "required")),
        ({"sites": [{"site": "LYON", "amount": -1}]}, ("sites[0].amount", "amount_negative")),
        ({"sites": [{"site": "LYON"}, {"site": "LYON"}]}, ("sites[1].site", "twice")),
        ({"everywhere": False}, ("sites", "sold_nowhere")),
        ({"everywhere": None}, ("everywhere", "null")),
    ],
)
def test_bad_sites_are_named(site, shop, body, found):
    lyon = salon(shop.id, "Lyon")
    made = site.make("offers", OFFER)
    for one in body.get("sites", ()):
        if one.get("site") == "LYON":
            one["site"] = show("sit", lyon.pk)
    answer = site.patch(f"offers/{made['id']}", body)
    assert answer.status_code == 422 and found in faults(answer)
    assert site.get(f"offers/{made['id']}").json() == made
