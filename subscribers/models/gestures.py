"""What was given (gestes commerciaux): to one subscription, or to all whom an incident touched."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class GestureBatch(TenantModel):
    """One gesture for all whom an incident touched: what is given, to whom as data, and how far it has come."""

    class Status(models.TextChoices):
        GIVING = "giving"
        GIVEN = "given"
        UNDOING = "undoing"
        UNDONE = "undone"

    kind = models.CharField(max_length=7)
    terms = models.JSONField(default=dict, help_text="What each gets: option, quantity, days, percent_off, amount…")
    reason = models.CharField(max_length=200)
    incident = models.CharField(max_length=200, blank=True)
    population = models.JSONField(default=dict, help_text="sites, offers (ids), from, until (first day not touched)")
    currency = models.CharField(max_length=3)
    foreseen = models.JSONField(default=dict, help_text="What its preview counted: touched, able, cost")
    status = models.CharField(max_length=7, choices=Status, default=Status.GIVING)
    coupon = TenantForeignKey("merchants.Coupon", null=True, help_text="Of a percentage: one for all")
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    given_by = models.CharField(max_length=120)
    given_as = models.CharField(max_length=12, help_text="The role whose limits allowed it, or api_key")
    channel = models.CharField(max_length=12)
    undone_by = models.CharField(max_length=120, blank=True, default="", db_default="")
    undo_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    beaten_at = models.DateTimeField(null=True, help_text="When a worker last carried on")
    settled_at = models.DateTimeField(null=True, help_text="When all were given, or all undone")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="what_is_given_to_many_says_why"),
            models.CheckConstraint(
                condition=Q(status__in=["giving", "undoing"], settled_at=None)
                | Q(status__in=["given", "undone"], settled_at__isnull=False),
                name="a_settled_batch_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="gesture_batches_newest"),
            models.Index(
                fields=["id"], condition=Q(status__in=["giving", "undoing"]), name="gesture_batches_under_way"
            ),
        ]


class Gesture(TenantModel):
    """Something given to one subscription: an option free of charge, days, a percentage off or an amount. Why, what it
    costs, who gave it and by which right, and what it made, so that it can be taken back."""

    class Kind(models.TextChoices):
        OPTION = "option"
        DAYS = "days"
        PERCENT = "percent"
        AMOUNT = "amount"

    class Status(models.TextChoices):
        GIVEN = "given"
        UNDONE = "undone"

    subscription = TenantForeignKey("subscribers.Subscription", related_name="gestures")
    subscriber = TenantForeignKey("subscribers.Subscriber", help_text="The beneficiary")
    kind = models.CharField(max_length=7, choices=Kind)
    currency = models.CharField(max_length=3)
    option = TenantForeignKey("merchants.Option", null=True)
    quantity = models.PositiveIntegerField(null=True)
    days = models.PositiveSmallIntegerField(null=True)
    percent_off = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    amount = models.BigIntegerField(null=True)
    periods = models.PositiveSmallIntegerField(null=True, help_text="For how many; none and no until: for ever")
    until = models.DateField(null=True, help_text="First day without it")
    reason = models.CharField(max_length=200)
    incident = models.CharField(max_length=200, blank=True)
    cost = models.BigIntegerField(null=True, help_text="What the merchant gives up; empty: without end")
    cost_per_period = models.BigIntegerField(null=True)
    given_on = models.DateField()
    given_by = models.CharField(max_length=120)
    given_as = models.CharField(max_length=12, help_text="The role whose limits allowed it, or api_key")
    batch = TenantForeignKey("subscribers.GestureBatch", null=True)

    option_row_id = models.UUIDField(null=True, help_text="The subscription's option that it made, or will make")
    coupon_use = TenantForeignKey("subscribers.SubscriptionCoupon", null=True)
    balance_entry_id = models.UUIDField(null=True)
    moved = models.JSONField(default=dict, help_text="The renewal that it moved: from, to, the grid before")

    status = models.CharField(max_length=6, choices=Status, default=Status.GIVEN)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=120, blank=True)
    kept = models.BigIntegerField(null=True, help_text="Of its cost, what was had already when it was undone")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_gesture_says_why"),
            models.CheckConstraint(
                condition=Q(kind="option", option__isnull=False, quantity__isnull=False, quantity__gte=1)
                | Q(kind="days", days__isnull=False, days__gte=1)
                | Q(kind="percent", percent_off__isnull=False, percent_off__gt=0, percent_off__lte=100)
                | Q(kind="amount", amount__isnull=False, amount__gt=0),
                name="a_gesture_says_what_it_gives",
            ),
            models.CheckConstraint(
                condition=Q(kind="option", option_row_id__isnull=False)
                | Q(kind="days", moved__has_keys=["from", "to"])
                | Q(kind="percent", coupon_use__isnull=False)
                | Q(kind="amount", balance_entry_id__isnull=False),
                name="a_gesture_names_what_it_made",
            ),
            models.CheckConstraint(
                condition=(Q(cost=None) | Q(cost__gte=0)) & (Q(kept=None) | Q(kept__gte=0)),
                name="a_gesture_never_costs_less_than_nothing",
            ),
            models.CheckConstraint(
                condition=Q(status="given", undone_at=None) | Q(status="undone", undone_at__isnull=False),
                name="an_undone_gesture_says_when",
            ),
            models.UniqueConstraint(
                fields=["merchant", "batch", "subscription"],
                condition=Q(batch__isnull=False),
                name="a_batch_gives_once_to_each",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="gestures_newest"),
            models.Index(fields=["merchant", "subscriber", "given_on"], name="gestures_of_a_subscriber"),
            models.Index(fields=["merchant", "subscription", "-id"], name="gestures_of_a_subscription"),
            models.Index(
                fields=["merchant", "option_row_id"],
                condition=Q(option_row_id__isnull=False),
                name="gestures_of_options",
            ),
        ]


class GestureMember(TenantModel):
    """One subscription that an incident touched, and what became of its part of the batch."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        GIVEN = "given"
        REFUSED = "refused"
        UNDONE = "undone"
        KEPT = "kept"

    batch = TenantForeignKey("subscribers.GestureBatch", related_name="members")
    subscription = TenantForeignKey("subscribers.Subscription")
    gesture = TenantForeignKey("subscribers.Gesture", null=True)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    code = models.CharField(max_length=60, blank=True, help_text="Why it could not be given, or not be taken back")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "batch", "subscription"], name="a_subscription_is_in_a_batch_once"
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", gesture=None)
                | Q(status="given", gesture__isnull=False)
                | Q(status="undone", gesture__isnull=False)
                | Q(status="kept", gesture__isnull=False) & ~Q(code="")
                | Q(status="refused", gesture=None) & ~Q(code=""),
                name="a_member_of_a_batch_says_what_it_got_or_why_not",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "batch", "status", "id"], name="gesture_members_by_status"),
            models.Index(fields=["merchant", "batch", "-id"], name="gesture_members_newest"),
        ]
