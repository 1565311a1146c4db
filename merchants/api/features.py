"""`/features`."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.api.parts import Listing, listed, narrowed
from merchants.http.bodies import Body
from merchants.http.fields import Choice, Flag, LocaleText, Metadata, Reference, Text
from merchants.http.operations import operation
from merchants.http.views import ApiView, created
from merchants.models import Feature
from merchants.selectors.features import FeatureShape, show_features
from merchants.services.catalogue.features import LEVEL_LENGTH, MOST_LEVELS, create_feature, update_feature


class FeatureBody(Body):
    """A new feature. A level has `levels`, from low to high; what is metered has an `aggregation` of its records."""

    reference = Reference()
    kind = Choice(choices=Feature.Kind.choices)
    title = LocaleText()
    levels = listed(Text(max_length=LEVEL_LENGTH), MOST_LEVELS, required=False)
    aggregation = Choice(choices=Feature.Aggregation.choices, required=False)
    metadata = Metadata(required=False)


class FeatureChanges(Body):
    """What changes. Levels that exist stay, in their order; new ones may stand between them."""

    title = LocaleText(required=False)
    levels = listed(Text(max_length=LEVEL_LENGTH), MOST_LEVELS, required=False)
    archived = Flag(required=False)
    metadata = Metadata(required=False)


class FeatureListing(Listing):
    """Which features."""

    kind = Choice(choices=Feature.Kind.choices, required=False)


class Features(ApiView):
    """All features."""

    scopes = {"GET": "features:read", "POST": "features:write"}

    @operation("List features", answer=FeatureShape, page=True, filters=FeatureListing)
    def get(self, request: Request) -> Response:
        """Newest first."""
        return self.page(narrowed(Feature.objects.all(), self.filters), show_features)

    @operation("Create a feature", answer=FeatureShape, body=FeatureBody, status=201)
    def post(self, request: Request) -> Response:
        """Something that your service checks, or meters. Its kind and its aggregation never change."""
        feature = create_feature(**self.body, actor=self.actor, now=self.now)
        return created(show_features([feature])[0])


class OneFeature(ApiView):
    """One feature."""

    scopes = {"GET": "features:read", "PATCH": "features:write"}

    @operation("Read a feature", answer=FeatureShape)
    def get(self, request: Request, feature: str) -> Response:
        """What it is."""
        return Response(show_features([self.find(Feature.objects.all(), feature)])[0])

    @operation("Change a feature", answer=FeatureShape, body=FeatureChanges)
    def patch(self, request: Request, feature: str) -> Response:
        """Its title, its levels, or whether it is still offered."""
        found = self.find(Feature.objects.all(), feature)
        found = update_feature(found, **self.body, actor=self.actor, now=self.now)
        return Response(show_features([found])[0])
