"""The till at this tablet: opened with its float, cash moved, closed as counted; and its Z report on a narrow roll."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from invoices.models import RegisterEntry, TillSession
from invoices.register_words import entry_words
from invoices.services import tills
from invoices.services.register import Clerk
from merchants import ids
from merchants.models import Membership
from merchants.permissions import Permission
from merchants.refusals import Invalid, NotFound
from merchants.typed import typed_amount

SHOWN = 40


def clerk_of(counter: Counter) -> Clerk:
    """Who rings up here."""
    return Clerk(member=counter.membership, device=counter.device, actor=counter.actor)


@counter_page(permission=Permission.run_till)
@require_GET
def till(request: CounterRequest) -> HttpResponse:
    """How the till stands: closed, or what should lie in it and what was rung up."""
    return _show(request)


@counter_page(permission=Permission.run_till)
@require_POST
def till_open(request: CounterRequest) -> HttpResponse:
    """Open it with the float that was counted."""
    counter = request.counter
    try:
        amount = _typed(request, "float_amount")
        tills.open_session(clerk=clerk_of(counter), float_amount=amount, now=counter.now)
    except Invalid as refusal:
        return _show(request, refusal)
    return redirect("counter:till")


@counter_page(permission=Permission.run_till)
@require_POST
def till_cash(request: CounterRequest) -> HttpResponse:
    """Put cash in or take it out, saying why."""
    counter = request.counter
    try:
        amount = _typed(request, "amount")
        signed = -amount if request.POST.get("way") == "out" else amount
        session = tills.need_session(counter.device)
        tills.move_cash(
            session, signed, reason=request.POST.get("reason", ""), clerk=clerk_of(counter), now=counter.now
        )
    except Invalid as refusal:
        return _show(request, refusal)
    messages.success(request, _("Written into the register."))
    return redirect("counter:till")


@counter_page(permission=Permission.run_till)
@require_POST
def till_close(request: CounterRequest) -> HttpResponse:
    """Close it as counted; the Z report follows."""
    counter = request.counter
    try:
        counted = _typed(request, "counted")
        session = tills.need_session(counter.device)
        closed = tills.close_session(
            session, counted, note=request.POST.get("note", ""), clerk=clerk_of(counter), now=counter.now
        )
    except Invalid as refusal:
        return _show(request, refusal)
    return redirect("counter:z_report", ids.show("tse", closed.pk))


@counter_page(permission=Permission.run_till)
@require_GET
def z_report(request: CounterRequest, session: str) -> HttpResponse:
    """A closing as it is printed."""
    key = ids.read("tse", session)
    rows = TillSession.objects.select_related("till__site", "opened_by__user", "closed_by__user")
    row = rows.filter(id=key, till__site=request.counter.site).exclude(closed_at=None).first() if key else None
    if row is None:
        raise NotFound
    entry = RegisterEntry.objects.get(session=row, kind=RegisterEntry.Kind.SESSION_CLOSED)
    first = RegisterEntry.objects.filter(session=row).order_by("sequence").first()
    context = {
        "session": row,
        "said": entry.content,
        "entry": entry,
        "first": first,
        "means": _named(entry.content["by_means"]),
        "opened_by": row.opened_by.user.name,
        "closed_by": row.closed_by.user.name if row.closed_by else "",
    }
    return counter_render(request, "counter/z_report.html", context)


def means_name(means: str) -> str:
    """A means of payment in the reader's language."""
    return {
        "cash": _("Cash"),
        "cheque": _("Cheque"),
        "terminal": _("Terminal"),
        "transfer": _("Transfer"),
    }.get(means, means)


def _named(by_means: dict[str, int]) -> list[tuple[str, int]]:
    return [(means_name(means), amount) for means, amount in by_means.items()]


def _typed(request: CounterRequest, field: str) -> int:
    text = request.POST.get(field, "")
    return typed_amount(text, request.counter.merchant.currency, get_language() or "en", field=field)


def _show(request: CounterRequest, refusal: Invalid | None = None) -> HttpResponse:
    counter = request.counter
    session = tills.session_at(counter.device)
    context: dict[str, Any] = {"session": session, "currency": counter.merchant.currency, "sent": request.POST}
    if refusal is not None:
        context["errors"] = {error.field: error.say(_) for error in refusal.errors}
    if session is not None:
        said = tills.closing_of(session)
        entries = RegisterEntry.objects.filter(session=session).select_related("member__user").order_by("-sequence")
        context |= {
            "said": said,
            "means": _named(said["by_means"]),
            "rows": [_row(entry) for entry in entries[:SHOWN]],
            "opened_by": Membership.objects.select_related("user").get(id=session.opened_by_id).user.name,
        }
    else:
        last = TillSession.objects.filter(till__device=counter.device).exclude(closed_at=None).order_by("-closed_at")
        context["last"] = last.first()
        context["last_id"] = ids.show("tse", context["last"].pk) if context["last"] else ""
    return counter_render(request, "counter/till.html", context, status=422 if refusal else 200)


def _row(entry: RegisterEntry) -> dict[str, Any]:
    said = entry.content
    return {
        "at": entry.created_at,
        "words": entry_words(entry),
        "means": means_name(entry.means) if entry.means else "",
        "who": entry.member.user.name if entry.member else "",
        "amount": entry.amount or entry.cash or said.get("float", 0),
        "sequence": entry.sequence,
    }
