"""Campaigns: the subscribers of an offer's earlier versions moved to another one (domain 16)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Campaign(TenantModel):
    """Whom to move to which version of an offer, from which day on, and how far it has come."""

    class Status(models.TextChoices):
        PLANNING = "planning"
        ANNOUNCED = "announced"
        CANCELLING = "cancelling"
        CANCELLED = "cancelled"

    offer = TenantForeignKey("merchants.Offer")
    to_version = TenantForeignKey("merchants.OfferVersion")
    population = models.JSONField(default=dict, help_text="versions (numbers), sites (ids), subscribed_…")
    test_clock = TenantForeignKey("merchants.TestClock", null=True, help_text="Whose subscribers; none: real time")
    effect_on = models.DateField(help_text="Moved at the first renewal from this day on")
    notice_days = models.PositiveSmallIntegerField(help_text="At least so long before, subscribers are told")
    keep_commitment = models.BooleanField(default=True, help_text="Who is committed moves after it")
    reason = models.CharField(max_length=200)
    foreseen = models.JSONField(default=dict, help_text="What its preview counted: members, left_out, yearly sums")
    status = models.CharField(max_length=10, choices=Status, default=Status.PLANNING)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=12)
    begun_by = models.CharField(max_length=120)
    cancelled_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    beaten_at = models.DateTimeField(null=True, help_text="When a worker last carried on")
    settled_at = models.DateTimeField(null=True, help_text="When all were planned, or all taken back")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_campaign_says_why"),
            models.CheckConstraint(
                condition=Q(status__in=["planning", "cancelling"], settled_at=None)
                | Q(status__in=["announced", "cancelled"], settled_at__isnull=False),
                name="a_settled_campaign_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "offer", "-id"], name="campaigns_of_an_offer"),
            models.Index(fields=["id"], condition=Q(status__in=["planning", "cancelling"]), name="campaigns_under_way"),
        ]


class CampaignMember(TenantModel):
    """One subscription of a campaign's population, what it pays before and after, and what became of it. That it has
    moved is said by its wish."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        SCHEDULED = "scheduled"
        SKIPPED = "skipped"

    campaign = TenantForeignKey("billing.Campaign", related_name="members")
    subscription = TenantForeignKey("subscribers.Subscription")
    wish = TenantForeignKey("subscribers.ScheduledChange", null=True)
    due_on = models.DateField(null=True)
    before = models.BigIntegerField(null=True, help_text="What it pays for a period, tax included, minor units")
    after = models.BigIntegerField(null=True)
    yearly_before = models.BigIntegerField(null=True)
    yearly_after = models.BigIntegerField(null=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    code = models.CharField(max_length=60, blank=True, help_text="Why it is left out")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "campaign", "subscription"], name="a_subscription_is_in_a_campaign_once"
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", wish=None)
                | Q(
                    status="scheduled",
                    wish__isnull=False,
                    due_on__isnull=False,
                    before__isnull=False,
                    after__isnull=False,
                    yearly_before__isnull=False,
                    yearly_after__isnull=False,
                )
                | Q(status="skipped") & ~Q(code=""),
                name="a_member_of_a_campaign_says_what_it_pays_or_why_not",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "campaign", "status", "id"], name="campaign_members_by_status"),
            models.Index(fields=["merchant", "campaign", "-id"], name="campaign_members_newest"),
        ]
