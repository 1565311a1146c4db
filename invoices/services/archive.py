"""A year's documents of a legal entity as one ZIP that stands alone: the documents as they were issued, printed and in
canonical form, the ledger, and a manifest sealed with the merchant's key (`merchants.services.seals`).

    manifest.json                  {"report": …, "seal": …}: series with their ends and sums, digest of SHA256SUMS
    SHA256SUMS                     digest of every other file, as `sha256sum -c` reads it
    documents/<series>.jsonl       a series' documents in the order of their numbers, a line each
    files/<number>.pdf, .xml       as printed, `/` written `+`; the XML (EN 16931) that the PDF carries
    ledger.jsonl                   the legs of the year's postings
    verify_archive.py, verify_seal.py, README.txt

Everything is written as it is read: memory grows with the list of names alone. The same rows and files give the same
bytes, whenever it is made. `static/verify_archive.py` checks it with nothing of ours.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Model, Q

from invoices.embedding import xml_inside
from invoices.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    DocumentFile,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    LedgerEntry,
    NumberSeries,
)
from invoices.services.chain import BEGINNING
from invoices.services.content import SAID, content
from invoices.services.proof import name_of
from merchants.canonical import canonical, id_text
from merchants.models import LegalEntity, Merchant, TestClock

KIND, FORM = "tacite.archive", 1
AT_ONCE = 200
COLUMNS: tuple[type[Model], ...] = (Invoice, InvoiceLine, InvoiceTax, CreditNote, CreditNoteLine, CreditNoteTax)
VERIFIERS = ("verify_archive.py", "verify_seal.py")
README = """A year's invoices and credit notes, to be kept ten years (Code de commerce, art. L123-22).

python3 -I verify_archive.py THIS.zip [fingerprint]   says whether anything was changed, taken out or put in.
The fingerprint of the merchant's key is shown in Settings, Companies and taxes. Take the verifier from the project
rather than from here where you do not trust who gave you this archive.

Les factures et avoirs d'une année, à conserver dix ans (art. L123-22 du code de commerce).
"""
_EPOCH = (1980, 1, 1, 0, 0, 0)


class NotPrinted(Exception):  # noqa: N818 - said as people say it
    """Documents of the year have no PDF yet: print them first."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} is not printed yet")
        self.number = number


@dataclass
class Written:
    """An archive that is being written: each file's digest is noted as it goes."""

    archive: zipfile.ZipFile
    sums: IO[bytes]
    told: Callable[[int], None]
    documents: int = 0
    count: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def file(self, name: str, chunks: Iterator[bytes]) -> None:
        """One file, streamed."""
        digest = hashlib.sha256()
        with self.archive.open(entry(name), "w", force_zip64=True) as out:
            for chunk in chunks:
                digest.update(chunk)
                out.write(chunk)
        line = f"{digest.hexdigest()}  {name}\n".encode()
        self.sums.write(line)
        self.digest.update(line)
        self.count += 1


def entry(name: str) -> zipfile.ZipInfo:
    """A file of the ZIP that is the same whenever it is made."""
    made = zipfile.ZipInfo(name, _EPOCH)
    made.compress_type, made.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return made


def write_archive(
    entity: LegalEntity,
    merchant: Merchant,
    year: int,
    out: IO[bytes],
    *,
    seal: Callable[[dict[str, Any]], dict[str, Any]],
    told: Callable[[int], None] = lambda count: None,
) -> int:
    """Write the archive of a year to `out`; how many documents it holds. `seal` signs the manifest, `told` hears now
    and then how many are written. Needs the tenant's scope, at best one that sees one moment; reads only. Raises
    NotPrinted."""
    with tempfile.TemporaryFile() as sums, zipfile.ZipFile(out, "w", allowZip64=True) as archive:
        written = Written(archive, sums, told)
        series = [_series(written, row, year) for row in series_of_year(entity, year)]
        written.file("ledger.jsonl", _ledger(entity, year))
        for name in VERIFIERS:
            written.file(name, iter([(Path(settings.BASE_DIR) / "static" / name).read_bytes()]))
        written.file("README.txt", iter([README.encode()]))
        sums.seek(0)
        with archive.open(entry("SHA256SUMS"), "w", force_zip64=True) as copy:
            while chunk := sums.read(1 << 16):
                copy.write(chunk)
        manifest = {
            "type": KIND,
            "form": FORM,
            "software": settings.SOFTWARE,
            "merchant": {"id": merchant.public_id, "name": merchant.name, "practice": merchant.is_sandbox},
            "legal_entity": {
                "id": entity.public_id,
                "name": entity.name,
                "siren": entity.siren,
                "vat_number": entity.vat_number,
            },
            "year": year,
            "columns": {model.__name__: list(SAID[model]) for model in COLUMNS},
            "series": series,
            "files": {"count": written.count, "sha256": written.digest.hexdigest()},
        }
        text = json.dumps(seal(manifest), sort_keys=True, ensure_ascii=False, indent=1)
        archive.writestr(entry("manifest.json"), text.encode())
    return sum(each["documents"] for each in series)


def series_of_year(entity: LegalEntity, year: int) -> list[NumberSeries]:
    """The entity's series with documents of that year, invoices first; none of a test clock that is not released."""
    rows = NumberSeries.objects.filter(_own_time(), legal_entity=entity).select_related("site")
    found = [row for row in rows if _of_year(row, year).exists()]
    return sorted(found, key=lambda row: (row.kind != NumberSeries.Kind.INVOICE, row.pk))


