"""What is sold: offers as immutable versions made of stages, options, features. A version never changes once made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel, TransactionId


class IntervalUnit(models.TextChoices):
    """The calendar's units."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Feature(TenantModel):
    """Something the merchant's service checks: a switch, a quota per period, a level of an ordered list; or counts:
    what is metered."""

    class Kind(models.TextChoices):
        SWITCH = "switch"
        QUOTA = "quota"
        LEVEL = "level"
        METERED = "metered"

    class Aggregation(models.TextChoices):
        SUM = "sum"
        MAX = "max"
        COUNT = "count"
        UNIQUE = "unique"

    reference = models.CharField(max_length=120)
    kind = models.CharField(max_length=7, choices=Kind)
    aggregation = models.CharField(
        max_length=6,
        choices=Aggregation,
        blank=True,
        default="",
        db_default="",
        help_text="Of what is metered: how a period's records become one quantity; it never changes",
    )
    title = models.JSONField(default=dict, help_text='{"en": …, "fr": …}')
    levels = models.JSONField(default=list, help_text="From low to high")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "reference"], name="a_feature_reference_is_unique"),
            models.CheckConstraint(
                condition=(Q(kind="metered") & ~Q(aggregation="")) | (~Q(kind="metered") & Q(aggregation="")),
                name="what_is_metered_says_how",
            ),
        ]


class Offer(TenantModel):
    """An offer's name and state. What it sells is its current version."""

    reference = models.CharField(max_length=120)
    visible = models.BooleanField(default=True)
    everywhere = models.BooleanField(
        default=True, db_default=True, help_text="False: at the sites named alone (OfferAtSite)"
    )
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "reference"], name="an_offer_reference_is_unique")]


class OfferVersion(TenantModel):
    """One immutable wording of an offer. The highest number is what is sold now; one with a `site` is that site's,
    which has a price of its own."""

    class TaxBehavior(models.TextChoices):
        INCLUSIVE = "inclusive"
        EXCLUSIVE = "exclusive"

    class Alignment(models.TextChoices):
        ANNIVERSARY = "anniversary"
        CALENDAR = "calendar"

    offer = TenantForeignKey("merchants.Offer", related_name="versions")
    number = models.PositiveIntegerField()
    site = TenantForeignKey("merchants.Site", null=True, help_text="Whose price it has; empty: what is sold elsewhere")
    title = models.JSONField(default=dict)
    description = models.JSONField(default=dict)
    currency = models.CharField(max_length=3)
    tax_behavior = models.CharField(max_length=9, choices=TaxBehavior)
    tax_code = models.CharField(max_length=40, default="electronic")
    alignment = models.CharField(max_length=11, choices=Alignment, default=Alignment.ANNIVERSARY)
    billing_day = models.PositiveSmallIntegerField(null=True, help_text="Calendar alignment: day 1–31 (weeks: 1–7)")
    setup_amount = models.BigIntegerField(default=0)
    commitment_intervals = models.PositiveSmallIntegerField(default=0)
    notice_days = models.PositiveSmallIntegerField(default=0)
    notice_months = models.PositiveSmallIntegerField(default=0, db_default=0)
    early_end = models.JSONField(default=dict, db_default={}, help_text="Fee for leaving early; empty: not possible")
    created_at = models.DateTimeField()
    txid = TransactionId(db_default=models.Func(function="pg_current_xact_id"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "offer", "number"], name="an_offer_version_is_numbered_once"),
            models.CheckConstraint(condition=Q(setup_amount__gte=0), name="a_setup_fee_is_not_negative"),
            models.CheckConstraint(
                condition=Q(billing_day=None) | Q(billing_day__gte=1, billing_day__lte=31),
                name="a_billing_day_is_a_day_of_a_month",
            ),
        ]


class OfferAtSite(TenantModel):
    """What a site does otherwise with an offer: it does not sell it, or at a price of its own (of the last stage, in
    minor units), which `version` says whole."""

    offer = TenantForeignKey("merchants.Offer", related_name="at_sites")
    site = TenantForeignKey("merchants.Site", db_index=True)
    is_sold = models.BooleanField(default=True)
    amount = models.BigIntegerField(null=True)
    version = TenantForeignKey("merchants.OfferVersion", null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "offer", "site"], name="an_offer_is_once_at_a_site"),
            models.CheckConstraint(
                condition=Q(amount=None, version=None) | Q(amount__gte=0, version__isnull=False),
                name="a_price_of_a_site_is_a_version",
            ),
        ]


