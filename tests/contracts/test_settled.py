"""What is settled stays so: the database refuses to take back a charge, a closed case, or time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError

from billing.models import Charge, DunningCase
from invoices.models import Invoice
from merchants.clock import instant
from merchants.models import TestClock as Clock
from merchants.tenancy.scope import tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bought(shop):
    session = shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    return session.subscription, session.invoice


def refused(shop, name, rows, **columns):
    with pytest.raises(IntegrityError, match=name), tenant(shop.id):
        rows().update(**columns)


def test_a_clock_only_moves_forward(shop):
    with tenant(shop.id):
        clock = Clock.objects.create(time=instant(), created_at=instant())
    refused(
        shop, "only moves forward", lambda: Clock.objects.filter(id=clock.pk), time=clock.time - timedelta(seconds=1)
    )
    with tenant(shop.id):
        Clock.objects.filter(id=clock.pk).update(time=clock.time + timedelta(days=1), status="released")
    refused(shop, "only moves forward", lambda: Clock.objects.filter(id=clock.pk), status="ready")


def test_a_settled_charge_stays_so(shop, bought):
    subscription, invoice = bought
    with tenant(shop.id):
        charge = Charge.objects.create(
            subscription_id=subscription.pk, title={"en": "x"}, unit_price="5.00", amount=500, currency="EUR",
            tax_code="electronic", created_at=instant(),
        )  # fmt: skip
    mine = lambda: Charge.objects.filter(id=charge.pk)  # noqa: E731 - asked inside the scope
    refused(shop, "a_billed_charge_names_its_invoice", mine, status="billed", settled_at=instant())
    with tenant(shop.id):
        mine().update(status="billed", settled_at=instant(), invoice=invoice.pk)
    refused(shop, "stays so", mine, status="revoked", invoice=None)
    refused(shop, "stays so", mine, amount=400)
    with tenant(shop.id):
        assert mine().get().amount == 500


def test_a_closed_case_stays_closed_and_goes_on_as_it_began(shop, bought):
    subscription, invoice = bought
    with tenant(shop.id):
        assert Invoice.objects.get(id=invoice.pk).status == "paid"
        case = DunningCase.objects.create(
            invoice_id=invoice.pk, payer_id=subscription.payer_id, steps=[], taken=1, opened_at=instant()
        )
    mine = lambda: DunningCase.objects.filter(id=case.pk)  # noqa: E731 - asked inside the scope
    refused(shop, "goes on as it began", mine, taken=0)
    refused(shop, "goes on as it began", mine, steps=[{"after_days": 1, "actions": ["retry"]}])
    with tenant(shop.id):
        mine().update(ended_at=instant(), outcome="paid", next_step_at=None)
    refused(shop, "is closed", mine, ended_at=None, outcome="")
