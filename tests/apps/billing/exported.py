"""Exports that tests ask for, make and read."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.core.files.storage import default_storage

from billing.flows.export import Wanted, begin
from billing.flows.export_making import make
from billing.models import Export
from invoices.services.credit_plans import Wanted as Credited
from invoices.services.credits import credit_invoice
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Subscriber
from tests.worlds import Shop


def asked(shop: Shop, kind: str, format: str = "csv", *, sites: Any = (), **wanted: Any) -> Export:
    with tenant(shop.id):
        return begin(
            Wanted(kind=kind, format=format, **wanted),
            merchant=shop.merchant,
            sites=sites,
            actor=shop.actor,
            now=shop.now(),
        )


def now_of(shop: Shop, export: Export) -> Export:
    with tenant(shop.id):
        found: Export = Export.objects.get(id=export.pk)
    return found


def made(shop: Shop, kind: str, format: str = "csv", **wanted: Any) -> Export:
    export = asked(shop, kind, format, **wanted)
    make(merchant_id=shop.id, export_id=export.pk)
    done = now_of(shop, export)
    assert (done.status, done.code) == ("ready", "")
    return done


def content(export: Export) -> bytes:
    with default_storage.open(export.path) as file:
        return bytes(file.read())


def table(export: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(export).decode(), newline="")))


def sell(shop: Shop) -> Shop:
    """Its two purchases, and what it credited."""
    hifi = shop.offer("hifi", ("month", None, 12_99))
    books = shop.offer("books", ("month", None, 20_00), tax_behavior="exclusive", tax_code="books")
    first = shop.buy(shop.enrol("=lucie", name="=HYPERLINK(1)", company="Bleu, SARL"), hifi)
    shop.buy(shop.enrol("paul", name="Paul Roux"), books)
    with tenant(shop.id):
        credit_invoice(first.invoice_id, Credited(amount=2_99), reason="a gesture", actor=shop.actor, now=shop.now())
    return shop


def crowd(shop: Shop, count: int) -> None:
    """So many subscribers, written in one statement as an import does."""
    at = instant()
    with tenant(shop.id):
        people = [
            Subscriber(reference=f"p{n:05}", name=f"P {n}", channel="import", created_at=at, updated_at=at)
            for n in range(count)
        ]
        history.create_all(people, actor=shop.actor, now=shop.now(), verb="created")
