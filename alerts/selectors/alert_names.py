"""What a kind of alert is called: several of it together, and in a list of kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

TOGETHER: Mapping[str, Callable[[int], str]] = {
    "payment_failed": lambda n: ngettext("%(count)s payment was refused", "%(count)s payments were refused", n),
    "invoice_overdue": lambda n: ngettext("%(count)s invoice is overdue", "%(count)s invoices are overdue", n),
    "dunning_step": lambda n: ngettext(
        "%(count)s subscriber has still not paid", "%(count)s subscribers have still not paid", n
    ),
    "dunning_suspended": lambda n: ngettext(
        "%(count)s subscriber is suspended for not paying", "%(count)s subscribers are suspended for not paying", n
    ),
    "card_expiring": lambda n: ngettext("%(count)s card expires soon", "%(count)s cards expire soon", n),
    "card_expired": lambda n: ngettext("%(count)s card has expired", "%(count)s cards have expired", n),
    "trial_ending": lambda n: ngettext("%(count)s free period ends soon", "%(count)s free periods end soon", n),
    "cancellation_scheduled": lambda n: ngettext(
        "%(count)s subscriber cancelled", "%(count)s subscribers cancelled", n
    ),
    "subscription_ending": lambda n: ngettext(
        "%(count)s subscription ends soon", "%(count)s subscriptions end soon", n
    ),
    "subscription_ended": lambda n: ngettext("%(count)s subscription ended", "%(count)s subscriptions ended", n),
    "subscription_parked": lambda n: ngettext(
        "%(count)s subscription could not be billed", "%(count)s subscriptions could not be billed", n
    ),
    "ereport_rejected": lambda n: ngettext("%(count)s report was refused", "%(count)s reports were refused", n),
    "letter_failed": lambda n: ngettext("%(count)s letter could not be sent", "%(count)s letters could not be sent", n),
}

NAMES: Mapping[str, Promise] = {
    "payment_failed": gettext_lazy("Refused payments"),
    "invoice_overdue": gettext_lazy("Overdue invoices"),
    "dunning_step": gettext_lazy("Unpaid for long"),
    "dunning_suspended": gettext_lazy("Suspended for not paying"),
    "card_expiring": gettext_lazy("Cards about to expire"),
    "card_expired": gettext_lazy("Expired cards"),
    "trial_ending": gettext_lazy("Free periods about to end"),
    "cancellation_scheduled": gettext_lazy("Cancellations"),
    "subscription_ending": gettext_lazy("Subscriptions about to end"),
    "subscription_ended": gettext_lazy("Ended subscriptions"),
    "subscription_parked": gettext_lazy("Subscriptions that could not be billed"),
    "letter_failed": gettext_lazy("Letters that could not be sent"),
    "webhook_failing": gettext_lazy("Webhooks that are refused"),
    "webhook_given_up": gettext_lazy("Webhooks that were given up"),
    "endpoint_gone": gettext_lazy("Endpoints that want no more"),
    "ereport_rejected": gettext_lazy("Reports that the administration’s platform refused"),
}
"""What a kind is called in a list of kinds."""
