"""The documents that tests issue here hold as electronic invoices."""

from tests.einvoices import einvoices_hold

__all__ = ["einvoices_hold"]
