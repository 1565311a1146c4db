"""The HTTP server: the API under `/v1`, hosted pages, and the double's own console under `/_double`."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import console, pages
from .api_door import Answer, ApiDoor
from .calls import Desk
from .faults import Fault, Faults
from .hosted import expire_due, settle
from .store import World
from .web import Visit, Web
from .webhooks import Courier

_LARGEST_BODY = 1_000_000


class Double:
    """One running double. `with Double(...) as double:` starts it; `double.url` is its address."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        state_file: Path | None = None,
        public_url: str | None = None,
        debit_seconds: float = 20,
    ) -> None:
        self.world = World(state_file)
        self.faults = Faults()
        self.courier = Courier(self.world, url=webhook_url, secret=webhook_secret)
        self.door = ApiDoor(self.world, self.faults, self.courier)
        self.closing = threading.Event()
        self.public_url = public_url.rstrip("/") if public_url else None
        self.debit_seconds = debit_seconds
        self._server = _Server((host, port), _Handler)
        self._server.double = self
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._ticker = threading.Thread(target=self._tick, name="ticker", daemon=True)

    def serve(self) -> None:
        """Serve until `close` is called from elsewhere."""
        self.courier.start()
        self._ticker.start()
        self._server.serve_forever(poll_interval=0.1)

    def __enter__(self) -> Double:
        threading.Thread(target=self.serve, name="double", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and write what is left."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self.courier.close()
        self.world.close()

    def desk(self, account: Any, base_url: str) -> Desk:
        """A place to act without an API request: a hosted page, the passing of time."""
        return Desk(self.world, account, self.public_url or base_url)

    def _tick(self) -> None:
        """What happens by itself: pages expire, banks answer debits."""
        while not self.closing.wait(0.5):
            for account in list(self.world.accounts.values()):
                desk = self.desk(account, self.url)
                with account.lock:
                    for session in list(account.of("checkout.session").values()):
                        expire_due(desk, session)
                    for intent in list(account.of("payment_intent").values()):
                        if intent["status"] == "processing" and self._bank_has_answered(account, intent):
                            settle(desk, intent)
                            self.world.changed()

    def _bank_has_answered(self, account: Any, intent: Any) -> bool:
        started = account.of("charge")[intent["latest_charge"]]["created"]
        return bool(time.time() - started >= self.debit_seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    double: Double


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "StripeDouble"
    server: _Server
    timeout = 120
    wbufsize = 65_536  # head and body in one packet: apart they would cost 40 ms a request
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: `/_double/requests` says more."""

    def _serve(self) -> None:
        double = self.server.double
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            self.close_connection = True
            self._send(413, b"too large", {"Content-Type": "text/plain"})
            return
        body = self.rfile.read(length) if length else b""
        split = urlsplit(self.path)
        base_url = double.public_url or f"http://{self.headers.get('Host', 'localhost')}"
        if split.path.startswith("/v1/"):
            self._reply(double.door.answer(self.command, split.path, split.query, body, self.headers, base_url))
            return
        visit = Visit(self.command, split.path, split.query, body, self.headers, base_url)
        web = pages.answer(double, visit) or console.answer(double, visit) or Web.text(404, "Not found")
        self._send(web.status, web.body, web.headers)

    def _reply(self, answer: Answer) -> None:
        if answer.fault is not None and not self._suffer(answer.fault):
            return
        body = json.dumps(answer.body).encode()
        self._send(answer.status, body, {"Content-Type": "application/json", **answer.headers})

    def _suffer(self, fault: Fault) -> bool:
        """What the network does; whether an answer still goes out."""
        if fault.kind == "slow":
            self.server.double.closing.wait(fault.seconds)
            return True
        self.close_connection = True
        if fault.kind.startswith("timeout"):
            self.server.double.closing.wait(fault.seconds)
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.connection.close()
        return False

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.wfile.flush()
