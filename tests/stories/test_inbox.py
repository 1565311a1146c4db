"""What other systems on a merchant's account at the provider put into their objects does not trouble the inbox."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client

from billing import inbox
from billing.models import ProviderEvent
from merchants.ids import new_id
from merchants.models import ProviderAccount
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec_of_a_shared_account"


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    """A merchant who shares the Stripe account with another system."""
    made = Shop.open("Onde", kind="stripe")
    with tenant(made.id):
        sealed = {"secret": encrypt("sk_test_shared"), "webhook_secret": encrypt(SECRET)}
        ProviderAccount.objects.filter(id=made.account.pk).update(**sealed)
    return made


def tell(shop: Shop, **said: Any) -> int:
    """A signed notice about a checkout page; the status it is answered with."""
    page = {"object": "checkout.session", "id": "cs_of_another", "metadata": {}, **said}
    event = {"id": f"evt_{new_id().hex}", "type": "checkout.session.completed", "data": {"object": page}}
    body = json.dumps({**event, "created": int(time.time()), "livemode": False})
    at = int(time.time())
    signature = hmac.new(SECRET.encode(), f"{at}.{body}".encode(), "sha256").hexdigest()
    address = f"/provider/{shop.account.pk}/events"
    headers = {"Stripe-Signature": f"t={at},v1={signature}"}
    return Client().post(address, body, content_type="application/json", headers=headers).status_code


@pytest.mark.parametrize("reference", ["x" * 200, "order 4711", "", None, "01a203c6-49ac-7738-8104-4dc110e365b1"])
def test_a_page_of_another_system_is_kept_and_is_not_ours(shop, reference):
    assert tell(shop, client_reference_id=reference) == 200
    with tenant(shop.id):
        row = ProviderEvent.objects.get()
    inbox.read(merchant_id=shop.id, notice_id=row.pk)
    with tenant(shop.id):
        row.refresh_from_db()
    assert (row.outcome, row.settled_at is not None) == ("not ours", True)
