"""Files of rows that somebody asked for: made by a worker, kept for some days, then only remembered."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantModel

FORGOTTEN = "…"
"""What stands for words that somebody searched by, once nobody needs them: they may be a name."""


class Export(TenantModel):
    """One file of rows: what was asked for, how far it is, where it lies. The row stays when the file is gone: it says
    who took what out of the house.

    A worker claims it (`claim`) and shows that it lives (`beaten_at`); one that fell silent is replaced by another,
    which begins anew.
    """

    class Kind(models.TextChoices):
        INVOICES = "invoices"
        INVOICE_LINES = "invoice_lines"
        INVOICE_TAXES = "invoice_taxes"
        PAYMENTS = "payments"
        SUBSCRIBERS = "subscribers"
        CHANGES = "changes"
        FEC = "fec"
        ARCHIVE = "archive"

    class Format(models.TextChoices):
        CSV = "csv"
        XLSX = "xlsx"
        PARQUET = "parquet"
        TXT = "txt"
        ZIP = "zip"

    class Status(models.TextChoices):
        WAITING = "waiting"
        MAKING = "making"
        READY = "ready"
        FAILED = "failed"
        EXPIRED = "expired"

    kind = models.CharField(max_length=14, choices=Kind)
    format = models.CharField(max_length=7, choices=Format)
    from_on = models.DateField(null=True)
    to_on = models.DateField(null=True, help_text="The last day that counts")
    filters = models.JSONField(default=dict, help_text="What narrows it, as the API names it: public ids, words")
    sites = ArrayField(models.UUIDField(), default=list, help_text="Of these sites only; empty: every site")
    locale = models.CharField(max_length=5)
    bom = models.BooleanField(default=False, help_text="CSV: begin with a byte order mark")
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    rows = models.PositiveBigIntegerField(default=0, help_text="Written so far")
    name = models.CharField(max_length=120, blank=True, help_text="Under which it is saved")
    path = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    code = models.CharField(max_length=60, blank=True, help_text="Why it failed…")
    msgid = models.TextField(blank=True, help_text="… as an English msgid…")
    params = models.JSONField(default=dict, help_text="… and its values")
    tries = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, help_text="The worker's that makes it")
    next_try_at = models.DateTimeField(help_text="Real time")
    beaten_at = models.DateTimeField(null=True, help_text="Real time: when its worker last wrote")
    created_by = models.CharField(max_length=120, blank=True)
    actor_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="When its file is deleted")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="ready")
                | (~Q(path="") & ~Q(sha256="") & Q(made_at__isnull=False, expires_at__isnull=False)),
                name="an_export_that_is_ready_has_its_file",
            ),
            models.CheckConstraint(condition=~Q(status="failed") | ~Q(code=""), name="a_failed_export_says_why"),
            models.CheckConstraint(
                condition=~Q(status="making") | Q(claim__isnull=False, beaten_at__isnull=False),
                name="an_export_is_made_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(from_on=None) | Q(to_on=None) | Q(from_on__lte=models.F("to_on")),
                name="an_export_is_of_a_span",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="exports_newest"),
            models.Index(fields=["next_try_at"], condition=Q(status__in=("waiting", "making")), name="exports_to_make"),
            models.Index(fields=["expires_at"], condition=Q(status="ready"), name="exports_to_expire"),
        ]
