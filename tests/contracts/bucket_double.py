"""A tiny S3: one bucket in memory, path style, over real HTTP. It refuses what is not signed or not what was signed.

Written from Amazon's API reference (PutObject, GetObject, HeadObject, DeleteObject, ListObjects, the multipart calls);
the client that talks to it is Amazon's own.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[\w-]+/s3/aws4_request, SignedHeaders=.+Signature=[0-9a-f]{64}"
)


class Bucket:
    """What it holds, what was asked of it, and how it fails: `refuses` (status, code), `slow` (seconds before each
    answer), `full` (writes are refused)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.asked: list[str] = []
        self.refuses: tuple[int, str] | None = None
        self.full = False
        self.slow = 0.0
        self.address = ""

    @property
    def url(self) -> str:
        """Its address as DOCUMENTS_STORE says it."""
        return f"s3://{self.name}/docs?endpoint={self.address}&region=eu-west-3"


class Answer(BaseHTTPRequestHandler):
    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[[], None]:
        """One way to answer every method."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        _, name, *rest = unquote(url.path).split("/", 2)
        key = rest[0] if rest else ""
        bucket = self.bucket
        bucket.asked.append(f"{self.command} {key}")
        time.sleep(bucket.slow)
        digest = self.headers.get("X-Amz-Content-Sha256", "")
        if not SIGNED.match(self.headers.get("Authorization", "")):
            return self._refuse(403, "AccessDenied")
        if digest != "UNSIGNED-PAYLOAD" and digest != hashlib.sha256(body).hexdigest():
            return self._refuse(400, "XAmzContentSHA256Mismatch")
        if name != bucket.name:
            return self._refuse(404, "NoSuchBucket")
        if bucket.refuses:
            return self._refuse(*bucket.refuses)
        if bucket.full and self.command in {"PUT", "POST"}:
            return self._refuse(507, "InsufficientStorage")
        if self.command == "POST" or "partNumber" in query:
            return self._in_parts(key, query, body)
        if self.command == "PUT":
            bucket.files[key] = body
            return self._say(200, etag=body)
        if self.command == "DELETE":
            bucket.files.pop(key, None)
            return self._say(204)
        if not key:
            return self._list(query)
        if key not in bucket.files:
            return self._refuse(404, "NoSuchKey")
        return self._say(200, bucket.files[key], "application/octet-stream", etag=bucket.files[key])

    def _in_parts(self, key: str, query: dict[str, str], body: bytes) -> None:
        parts = self.bucket.parts
        if "uploads" in query:
            name = f"upload-{len(parts)}"
            parts[name] = {}
            found = f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>"
            return self._say(200, found.encode())
        if "partNumber" in query:
            parts[query["uploadId"]][int(query["partNumber"])] = body
            return self._say(200, etag=body)
        held = parts.pop(query["uploadId"])
        asked = [int(number) for number in re.findall(rb"<PartNumber>(\d+)</PartNumber>", body)]
        self.bucket.files[key] = b"".join(held[number] for number in asked)
        return self._say(200, b"<CompleteMultipartUploadResult/>")

    def _list(self, query: dict[str, str]) -> None:
        prefix = query.get("prefix", "")
        found = [key for key in sorted(self.bucket.files) if key.startswith(prefix)]
        here = [key for key in found if "/" not in key[len(prefix) :]]
        below = {prefix + key[len(prefix) :].split("/")[0] + "/" for key in found if key not in here}
        text = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in here)
        text += "".join(f"<CommonPrefixes><Prefix>{escape(key)}</Prefix></CommonPrefixes>" for key in sorted(below))
        self._say(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{text}</ListBucketResult>".encode())

    def _refuse(self, status: int, code: str) -> None:
        self._say(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def _say(self, status: int, body: bytes = b"", kind: str = "application/xml", etag: bytes | None = None) -> None:
        self.send_response(status)
        if etag is not None:
            self.send_header("ETag", f'"{hashlib.md5(etag).hexdigest()}"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # who asked has given up
            if self.command != "HEAD":
                self.wfile.write(body)


@contextmanager
def a_bucket(name: str = "paper") -> Iterator[Bucket]:
    """One that answers on this machine until the end of the block."""
    bucket = Bucket(name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Answer,), {"bucket": bucket}))
    bucket.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
