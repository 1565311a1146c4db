"""Seals: reports that a merchant hands to others are signed with its own key, so that anyone can see what was changed.

Ed25519 (RFC 8032) over the report in canonical form (`merchants.canonical`). A sealed report is one JSON object,

    {"report": {…}, "seal": {"algorithm": "Ed25519", "public_key": …, "fingerprint": …, "signature": …}}

with keys and signature in hexadecimal and the fingerprint the SHA-256 of the public key's 32 bytes. Who checks it
writes `report` again as `json.dumps(report, sort_keys=True, ensure_ascii=False, separators=(",", ":"))` in UTF-8, and
asks whether the signature is that of the public key, and whether the key is the merchant's: its fingerprint is shown in
the settings. `static/verify_seal.py` does that without anything of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from merchants import secrets
from merchants.canonical import canonical
from merchants.models import Merchant, Seal
from merchants.now import Now

ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature and whose it is, in hexadecimal."""

    public_key: str
    fingerprint: str
    signature: str

    def as_json(self) -> dict[str, str]:
        """The `seal` of a sealed report."""
        return {
            "algorithm": ALGORITHM,
            "public_key": self.public_key,
            "fingerprint": self.fingerprint,
            "signature": self.signature,
        }


def seal() -> Seal | None:
    """The key in use, if the merchant has one yet: it is made with the first report."""
    found: Seal | None = Seal.objects.filter(retired_at=None).first()
    return found


def sign(data: bytes, *, now: Now) -> Signature:
    """Sign bytes with the merchant's key, made now where there is none. Needs the tenant's scope; writes the key."""
    row = seal() or _make(now)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secrets.decrypt(row.private_key)))
    return Signature(public_key=row.public_key, fingerprint=row.fingerprint, signature=key.sign(data).hex())


def sealed(report: Mapping[str, Any], *, now: Now) -> dict[str, Any]:
    """A report with its seal, as it is handed out."""
    return {"report": dict(report), "seal": sign(canonical(report), now=now).as_json()}


def holds(document: Mapping[str, Any]) -> bool:
    """Whether a sealed report, read from JSON, is what its key signed. Whose key that is, the caller looks up by its
    fingerprint."""
    stamp = document.get("seal")
    if not isinstance(stamp, Mapping) or stamp.get("algorithm") != ALGORITHM:
        return False
    try:
        public = bytes.fromhex(str(stamp["public_key"]))
        if hashlib.sha256(public).hexdigest() != stamp["fingerprint"]:
            return False
        written = canonical(document["report"])
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(str(stamp["signature"])), written)
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


def known(fingerprint: str) -> bool:
    """Whether a key is or was the merchant's own."""
    return bool(Seal.objects.filter(fingerprint=fingerprint).exists())


def renew(*, now: Now) -> Seal:
    """Put another key in use, as after a leak. What the one before signed can still be checked by its fingerprint."""
    _hold_merchant()
    Seal.objects.filter(retired_at=None).update(retired_at=now.at)
    return _new(now)


def _make(now: Now) -> Seal:
    _hold_merchant()
    return seal() or _new(now)


def _hold_merchant() -> None:
    """Two at once must not both make a key: whoever does holds the merchant's row."""
    Merchant.objects.select_for_update().get()


def _new(now: Now) -> Seal:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    made: Seal = Seal.objects.create(
        private_key=secrets.encrypt(private.hex()),
        public_key=public.hex(),
        fingerprint=hashlib.sha256(public).hexdigest(),
        created_at=now.at,
    )
    return made
