"""Enrolments at a counter: what one tablet sent once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Enrolment(TenantModel):
    """One walk-in enrolled by one seller. `client_id` is made on the tablet: what is sent again is this enrolment, not
    a second one. `digest` is of what was sent, so that another content under the same id is refused."""

    client_id = models.UUIDField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent")
    site = TenantForeignKey("merchants.Site")
    device = TenantForeignKey("merchants.Device")
    member = TenantForeignKey("merchants.Membership")
    subscription = TenantForeignKey("subscribers.Subscription", db_index=True)
    session = TenantForeignKey("billing.CheckoutSession", null=True, help_text="Where it is paid on a page")
    payment = TenantForeignKey("invoices.Payment", null=True, help_text="Where it was paid at the counter")
    means = models.CharField(
        max_length=10, help_text="cash, cheque, transfer, terminal, reader, page, sepa; empty: nothing was due"
    )
    later = models.CharField(max_length=8, help_text="sepa, card, counter: how renewals are paid")
    due = models.BigIntegerField(help_text="Minor units, tax included")
    tendered = models.BigIntegerField(null=True, help_text="Cash handed over, of which change was given")
    currency = models.CharField(max_length=3)
    seconds = models.PositiveIntegerField(
        null=True, help_text="From the first touch to the last, by the tablet's clock"
    )
    touches = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "client_id"], name="an_enrolment_is_sent_once"),
            models.CheckConstraint(
                condition=Q(tendered=None) | Q(means="cash", tendered__gte=models.F("due")),
                name="cash_handed_over_covers_what_is_due",
            ),
            models.CheckConstraint(condition=Q(session=None) | Q(payment=None), name="an_enrolment_is_paid_one_way"),
        ]
        indexes = [models.Index(fields=["merchant", "site", "-id"], name="enrolments_of_a_site")]
