"""Why nothing can be asked of a subscription that does not run, in words and not by the code of its state."""

from __future__ import annotations

from collections.abc import Mapping

from merchants.refusals import Conflict, gettext_noop
from subscribers.models import Subscription

Status = Subscription.Status
WORDS: Mapping[str, str] = {
    Status.ENDED: gettext_noop("This subscription has already ended."),
    Status.INCOMPLETE: gettext_noop("This subscription is not paid for yet."),
    Status.SCHEDULED: gettext_noop("This subscription has not begun."),
}


def not_running(row: Subscription, *, code: str = "subscription_not_running") -> Conflict:
    """The refusal for a subscription that has ended, is not paid for, or has not begun; for the caller to raise."""
    return Conflict(WORDS[row.status], code=code)