class Stage(TenantModel):
    """A span of an offer: a price per interval, how many intervals (or without end), the features it opens."""

    class Billing(models.TextChoices):
        ADVANCE = "advance"
        ARREARS = "arrears"

    version = TenantForeignKey("merchants.OfferVersion", related_name="stages")
    position = models.PositiveSmallIntegerField()
    label = models.JSONField(default=dict)
    interval = models.CharField(max_length=5, choices=IntervalUnit)
    interval_count = models.PositiveSmallIntegerField(default=1)
    recurrences = models.PositiveSmallIntegerField(null=True, help_text="How many intervals; empty: without end")
    amount = models.BigIntegerField()
    billing = models.CharField(max_length=7, choices=Billing, default=Billing.ADVANCE)
    usage = models.JSONField(default=list, db_default=[], help_text="Prices of what is metered (merchants.metered)")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "version", "position"], name="a_stage_has_one_place"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="a_stage_price_is_not_negative"),
            models.CheckConstraint(condition=Q(interval_count__gte=1), name="an_interval_lasts"),
            models.CheckConstraint(condition=Q(recurrences=None) | Q(recurrences__gte=1), name="a_stage_has_a_period"),
        ]


class StageFeature(TenantModel):
    """A feature that a stage opens."""

    stage = TenantForeignKey("merchants.Stage", related_name="features")
    feature = TenantForeignKey("merchants.Feature")
    quota = models.BigIntegerField(null=True, help_text="Per period; empty: without limit")
    level = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "stage", "feature"], name="a_stage_opens_a_feature_once"),
            models.CheckConstraint(condition=Q(quota=None) | Q(quota__gte=0), name="a_stage_quota_is_not_negative"),
        ]


class Option(TenantModel):
    """An extra on a subscription. What it costs is its current version."""

    reference = models.CharField(max_length=120)
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "reference"], name="an_option_reference_is_unique")]


class OptionVersion(TenantModel):
    """One immutable wording of an option: priced per interval, or once."""

    option = TenantForeignKey("merchants.Option", related_name="versions")
    number = models.PositiveIntegerField()
    title = models.JSONField(default=dict)
    description = models.JSONField(default=dict)
    currency = models.CharField(max_length=3)
    tax_code = models.CharField(max_length=40, blank=True, help_text="Empty: the offer's")
    one_off_amount = models.BigIntegerField(null=True, help_text="Set: paid once, no price per interval")
    adds = models.BooleanField(default=False, help_text="Its quotas add to the offer's")
    created_at = models.DateTimeField()
    txid = TransactionId(db_default=models.Func(function="pg_current_xact_id"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "option", "number"], name="an_option_version_is_numbered_once"),
            models.CheckConstraint(
                condition=Q(one_off_amount=None) | Q(one_off_amount__gte=0), name="a_one_off_price_is_not_negative"
            ),
        ]


class OptionPrice(TenantModel):
    """What an option costs for one interval."""

    version = TenantForeignKey("merchants.OptionVersion", related_name="prices")
    interval = models.CharField(max_length=5, choices=IntervalUnit)
    interval_count = models.PositiveSmallIntegerField(default=1)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "version", "interval", "interval_count"],
                name="an_option_has_one_price_per_interval",
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="an_option_price_is_not_negative"),
        ]


class OptionFeature(TenantModel):
    """A feature that an option opens."""

    version = TenantForeignKey("merchants.OptionVersion", related_name="features")
    feature = TenantForeignKey("merchants.Feature")
    quota = models.BigIntegerField(null=True)
    level = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "version", "feature"], name="an_option_opens_a_feature_once"),
            models.CheckConstraint(condition=Q(quota=None) | Q(quota__gte=0), name="an_option_quota_is_not_negative"),
        ]


class VersionOption(TenantModel):
    """An option that may be taken with an offer version."""

    version = TenantForeignKey("merchants.OfferVersion", related_name="options")
    option = TenantForeignKey("merchants.Option")
    position = models.PositiveSmallIntegerField(default=0)
    included = models.BooleanField(default=False, help_text="Part of the offer at no extra price")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "version", "option"], name="an_offer_lists_an_option_once")
        ]
