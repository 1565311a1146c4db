"""Billing runs: the list, one run while it works and afterwards, and letting go on what it left aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.flows import running
from billing.flows.start_run import start_run
from billing.models import BillingRun, ParkedInRun
from billing.pages.run_words import KINDS, OUTCOMES, sums_words
from billing.selectors import runs
from billing.selectors.faults import Fault
from billing.selectors.forecast import outlook
from billing.tasks import bill_soon
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.http.references import find
from merchants.languages import said_in
from merchants.permissions import Permission
from merchants.refusals import Invalid, fill
from merchants.wording import number_text

PAGE, PARKED = 25, 50
FORESEEN = ("tax_rate_missing", "too_many_steps_behind", "unforeseen")
"""Codes of faults that a look ahead finds; what only the database refused is not known to be mended."""


@require_safe
@office_page(permission="see_runs")
def run_list(request: OfficeRequest) -> HttpResponse:
    """All runs, newest first; while one runs the list looks again by itself."""
    rows = runs.runs()
    try:
        page = cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(rows, cursor=None, limit=PAGE)
    waiting = list(runs.waiting_parked()[: PARKED + 1])
    context = {
        "rows": [_line(request, row) for row in page.rows],
        "is_running": any(row.status == BillingRun.Status.RUNNING for row in page.rows),
        "next_cursor": page.next_cursor,
        "parked": _parked(request, waiting[:PARKED]),
        "more_parked": len(waiting) > PARKED,
        "may_run": request.office.may(Permission.run_billing),
    }
    return office_render(request, "billing/runs.html", context)


@require_safe
@office_page(permission="see_runs")
def run(request: OfficeRequest, run: str) -> HttpResponse:
    """One run."""
    row = find(runs.runs(), run)
    parked = list(runs.parked_in(row)[: PARKED + 1])
    context = {
        **_progress(request, row),
        "parked": _parked(request, parked[:PARKED]),
        "more_parked": len(parked) > PARKED,
        "may_run": request.office.may(Permission.run_billing),
    }
    return office_render(request, "billing/run.html", context)


@require_safe
@office_page(permission="see_runs")
def run_progress(request: OfficeRequest, run: str) -> HttpResponse:
    """How far it is: a fragment that asks for itself again until the run is over."""
    row = find(runs.runs(), run)
    return office_render(request, "billing/run_progress.html", {**_progress(request, row), "asked_again": True})


@require_safe
@office_page(permission="see_runs")
def run_payments(request: OfficeRequest, run: str) -> HttpResponse:
    """What became of its invoices: a fragment that asks for itself again while payments are under way."""
    row = find(runs.runs(), run)
    found = runs.outcomes([row.pk])[row.pk]
    most = max((each.amount for each in found), default=0)
    context = {
        "run": row,
        "outcomes": [
            {
                "words": OUTCOMES[each.became].words,
                "note": OUTCOMES[each.became].note,
                "mark": OUTCOMES[each.became].mark,
                "count": each.count,
                "amount": each.amount,
                "currency": each.currency,
                "share": each.amount / most if most else 0,
            }
            for each in sorted(found, key=lambda each: (list(OUTCOMES).index(each.became), each.currency))
        ],
        "is_moving": row.status == BillingRun.Status.RUNNING
        or any(each.became == runs.Became.under_way for each in found),
        "invoices_url": f"{request.office.url('invoices')}?run={row.public_id}",
        "may_see_invoices": request.office.may(Permission.see_documents),
    }
    return office_render(request, "billing/run_payments.html", context)


@require_POST
@office_page(permission="see_runs", post="run_billing")
def run_start(request: OfficeRequest) -> HttpResponse:
    """Bill now all that is due; a worker does it."""
    office = request.office
    row = start_run(merchant=office.merchant, actor=office.actor, now=office.now)
    bill_soon(office.merchant.pk)
    messages.success(request, _("The run has begun. It can be left: it goes on by itself."))
    return redirect(office.url("run", run=row.public_id))


@require_POST
@office_page(permission="see_runs", post="run_billing")
def run_release(request: OfficeRequest, run: str, parked: str) -> HttpResponse:
    """Let a parked subscription go on: the next run takes it again."""
    row = find(runs.runs(), run)
    one = find(runs.parked_in(row), parked)
    office = request.office
    running.release(merchant_id=office.merchant.pk, subscription_id=one.subscription_id, actor=office.actor)
    messages.success(request, _("%(who)s goes on: the next run takes it again.") % {"who": _who(one)})
    return redirect(office.url("run", run=row.public_id))


def _line(request: OfficeRequest, row: BillingRun) -> dict[str, Any]:
    """A run as its line in the list says it."""
    return {
        "row": row,
        "url": request.office.url("run", run=row.public_id),
        "kind": KINDS[row.kind],
        "sums": sums_words(runs.totals_of(row)),
        "share": _share(row),
    }


def _progress(request: OfficeRequest, row: BillingRun) -> dict[str, Any]:
    language = get_language() or "en"
    ended = ngettext("begun · %(n)s subscription ended", "begun · %(n)s subscriptions ended", row.ended)
    sums: Sequence[tuple[str, int]] = runs.totals_of(row) or [(request.office.merchant.currency, 0)]
    return {
        "run": row,
        "kind": KINDS[row.kind],
        "is_running": row.status == BillingRun.Status.RUNNING,
        "share": _share(row),
        "measures": [
            {
                "name": _("Subscriptions"),
                "text": number_text(row.taken, language),
                "note": _("of %(n)s that were due") % {"n": number_text(row.expected, language)},
            },
            {
                "name": _("Periods"),
                "text": number_text(row.periods, language),
                "note": ended % {"n": number_text(row.ended, language)} if row.ended else _("begun"),
            },
            {
                "name": _("Invoiced"),
                "amount": sums[0][1],
                "currency": sums[0][0],
                "note": _invoiced(row, sums[1:], language),
            },
            {
                "name": _("Left aside"),
                "text": number_text(row.parked, language),
                "note": _("they wait below") if row.parked else _("nothing went wrong"),
            },
        ],
    }


def _invoiced(row: BillingRun, others: Sequence[tuple[str, int]], language: str) -> str:
    count = ngettext("%(n)s invoice", "%(n)s invoices", row.invoices) % {"n": number_text(row.invoices, language)}
    return _("%(count)s, and %(sums)s") % {"count": count, "sums": sums_words(others)} if others else count


def _share(row: BillingRun) -> float:
    """How much of what was due is done, from 0 to 1."""
    done = row.taken + row.parked
    return min(1.0, done / row.expected) if row.expected else float(row.status == BillingRun.Status.DONE)


def _parked(request: OfficeRequest, rows: Sequence[ParkedInRun]) -> list[dict[str, Any]]:
    """Each as its line says it. Of those that still wait the reason is looked for anew, so that it is in the reader's
    language, and who put it right is told so."""
    office, language = request.office, get_language() or "en"
    waiting = [row.subscription for row in rows if row.released_at is None]
    now = {due.row.pk: due.fault for due in outlook(waiting, office.merchant, office.now.at)}
    return [
        {
            "row": row,
            "who": _who(row),
            "url": office.url("subscriber", subscriber=row.subscription.subscriber.public_id),
            "offer": said_in(row.subscription.offer_version.title, language),
            "why": _why(row, now.get(row.subscription_id)),
            "is_mended": row.code in FORESEEN and row.subscription_id in now and now[row.subscription_id] is None,
            "release_url": office.url("run-release", run=row.run.public_id, parked=row.public_id),
            "run_url": office.url("run", run=row.run.public_id),
        }
        for row in rows
    ]


def _why(row: ParkedInRun, fault: Fault | None) -> str:
    """The reason as it stands, where it is the one that parked it; else what the run wrote down, in the reader's
    language."""
    if fault is not None and fault.code == row.code:
        return fault.say(_)
    return fill(row.msgid, row.params, _) if row.msgid else row.reason or row.code


def _who(row: ParkedInRun) -> str:
    person = row.subscription.subscriber
    return str(person.name or person.company or person.reference)
