"""A subscription over time: where it stands in its calendar, its options, coupons and wishes for the future."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel

BOOKKEEPING = ("next_action_at", "parked_at", "parked_reason", "updated_at", "latest_invoice_id")
"""Columns of Subscription that carry no fact of the subscriber's life: the history guard passes over them."""


class Subscription(TenantModel):
    """One beneficiary on one offer over time. `status`, `payment_state` and `access` are three answers, never one."""

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete"
        SCHEDULED = "scheduled"
        TRIALING = "trialing"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        ENDED = "ended"

    class PaymentState(models.TextChoices):
        OK = "ok"
        PROCESSING = "processing"
        RETRYING = "retrying"
        OVERDUE = "overdue"

    class Access(models.TextChoices):
        FULL = "full"
        GRACE = "grace"
        RESTRICTED = "restricted"
        NONE = "none"

    subscriber = TenantForeignKey("subscribers.Subscriber", help_text="The beneficiary")
    payer = TenantForeignKey("subscribers.Subscriber")
    legal_entity = TenantForeignKey("merchants.LegalEntity")
    offer_version = TenantForeignKey("merchants.OfferVersion")
    reference = models.CharField(max_length=120, null=True)
    quantity = models.PositiveIntegerField(default=1)
    currency = models.CharField(max_length=3)

    status = models.CharField(max_length=10, choices=Status)
    payment_state = models.CharField(max_length=10, choices=PaymentState, default=PaymentState.OK)
    dunning = models.CharField(
        max_length=8,
        default="none",
        db_default="none",
        help_text="What an unpaid invoice does to access: none, restrict, suspend",
    )
    access = models.CharField(max_length=10, choices=Access, default=Access.NONE)
    access_until = models.DateTimeField(null=True)
    access_reason = models.CharField(max_length=60, blank=True)

    start_on = models.DateField()
    started_at = models.DateTimeField(null=True, help_text="The instant it began")
    anchor_kind = models.CharField(max_length=10, blank=True, help_text="month_day, weekday, year_day or day")
    anchor_day = models.PositiveSmallIntegerField(null=True)
    anchor_month = models.PositiveSmallIntegerField(null=True)
    cycle_from = models.DateField(null=True, help_text="The boundary from which the stage counts all its boundaries")
    billing_day = models.PositiveSmallIntegerField(null=True, help_text="The subscription's own, over the offer's")
    stage_position = models.PositiveSmallIntegerField(default=0)
    stage_started_on = models.DateField(null=True)
    period_index = models.IntegerField(default=0, help_text="Which period of the stage is the current one")
    current_period_start = models.DateField(null=True)
    current_period_end = models.DateField(null=True)
    free_until = models.DateTimeField(null=True, help_text="A free stage in days ends at the time of day it began")

    service_ends_on = models.DateField(null=True, help_text="First day without service")
    billing_ends_on = models.DateField(null=True, help_text="First day that is not billed")
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    owes_early_end = models.BooleanField(
        default=False, db_default=False, help_text="The planned end costs the fee of the offer's commitment"
    )
    end_refund = models.CharField(
        max_length=8, default="none", db_default="none", help_text="What the planned end gives back of its period"
    )
    end_refund_to = models.CharField(max_length=8, default="refund", db_default="refund", help_text="refund or balance")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, blank=True)

    suspended_from = models.DateField(null=True, help_text="First day of a wished suspension, planned or begun")
    suspended_until = models.DateField(null=True, help_text="First day with service again, where it is known")
    suspension_begun = models.BooleanField(default=False, db_default=False)
    suspension_stops_billing = models.BooleanField(default=False, db_default=False)
    suspension_makes_good = models.CharField(
        max_length=12, blank=True, default="", db_default="", help_text="What is done about days paid and lost"
    )
    suspension_gift = models.JSONField(null=True, help_text="The option that makes good what was lost, where one does")
    unbilled = models.JSONField(
        default=list, db_default=[], help_text="Spans that nothing bills: [first day, first day after]"
    )

    activation = models.CharField(max_length=10, default="on_payment")
    collection = models.CharField(max_length=10, default="automatic")
    payment_method = TenantForeignKey("subscribers.PaymentMethod", null=True)
    channel = models.CharField(max_length=12)
    sold_at = TenantForeignKey("merchants.Site", null=True)
    sold_by = TenantForeignKey("merchants.Membership", null=True, help_text="Who enrolled them at a counter")
    managed_at = TenantForeignKey("merchants.Site", null=True)
    test_clock = TenantForeignKey("merchants.TestClock", null=True)
    reactivates = TenantForeignKey(
        "subscribers.Subscription", null=True, help_text="The ended one that this one goes on from"
    )
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    next_action_at = models.DateTimeField(null=True)
    latest_invoice_id = models.UUIDField(null=True)
    parked_at = models.DateTimeField(null=True)
    parked_reason = models.TextField(blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "reference"], name="a_subscription_reference_is_unique"),
            models.UniqueConstraint(
                fields=["merchant", "reactivates"],
                condition=Q(reactivates__isnull=False) & ~Q(status="ended"),
                name="an_ended_subscription_goes_on_in_one_at_a_time",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="a_subscription_is_for_at_least_one"),
            models.CheckConstraint(
                condition=Q(current_period_start=None, current_period_end=None)
                | Q(
                    current_period_start__isnull=False,
                    current_period_end__isnull=False,
                    current_period_end__gt=models.F("current_period_start"),
                ),
                name="a_period_has_days",
            ),
            models.CheckConstraint(
                condition=~Q(status="ended") | (Q(ended_at__isnull=False) & ~Q(end_reason="") & Q(next_action_at=None)),
                name="an_ended_subscription_says_why_and_rests",
            ),
            models.CheckConstraint(
                condition=Q(suspended_until=None) | Q(suspended_until__gte=models.F("suspended_from")),
                name="a_suspension_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(suspended_from__isnull=False)
                | Q(suspended_until=None, suspension_begun=False, suspension_stops_billing=False),
                name="a_suspension_has_a_first_day",
            ),
            models.CheckConstraint(
                condition=Q(suspension_makes_good="option", suspension_gift__isnull=False)
                | (~Q(suspension_makes_good="option") & Q(suspension_gift__isnull=True)),
                name="an_option_that_makes_good_is_named",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_action_at", "id"],
                condition=Q(next_action_at__isnull=False, parked_at=None, test_clock=None),
                name="subscriptions_due",
            ),
            models.Index(
                fields=["merchant", "test_clock", "next_action_at"],
                condition=Q(test_clock__isnull=False),
                name="subscriptions_on_a_clock",
            ),
            models.Index(fields=["merchant", "subscriber", "-id"], name="subscriptions_of_a_subscriber"),
            models.Index(fields=["merchant", "payer", "-id"], name="subscriptions_of_a_payer"),
            models.Index(fields=["merchant", "-id"], name="subscriptions_newest"),
            models.Index(fields=["merchant", "offer_version"], name="subscriptions_of_a_version"),
            models.Index(
                fields=["merchant", "subscriber"], condition=Q(status="trialing"), name="subscriptions_trialing"
            ),
            models.Index(
                fields=["merchant", "subscriber"],
                condition=Q(service_ends_on__isnull=False, status__in=["trialing", "active", "suspended"]),
                name="subscriptions_ending",
            ),
            models.Index(
                fields=["merchant", "subscriber"],
                condition=Q(payment_state__in=["retrying", "overdue"], status__in=["trialing", "active", "suspended"]),
                name="subscriptions_unpaid",
            ),
        ]


