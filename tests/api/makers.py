"""One of everything that an address of the API may name, and the routes that name it, found in the URL conf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from alerts.models import Alert, Delivery, WebhookEndpoint
from alerts.services.relay import publish
from billing.engine.reporting import ReportKind
from billing.flows import campaigns, gesture_batches
from billing.flows.campaigns import Moving
from billing.flows.charges import ChargeTerms, add_charge
from billing.flows.ereporting import next_span, set_ereporting
from billing.flows.ereports import make as make_report
from billing.flows.export import Wanted as WantedExport
from billing.flows.export import begin
from billing.flows.export_making import make
from billing.flows.give import Giving, give
from billing.models import BillingRun, Campaign, Charge, CheckoutSession, EReport, Export
from billing.selectors.touched import Population
from invoices.models import CreditNote, Invoice, Payment
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.printing import print_document
from merchants.ids import PREFIXES, new_id, show
from merchants.models import Coupon, Event, Feature, LegalEntity, Offer, Option, Site, TaxRate, TestClock
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, GestureBatch, PaymentMethod, Subscriber, Subscription
from tests.worlds import Shop, version_of

MAKERS: dict[str, type[Model]] = {
    "test_clock": TestClock,
    "legal_entity": LegalEntity,
    "tax_rate": TaxRate,
    "site": Site,
    "feature": Feature,
    "offer": Offer,
    "option": Option,
    "coupon": Coupon,
    "event": Event,
    "subscriber": Subscriber,
    "subscription": Subscription,
    "payment_method": PaymentMethod,
    "charge": Charge,
    "gesture": Gesture,
    "gesture_batch": GestureBatch,
    "campaign": Campaign,
    "checkout_session": CheckoutSession,
    "invoice": Invoice,
    "credit_note": CreditNote,
    "payment": Payment,
    "webhook_endpoint": WebhookEndpoint,
    "delivery": Delivery,
    "alert": Alert,
    "billing_run": BillingRun,
    "export": Export,
    "ereport": EReport,
}
"""What a parameter of an address names. `furnish` makes one of each."""

METHODS = ("get", "post", "patch", "delete")


@dataclass(frozen=True)
class Route:
    """One address of the API, its parameters, and the methods that it offers."""

    path: str
    parameters: tuple[str, ...]
    methods: tuple[str, ...]

    def address(self, ids: dict[str, str]) -> str:
        """The address below /api/v1/ with ids in their places."""
        found = self.path
        for name in self.parameters:
            found = found.replace(f"<str:{name}>", ids[name])
        return found


def routes() -> Iterator[Route]:
    """Every route below /api/v1/ that a view of the API answers."""

    def walk(patterns: Any, before: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            path = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            elif path.startswith("api/v1/"):
                yield path.removeprefix("api/v1/"), pattern

    for path, pattern in walk(get_resolver().url_patterns, ""):
        view: Callable[..., Any] = pattern.callback
        kind = getattr(view, "cls", None)
        if kind is not None and issubclass(kind, APIView):
            offered = tuple(method for method in METHODS if hasattr(getattr(kind, method, None), "operation"))
            yield Route(path, tuple(pattern.pattern.converters), offered)


def furnish(shop: Shop) -> dict[str, str]:
    """One of each kind of MAKERS at that shop, by the parameter that names it: their public ids."""
    at = shop.now().at
    shop.feature("audio", "level", ["standard", "hifi"])
    extra = shop.option("extra", 2_00)
    offer = shop.offer("hifi", ("month", None, 12_99), options=[extra], features={"audio": {"level": "hifi"}})
    shop.coupon("WELCOME", percent_off=20, duration="once")
    session = shop.buy(shop.enrol("lucie"), offer)
    terms = ChargeTerms(title={"en": "Delivery"}, amount=5_00)
    add_charge(merchant_id=shop.id, subscription_id=session.subscription_id, terms=terms, actor=shop.actor)
    giving = Giving(kind="amount", amount=5_00, reason="The outage")
    give(merchant_id=shop.id, subscription_id=session.subscription_id, giving=giving, role=None, actor=shop.actor)
    today = shop.now().today
    touched = Population(from_on=today, until_on=today + timedelta(days=1))
    moving = Moving(offer=offer, to=2, effect_on=today + timedelta(days=40), reason="Dearer")
    version_of(shop, offer, 13_99)
    campaigns.begin(merchant_id=shop.id, moving=moving, actor=shop.actor)
    gesture_batches.begin(merchant_id=shop.id, giving=giving, population=touched, role=None, actor=shop.actor)
    with tenant(shop.id):
        note = credit_invoice(
            session.invoice_id, Wanted(amount=1_00), reason="a test", actor=shop.actor, now=shop.now()
        )
        Site.objects.create(reference="lyon", name="Lyon", created_at=at)
        TestClock.objects.create(name="clock", time=at, created_at=at)
        endpoint = WebhookEndpoint.objects.create(
            url="https://hooks.onde.example/", secret=encrypt("whsec_c2VjcmV0"), created_at=at
        )
        Alert.objects.create(kind="test", severity="warn", fact="a test", created_at=at)
        BillingRun.objects.create(
            kind="beat", status="done", due_at=at, started_at=at, beaten_at=at, finished_at=at, expected=1, taken=1
        )
        wanted = WantedExport(kind="payments", format="csv")
        export = begin(wanted, merchant=shop.merchant, actor=shop.actor, now=shop.now())
        reporting = set_ereporting(shop.entity, actor=shop.actor, now=shop.now())
        kind = ReportKind.transactions
        make_report(reporting, kind, next_span(reporting, kind), actor=shop.actor, now=shop.now())
    make(merchant_id=shop.id, export_id=export.pk)
    for document_id in (session.invoice_id, note.pk):
        print_document(merchant_id=shop.id, document_id=document_id)
    publish(shop.id)
    with tenant(shop.id):
        event = Event.objects.exclude(sequence=None).latest("sequence")
        Delivery.objects.get_or_create(
            endpoint=endpoint, event=event, defaults={"sequence": event.sequence, "created_at": at}
        )
        found = {name: model._default_manager.order_by("id").first() for name, model in MAKERS.items()}
    missing = [name for name, row in found.items() if row is None]
    assert not missing, f"furnish() makes no {missing}"
    return {name: row.public_id for name, row in found.items() if row is not None}  # type: ignore[attr-defined]


def unknown(name: str) -> str:
    """A well-formed id of that kind which nothing has."""
    return show(PREFIXES[MAKERS[name].__name__], new_id())
