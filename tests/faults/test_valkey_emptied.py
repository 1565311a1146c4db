"""Valkey is emptied again and again while real workers work off a purchase: nothing is lost, nothing is double."""

from __future__ import annotations

import os
import time

import pytest
import redis
from django.core.files.storage import default_storage

from alerts.models import Message
from billing.flows import looking
from invoices.models import DocumentFile, Invoice, Payment
from merchants.models import Event
from merchants.tenancy.scope import tenant
from tests.faults.processes import until, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def valkey():
    url = os.environ["REDIS_URL"]
    if url.startswith("redis+socket://"):
        return redis.Redis(unix_socket_path=url.removeprefix("redis+socket://").split("?")[0])
    return redis.Redis.from_url(url)


def test_nothing_is_lost(shop, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    session = shop.checkout(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    shop.press(session)  # paid at the provider; the visitor never comes back
    with tenant(shop.id):
        Payment.objects.update(next_look_at=shop.now().at)
    broker = valkey()

    with workers(MEDIA_ROOT=str(tmp_path), EMAIL_URL="memory:") as processes:

        def settled():
            broker.flushall()
            time.sleep(2)  # a nudge must have the time to be taken now and then
            assert all(process.poll() is None for process in processes)
            with tenant(shop.id):
                return {
                    "paid": Invoice.objects.filter(status="paid").count(),
                    "printed": DocumentFile.objects.filter(made_at__isnull=False).count(),
                    "unpublished": Event.objects.filter(published_at=None).count(),
                    "mailed": Message.objects.filter(status="sent").count() > 0,
                }

        until(settled, {"paid": 1, "printed": 1, "unpublished": 0, "mailed": True}, seconds=180)

    with tenant(shop.id):
        assert (Invoice.objects.count(), Payment.objects.count(), DocumentFile.objects.count()) == (1, 1, 1)
        assert default_storage.exists(DocumentFile.objects.get().path)
        sequences = list(Event.objects.order_by("sequence").values_list("sequence", flat=True))
        assert sequences == list(range(1, len(sequences) + 1))
        assert Message.objects.filter(kind__startswith="invoice").count() <= 1
    assert looking.look(merchant_id=shop.id, session_id=session.pk).status == "complete"
