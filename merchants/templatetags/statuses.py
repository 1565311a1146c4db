"""States: a shape and a word, one table for all pages. Colour never stands alone; in lists, normal is quiet text.

`{% state "warn" _("Expires soon") %}` draws one; `{% status "access" subscription.access %}` finds shape and word in
the table; `quiet=True` leaves the mark off what is normal.
"""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

register = template.Library()

STATUSES: dict[str, dict[str, tuple[str, Promise | str]]] = {
    "subscription": {
        "incomplete": ("wait", pgettext_lazy("subscription", "Not paid yet")),
        "scheduled": ("wait", pgettext_lazy("subscription", "Scheduled")),
        "trialing": ("good", pgettext_lazy("subscription", "Free stage")),
        "active": ("good", pgettext_lazy("subscription", "Active")),
        "suspended": ("warn", pgettext_lazy("subscription", "Suspended")),
        "ended": ("wait", pgettext_lazy("subscription", "Ended")),
    },
    "payment_state": {
        "ok": ("good", pgettext_lazy("payment state", "Up to date")),
        "processing": ("wait", pgettext_lazy("payment state", "Under way")),
        "retrying": ("warn", pgettext_lazy("payment state", "Retrying")),
        "overdue": ("bad", pgettext_lazy("payment state", "Overdue")),
    },
    "access": {
        "full": ("good", pgettext_lazy("access", "Full")),
        "grace": ("warn", pgettext_lazy("access", "Grace")),
        "restricted": ("bad", pgettext_lazy("access", "Restricted")),
        "none": ("bad", pgettext_lazy("access", "None")),
    },
    "invoice": {
        "draft": ("wait", pgettext_lazy("invoice", "Draft")),
        "open": ("warn", pgettext_lazy("invoice", "To be paid")),
        "paid": ("good", pgettext_lazy("invoice", "Paid")),
        "uncollectible": ("bad", pgettext_lazy("invoice", "Uncollectible")),
        "cancelled": ("wait", pgettext_lazy("invoice", "Credited in full")),
    },
    "payment": {
        "pending": ("wait", pgettext_lazy("payment", "Being asked for")),
        "requires_action": ("warn", pgettext_lazy("payment", "Waits for the subscriber")),
        "processing": ("wait", pgettext_lazy("payment", "Under way")),
        "succeeded": ("good", pgettext_lazy("payment", "Succeeded")),
        "failed": ("bad", pgettext_lazy("payment", "Refused")),
        "unknown": ("warn", pgettext_lazy("payment", "Outcome not known yet")),
    },
    "refund": {
        "pending": ("wait", pgettext_lazy("refund", "Under way")),
        "succeeded": ("good", pgettext_lazy("refund", "Given back")),
        "failed": ("bad", pgettext_lazy("refund", "Refused")),
        "unknown": ("warn", pgettext_lazy("refund", "Outcome not known yet")),
    },
    "scheduled": {
        "waiting": ("wait", pgettext_lazy("scheduled change", "To come")),
        "done": ("good", pgettext_lazy("scheduled change", "Done")),
        "revoked": ("wait", pgettext_lazy("scheduled change", "Taken back")),
        "replaced": ("wait", pgettext_lazy("scheduled change", "Replaced")),
        "failed": ("bad", pgettext_lazy("scheduled change", "Could not be done")),
    },
    "checkout": {
        "open": ("wait", pgettext_lazy("checkout", "Open")),
        "complete": ("good", pgettext_lazy("checkout", "Complete")),
        "expired": ("wait", pgettext_lazy("checkout", "Expired")),
    },
    "offer": {
        "draft": ("wait", pgettext_lazy("offer", "Draft")),
        "on_sale": ("good", pgettext_lazy("offer", "On sale")),
        "hidden": ("wait", pgettext_lazy("offer", "On sale, not shown")),
        "archived": ("wait", pgettext_lazy("offer", "No longer sold")),
    },
    "key": {
        "active": ("good", pgettext_lazy("key", "Works")),
        "revoked": ("wait", pgettext_lazy("key", "Revoked")),
        "expired": ("wait", pgettext_lazy("key", "Expired")),
    },
    "endpoint": {
        "active": ("good", pgettext_lazy("webhook", "Sending")),
        "failing": ("bad", pgettext_lazy("webhook", "Refused")),
        "disabled": ("wait", pgettext_lazy("webhook", "Switched off")),
    },
    "delivery": {
        "waiting": ("wait", pgettext_lazy("delivery", "Waits")),
        "delivered": ("good", pgettext_lazy("delivery", "Delivered")),
        "retrying": ("warn", pgettext_lazy("delivery", "Retrying")),
        "failed": ("bad", pgettext_lazy("delivery", "Given up")),
    },
    "ereport": {
        "draft": ("wait", pgettext_lazy("report", "Waits")),
        "sent": ("wait", pgettext_lazy("report", "Handed on")),
        "unknown": ("warn", pgettext_lazy("report", "Outcome not known yet")),
        "accepted": ("good", pgettext_lazy("report", "Accepted")),
        "rejected": ("bad", pgettext_lazy("report", "Refused")),
    },
    "message": {
        "waiting": ("wait", pgettext_lazy("message", "Waits")),
        "sent": ("good", pgettext_lazy("message", "Sent")),
        "failed": ("bad", pgettext_lazy("message", "Not sent")),
        "dropped": ("wait", pgettext_lazy("message", "No longer needed")),
    },
    "clock": {
        "ready": ("good", pgettext_lazy("test clock", "Stands still")),
        "advancing": ("wait", pgettext_lazy("test clock", "Moves forward")),
        "released": ("wait", pgettext_lazy("test clock", "Back in real time")),
    },
    "export": {
        "waiting": ("wait", pgettext_lazy("export", "Waits")),
        "making": ("wait", pgettext_lazy("export", "Being made")),
        "ready": ("good", pgettext_lazy("export", "Ready")),
        "failed": ("bad", pgettext_lazy("export", "Could not be made")),
        "expired": ("wait", pgettext_lazy("export", "Deleted")),
    },
    "member_import": {
        "new": ("wait", pgettext_lazy("import", "Columns to be named")),
        "checking": ("wait", pgettext_lazy("import", "Being checked")),
        "checked": ("warn", pgettext_lazy("import", "Checked, nobody enrolled yet")),
        "enrolling": ("wait", pgettext_lazy("import", "Being enrolled")),
        "done": ("good", pgettext_lazy("import", "Enrolled")),
    },
    "gesture": {
        "given": ("good", pgettext_lazy("gesture", "Standing")),
        "undone": ("wait", pgettext_lazy("gesture", "Taken back")),
    },
    "gesture_batch": {
        "giving": ("wait", pgettext_lazy("gesture", "Being given")),
        "given": ("good", pgettext_lazy("gesture", "Given")),
        "undoing": ("wait", pgettext_lazy("gesture", "Being taken back")),
        "undone": ("wait", pgettext_lazy("gesture", "Taken back")),
    },
    "campaign": {
        "planning": ("wait", pgettext_lazy("campaign", "Being announced")),
        "announced": ("good", pgettext_lazy("campaign", "Announced")),
        "cancelling": ("wait", pgettext_lazy("campaign", "Being cancelled")),
        "cancelled": ("wait", pgettext_lazy("campaign", "Cancelled")),
    },
    "campaign_member": {
        "waiting": ("wait", pgettext_lazy("campaign member", "Waits")),
        "scheduled": ("wait", pgettext_lazy("campaign member", "Planned")),
        "moved": ("good", pgettext_lazy("campaign member", "Moved")),
        "left": ("wait", pgettext_lazy("campaign member", "Left before")),
        "skipped": ("warn", pgettext_lazy("campaign member", "Left out")),
    },
    "alert": {
        "urgent": ("bad", pgettext_lazy("alert", "Urgent")),
        "soon": ("warn", pgettext_lazy("alert", "Soon")),
        "calm": ("wait", pgettext_lazy("alert", "When you can")),
    },
}

