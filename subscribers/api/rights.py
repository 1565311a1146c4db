"""`/subscribers/{id}/features`, `/subscribers/{id}/access`: what a site asks before it opens a door. Hot paths."""

from __future__ import annotations

from functools import cached_property

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http.operations import operation
from merchants.http.views import ApiView
from merchants.models import Feature
from merchants.now import Now
from merchants.selectors.clocks import now_for
from subscribers.models import Subscriber
from subscribers.selectors import people
from subscribers.selectors.answers import (
    AccessShape,
    FeatureRightShape,
    FeatureRightsShape,
    access_shown,
    right_shown,
    rights_shown,
)
from subscribers.selectors.rights import access_of, live_subscriptions, rights_of


class _OfSubscriber(ApiView):
    """What is asked about one subscriber, at their own present."""

    scopes = {"GET": "subscribers:read"}

    @cached_property
    def subscriber(self) -> Subscriber:
        """The subscriber that the address names. Raises NotFound."""
        return self.find(people.visible(), str(self.kwargs["subscriber"]))

    @property
    def present(self) -> Now:
        """Now, or what their test clock says."""
        return now_for(self.merchant, self.subscriber.test_clock_id)


class FeaturesOfSubscriber(_OfSubscriber):
    """All that a subscriber may use."""

    @operation("Read a subscriber's features", answer=FeatureRightsShape)
    def get(self, request: Request, subscriber: str) -> Response:
        """Each feature that is theirs now, with where it comes from. What they do not have is not named."""
        rights = rights_of(self.subscriber.pk, self.present)
        features = Feature.objects.filter(reference__in=list(rights)).order_by("id") if rights else []
        return Response(rights_shown(rights, features))


class OneFeatureOfSubscriber(_OfSubscriber):
    """One feature of a subscriber."""

    @operation("May this subscriber use a feature?", answer=FeatureRightShape)
    def get(self, request: Request, subscriber: str, feature: str) -> Response:
        """`on` says it; a feature that they do not have answers `on: false`, an unknown one 404."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        return Response(right_shown(wanted, rights_of(who.pk, self.present).get(wanted.reference)))


class AccessOfSubscriber(_OfSubscriber):
    """The one verdict."""

    @operation("Read a subscriber's access", answer=AccessShape)
    def get(self, request: Request, subscriber: str) -> Response:
        """The best verdict among their subscriptions that are not over: `full`, `grace`, `restricted` or `none`, why,
        and until when."""
        who = self.subscriber
        subscriptions = live_subscriptions(who.pk)
        return Response(access_shown(who, subscriptions, access_of(subscriptions, self.present)))
