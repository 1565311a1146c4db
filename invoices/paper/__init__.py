"""What a document says on paper: everything printed, already decided, nothing computed from elsewhere.

`Paper` is the whole of an invoice or credit note in one frozen value: the caller fills it from frozen rows,
`typesetting` sets it in words of the reader's language, `pdf` prints it. The same `Paper` gives the same bytes.

Amounts are whole minor units of `Paper.currency`; unit prices are decimals of its major unit; periods are half-open
local dates and are shown with their last day (domain, preface and 5). A document that does not add up is refused.
"""

from invoices.paper.days import DayCount, Span, Stretch
from invoices.paper.document import DoesNotAddUp, Kind, Paper, Prices, Reference, State
from invoices.paper.lines import WORDS_LIMIT, Discount, Line, TaxLine
from invoices.paper.parties import Customer, Issuer
from invoices.paper.settling import Account, Coming, Means, Settlement
from invoices.paper.text import Locale, printable

__all__ = [
    "WORDS_LIMIT",
    "Account",
    "Coming",
    "Customer",
    "DayCount",
    "Discount",
    "DoesNotAddUp",
    "Issuer",
    "Kind",
    "Line",
    "Locale",
    "Means",
    "Paper",
    "Prices",
    "Reference",
    "Settlement",
    "Span",
    "State",
    "Stretch",
    "TaxLine",
    "printable",
]
