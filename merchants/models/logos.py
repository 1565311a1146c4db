"""Logos, kept for ever: a document names its logo by digest, and is printed with it years after it was replaced."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantModel


class Logo(TenantModel):
    """A drawing that was once the logo of the merchant or of one of its legal entities."""

    digest = models.CharField(max_length=64, help_text="SHA-256 of the drawing, by which documents name it")
    svg = models.TextField(help_text="Checked: no script, no outside reference")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "digest"], name="a_logo_is_kept_once"),
            models.CheckConstraint(condition=Q(digest__regex="^[0-9a-f]{64}$"), name="a_logo_is_named_by_its_digest"),
        ]
