"""A bucket of Amazon S3 or of anything that speaks its protocol: MinIO, Ceph, Scaleway, OVHcloud, R2…

Bounded in time: a service that hangs is given up after some seconds, and what waits for it is tried again later. Read
as a stream: a file of a gigabyte costs no more memory than one of a page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

CONNECT_SECONDS, READ_SECONDS, TRIES = 5, 20, 2
PART = 8 << 20
"""Bytes of one part of an upload in parts; what is smaller goes in one request."""

F = TypeVar("F", bound=Callable[..., Any])


class StoreAway(OSError):  # noqa: N818 - said as people say it
    """The service does not answer, or refuses: nothing was stored, or nothing can be read, for now."""


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the client as errors of files."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        if (
            error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404
            and said.get("Code") != "NoSuchBucket"
        ):
            raise FileNotFoundError(str(error)) from error
        raise StoreAway(f"The store refuses: {said.get('Code', '')} {said.get('Message', '')}".strip()) from error
    except (BotoCoreError, HTTPClientError, Boto3Error) as error:
        raise StoreAway(f"The store does not answer: {error}") from error


def _plain(method: F) -> F:
    @functools.wraps(method)
    def told(*arguments: Any, **named: Any) -> Any:
        with _told():
            return method(*arguments, **named)

    return told  # type: ignore[return-value] # the same signature


class _Stream:
    """What `File` needs of a body that comes over the wire."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """The next bytes; all of them where no size is said. Raises StoreAway."""
        with _told():
            found: bytes = self._body.read(size)
        return found

    def close(self) -> None:
        """Let the connection go."""
        self._body.close()

    def seekable(self) -> bool:
        """It is read once, from its beginning."""
        return False


class BucketStore(S3Storage):  # type: ignore[misc] # it ships no types
    """Files under a prefix of a bucket. Nothing in it is made public."""

    def __init__(self, *, bucket: str, prefix: str, endpoint: str | None, region: str | None, style: str) -> None:
        super().__init__(
            bucket_name=bucket,
            location=prefix,
            endpoint_url=endpoint,
            region_name=region,
            default_acl=None,
            file_overwrite=True,
            client_config=Config(
                s3={"addressing_style": style},
                signature_version="s3v4",
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": TRIES, "mode": "standard"},
                request_checksum_calculation="when_required",  # other services than Amazon's know no trailing sums
                response_checksum_validation="when_required",
            ),
            transfer_config=TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=2),
        )

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """The file as a stream, read once. Raises FileNotFoundError, StoreAway."""
        if mode != "rb":
            raise ValueError("A file of the store is only read; it is written by save().")
        with _told():
            found = self.bucket.Object(self._normalize_name(clean_name(name))).get()
        return File(_Stream(found["Body"]), name)  # type: ignore[arg-type] # all that is asked of it

    _save = _plain(S3Storage._save)
    delete = _plain(S3Storage.delete)
    exists = _plain(S3Storage.exists)
    listdir = _plain(S3Storage.listdir)
    size = _plain(S3Storage.size)

    def url(self, name: str, *arguments: Any, **named: Any) -> str:
        """There is none. Raises NotImplementedError."""
        raise NotImplementedError("Files are handed out by our own views.")
