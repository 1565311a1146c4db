"""Change what a merchant says about itself."""

from __future__ import annotations

import re
from typing import Any

from merchants.actors import Actor
from merchants.dunning import check_steps
from merchants.gesture_limits import check_limits
from merchants.identity import is_zone
from merchants.journal import record
from merchants.languages import codes, is_spoken
from merchants.models import Feature, Merchant, Offer
from merchants.money import EXPONENTS
from merchants.now import Now
from merchants.refusals import FieldError, gettext_noop
from merchants.selectors.merchants import show_merchant
from merchants.services.signup import check_name
from merchants.services.violations import refusing
from merchants.terms import fault, refuse_if
from merchants.transitions import check_rules

CHANGEABLE = frozenset(
    {
        "name", "timezone", "currency", "locale", "support_email", "website", "brand_color", "success_url",
        "failure_url", "cancel_url", "terms_url", "privacy_url", "payment_terms_days", "metadata", "grouping",
        "share_billing_day", "dunning_steps", "withdrawal_credit", "withdrawal_companies",
        "transition_rules", "gesture_limits", "shares_members", "entry_feature", "entry_gap_hours",
    }
)  # fmt: skip
"""Columns that a merchant may change. `timezone` moves no boundary that is written already: periods are dates."""

PAYMENT_TERMS_DAYS = 365
ENTRY_GAP_HOURS = 24 * 31
"""The longest rest between two entries: a month."""
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)


def _faults(merchant: Merchant) -> list[FieldError]:
    found = []
    if not is_zone(merchant.timezone):
        detail = gettext_noop("Name a time zone by place, such as Europe/Paris.")
        found.append(fault("timezone", "timezone_unknown", detail))
    if merchant.currency not in EXPONENTS:
        detail = gettext_noop("Not a currency code of ISO 4217, in three capitals.")
        found.append(fault("currency", "currency_unknown", detail))
    if not is_spoken(merchant.locale):
        words = ", ".join(codes())
        found.append(fault("locale", "invalid_choice", gettext_noop("One of: %(words)s."), words=words))
    if not _COLOR.fullmatch(merchant.brand_color):
        detail = gettext_noop("A colour is # and six hexadecimal digits.")
        found.append(fault("brand_color", "color_malformed", detail))
    if not 0 <= merchant.entry_gap_hours <= ENTRY_GAP_HOURS:
        detail = gettext_noop("Whole hours, from 0 to %(most)s.")
        found.append(fault("entry_gap_hours", "out_of_range", detail, most=ENTRY_GAP_HOURS))
    if merchant.entry_feature is not None:
        opens = Feature.objects.filter(id=merchant.entry_feature).exclude(kind=Feature.Kind.LEVEL)
        if not opens.exists():
            detail = gettext_noop("A switch or a quota opens a door.")
            found.append(fault("entry_feature", "opens_no_door", detail))
    if not 0 <= merchant.payment_terms_days <= PAYMENT_TERMS_DAYS:
        detail = gettext_noop("A whole number from %(least)s to %(most)s.")
        found.append(fault("payment_terms_days", "out_of_range", detail, least=0, most=PAYMENT_TERMS_DAYS))
    if merchant.grouping not in Merchant.Grouping.values:
        words = ", ".join(Merchant.Grouping.values)
        found.append(fault("grouping", "invalid_choice", gettext_noop("One of: %(words)s."), words=words))
    return found


def update_merchant(*, actor: Actor, now: Now, **columns: Any) -> Merchant:
    """The merchant of the open scope with the columns that are given (CHANGEABLE). Raises Invalid."""
    if strangers := columns.keys() - CHANGEABLE:
        raise TypeError(f"not changeable: {', '.join(sorted(strangers))}")
    merchant = Merchant.objects.select_for_update().get()
    before = {name: getattr(merchant, name) for name in columns}
    if "name" in columns:
        columns["name"] = check_name(columns["name"])
    if "dunning_steps" in columns:
        columns["dunning_steps"] = [step.as_plain() for step in check_steps(columns["dunning_steps"])]
    if "transition_rules" in columns:
        known = {str(id_) for id_ in Offer.objects.values_list("id", flat=True)}
        rules = check_rules(columns["transition_rules"], offers=known)
        columns["transition_rules"] = [rule.as_plain() for rule in rules]
    if "gesture_limits" in columns:
        columns["gesture_limits"] = [limit.as_plain() for limit in check_limits(columns["gesture_limits"])]
    for name, value in columns.items():
        setattr(merchant, name, value)
    refuse_if(_faults(merchant))
    if any(before[name] != value for name, value in columns.items()):
        with refusing():
            merchant.save(update_fields=sorted(columns))
        shown = show_merchant(merchant)
        record(kind="merchant.updated", object_id=merchant.pk, data={"object": shown}, actor=actor, now=now)
    return merchant
