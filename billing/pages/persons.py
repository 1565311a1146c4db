"""What a person may ask for by the GDPR: all that is held on them, and to be erased."""

from __future__ import annotations

import tempfile

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing import tasks
from billing.flows.erase import in_the_way
from billing.flows.person_export import name_of_export, write_export
from billing.pages.subjects import subscriber_of
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.selectors.clocks import now_for
from subscribers.models import Subscriber


class EraseForm(forms.Form):
    """Why, and their reference typed once more: it cannot be taken back."""

    reason = forms.CharField(
        label=lazy("Reason"),
        help_text=lazy("Kept in the history for good: write no name and no address."),
        max_length=400,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    again = forms.CharField(
        label=lazy("Their reference, to confirm"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, data: object = None, *, person: Subscriber) -> None:
        super().__init__(data)  # type: ignore[arg-type] # whatever a request holds
        self._reference = person.reference
        self.fields["again"].help_text = _("Type %(reference)s") % {"reference": person.reference}

    def clean_again(self) -> str:
        """Exactly the reference."""
        given = str(self.cleaned_data["again"]).strip()
        if given != self._reference:
            raise forms.ValidationError(_("This is another reference."), code="another_reference")
        return given


@office_page(permission="answer_privacy")
def subscriber_export(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """The ZIP with all that is held."""
    row, merchant = subscriber_of(subscriber), request.office.merchant
    with tempfile.TemporaryFile() as made:
        write_export(row, merchant, made, now=now_for(merchant, row.test_clock_id))
        made.seek(0)
        answer = HttpResponse(made.read(), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{name_of_export(row)}"'
    return answer


@office_page(permission="answer_privacy")
def subscriber_erase(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """What goes, what stays and why, or what must be ended first; POST has a worker erase them."""
    row, office = subscriber_of(subscriber), request.office
    back = office.url("subscriber", subscriber=row.public_id)
    if row.erased_at is not None:
        return redirect(back)
    refusal = in_the_way(row)
    form = EraseForm(request.POST if request.method == "POST" else None, person=row)
    if request.method == "POST" and refusal is None and form.is_valid():
        tasks.erase_soon(office.merchant.pk, row.pk, office.actor, form.cleaned_data["reason"])
        messages.success(request, _("This person is being erased. In a moment this page says so."))
        return redirect(back)
    context = {
        "subscriber": row,
        "name": row.name or row.company or row.reference,
        "form": form,
        "refusal": refusal and refusal.say(_),
        "way_out": refusal and refusal.say_way_out(_),
        "back": back,
    }
    status = 200 if request.method != "POST" else 409 if refusal else 422
    return office_render(request, "billing/erase.html", context, status=status)
