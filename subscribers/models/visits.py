"""Who came in at which site, and the card by which somebody is recognised at a door."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Visit(TenantModel):
    """One entry at a site. `key` is the tablet's number of the scan: sent again it is this visit. Where a quota counted
    it, `consumption` is its use; where somebody let in spite of a no, `reason` says why. Taken back, never deleted."""

    subscriber = TenantForeignKey("subscribers.Subscriber")
    site = TenantForeignKey("merchants.Site")
    device = TenantForeignKey("merchants.Device", null=True)
    member = TenantForeignKey("merchants.Membership", null=True)
    subscription = TenantForeignKey("subscribers.Subscription", null=True)
    consumption = TenantForeignKey("subscribers.Consumption", null=True)
    key = models.UUIDField()
    at = models.DateTimeField()
    reason = models.CharField(max_length=400, blank=True, help_text="Why somebody was let in in spite of a no")
    allowed_by = TenantForeignKey("merchants.Membership", null=True, help_text="Whose PIN let them in")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="a_visit_is_counted_once"),
            models.CheckConstraint(
                condition=Q(allowed_by=None, reason="") | (Q(allowed_by__isnull=False) & ~Q(reason="")),
                name="who_is_let_in_is_let_in_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "subscriber", "-at"], name="visits_of_somebody"),
            models.Index(fields=["merchant", "site", "-at"], name="visits_of_a_site"),
        ]


class MemberCard(TenantModel):
    """A code by which a subscriber is recognised at a door: random, without any meaning, replaced when it is lost."""

    subscriber = TenantForeignKey("subscribers.Subscriber")
    code = models.CharField(max_length=24)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="a_card_names_one_person"),
            models.UniqueConstraint(
                fields=["merchant", "subscriber"], condition=Q(revoked_at=None), name="a_person_has_one_card"
            ),
        ]
