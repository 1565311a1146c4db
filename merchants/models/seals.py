"""Seals: the keys with which a merchant's reports are signed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantModel


class Seal(TenantModel):
    """An Ed25519 key (RFC 8032). One is in use; those before it stay, so that what they signed can still be checked."""

    private_key = models.BinaryField(help_text="32 bytes in hexadecimal, encrypted")
    public_key = models.CharField(max_length=64, help_text="32 bytes in hexadecimal")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the public key's bytes")
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(retired_at=None), name="a_merchant_has_one_seal_in_use"
            ),
            models.CheckConstraint(
                condition=Q(public_key__regex="^[0-9a-f]{64}$", fingerprint__regex="^[0-9a-f]{64}$"),
                name="a_seal_is_named_by_its_key",
            ),
        ]
