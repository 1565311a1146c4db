"""`/options`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.api.parts import Listing, OpenedFeatureBody, PriceBody, features_of, narrowed
from merchants.http.bodies import Body, several
from merchants.http.fields import Currency, Flag, LocaleText, Metadata, Minor, Reference, Text
from merchants.http.operations import operation
from merchants.http.views import ApiView, created
from merchants.models import Option
from merchants.selectors.options import OptionShape, current_option_versions, show_options, terms_of
from merchants.services.catalogue.options import create_option, revise_option, update_option
from merchants.terms import MOST_FEATURES, MOST_PRICES, OptionTerms, PriceTerm


class OptionTermsBody(Body):
    """What an option says: `prices` per interval, or one `amount` that is paid once."""

    title = LocaleText()
    description = LocaleText(max_length=2_000, optional=True, required=False)
    currency = Currency()
    tax_code = Text(max_length=40, required=False, allow_null=True)
    amount = Minor(required=False, allow_null=True)
    prices = several(PriceBody, MOST_PRICES, required=False)
    features = several(OpenedFeatureBody, MOST_FEATURES, required=False)
    adds = Flag(required=False)
    metadata = Metadata(required=False)


class OptionBody(OptionTermsBody):
    """A new option."""

    reference = Reference()


class OptionChanges(OptionTermsBody):
    """What changes: other terms make a new version."""

    archived = Flag(required=False)


def _terms(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of OptionTerms that a body gives. Raises Invalid for features that are unknown."""
    given = {name: body[name] for name in ("title", "description", "currency", "adds") if name in body}
    if "tax_code" in body:
        given["tax_code"] = body["tax_code"] or ""
    if "amount" in body:
        given["one_off_amount"] = body["amount"]
    if "prices" in body:
        given["prices"] = tuple(PriceTerm(**price) for price in body["prices"])
    if "features" in body:
        given["features"] = features_of({"features": body["features"]})["features"]
    return given


class Options(ApiView):
    """All options."""

    scopes = {"GET": "options:read", "POST": "options:write"}

    @operation("List options", answer=OptionShape, page=True, filters=Listing)
    def get(self, request: Request) -> Response:
        """Newest first, each as its current version says it."""
        return self.page(narrowed(Option.objects.all(), self.filters), show_options)

    @operation("Create an option", answer=OptionShape, body=OptionBody, status=201)
    def post(self, request: Request) -> Response:
        """With its first version. Offers list it in their `options`."""
        option = create_option(
            reference=self.body["reference"],
            terms=OptionTerms(**_terms(self.body)),
            metadata=self.body.get("metadata"),
            actor=self.actor,
            now=self.now,
        )
        return created(show_options([option])[0])


class OneOption(ApiView):
    """One option."""

    scopes = {"GET": "options:read", "PATCH": "options:write"}

    @operation("Read an option", answer=OptionShape)
    def get(self, request: Request, option: str) -> Response:
        """As its current version says it."""
        return Response(show_options([self.find(Option.objects.all(), option)])[0])

    @operation("Change an option", answer=OptionShape, body=OptionChanges)
    def patch(self, request: Request, option: str) -> Response:
        """Other terms make a new version; who has an older one keeps it. Lists are given whole; the currency stays."""
        found = self.find(Option.objects.select_for_update(), option)
        given = _terms(self.body)
        if given:
            current = current_option_versions([found.pk])[found.pk]
            terms = replace(terms_of([current])[current.pk], **given)
            revise_option(found, terms=terms, actor=self.actor, now=self.now)
        others = {name: self.body[name] for name in ("archived", "metadata") if name in self.body}
        if others:
            found = update_option(found, actor=self.actor, now=self.now, **others)
        return Response(show_options([found])[0])
