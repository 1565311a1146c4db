"""After each test every document that it issued holds as an electronic invoice."""

from tests.einvoices import einvoices_hold

__all__ = ["einvoices_hold"]
