"""docs/api-guide.md as its readers use it: each example run in its order against a real server, with a sandbox key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from billing.models import CheckoutSession
from merchants.ids import read
from merchants.tenancy.scope import tenant
from tests.api.callers import new_key

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.django_db(transaction=True)


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs/api-guide.md").read_text(encoding="utf-8"))


def test_every_example_of_the_guide_runs(shop: Any, live_server: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("TACITE_API", live_server.url)
    monkeypatch.setenv("TACITE_KEY", new_key(shop).secret)
    names: dict[str, Any] = {"__name__": "guide"}
    ran = []
    for language, text in blocks():
        if language == "sh":
            done = subprocess.run(["sh", "-ec", text], env=os.environ, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (text, done.stdout, done.stderr)
        else:
            exec(compile(text, "docs/api-guide.md", "exec"), names)
        ran.append(language)
        if "Send the visitor to" in text:
            pay(shop, names["session"]["id"])

    assert (ran.count("sh") >= 5, ran.count("python") >= 7) == (True, True)
    with tenant(shop.id):
        assert CheckoutSession.objects.get().status == "complete"


def pay(shop: Any, session_id: str) -> None:
    """What the visitor does on the pages: pay with a good card and come back."""
    with tenant(shop.id):
        session = CheckoutSession.objects.get(id=read("cs", session_id))
    shop.press(session)
    assert shop.look(session).status == "complete"
