"""A merchant with one of everything that an office page may name in its address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.apps import apps
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

from alerts.models import Alert, Delivery, WebhookEndpoint
from billing.engine.reporting import ReportKind
from billing.flows.campaigns import Moving
from billing.flows.ereporting import next_span, set_ereporting
from billing.flows.ereports import make as make_report
from billing.flows.export import Wanted as WantedExport
from billing.flows.export import begin
from billing.flows.export_making import make
from billing.flows.gesture_batches import begin as begin_batch
from billing.flows.give import Giving, give
from billing.flows.imports import upload
from billing.models import BillingRun, Campaign, ParkedInRun
from billing.selectors.touched import Population
from invoices.agreements import Agreed, Signing, contract
from invoices.models import DocumentFile, Invoice, Till
from invoices.services import issuing, signing
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.printing import print_file
from merchants.actors import Actor
from merchants.ids import PREFIXES, new_id, show
from merchants.models import Event, ProviderAccount, Site
from merchants.models import TestClock as Clock
from merchants.secrets import encrypt
from merchants.services import devices, keys, people
from merchants.services.catalogue.features import create_feature
from merchants.services.catalogue.offers import create_offer
from merchants.services.catalogue.options import create_option
from merchants.services.coupons import CouponTerms, create_coupon
from merchants.services.entities import create_legal_entity, create_site
from merchants.tenancy.scope import tenant
from merchants.terms import FeatureTerm, ListedOption, OfferTerms, OptionTerms, PriceTerm, StageTerm
from subscribers.models import Subscription
from tests.pages.offices import NOW, Seat, colleague, office
from tests.worlds import Shop

NAMES = {
    "member": "Membership",
    "entity": "LegalEntity",
    "rate": "TaxRate",
    "key": "ApiKey",
    "clock": "TestClock",
    "report": "EReport",
    "run": "BillingRun",
    "parked": "ParkedInRun",
}
"""Arguments of addresses that are shorter than their model's name; any other is the model's name in small letters."""


def model_of(argument: str) -> type[models.Model] | None:
    """The model whose id an argument of an address names: `credit_note` is a CreditNote."""
    wanted = NAMES.get(argument) or argument.title().replace("_", "")
    for model in apps.get_models():
        if model.__name__ == wanted and model.__name__ in PREFIXES:
            return model
    short = [model for model in apps.get_models() if model.__name__ in PREFIXES and model.__name__.endswith(wanted)]
    return short[0] if len(short) == 1 else None


def office_routes() -> Iterator[tuple[str, list[str], URLPattern]]:
    """(name, arguments after the merchant, pattern) of every page under `/office/<merchant>/`."""

    def walk(patterns, inside, arguments):
        for pattern in patterns:
            here = arguments + list(pattern.pattern.regex.groupindex)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, inside or pattern.namespace == "office", here)
            elif inside:
                yield pattern.name, [name for name in here if name != "merchant"], pattern

    yield from walk(get_resolver().url_patterns, False, [])


def unknown(argument: str) -> str:
    """A well-formed id of that kind which nothing has."""
    model = model_of(argument)
    return show(PREFIXES[model.__name__], new_id()) if model else "nothing"


def own(seat: Seat, argument: str) -> str:
    """The id of the furnished merchant's one of that kind."""
    model = model_of(argument)
    assert model is not None, f"no model is named by <{argument}>: name it in tests/pages/furnished.py"
    with tenant(seat.merchant.id):
        row = model.objects.order_by("-id").first()
    assert row is not None, f"furnish() makes no {model.__name__}: teach it to"
    return row.public_id


def furnish(name: str = "Onde") -> Seat:
    """An owner's seat at a merchant that has one of everything, a purchase among them."""
    seat = office(name)
    colleague(seat, "support")
    with tenant(seat.merchant.id):
        invited = people.invite(email="julie@onde.example", role="support", by=seat.member(), now=NOW)
        invited.invitation.expires_at = NOW.at + timedelta(days=40_000)
        invited.invitation.save()
        keys.make_key(merchant=seat.merchant, name="site", scopes=[], by=seat.user, now=NOW)
        create_site(reference="LYON", name="Lyon", actor=Actor.system("test"), now=NOW)
    sell(seat)
    return seat


