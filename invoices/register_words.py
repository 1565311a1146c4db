"""What an entry of a till's register is called."""

from __future__ import annotations

from django.utils.translation import gettext as _

from invoices.models import RegisterEntry


def entry_words(entry: RegisterEntry) -> str:
    """In the reader's language: `Invoice 2026-000001`, `Cash out: to the bank`, `Day closed: 2026-11-23`."""
    said = entry.content
    return {
        "session_opened": _("Opened"),
        "received": said.get("invoice") or _("Payment"),
        "reversed": _("Taken back: %(what)s") % {"what": said.get("invoice") or ""},
        "cash_in": _("Cash in: %(why)s") % {"why": said.get("reason", "")},
        "cash_out": _("Cash out: %(why)s") % {"why": said.get("reason", "")},
        "session_closed": _("Closed as counted"),
        "day_closed": _("Day closed: %(span)s") % {"span": said.get("span", "")},
        "month_closed": _("Month closed: %(span)s") % {"span": said.get("span", "")},
        "year_closed": _("Year closed: %(span)s") % {"span": said.get("span", "")},
        "receipt_printed": _("Receipt printed (%(n)s)") % {"n": said.get("prints", 1)},
        "software_changed": _("Software: %(name)s") % {"name": said.get("software", "")},
    }.get(entry.kind, entry.kind)
