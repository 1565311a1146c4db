"""Do the books agree? Every rule that can be asked of a tenant's rows, from the ledger up to lives and journal.

The invariants of reliability §5, where they are asked: I1 `books_periods`; I2 (each line is what its inputs come to),
I4, I5, I6, I9, I12 `invoices.services.books_documents`; I7, I8, I11 `invoices.services.books`; I5 (how often), I13, I14
`books_lives`; I9 at the simulated provider, and that nothing points to nothing, `books_journal`. I3 and I10 are about
two ways to one state: tests hold them, not the rows. That no entry crosses tenants is refused by composite keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billing.selectors import books_journal, books_lives, books_periods
from invoices.services import books
from invoices.services.books import Checked
from merchants.models import Merchant
from merchants.now import local_date


def check(merchant: Merchant, at: datetime) -> Iterator[Checked]:
    """Ask every question of the tenant whose scope is open; `at` is the present in real time. Reads only."""
    yield from books.check(local_date(at, merchant.timezone))
    yield from books_periods.check(merchant.timezone)
    yield from books_lives.check(merchant, at)
    yield from books_journal.check()
