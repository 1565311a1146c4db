"""At the end of every test here the documents of its merchants hold as electronic invoices."""

from tests.einvoices import einvoices_hold

__all__ = ["einvoices_hold"]
