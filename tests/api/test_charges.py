"""`/charges`: one-offs that wait for the next document, taken back while they wait."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.api.charges import ChargeShape
from billing.models import Charge
from billing.selectors.snapshots import snapshots
from invoices.models import Invoice
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.api.callers import Caller, faults, problem

pytestmark = pytest.mark.django_db(transaction=True)
TITLE = {"en": "Delivery", "fr": "Livraison"}


@pytest.fixture
def bought(shop):
    return shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)), reference="S-1").subscription


def test_an_amount_waits_and_is_billed_by_nothing_before_its_time(site, shop, bought):
    told = site.make("charges", {"subscription": "ref:S-1", "amount": 5_00, "title": TITLE, "metadata": {"a": "b"}})
    assert set(told) == set(ChargeShape.__annotations__)
    assert (told["quantity"], told["unit_price"], told["amount"], told["currency"]) == ("1", "5.00", 5_00, "EUR")
    assert (told["status"], told["invoice"], told["tax_code"]) == ("waiting", None, "electronic")
    assert told["subscription"] == bought.public_id
    assert site.get(f"charges/{told['id']}").json() == told
    with tenant(shop.id):
        assert Invoice.objects.count() == 1
        (picture,) = snapshots([Subscription.objects.get()], shop.merchant).values()
        assert [(one.amount, one.unit_price, one.quantity) for one in picture.charges] == [(5_00, "5.00", Decimal(1))]


@pytest.mark.parametrize(
    ("given", "amount", "shown"),
    [
        ({"quantity": "333", "unit_price": "0.0125"}, 4_16, ("333", "0.0125")),
        ({"quantity": "1.5", "unit_price": "45"}, 67_50, ("1.5", "45.00")),
        ({"unit_price": "0.005"}, 1, ("1", "0.005")),
    ],
)
def test_a_price_is_multiplied_and_rounded_once(site, bought, given, amount, shown):
    told = site.make("charges", {"subscription": bought.public_id, "title": TITLE, **given})
    assert (told["amount"], (told["quantity"], told["unit_price"])) == (amount, shown)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, ("amount", "amount_or_unit_price")),
        ({"amount": 5, "unit_price": "1"}, ("amount", "amount_or_unit_price")),
        ({"amount": 5, "quantity": "2"}, ("quantity", "quantity_without_unit_price")),
        ({"quantity": "0", "unit_price": "1"}, ("quantity", "quantity_out_of_range")),
        ({"amount": 0}, ("amount", "amount_zero")),
        ({"unit_price": "0.001"}, ("unit_price", "amount_zero")),
        ({"amount": -5}, ("amount", "amount_negative")),
        ({"amount": 10**15}, ("amount", "amount_too_large")),
        ({"quantity": "1000000000", "unit_price": "1000000000"}, ("unit_price", "amount_too_large")),
        ({"quantity": 2, "unit_price": "1"}, ("quantity", "decimal_malformed")),
        ({"unit_price": "0.0000001"}, ("unit_price", "too_many_decimals")),
        ({"amount": 5, "tax_code": "unheard_of"}, ("tax_code", "tax_code_unknown")),
        ({"amount": 5, "title": {}}, ("title", "blank")),
        ({"amount": 5, "subscription": "ref:nobody"}, ("subscription", "not_found")),
        ({"amount": 5, "currency": "EUR"}, ("currency", "field_read_only")),
    ],
)
def test_what_cannot_be_charged_is_refused_by_its_field(site, shop, bought, given, fault):
    assert fault in faults(site.post("charges", {"subscription": "ref:S-1", "title": TITLE, **given}))
    with tenant(shop.id):
        assert not Charge.objects.exists()


def test_a_charge_is_taken_back_while_it_waits(site, shop, bought):
    made = site.make("charges", {"subscription": "ref:S-1", "amount": 5_00, "title": TITLE})
    for _ in range(2):
        done = site.post(f"charges/{made['id']}/revoke")
        assert (done.status_code, done.json()["status"]) == (200, "revoked")
    assert done.json()["settled_at"]
    kept = site.make("charges", {"subscription": "ref:S-1", "amount": 6_00, "title": TITLE})
    with tenant(shop.id):
        invoice = Invoice.objects.get()
        Charge.objects.filter(amount=6_00).update(status="billed", settled_at=shop.now().at, invoice=invoice)
    assert problem(site.post(f"charges/{kept['id']}/revoke")) == (409, "charge_billed")
    assert site.get(f"charges/{kept['id']}").json()["invoice"] == invoice.public_id
    ids = lambda query: [one["id"] for one in site.get(f"charges{query}").json()["data"]]  # noqa: E731
    assert ids("") == ids("?subscription=ref:S-1") == [kept["id"], made["id"]]
    assert ids("?status=revoked") == [made["id"]]
    assert ids("?status=waiting") == ids("?created_after=2199-01-01T00:00:00Z") == []


def test_what_has_no_next_document_takes_no_charge(site, shop, bought):
    unpaid = shop.checkout(shop.enrol("b"), shop.offer("other", ("month", None, 5_00))).subscription
    body = {"subscription": unpaid.public_id, "amount": 5_00, "title": TITLE}
    assert problem(site.post("charges", body)) == (409, "subscription_over")


def test_a_key_needs_the_scope(shop, bought):
    reader = Caller.of(shop, "charges:read")
    assert reader.get("charges").status_code == 200
    body = {"subscription": "ref:S-1", "amount": 5_00, "title": TITLE}
    assert problem(reader.post("charges", body)) == (403, "scope_missing")
