"""All that is held on a person as one ZIP (GDPR, art. 15 and 20): `data.json` for machines, `index.html` for people in
their language, and the printed documents. Only that person's rows, as payer and as beneficiary; no secret of a
provider's, no link that opens something.

Rows are read and written some at a time, so that memory does not grow with a life.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from invoices.models import DocumentFile
from merchants.models import Merchant
from merchants.now import Now
from subscribers.holdings import Holding, held
from subscribers.models import Subscriber
from subscribers.shapes import at

MOST_FILES = 500
"""Documents whose PDF comes with the export, the newest first; the others are listed only."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_export(person: Subscriber, merchant: Merchant, out: IO[bytes], *, now: Now) -> None:
    """Write the ZIP to `out`, which can be sought. Needs the tenant's scope; reads only."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(_entry("data.json"), "w") as written:
            for part in _data(person, merchant, now):
                written.write(part.encode())
        with translation.override(person.locale), archive.open(_entry("index.html"), "w") as written:
            for text in _page(person, merchant, now):
                written.write(text.encode())
        for name, path in _files(person):
            with archive.open(_entry(f"documents/{name}.pdf"), "w") as copy, default_storage.open(path) as kept:
                for chunk in kept.chunks():
                    copy.write(chunk)


def name_of_export(person: Subscriber) -> str:
    """The name under which it is saved: no personal value in it."""
    return f"{person.public_id}.zip"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _data(person: Subscriber, merchant: Merchant, now: Now) -> Iterator[str]:
    """`{"made_at": …, "merchant": …, "subscriber": …, "<holding>": [row, …], …}`, a row at a time."""
    head = {"made_at": at(now.at), "merchant": merchant.name, "subscriber": person.public_id}
    yield json.dumps(head, ensure_ascii=False)[:-1]
    for holding in held():
        yield f', "{holding.name}": ['
        for count, row in enumerate(holding.told(person)):
            yield ("," if count else "") + "\n" + json.dumps(row, ensure_ascii=False, default=str)
        yield "\n]"
    yield "}\n"


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;"
    "border-bottom:1px solid #ccc;overflow-wrap:anywhere}"
)


def _page(person: Subscriber, merchant: Merchant, now: Now) -> Iterator[str]:
    """The readable page, a row at a time. In the person's language, which the caller has set."""
    title = gettext("What %(merchant)s holds on you") % {"merchant": merchant.name}
    yield format_html(
        '<!doctype html>\n<html lang="{}"><meta charset="utf-8"><title>{}</title><style>{}</style>\n<h1>{}</h1>'
        "\n<p>{}</p>",
        person.locale,
        title,
        _STYLE,
        title,
        gettext("Everything in full stands in data.json, your printed documents in the folder documents."),
    )
    for holding in held():
        yield from _section(holding, person)
    yield "\n</html>\n"


def _section(holding: Holding, person: Subscriber) -> Iterator[str]:
    yield format_html("\n<h2>{}</h2>\n", gettext(holding.title))
    count = 0
    for row in holding.told(person):
        if not count:
            heads = format_html_join("", "<th>{}</th>", ((gettext(words),) for words in holding.columns.values()))
            yield format_html("<table><tr>{}</tr>", heads)
        count += 1
        cells = format_html_join("", "<td>{}</td>", ((_said(row.get(column)),) for column in holding.columns))
        yield format_html("\n<tr>{}</tr>", cells)
    yield "\n</table>" if count else format_html("<p>{}</p>", gettext("Nothing."))


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {part}" for name, part in value.items() if part not in (None, "", {}))
    return "" if value is None else str(value)


def _files(person: Subscriber) -> Iterator[tuple[str, str]]:
    """(name, path) of the newest printed documents that are made out to them: those of who pays for them bear another
    person's name and address (GDPR, art. 15(4))."""
    mine = Q(invoice__payer=person) | Q(credit_note__payer=person)
    rows = DocumentFile.objects.filter(mine, format="pdf", made_at__isnull=False).order_by("-id")
    taken: set[str] = set()
    for invoice, note, path in rows.values_list("invoice__number", "credit_note__number", "path")[:MOST_FILES]:
        yield _apart(str(invoice or note), taken), path


def _apart(number: str, taken: set[str]) -> str:
    """A file's name that no other has: two companies may give the same number.

    >>> taken: set[str] = set()
    >>> [_apart(number, taken) for number in ("F/1", "F-1", "F-1", "F-2")]
    ['F-1', 'F-1 (2)', 'F-1 (3)', 'F-2']
    """
    plain = number.replace("/", "-")
    name, count = plain, 1
    while name in taken:
        count += 1
        name = f"{plain} ({count})"
    taken.add(name)
    return name
