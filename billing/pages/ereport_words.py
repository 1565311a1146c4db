"""Words that the pages of e-reporting share, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as lazy

from billing.engine.reporting import Regime, ReportKind
from billing.models import EReport
from merchants.wording import amount_text

REGIMES: Mapping[Regime, Promise] = {
    Regime.monthly: lazy("Normal, with a return each month: sales every ten days, receipts every month"),
    Regime.quarterly: lazy("Normal, with a return each quarter: every month"),
    Regime.simplified: lazy("Simplified: every month"),
    Regime.franchise: lazy("Franchise, no VAT: every two months"),
}
KINDS: Mapping[str, Promise] = {
    ReportKind.transactions: pgettext_lazy("report", "Sales"),
    ReportKind.payments: pgettext_lazy("report", "Receipts"),
}
CATEGORIES: Mapping[str, Promise] = {
    "TLB1": pgettext_lazy("category of sales", "Goods"),
    "TPS1": pgettext_lazy("category of sales", "Services"),
    "TNT1": pgettext_lazy("category of sales", "Not taxed in France"),
}
LEFT_OUT: Mapping[str, Promise] = {
    "invoiced": lazy("Businesses in France: their electronic invoices tell it"),
    "exempt": lazy("Exempt by its nature: nobody reports it"),
    "currency": lazy("No exchange rate: give one under Accounting, then send again"),
}
WARNINGS: Mapping[str, Promise] = {
    "left_out_currency": lazy("Some of it has no exchange rate and is left out: give one under Accounting."),
    "rate_unknown": lazy("A rate of VAT is none that the administration knows: the platform may refuse the report."),
    "below_zero": lazy(
        "On some day more was given back than came in: the format cannot say so, that line is not sent."
    ),
}


def totals_text(report: EReport) -> str:
    """What a report comes to: sales without VAT, or what was received; one currency after the other."""
    language = get_language() or "en"
    return " · ".join(
        amount_text(held["net"] if "net" in held else held["amount"], currency, language)
        for currency, held in sorted(report.totals.items())
    )


def tax_text(report: EReport) -> str:
    """The VAT that a report of sales comes to."""
    language = get_language() or "en"
    held = sorted(report.totals.items())
    return " · ".join(amount_text(each["tax"], currency, language) for currency, each in held if "tax" in each)
