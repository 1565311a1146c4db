"""Dunning: one unpaid invoice, the merchant's steps as they stood when it began, and how far they were taken."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class DunningCase(TenantModel):
    """One unpaid situation (dossier d'impayé). `steps` is a copy of the policy: what was told to the subscriber at the
    beginning does not change under their feet."""

    class Effect(models.TextChoices):
        NONE = "none"
        RESTRICT = "restrict"
        SUSPEND = "suspend"

    class Outcome(models.TextChoices):
        PAID = "paid"
        CANCELLED = "cancelled"
        UNCOLLECTIBLE = "uncollectible"

    invoice = TenantForeignKey("invoices.Invoice", db_index=True)
    payer = TenantForeignKey("subscribers.Subscriber", db_index=True)
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    steps = models.JSONField(help_text="[{after_days, actions}], in order")
    taken = models.PositiveSmallIntegerField(default=0, help_text="Steps taken or passed over")
    tried = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="The last step whose own try was made: it makes no second one"
    )
    tries = models.PositiveSmallIntegerField(default=1, help_text="Automatic tries, the first included")
    effect = models.CharField(max_length=8, choices=Effect, default=Effect.NONE)
    is_overdue = models.BooleanField(default=False, help_text="All steps are taken: nothing is tried by itself")
    opened_at = models.DateTimeField(help_text="The first failure")
    next_step_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=13, choices=Outcome, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "invoice"], condition=Q(ended_at=None), name="an_invoice_has_one_open_case"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, outcome="")
                | (Q(ended_at__isnull=False, next_step_at=None) & ~Q(outcome="")),
                name="a_closed_case_says_how",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_step_at"],
                condition=Q(next_step_at__isnull=False, test_clock=None),
                name="dunning_due",
            ),
            models.Index(
                fields=["merchant", "test_clock", "next_step_at"],
                condition=Q(next_step_at__isnull=False, test_clock__isnull=False),
                name="dunning_due_on_clocks",
            ),
            models.Index(fields=["merchant", "-id"], condition=Q(ended_at=None), name="dunning_open"),
        ]


class Foreseen(TenantModel):
    """A coming fact that was told, so that it is told once (a card that expires in 30 days, a trial that ends)."""

    fact = models.CharField(max_length=160)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "fact"], name="what_is_foreseen_is_told_once")]
