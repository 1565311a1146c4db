"""The printed form of a document: it follows the document, which is legal without it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class DocumentFile(TenantModel):
    """A PDF of an invoice or credit note, made by a worker. A row without `made_at` waits to be printed."""

    invoice = TenantForeignKey("invoices.Invoice", null=True, related_name="files")
    credit_note = TenantForeignKey("invoices.CreditNote", null=True, related_name="files")
    format = models.CharField(max_length=8, default="pdf")
    path = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=400, blank=True)
    next_try_at = models.DateTimeField(help_text="Real time")
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    as_printed = models.JSONField(null=True, help_text="How the document stood when it was first printed")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(invoice__isnull=True) ^ Q(credit_note__isnull=True), name="a_file_prints_one_document"
            ),
            models.UniqueConstraint(
                fields=["merchant", "invoice", "format"],
                condition=Q(invoice__isnull=False),
                name="an_invoice_is_printed_once",
            ),
            models.UniqueConstraint(
                fields=["merchant", "credit_note", "format"],
                condition=Q(credit_note__isnull=False),
                name="a_credit_note_is_printed_once",
            ),
        ]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(made_at=None), name="files_to_print")]
