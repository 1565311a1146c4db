"""◆ What is wrong with a chart of accounts as a merchant gives it, each fault at the path that was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from invoices.chart import ACCOUNTS, JOURNALS
from merchants.money import EXPONENTS
from merchants.refusals import FieldError, gettext_noop
from merchants.terms import fault

BY_RATE = frozenset({"revenue", "revenue_goods", "vat"})
"""Accounts that may differ by rate."""
MOST_ACCOUNTS, MOST_RATES = 200, 2_000
LABEL = 100
_NUMBER = re.compile(r"[1-7][0-9]{2}[0-9A-Z]{0,17}", re.ASCII)
_CODE = re.compile(r"[A-Z0-9]{1,10}", re.ASCII)
_TAX_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,8})?", re.ASCII)


def chart_faults(
    accounts: Sequence[Mapping[str, Any]],
    journals: Sequence[Mapping[str, Any]],
    closing_month: int,
    rates: Sequence[Mapping[str, Any]],
) -> list[FieldError]:
    """Everything wrong with a chart as a merchant gives it.

    >>> row = {"account": "vat", "number": "ABC", "label": "TVA", "percent": "20", "tax_code": "books"}
    >>> for error in chart_faults([row], [], 13, []):
    ...     error.field, error.code
    ('accounts[0].number', 'account_number_invalid')
    ('accounts[0].tax_code', 'account_not_by_code')
    ('closing_month', 'month_invalid')
    """
    found = [*_too_many(accounts, "accounts", MOST_ACCOUNTS), *_too_many(rates, "exchange_rates", MOST_RATES)]
    if found:
        return found
    for at, row in enumerate(accounts):
        found += [each.under(f"accounts[{at}]") for each in _account_faults(row)]
    found += _twice(
        ((row.get("account"), _plain(row.get("percent")), row.get("tax_code") or "") for row in accounts), "accounts"
    )
    for at, row in enumerate(journals):
        found += [each.under(f"journals[{at}]") for each in _journal_faults(row)]
    found += _twice((row.get("journal") for row in journals), "journals")
    for at, row in enumerate(rates):
        found += [each.under(f"exchange_rates[{at}]") for each in _rate_faults(row)]
    found += _twice(((row.get("currency"), row.get("from_on")) for row in rates), "exchange_rates")
    if closing_month not in range(1, 13):
        found.append(fault("closing_month", "month_invalid", gettext_noop("A month from 1 to 12.")))
    return found


def _account_faults(row: Mapping[str, Any]) -> list[FieldError]:
    found = []
    account = row.get("account")
    if account not in ACCOUNTS:
        found.append(fault("account", "account_unknown", gettext_noop("The ledger has no such account.")))
    if not _NUMBER.fullmatch(str(row.get("number", ""))):
        detail = gettext_noop("Three digits of the French chart of accounts, then digits or capitals: 706000.")
        found.append(fault("number", "account_number_invalid", detail))
    found += _label_faults(row)
    if row.get("percent") and account not in BY_RATE:
        found.append(fault("percent", "account_not_by_rate", gettext_noop("Only sales and VAT differ by rate.")))
    if row.get("percent") and not _is_percent(str(row["percent"])):
        detail = gettext_noop("A rate is from 0 to below 100, with up to three decimals.")
        found.append(fault("percent", "percent_out_of_range", detail))
    if row.get("tax_code") and account != "revenue":
        found.append(fault("tax_code", "account_not_by_code", gettext_noop("Only sales differ by tax code.")))
    elif row.get("tax_code") and not _TAX_CODE.fullmatch(str(row["tax_code"])):
        detail = gettext_noop("A tax code is of small letters, digits and underscores.")
        found.append(fault("tax_code", "tax_code_malformed", detail))
    return found


def _journal_faults(row: Mapping[str, Any]) -> list[FieldError]:
    found = []
    if row.get("journal") not in JOURNALS:
        found.append(fault("journal", "journal_unknown", gettext_noop("There is no such journal.")))
    if not _CODE.fullmatch(str(row.get("code", ""))):
        found.append(fault("code", "journal_code_invalid", gettext_noop("Up to ten capitals or digits, such as VE.")))
    return found + _label_faults(row)


def _rate_faults(row: Mapping[str, Any]) -> list[FieldError]:
    found = []
    if row.get("currency") not in EXPONENTS or row.get("currency") == "EUR":
        detail = gettext_noop("A currency other than the euro, in three capitals.")
        found.append(fault("currency", "currency_unknown", detail))
    text = str(row.get("euros", ""))
    if not _DECIMAL.fullmatch(text) or not Decimal(text):
        found.append(fault("euros", "rate_malformed", gettext_noop("Euros for one unit, such as 0.9213.")))
    try:
        date.fromisoformat(str(row.get("from_on", "")))
    except ValueError:
        found.append(fault("from_on", "not_a_day", gettext_noop("Write a date that exists, such as 2026-11-22.")))
    return found


def _label_faults(row: Mapping[str, Any]) -> list[FieldError]:
    label = str(row.get("label", ""))
    if not label.strip():
        return [fault("label", "required", gettext_noop("An accountant reads this name."))]
    if len(label) > LABEL:
        return [fault("label", "too_long", gettext_noop("At most %(most)s characters."), most=LABEL)]
    return []


def _twice(keys: Iterable[object], path: str) -> list[FieldError]:
    seen: set[object] = set()
    found = []
    for at, key in enumerate(keys):
        if key in seen:
            found.append(fault(f"{path}[{at}]", "given_twice", gettext_noop("This stands here twice.")))
        seen.add(key)
    return found


def _too_many(rows: Sequence[object], path: str, most: int) -> list[FieldError]:
    return [fault(path, "too_many", gettext_noop("At most %(most)s of them."), most=most)] if len(rows) > most else []


def _is_percent(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", text, re.ASCII))


def _plain(percent: Any) -> Decimal | None:
    return Decimal(percent) if percent and _is_percent(str(percent)) else None
