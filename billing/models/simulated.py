"""The books of the simulated provider: a stranger to our other tables, so that it can contradict them."""

from __future__ import annotations

from django.db import models

from merchants.tenancy.models import TenantModel


class SimulatedPage(TenantModel):
    """One payment at the simulated provider. Written by `billing.gateways.simulated` alone."""

    ref = models.CharField(max_length=255)
    content = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "ref"], name="a_simulated_page_stands_once")]
