"""The conductor's tables: purchases under way, and what providers told us."""

from billing.models.inbox import ProviderEvent
from billing.models.purchase import CheckoutSession, Quote
from billing.models.simulated import SimulatedPage

__all__ = ["CheckoutSession", "ProviderEvent", "Quote", "SimulatedPage"]
