"""`/subscribers/{id}/features`, `/subscribers/{id}/access`: what a site asks before it opens a door. Hot paths."""

from __future__ import annotations

from functools import cached_property

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http.operations import operation
from merchants.http.shared import PastFilters
from merchants.http.views import ApiView
from merchants.models import Feature
from merchants.now import Now
from merchants.selectors.clocks import now_for
from subscribers.models import Subscriber
from subscribers.selectors import people
from subscribers.selectors.lives import PastRights, past_rights
from subscribers.selectors.moments import Past
from subscribers.selectors.right_answers import (
    AccessShape,
    FeatureRightShape,
    FeatureRightsShape,
    access_shown,
    right_shown,
    rights_shown,
)
from subscribers.selectors.rights import access_of, held, held_named, live_subscriptions


class OfSubscriber(ApiView):
    """What is asked about one subscriber, at their own present."""

    scopes = {"GET": "subscribers:read"}

    @cached_property
    def subscriber(self) -> Subscriber:
        """The subscriber that the address names. Raises NotFound."""
        return self.find(people.visible(), str(self.kwargs["subscriber"]))

    @cached_property
    def present(self) -> Now:
        """Now, or what their test clock says."""
        return now_for(self.merchant, self.subscriber.test_clock_id)

    @cached_property
    def then(self) -> PastRights | None:
        """What they might use at the moment that is asked for; None where that is the present. Raises Invalid,
        NotThereThen."""
        asked = Past.asked(self.filters, self.present.at) if self.filters else None
        return past_rights(self.subscriber, asked=asked, zone=self.present.zone) if asked else None


class FeaturesOfSubscriber(OfSubscriber):
    """All that a subscriber may use."""

    @operation("Read a subscriber's features", answer=FeatureRightsShape, filters=PastFilters)
    def get(self, request: Request, subscriber: str) -> Response:
        """Each feature that is theirs now, with where it comes from, and what is left of quotas. What they do not have
        is not named. With `as_of` or `known_at`: what was theirs then, without what was left."""
        who = self.subscriber
        if self.then:
            rights = self.then.rights
            features = Feature.objects.filter(reference__in=list(rights)).order_by("id") if rights else []
            return Response(rights_shown(rights, features))
        found = held(who.pk, self.present)
        return Response(rights_shown(found.rights, found.features.values()))


class OneFeatureOfSubscriber(OfSubscriber):
    """One feature of a subscriber."""

    @operation("May this subscriber use a feature?", answer=FeatureRightShape, filters=PastFilters)
    def get(self, request: Request, subscriber: str, feature: str) -> Response:
        """`on` says it, `remaining` what is left of a quota; a feature that they do not have answers `on: false`, an
        unknown one 404. With `as_of` or `known_at`: whether they might then."""
        who = self.subscriber
        if not self.then:
            for known, right in held_named(who.pk, self.present, feature):
                return Response(right_shown(known, right))
        wanted = self.find(Feature.objects.all(), feature)
        return Response(right_shown(wanted, self.then.rights.get(wanted.reference) if self.then else None))


class AccessOfSubscriber(OfSubscriber):
    """The one verdict."""

    @operation("Read a subscriber's access", answer=AccessShape, filters=PastFilters)
    def get(self, request: Request, subscriber: str) -> Response:
        """The best verdict among their subscriptions that are not over: `full`, `grace`, `restricted` or `none`, why,
        and until when. With `as_of` or `known_at`: the verdict then."""
        who = self.subscriber
        if self.then:
            return Response(access_shown(who, self.then.subscriptions, self.then.access))
        subscriptions = live_subscriptions(who.pk)
        return Response(access_shown(who, subscriptions, access_of(subscriptions, self.present)))
