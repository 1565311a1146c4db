"""`/offers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.actors import Actor
from merchants.api.parts import (
    IntervalBody,
    Listing,
    OpenedFeatureBody,
    UsagePriceBody,
    features_of,
    narrowed,
    usage_of,
)
from merchants.early_end import FORMULAS, EarlyEnd
from merchants.http.bodies import Body, several
from merchants.http.fields import (
    Choice,
    Currency,
    DecimalText,
    Flag,
    LocaleText,
    Metadata,
    Minor,
    PublicId,
    Reference,
    Text,
    Whole,
)
from merchants.http.operations import operation
from merchants.http.references import find_all
from merchants.http.views import ApiView, created
from merchants.metered import MOST_USAGE
from merchants.models import Offer, OfferAtSite, OfferVersion, Option, Site
from merchants.models.catalogue import Stage
from merchants.now import Now
from merchants.selectors.offer_shapes import OfferShape, OfferVersionShape
from merchants.selectors.offers import current_versions, show_offers, show_versions, terms_of
from merchants.services.catalogue.at_sites import AtSite, sell_at_sites
from merchants.services.catalogue.offers import create_offer, revise_offer, update_offer
from merchants.terms import (
    COMMITMENT,
    MOST_FEATURES,
    MOST_OPTIONS,
    MOST_STAGES,
    NOTICE_DAYS,
    RECURRENCES,
    ListedOption,
    OfferTerms,
    StageTerm,
)

MOST_SITES = 500


class StageBody(IntervalBody):
    """A span of the offer."""

    label = LocaleText(max_length=60, optional=True, required=False)  # type: ignore[assignment] # a field, over DRF's own attribute
    recurrences = Whole(least=1, most=RECURRENCES, required=False, allow_null=True)
    amount = Minor()
    billing = Choice(choices=Stage.Billing.choices, required=False)
    features = several(OpenedFeatureBody, MOST_FEATURES, required=False)
    usage = several(UsagePriceBody, MOST_USAGE, required=False)


class ListedOptionBody(Body):
    """An option that may be taken with the offer, or (`included`) is part of it."""

    option = PublicId("opt")
    included = Flag(required=False)


class EarlyEndBody(Body):
    """A fee for leaving early: `flat` (`amount`), `remaining` (`percent` of what is left to pay; from interval
    `later_from` on `later_percent`) or `degressive` (`amount`, less with each interval begun). Never above what
    is left."""

    formula = Choice(choices=list(FORMULAS))
    amount = Minor(required=False, allow_null=True)
    percent = DecimalText(decimals=3, least=Decimal(0), most=Decimal(100), required=False, allow_null=True)
    later_from = Whole(least=1, most=COMMITMENT, required=False, allow_null=True)
    later_percent = DecimalText(decimals=3, least=Decimal(0), most=Decimal(100), required=False, allow_null=True)


class CommitmentBody(Body):
    """How many intervals one stays; how long before the end one says so, in days or, by the calendar, in months; what
    leaving before the end of the commitment costs."""

    intervals = Whole(most=COMMITMENT)
    notice = Whole(most=NOTICE_DAYS, required=False)
    notice_unit = Choice(choices=["day", "month"], required=False)
    early_end = EarlyEndBody(required=False, allow_null=True)


class AtSiteBody(Body):
    """What a site does otherwise: `sold` or not, and its own `amount` of the last stage."""

    site = PublicId("sit")
    sold = Flag(required=False)
    amount = Minor(required=False, allow_null=True)


class OfferTermsBody(Body):
    """What an offer says, and how it is shown."""

    title = LocaleText()
    description = LocaleText(max_length=2_000, optional=True, required=False)
    currency = Currency()
    tax_behavior = Choice(choices=OfferVersion.TaxBehavior.choices)
    tax_code = Text(max_length=40, required=False)
    alignment = Choice(choices=OfferVersion.Alignment.choices, required=False)
    billing_day = Whole(least=1, most=31, required=False, allow_null=True)
    setup_amount = Minor(required=False)
    commitment = CommitmentBody(required=False)
    stages = several(StageBody, MOST_STAGES, allow_empty=False)
    options = several(ListedOptionBody, MOST_OPTIONS, required=False)
    visible = Flag(required=False)
    everywhere = Flag(required=False)
    sites = several(AtSiteBody, MOST_SITES, required=False)
    metadata = Metadata(required=False)


class OfferBody(OfferTermsBody):
    """A new offer."""

    reference = Reference()


class OfferChanges(OfferTermsBody):
    """What changes: other terms make a new version."""

    archived = Flag(required=False)


class OfferListing(Listing):
    """Which offers."""

    visible = Flag(required=False)


_AS_WRITTEN = (
    "title",
    "description",
    "currency",
    "tax_behavior",
    "tax_code",
    "alignment",
    "billing_day",
    "setup_amount",
)


def _terms(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of OfferTerms that a body gives. Raises Invalid for features and options that are unknown."""
    given = {name: body[name] for name in _AS_WRITTEN if name in body}
    if "commitment" in body:
        given["commitment_intervals"] = body["commitment"]["intervals"]
        in_months = body["commitment"].get("notice_unit") == "month"
        given["notice_days"] = 0 if in_months else body["commitment"].get("notice", 0)
        given["notice_months"] = body["commitment"].get("notice", 0) if in_months else 0
        fee = body["commitment"].get("early_end")
        given["early_end"] = EarlyEnd(**fee) if fee else None
    if "options" in body:
        named = {f"options[{place}].option": each["option"] for place, each in enumerate(body["options"])}
        found = find_all(Option.objects.all(), named)
        given["options"] = tuple(
            ListedOption(option=row.pk, included=each.get("included", False))
            for row, each in zip(found.values(), body["options"], strict=True)
        )
    if "stages" in body:
        opened = features_of(
            {f"stages[{place}].features": stage.get("features", ()) for place, stage in enumerate(body["stages"])}
        )
        usage = usage_of(
            {f"stages[{place}].usage": stage.get("usage", ()) for place, stage in enumerate(body["stages"])}
        )
        given["stages"] = tuple(
            StageTerm(
                interval=stage["interval"],
                interval_count=stage.get("interval_count", 1),
                recurrences=stage.get("recurrences"),
                amount=stage["amount"],
                billing=stage.get("billing", Stage.Billing.ADVANCE.value),
                label=stage.get("label", {}),
                features=features,
                usage=prices,
            )
            for stage, features, prices in zip(body["stages"], opened.values(), usage.values(), strict=True)
        )
    return given


