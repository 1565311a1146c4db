"""A receiver of webhooks on this machine, and short ways to make endpoints, purchases and events."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from alerts.models import Alert, Delivery, Message, WebhookEndpoint
from alerts.services import deliver, endpoints, relay
from merchants import journal
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.services import facts
from tests.worlds import Shop


@dataclass
class Got:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


def signed_by(secret: str, got: Got) -> bool:
    """Whether a request carries a signature of a secret: the specification read anew, none of the product's code."""
    key = base64.b64decode(secret[len("whsec_") :])
    content = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    mine = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{mine}" in got.headers["webhook-signature"].split(" ")


Script = Callable[[Got, BaseHTTPRequestHandler], None]


def answer(status: int, text: bytes = b"", headers: dict[str, str] | None = None) -> Script:
    """Always the same."""

    def play(got: Got, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    return play


def drip(got: Got, handler: BaseHTTPRequestHandler) -> None:
    """A status line, then headers one byte at a time, for ever."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        while True:
            handler.wfile.write(b"a")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


@dataclass
class Receiver:
    """What came, and what is answered: `script`, which a test may change."""

    url: str = ""
    script: Script = field(default_factory=lambda: answer(200, b"thanks"))
    got: list[Got] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [one.json["type"] for one in self.got]


@contextmanager
def receiver(script: Script | None = None) -> Iterator[Receiver]:
    """A receiver that listens while the block runs."""
    room = Receiver()
    if script is not None:
        room.script = script

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            room.got.append(got)
            room.script(got, self)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    room.url = f"http://127.0.0.1:{server.server_port}/hooks"
    try:
        yield room
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint(shop: Shop, url: str, *events: str) -> tuple[WebhookEndpoint, str]:
    """An endpoint and its secret."""
    with tenant(shop.id):
        return endpoints.create(url=url, events=events, merchant=shop.merchant, now=shop.now())


def tell(shop: Shop, kind: str, *, about: UUID | None = None, life: UUID | None = None, **shown: Any) -> Event:
    """An event, numbered in a life where one is named."""
    with tenant(shop.id):
        if life is not None:
            return facts.tell(life, (kind, about, {"object": shown}), actor=shop.actor, now=shop.now())[0]
        return journal.record(kind=kind, object_id=about, data={"object": shown}, actor=shop.actor, now=shop.now())


def deliveries(shop: Shop, *fields: str, **having: Any) -> list[Any]:
    """Columns of deliveries, in the order of the merchant's numbers."""
    with tenant(shop.id):
        rows = Delivery.objects.filter(**having).order_by("sequence", "endpoint")
        return list(rows.values_list(*fields, flat=len(fields) == 1) if fields else rows)


def messages(shop: Shop, *fields: str, **having: Any) -> list[Any]:
    """Columns of letters, oldest first."""
    with tenant(shop.id):
        rows = Message.objects.filter(**having).order_by("id")
        return list(rows.values_list(*fields, flat=len(fields) == 1) if fields else rows)


def alerts(shop: Shop, *fields: str, **having: Any) -> list[Any]:
    """Columns of alerts, oldest first."""
    with tenant(shop.id):
        rows = Alert.objects.filter(**having).order_by("id")
        return list(rows.values_list(*fields, flat=len(fields) == 1) if fields else rows)


def due_again(shop: Shop, **having: Any) -> None:
    """Let time pass for waiting deliveries: their next try is now."""
    from django.utils import timezone

    with tenant(shop.id):
        Delivery.objects.filter(status="waiting", **having).update(next_try_at=timezone.now())
        WebhookEndpoint.objects.update(rests_until=None)


def publish(shop: Shop) -> None:
    """Relay all that waits in the journal."""
    while relay.publish(shop.id).events:
        pass


def events(shop: Shop, kind: str) -> list[Event]:
    """What the journal tells of one kind."""
    with tenant(shop.id):
        return list(Event.objects.filter(kind=kind))


def part(message: Any, kind: str) -> str:
    """A letter's content of one type, of which it has one."""
    [found] = [content for content, type_ in message.alternatives if type_ == kind]
    return str(found)


def bought(shop, *stages, **values):
    """A purchase whose events are published and whose letters have gone."""
    session = shop.buy(shop.enrol("lucie", locale="en", **values), shop.offer("Premium", *stages))
    publish(shop)
    with tenant(shop.id):
        Message.objects.all().delete()
    return session


NOBODY = "http://127.0.0.1:1029/hooks"
"""An address at which nobody answers."""


def send(shop: Shop, row: WebhookEndpoint) -> int:
    """Publish what waits, and deliver it to that endpoint."""
    relay.publish(shop.id)
    return deliver.deliver(shop.id, row.pk)


def health(row: WebhookEndpoint) -> WebhookEndpoint:
    """The endpoint as it stands now."""
    with tenant(row.merchant_id):
        return WebhookEndpoint.objects.get(id=row.pk)
