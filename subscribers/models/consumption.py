"""What was used of quotas: an append-only book of uses, and one counter a subscriber and feature."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel

KEY_LENGTH = 120


class Consumption(TenantModel):
    """One use of a quota, counted once by its key; or the entry that takes one back, with the opposite quantity.

    `used` and `quota` are those of the period as they stood with it, so that asking again answers the same. An entry
    that takes back counts on the day of the one that it undoes: no other day's sum changes.
    """

    subscriber = TenantForeignKey("subscribers.Subscriber")
    feature = TenantForeignKey("merchants.Feature")
    subscription = TenantForeignKey("subscribers.Subscription", null=True, help_text="Whose period it counted in")
    key = models.CharField(max_length=KEY_LENGTH, help_text="The caller's own: a key counts once")
    quantity = models.BigIntegerField(help_text="Below zero where it takes one back")
    undoes = TenantForeignKey("subscribers.Consumption", null=True)
    used_on = models.DateField(help_text="The local day on which it counts")
    period_start = models.DateField()
    period_end = models.DateField(help_text="First day of the next period")
    used = models.BigIntegerField(help_text="Of the period, this one included")
    quota = models.BigIntegerField(null=True, help_text="Of the period, as it stood; empty: without limit")
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=120)
    channel = models.CharField(max_length=12)
    reason = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "subscriber", "feature", "key"],
                condition=Q(undoes=None),
                name="a_consumption_counts_once",
            ),
            models.UniqueConstraint(
                fields=["merchant", "undoes"], condition=Q(undoes__isnull=False), name="a_consumption_is_undone_once"
            ),
            models.CheckConstraint(
                condition=Q(undoes=None, quantity__gte=1) | Q(undoes__isnull=False, quantity__lte=-1),
                name="only_what_undoes_a_use_is_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(undoes__isnull=False) | Q(quota=None) | Q(used__lte=models.F("quota")),
                name="a_use_is_within_its_quota",
            ),
            models.CheckConstraint(
                condition=Q(period_start__lte=models.F("used_on"), period_end__gt=models.F("used_on")),
                name="a_use_counts_in_its_period",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "subscriber", "feature", "used_on"], name="uses_of_a_quota"),
            models.Index(fields=["merchant", "subscriber", "-id"], name="uses_of_a_subscriber"),
        ]


class QuotaCounter(TenantModel):
    """How much of a feature's quota a subscriber has used since a day: a sum of the book kept ready under a lock.

    `since` is the first day of the period in which the last use counted. In another period it is summed anew from the
    book, so that it may be thrown away at any time. `quota` is the one that held when something last counted.
    """

    subscriber = TenantForeignKey("subscribers.Subscriber")
    feature = TenantForeignKey("merchants.Feature")
    since = models.DateField()
    used = models.BigIntegerField(default=0)
    quota = models.BigIntegerField(null=True, help_text="Empty: without limit")
    last_on = models.DateField(null=True, help_text="The last day on which something counted")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "subscriber", "feature"], name="a_quota_is_counted_in_one_place"
            ),
            models.CheckConstraint(condition=Q(used__gte=0), name="nobody_uses_less_than_nothing"),
            models.CheckConstraint(
                condition=Q(quota=None) | Q(used__lte=models.F("quota")), name="a_quota_is_never_exceeded"
            ),
        ]
