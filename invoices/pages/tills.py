"""All tills for head office: how each stands, its sessions with their differences, its register and its export."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from invoices.models import RegisterEntry, Till, TillSession
from invoices.register_words import entry_words
from invoices.services import register_report
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.http.references import find
from merchants.permissions import Permission

SESSIONS, ENTRIES = 30, 50


@office_page(permission=Permission.see_tills)
def tills(request: OfficeRequest) -> HttpResponse:
    """Each till with its last session: two queries."""
    rows = list(Till.objects.select_related("site").order_by("site__name", "name", "id"))
    last: dict[Any, TillSession] = {}
    sessions = TillSession.objects.select_related("opened_by__user").order_by("till_id", "-opened_at")
    for session in sessions.distinct("till_id"):
        last[session.till_id] = session
    found = [{"till": row, "session": _session(last[row.pk]) if row.pk in last else {}} for row in rows]
    context = {"rows": found}
    return office_render(request, "invoices/tills.html", context)


@office_page(permission=Permission.see_tills)
def till(request: OfficeRequest, till: str) -> HttpResponse:
    """One till: sessions, and the register from its end backwards, `?before=` an entry's number."""
    row = find(Till.objects.select_related("site"), till)
    sessions = TillSession.objects.filter(till=row).select_related("opened_by__user", "closed_by__user")
    before = request.GET.get("before", "")
    entries = RegisterEntry.objects.filter(till=row).select_related("member__user").order_by("-sequence")
    if before.isascii() and before.isdigit() and len(before) < 16:
        entries = entries.filter(sequence__lt=int(before))
    shown = list(entries[: ENTRIES + 1])
    context = {
        "till": row,
        "sessions": [_session(one) for one in sessions.order_by("-opened_at")[:SESSIONS]],
        "entries": [_entry(one) for one in shown[:ENTRIES]],
        "more": shown[ENTRIES - 1].sequence if len(shown) > ENTRIES else None,
    }
    return office_render(request, "invoices/till.html", context)


@require_POST
@office_page(permission=Permission.see_tills)
def till_report(request: OfficeRequest, till: str) -> HttpResponse:
    """The register, sealed, as a file."""
    row = find(Till.objects.select_related("site"), till)
    document = register_report.report(row, now=request.office.now)
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    name = f"register-{row.site.reference}-{row.public_id}.json"
    safe = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)


def _session(row: TillSession) -> dict[str, Any]:
    difference = row.counted - row.expected if row.counted is not None and row.expected is not None else None
    return {
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "who": row.opened_by.user.name,
        "counted": row.counted,
        "expected": row.expected,
        "difference": difference,
        "note": row.note or "",
    }


def _entry(row: RegisterEntry) -> dict[str, Any]:
    return {
        "sequence": row.sequence,
        "at": row.created_at,
        "words": entry_words(row),
        "means": row.means,
        "who": row.member.user.name if row.member else "",
        "amount": row.amount or row.cash,
        "link": row.link[:12],
    }