NORMAL = {
    ("subscription", "active"),
    ("payment_state", "ok"),
    ("access", "full"),
    ("invoice", "paid"),
    ("payment", "succeeded"),
    ("checkout", "complete"),
    ("offer", "on_sale"),
    ("key", "active"),
    ("endpoint", "active"),
    ("ereport", "accepted"),
    ("delivery", "delivered"),
    ("message", "sent"),
    ("refund", "succeeded"),
    ("scheduled", "waiting"),
    ("export", "ready"),
    ("export", "expired"),
}
"""What is as it should be: quiet text in lists."""

WORDS: dict[str, dict[str, Promise | str]] = {
    "channel": {
        "web": pgettext_lazy("channel", "Web site"),
        "api": pgettext_lazy("channel", "API"),
        "counter": pgettext_lazy("channel", "Counter"),
        "call_centre": pgettext_lazy("channel", "Call centre"),
        "portal": pgettext_lazy("channel", "Portal"),
        "import": pgettext_lazy("channel", "Import"),
        "system": pgettext_lazy("channel", "System"),
    },
    "system": {
        "alerts": pgettext_lazy("who acted", "alerts"),
        "billing": pgettext_lazy("who acted", "billing"),
        "billing run": pgettext_lazy("who acted", "billing run"),
        "counter": pgettext_lazy("who acted", "counter"),
        "reader": pgettext_lazy("who acted", "card reader"),
        "collect": pgettext_lazy("who acted", "collection"),
        "mandates": pgettext_lazy("who acted", "SEPA mandates"),
        "collection": pgettext_lazy("who acted", "collection"),
        "demo": pgettext_lazy("who acted", "demo"),
        "dunning": pgettext_lazy("who acted", "dunning"),
        "e-reporting": pgettext_lazy("who acted", "e-reporting"),
        "lapse": pgettext_lazy("who acted", "purchases that lapse"),
        "reconcile": pgettext_lazy("who acted", "checking payments"),
        "refund": pgettext_lazy("who acted", "refunds"),
        "retention": pgettext_lazy("who acted", "retention"),
        "run_billing": pgettext_lazy("who acted", "billing run"),
        "sign-up": pgettext_lazy("who acted", "sign-up"),
        "simulated": pgettext_lazy("who acted", "simulated provider"),
        "stripe": "Stripe",
        "test clock": pgettext_lazy("who acted", "test clock"),
    },
    "means": {
        "card": pgettext_lazy("means of payment", "Card"),
        "sepa_debit": pgettext_lazy("means of payment", "SEPA debit"),
        "cash": pgettext_lazy("means of payment", "Cash"),
        "cheque": pgettext_lazy("means of payment", "Cheque"),
        "transfer": pgettext_lazy("means of payment", "Bank transfer"),
        "terminal": pgettext_lazy("means of payment", "Terminal"),
        "simulated": pgettext_lazy("means of payment", "Simulated"),
    },
    "source": {
        "offer": pgettext_lazy("source of a right", "Offer"),
        "option": pgettext_lazy("source of a right", "Option"),
        "gesture": pgettext_lazy("source of a right", "Given"),
        "override": pgettext_lazy("source of a right", "Set by hand"),
    },
}
"""Words of the domain that are not states: `{{ change.channel|word:"channel" }}`."""

