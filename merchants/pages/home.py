"""The first page of an office: what needs someone today, how we are doing, what to do next; and the merchant switch.

What other apps know comes as fragments by URL: each is asked for where it is routed, and simply missing where not.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from merchants.http.frame import Office, OfficeRequest, office_page, office_render
from merchants.models import ApiKey, LegalEntity, Offer, ProviderAccount
from merchants.pages.entry import remember
from merchants.permissions import Permission
from merchants.refusals import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do before the first purchase: what, why, where, and the words of its link."""

    fact: str
    why: str
    url: str
    act: str
    mark: str = "wait"


@office_page(permission="see_office")
def home(request: OfficeRequest) -> HttpResponse:
    """The home page."""
    remember(request, request.office.merchant.public_id)
    return office_render(request, "merchants/home.html", {"steps": steps_of(request.office)})


def steps_of(office: Office) -> list[Step]:
    """What is still missing before this merchant can sell, in the order of doing it; only what this member may do."""
    steps = []
    if office.may(Permission.edit_catalogue) and not Offer.objects.filter(archived_at=None).exists():
        steps.append(
            Step(
                fact=_("Create your first offer"),
                why=_("A name, a price per month, perhaps a free first month. It takes a minute."),
                url=office.url("offer_new"),
                act=_("Create an offer"),
            )
        )
    if office.may(Permission.edit_settings) and not LegalEntity.objects.exists():
        steps.append(
            Step(
                fact=_("Say who issues your invoices"),
                why=_("Name, address and SIREN of your company: the law wants them on every invoice."),
                url=office.url("setting_entity_new"),
                act=_("Add the company"),
            )
        )
    if office.may(Permission.edit_developers) and not ApiKey.objects.filter(revoked_at=None).exists():
        steps.append(
            Step(
                fact=_("Get a key for your site"),
                why=_("With it your site opens a purchase in one call; the page to pay on is ours."),
                url=office.url("developers"),
                act=_("Make a key"),
            )
        )
    by_hand = ProviderAccount.objects.filter(is_default=True, kind=ProviderAccount.Kind.MANUAL).exists()
    if office.may(Permission.edit_provider) and by_hand:
        steps.append(
            Step(
                fact=_("Connect a payment provider"),
                why=_("Until then you record payments by hand; cards need Stripe."),
                url=office.url("setting_provider"),
                act=_("Connect Stripe"),
            )
        )
    return steps


@require_POST
@office_page(permission="see_office")
def switch(request: OfficeRequest) -> HttpResponse:
    """To another of one's merchants. Raises NotFound where it is not one."""
    wanted = request.POST.get("merchant", "")
    if wanted not in {choice.id for choice in request.office.choices}:
        raise NotFound
    remember(request, wanted)
    return redirect(reverse("office:home", kwargs={"merchant": wanted}))
