"""E-reporting: what a company chose, and each report that was made for the administration."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel

REGIMES = ("monthly", "quarterly", "simplified", "franchise")
KINDS = ("transactions", "payments")
"""The words of `engine.reporting`, which models do not see."""


class EReporting(TenantModel):
    """Whether and how a legal entity's sales and receipts are reported. The two days say which period is made next."""

    legal_entity = TenantForeignKey("merchants.LegalEntity")
    is_on = models.BooleanField(default=False)
    regime = models.CharField(max_length=10, choices=[(each, each) for each in REGIMES])
    platform = models.CharField(max_length=12, default="file", help_text="Which adapter hands reports on")
    platform_code = models.CharField(max_length=4, blank=True, help_text="The platform's own four characters")
    platform_name = models.CharField(max_length=100, blank=True)
    since = models.DateField(help_text="No day before this one is reported")
    transactions_from = models.DateField(help_text="The first day of the next report of sales")
    payments_from = models.DateField(help_text="The first day of the next report of receipts")
    next_at = models.DateTimeField(null=True, help_text="When the next report is due; empty: off")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "legal_entity"], name="an_entity_reports_in_one_way"),
            models.CheckConstraint(
                condition=Q(is_on=True) | Q(next_at=None), name="nothing_is_due_of_who_does_not_report"
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="reports_due")]


class EReport(TenantModel):
    """One report: of which days, what it says, how it was received. What it says never changes; a later one of the same
    days takes its place whole."""

    class State(models.TextChoices):
        DRAFT = "draft"
        SENT = "sent"
        UNKNOWN = "unknown"
        ACCEPTED = "accepted"
        REJECTED = "rejected"

    legal_entity = TenantForeignKey("merchants.LegalEntity")
    kind = models.CharField(max_length=12, choices=[(each, each) for each in KINDS])
    first_on = models.DateField()
    last_on = models.DateField()
    until_on = models.DateField(help_text="The last day on which the platform may get it")
    number = models.PositiveSmallIntegerField(help_text="1, then one for each that takes the place of the former")
    corrects = models.BooleanField(default=False, help_text="It takes the place of one that the platform has")
    declared = models.JSONField(help_text="Who declares, as it was: siren, name, vat_number, vat_on_debits, platform")
    content = models.JSONField(help_text="{days, documents, left_out}")
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the canonical content")
    totals = models.JSONField(help_text="By currency")
    warnings = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    platform = models.CharField(max_length=12)
    platform_ref = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=400, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, help_text="Real time: when it is sent, or asked about, next")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "legal_entity", "kind", "first_on", "number"], name="a_report_is_made_once"
            ),
            models.CheckConstraint(condition=Q(first_on__lt=models.F("last_on")), name="a_report_has_some_days"),
            models.CheckConstraint(
                condition=Q(state__in=("accepted", "rejected"), settled_at__isnull=False)
                | (~Q(state__in=("accepted", "rejected")) & Q(settled_at=None)),
                name="a_settled_report_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="reports_newest"),
            models.Index(fields=["next_look_at"], condition=Q(next_look_at__isnull=False), name="reports_to_hand_on"),
        ]
