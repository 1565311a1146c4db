"""Which alerts are told to the staff by e-mail, and when: the kinds there are, and the usual rule of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Mail(StrEnum):
    """How an alert goes to the staff by e-mail: as soon as it is raised, in the morning's digest, or not."""

    at_once = "at_once"
    digest = "digest"
    none = "none"


DEFAULTS: Mapping[str, Mail] = {
    "payment_failed": Mail.at_once,
    "invoice_overdue": Mail.digest,
    "dunning_step": Mail.at_once,
    "dunning_suspended": Mail.digest,
    "card_expiring": Mail.digest,
    "card_expired": Mail.digest,
    "trial_ending": Mail.digest,
    "cancellation_scheduled": Mail.digest,
    "subscription_ending": Mail.digest,
    "subscription_ended": Mail.digest,
    "subscription_parked": Mail.at_once,
    "letter_failed": Mail.digest,
    "webhook_failing": Mail.at_once,
    "webhook_given_up": Mail.at_once,
    "endpoint_gone": Mail.at_once,
    "ereport_rejected": Mail.at_once,
}
"""Every kind of alert, in the order in which pages and letters list them. Failures are told at once: of payments, and
of what the merchant's own system should take."""

ORDER: Mapping[str, int] = {kind: place for place, kind in enumerate(DEFAULTS)}


def how(kind: str, chosen: Mapping[str, str]) -> Mail:
    """How alerts of a kind are told: as the merchant chose, else as is usual, else in the digest.

    >>> how("payment_failed", {}), how("payment_failed", {"payment_failed": "none"}), how("never_seen", {})
    (<Mail.at_once: 'at_once'>, <Mail.none: 'none'>, <Mail.digest: 'digest'>)
    """
    return Mail(chosen[kind]) if kind in chosen else DEFAULTS.get(kind, Mail.digest)