def sell(seat: Seat) -> None:
    """A catalogue, a company, a subscriber who bought, and somebody to tell of it."""
    act = {"actor": Actor.system("test"), "now": NOW}
    with tenant(seat.merchant.id):
        seat.merchant.success_url = "https://onde.example/thanks"
        seat.merchant.save()
        account = ProviderAccount.objects.get(is_default=True)
        account.kind = ProviderAccount.Kind.SIMULATED
        account.save()
        entity = create_legal_entity(
            name=seat.merchant.name, siren="732829320", line1="1 rue X", postal_code="69001", city="Lyon", **act
        )
        audio = create_feature(
            reference="audio", kind="level", title={"en": "Audio"}, levels=["standard", "hifi"], **act
        )
        extra = create_option(
            reference="extra",
            terms=OptionTerms(title={"en": "Extra"}, currency="EUR", prices=(PriceTerm(interval="month", amount=200),)),
            **act,
        )
        stage = StageTerm(interval="month", amount=1299, features=(FeatureTerm(feature=audio.pk, level="hifi"),))
        offer = create_offer(
            reference="hifi",
            terms=OfferTerms(
                title={"en": "Hifi"},
                currency="EUR",
                tax_behavior="inclusive",
                stages=(stage,),
                options=(ListedOption(option=extra.pk),),
            ),
            **act,
        )
        create_coupon(
            reference="WELCOME",
            terms=CouponTerms(code="WELCOME", title={"en": "Welcome"}, duration="once", percent_off=Decimal(20)),
            **act,
        )
    shop = Shop(merchant=seat.merchant, entity=entity, account=account)
    subscriber = shop.enrol("ON-1")
    invoice = shop.buy(subscriber, offer).invoice
    giving = Giving(kind="amount", amount=1_00, reason="the outage")
    with tenant(seat.merchant.id):
        subscription = Subscription.objects.get()
    give(merchant_id=seat.merchant.id, subscription_id=subscription.pk, giving=giving, role=None, actor=act["actor"])
    with tenant(seat.merchant.id):
        site = Site.objects.first() or create_site(reference="bron", name="Bron", **act)
        signed = Signing(
            locale="en", issuer=issuing.issuer(entity, seat.merchant), signer=["Ana"], place="Lyon", on=NOW.today
        )
        words = contract(
            Agreed(
                offer="Hifi", options=(), rows=(), due=12_99, currency="EUR", later=(), leaving="", paid_by="", terms={}
            ),
            signed,
        )
        device = devices.register(site=site, name="Till 1", by=None, **act).device
        signing.keep(
            signing.Draft(kind="contract", locale="en", content=words, signature={"typed": "Ana"}),
            subscriber_id=subscriber.pk,
            subscription_id=subscription.pk,
            site=site,
            device=device,
        )
        Till.objects.create(
            site=site, device=device, legal_entity=entity, name="Till 1", currency="EUR", created_at=NOW.at
        )
    today = shop.now().today
    touched = Population(from_on=today, until_on=today + timedelta(days=1))
    begin_batch(merchant_id=seat.merchant.id, giving=giving, population=touched, role=None, actor=act["actor"])
    with tenant(seat.merchant.id):
        credit_invoice(invoice.pk, Wanted(amount=1_00), reason="a gesture", actor=act["actor"], now=shop.now())
        wanted = WantedExport(kind="payments", format="csv")
        export = begin(wanted, merchant=seat.merchant, actor=act["actor"], now=shop.now())
        files = list(DocumentFile.objects.values_list("id", flat=True))
    for file in files:
        print_file(merchant_id=seat.merchant.id, file_id=file)
    make(merchant_id=seat.merchant.id, export_id=export.pk)
    with tenant(seat.merchant.id):
        event = Event.objects.latest("id")
        endpoint = WebhookEndpoint.objects.create(
            url="https://hooks.onde.example/", secret=encrypt("whsec_c2VjcmV0"), created_at=NOW.at
        )
        Delivery.objects.create(endpoint=endpoint, event=event, sequence=1, created_at=NOW.at)
        Alert.objects.create(kind="test", severity="warn", fact="a test", subscriber=subscriber, created_at=NOW.at)
        Clock.objects.create(time=NOW.at, created_at=NOW.at)
        content = b"Nom;Offre;D\xe9but;Pay\xe9 jusqu'au\nAna Diaz;hifi;01/02/2024;01/12/2026\n"
        upload(content, name="members.csv", actor=act["actor"], now=NOW)
        run = BillingRun.objects.create(
            kind="beat", status="done", due_at=NOW.at, started_at=NOW.at, beaten_at=NOW.at, finished_at=NOW.at
        )
        ParkedInRun.objects.create(
            run=run, subscription=Subscription.objects.get(), code="unforeseen", reason="a test", parked_at=NOW.at
        )
        Campaign.objects.create(
            offer=offer,
            to_version=offer.versions.get(),
            population=Moving(offer=offer, to=1, effect_on=today, reason="a test").population(),
            effect_on=today,
            notice_days=30,
            reason="a test",
            foreseen={"population": 0, "moved": 0, "yearly_before": 0, "yearly_after": 0},
            status=Campaign.Status.ANNOUNCED,
            settled_at=NOW.at,
            created_at=NOW.at,
        )
        reporting = set_ereporting(entity, actor=shop.actor, now=shop.now())
        kind = ReportKind.transactions
        make_report(reporting, kind, next_span(reporting, kind), actor=shop.actor, now=shop.now())


def invoice_number(seat: Seat) -> str:
    """The number of the furnished merchant's invoice."""
    with tenant(seat.merchant.id):
        return str(Invoice.objects.latest("id").number)


def bare(body: bytes) -> str:
    """A page without what differs from one address to another: CSRF tokens, and the address itself."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body.decode())
    return re.sub(r'name="next" value="[^"]*"', "", text)
