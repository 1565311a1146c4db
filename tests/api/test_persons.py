"""`/subscribers/{id}/export` and `/erase`, and the office's pages that do the same."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.urls import reverse

from billing import tasks
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.api.callers import Caller
from tests.pages.subscribers_at import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_person_is_exported_then_erased_by_the_api(shop):
    site, reader = Caller.of(shop), Caller.of(shop, "subscribers:read")
    lucie = shop.enrol("lucie")
    answer = reader.get(f"subscribers/{lucie.public_id}/export")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as found:
        assert json.loads(found.read("data.json"))["profile"][0]["name"] == "Lucie Garnier"
    address = f"subscribers/{lucie.public_id}/erase"
    assert reader.post(address, {"reason": "asked"}).status_code == 403
    assert site.post(address, {}).status_code == 422
    done = site.post(address, {"reason": "asked"})
    assert (done.status_code, done.json()["name"], done.json()["reference"]) == (200, "", f"erased-{lucie.public_id}")
    assert site.post(address, {"reason": "asked"}).json() == done.json()
    sold = shop.enrol("paul")
    shop.buy(sold, shop.offer("hifi", ("month", None, 12_99)))
    refused = site.post(f"subscribers/{sold.public_id}/erase", {"reason": "asked"})
    assert (refused.status_code, refused.json()["code"]) == (409, "subscription_live")


def test_the_office_asks_twice_and_a_worker_erases(shop, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.erase_person, "apply_async", lambda parts: asked.append(parts))
    lucie = shop.enrol("lucie")
    desk = Desk.at(shop)
    here = {"merchant": shop.merchant.public_id, "subscriber": lucie.public_id}
    page = reverse("office:subscriber-erase", kwargs=here)
    assert "L123-22" in desk.client.get(page).content.decode()
    assert desk.client.post(page, {"reason": "asked", "again": "luzie"}).status_code == 422
    assert asked == []
    assert desk.client.post(page, {"reason": "asked", "again": "lucie"}).status_code == 302
    (parts,) = asked
    tasks.erase_person(*parts)
    with tenant(shop.id):
        assert Subscriber.objects.get(id=lucie.pk).name == ""
    assert desk.client.get(page).status_code == 302
    zipped = desk.client.get(reverse("office:subscriber-export", kwargs=here))
    assert (zipped.status_code, zipped["Content-Disposition"]) == (
        200, f'attachment; filename="{lucie.public_id}.zip"'
    )  # fmt: skip
    assert Desk.at(shop, "support").client.get(page).status_code == 403
