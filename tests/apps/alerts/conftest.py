"""What letters and alerts are tested with."""

from __future__ import annotations

import pytest
from django.core import mail as outbox

from alerts.services import mail, relay


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """Nobody is nudged: a test says itself when events are published and letters sent, and finds an empty outbox."""
    settings.DEFAULT_FROM_EMAIL = "Tacite <no-reply@tacite.example>"
    settings.PUBLIC_URL = "https://pay.tacite.example"
    outbox.outbox = []
    for module in (relay, mail):
        monkeypatch.setattr(module, "nudge", lambda *_: None)
