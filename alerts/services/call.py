"""One HTTP call to a merchant's address: bounded in time and size, never into the house, outside any transaction.

The name is resolved first and each address checked (`alerts.reach`); the connection goes to a checked address while
Host, SNI and certificate stay those of the name. No redirect is followed, no proxy asked, nothing decompressed.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import httpcore
from django.conf import settings

from alerts import reach
from merchants.refusals import Invalid

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
ANSWER_BYTES = 65_536
"""What we read of an answer at most."""
KEPT_CHARACTERS = 2_000
"""What we keep of it, for the page of deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a call went. `status` is None where there was no answer; then `error` says why."""

    status: int | None
    text: str = ""
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Refused(Exception):  # noqa: N818 - an answer
    """The address is not one that we call."""


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, all of them open to us. Raises Refused where one is not, OSError where there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not addresses or not all(reach.is_open(one, loopback=settings.WEBHOOKS_TO_LOOPBACK) for one in addresses):
        raise Refused("The address is not on the public internet.")
    return addresses


class _Bounded(httpcore.NetworkStream):
    """A connection on which everything together takes no longer than until `deadline` (a drip of bytes included)."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def _left(self, timeout: float | None, otherwise: type[Exception]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise otherwise("The answer took too long.")
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, in time."""
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes, in time."""
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same, encrypted; the certificate must be `server_hostname`'s."""
        left = self._left(timeout, httpcore.ConnectTimeout)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> object:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)


class _Pinned(httpcore.NetworkBackend):
    """Connects to the checked addresses, whatever name it is asked for."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses, self._deadline, self._backend = addresses, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """The first address that answers; five seconds for all together."""
        until = min(self._deadline, time.monotonic() + CONNECT_SECONDS)
        for index, address in enumerate(self._addresses, 1):
            left = until - time.monotonic()
            if left <= 0:
                break
            share = left if index == len(self._addresses) else left / 2
            try:
                return _Bounded(self._backend.connect_tcp(address, port, share), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if index == len(self._addresses):
                    raise
        raise httpcore.ConnectTimeout("No connection in time.")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


def post(url: str, *, body: bytes, headers: Mapping[str, str], total: float = TOTAL_SECONDS) -> Answer:
    """POST `body`, and what came of it. Never raises for what the other side does; `total` is in seconds."""
    deadline = time.monotonic() + total
    try:
        where = reach.target(url)
        addresses = resolve(where.host, where.port)
    except (Invalid, Refused) as refused:
        return Answer(status=None, error=str(refused.args[-1]))
    except (OSError, UnicodeError):
        return Answer(status=None, error="The name of the server is not known.")
    sent: list[tuple[bytes | str, bytes | str]] = [
        ("user-agent", "Tacite-Webhooks/1"),
        ("accept", "*/*"),
        ("accept-encoding", "identity"),
        *headers.items(),
    ]
    limits = {"connect": CONNECT_SECONDS, "read": total, "write": total, "pool": CONNECT_SECONDS}
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=_tls(), network_backend=_Pinned(addresses, deadline), max_keepalive_connections=0, retries=0
            ) as pool,
            pool.stream("POST", url, headers=sent, content=body, extensions={"timeout": limits}) as response,
        ):
            return _read(response)
    except httpcore.TimeoutException:
        return Answer(status=None, error="No answer in time.")
    except (httpcore.ConnectError, httpcore.ReadError, httpcore.WriteError) as error:
        secure = isinstance(error.__cause__, ssl.SSLError) or "SSL" in str(error) or "CERTIFICATE" in str(error)
        said = "The secure connection failed: " if secure else "No connection: "
        return Answer(status=None, error=(said + str(error))[:300])
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError) as error:
        return Answer(status=None, error=f"The answer was not HTTP: {error}"[:300])


def _read(response: httpcore.Response) -> Answer:
    """Status and the beginning of the text; the rest is not read. A body that breaks off does not undo a status."""
    read = bytearray()
    try:
        for chunk in response.iter_stream():
            read += chunk
            if len(read) >= ANSWER_BYTES:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    text = bytes(read[:ANSWER_BYTES]).decode("utf-8", errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    error = "It answered with a redirect, which is not followed." if 300 <= response.status < 400 else ""
    return Answer(status=response.status, text=text[:KEPT_CHARACTERS], error=error)
