"""The product's settings as environment variables: what each child is told, and no more.

A variable that the user has set wins: so the same settings run on given servers. `DATABASE_OWNER_URL` goes only to the
step that migrates and seeds, never to a web process or a worker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tools.devstack.keys import Keys
from tools.devstack.places import PROJECT
from tools.devstack.ports import HOST

NOWHERE = f"http://{HOST}:9"  # the discard port: no call of a test may ever reach the real Stripe
OWNER_ONLY = "DATABASE_OWNER_URL"


def exists(module: str) -> bool:
    """Whether a module can be started, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def fixed() -> dict[str, str]:
    """What makes this tree the one that runs, whatever the caller's environment says."""
    return {"DJANGO_SETTINGS_MODULE": "billing.settings", "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}


def common(keys: Keys, *, media: Path) -> dict[str, str]:
    """What every stack of ours sets, whatever its servers."""
    return {
        **fixed(),
        "SECRET_KEY": keys.secret_key,
        "FIELD_KEYS": keys.field_key,
        "STRIPE_SECRET_KEY": keys.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": keys.stripe_webhook_secret,
        "MEDIA_ROOT": str(media),
        "WEBHOOKS_TO_LOOPBACK": "1",  # the demo shop, and receivers of tests
    }


def inherited() -> dict[str, str]:
    """The caller's environment without what would change the meaning of ours."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}


def without_owner(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of what serves and works: the owner's address is not in it."""
    return {key: value for key, value in env.items() if key != OWNER_ONLY}
