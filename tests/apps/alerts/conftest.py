"""What letters and alerts are tested with."""

from __future__ import annotations

import pytest
from django.core import mail as outbox

from alerts.services import deliver, endpoints, mail, relay


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """Nobody is nudged: a test says itself when events are published and letters sent, and finds an empty outbox."""
    settings.DEFAULT_FROM_EMAIL = "Tacite <no-reply@tacite.example>"
    settings.PUBLIC_URL = "https://pay.tacite.example"
    outbox.outbox = []
    for module in (relay, mail):
        monkeypatch.setattr(module, "nudge", lambda *_: None)


@pytest.fixture
def no_nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """No worker sends by itself; what one was asked to."""
    asked: list[tuple[str, ...]] = []
    for module in (relay, deliver, endpoints):
        monkeypatch.setattr(module, "nudge", lambda task, *ids: asked.append((task, *map(str, ids))))
    return asked
