"""The documents that tests issue here hold as electronic invoices."""

from tests.einvoices import einvoices_hold
from tests.pages.onde import camille, desk

__all__ = ["camille", "desk", "einvoices_hold"]
