"""Which call is which: method and path to a name, the SDK's parameter type, and what answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import stripe.params as of
import stripe.params.checkout as of_checkout
import stripe.params.terminal as of_terminal
import stripe.params.test_helpers.terminal as of_helpers

from .api import checkout, customers, events, payment_intents, payment_methods, readers, refunds, setup_intents
from .calls import Call
from .store import Obj

Action = Callable[[Call], Obj]


@dataclass(frozen=True)
class Route:
    """One call of the API."""

    name: str
    method: str
    path: str
    params: type
    action: Action

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("^" + self.path.replace("{id}", "(?P<id>[^/]+)") + "$")


def _routes() -> list[Route]:
    pi, si, pm, cs = "payment_intents", "setup_intents", "payment_methods", "checkout/sessions"
    we, tr = "webhook_endpoints", "terminal/readers"
    table: list[tuple[str, str, str, type, Action]] = [
        ("customers.create", "POST", "customers", of.CustomerCreateParams, customers.create),
        ("customers.list", "GET", "customers", of.CustomerListParams, customers.index),
        ("customers.search", "GET", "customers/search", of.CustomerSearchParams, customers.find),
        ("customers.retrieve", "GET", "customers/{id}", of.CustomerRetrieveParams, customers.retrieve),
        ("customers.update", "POST", "customers/{id}", of.CustomerUpdateParams, customers.update),
        ("customers.delete", "DELETE", "customers/{id}", of.CustomerDeleteParams, customers.delete),
        (
            "customers.payment_methods.list", "GET", f"customers/{{id}}/{pm}",
            of.CustomerPaymentMethodListParams, payment_methods.index,
        ),
        (f"{pm}.create", "POST", pm, of.PaymentMethodCreateParams, payment_methods.create),
        (f"{pm}.list", "GET", pm, of.PaymentMethodListParams, payment_methods.index),
        (f"{pm}.retrieve", "GET", f"{pm}/{{id}}", of.PaymentMethodRetrieveParams, payment_methods.retrieve),
        (f"{pm}.update", "POST", f"{pm}/{{id}}", of.PaymentMethodUpdateParams, payment_methods.update),
        (f"{pm}.attach", "POST", f"{pm}/{{id}}/attach", of.PaymentMethodAttachParams, payment_methods.attach),
        (f"{pm}.detach", "POST", f"{pm}/{{id}}/detach", of.PaymentMethodDetachParams, payment_methods.detach),
        (f"{pi}.create", "POST", pi, of.PaymentIntentCreateParams, payment_intents.create),
        (f"{pi}.list", "GET", pi, of.PaymentIntentListParams, payment_intents.index),
        (f"{pi}.search", "GET", f"{pi}/search", of.PaymentIntentSearchParams, payment_intents.find),
        (f"{pi}.retrieve", "GET", f"{pi}/{{id}}", of.PaymentIntentRetrieveParams, payment_intents.retrieve),
        (f"{pi}.update", "POST", f"{pi}/{{id}}", of.PaymentIntentUpdateParams, payment_intents.update),
        (f"{pi}.confirm", "POST", f"{pi}/{{id}}/confirm", of.PaymentIntentConfirmParams, payment_intents.confirm),
        (f"{pi}.capture", "POST", f"{pi}/{{id}}/capture", of.PaymentIntentCaptureParams, payment_intents.capture),
        (f"{pi}.cancel", "POST", f"{pi}/{{id}}/cancel", of.PaymentIntentCancelParams, payment_intents.cancel),
        (f"{si}.create", "POST", si, of.SetupIntentCreateParams, setup_intents.create),
        (f"{si}.list", "GET", si, of.SetupIntentListParams, setup_intents.index),
        (f"{si}.retrieve", "GET", f"{si}/{{id}}", of.SetupIntentRetrieveParams, setup_intents.retrieve),
        (f"{si}.confirm", "POST", f"{si}/{{id}}/confirm", of.SetupIntentConfirmParams, setup_intents.confirm),
        (f"{si}.cancel", "POST", f"{si}/{{id}}/cancel", of.SetupIntentCancelParams, setup_intents.cancel),
        ("checkout.sessions.create", "POST", cs, of_checkout.SessionCreateParams, checkout.create),
        ("checkout.sessions.list", "GET", cs, of_checkout.SessionListParams, checkout.index),
        ("checkout.sessions.retrieve", "GET", f"{cs}/{{id}}", of_checkout.SessionRetrieveParams, checkout.retrieve),
        ("checkout.sessions.update", "POST", f"{cs}/{{id}}", of_checkout.SessionUpdateParams, checkout.update),
        ("checkout.sessions.expire", "POST", f"{cs}/{{id}}/expire", of_checkout.SessionExpireParams, checkout.expire),
        (
            "checkout.sessions.line_items.list", "GET", f"{cs}/{{id}}/line_items",
            of_checkout.SessionLineItemListParams, checkout.line_items,
        ),
        ("terminal.readers.create", "POST", tr, of_terminal.ReaderCreateParams, readers.create),
        ("terminal.readers.list", "GET", tr, of_terminal.ReaderListParams, readers.index),
        ("terminal.readers.retrieve", "GET", f"{tr}/{{id}}", of_terminal.ReaderRetrieveParams, readers.retrieve),
        (
            "terminal.readers.process_payment_intent", "POST", f"{tr}/{{id}}/process_payment_intent",
            of_terminal.ReaderProcessPaymentIntentParams, readers.process,
        ),
        (
            "terminal.readers.cancel_action", "POST", f"{tr}/{{id}}/cancel_action",
            of_terminal.ReaderCancelActionParams, readers.cancel,
        ),
        (
            "test_helpers.terminal.readers.present_payment_method", "POST",
            f"test_helpers/{tr}/{{id}}/present_payment_method",
            of_helpers.ReaderPresentPaymentMethodParams, readers.present,
        ),
        ("refunds.create", "POST", "refunds", of.RefundCreateParams, refunds.create),
        ("refunds.list", "GET", "refunds", of.RefundListParams, refunds.index),
        ("refunds.retrieve", "GET", "refunds/{id}", of.RefundRetrieveParams, refunds.retrieve),
        ("refunds.update", "POST", "refunds/{id}", of.RefundUpdateParams, refunds.update),
        ("charges.list", "GET", "charges", of.ChargeListParams, refunds.list_charges),
        ("charges.retrieve", "GET", "charges/{id}", of.ChargeRetrieveParams, refunds.retrieve_charge),
        ("disputes.list", "GET", "disputes", of.DisputeListParams, refunds.list_disputes),
        ("disputes.retrieve", "GET", "disputes/{id}", of.DisputeRetrieveParams, refunds.retrieve_dispute),
        ("mandates.retrieve", "GET", "mandates/{id}", of.MandateRetrieveParams, events.retrieve_mandate),
        ("events.list", "GET", "events", of.EventListParams, events.index),
        ("events.retrieve", "GET", "events/{id}", of.EventRetrieveParams, events.retrieve),
        (f"{we}.create", "POST", we, of.WebhookEndpointCreateParams, events.create_endpoint),
        (f"{we}.list", "GET", we, of.WebhookEndpointListParams, events.list_endpoints),
        (f"{we}.retrieve", "GET", f"{we}/{{id}}", of.WebhookEndpointRetrieveParams, events.retrieve_endpoint),
        (f"{we}.update", "POST", f"{we}/{{id}}", of.WebhookEndpointUpdateParams, events.update_endpoint),
        (f"{we}.delete", "DELETE", f"{we}/{{id}}", of.WebhookEndpointDeleteParams, events.delete_endpoint),
        ("account.retrieve", "GET", "account", of.AccountRetrieveCurrentParams, events.retrieve_account),
    ]  # fmt: skip
    return [Route(name, method, f"/v1/{path}", params, action) for name, method, path, params, action in table]


ROUTES = _routes()
_COMPILED = [(route, route.pattern) for route in ROUTES]


def match(method: str, path: str) -> tuple[Route, str] | None:
    """The call at a path, and the id in it."""
    for route, pattern in _COMPILED:
        if route.method == method:
            found = pattern.match(path)
            if found:
                return route, found.groupdict().get("id", "")
    return None
