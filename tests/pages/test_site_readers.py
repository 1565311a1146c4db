"""The card readers of a site in the back office: put there, renamed, taken away; who may."""

from __future__ import annotations

import pytest
from django.test import override_settings

from billing.models import Reader
from merchants.models import ProviderAccount, Site
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from tests.contracts.double_at_work import DoubleAtWork
from tests.pages.counters import salon
from tests.pages.offices import colleague, office
from tools.stripe_double.readers import reader as machine
from tools.stripe_double.server import Double

pytestmark = pytest.mark.django_db(transaction=True)
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def seat():
    return office("Soleil")


@pytest.fixture
def site(seat) -> Site:
    with tenant(seat.merchant.pk):
        ProviderAccount.objects.filter(disconnected_at=None).delete()
        ProviderAccount.objects.create(kind="simulated", created_at=seat.merchant.created_at)
    return salon(seat.merchant.pk)


def url(seat, site) -> str:
    return f"/office/{seat.merchant.public_id}/sites/{site.public_id}/readers"


def send(seat, site, **posted):
    return seat.client.post(url(seat, site), posted, headers=FRAGMENT)


def names(seat) -> list[str]:
    with tenant(seat.merchant.pk):
        return list(Reader.objects.filter(retired_at=None).order_by("name").values_list("name", flat=True))


def test_a_simulated_reader_is_put_at_a_site_renamed_and_taken_away(seat, site):
    assert "/readers" in seat.client.get(url(seat, site).removesuffix("/readers")).content.decode()
    assert "Put a simulated reader here" in seat.client.get(url(seat, site), headers=FRAGMENT).content.decode()
    page = send(seat, site, name="Till 1").content.decode()
    assert "Till 1" in page and "/pay/reader/" in page
    with tenant(seat.merchant.pk):
        shown = Reader.objects.get().public_id
    assert "Counter left" in send(seat, site, act="rename", reader=shown, name="Counter left").content.decode()
    refused = send(seat, site, act="rename", reader=shown, name=" ")
    assert refused.status_code == 422 and "as the staff calls it" in refused.content.decode()
    send(seat, site, act="away", reader=shown)
    assert names(seat) == []
    assert send(seat, site, act="away", reader=shown).status_code == 404


@pytest.mark.parametrize("name", ["", " ", "x" * 81])
def test_a_reader_needs_a_name(seat, site, name):
    assert send(seat, site, name=name).status_code == 422 and names(seat) == []


def test_a_closed_site_takes_no_reader(seat, site):
    with tenant(seat.merchant.pk):
        Site.objects.update(closed_at=seat.merchant.created_at)
    assert "reader here" not in seat.client.get(url(seat, site), headers=FRAGMENT).content.decode()
    assert send(seat, site, name="Till 1").status_code == 422 and names(seat) == []


def test_without_script_it_is_a_page(seat, site):
    page = seat.client.get(url(seat, site))
    assert page.status_code == 200 and "Card readers" in page.content.decode()
    assert seat.client.post(url(seat, site), {"name": "Till 1"}).status_code == 200 and names(seat) == ["Till 1"]


def test_stripes_readers_are_listed_and_each_stands_once(seat, site):
    with Double(debit_seconds=3_600) as double, override_settings(STRIPE_API_BASE=double.url):
        key = f"sk_test_{seat.merchant.pk.hex}"
        with tenant(seat.merchant.pk):
            ProviderAccount.objects.update(kind="stripe", secret=encrypt(key))
        account = double.world.account(key)
        assert "Register another one there" in seat.client.get(url(seat, site), headers=FRAGMENT).content.decode()
        made = account.put(machine("Left", "simulated_wpe", None))
        assert ">Left<" in seat.client.get(url(seat, site), headers=FRAGMENT).content.decode()
        page = send(seat, site, name="Till 1", provider_ref=made["id"]).content.decode()
        assert made["id"] in page and "/pay/reader/" not in page
        assert send(seat, site, name="Till 2", provider_ref=made["id"]).status_code == 422
        assert send(seat, site, name="Till 2", provider_ref="tmr_none").status_code == 422
        DoubleAtWork(double).console(
            "faults", {"on": "terminal.readers.list", "fault": "500", "times": 1, "seconds": 1}
        )
        assert "does not tell its readers" in seat.client.get(url(seat, site), headers=FRAGMENT).content.decode()
    assert names(seat) == ["Till 1"]


@pytest.mark.parametrize("role", ["accountant", "support", "counter", "read_only"])
def test_who_may_not_manage_counters_may_not(seat, site, role):
    other = colleague(seat, role).client
    assert other.get(url(seat, site)).status_code == 403
    assert other.post(url(seat, site), {"name": "Till 1"}).status_code == 403 and names(seat) == []