def _own_time() -> Q:
    """Of the merchant's own time, as the file of accounting entries tells it (`selectors.entries`)."""
    return Q(test_clock=None) | Q(test_clock__in=TestClock.objects.filter(status=TestClock.Status.RELEASED))


def _of_year(series: NumberSeries, year: int) -> Any:
    model: Any = Invoice if series.kind == NumberSeries.Kind.INVOICE else CreditNote
    return model.objects.filter(series=series, issued_on__range=(date(year, 1, 1), date(year, 12, 31)))


def _series(written: Written, series: NumberSeries, year: int) -> dict[str, Any]:
    """A series' documents with their files; what the manifest says of it. The documents go to a file of their own
    first: a ZIP takes one file at a time."""
    said: dict[str, Any] = {"documents": 0, "first": None, "last": None, "head_before": BEGINNING, "head": BEGINNING}
    totals: dict[str, list[int]] = {}
    with tempfile.TemporaryFile() as lines:
        for block in _blocks(series, year):
            kept = _files(block, series)
            for row in block:
                if not said["documents"]:
                    said["first"], said["head_before"] = row.sequence, _link_before(series, row)
                said["documents"] += 1
                said["last"], said["head"] = row.sequence, row.chain_hash or BEGINNING
                sums = totals.setdefault(row.currency, [0, 0, 0])
                sums[:] = [sums[0] + row.net, sums[1] + row.tax, sums[2] + row.gross]
                lines.write(canonical(_line(row)) + b"\n")
                _print(written, row, kept.get(row.pk, ""))
            written.documents += len(block)
            written.told(written.documents)
        lines.seek(0)
        written.file(f"documents/{id_text(series.pk)}.jsonl", iter(lambda: lines.read(1 << 16), b""))
    return said | {
        "id": id_text(series.pk),
        "uuid": str(series.pk),
        "name": name_of(series),
        "kind": series.kind,
        "chained_from": series.chained_from,
        "totals": [
            {"currency": currency, "net": net, "tax": tax, "total": gross}
            for currency, (net, tax, gross) in sorted(totals.items())
        ],
    }


def _blocks(series: NumberSeries, year: int) -> Iterator[list[Any]]:
    last = 0
    rows = _of_year(series, year).prefetch_related("lines", "taxes")
    while block := list(rows.filter(sequence__gt=last).order_by("sequence")[:AT_ONCE]):
        yield block
        last = block[-1].sequence


def _link_before(series: NumberSeries, row: Any) -> str:
    before = type(row).objects.filter(series=series, sequence=row.sequence - 1).values_list("chain_hash", flat=True)
    return before.first() or BEGINNING


def _line(row: Any) -> dict[str, Any]:
    """A document as the archive says it: what is hashed, what stands beside it, its place and its link."""
    return {
        "sequence": row.sequence,
        "number": row.number,
        "issued_on": row.issued_on,
        "content": content(row, row.lines.all(), row.taxes.all()),
        "content_hash": row.content_hash,
        "customer": row.customer,
        "customer_salt": row.customer_salt,
        "customer_hash": row.customer_hash,
        "chain_hash": row.chain_hash,
        "file": place_of(row.number),
    }


def place_of(number: str) -> str:
    """Where the files of a document stand, without their ending. Two numbers never share a place: no format has a `+`.

    >>> place_of("F/2026/7"), place_of("F-2026-7")
    ('files/F+2026+7', 'files/F-2026-7')
    """
    return f"files/{number.replace('/', '+')}"


def _files(block: list[Any], series: NumberSeries) -> dict[Any, str]:
    key = "invoice_id" if series.kind == NumberSeries.Kind.INVOICE else "credit_note_id"
    ids = [row.pk for row in block]
    rows = DocumentFile.objects.filter(**{f"{key}__in": ids}, format="pdf", made_at__isnull=False)
    return dict(rows.values_list(key, "path"))


def _print(written: Written, row: Any, path: str) -> None:
    if not path:
        raise NotPrinted(row.number)
    with default_storage.open(path) as kept:
        printed: bytes = kept.read()
    written.file(f"{place_of(row.number)}.pdf", iter([printed]))
    if (xml := xml_inside(printed)) is not None:
        written.file(f"{place_of(row.number)}.xml", iter([xml]))


def _ledger(entity: LegalEntity, year: int) -> Iterator[bytes]:
    """The legs of the year's postings, by day and id; amounts in minor units, debits above zero."""
    rows = LedgerEntry.objects.filter(
        _own_time(), legal_entity=entity, posted_on__range=(date(year, 1, 1), date(year, 12, 31))
    ).order_by("posted_on", "id")
    last: Any = None
    while True:
        after = rows.extra(where=["(posted_on, id) > (%s, %s)"], params=list(last)) if last else rows
        block = list(after[: AT_ONCE * 10])
        if not block:
            return
        for row in block:
            yield canonical(_leg(row)) + b"\n"
        last = (block[-1].posted_on, block[-1].pk)


def _leg(row: LedgerEntry) -> dict[str, Any]:
    return {
        "id": row.pk,
        "posting": row.posting_id,
        "on": row.posted_on,
        "account": row.account,
        "amount": row.amount,
        "currency": row.currency,
        "tax_percent": row.tax_percent,
        "invoice": row.invoice_id,
        "credit_note": row.credit_note_id,
        "payment": row.payment_id,
        "refund": row.refund_id,
    }
