"""What the environment says, read strictly: a missing or odd variable is one clear sentence at the start."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def need(name: str) -> str:
    """The variable's value; raises ImproperlyConfigured naming it where it is missing."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set {name} (see .env.example), or start with ./run, which sets it.")
    return value


def flag(name: str) -> bool:
    """True for 1, true, yes, on."""
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def one_of(name: str, *known: str) -> str:
    """The variable's value, the first known one where it is not set; raises ImproperlyConfigured for another."""
    value = os.environ.get(name, "") or known[0]
    if value not in known:
        raise ImproperlyConfigured(f"{name} is one of: {', '.join(known)}.")
    return value


def listed(name: str) -> list[str]:
    """The comma-separated values, blanks left out."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def database(name: str) -> dict[str, Any]:
    """Django's database settings from a `postgresql://user:password@host:port/name` URL.

    Every connection has time-outs: a stuck statement, lock or idle transaction must not hold others up.
    """
    url = urlsplit(need(name))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must look like postgresql://user:password@host:5432/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": "-c statement_timeout=60000 -c lock_timeout=15000 -c idle_in_transaction_session_timeout=60000",
            "application_name": os.environ.get("PROCESS_NAME", "tacite"),
            "connect_timeout": 5,
        },
    }


def mail(name: str) -> dict[str, Any]:
    """Mail settings from `smtp://[user:password@]host:port[?tls=1]` or `memory:` (tests)."""
    raw = os.environ.get(name, "memory:")
    url = urlsplit(raw)
    if url.scheme == "memory":
        return {"EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        raise ImproperlyConfigured(f"{name} must look like smtp://user:password@host:587 or smtp://127.0.0.1:1025.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or 25,
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": "tls=1" in url.query,
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_TIMEOUT": 20,
    }


STYLES = ("auto", "path", "virtual")


def store(name: str) -> tuple[dict[str, Any], str | None]:
    """Where files are kept: Django's storage settings, and the folder where it is one that the URL names.

    `file:///srv/media` is a folder; `s3://bucket/prefix?endpoint=https://…&region=…&style=path` a bucket, whose keys
    are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from the machine's own role. Not set: MEDIA_ROOT.
    """
    folder = {"BACKEND": "merchants.stores.folder.FolderStore"}
    raw = os.environ.get(name, "").strip()
    if not raw:
        return folder, None
    url = urlsplit(raw)
    if url.scheme == "file" and url.path.startswith("/") and url.netloc in {"", "localhost"}:
        return folder, unquote(url.path)
    try:
        said = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError:
        said = {"": ""}
    endpoint = urlsplit(said.get("endpoint") or "https://s3.amazonaws.com")
    fits = said.keys() <= {"endpoint", "region", "style"} and said.get("style", "auto") in STYLES
    if (
        url.scheme != "s3"
        or not url.hostname
        or "@" in url.netloc
        or endpoint.scheme not in {"http", "https"}
        or not fits
    ):
        raise ImproperlyConfigured(
            f"{name} must look like file:///srv/media or s3://bucket/prefix?endpoint=https://host&region=…&style=path"
            " (style: auto, path or virtual; with an endpoint of one's own, path). Keys do not stand in it: set"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    options = {
        "bucket": url.netloc,
        "prefix": unquote(url.path.strip("/")),
        "endpoint": said.get("endpoint") or None,
        "region": said.get("region") or None,
        "style": said.get("style") or ("path" if said.get("endpoint") else "auto"),
    }
    return {"BACKEND": "merchants.stores.bucket.BucketStore", "OPTIONS": options}, None
