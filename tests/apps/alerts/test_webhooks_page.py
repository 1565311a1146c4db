"""docs/webhooks.md: the receiver's code that it shows verifies what we really send."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.routes import ROUTES
from alerts.services import deliver, endpoints, relay
from alerts.services.endpoints import FAMILIES, KINDS
from tests.apps.alerts.rooms import endpoint, receiver, tell

KIND = re.compile(r'"(([a-z_]+)\.(?:created|updated|[a-z_]+ed|failed|paid|overdue|requires_action|sent|expiring))"')
PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()


def shown() -> dict[str, Callable[..., Any]]:
    """The functions that the page shows."""
    made: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, made)
    return made


@pytest.mark.django_db(transaction=True)
def test_the_pages_code_verifies_what_is_sent_and_nothing_else(shop, monkeypatch):
    for module in (relay, deliver, endpoints):
        monkeypatch.setattr(module, "nudge", lambda *_: None)
    verified = shown()["verified"]
    with receiver() as room:
        row, secret = endpoint(shop, room.url)
        tell(shop, "invoice.paid", name="Éléonore", total=1099)
        relay.publish(shop.id)
        deliver.deliver(shop.id, row.pk)
    [got] = room.got
    sent = int(got.headers["webhook-timestamp"])
    assert verified(secret, got.headers, got.body)
    assert verified(secret, got.headers, got.body, now=sent + 300)
    assert not verified(secret, got.headers, got.body, now=sent + 301)
    assert not verified(secret, got.headers, got.body + b" ")
    assert not verified(endpoints.new_secret(), got.headers, got.body)
    assert not verified(secret, {**got.headers, "webhook-id": "evt_other"}, got.body)
    assert not verified(secret, {**got.headers, "webhook-timestamp": str(sent - 1)}, got.body)
    assert not verified(secret, {}, got.body)
    both = {**got.headers, "webhook-signature": "v1,AAAA " + got.headers["webhook-signature"]}
    assert verified(secret, both, got.body)


def test_the_specifications_own_example_verifies():
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    body = b'{"test": 2432232314}'
    assert shown()["verified"]("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", headers, body, now=1614265330)


def test_an_event_that_comes_twice_is_worked_off_once():
    done: list[str] = []
    known: set[str] = set()
    event = {"id": "evt_1"}
    take = shown()["take"]
    assert take(event, known, lambda one: done.append(one["id"])) is True
    assert take(event, known, lambda one: done.append(one["id"])) is False
    assert done == ["evt_1"]

    def fails(_: Any) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        take({"id": "evt_2"}, known, fails)
    assert "evt_2" not in known  # what failed is not known: it is worked off when it comes again


def test_every_kind_that_the_code_journals_can_be_asked_for():
    root = Path(__file__).parents[3]
    found = {
        kind
        for app in ("merchants", "subscribers", "invoices", "billing", "alerts")
        for file in (root / app).rglob("*.py")
        for kind, family in KIND.findall(file.read_text())
        if family in {known.partition(".")[0] for known in KINDS}
    }
    assert len(found) > 20
    assert found - set(KINDS) == set()
    assert set(ROUTES) <= set(KINDS)


def test_kinds_that_can_be_asked_for_are_written_alike():
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", kind) for kind in KINDS)
    assert len(set(KINDS)) == len(KINDS)
    assert set(FAMILIES) == {kind.partition(".")[0] + ".*" for kind in KINDS}