CHANNEL_ICONS = {
    "web": "web",
    "api": "api",
    "counter": "counter",
    "call_centre": "call",
    "portal": "portal",
    "import": "import",
    "system": "system",
}
SOURCE_ICONS = {"offer": "offer", "option": "plus", "gesture": "gift", "override": "note"}
"""The icon of a channel in the history, and of the source of a feature."""


@register.filter
def word(value: str, kind: str) -> str:
    """The word of a channel, a means of payment or a source of rights; other values as they are."""
    return str(WORDS.get(kind, {}).get(value, value))


@register.filter
def icon_name(value: str, kind: str) -> str:
    """`{% icon change.channel|icon_name:"channel" label=change.channel|word:"channel" %}`; kinds: channel, source."""
    return (CHANNEL_ICONS if kind == "channel" else SOURCE_ICONS).get(value, "system")


@register.simple_tag
def state(mark: str, word: str) -> SafeString:
    """`mark` is good, warn, bad or wait: circle, diamond, square, ring."""
    return format_html('<span class="state" data-state="{}">{}</span>', mark, word)


@register.simple_tag
def status(kind: str, value: str, *, quiet: bool = False, more: str = "") -> SafeString:
    """Shape and word of a status; `more` follows the word (`Grace until 9 Nov`). Other values are plain text."""
    found = STATUSES.get(kind, {}).get(value)
    if found is None:
        return format_html('<span class="quiet">{}</span>', value)
    mark, word = found
    said = f"{word} {more}" if more else str(word)
    if quiet and (kind, value) in NORMAL:
        return format_html('<span class="quiet">{}</span>', said)
    return state(mark, said)


@register.simple_tag
def status_word(kind: str, value: str) -> str:
    """The word alone, for a sentence or an export."""
    found = STATUSES.get(kind, {}).get(value)
    return str(found[1]) if found else value
