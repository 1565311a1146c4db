"""Signatures of webhooks after the Standard Webhooks specification (standardwebhooks.com): `v1`, HMAC-SHA-256.

What is signed is `{webhook-id}.{webhook-timestamp}.{body}`, byte for byte. A secret reads `whsec_` and the base64
of its 24 to 64 bytes. While a rolled secret overlaps there are two signatures in the header, separated by a space.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
BYTES = 32
"""How long a new secret is; the specification asks for 24 to 64 bytes."""


def secret_of(key: bytes) -> str:
    """A key as people copy it.

    >>> secret_of(bytes(24))
    'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises ValueError where it is none of ours.

    >>> len(key_of("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
    24
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is whsec_ and base64") from error
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("a webhook secret holds 24 to 64 bytes after whsec_")
    return key


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature. `timestamp` is in whole seconds since 1970, of the try, not of the event.

    The specification's own example:

    >>> signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ...           timestamp=1614265330, body=b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def headers(secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers, with one signature for each secret that counts now.

    >>> signed = headers(["whsec_" + "A" * 32, "whsec_" + "B" * 32], message_id="evt_1", timestamp=1, body=b"{}")
    >>> signed["webhook-id"], signed["webhook-timestamp"], len(signed["webhook-signature"].split(" "))
    ('evt_1', '1', 2)
    """
    signatures = (signature(secret, message_id=message_id, timestamp=timestamp, body=body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
