"""Who issues documents, with which taxes, and where."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class LegalEntity(TenantModel):
    """The company on the invoice: identity, address, mentions. A merchant has one or more."""

    name = models.CharField(max_length=160)
    legal_form = models.CharField(max_length=60, blank=True, help_text="SAS, SARL…")
    capital = models.CharField(max_length=40, blank=True)
    registry = models.CharField(max_length=80, blank=True, help_text="RCS Lyon…")
    siren = models.CharField(max_length=9, blank=True)
    siret = models.CharField(max_length=14, blank=True)
    vat_number = models.CharField(max_length=20, blank=True)
    vat_exempt = models.BooleanField(default=False, help_text="Franchise en base, CGI art. 293 B")
    vat_on_debits = models.BooleanField(
        default=False, help_text="Option pour le paiement de la taxe d'après les débits"
    )
    oss_since = models.DateField(null=True, help_text="In the one-stop shop from that day on (CGI 298 sexdecies G)")
    late_penalty = models.JSONField(
        default=dict, db_default={}, help_text="By language: the rate of penalties; empty: three times the legal rate"
    )
    early_discount = models.JSONField(default=dict, db_default={}, help_text="By language; empty: none is given")
    own_mentions = models.JSONField(
        default=dict, db_default={}, help_text="By language: mediator, insurance, what the trade's law asks for"
    )
    line1 = models.CharField(max_length=160)
    line2 = models.CharField(max_length=160, blank=True)
    postal_code = models.CharField(max_length=16)
    city = models.CharField(max_length=80)
    country = models.CharField(max_length=2, default="FR")
    email = models.EmailField(max_length=254, blank=True)
    footer = models.CharField(max_length=400, blank=True)
    brand_name = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="Beside the logo; empty: the merchant's name"
    )
    brand_color = models.CharField(
        max_length=7, blank=True, default="", db_default="", help_text="#RRGGBB; empty: the merchant's"
    )
    logo = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Digest of a Logo; empty: the merchant's"
    )
    iban = models.CharField(
        max_length=34, blank=True, default="", db_default="", help_text="Where transfers go; on documents to be paid"
    )
    bic = models.CharField(max_length=11, blank=True, default="", db_default="")
    creditor_identifier = models.CharField(
        max_length=35, blank=True, default="", db_default="", help_text="SEPA (ICS): by which debits are collected"
    )
    contract_terms = models.JSONField(
        default=dict, db_default={}, help_text="By language: what a subscriber accepts when they sign at a counter"
    )
    number_format = models.CharField(max_length=60, default="{year}-{number:06d}", help_text="merchants.numbers")
    credit_number_format = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="Empty: AV before that of invoices"
    )
    numbers_per_site = models.BooleanField(default=False, db_default=False, help_text="Each site counts for itself")
    numbers_per_year = models.BooleanField(default=False, db_default=False, help_text="Each year begins at 1")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(is_default=True), name="a_merchant_has_one_default_entity"
            ),
            models.CheckConstraint(
                condition=Q(brand_color="") | Q(brand_color__regex=r"^#[0-9A-Fa-f]{6}$"),
                name="the_colour_of_a_company_is_six_hex_digits",
            ),
        ]


class TaxRate(TenantModel):
    """One row of an entity's tax table: the rate of a tax code in a country from a date on, in percent."""

    legal_entity = TenantForeignKey("merchants.LegalEntity")
    country = models.CharField(max_length=2)
    tax_code = models.CharField(max_length=40)
    percent = models.DecimalField(max_digits=6, decimal_places=3)
    from_on = models.DateField()
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "legal_entity", "country", "tax_code", "from_on"], name="a_tax_rate_stands_once"
            ),
            models.CheckConstraint(condition=Q(percent__gte=0) & Q(percent__lt=100), name="a_tax_rate_is_a_percentage"),
        ]


class Site(TenantModel):
    """A place of the merchant's (a salon)."""

    reference = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    siret = models.CharField(max_length=14, blank=True)
    city = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=8, null=True, help_text="Its name in document numbers; never changes")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "reference"], name="a_site_reference_is_unique"),
            models.UniqueConstraint(fields=["merchant", "code"], name="a_site_code_is_unique"),
            models.CheckConstraint(
                condition=Q(code=None) | (Q(code__regex=r"^[A-Z0-9]{1,8}$") & ~Q(code="0")),
                name="a_site_code_is_short_and_plain",
            ),
        ]
