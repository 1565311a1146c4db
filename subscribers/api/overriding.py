"""`/subscribers/{id}/features/{feature}/override`: a right set by hand, foreseen, and ended."""

from __future__ import annotations

from typing import TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http.bodies import Body
from merchants.http.fields import Day, Flag, Text, Whole
from merchants.http.operations import operation
from merchants.models import Feature
from subscribers.api.rights import OfSubscriber
from subscribers.selectors.right_answers import FeatureRightShape, right_shown
from subscribers.services import overriding
from subscribers.services.overriding import Moved, Override

MOST = 2**53 - 1


class OverrideBody(Body):
    """What is given, and why. `quota` or `unlimited` for a quota, `level` for a level, neither for a switch. `until` is
    the first day without it; left out, it stands until it is ended."""

    quota = Whole(least=1, most=MOST, required=False)
    unlimited = Flag(required=False)
    level = Text(max_length=60, required=False)
    until = Day(required=False, allow_null=True)
    reason = Text(max_length=400)


class EndBody(Body):
    """Why it ends."""

    reason = Text(max_length=400)


class MovedShape(TypedDict):
    """What they could do with the feature before, and can after."""

    before: FeatureRightShape
    after: FeatureRightShape


class _Overrides(OfSubscriber):
    scopes = {"POST": "subscribers:write"}

    @property
    def override(self) -> Override:
        """What the body asks for."""
        given = self.body
        return Override(
            quota=given.get("quota"),
            unlimited=given.get("unlimited", False),
            level=given.get("level"),
            until_on=given.get("until"),
            reason=given["reason"],
        )

    def shown(self, feature: Feature, moved: Moved) -> Response:
        """Both answers."""
        return Response({"before": right_shown(feature, moved.before), "after": right_shown(feature, moved.after)})


class Overriding(_Overrides):
    """Set a right by hand."""

    @operation("Set a subscriber's feature by hand", answer=MovedShape, body=OverrideBody)
    def post(self, request: Request, subscriber: str, feature: str) -> Response:
        """It stands beside what they bought, and the best of all counts: it gives, and takes nothing away. One set
        before gives way. Tells `subscriber.feature_changed` where the answer on the feature changes."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        asked = self.override
        moved = overriding.set_override(who.pk, wanted, asked, actor=self.actor, now=self.present)
        return self.shown(wanted, moved)


class OverridingPreview(_Overrides):
    """What setting it would change."""

    scopes = {"POST": "subscribers:read"}

    @operation("Foresee a feature set by hand", answer=MovedShape, body=OverrideBody)
    def post(self, request: Request, subscriber: str, feature: str) -> Response:
        """The same answer; nothing is written."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        return self.shown(wanted, overriding.foresee(who.pk, wanted, self.override, now=self.present))


class OverridingEnd(_Overrides):
    """End what was set by hand."""

    @operation("End what was set by hand", answer=MovedShape, body=EndBody)
    def post(self, request: Request, subscriber: str, feature: str) -> Response:
        """Ends now; what they bought stays. Nothing set by hand: 409 `nothing_set_by_hand`."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        moved = overriding.end_override(who.pk, wanted, reason=self.body["reason"], actor=self.actor, now=self.present)
        return self.shown(wanted, moved)


class OverridingEndPreview(_Overrides):
    """What ending it would leave."""

    scopes = {"POST": "subscribers:read"}

    @operation("Foresee the end of what was set by hand", answer=MovedShape, body=EndBody)
    def post(self, request: Request, subscriber: str, feature: str) -> Response:
        """The same answer; nothing is written."""
        who = self.subscriber
        wanted = self.find(Feature.objects.all(), feature)
        _reason = self.body
        return self.shown(wanted, overriding.foresee_end(who.pk, wanted, now=self.present))
