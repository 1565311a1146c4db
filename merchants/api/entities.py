"""`/legal_entities`, `/tax_rates`, `/sites`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.api.parts import narrowed
from merchants.http.bodies import Body, Filters
from merchants.http.fields import (
    Day,
    DecimalText,
    Email,
    Flag,
    Instant,
    LocaleText,
    Metadata,
    PublicId,
    Reference,
    Text,
)
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, created
from merchants.logos import LOGO_BYTES
from merchants.models import LegalEntity, Site, TaxRate
from merchants.selectors.entities import (
    LegalEntityShape,
    SiteShape,
    TaxRateShape,
    show_legal_entities,
    show_sites,
    show_tax_rates,
)
from merchants.services.entities import create_legal_entity, create_site, update_legal_entity, update_site
from merchants.services.taxes import add_tax_rate


class LegalAddressBody(Body):
    """A postal address, given whole."""

    line1 = Text(max_length=160)
    line2 = Text(max_length=160, required=False, allow_blank=True)
    postal_code = Text(max_length=16)
    city = Text(max_length=80)
    country = Text(max_length=2, required=False)


class LegalEntityBody(Body):
    """Who issues documents. Numbers are checked: SIREN, SIRET, VAT number, each with the others. `oss_since` null: not
    in the one-stop shop. `logo_svg`: plain shapes, 256 KB at most; '' for the merchant's logo. Formats of document
    numbers are such as `{year}-{number:06d}`; an empty `credit_number_format` is `AV` and that of invoices; another
    format counts for new numbers only."""

    name = Text(max_length=160)
    legal_form = Text(max_length=60, required=False, allow_blank=True)
    capital = Text(max_length=40, required=False, allow_blank=True)
    registry = Text(max_length=80, required=False, allow_blank=True)
    siren = Text(max_length=20, required=False, allow_blank=True)
    siret = Text(max_length=30, required=False, allow_blank=True)
    vat_number = Text(max_length=30, required=False, allow_blank=True)
    vat_exempt = Flag(required=False)
    vat_on_debits = Flag(required=False)
    oss_since = Day(required=False, allow_null=True)
    address = LegalAddressBody()
    email = Email(required=False, allow_blank=True)
    footer = Text(max_length=400, required=False, allow_blank=True)
    brand_name = Text(max_length=120, required=False, allow_blank=True)
    brand_color = Text(max_length=7, required=False, allow_blank=True)
    logo_svg = Text(max_length=LOGO_BYTES, required=False, allow_blank=True)
    iban = Text(max_length=50, required=False, allow_blank=True)
    bic = Text(max_length=20, required=False, allow_blank=True)
    late_penalty = LocaleText(max_length=160, optional=True, required=False)
    early_discount = LocaleText(max_length=160, optional=True, required=False)
    own_mentions = LocaleText(max_length=400, optional=True, required=False)
    creditor_identifier = Text(max_length=50, required=False, allow_blank=True)
    contract_terms = LocaleText(max_length=20_000, optional=True, required=False)
    number_format = Text(max_length=60, required=False)
    credit_number_format = Text(max_length=60, required=False, allow_blank=True)
    numbers_per_site = Flag(required=False)
    numbers_per_year = Flag(required=False)
    is_default = Flag(required=False)


def _columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """The entity's columns that a body gives; an address replaces the whole address."""
    columns = {name: value for name, value in body.items() if name != "address"}
    if "address" in body:
        columns |= {"line2": "", "country": "FR", **body["address"]}
    return columns


class LegalEntities(ApiView):
    """All legal entities."""

    scopes = {"GET": "legal_entities:read", "POST": "legal_entities:write"}

    @operation("List legal entities", answer=LegalEntityShape, page=True)
    def get(self, request: Request) -> Response:
        """Newest first."""
        return self.page(LegalEntity.objects.all(), show_legal_entities)

    @operation("Create a legal entity", answer=LegalEntityShape, body=LegalEntityBody, status=201)
    def post(self, request: Request) -> Response:
        """One in France begins with the French tax table. The first one is the default."""
        entity = create_legal_entity(**_columns(self.body), actor=self.actor, now=self.now)
        return created(show_legal_entities([entity])[0])


class OneLegalEntity(ApiView):
    """One legal entity."""

    scopes = {"GET": "legal_entities:read", "PATCH": "legal_entities:write"}

    @operation("Read a legal entity", answer=LegalEntityShape)
    def get(self, request: Request, legal_entity: str) -> Response:
        """What documents say of it."""
        return Response(show_legal_entities([self.find(LegalEntity.objects.all(), legal_entity)])[0])

    @operation("Change a legal entity", answer=LegalEntityShape, body=LegalEntityBody)
    def patch(self, request: Request, legal_entity: str) -> Response:
        """Documents issued before keep what they say. `is_default: true` takes that place from another."""
        found = self.find(LegalEntity.objects.all(), legal_entity)
        columns = _columns(self.body)
        found = update_legal_entity(found, **columns, actor=self.actor, now=self.now)
        return Response(show_legal_entities([found])[0])