def _at_sites(offer: Offer, body: Mapping[str, Any], *, actor: Actor, now: Now) -> Offer:
    """Where it is sold, as far as a body says so. `sites` are given whole."""
    if not {"everywhere", "sites"} & body.keys():
        return offer
    if "sites" in body:
        named = {f"sites[{place}].site": each["site"] for place, each in enumerate(body["sites"])}
        found = find_all(Site.objects.all(), named)
        sites = [
            AtSite(site_id=row.pk, is_sold=each.get("sold", True), amount=each.get("amount"))
            for row, each in zip(found.values(), body["sites"], strict=True)
        ]
    else:
        kept = OfferAtSite.objects.filter(offer=offer)
        sites = [AtSite(site_id=row.site_id, is_sold=row.is_sold, amount=row.amount) for row in kept]
    everywhere = body.get("everywhere", offer.everywhere)
    return sell_at_sites(offer, everywhere=everywhere, sites=sites, actor=actor, now=now)


class Offers(ApiView):
    """All offers."""

    scopes = {"GET": "offers:read", "POST": "offers:write"}

    @operation("List offers", answer=OfferShape, page=True, filters=OfferListing)
    def get(self, request: Request) -> Response:
        """Newest first, each as its current version says it."""
        return self.page(narrowed(Offer.objects.all(), self.filters), show_offers)

    @operation("Create an offer", answer=OfferShape, body=OfferBody, status=201)
    def post(self, request: Request) -> Response:
        """With its first version. A stage without `recurrences` has no end, and is the last."""
        offer = create_offer(
            reference=self.body["reference"],
            terms=OfferTerms(**_terms(self.body)),
            visible=self.body.get("visible", True),
            metadata=self.body.get("metadata"),
            actor=self.actor,
            now=self.now,
        )
        offer = _at_sites(offer, self.body, actor=self.actor, now=self.now)
        return created(show_offers([offer])[0])


class OneOffer(ApiView):
    """One offer."""

    scopes = {"GET": "offers:read", "PATCH": "offers:write"}

    @operation("Read an offer", answer=OfferShape)
    def get(self, request: Request, offer: str) -> Response:
        """As its current version says it."""
        return Response(show_offers([self.find(Offer.objects.all(), offer)])[0])

    @operation("Change an offer", answer=OfferShape, body=OfferChanges)
    def patch(self, request: Request, offer: str) -> Response:
        """Other terms make a new version; who has an older one keeps it. `stages` and `options` are given whole."""
        found = self.find(Offer.objects.select_for_update(), offer)
        given = _terms(self.body)
        if given:
            current = current_versions([found.pk])[found.pk]
            terms = replace(terms_of([current])[current.pk], **given)
            revise_offer(found, terms=terms, actor=self.actor, now=self.now)
        others = {name: self.body[name] for name in ("visible", "archived", "metadata") if name in self.body}
        if others:
            found = update_offer(found, actor=self.actor, now=self.now, **others)
        found = _at_sites(found, self.body, actor=self.actor, now=self.now)
        return Response(show_offers([found])[0])


class OfferVersions(ApiView):
    """The versions of an offer."""

    scopes = {"GET": "offers:read"}

    @operation("List an offer's versions", answer=OfferVersionShape, page=True)
    def get(self, request: Request, offer: str) -> Response:
        """Newest first. A version never changes."""
        found = self.find(Offer.objects.all(), offer)
        return self.page(OfferVersion.objects.filter(offer=found), show_versions)
