"""Card readers on counters, and which payment was asked for at which."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class Reader(TenantModel):
    """A card reader of the provider's that stands at a site. `provider_ref` is the provider's own name of it. One that
    is taken away keeps its row: payments were made at it."""

    site = TenantForeignKey("merchants.Site")
    account = TenantForeignKey("merchants.ProviderAccount")
    name = models.CharField(max_length=80)
    provider_ref = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "account", "provider_ref"],
                condition=Q(retired_at=None),
                name="a_reader_stands_at_one_site",
            )
        ]
        indexes = [models.Index(fields=["merchant", "site"], condition=Q(retired_at=None), name="readers_of_a_site")]


class ReaderPayment(TenantModel):
    """That a payment was asked for at a reader. Whether the reader waits is the payment's own status: while it is in
    flight, the reader is taken."""

    reader = TenantForeignKey("billing.Reader")
    payment = TenantForeignKey("invoices.Payment")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "payment"], name="a_payment_is_asked_at_one_reader")]
        indexes = [models.Index(fields=["merchant", "reader", "-id"], name="payments_at_a_reader")]
