"""Secrets of merchants (provider keys, webhook secrets) as they lie in the database: encrypted, keys rotatable."""

from __future__ import annotations

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def _box() -> MultiFernet:
    if not settings.FIELD_KEYS:
        raise ImproperlyConfigured("Set FIELD_KEYS to one or more Fernet keys, newest first (see .env.example).")
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def encrypt(secret: str) -> bytes:
    """The secret as it may be stored."""
    return _box().encrypt(secret.encode())


def decrypt(stored: bytes | memoryview) -> str:
    """The secret again; '' where nothing is stored. Raises cryptography's InvalidToken where no key fits."""
    raw = bytes(stored)
    return _box().decrypt(raw).decode() if raw else ""


def seal(content: bytes) -> bytes:
    """Bytes that may be stored: a file with people in it."""
    return _box().encrypt(content)


def unseal(stored: bytes | memoryview) -> bytes:
    """Those bytes again; none where nothing is stored. Raises cryptography's InvalidToken where no key fits."""
    raw = bytes(stored)
    return _box().decrypt(raw) if raw else b""
