"""Words and small shapes that the pages of documents share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.http import QueryDict
from django.urls import NoReverseMatch
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from invoices.models import LedgerEntry, Payment
from invoices.selectors.lists import Tally
from merchants.http.frame import Office
from merchants.wording import amount_text, number_text
from subscribers.selectors.names import method_name

Account = LedgerEntry.Account
ACCOUNTS: Mapping[str, Promise] = {
    Account.RECEIVABLE: pgettext_lazy("ledger account", "Owed by customers"),
    Account.REVENUE: pgettext_lazy("ledger account", "Sales"),
    Account.VAT: pgettext_lazy("ledger account", "VAT collected"),
    Account.PROVIDER: pgettext_lazy("ledger account", "With the payment provider"),
    Account.CASH: pgettext_lazy("ledger account", "Cash"),
    Account.CHEQUES: pgettext_lazy("ledger account", "Cheques"),
    Account.BANK: pgettext_lazy("ledger account", "Bank"),
    Account.TERMINAL: pgettext_lazy("ledger account", "Card terminal"),
    Account.BALANCE: pgettext_lazy("ledger account", "Customers’ balances"),
    Account.UNALLOCATED: pgettext_lazy("ledger account", "To give back"),
    Account.WRITE_OFF: pgettext_lazy("ledger account", "Given and lost"),
}
BALANCE_KINDS: Mapping[str, Promise] = {
    "credit_note": pgettext_lazy("movement of a balance", "Credit note"),
    "overpayment": pgettext_lazy("movement of a balance", "Paid too much"),
    "reversal": pgettext_lazy("movement of a balance", "Payment taken back"),
    "used": pgettext_lazy("movement of a balance", "Used"),
    "adjustment": pgettext_lazy("movement of a balance", "By hand"),
    "refund": pgettext_lazy("movement of a balance", "Given back"),
}


class OfCurrency(Protocol):
    """An amount of a currency."""

    @property
    def currency(self) -> str: ...
    @property
    def amount(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A view of a list: its words, its address, how many it shows."""

    words: str
    url: str
    count: str
    current: bool


def language() -> str:
    """The reader's."""
    return get_language() or "en"


def money_text(amount: int, currency: str) -> str:
    """An amount in the reader's form."""
    return amount_text(amount, currency, language())


def sums_text(sums: Iterable[OfCurrency], otherwise: str = "") -> str:
    """Amounts of several currencies, one after the other; `otherwise` where there are none."""
    return " · ".join(money_text(each.amount, each.currency) for each in sums) or otherwise


def tally_text(found: Tally) -> str:
    """A count, exact, or “more than”."""
    text = number_text(found.number, language())
    return _("more than %(number)s") % {"number": text} if found.more else text


def tabs(query: QueryDict, view: str, views: Sequence[tuple[str, str | Promise, Tally]]) -> list[Tab]:
    """The views of a list; other filters of the address are kept."""
    return [
        Tab(words=str(words), url=changed(query, view=key), count=tally_text(found), current=key == view)
        for key, words, found in views
    ]


def changed(query: QueryDict, **changes: str) -> str:
    """The address's query with some parameters changed (an empty one goes); a page of the former is forgotten."""
    kept = query.copy()
    kept.pop("cursor", None)
    for name, value in changes.items():
        kept.pop(name, None)
        if value:
            kept[name] = value
    return f"?{kept.urlencode()}" if kept else "?"


def routed(office: Office, name: str, **arguments: str) -> str:
    """The address of an office page of any app; empty where it is not routed."""
    try:
        return office.url(name, **arguments)
    except NoReverseMatch:
        return ""


def means_text(payment: Payment) -> str:
    """What a payment was made with, as one sees it: `Visa 4242`; empty where only its means is known."""
    return method_name(payment.payment_method) if payment.payment_method else ""


def party_name(frozen: Mapping[str, Any]) -> str:
    """What the customer of a document is called on it."""
    return str(frozen.get("name") or frozen.get("company") or frozen.get("reference") or "")
