"""`/offers/{id}/migrate` and `/offers/{id}/campaigns`: subscribers moved to another version of their offer."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows import campaigns
from billing.flows.campaigns import LONGEST_NOTICE, NOTICE_DAYS, Moving
from billing.models import Campaign, CampaignMember
from billing.selectors.campaign_answers import (
    STATES,
    CampaignMemberShape,
    CampaignShape,
    campaigns_shown,
    members_shown,
    with_state,
)
from billing.tasks import carry_campaign_on_soon
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, Flag, PublicId, Text, Whole
from merchants.http.operations import operation
from merchants.http.references import find, find_all
from merchants.http.views import ApiView
from merchants.models import Offer, Site, TestClock
from merchants.money import round_ratio
from merchants.selectors.shapes import DayText, Says

MOST_NAMED = 100


class CampaignPopulationBody(Body):
    """Who is to be moved; left out, everyone on another version of the offer."""

    versions = serializers.ListField(child=Whole(least=1), max_length=MOST_NAMED, required=False)
    sites = serializers.ListField(child=PublicId("sit"), max_length=MOST_NAMED, required=False)
    subscribed_from = Day(required=False)
    subscribed_before = Day(required=False)


class MigrateBody(Body):
    """Move subscribers to `version`, each at the first renewal from `effect_on` on, told `notice_days` before at
    least. `keep_commitment`: who is committed moves after it. `test_clock`: those of one clock, not of real time."""

    version = Whole(least=1)
    effect_on = Day()
    reason = Text(max_length=200, allow_blank=True)
    notice_days = Whole(most=LONGEST_NOTICE, required=False)
    keep_commitment = Flag(required=False)
    population = CampaignPopulationBody(required=False)
    test_clock = PublicId("tc", required=False)


class CampaignMemberFilters(Filters):
    """Which of its members."""

    state = Choice(choices=list(STATES), required=False)


class LeftOutShape(TypedDict):
    """How many are left out, and why."""

    code: str
    detail: str
    count: int


class MoveShape(TypedDict):
    """One who would be moved: when, and what a period costs before and after, tax included."""

    subscription: str
    subscriber: str
    due_on: DayText
    amount_before: int
    amount_after: int


class MigrationPreviewShape(TypedDict):
    """What it would do: how many are in the population, how many move, and what those pay in a month of a twelfth of a
    year, tax included, before and after."""

    object: Annotated[str, Says(one_of=("migration_preview",))]
    population: int
    moved: int
    currency: str
    monthly_before: int
    monthly_after: int
    monthly_difference: int
    left_out: list[LeftOutShape]
    sample: list[MoveShape]


class _Migration(ApiView):
    """A campaign, from a body."""

    def read(self, offer: str) -> Moving:
        """Whom to move where."""
        row = self.find(Offer.objects.all(), offer)
        body: dict[str, Any] = dict(self.body)
        asked = body.get("population", {})
        texts = {f"population.sites[{at}]": text for at, text in enumerate(asked.get("sites", []))}
        clock = body.get("test_clock")
        return Moving(
            offer=row,
            to=body["version"],
            effect_on=body["effect_on"],
            reason=body["reason"],
            versions=tuple(asked.get("versions", ())),
            sites=tuple(row.pk for row in find_all(Site.objects.all(), texts).values()) if texts else (),
            subscribed_from=asked.get("subscribed_from"),
            subscribed_before=asked.get("subscribed_before"),
            test_clock_id=find(TestClock.objects.all(), clock, field="test_clock").pk if clock else None,
            notice_days=body.get("notice_days", NOTICE_DAYS),
            keep_commitment=body.get("keep_commitment", True),
        )


class MigrateOffer(_Migration):
    """Moving subscribers."""

    scopes = {"POST": "offers:write"}

    @operation("Move subscribers to a version", answer=CampaignShape, body=MigrateBody, status=202)
    def post(self, request: Request, offer: str) -> Response:
        """A worker plans each move and tells of it (`subscription.price_change_announced`); nothing changes within a
        period that is paid."""
        moving = self.read(offer)
        row = campaigns.begin(merchant_id=self.merchant.pk, moving=moving, actor=self.actor)
        carry_campaign_on_soon(self.merchant.pk, row.pk)
        address = reverse("api:campaign", kwargs={"offer": offer, "campaign": row.public_id})
        return Response(campaigns_shown([row])[0], status=202, headers={"Location": address})


class PreviewMigration(_Migration):
    """What it would do."""

    scopes = {"POST": "offers:read"}

    @operation("Preview moving subscribers to a version", answer=MigrationPreviewShape, body=MigrateBody)
    def post(self, request: Request, offer: str) -> Response:
        """By the calculation that plans it; nothing is changed."""
        seen = campaigns.foresee(merchant_id=self.merchant.pk, moving=self.read(offer))
        before, after = round_ratio(seen.yearly_before, 12), round_ratio(seen.yearly_after, 12)
        shown: MigrationPreviewShape = {
            "object": "migration_preview",
            "population": seen.population,
            "moved": seen.moved,
            "currency": seen.currency,
            "monthly_before": before,
            "monthly_after": after,
            "monthly_difference": after - before,
            "left_out": [
                {"code": code, "detail": detail, "count": count} for code, (detail, count) in seen.left_out.items()
            ],
            "sample": [
                {
                    "subscription": row.public_id,
                    "subscriber": row.subscriber.public_id,
                    "due_on": found.due_on.isoformat(),
                    "amount_before": found.before,
                    "amount_after": found.after,
                }
                for row, found in seen.sample
            ],
        }
        return Response(shown)


class _OfOffer(ApiView):
    """Campaigns of one offer."""

    def rows(self, offer: str) -> Any:
        """They come with their version."""
        return Campaign.objects.filter(offer=self.find(Offer.objects.all(), offer)).select_related("to_version")


class Campaigns(_OfOffer):
    """All campaigns of an offer."""

    scopes = {"GET": "offers:read"}

    @operation("List campaigns of an offer", answer=CampaignShape, page=True)
    def get(self, request: Request, offer: str) -> Response:
        """Newest first."""
        return self.page(self.rows(offer), campaigns_shown)


class OneCampaign(_OfOffer):
    """One campaign."""

    scopes = {"GET": "offers:read"}

    @operation("Read a campaign", answer=CampaignShape)
    def get(self, request: Request, offer: str, campaign: str) -> Response:
        """How far it has come."""
        return Response(campaigns_shown([self.find(self.rows(offer), campaign)])[0])


class MembersOfCampaign(_OfOffer):
    """Whom a campaign is for."""

    scopes = {"GET": "offers:read"}

    @operation("List members of a campaign", answer=CampaignMemberShape, page=True, filters=CampaignMemberFilters)
    def get(self, request: Request, offer: str, campaign: str) -> Response:
        """Each subscription of its population, when it moves, and why not."""
        row = self.find(self.rows(offer), campaign)
        return self.page(with_state(CampaignMember.objects.filter(campaign=row)).filter(**self.filters), members_shown)


class CancelCampaign(_OfOffer):
    """Stopping a campaign."""

    scopes = {"POST": "offers:write"}

    @operation("Cancel a campaign", answer=CampaignShape, status=202)
    def post(self, request: Request, offer: str, campaign: str) -> Response:
        """A worker takes every planned move back; who has moved stays. Asked twice it stays as it is."""
        row = self.find(self.rows(offer), campaign)
        campaigns.cancel(merchant_id=self.merchant.pk, campaign_id=row.pk, actor=self.actor)
        carry_campaign_on_soon(self.merchant.pk, row.pk)
        return Response(campaigns_shown([self.find(self.rows(offer), campaign)])[0], status=202)