class TaxRateBody(Body):
    """A rate in percent, from a date on; `legal_entity` by default the default one."""

    legal_entity = PublicId("ent", required=False)
    country = Text(max_length=2)
    tax_code = Text(max_length=40)
    percent = DecimalText(decimals=3, least=Decimal(0), most=Decimal("99.999"))
    from_on = Day()
    name = Text(max_length=80, required=False, allow_blank=True)


class TaxRateListing(Filters):
    """Which rates."""

    legal_entity = PublicId("ent", required=False)
    country = Text(max_length=2, required=False)
    tax_code = Text(max_length=40, required=False)


class TaxRates(ApiView):
    """The tax tables."""

    scopes = {"GET": "tax_rates:read", "POST": "tax_rates:write"}

    @operation("List tax rates", answer=TaxRateShape, page=True, filters=TaxRateListing)
    def get(self, request: Request) -> Response:
        """The rate of a day is the last one that begins on or before it."""
        rates, filters = TaxRate.objects.all(), dict(self.filters)
        if "legal_entity" in filters:
            entity = find(LegalEntity.objects.all(), filters.pop("legal_entity"), field="legal_entity")
            rates = rates.filter(legal_entity=entity)
        return self.page(narrowed(rates, filters), show_tax_rates)

    @operation("Add a tax rate", answer=TaxRateShape, body=TaxRateBody, status=201)
    def post(self, request: Request) -> Response:
        """A rate is never changed: add one that begins later. Documents of the past keep theirs."""
        entities, body = LegalEntity.objects.all(), dict(self.body)
        named = body.pop("legal_entity", None)
        entity = find(entities, named, field="legal_entity") if named else entities.filter(is_default=True).first()
        if entity is None:
            entity = find(entities, "", field="legal_entity")
        rate = add_tax_rate(entity=entity, **body, actor=self.actor, now=self.now)
        return created(show_tax_rates([rate])[0])


class OneTaxRate(ApiView):
    """One tax rate."""

    scopes = {"GET": "tax_rates:read"}

    @operation("Read a tax rate", answer=TaxRateShape)
    def get(self, request: Request, tax_rate: str) -> Response:
        """Its code, country, percent, and since when."""
        return Response(show_tax_rates([self.find(TaxRate.objects.all(), tax_rate)])[0])


class SiteChanges(Body):
    """What changes of a place."""

    name = Text(max_length=120)
    siret = Text(max_length=30, required=False, allow_blank=True)
    city = Text(max_length=80, required=False, allow_blank=True)
    closed = Flag(required=False)
    metadata = Metadata(required=False)


class SiteBody(Body):
    """A new place. `code`, one to eight capitals or digits, names it in document numbers and never changes; made of the
    reference where it is not given."""

    reference = Reference()
    name = Text(max_length=120)
    siret = Text(max_length=30, required=False, allow_blank=True)
    city = Text(max_length=80, required=False, allow_blank=True)
    code = Text(max_length=8, required=False)
    metadata = Metadata(required=False)


class SiteListing(Filters):
    """Which sites."""

    reference = Reference(required=False)
    closed = Flag(required=False)
    created_after = Instant(required=False)


class Sites(ApiView):
    """All sites."""

    scopes = {"GET": "sites:read", "POST": "sites:write"}

    @operation("List sites", answer=SiteShape, page=True, filters=SiteListing)
    def get(self, request: Request) -> Response:
        """Newest first."""
        sites, filters = Site.objects.all(), dict(self.filters)
        if "closed" in filters:
            sites = sites.filter(closed_at__isnull=not filters.pop("closed"))
        return self.page(narrowed(sites, filters), show_sites)

    @operation("Create a site", answer=SiteShape, body=SiteBody, status=201)
    def post(self, request: Request) -> Response:
        """A place of yours."""
        site = create_site(**self.body, actor=self.actor, now=self.now)
        return created(show_sites([site])[0])


class OneSite(ApiView):
    """One site."""

    scopes = {"GET": "sites:read", "PATCH": "sites:write"}

    @operation("Read a site", answer=SiteShape)
    def get(self, request: Request, site: str) -> Response:
        """Its name and numbers."""
        return Response(show_sites([self.find(Site.objects.all(), site)])[0])

    @operation("Change a site", answer=SiteShape, body=SiteChanges)
    def patch(self, request: Request, site: str) -> Response:
        """A closed site stays in history and statistics."""
        found = self.find(Site.objects.all(), site)
        found = update_site(found, **self.body, actor=self.actor, now=self.now)
        return Response(show_sites([found])[0])
