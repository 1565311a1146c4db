"""Calls to merchants' addresses: never into the house (reliability §4.10), bounded in time and size."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts import reach
from alerts.services import call
from merchants.clock import instant
from merchants.refusals import Invalid
from tests.apps.alerts.rooms import answer, drip, receiver


@pytest.fixture
def no_loopback(settings):
    settings.WEBHOOKS_TO_LOOPBACK = False


@pytest.fixture
def names(monkeypatch):
    """What names resolve to; anything else is unknown. Answers change from call to call where a list has more."""
    known: dict[str, list[list[str]]] = {}
    asked: list[str] = []

    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if host.replace(".", "").isdigit():
            return real(host, port, *args, **options)  # the socket itself, on its way to an address
        asked.append(host)
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        turns = known[host]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    known["asked"] = asked  # type: ignore[assignment]
    return known


HOSTS_INSIDE = [
    *("127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "0"),
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200"),
    *("0.0.0.0", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("[::1]", "[::]", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fc00::1]", "[fd00:ec2::254]"),
    *("[fe80::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:db8::1]", "[fec0::1]"),
    *("[::127.0.0.1]", "[2001:0:a00:1::f5ff:fffe]"),
]


@pytest.mark.parametrize("host", HOSTS_INSIDE)
def test_no_address_of_the_house_is_called_in_whatever_notation(no_loopback, host):
    """Through the real resolver: it knows more notations than any list."""
    said = call.post(f"http://{host}:8080/", body=b"{}", headers={}, total=2)
    assert said.status is None
    assert said.error in {"The address is not on the public internet.", "The name of the server is not known."}
    assert reach.is_inside(host)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "db.internal", "metadata.google.internal", "redis"]
)
def test_names_of_the_house_are_refused_when_an_endpoint_is_made(host):
    assert reach.is_inside(host)
    assert not reach.is_inside("localhost", loopback=True)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://a@10.0.0.1/", "url_credentials"),
        ("https://shop.example:pass@evil.example/", "url_credentials"),
        ("file:///etc/passwd", "url_scheme"),
        ("gopher://shop.example/", "url_scheme"),
        ("ftp://shop.example/", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("//shop.example/", "url_scheme"),
        ("https://", "url_invalid"),
        ("https://shop.example:99999/", "url_invalid"),
        ("https://shop.example:x/", "url_invalid"),
        ("https://[fe80::1%25eth0]/", "url_invalid"),
        ("https://shop.example/a b", "url_invalid"),
        ("https://shop.example/\r\nHost: x", "url_invalid"),
        ("https://shop.example\\@10.0.0.1/", "url_invalid"),
        ("https://①②⑦.0.0.1/", "url_invalid"),
        ("https://shop.example/" + "a" * 500, "url_invalid"),
        ("https://shop.example/#part", "url_fragment"),
        ("http://shop.example:22/", "url_port"),
        ("http://shop.example:25/", "url_port"),
        ("http://shop.example:0/", "url_port"),
        ("http://shop.example:6379/", "url_port"),
        ("http://shop.example:5432/", "url_port"),
        ("http://shop.example:11211/", "url_port"),
    ],
)
def test_addresses_that_no_webhook_may_have(url, code):
    with pytest.raises(Invalid) as refused:
        reach.target(url)
    assert refused.value.code == code
    assert call.post(url, body=b"{}", headers={}).status is None


@pytest.mark.parametrize(
    "url",
    ["https://shop.example", "https://shop.example:8443/a?b=c", "http://shop.example/", "https://xn--caf-dma.example/"],
)
def test_addresses_that_a_webhook_may_have(url):
    assert reach.target(url).host.endswith("shop.example") or "xn--" in reach.target(url).host


def test_http_is_refused_where_security_is_asked_for():
    assert reach.target("https://shop.example/", secure=True).port == 443
    with pytest.raises(Invalid):
        reach.target("http://shop.example/", secure=True)


def test_a_name_with_one_address_inside_is_refused_though_another_is_public(no_loopback, names):
    names["mixed.example"] = [["93.184.216.34", "10.0.0.1"]]
    assert (
        call.post("https://mixed.example/", body=b"", headers={}).error == "The address is not on the public internet."
    )


def test_a_name_that_rebinds_between_check_and_call_gains_nothing(no_loopback, names, monkeypatch):
    """The connection goes to the address that was checked: the name is asked for once only."""
    names["rebind.example"] = [["93.184.216.34"], ["127.0.0.1"]]
    connected: list[str] = []

    def connect(self, host, port, timeout=None, **options):
        connected.append(host)
        raise call.httpcore.ConnectError("no network in tests")

    monkeypatch.setattr(call.httpcore.SyncBackend, "connect_tcp", connect)
    said = call.post("http://rebind.example:8080/", body=b"", headers={})
    assert said.error.startswith("No connection")
    assert connected == ["93.184.216.34"]
    assert names["asked"] == ["rebind.example"]


def test_the_name_is_kept_in_host_though_the_call_goes_to_the_address(names):
    with receiver() as room:
        port = room.url.split(":")[2].split("/")[0]
        names["shop.example"] = [["127.0.0.1"]]
        assert call.post(f"http://shop.example:{port}/x?y=1", body=b"{}", headers={"a": "b"}).status == 200
    [got] = room.got
    assert (got.headers["host"], got.path, got.headers["a"], got.body) == (f"shop.example:{port}", "/x?y=1", "b", b"{}")
    assert got.headers["accept-encoding"] == "identity"


def test_a_redirect_is_a_failure_and_is_not_followed():
    with receiver() as canary, receiver(answer(302, headers={"location": canary.url})) as room:
        said = call.post(room.url, body=b"{}", headers={})
        assert (said.status, said.taken, said.error) == (
            302,
            False,
            "It answered with a redirect, which is not followed.",
        )
        assert canary.got == []


def test_an_endless_or_huge_answer_is_cut():
    with receiver(answer(200, b"x" * 5_000_000)) as room:
        said = call.post(room.url, body=b"{}", headers={})
    assert said.taken
    assert said.text == "x" * 2_000


def test_a_bomb_is_not_decompressed():
    bomb = gzip.compress(b"\0" * 50_000_000)
    with receiver(answer(200, bomb, {"content-encoding": "gzip"})) as room:
        said = call.post(room.url, body=b"{}", headers={})
    assert said.taken
    assert len(said.text) <= 2_000
    assert "\x00" not in said.text


@pytest.mark.parametrize("script", [drip, lambda got, handler: time.sleep(3)], ids=["drip", "silence"])
def test_who_answers_too_slowly_is_left_in_time(script):
    with receiver(script) as room:
        began = time.monotonic()
        said = call.post(room.url, body=b"{}", headers={}, total=0.6)
        assert 0.5 <= time.monotonic() - began <= 1.5
    assert (said.status, said.error) == (None, "No answer in time.")


def test_who_does_not_speak_http_is_no_answer():
    def play(got, handler):
        handler.wfile.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")
        handler.close_connection = True

    with receiver(play) as room:
        said = call.post(room.url, body=b"{}", headers={})
    assert said.status is None
    assert said.error.startswith("The answer was not HTTP")


def test_an_unknown_name_and_a_closed_door():
    assert call.post("https://nowhere.invalid/", body=b"", headers={}).error == "The name of the server is not known."
    assert call.post("http://127.0.0.1:1029/", body=b"", headers={}).error.startswith("No connection")


@pytest.fixture
def secure(tmp_path, monkeypatch, names):
    """A TLS receiver with a certificate for shop.example, which we trust; the name asked for at the handshake."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    at = instant()
    from datetime import timedelta

    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "both.pem").write_bytes(
        pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    asked: list[str | None] = []
    context.sni_callback = lambda sock, server_name, _: asked.append(server_name)
    trusting = ssl.create_default_context(cadata=pem.decode())
    monkeypatch.setattr(call, "_tls", lambda: trusting)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                link, _ = listener.accept()
                with context.wrap_socket(link, server_side=True) as talk:
                    got = b""
                    while not got.endswith(b"{}") and (more := talk.recv(65_536)):
                        got += more  # the whole request: what is left unread makes closing a reset
                    talk.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            except OSError:
                if listener.fileno() == -1:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    names["shop.example"] = names["other.example"] = [["127.0.0.1"]]
    yield listener.getsockname()[1], asked
    listener.close()


def test_the_certificate_must_be_the_names_not_the_addresses(secure):
    port, asked = secure
    said = call.post(f"https://shop.example:{port}/", body=b"{}", headers={})
    assert (said.status, said.text) == (200, "ok")
    assert asked == ["shop.example"]
    said = call.post(f"https://other.example:{port}/", body=b"{}", headers={})
    assert said.status is None
    assert said.error.startswith("The secure connection failed: ")
