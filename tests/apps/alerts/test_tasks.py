"""The tasks of the alerts queue, and a worker that is really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import time_machine
from django.core import mail as outbox
from django.db import connection

from alerts import tasks
from alerts.services import claims, deliver, endpoints, mail, nudge, relay
from billing.celery import app
from merchants.clock import instant
from tests.apps.alerts.rooms import answer, deliveries, endpoint, messages, receiver, tell

pytestmark = pytest.mark.django_db(transaction=True)


def test_beat_names_tasks_that_exist_on_the_alerts_queue():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values() if entry["task"].startswith("alerts.")}
    assert named == {"alerts.tasks.relay_events", "alerts.tasks.send_due", "alerts.tasks.write_digests"}
    for name in (*named, "alerts.tasks.deliver", "alerts.tasks.send"):
        assert name in app.tasks
        assert app.amqp.router.route({}, name)["queue"].name == "alerts"


def test_a_nudge_goes_to_the_broker_and_its_absence_breaks_nothing(shop, monkeypatch):
    sent: list[tuple[str, list[str], str]] = []
    monkeypatch.setattr(
        nudge.current_app, "send_task", lambda name, args, queue: sent.append((name, args, queue)), raising=False
    )
    nudge.nudge("send", shop.id)
    assert sent == [("alerts.tasks.send", [str(shop.id)], "alerts")]

    def away(*_, **__):
        raise nudge.OperationalError("no broker")

    monkeypatch.setattr(nudge.current_app, "send_task", away, raising=False)
    nudge.nudge("send", shop.id)


def test_every_task_is_safe_twice(shop, monkeypatch):
    """Run by hand as beat and nudges would have it: one webhook, one letter, however often."""
    asked: list[tuple[str, ...]] = []
    for module in (relay, deliver, mail, endpoints):
        monkeypatch.setattr(module, "nudge", lambda task, *ids: asked.append((task, *map(str, ids))))
    outbox.outbox = []
    with receiver() as room:
        row, _ = endpoint(shop, room.url, "subscription.*")
        person = shop.enrol()
        tell(shop, "subscription.cancellation_undone", about=person.pk, life=person.pk)
        for _ in range(2):
            tasks.relay_events()
            tasks.send_due()
            tasks.deliver(str(shop.id), str(row.pk))
            tasks.send(str(shop.id))
    assert room.types == ["subscription.cancellation_undone"]
    assert len(outbox.outbox) == 1
    assert messages(shop, "status") == ["sent"]
    assert ("deliver", str(shop.id), str(row.pk)) in asked
    assert ("send", str(shop.id)) in asked


def worker(shop, row) -> subprocess.Popen[bytes]:
    """A process of its own that delivers to one endpoint, on this test's database."""
    url = urlsplit(os.environ["DATABASE_URL"])
    env = {**os.environ, "DATABASE_URL": urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))}
    code = (
        "import django; django.setup()\n"
        "from uuid import UUID\n"
        "from alerts.services.deliver import deliver\n"
        f"deliver(UUID('{shop.id}'), UUID('{row.pk}'))\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], env=env, cwd=Path(__file__).parents[3])


@pytest.mark.slow
def test_a_worker_killed_in_mid_call_loses_nothing_and_the_event_comes_again(shop):
    arrived = threading.Event()
    release = threading.Event()

    def hang(got, handler):
        arrived.set()
        release.wait(timeout=20)
        answer(200)(got, handler)

    with receiver(hang) as room:
        row, _ = endpoint(shop, room.url)
        event = tell(shop, "access.changed")
        relay.publish(shop.id)
        process = worker(shop, row)
        try:
            assert arrived.wait(timeout=30)
            process.send_signal(signal.SIGKILL)
            assert process.wait(timeout=10) == -signal.SIGKILL
        finally:
            process.kill()
        release.set()
        assert deliveries(shop, "status", "tries") == [("waiting", 1)]
        room.script = answer(200)
        assert deliver.deliver(shop.id, row.pk) == 0
        with time_machine.travel(instant() + claims.LEASE + timedelta(seconds=1), tick=True):
            assert deliver.deliver(shop.id, row.pk) == 1
    assert deliveries(shop, "status", "tries") == [("delivered", 2)]
    assert [got.headers["webhook-id"] for got in room.got] == [event.public_id] * 2
