"""A till's register as one sealed report: every entry with its link, for whoever wants to prove it without us."""

from __future__ import annotations

from typing import Any

from invoices.models import RegisterEntry, Till
from invoices.services.register_proof import prove
from merchants.canonical import instant_text
from merchants.ids import show
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.services import seals

KIND = "tacite.register"
MOST = 50_000
"""Entries that one report holds; `manage.py verify_register` proves any number."""


def report(till: Till, *, now: Now) -> dict[str, Any]:
    """The whole register, sealed with the merchant's key: `static/verify_register.py` proves it with nothing of ours.
    What was found wrong is said in it, not hidden. Raises Conflict (`register_too_long`). Writes the key, if need be.
    """
    if till.entries > MOST:
        raise Conflict(
            gettext_noop("This register has more than %(most)s entries."),
            code="register_too_long",
            params={"most": MOST},
            way_out=gettext_noop("Ask whoever runs the service to prove it by command."),
        )
    rows = RegisterEntry.objects.filter(till=till).order_by("sequence")
    drawn = {
        "type": KIND,
        "made_at": instant_text(now.at),
        "till": show("til", till.pk),
        "name": till.name,
        "site": till.site.reference,
        "currency": till.currency,
        "count": till.entries,
        "head": till.head,
        "perpetual": till.perpetual,
        "fault": prove(till).fault,
        "entries": [{"content": row.content, "previous": row.previous, "link": row.link} for row in rows.iterator()],
    }
    return seals.sealed(drawn, now=now)
