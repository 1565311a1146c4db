"""A sealed report of series as plain text, for people: the same figures, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from merchants.wording import amount_text, long_date_text, percent_text

WIDTH = 78


def report_text(document: Mapping[str, Any], language: str) -> str:
    """A sealed report (`merchants.services.seals.sealed`) as text. The active language is the reader's."""
    return "\n".join(_lines(document["report"], document["seal"], language)) + "\n"


def span_words(since: str | None, until: str | None, language: str) -> str:
    """Which days, in words; `until` is the first day without it."""
    first = long_date_text(date.fromisoformat(since), language) if since else ""
    last = long_date_text(date.fromisoformat(until) - timedelta(days=1), language) if until else ""
    if first and last:
        return _("from %(first)s to %(last)s") % {"first": first, "last": last}
    if first:
        return _("from %(first)s on") % {"first": first}
    return _("to %(last)s") % {"last": last} if last else _("from the first document on")


def _lines(report: Mapping[str, Any], seal: Mapping[str, str], language: str) -> Iterator[str]:
    entity = report["legal_entity"]
    yield _("Report on numbered documents")
    yield "=" * WIDTH
    yield f"{entity['name']}{'  SIREN ' + entity['siren'] if entity['siren'] else ''}"
    yield span_words(report["since"], report["until"], language)
    yield _("made at %(at)s by %(software)s") % {"at": report["made_at"], "software": report["software"]}
    if report["merchant"]["practice"]:
        yield _("A sandbox: for practice, without value.")
    yield ""
    yield (
        _("Proved: numbers, dates, contents and links are what they were.")
        if report["proved"]
        else _("NOT proved: see the faults below.")
    )
    for series in report["series"]:
        yield ""
        yield "-" * WIDTH
        yield from _series(series, language)
    yield ""
    yield "=" * WIDTH
    yield _("Signed with Ed25519. The key's fingerprint:")
    yield f"  {seal['fingerprint']}"
    yield _("Signature of the report as JSON:")
    yield f"  {seal['signature'][:64]}"
    yield f"  {seal['signature'][64:]}"


def _series(series: Mapping[str, Any], language: str) -> Iterator[str]:
    kind = _("Invoices") if series["kind"] == "invoice" else _("Credit notes")
    parts = [kind, series["site"], str(series["year"]) if series["year"] else ""]
    if series["test_clock"]:
        parts.append(_("test clock"))
    yield " · ".join(part for part in parts if part)
    count = series["documents"]
    counted = ngettext("%(count)s document", "%(count)s documents", count) % {"count": count}
    if not series["first"]:
        yield counted
        return
    first, last = series["first"]["number"], series["last"]["number"]
    ends = first if first == last else f"{first} … {last}"
    yield _("%(counted)s: %(numbers)s") % {"counted": counted, "numbers": ends}
    for total in series["totals"]:
        currency = total["currency"]
        yield _("without VAT %(net)s, VAT %(tax)s, total %(total)s") % {
            name: amount_text(total[name], currency, language) for name in ("net", "tax", "total")
        }
    for rate in series["rates"]:
        base, tax = (amount_text(rate[name], rate["currency"], language) for name in ("base", "tax"))
        percent = percent_text(Decimal(rate["percent"]), language)
        yield "  " + _("%(percent)s (%(category)s): VAT %(tax)s on %(base)s") % {
            "percent": percent,
            "category": rate["category"],
            "tax": tax,
            "base": base,
        }
    if series["chained_from"] > 1:
        yield _("chained from number %(first)s of the series on") % {"first": series["chained_from"]}
    yield _("last link: %(head)s") % {"head": series["head"]}
    fault = series["first_fault"]
    if fault:
        faults = ngettext("%(count)s FAULT, the first:", "%(count)s FAULTS, the first:", series["faults"])
        yield faults % {"count": series["faults"]}
        yield f"  {fault['number']}: {fault['what']}: expected {fault['expected']}, found {fault['found']}"
