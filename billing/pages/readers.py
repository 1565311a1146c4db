"""The card readers of a site, as a section of its page: put there, renamed, taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.flows import readers as machines
from billing.gateways.base import Outcome
from billing.gateways.readers import ReaderSeen
from billing.models import Reader
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import ProviderAccount, Site
from merchants.permissions import Permission
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant


class ReaderForm(forms.Form):
    """A reader to be put at a site. `provider_ref` is asked where the provider has readers of its own."""

    provider_ref = forms.ChoiceField(label=gettext_lazy("Reader"), required=False)
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("As the staff calls it: it stands on a key.")
    )

    def __init__(self, *args: Any, seen: Sequence[ReaderSeen] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["provider_ref"]
        assert isinstance(chosen, forms.ChoiceField)
        if seen is None:
            del self.fields["provider_ref"]
            return
        chosen.choices = [(one.provider_ref, one.name) for one in seen]


@require_http_methods(["GET", "HEAD", "POST"])
@office_page(permission=Permission.manage_counter, asks_provider=True)
def site_readers(request: OfficeRequest, site: str) -> HttpResponse:
    """The section; POST puts a reader at the site, or (`act`) renames or takes away the one that is named."""
    merchant_id = request.office.merchant.pk
    with tenant(merchant_id):
        row = find(Site.objects.all(), site)
        account = next(iter(machines.accounts_with_readers()), None)
        taken = set(Reader.objects.filter(retired_at=None).values_list("provider_ref", flat=True))
    seen, silent = _seen(request, account)
    free = None if seen is None else [one for one in seen if one.provider_ref not in taken]
    said, form = "", ReaderForm(seen=free)
    with tenant(merchant_id):
        if request.method == "POST" and request.POST.get("act"):
            said = _change(request, row)
        elif request.method == "POST" and account is not None:
            form = _add(request, row, account, free)
        here = machines.at_site(row.pk)
        context = {
            "site": row,
            "readers": [{"row": one, "played": _played(one)} for one in here],
            "form": form if account is not None and row.closed_at is None else None,
            "choosable": free is None or bool(free),
            "account": account,
            "silent": silent,
            "said": said,
            "title": _("Card readers"),
            "action": request.office.url("site-readers", site=row.public_id),
            "back": request.office.url("site", site=row.public_id),
        }
    status = 422 if form.errors else 409 if said else 200
    if request.headers.get("HX-Request") == "true":
        return office_render(request, "billing/site_readers.html", context, status=422 if status == 409 else status)
    return office_render(
        request, "billing/alone.html", {**context, "dialog": "billing/site_readers.html"}, status=status
    )


def _seen(request: OfficeRequest, account: ProviderAccount | None) -> tuple[Sequence[ReaderSeen] | None, bool]:
    """The readers that the provider knows, None where one is simply made; and whether it did not answer."""
    if account is None or account.kind != ProviderAccount.Kind.STRIPE:
        return None, False
    found = machines.at_provider(merchant_id=request.office.merchant.pk, account_id=account.pk)
    return ([], True) if isinstance(found, Outcome) else (found, False)


def _add(request: OfficeRequest, site: Site, account: ProviderAccount, free: Sequence[ReaderSeen] | None) -> ReaderForm:
    form = ReaderForm(request.POST, seen=free)
    if form.is_valid():
        with beside(form):
            machines.register(
                account=account,
                site=site,
                name=form.cleaned_data["name"],
                provider_ref=form.cleaned_data.get("provider_ref", ""),
                now=request.office.now,
            )
    return form if form.errors else ReaderForm(seen=free)


def _change(request: OfficeRequest, site: Site) -> str:
    """Rename or take away; words where that is refused."""
    reader = find(Reader.objects.filter(site=site, retired_at=None), request.POST.get("reader", ""))
    try:
        if request.POST["act"] == "away":
            machines.retire(reader.pk, now=request.office.now)
        else:
            machines.rename(reader, request.POST.get("name", ""))
    except Invalid as refusal:
        return " ".join(error.say(_) for error in refusal.errors)
    except Conflict as refusal:
        return f"{refusal.say(_)} {refusal.say_way_out(_)}".strip()
    return ""


def _played(reader: Reader) -> str:
    return machines.played_at(reader) if reader.account.kind == ProviderAccount.Kind.SIMULATED else ""