class SubscriptionOption(TenantModel):
    """An option on a subscription: recurring or one-off, with a term of its own, paid or complimentary."""

    subscription = TenantForeignKey("subscribers.Subscription", db_index=True, related_name="options")
    option_version = TenantForeignKey("merchants.OptionVersion")
    quantity = models.PositiveIntegerField(default=1)
    complimentary = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    periods = models.PositiveSmallIntegerField(null=True, help_text="Its term; empty: as long as the subscription")
    periods_used = models.PositiveSmallIntegerField(default=0)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, help_text="First day without it")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="an_option_is_for_at_least_one"),
            models.CheckConstraint(condition=Q(complimentary=False) | ~Q(reason=""), name="what_is_given_says_why"),
        ]


class SubscriptionCoupon(TenantModel):
    """A coupon attached to a subscription: one use of it, in the order attached."""

    subscription = TenantForeignKey("subscribers.Subscription", db_index=True, related_name="coupons")
    coupon = TenantForeignKey("merchants.Coupon", db_index=True)
    payer = TenantForeignKey("subscribers.Subscriber")
    position = models.PositiveSmallIntegerField(default=0)
    periods_used = models.PositiveIntegerField(default=0)
    attached_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "subscription", "coupon"], name="a_coupon_is_attached_to_a_subscription_once"
            )
        ]


class ScheduledChange(TenantModel):
    """A wish for the future: shown, revocable, replaced by a new one of its kind."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        REVOKED = "revoked"
        REPLACED = "replaced"
        FAILED = "failed"

    subscription = TenantForeignKey("subscribers.Subscription", db_index=True, related_name="scheduled")
    kind = models.CharField(max_length=24, help_text="cancel, change_offer, remove_option, set_quantity…")
    due_on = models.DateField()
    details = models.JSONField(default=dict)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "subscription", "kind"],
                condition=Q(status="waiting"),
                name="one_wish_of_a_kind_waits",
            )
        ]
