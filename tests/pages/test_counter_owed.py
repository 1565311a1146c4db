"""An invoice that is owed is paid at the counter, by code or reader; no other site sees it."""

from __future__ import annotations

import pytest

from invoices.models import Invoice
from merchants.tenancy.scope import tenant
from subscribers.services import enrolment
from tests.apps.invoices.bills import bill, line
from tests.pages.counter_cards import desk, machines, part, reader, session_of, shop, stands, text
from tests.pages.counter_walkin import send, walkin
from tests.pages.counters import salon, seller, tablet

__all__ = ["desk", "reader", "shop"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owed_invoice(shop, desk):
    who = {"name": "Léa Marchand", "email": "lucie@courriel.example"}
    with tenant(shop.id):
        person = enrolment.enrol(who, merchant=shop.merchant, actor=shop.actor, now=shop.now(), site_id=desk.site.pk)
    return bill(shop, person, line(9_00))


def test_an_invoice_is_paid_at_the_counter_by_code_or_reader(shop, desk, reader, owed_invoice):
    thing = owed_invoice.public_id
    page = text(desk.client.get(f"/counter/pay/{thing}"))
    assert (
        "Léa Marchand" in page
        and "€9.00" in page
        and "/pay/owed/" in page.replace("&#x2F;", "/")
        and "Reader 1" in page
    )
    part(desk, thing, "reader", reader=reader.public_id, seen="900")
    machines(shop).present(reader.provider_ref, token="pm_card_visa")
    assert part(desk, thing).headers["HX-Refresh"] == "true"
    assert "Paid" in text(desk.client.get(f"/counter/pay/{thing}"))
    with tenant(shop.id):
        assert Invoice.objects.get().status == "paid"


def test_the_link_of_an_invoice_is_sent_by_e_mail(shop, desk, owed_invoice):
    thing = owed_invoice.public_id
    assert "Send the link to lucie@courriel.example" in text(desk.client.get(f"/counter/pay/{thing}"))
    assert "on its way" in text(part(desk, thing, "letter"))
    assert "less than ten minutes ago" in text(part(desk, thing, "letter"))


def test_another_site_sees_nothing_of_it(shop, desk, reader, owed_invoice):
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    paris = salon(shop.id, "Paris")
    other = tablet(shop.id, paris)
    other.sign_in(seller(shop.id, "Paul", sites=[paris]))
    for thing in (session_of(shop).public_id, owed_invoice.public_id, "cs_nothing", "inv_1"):
        assert other.client.get(f"/counter/pay/{thing}").status_code == 404
        assert part(other, thing, "reader", reader=reader.public_id, seen="2990").status_code == 404
    assert stands(shop)[2] == 0
