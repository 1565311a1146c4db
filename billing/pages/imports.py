"""Old member files in the office: uploaded, columns named, checked, enrolled, proved. What a file says of people is
shown to whoever manages counters only, and never outlives its days."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST, require_safe

from billing.exports.as_csv import BOM
from billing.exports.cells import harmless
from billing.flows import imports
from billing.imports.lines import refused
from billing.imports.mapping import FIELDS
from billing.imports.reading import LARGEST
from billing.models import ImportRow, MemberImport
from billing.pages.import_forms import ColumnsForm
from billing.pages.import_words import faulty_line, problem
from billing.selectors.import_proof import HEADINGS, counts, proof, proof_rows
from billing.tasks import carry_import_on_soon
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.refusals import Invalid, gettext_noop

PAGE = 25
FAULTY_SHOWN = 100
Status = MemberImport.Status
MOVING = (Status.CHECKING, Status.ENROLLING)


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=gettext_lazy("File of members"),
        max_length=200,
        help_text=gettext_lazy("CSV or Excel (.xlsx), the first row with headings; 20 MB and 50,000 rows at most."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )


@require_safe
@office_page(permission="manage_counter")
def member_imports(request: OfficeRequest) -> HttpResponse:
    """All imports, newest first."""
    rows = MemberImport.objects.exclude(status=Status.DISCARDED)
    try:
        page = cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(rows, cursor=None, limit=PAGE)
    context = {
        "rows": [{"row": row, "url": _url(request, "member-import", row)} for row in page.rows],
        "next_cursor": page.next_cursor,
        "new_url": request.office.url("member-import-new"),
        "people_url": request.office.url("subscribers"),
        "nav_current": "subscribers",
    }
    return office_render(request, "billing/imports.html", context)


@office_page(permission="manage_counter")
def member_import_new(request: OfficeRequest) -> HttpResponse:
    """Upload a file. One that was uploaded before leads to what became of it."""
    office = request.office
    form = UploadForm(request.POST if request.method == "POST" else None, request.FILES or None)
    status = 200
    if request.method == "POST":
        found = None
        if form.is_valid():
            file = form.cleaned_data["file"]
            with beside(form):
                if file.size > LARGEST:
                    raise refused(
                        "file_too_large", gettext_noop("At most %(most)s MB."), {"most": LARGEST // 1024 // 1024}
                    )
                found = imports.upload(file.read(), name=file.name, actor=office.actor, now=office.now)
        if found is not None and form.is_valid():
            row, is_new = found
            if not is_new:
                messages.info(request, _("This file was uploaded before: here is what became of it."))
            return redirect(_url(request, "member-import", row))
        status = 422
    context = {
        "form": form,
        "back_url": office.url("member-imports"),
        "fields": [_(name) for name in FIELDS.values()],
        "nav_current": "subscribers",
    }
    return office_render(request, "billing/import_new.html", context, status=status)


@office_page(permission="manage_counter")
def member_import(request: OfficeRequest, member_import: str) -> HttpResponse:
    """One import where it stands: its columns to be named, what the check found, the proof. POST has it checked."""
    office = request.office
    row = _find(member_import)
    context: dict[str, Any] = {
        **_progress(request, row),
        "problem": problem(row),
        "nav_current": "subscribers",
        "list_url": office.url("member-imports"),
        "enrol_url": _url(request, "member-import-enrol", row),
        "discard_url": _url(request, "member-import-discard", row) if row.status in imports.OPEN else "",
        "faulty_url": _url(request, "member-import-faulty", row),
        "proof_url": _url(request, "member-import-proof", row),
    }
    status = 200
    if row.status in imports.OPEN:
        form = ColumnsForm(request.POST if request.method == "POST" else None, row=row, lines=imports.first_lines(row))
        if request.method == "POST":
            if form.is_valid():
                with beside(form, form.places()):
                    imports.begin_check(row.pk, columns=form.columns(), terms=form.terms())
                if form.is_valid():
                    carry_import_on_soon(office.merchant.pk, row.pk)
                    return redirect(_url(request, "member-import", row))
            status = 422
        context["form"] = form
    elif request.method == "POST":
        raise imports.under_way()
    if row.status == Status.CHECKED or row.status == Status.DONE:
        context |= _found(row)
    if row.status == Status.DONE:
        context["proof"] = proof(row)
    return office_render(request, "billing/import.html", context, status=status)


@require_safe
@office_page(permission="manage_counter")
def member_import_progress(request: OfficeRequest, member_import: str) -> HttpResponse:
    """How far it has come: a fragment that asks for itself again until it is over, then for the page."""
    row = _find(member_import)
    answer = office_render(request, "billing/import_progress.html", _progress(request, row))
    if row.status not in MOVING:
        answer["HX-Refresh"] = "true"  # it is over: the whole page tells
    return answer


@require_POST
@office_page(permission="manage_counter")
def member_import_enrol(request: OfficeRequest, member_import: str) -> HttpResponse:
    """Have the good rows enrolled."""
    office = request.office
    row = imports.begin_enrolling(_find(member_import).pk, actor=office.actor, now=office.now)
    carry_import_on_soon(office.merchant.pk, row.pk)
    messages.success(request, _("They are being enrolled. This page can be left: it goes on by itself."))
    return redirect(_url(request, "member-import", row))


@require_POST
@office_page(permission="manage_counter")
def member_import_discard(request: OfficeRequest, member_import: str) -> HttpResponse:
    """Forget the file."""
    imports.discard(_find(member_import).pk)
    messages.success(request, _("The file is forgotten. Nobody was enrolled by it."))
    return redirect(request.office.url("member-imports"))


@require_safe
@office_page(permission="manage_counter")
def member_import_faulty(request: OfficeRequest, member_import: str) -> HttpResponse:
    """The faulty rows as they stood, with what is wrong, to be corrected and uploaded again."""
    row = _find(member_import)
    rows = ImportRow.objects.filter(member_import=row, status=ImportRow.Status.FAULTY).order_by("line")
    found = (faulty_line(one, row) for one in rows.iterator(500))
    lines = ([*one["cells"], one["number"], " ".join(one["sentences"])] for one in found)
    return _csv(row, "faulty", [*row.headings, _("Row"), _("What is wrong")], lines)


@require_safe
@office_page(permission="manage_counter")
def member_import_proof(request: OfficeRequest, member_import: str) -> HttpResponse:
    """Each enrolled row beside what stands."""
    row = _find(member_import)
    return _csv(row, "proof", list(HEADINGS), proof_rows(row))


def _csv(row: MemberImport, what: str, headings: Sequence[str], lines: Iterable[Sequence[Any]]) -> HttpResponse:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([harmless(one, ",") for one in headings])
    writer.writerows([harmless(str(cell), ",") for cell in line] for line in lines)
    answer = HttpResponse(BOM + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"{row.public_id}-{what}.csv") or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _find(shown: str) -> MemberImport:
    return find(MemberImport.objects.exclude(status=Status.DISCARDED), shown)


def _url(request: OfficeRequest, name: str, row: MemberImport) -> str:
    return request.office.url(name, member_import=row.public_id)


def _found(row: MemberImport) -> dict[str, Any]:
    """The first faulty rows, each with why."""
    rows = ImportRow.objects.filter(member_import=row, status=ImportRow.Status.FAULTY).order_by("line")
    return {"faulty": [faulty_line(one, row) for one in rows[:FAULTY_SHOWN]]}


def _progress(request: OfficeRequest, row: MemberImport) -> dict[str, Any]:
    found = counts(row)
    total = sum(found.values())
    done = row.rows if row.status == Status.CHECKING else found["enrolled"]
    good = found["good"] + found["enrolled"]
    shown = (
        (_("Rows"), total),
        (_("Ready to be enrolled"), found["good"]),
        (pgettext("import", "Enrolled"), found["enrolled"]),
        (_("Enrolled by an earlier file"), found["known"]),
        (_("Faulty"), found["faulty"]),
    )
    return {
        "row": row,
        "counts": found,
        "is_moving": row.status in MOVING,
        "is_checking": row.status == Status.CHECKING,
        "done": done,
        "total": good,
        "share": done / good if good else 0,
        "progress_url": _url(request, "member-import-progress", row),
        "measures": [{"name": name, "text": str(count)} for name, count in shown if count][:4],
    }
