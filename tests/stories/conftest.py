"""At the end of every test here the books of its merchants agree, and their documents hold as electronic invoices."""

from tests.books import books_agree
from tests.einvoices import einvoices_hold
from tests.stories.debtors import lucie
from tests.stories.on_clocks import hifi, nudged
from tests.stories.owing import debt, refused

__all__ = ["books_agree", "debt", "einvoices_hold", "hifi", "lucie", "nudged", "refused"]
