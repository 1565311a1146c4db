"""Second check: every object has each field that the SDK's classes say is always there, of the right sort."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest
import stripe
from stripe.checkout import Session
from stripe.terminal import Reader

from ..double_at_work import DoubleAtWork
from .test_pages import visit


def always_there(kind: type) -> set[str]:
    """The fields of a class that may be neither absent nor null."""
    return {
        name
        for name, annotation in inspect.get_annotations(kind).items()
        if "Optional" not in str(annotation)
        and "NoneType" not in str(annotation)
        and "ClassVar" not in str(annotation)
        and not name.startswith("_")
        and name != "OBJECT_NAME"
    }


@pytest.fixture
def objects(client: Any, double: DoubleAtWork) -> dict[type, Any]:
    customer = client.customers.create({"email": "a@example.com"})
    card = client.payment_methods.attach("pm_card_createDispute", {"customer": customer.id})
    iban = {"iban": "FR1420041010050500013M02606"}
    who = {"name": "A", "email": "a@example.com"}
    debit = client.payment_methods.create({"type": "sepa_debit", "sepa_debit": iban, "billing_details": who})
    saved = client.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": debit.id,
            "confirm": True,
            "allowed_payment_method_types": ["sepa_debit"],
        }
    )
    paid = client.payment_intents.create(
        {
            "amount": 999,
            "currency": "eur",
            "customer": customer.id,
            "payment_method": card.id,
            "off_session": True,
            "confirm": True,
            "expand": ["latest_charge"],
        }
    )
    other = client.payment_intents.create(
        {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    )
    line = {"price_data": {"currency": "eur", "unit_amount": 1990, "product_data": {"name": "Hi-Fi"}}, "quantity": 1}
    page = client.checkout.sessions.create(
        {"mode": "payment", "success_url": "https://x.example", "line_items": [line], "expand": ["line_items"]}
    )
    visit(page.url, choice="4242424242424242")
    return {
        stripe.Customer: customer,
        stripe.PaymentMethod: card,
        stripe.SetupIntent: saved,
        stripe.Mandate: client.mandates.retrieve(saved.mandate),
        stripe.PaymentIntent: paid,
        stripe.Charge: paid.latest_charge,
        stripe.Refund: client.refunds.create({"payment_intent": other.id}),
        stripe.Dispute: client.disputes.list().data[0],
        stripe.Event: client.events.list({"limit": 1}).data[0],
        Session: client.checkout.sessions.retrieve(page.id, {"expand": ["line_items"]}),
        stripe.LineItem: page.line_items.data[0],
        stripe.WebhookEndpoint: client.webhook_endpoints.create({"url": "https://x.example", "enabled_events": ["*"]}),
        Reader: client.terminal.readers.create({"registration_code": "simulated-wpe", "label": "Till 1"}),
        stripe.Account: client.accounts.retrieve_current(),
    }


def test_each_object_has_what_is_always_there(objects: dict[type, Any]) -> None:
    missing = {}
    for kind, one in objects.items():
        fields = one.to_dict()
        assert type(one) is kind, f"{kind.__name__} came as {type(one).__name__}"
        required = always_there(kind)
        absent = {name for name in required if name not in fields}
        null = {name for name in required if name in fields and fields[name] is None}
        missing[kind.__name__] = sorted(absent | null)
    assert {name: fields for name, fields in missing.items() if fields} == {}


def test_no_object_has_a_field_that_the_sdk_does_not_know(objects: dict[type, Any]) -> None:
    unknown = {}
    for kind, one in objects.items():
        known = set(inspect.get_annotations(kind))
        unknown[kind.__name__] = sorted(set(one.to_dict()) - known)
    assert {name: fields for name, fields in unknown.items() if fields} == {}


def test_numbers_are_numbers_and_flags_are_flags(objects: dict[type, Any]) -> None:
    wrong, looked_at = [], 0
    for kind, one in objects.items():
        fields = one.to_dict()
        for name, annotation in inspect.get_annotations(kind).items():
            origin: Any = typing.get_origin(annotation)
            sorts = set(typing.get_args(annotation) if origin is typing.Union else (annotation,)) - {type(None)}
            if fields.get(name) is None or not sorts <= {int, bool, str}:
                continue
            looked_at += 1
            if type(fields[name]) not in sorts:
                wrong.append((kind.__name__, name, fields[name]))
    assert wrong == []
    assert looked_at > 80


def test_no_note_of_the_doubles_is_ever_shown(objects: dict[type, Any]) -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(names(inner) for inner in value.values()))
        return set().union(*(names(item) for item in value)) if isinstance(value, list) else set()

    for one in objects.values():
        assert not [name for name in names(one.to_dict()) if name.startswith("_")]
        assert "424242424242" not in str(one.to_dict())


def test_amounts_and_ids_hang_together(objects: dict[type, Any]) -> None:
    paid, charge = objects[stripe.PaymentIntent], objects[stripe.Charge]
    assert (paid.amount_received, charge.amount_captured, charge.payment_intent) == (999, 999, paid.id)
    assert objects[stripe.Dispute].charge == charge.id
    assert objects[Session].amount_total == 1990
    assert objects[Session].payment_status == "paid"
