"""The history in words: the name of every column, and how its values are said. No raw column name is ever shown."""

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

Words = Mapping[str, Promise | None]

_DATES: Words = {
    "starts_on": gettext_lazy("From"),
    "ends_on": gettext_lazy("Last day"),
    "starts_at": gettext_lazy("From"),
    "ends_at": gettext_lazy("Until"),
}

COLUMNS: Mapping[str, Words] = {
    "subscriber": {
        "reference": gettext_lazy("Reference"),
        "name": gettext_lazy("Name"),
        "email": gettext_lazy("E-mail"),
        "phone": gettext_lazy("Phone"),
        "birth_on": gettext_lazy("Date of birth"),
        "company": gettext_lazy("Company"),
        "siren": gettext_lazy("SIREN"),
        "vat_number": gettext_lazy("VAT number"),
        "vat_check": gettext_lazy("Answer of the register of VAT numbers"),
        "line1": gettext_lazy("Address"),
        "line2": gettext_lazy("Address, second line"),
        "postal_code": gettext_lazy("Postal code"),
        "city": gettext_lazy("City"),
        "country": gettext_lazy("Country"),
        "locale": gettext_lazy("Language"),
        "payer_id": gettext_lazy("Who pays"),
        "site_id": gettext_lazy("Site"),
        "test_clock_id": gettext_lazy("Test clock"),
        "metadata": gettext_lazy("Notes of your system"),
        "channel": gettext_lazy("Enrolled by"),
        "erased_at": gettext_lazy("Erased"),
    },
    "subscription": {
        "subscriber_id": None,
        "payer_id": gettext_lazy("Who pays"),
        "legal_entity_id": gettext_lazy("Invoiced by"),
        "offer_version_id": gettext_lazy("Offer"),
        "reference": gettext_lazy("Reference"),
        "quantity": gettext_lazy("Quantity"),
        "currency": gettext_lazy("Currency"),
        "status": gettext_lazy("Status"),
        "payment_state": gettext_lazy("Payment"),
        "access": gettext_lazy("Access"),
        "access_until": None,
        "access_reason": None,
        "dunning": None,  # what it does stands in the access beside it
        "start_on": gettext_lazy("Start"),
        "started_at": None,
        "anchor_kind": None,
        "anchor_day": gettext_lazy("Day of renewal"),
        "anchor_month": None,
        "cycle_from": None,
        "billing_day": gettext_lazy("Chosen billing day"),
        "stage_position": gettext_lazy("Stage"),
        "stage_started_on": None,
        "period_index": None,
        "current_period_start": None,
        "current_period_end": gettext_lazy("Period, last day"),
        "free_until": gettext_lazy("Free until"),
        "service_ends_on": gettext_lazy("Last day with service"),
        "billing_ends_on": gettext_lazy("Last day billed"),
        "cancelled_at": None,
        "cancel_reason": gettext_lazy("Reason given"),
        "ended_at": gettext_lazy("Ended"),
        "end_reason": gettext_lazy("Why it ended"),
        "owes_early_end": gettext_lazy("Fee for leaving early"),
        "end_refund": gettext_lazy("Given back at its end"),
        "end_refund_to": None,
        "suspended_from": gettext_lazy("Suspended from"),
        "suspended_until": gettext_lazy("Suspended, last day"),
        "suspension_begun": None,
        "suspension_stops_billing": gettext_lazy("Not billed while suspended"),
        "suspension_makes_good": None,
        "suspension_gift": None,
        "unbilled": None,
        "activation": gettext_lazy("Begins"),
        "collection": gettext_lazy("Collection"),
        "payment_method_id": gettext_lazy("Means of payment"),
        "channel": gettext_lazy("Sold by"),
        "sold_at_id": gettext_lazy("Sold at"),
        "managed_at_id": gettext_lazy("Managed at"),
        "reactivates_id": None,
        "test_clock_id": gettext_lazy("Test clock"),
        "metadata": gettext_lazy("Notes of your system"),
    },
    "option": {
        "subscription_id": None,
        "option_version_id": gettext_lazy("Option"),
        "quantity": gettext_lazy("Quantity"),
        "complimentary": gettext_lazy("Given"),
        "reason": gettext_lazy("Reason"),
        "periods": gettext_lazy("For how many periods"),
        "periods_used": gettext_lazy("Periods had"),
        **{name: _DATES[name] for name in ("starts_on", "ends_on")},
    },
    "coupon": {
        "subscription_id": None,
        "coupon_id": gettext_lazy("Coupon"),
        "payer_id": None,
        "position": None,
        "periods_used": gettext_lazy("Periods used"),
        "attached_at": None,
        "ended_at": gettext_lazy("Ended"),
    },
    "grant": {
        "subscriber_id": None,
        "subscription_id": None,
        "subscription_option_id": None,
        "feature_id": gettext_lazy("Feature"),
        "source": gettext_lazy("Source"),
        "quota": gettext_lazy("Quota"),
        "adds": gettext_lazy("Adds to the others"),
        "level": gettext_lazy("Level"),
        **{name: _DATES[name] for name in ("starts_at", "ends_at")},
    },
    "payment_method": {
        "subscriber_id": None,
        "gateway": None,
        "account_id": None,
        "kind": gettext_lazy("Means"),
        "provider_ref": None,
        "customer_ref": None,
        "brand": gettext_lazy("Brand"),
        "last4": gettext_lazy("Last four digits"),
        "exp_month": gettext_lazy("Expires, month"),
        "exp_year": gettext_lazy("Expires, year"),
        "country": gettext_lazy("Country"),
        "fingerprint": None,
        "is_default": gettext_lazy("Charged by default"),
        "detached_at": gettext_lazy("Removed"),
    },
    "mandate": {
        "subscriber_id": None,
        "payment_method_id": gettext_lazy("Means of payment"),
        "reference": gettext_lazy("Mandate reference"),
        "creditor_identifier": gettext_lazy("Creditor identifier"),
        "accepted_at": gettext_lazy("Accepted"),
        "accepted_from": gettext_lazy("Accepted from"),
        "text_version": gettext_lazy("Version of the text"),
        "revoked_at": gettext_lazy("Revoked"),
    },
    "scheduled_change": {
        "subscription_id": None,
        "kind": gettext_lazy("What"),
        "due_on": gettext_lazy("When"),
        "details": None,
        "status": gettext_lazy("Status"),
        "settled_at": None,
    },
    "gesture": {
        "subscription_id": None,
        "subscriber_id": None,
        "kind": gettext_lazy("Given"),
        "currency": None,
        "option_id": None,
        "quantity": gettext_lazy("Quantity"),
        "days": gettext_lazy("Days"),
        "percent_off": gettext_lazy("Percent off"),
        "amount": None,
        "periods": gettext_lazy("For how many periods"),
        "until": gettext_lazy("Last day"),
        "reason": gettext_lazy("Reason"),
        "incident": gettext_lazy("Incident"),
        "cost": None,
        "cost_per_period": None,
        "given_on": gettext_lazy("Given on"),
        "given_by": gettext_lazy("Given by"),
        "given_as": None,
        "batch_id": None,
        "option_row_id": None,
        "coupon_use_id": None,
        "balance_entry_id": None,
        "moved": None,
        "status": gettext_lazy("Status"),
        "undone_at": gettext_lazy("Taken back"),
        "undone_by": gettext_lazy("Taken back by"),
        "kept": None,
    },
}
"""The name of each column of the history, by kind of subject. None: not said, because another column says it, or
because it means nothing to a person."""

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


def label_of(kind: str, column: str) -> str:
    """A column's name in the reader's language; empty where it is not said."""
    return str(COLUMNS.get(kind, {}).get(column) or "")


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
