"""Offers: the list, one offer, and the editor that makes a version of it.

An offer is edited in the page and saved as one version: there is no half-saved draft. Each change in the editor fetches
the card and the time line again; without scripts the same buttons send the form and get the page back.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.http.references import find
from merchants.languages import TABLE, is_spoken
from merchants.models import Feature, Offer, OfferAtSite, OfferVersion, Option, Site, TaxRate
from merchants.pages.offer_cards import card_of, track_of
from merchants.pages.offer_editor import Editor
from merchants.permissions import Permission
from merchants.pitch import price_words, said, usage_words
from merchants.refusals import Invalid, Refusal
from merchants.selectors.offers import current_versions, terms_of
from merchants.selectors.options import current_option_versions
from merchants.services.catalogue.offers import check_offer, create_offer, revise_offer, update_offer
from merchants.services.violations import refusing
from merchants.terms import OfferTerms
from merchants.terms_text import write_terms
from merchants.vat_rates import FRENCH_RATES


@office_page(permission="see_catalogue")
def offers(request: OfficeRequest) -> HttpResponse:
    """All offers, those on sale first."""
    rows = list(Offer.objects.order_by("reference"))
    versions = current_versions([offer.pk for offer in rows])
    terms = terms_of(versions.values())
    shown = [
        {
            "offer": offer,
            "title": said(versions[offer.pk].title, offer.reference),
            "number": versions[offer.pk].number,
            "price": price_words(terms[versions[offer.pk].pk]),
            "status": status_of(offer),
        }
        for offer in sorted(rows, key=lambda row: (row.archived_at is not None, not row.visible))
    ]
    context = {"rows": shown, "may_edit": request.office.may(Permission.edit_catalogue), "part": "offers"}
    return office_render(request, "merchants/offers.html", context)


def status_of(offer: Offer) -> str:
    """A word of the table of states (`offer`): on sale, hidden, archived."""
    if offer.archived_at is not None:
        return "archived"
    return "on_sale" if offer.visible else "hidden"


def option_rows(terms: OfferTerms) -> list[dict[str, Any]]:
    """The options that go with an offer, with what they cost."""
    options = {row.pk: row for row in Option.objects.filter(pk__in=[listed.option for listed in terms.options])}
    versions = current_option_versions(list(options))
    return [
        {
            "option": options[listed.option],
            "title": said(versions[listed.option].title, options[listed.option].reference),
            "included": listed.included,
        }
        for listed in terms.options
        if listed.option in options
    ]


@office_page(permission="see_catalogue")
def offer(request: OfficeRequest, offer: str) -> HttpResponse:
    """One offer as it is sold now, and its versions."""
    row = find(Offer.objects.all(), offer)
    versions = list(OfferVersion.objects.filter(offer=row, site=None).order_by("-number"))
    terms = terms_of(versions[:1])[versions[0].pk]
    features = {feature.pk: feature for feature in Feature.objects.all()}
    opened = {term.feature for stage in terms.stages for term in stage.features}
    matrix = [
        {
            "feature": feature,
            "name": said(feature.title, feature.reference),
            "cells": [next((one for one in stage.features if one.feature == key), None) for stage in terms.stages],
        }
        for key, feature in features.items()
        if key in opened
    ]
    metered = [
        {
            "feature": feature,
            "name": said(feature.title, feature.reference),
            "cells": [
                next((usage_words(one, terms.currency) for one in stage.usage if one.feature == key), "")
                for stage in terms.stages
            ],
        }
        for key, feature in features.items()
        if key in {one.feature for stage in terms.stages for one in stage.usage}
    ]
    context = {
        "metered": metered,
        "offer": row,
        "title": said(terms.title, row.reference),
        "status": status_of(row),
        "version": versions[0],
        "versions": versions,
        "terms": terms,
        "track": track_of(terms),
        "matrix": matrix,
        "options": option_rows(terms),
        "card": card_of(terms, features),
        "simulated": write_terms(terms),
        "buys_on": request.office.now.today.isoformat(),
        "may_edit": request.office.may(Permission.edit_catalogue),
        "at_sites": OfferAtSite.objects.filter(offer=row).select_related("site").order_by("site__name"),
        "has_sites": Site.objects.filter(closed_at=None).exists(),
    }
    return office_render(request, "merchants/offer.html", context)


def _editor(request: OfficeRequest, row: Offer | None, *, checks: bool = False) -> Editor:
    """The editor with what is in the catalogue now, filled from the offer or from what was typed."""
    version = current_versions([row.pk])[row.pk] if row else None
    kept = {listed.option for listed in terms_of([version])[version.pk].options} if version else set[UUID]()
    stages = terms_of([version])[version.pk].stages if version else ()
    used = {term.feature for stage in stages for term in stage.features}
    used |= {term.feature for stage in stages for term in stage.usage}
    features = [one for one in Feature.objects.order_by("id") if one.archived_at is None or one.pk in used]
    options = [one for one in Option.objects.order_by("id") if one.archived_at is None or one.pk in kept]
    codes = dict.fromkeys([*(rate.code for rate in FRENCH_RATES), *TaxRate.objects.values_list("tax_code", flat=True)])
    titles = current_option_versions([one.pk for one in options])
    editor = Editor(
        features=features,
        options=options,
        tax_codes=list(codes),
        currency=request.office.merchant.currency,
        terms=terms_of([version])[version.pk] if version else None,
        typed=request.POST if request.method == "POST" else None,
        checks=checks,
        is_new=row is None,
    )
    for one in options:
        editor.form.fields[editor.form.offered[one.pk]].label = said(titles[one.pk].title, one.reference)
    return editor


def _preview(request: OfficeRequest, editor: Editor, terms: OfferTerms | None) -> dict[str, Any]:
    """Card and simulator for what the editor says; without terms that hold, why there are none."""
    language = request.POST.get("card_language", "")
    features = {feature.pk: feature for feature in (*editor.features, *editor.metered)}
    problems: list[str] = []
    if terms is not None:
        try:
            check_offer(terms)
        except Invalid as refusal:
            problems = [error.say(_) for error in refusal.errors]
            terms = None
    shown_in = language if is_spoken(language) else translation.get_language() or "en"
    with translation.override(shown_in):
        card = card_of(terms, features) if terms else None
    return {
        "card": card,
        "card_language": shown_in[:2],
        "card_languages": list(TABLE.values()),
        "problems": problems,
        "simulated": write_terms(terms) if terms else "",
        "buys_on": request.POST.get("buys_on") or request.office.now.today.isoformat(),
        "simulator_options": option_rows(terms) if terms else [],
        "chosen_option": request.POST.get("option", ""),
    }


def _edit(request: OfficeRequest, row: Offer | None) -> HttpResponse:
    act = request.POST.get("act", "")
    saves = request.method == "POST" and act == "save"
    editor, terms = _editor(request, row, checks=saves), None
    if saves:
        terms = editor.terms()
        if terms is not None:
            try:
                with refusing():
                    saved = _save(request, row, editor, terms)
            except Refusal as refusal:
                editor.put(refusal, terms)
            else:
                return redirect(request.office.url("offer", offer=saved.public_id))
    elif request.method == "POST":
        terms = _editor(request, row, checks=True).terms()
    elif row is not None:
        version = current_versions([row.pk])[row.pk]
        terms = terms_of([version])[version.pk]
    number = current_versions([row.pk])[row.pk].number + 1 if row else 1
    context = {
        "offer": row,
        "title": said(terms.title) if terms else "",
        "number": number,
        "editor": editor,
        "option_fields": [editor.form[name] for name in editor.form.offered.values()],
        "track": track_of(terms, editor.active) if terms else editor.sketch(),
        **_preview(request, editor, terms),
    }
    return office_render(request, "merchants/offer_editor.html", context, status=422 if saves else 200)


def _save(request: OfficeRequest, row: Offer | None, editor: Editor, terms: OfferTerms) -> Offer:
    office = request.office
    if row is None:
        reference = editor.form.cleaned_data["reference"]
        made = create_offer(reference=reference, terms=terms, actor=office.actor, now=office.now)
        messages.success(request, _("“%(name)s” is on sale.") % {"name": said(terms.title, reference)})
        return made
    before = current_versions([row.pk])[row.pk].number
    version = revise_offer(row, terms=terms, actor=office.actor, now=office.now)
    if version.number == before:
        messages.info(request, _("Nothing was changed: version %(number)s stays.") % {"number": before})
    else:
        messages.success(
            request,
            _("Version %(number)s is on sale. Who has an earlier one keeps it.") % {"number": version.number},
        )
    return row


@office_page(permission="edit_catalogue")
def offer_new(request: OfficeRequest) -> HttpResponse:
    """The editor, empty: one stage, each month, without end."""
    return _edit(request, None)


@office_page(permission="edit_catalogue")
def offer_edit(request: OfficeRequest, offer: str) -> HttpResponse:
    """The editor of the next version."""
    return _edit(request, find(Offer.objects.all(), offer))


@require_POST
@office_page(permission="edit_catalogue")
def offer_preview(request: OfficeRequest) -> HttpResponse:
    """A fragment: card, simulator and time line for what stands in the editor now. Nothing is written."""
    editor = _editor(request, None, checks=True)
    editor.form.fields.pop("reference", None)
    terms = editor.terms()
    context = {
        "editor": editor,
        "track": track_of(terms, editor.active) if terms else editor.sketch(),
        **_preview(request, editor, terms),
    }
    return office_render(request, "merchants/offer_preview.html", context)


@require_POST
@office_page(permission="edit_catalogue")
def offer_state(request: OfficeRequest, offer: str) -> HttpResponse:
    """Hide, show, withdraw or bring back an offer: `act` is hide, show, archive or restore."""
    row = find(Offer.objects.all(), offer)
    acts: dict[str, tuple[bool | None, bool | None]] = {
        "hide": (False, None),
        "show": (True, None),
        "archive": (None, True),
        "restore": (None, False),
    }
    visible, archived = acts.get(request.POST.get("act", ""), (None, None))
    update_offer(row, actor=request.office.actor, now=request.office.now, visible=visible, archived=archived)
    return redirect(request.office.url("offer", offer=row.public_id))
