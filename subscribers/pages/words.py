"""The history in words: how the values of its columns are said. What the columns are called: `columns`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel import Locale
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from merchants.languages import TABLE
from merchants.templatetags.statuses import STATUSES, WORDS
from merchants.templatetags.texts import long_date, moment, number, short_date
from merchants.tenancy.models import TenantForeignKey
from merchants.wording import locale_of, percent_text
from subscribers.models import Subscriber
from subscribers.selectors.history_answers import SUBJECTS
from subscribers.selectors.names import Names
from subscribers.selectors.personal import ERASED
from subscribers.shapes import vat_check

LAST_DAYS = {"service_ends_on", "billing_ends_on", "ends_on", "current_period_end", "suspended_until", "until"}
"""Columns that hold the first day without something: people read the last day with it."""

CODES: Mapping[str, Mapping[str, Promise | str]] = {
    "locale": {one.code: one.name for one in TABLE.values()},
    "activation": {"on_payment": gettext_lazy("once paid"), "now": gettext_lazy("at once")},
    "collection": {"automatic": gettext_lazy("automatic"), "manual": gettext_lazy("by the subscriber")},
    "end_reason": {
        "not_paid": gettext_lazy("not paid for"),
        "cancelled": gettext_lazy("cancelled"),
        "term_reached": gettext_lazy("its term was over"),
        "unpaid": gettext_lazy("unpaid"),
        "withdrawn": gettext_lazy("withdrawn"),
    },
    "kind": {
        **WORDS["means"],
        "cancel": gettext_lazy("Cancellation"),
        "change_offer": gettext_lazy("Change of offer"),
        "add_option": gettext_lazy("Option added"),
        "remove_option": gettext_lazy("Option dropped"),
        "set_quantity": gettext_lazy("Change of quantity"),
        "option": gettext_lazy("a free option"),
        "days": gettext_lazy("free days"),
        "percent": gettext_lazy("a percentage off"),
        "amount": gettext_lazy("an amount to the balance"),
    },
    "gesture": {"given": gettext_lazy("given"), "undone": gettext_lazy("taken back")},
    "channel": WORDS["channel"],
    "source": WORDS["source"],
}
"""Words of codes, by column."""


def value_said(kind: str, column: str, value: Any, names: Names) -> str:
    """A value of a patch in the reader's language: names for ids, words for codes, dates as people write them."""
    if value == ERASED:
        return _("erased")
    if value is None or value == "" or value == {}:
        return pgettext("value of a column", "none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if column == "vat_check":
        return _register_said(value)
    model = SUBJECTS[kind]
    found = next((f for f in model._meta.local_concrete_fields if f.attname == column), None)
    if isinstance(found, TenantForeignKey):
        return names.of(found.related_model, value) or _("another one")
    if isinstance(found, models.DateTimeField):
        return moment(found.to_python(value))
    if isinstance(found, models.DateField):
        day = found.to_python(value)
        return short_date(day - timedelta(days=1) if column in LAST_DAYS else day)
    return _code_said(kind, column, value, names.language)


def _code_said(kind: str, column: str, value: Any, language: str) -> str:
    if column == "percent_off":
        return percent_text(Decimal(value), language)
    if column == "status" and kind == "gesture":
        return str(CODES[kind].get(value, value))
    if column == "status":
        return str(STATUSES["scheduled" if kind == "scheduled_change" else "subscription"].get(value, ("", value))[1])
    if column in ("payment_state", "access"):
        return str(STATUSES[column].get(value, ("", value))[1])
    if column in CODES:
        return str(CODES[column].get(value, value))
    if column == "country":
        return str(Locale.parse(str(locale_of(language))).territories.get(value, value))
    if column == "stage_position":
        return number(int(value) + 1)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in sorted(value.items()))
    return number(value) if isinstance(value, int) and "year" not in column else str(value)


def vat_check_said(row: Subscriber) -> str:
    """What the register of VAT numbers last said of a number as it stands; empty where it was not asked about it."""
    said = vat_check(row)
    return _register_said(said) if said else ""


def _register_said(said: Mapping[str, Any]) -> str:
    day = {"day": long_date(datetime.fromisoformat(said["at"]))}
    sentence = {
        "valid": _("In use, said its register on %(day)s") % day,
        "invalid": _("Not in use, said its register on %(day)s: VAT is charged") % day,
        "unknown": _("Its register could not say on %(day)s") % day,
    }[said["verdict"]]
    return f"{sentence} ({said['consultation']})" if said["consultation"] else sentence
