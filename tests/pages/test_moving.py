"""A subscriber moved to another site from their page: with a reason, kept; never by the profile."""

from __future__ import annotations

import pytest

from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber
from subscribers.services import moving
from tests.pages.counters import salon
from tests.pages.test_statistics import sit
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place():
    shop = Shop.open("Soleil", locale="en")
    lyon, bron = salon(shop.id, "Lyon"), salon(shop.id, "Bron")
    who = shop.enrol("ana")
    with tenant(shop.id):
        moving.move(who.pk, lyon, reason="enrolled there", actor=shop.actor, now=shop.now())
    shop.buy(who, shop.offer("liberte", ("month", None, 29_90)))
    return sit(shop), shop, who, lyon, bron


def test_from_the_page_with_a_reason(place):
    seat, shop, who, lyon, bron = place
    address = seat.url("subscriber_move", subscriber=who.public_id)
    assert address in seat.client.get(seat.url("subscriber", subscriber=who.public_id)).content.decode()
    page = seat.client.get(address).content.decode()
    assert "Bron" in page and f'value="{lyon.public_id}"' not in page, "they are there already"
    assert seat.client.post(address, {"site": bron.public_id, "reason": " "}).status_code == 422
    assert seat.client.post(address, {"site": "", "reason": "x"}).status_code == 422
    assert seat.client.post(address, {"site": bron.public_id, "reason": "Moved house"}).status_code == 302
    with tenant(shop.id):
        assert Subscriber.objects.get().site_id == bron.pk
        told = [(c.subject_kind, c.reason) for c in Change.objects.filter(verb="moved").order_by("id")]
    assert ("subscriber", "Moved house") in told and ("subscription", "Moved house") in told


def test_the_profile_moves_nobody(place):
    seat, shop, who, lyon, bron = place
    address = seat.url("subscriber_edit", subscriber=who.public_id)
    assert 'name="site"' not in seat.client.get(address).content.decode()
    sent = {"name": "Ana Diaz", "locale": "en", "site": bron.public_id}
    assert seat.client.post(address, sent).status_code == 302
    with tenant(shop.id):
        row = Subscriber.objects.get()
    assert (row.name, row.site_id) == ("Ana Diaz", lyon.pk)


def test_who_may_not_edit_cannot_move(place):
    _seat, shop, who, _lyon, bron = place
    reader = sit(shop, role="read_only")
    address = reader.url("subscriber_move", subscriber=who.public_id)
    assert reader.client.post(address, {"site": bron.public_id, "reason": "x"}).status_code == 403
