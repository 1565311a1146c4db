"""Exports in the office: the list with how far each is, asking for one, fetching its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.exports.kinds import KINDS
from billing.exports.narrowing import rows_named
from billing.flows.export import Wanted, begin, seen_from
from billing.flows.export_link import link_to
from billing.models import Export
from billing.pages.export_words import FORMATS, narrowings, of_which
from billing.selectors.export_answers import why
from billing.tasks import export_soon
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.refusals import Invalid, NotFound

PAGE = 25
UNDER_WAY = (Export.Status.WAITING, Export.Status.MAKING)


class NewExportForm(forms.Form):
    """What is asked for. What narrows it comes from the list that one came from, and stands in the address."""

    kind = forms.ChoiceField(label=gettext_lazy("What"), widget=forms.RadioSelect)
    from_on = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    to_on = forms.DateField(
        label=gettext_lazy("Until, included"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    format = forms.ChoiceField(label=gettext_lazy("As"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, form = self.fields["kind"], self.fields["format"]
        assert isinstance(kind, forms.ChoiceField) and isinstance(form, forms.ChoiceField)
        kind.choices = [(name, KINDS[name].title) for name in kinds]
        form.choices = [(each, FORMATS[each]) for each in KINDS[kinds[0]].formats]
        form.initial = KINDS[kinds[0]].formats[0]
        for name in ("from_on", "to_on"):
            self.fields[name].required = "from" in KINDS[kinds[0]].needs
            self.fields[name].error_messages["required"] = _("This kind needs it.")


@require_safe
@office_page(permission="export_data")
def exports(request: OfficeRequest) -> HttpResponse:
    """All exports that this member may see, newest first; while one is made the list looks again by itself."""
    rows = seen_from(request.office.membership.sites)
    try:
        page = cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(rows, cursor=None, limit=PAGE)
    context = {
        "rows": _lines(request, page.rows),
        "is_moving": any(row.status in UNDER_WAY for row in page.rows),
        "next_cursor": page.next_cursor,
        "new_url": request.office.url("export-new"),
    }
    return office_render(request, "billing/exports.html", context)


@office_page(permission="export_data")
def export_new(request: OfficeRequest) -> HttpResponse:
    """Ask for one: `?kind=invoices&status=open&subscriber=cus_…`, as the lists link to it, or
    `?kind=fec&legal_entity=ent_…&from=…&to=…`, as Settings, Accounting does."""
    office = request.office
    plain = [name for name, each in KINDS.items() if not each.needs]
    kinds = [request.GET["kind"]] if request.GET.get("kind") in KINDS else plain
    narrowed = _narrowed(request.GET, kinds[0]) if len(kinds) == 1 else {}
    given = {"kind": kinds[0], "from_on": request.GET.get("from"), "to_on": request.GET.get("to")}
    form = NewExportForm(request.POST or None, initial=given, kinds=kinds)
    if request.method == "POST" and form.is_valid():
        row = None
        with beside(form, {"from": "from_on", "to": "to_on", "last": "to_on"}):
            row = begin(
                _wanted(form.cleaned_data, narrowed),
                merchant=office.merchant,
                sites=office.membership.sites,
                actor=office.actor,
                now=office.now,
            )
        if row is not None and form.is_valid():
            export_soon(office.merchant.pk, row.pk)
            messages.success(request, _("The file is being made. This page can be left: it goes on by itself."))
            return redirect(office.url("exports"))
    context = {
        "form": form,
        "kinds": [(radio, KINDS[radio.data["value"]]) for radio in form["kind"].subwidgets],
        "one": KINDS[kinds[0]] if len(kinds) == 1 else None,
        "chips": narrowings([narrowed])[0],
        "back_url": office.url("exports"),
    }
    status = 422 if request.method == "POST" else 200
    return office_render(request, "billing/export_new.html", context, status=status)


@require_safe
@office_page(permission="export_data")
def export_download(request: OfficeRequest, export: str) -> HttpResponse:
    """To the file, by a link that opens for some minutes."""
    return redirect(link_to(find(seen_from(request.office.membership.sites), export)).url)


def _wanted(given: Mapping[str, Any], narrowed: Mapping[str, str]) -> Wanted:
    """As people want it: in their language, and so that Excel reads the accents."""
    return Wanted(
        kind=given["kind"],
        format=given["format"],
        from_on=given["from_on"],
        to_on=given["to_on"],
        filters=narrowed,
        locale=(get_language() or "en")[:2],
        bom=given["format"] == Export.Format.CSV,
    )


def _narrowed(query: QueryDict, name: str) -> dict[str, str]:
    """The filters of the address that this kind has; what they say wrongly is passed over, as in the list itself."""
    kind, found, rows = KINDS[name], {}, rows_named()
    for each in kind.filters:
        value = query.get(each, "").replace("\x00", "").strip()[:200]
        if not value or (each == "status" and value not in kind.statuses):
            continue
        if each in rows:
            try:
                value = find(rows[each], value).public_id
            except NotFound:
                continue
        found[each] = value
    return found


def _lines(request: OfficeRequest, rows: Sequence[Export]) -> list[dict[str, Any]]:
    """Exports as their lines in the list say them."""
    return [
        {
            "row": row,
            "title": of_which(row),
            "chips": chips,
            "form": FORMATS[row.format],
            "why": why(row),
            "url": request.office.url("export-download", export=row.public_id),
        }
        for row, chips in zip(rows, narrowings([row.filters for row in rows]), strict=True)
    ]
