"""How long accounting documents are kept whole. The law as data; no Django.

Code de commerce, art. L123-22: accounting documents and vouchers are kept ten years; counted from the close of their
fiscal year. After that the personal data in them is kept no longer (GDPR, art. 5(1)(e)).
"""

from __future__ import annotations

from datetime import date

from invoices.chart import Chart

RETENTION_YEARS = 10
"""Code de commerce, art. L123-22."""


def kept_until(issued_on: date, *, closing_month: int = 12) -> date:
    """The last day on which a document is kept whole: ten years after the close of its fiscal year, and never before
    the end of the tenth calendar year, which is what a proof of the series goes by.

    >>> kept_until(date(2026, 11, 3)), kept_until(date(2026, 11, 3), closing_month=6)
    (datetime.date(2036, 12, 31), datetime.date(2037, 6, 30))
    >>> kept_until(date(2026, 3, 1), closing_month=6)
    datetime.date(2036, 12, 31)
    """
    _, closes = Chart(closing_month=closing_month).year_of(issued_on)
    over = Chart(closing_month=closing_month).year_of(closes.replace(year=closes.year + RETENTION_YEARS, day=1))[1]
    return max(over, date(issued_on.year + RETENTION_YEARS, 12, 31))
