"""Tablets at a site's counter."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.models.people import User
from merchants.tenancy.models import TenantForeignKey, TenantModel


class Device(TenantModel):
    """A tablet that serves one site. It is paired with a code that is shown once, then known by the hash of a secret in
    its browser; unpaired, it knows nothing at once. `member` is who is signed in by PIN just now."""

    site = TenantForeignKey("merchants.Site")
    name = models.CharField(max_length=80)
    code_digest = models.BinaryField(max_length=32, null=True, help_text="Of the code that pairs it; gone once used")
    code_expires_at = models.DateTimeField(null=True)
    digest = models.BinaryField(max_length=32, null=True, help_text="Of the secret in its browser")
    registered_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    paired_at = models.DateTimeField(null=True)
    unpaired_at = models.DateTimeField(null=True)
    member = TenantForeignKey("merchants.Membership", null=True)
    member_since = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="Real time, to the minute")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="a_device_has_its_own_secret"),
            models.UniqueConstraint(fields=["code_digest"], name="a_pairing_code_opens_one_device"),
            models.CheckConstraint(
                condition=Q(unpaired_at=None) | Q(member=None, code_digest=None),
                name="an_unpaired_device_serves_nobody",
            ),
            models.CheckConstraint(
                condition=Q(digest=None, paired_at=None) | Q(digest__isnull=False, paired_at__isnull=False),
                name="a_paired_device_has_its_secret",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "site"], condition=Q(unpaired_at=None), name="devices_of_a_site")]
