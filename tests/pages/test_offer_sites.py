"""Where an offer is sold and at which price, in the office; what the counters then sell."""

from __future__ import annotations

import re

import pytest

from merchants.models import Offer, OfferAtSite
from merchants.tenancy.scope import tenant
from tests.pages.counters import salon, seller, tablet
from tests.pages.offices import office
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place():
    """An owner's seat, with two salons and an offer at 29.90."""
    seat = office("Soleil")
    with tenant(seat.merchant.id):
        from merchants.models import LegalEntity

        entity = LegalEntity.objects.first()
    shop = Shop(merchant=seat.merchant, entity=entity, account=None)
    offer = shop.offer("liberte", ("month", None, 29_90))
    return seat, shop, offer, salon(seat.merchant.id, "Lyon"), salon(seat.merchant.id, "Bron")


def address(seat, offer):
    return f"/office/{seat.merchant.public_id}/offers/{offer.public_id}/sites"


def sold(site):
    return f"sold_{site.public_id}"


def amount(site):
    return f"amount_{site.public_id}"


def test_prices_are_typed_shown_and_sold(place):
    seat, shop, offer, lyon, bron = place
    page = seat.client.get(address(seat, offer)).content.decode()
    assert len(re.findall(r"checked", page)) == 3, "everywhere, and at both"
    sent = {"where": "everywhere", sold(lyon): "on", amount(lyon): "24,90", sold(bron): "on", amount(bron): ""}
    answer = seat.client.post(address(seat, offer), sent, headers={"Accept-Language": "fr"})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    with tenant(shop.id):
        row = OfferAtSite.objects.get()
        assert (row.site_id, row.is_sold, row.amount) == (lyon.pk, True, 24_90)
    shown = seat.client.get(f"/office/{seat.merchant.public_id}/offers/{offer.public_id}").content.decode()
    assert "24.90" in shown or "24,90" in shown
    counters = {}
    for site in (lyon, bron):
        device = tablet(shop.id, site)
        device.sign_in(seller(shop.id, f"Seller {site.name}", sites=[site]))
        found = re.search(r'class="offer-price">([^<]*)', device.client.get("/counter/enrol").content.decode())
        counters[site.name] = re.sub(r"[^\d]", "", found[1])
    assert counters == {"Lyon": "2490", "Bron": "2990"}


def test_some_sites_only_and_back(place):
    seat, shop, offer, lyon, bron = place
    assert seat.client.post(address(seat, offer), {"where": "named", sold(lyon): "on"}).status_code == 302
    with tenant(shop.id):
        assert not Offer.objects.get().everywhere
        assert [(row.site_id, row.is_sold) for row in OfferAtSite.objects.all()] == [(lyon.pk, True)]
    device = tablet(shop.id, bron)
    device.sign_in(seller(shop.id, "Marc", sites=[bron]))
    assert "offer-price" not in device.client.get("/counter/enrol").content.decode()
    both = {"where": "everywhere", sold(lyon): "on", sold(bron): "on"}
    assert seat.client.post(address(seat, offer), both).status_code == 302
    with tenant(shop.id):
        assert Offer.objects.get().everywhere and not OfferAtSite.objects.exists()


@pytest.mark.parametrize("typed", ["abc", "-3", "1.234"])
def test_what_is_no_price_is_said_beside_it_and_nothing_is_kept(place, typed):
    seat, shop, offer, lyon, _bron = place
    answer = seat.client.post(address(seat, offer), {"where": "everywhere", sold(lyon): "on", amount(lyon): typed})
    assert answer.status_code == 422 and 'role="alert"' in answer.content.decode() and typed in answer.content.decode()
    with tenant(shop.id):
        assert not OfferAtSite.objects.exists()


def test_nowhere_is_refused(place):
    seat, _shop, offer, _lyon, _bron = place
    answer = seat.client.post(address(seat, offer), {"where": "named"})
    assert answer.status_code == 422
