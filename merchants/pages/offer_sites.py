"""Where an offer is sold, and the prices of sites that have their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import Offer, OfferAtSite, Site
from merchants.pitch import said
from merchants.refusals import Invalid
from merchants.selectors.offers import current_versions, terms_of
from merchants.services.catalogue.at_sites import AtSite, sell_at_sites
from merchants.typed import shown_amount, typed_amount

EVERYWHERE, NAMED = "everywhere", "named"


class AtSitesForm(forms.Form):
    """Everywhere or not; of each site whether it sells the offer, and its price where it has one."""

    where = forms.ChoiceField(
        label=gettext_lazy("Sold"),
        choices=[
            (EVERYWHERE, gettext_lazy("At every site, new ones too")),
            (NAMED, gettext_lazy("Only at the sites ticked")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, sites: list[Site], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites, self.currency = sites, currency
        for site in sites:
            self.fields[f"sold_{site.public_id}"] = forms.BooleanField(label=site.name, required=False)
            self.fields[f"amount_{site.public_id}"] = forms.CharField(
                label=gettext_lazy("Its price"),
                required=False,
                max_length=30,
                widget=forms.TextInput(
                    attrs={
                        "class": "form-control is-amount",
                        "inputmode": "decimal",
                        "aria-label": f"{_('Its price')}, {site.name}",
                    }
                ),
            )

    def clean(self) -> dict[str, Any]:
        """Prices as people type them, in minor units; empty: as elsewhere."""
        said_ = dict(super().clean() or {})
        for site in self.sites:
            name = f"amount_{site.public_id}"
            typed = str(said_.get(name) or "").strip()
            try:
                said_[name] = typed_amount(typed, self.currency, get_language() or "en", field=name) if typed else None
            except Invalid as refusal:
                self.add_error(name, refusal.errors[0].say(_))
        return said_

    def rows(self) -> list[tuple[Site, forms.BoundField, forms.BoundField]]:
        """Each site with its two fields."""
        return [(site, self[f"sold_{site.public_id}"], self[f"amount_{site.public_id}"]) for site in self.sites]

    def said(self) -> list[AtSite]:
        """What differs from elsewhere: ticked where not everywhere, not ticked where everywhere, or a price."""
        everywhere = self.cleaned_data["where"] == EVERYWHERE
        found = []
        for site in self.sites:
            sold = bool(self.cleaned_data[f"sold_{site.public_id}"])
            amount = self.cleaned_data[f"amount_{site.public_id}"]
            if amount is not None or sold != everywhere:
                found.append(AtSite(site_id=site.pk, is_sold=sold, amount=amount))
        return found


@office_page(permission="edit_catalogue")
def offer_sites(request: OfficeRequest, offer: str) -> HttpResponse:
    """The table of sites; POST saves it. Who subscribed keeps the price they signed for."""
    office = request.office
    row = find(Offer.objects.all(), offer)
    version = current_versions([row.pk])[row.pk]
    sites = list(Site.objects.filter(closed_at=None).order_by("name", "id"))
    known = {one.site_id: one for one in OfferAtSite.objects.filter(offer=row)}
    initial: dict[str, Any] = {"where": EVERYWHERE if row.everywhere else NAMED}
    for site in sites:
        one = known.get(site.pk)
        initial[f"sold_{site.public_id}"] = one.is_sold if one else row.everywhere
        if one is not None and one.amount is not None:
            initial[f"amount_{site.public_id}"] = shown_amount(one.amount, version.currency, get_language() or "en")
    form = AtSitesForm(request.POST or None, sites=sites, currency=version.currency, initial=initial)
    if form.is_valid():
        told = form.said()
        fields = {f"sites[{at}].amount": f"amount_{_shown(sites, one)}" for at, one in enumerate(told)}
        with beside(form, fields):
            everywhere = form.cleaned_data["where"] == EVERYWHERE
            sell_at_sites(row, everywhere=everywhere, sites=told, actor=office.actor, now=office.now)
        if form.is_valid():
            messages.success(request, _("Saved: counters sell it so from now on."))
            return redirect(office.url("offer", offer=offer))
    terms = terms_of([version])[version.pk]
    context = {
        "offer": row,
        "title": said(terms.title, row.reference),
        "form": form,
        "currency": version.currency,
        "usual": terms.stages[-1].amount,
    }
    return office_render(request, "merchants/offer_sites.html", context, status=422 if form.errors else 200)


def _shown(sites: list[Site], one: AtSite) -> str:
    return next(site.public_id for site in sites if site.pk == one.site_id)
