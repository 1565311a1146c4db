"""Where webhooks may go: public addresses on ports meant for HTTP, never into the house (reliability §4.10).

Pure: rules on text and on addresses. Names are resolved elsewhere (`alerts.services.call`), each address that a name
has is checked here, and the call goes to that very address: a name that changes between check and call gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from merchants.refusals import Invalid, gettext_noop

LONGEST = 500

FORBIDDEN_PORTS = frozenset(
    {
        1080, 1194, 1433, 1521, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3128, 3268, 3269, 3306, 3389, 4369, 5060,
        5061, 5432, 5433, 5671, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6380, 6443, 6566, 6665, 6666, 6667, 6668,
        6669, 6697, 7001, 7199, 8086, 8500, 9042, 9092, 9100, 9160, 9200, 9300, 9418, 10250, 11211, 15672, 25565, 27017,
        27018,
    }
)  # fmt: skip
"""At or above 1024, and yet no web server's: databases, brokers, remote shells, cluster control."""

NO_NETWORKS = tuple(
    IPv4Network(text)
    for text in ("168.63.129.16/32", "192.88.99.0/24", "100.64.0.0/10", "0.0.0.0/8", "192.0.0.0/24", "240.0.0.0/4")
)
"""Not marked private everywhere, and not for us: a cloud's own services, relays, carrier networks, reserved."""

NO_NETWORKS_6 = tuple(
    IPv6Network(text) for text in ("64:ff9b:1::/48", "100::/64", "2001::/23", "fec0::/10", "5f00::/16")
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. `host` is ASCII, without brackets."""

    scheme: str
    host: str
    port: int


def target(url: str, *, secure: bool = False) -> Target:
    """Where a URL leads. Raises Invalid on `url` where no webhook may go there, whatever the name resolves to.

    `secure` asks for https. Ports: 443, 80, and 1024 or above except those of databases and the like.

    >>> target("https://shop.example/hooks?x=1")
    Target(scheme='https', host='shop.example', port=443)
    >>> target("http://shop.example:6379/")
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('url_port', 'Webhooks go to port 443, 80, or one above 1023 that serves web pages.')
    """
    if len(url) > LONGEST or not url.isascii() or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        raise Invalid.at("url", "url_invalid", gettext_noop("This is not a web address."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid.at("url", "url_invalid", gettext_noop("This is not a web address.")) from error
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"}:
        raise Invalid.at("url", "url_scheme", gettext_noop("The address begins with https://."))
    if not host or "%" in host or len(host) > 253:
        raise Invalid.at("url", "url_invalid", gettext_noop("This is not a web address."))
    if "@" in parts.netloc:
        raise Invalid.at("url", "url_credentials", gettext_noop("Leave user name and password out of the address."))
    if parts.fragment or url.endswith("#"):
        raise Invalid.at("url", "url_fragment", gettext_noop("Leave out the part after #."))
    if secure and parts.scheme != "https":
        raise Invalid.at("url", "url_scheme", gettext_noop("The address begins with https://."))
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    if port not in {80, 443} and (port < 1024 or port in FORBIDDEN_PORTS):
        raise Invalid.at(
            "url", "url_port", gettext_noop("Webhooks go to port 443, 80, or one above 1023 that serves web pages.")
        )
    return Target(scheme=parts.scheme, host=host, port=port)


def inner(address: IPv4Address | IPv6Address) -> Sequence[IPv4Address]:
    """IPv4 addresses wrapped in an IPv6 one: mapped, 6to4, Teredo, NAT64, compatible.

    >>> inner(ip_address("::ffff:10.0.0.1")), inner(ip_address("64:ff9b::7f00:1")), inner(ip_address("8.8.8.8"))
    ((IPv4Address('10.0.0.1'),), (IPv4Address('127.0.0.1'),), ())
    """
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in IPv6Network("64:ff9b::/96") or (address in IPv6Network("::/96") and int(address) > 1):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def is_open(text: str, *, loopback: bool = False) -> bool:
    """Whether an address may be called. `loopback` lets this machine's own addresses through (demo and tests only).

    >>> [is_open(a) for a in ("93.184.216.34", "2606:4700::6810:84e5", "127.0.0.1", "10.1.2.3", "169.254.169.254")]
    [True, True, False, False, False]
    >>> is_open("127.0.0.1", loopback=True), is_open("10.0.0.1", loopback=True), is_open("not one")
    (True, False, False)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.scope_id:
        return False
    if loopback and address.is_loopback:
        return True
    if (wrapped := inner(address)) and not all(is_open(str(one), loopback=loopback) for one in wrapped):
        return False
    if isinstance(address, IPv4Address):
        closed = any(address in network for network in NO_NETWORKS)
    else:
        closed = any(address in network for network in NO_NETWORKS_6) or (address.is_reserved and not wrapped)
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return not closed and not address.is_multicast and (address.is_global or mapped)


INSIDE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain")
"""Names that mean a machine of the house, whatever they resolve to here."""


def is_inside(host: str, *, loopback: bool = False) -> bool:
    """Whether a host is plainly in the house, as can be told without asking a name server.

    Addresses count in every notation that a resolver would take. All other names are checked when they are called.

    >>> [is_inside(h) for h in ("127.1", "2130706433", "0x7f.1", "[::1]", "db.internal", "shop.example", "8.8.8.8")]
    [True, True, True, True, True, False, False]
    >>> [is_inside(h, loopback=True) for h in ("localhost", "127.0.0.1", "10.0.0.1")]
    [False, False, True]
    """
    bare = host.strip("[]").rstrip(".").lower()
    if ":" in bare:
        return not is_open(bare, loopback=loopback)
    try:
        return not is_open(str(IPv4Address(socket.inet_aton(bare))), loopback=loopback)
    except OSError:
        pass
    if loopback and bare == "localhost":
        return False
    return (
        bare.rpartition(".")[2].isdigit()
        or any(bare == name or bare.endswith("." + name) for name in INSIDE_NAMES)
        or "." not in bare
    )
