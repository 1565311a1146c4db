"""The double's own tests: the SDK as its client, a listener for its webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe

from ..double_at_work import STRIPE_KEY, DoubleAtWork

SECRET = "whsec_of_the_double"


class Listener:
    """Where webhooks arrive. Each is verified as Stripe's own library does; `answers` are given in turn, then 200."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.answers: list[int] = []
        self.waiting = threading.Condition()
        listener = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = stripe.Webhook.construct_event(body, self.headers["Stripe-Signature"], SECRET)
                with listener.waiting:
                    status = listener.answers.pop(0) if listener.answers else 200
                    listener.events.append(event)
                    listener.waiting.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/events"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def until(self, count: int, timeout: float = 10) -> list[str]:
        """Wait for so many deliveries; their types in the order of arrival."""
        with self.waiting:
            arrived = self.waiting.wait_for(lambda: len(self.events) >= count, timeout)
        assert arrived, f"{len(self.events)} of {count} webhooks came: {[event.type for event in self.events]}"
        return [event.type for event in self.events]


@pytest.fixture
def client(double: DoubleAtWork) -> Any:
    return stripe.StripeClient(STRIPE_KEY, base_addresses={"api": double.url}, max_network_retries=0).v1


@pytest.fixture
def listener(double: DoubleAtWork) -> Iterator[Listener]:
    made = Listener()
    double.console("webhooks/endpoint", {"url": made.url, "secret": SECRET})
    yield made
    double.console("faults/clear", {})
    double.console("webhooks/endpoint", {"url": None, "secret": None})
    made.server.shutdown()
    made.server.server_close()
