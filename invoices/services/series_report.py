"""The report for the accountant: every series of a legal entity in a span of days, proved, summed, and signed.

What it holds lies outside the database once it is handed over: a tail that is cut off later, head and all, shows beside
it (`against`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings

from invoices.models import CreditNote, Invoice, NumberSeries
from invoices.services.proof import Progress, name_of, prove
from invoices.services.proof_faults import Fault, Proof
from invoices.shapes import plain
from merchants.canonical import id_text, instant_text
from merchants.ids import show
from merchants.models import LegalEntity, Merchant
from merchants.now import Now

KIND = "tacite.series_report"
FORM = 1
"""The form of the report; another form gets another number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which documents: dated from `since` to before `until`; None: from the first, to the last."""

    since: date | None = None
    until: date | None = None


def series_of(entity: LegalEntity) -> list[NumberSeries]:
    """A legal entity's series: invoices before credit notes, then by site and year; test clocks last."""
    rows = NumberSeries.objects.filter(legal_entity=entity).select_related("site", "legal_entity")
    return sorted(
        rows,
        key=lambda row: (
            row.test_clock_id is not None,
            row.kind != NumberSeries.Kind.INVOICE,
            row.site.code or "" if row.site_id else "",
            row.year or 0,
            row.pk,
        ),
    )


def proofs(
    entity: LegalEntity,
    span: Span,
    *,
    today: date,
    at_rest: bool,
    progress: Callable[[NumberSeries], Progress] | None = None,
) -> list[Proof]:
    """Each series proved in that span. Reads only."""
    return [
        prove(
            row,
            today=today,
            since=span.since,
            until=span.until,
            at_rest=at_rest,
            progress=progress(row) if progress else None,
        )
        for row in series_of(entity)
    ]


def report(entity: LegalEntity, merchant: Merchant, span: Span, found: Sequence[Proof], *, now: Now) -> dict[str, Any]:
    """The report as JSON, without its seal: identity, span, series with their ends, sums and faults."""
    return {
        "type": KIND,
        "form": FORM,
        "software": settings.SOFTWARE,
        "made_at": instant_text(now.at),
        "merchant": {"id": merchant.public_id, "name": merchant.name, "practice": merchant.is_sandbox},
        "legal_entity": {
            "id": entity.public_id,
            "name": entity.name,
            "siren": entity.siren,
            "vat_number": entity.vat_number,
        },
        "since": span.since.isoformat() if span.since else None,
        "until": span.until.isoformat() if span.until else None,
        "documents": sum(proof.count for proof in found),
        "proved": not any(proof.fault for proof in found),
        "series": [series_shape(proof) for proof in found],
    }


def series_shape(proof: Proof) -> dict[str, Any]:
    """One series in the report. Sums are minor units."""
    row = proof.series
    return {
        "id": id_text(row.pk),
        "name": name_of(row),
        "kind": row.kind,
        "site": row.site.code if row.site_id else None,
        "year": row.year,
        "test_clock": show("tc", row.test_clock_id) if row.test_clock_id else None,
        "format": row.format,
        "documents": proof.count,
        "first": _end(proof.first),
        "last": _end(proof.last),
        "chained_from": row.chained_from,
        "head_before": proof.head_before,
        "head": proof.head,
        "customers_erased": proof.erased,
        "totals": [
            {"currency": currency, "net": net, "tax": tax, "total": gross}
            for currency, (net, tax, gross) in sorted(proof.totals.items())
        ],
        "rates": [
            {"currency": currency, "percent": plain(percent), "category": category, "base": base, "tax": tax}
            for (currency, percent, category), (base, tax) in sorted(proof.rates.items(), key=by_rate)
        ],
        "faults": sum(proof.wrong.values()),
        "first_fault": _fault(proof.fault),
    }


def by_rate(item: tuple[tuple[str, Any, str], Any]) -> tuple[str, Any, str]:
    """The order of a series' rates: by currency, the highest first."""
    currency, percent, category = item[0]
    return currency, -percent, category


def _end(place: tuple[int, str, date] | None) -> dict[str, Any] | None:
    return {"place": place[0], "number": place[1], "issued_on": place[2].isoformat()} if place else None


def _fault(fault: Fault | None) -> dict[str, str] | None:
    if fault is None:
        return None
    return {"number": fault.number, "what": fault.what, "expected": fault.expected, "found": fault.found}


def against(earlier: Mapping[str, Any]) -> Iterable[str]:
    """What is no longer as an earlier report of this merchant has it: the link at the last place of each of its series.
    Reads only; the caller has checked its seal."""
    for said in earlier["series"]:
        last = said["last"]
        if last is None or last["place"] < said["chained_from"]:
            continue
        model: Any = Invoice if said["kind"] == NumberSeries.Kind.INVOICE else CreditNote
        row = model.objects.filter(series_id=said["id"], sequence=last["place"]).first()
        if row is None:
            yield f"{last['number']}: it is missing: expected as in the report of {earlier['made_at']}, found nothing"
        elif row.chain_hash != said["head"]:
            yield f"{last['number']}: its link: expected {said['head']}, found {row.chain_hash or 'none'}"
