"""Secrets of the local stack: made once, kept in `.local/secrets.json` (0600), never printed."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tools.devstack.places import CannotStart
from tools.devstack.postgres import Passwords


@dataclass(frozen=True)
class Keys:
    """Everything that must stay the same from one start to the next."""

    postgres: str
    postgres_owner: str
    postgres_app: str
    secret_key: str
    field_key: str
    stripe_secret_key: str
    stripe_webhook_secret: str

    @property
    def passwords(self) -> Passwords:
        """Those of the database."""
        return Passwords(self.postgres, self.postgres_owner, self.postgres_app)


def new() -> Keys:
    """Fresh ones. The Stripe pair is for the local double only and carries its name."""
    return Keys(
        postgres=secrets.token_urlsafe(24),
        postgres_owner=secrets.token_urlsafe(24),
        postgres_app=secrets.token_urlsafe(24),
        secret_key=secrets.token_urlsafe(50),
        field_key=base64.urlsafe_b64encode(os.urandom(32)).decode(),
        stripe_secret_key=f"sk_test_double{secrets.token_hex(12)}",
        stripe_webhook_secret=f"whsec_{secrets.token_hex(16)}",
    )


def kept(file: Path) -> Keys:
    """The stored ones, made and stored at the first start. A key that an older file lacks is added."""
    fresh = asdict(new())
    try:
        stored = json.loads(file.read_text())
    except FileNotFoundError:
        stored = {}
    except ValueError as error:
        raise CannotStart(f"{file} is damaged: start over with ./run --fresh.") from error
    known = {field.name for field in fields(Keys)}
    values = fresh | {name: value for name, value in stored.items() if name in known and isinstance(value, str)}
    if values != stored:
        write_private(file, json.dumps(values, indent=1) + "\n")
    return Keys(**values)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)
