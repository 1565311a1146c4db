"""Statistics: what sites and sellers did in a month or a year, each figure a door to the rows behind it; as CSV too."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.exports.as_csv import BOM
from billing.exports.cells import harmless
from billing.pages.statistic_spans import (
    Span,
    days_of,
    last_year,
    name_of,
    next_month,
    seller_asked,
    site_asked,
    span_asked,
    spans,
)
from billing.selectors import by_site
from billing.selectors.by_site import Tally
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.languages import said_in
from merchants.models import Membership, Site
from merchants.money import decimal_text
from merchants.refusals import Invalid, NotFound
from merchants.wording import amount_text, month_text, number_text

PAGE = 50


@require_safe
@office_page(permission="see_statistics")
def statistics(request: OfficeRequest) -> HttpResponse:
    """All sites or one (`?site=sit_…`), in a month (`?span=2026-11`) or the last twelve (`?span=year`)."""
    office = request.office
    today = office.now.today
    span, site = span_asked(request, today), site_asked(request)
    year, zone = last_year(today), _zone(request)
    found = by_site.tallies(span.start, span.end, zone=zone, site_id=site.pk if site else None)
    months = by_site.tallies(year.start, year.end, zone=zone, site_id=site.pk if site else None).months
    shown = [site] if site else list(Site.objects.order_by("name", "id"))
    places = [one for one in shown if one.closed_at is None or one.pk in found.sites]
    context = {
        "span": span,
        "spans": spans(today),
        "site": site,
        "all_sites": Site.objects.order_by("name", "id"),
        "rows": [_row(request, one.name, found.sites.get(one.pk), span, site=one) for one in places],
        "total": _row(request, _("All"), _total(found.sites.values()), span, site=site),
        "sellers": _sellers(request, found.sellers, span),
        "months": [_month(request, day, months.get(day), site) for day in days_of(year)],
        "measures": _measures(request, found, months, year),
        "csv_url": f"{office.url('statistics-csv')}?{request.GET.urlencode()}",
    }
    return office_render(request, "billing/statistics.html", context)


@require_safe
@office_page(permission="see_statistics")
def statistics_rows(request: OfficeRequest) -> HttpResponse:
    """The rows behind a figure (`?what=enrolled`), newest first."""
    what = request.GET.get("what", "")
    if what not in by_site.WHAT:
        raise NotFound
    span, site, seller = span_asked(request, request.office.now.today), site_asked(request), seller_asked(request)
    rows, column = _behind(what, span, _zone(request))
    if site is not None:
        rows = rows.filter(**{f"{column}": site})
    if seller is not None and what in ("enrolled", "ended"):
        rows = rows.filter(sold_by=seller)
    try:
        page = cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(rows, cursor=None, limit=PAGE)
    context = {
        "what": what,
        "head": _heads()[what],
        "span": span,
        "site": site,
        "seller": name_of(seller) if seller else "",
        "rows": [_line(request, what, row) for row in page.rows],
        "next_cursor": page.next_cursor,
        "credits": _credits(request, span, site) if what == "invoiced" else None,
        "back": f"{request.office.url('statistics')}?{urlencode({'span': span.value})}",
    }
    return office_render(request, "billing/statistics_rows.html", context)


@require_safe
@office_page(permission="see_statistics")
def statistics_csv(request: OfficeRequest) -> HttpResponse:
    """The last twelve months by site, a line for each currency."""
    today = request.office.now.today
    year, site = last_year(today), site_asked(request)
    zone = _zone(request)
    found = by_site.tallies(year.start, year.end, zone=zone, site_id=site.pk if site else None).by_month
    names = dict(Site.objects.values_list("id", "name"))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    head = (_("Month"), _("Site"), _("Enrolled"), _("Ended"), _("Currency"), _("Invoiced, excl. VAT"), _("Taken there"))
    writer.writerow(head)
    for (month, site_id), tally in sorted(found.items(), key=lambda one: (one[0][0], names.get(one[0][1], ""))):
        for at, currency in enumerate(sorted({*tally.invoiced, *tally.taken}) or [request.office.merchant.currency]):
            counts = (tally.enrolled, tally.ended) if at == 0 else ("", "")
            sums = [decimal_text(each.get(currency, 0), currency) for each in (tally.invoiced, tally.taken)]
            writer.writerow([f"{month:%Y-%m}", harmless(names.get(site_id, ""), ","), *counts, currency, *sums])
    answer = HttpResponse(BOM + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, f"sites-{today:%Y-%m-%d}.csv") or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _heads() -> Mapping[str, str]:
    return {
        "enrolled": _("Enrolled"),
        "ended": _("Ended"),
        "invoiced": _("Invoices"),
        "credited": _("Credit notes"),
        "taken": _("Payments taken there"),
    }


def _zone(request: OfficeRequest) -> ZoneInfo:
    return ZoneInfo(request.office.merchant.timezone)


def _behind(what: str, span: Span, zone: ZoneInfo) -> tuple[QuerySet[Any], str]:
    if what == "enrolled":
        rows = by_site.enrolled_in(span.start, span.end).select_related("subscriber", "offer_version", "sold_by__user")
        return rows, "sold_at"
    if what == "ended":
        rows = by_site.ended_in(span.start, span.end).select_related("subscriber", "offer_version", "sold_by__user")
        return rows, "managed_at"
    if what == "invoiced":
        return by_site.invoiced_in(span.start, span.end).select_related("payer"), "site"
    if what == "credited":
        return by_site.credited_in(span.start, span.end).select_related("invoice__payer"), "invoice__site"
    return by_site.taken_in(span.start, span.end, zone=zone).select_related("payer", "invoice"), "site"


def _credits(request: OfficeRequest, span: Span, site: Site | None) -> dict[str, str] | None:
    """What credit notes of the same days take off, with the list of them; None where there are none."""
    rows = by_site.credited_in(span.start, span.end)
    if site is not None:
        rows = rows.filter(invoice__site=site)
    sums = dict(
        rows.values("invoice__currency").annotate(n=-Sum("net")).order_by().values_list("invoice__currency", "n")
    )
    return {"sum": _money(request, sums), "url": _url(request, "credited", span, site=site)} if sums else None


def _line(request: OfficeRequest, what: str, row: Any) -> dict[str, Any]:
    language = _language()
    if what in ("enrolled", "ended"):
        return {
            "name": row.subscriber.name or row.subscriber.reference,
            "url": request.office.url("subscriber", subscriber=row.subscriber.public_id),
            "day": row.start_on if what == "enrolled" else row.service_ends_on,
            "note": said_in(row.offer_version.title, language),
            "by": name_of(row.sold_by) if row.sold_by else "",
            "amount": "",
        }
    if what == "invoiced":
        return {
            "name": row.number,
            "url": request.office.url("invoice", invoice=row.public_id),
            "day": row.issued_on,
            "note": row.payer.name,
            "by": "",
            "amount": amount_text(row.net, row.currency, language),
        }
    if what == "credited":
        return {
            "name": row.number,
            "url": request.office.url("invoice", invoice=row.invoice.public_id),
            "day": row.issued_on,
            "note": row.invoice.payer.name,
            "by": "",
            "amount": amount_text(-row.net, row.invoice.currency, language),
        }
    return {
        "name": row.payer.name or row.payer.reference,
        "url": request.office.url("subscriber", subscriber=row.payer.public_id),
        "day": row.on,
        "note": row.invoice.number if row.invoice else "",
        "by": "",
        "amount": amount_text(row.captured, row.currency, language),
    }


def _row(
    request: OfficeRequest, name: str, tally: Tally | None, span: Span, *, site: Site | None = None
) -> dict[str, Any]:
    tally = tally or Tally()
    return {
        "name": name,
        "site": site,
        "enrolled": tally.enrolled,
        "ended": tally.ended,
        "invoiced": _money(request, tally.invoiced),
        "taken": _money(request, tally.taken),
        "urls": {what: _url(request, what, span, site=site) for what in by_site.WHAT},
    }


def _measures(
    request: OfficeRequest, found: by_site.Tallies, months: Mapping[date, Tally], year: Span
) -> list[dict[str, Any]]:
    """The four figures over all that is shown; of those that are counted, how they went over the year."""
    total, each = _total(found.sites.values()), [months.get(day) or Tally() for day in days_of(year)]
    return [
        {"name": _("Enrolled"), "text": number_text(total.enrolled, _language()), "curve": [m.enrolled for m in each]},
        {"name": _("Ended"), "text": number_text(total.ended, _language()), "curve": [m.ended for m in each]},
        {"name": _("Invoiced, excl. VAT"), "text": _money(request, total.invoiced)},
        {"name": _("Taken there"), "text": _money(request, total.taken)},
    ]


def _language() -> str:
    return get_language() or "en"


def _sellers(request: OfficeRequest, found: Mapping[tuple[UUID, UUID], Tally], span: Span) -> list[dict[str, Any]]:
    members = Membership.objects.select_related("user").in_bulk({seller for _site_id, seller in found})
    sites = Site.objects.in_bulk({site for site, _seller_id in found})
    rows = [
        {
            "name": name_of(members[seller]),
            "site": sites[site].name,
            "enrolled": tally.enrolled,
            "ended": tally.ended,
            "first": _money(request, tally.first),
            "urls": {
                what: _url(request, what, span, site=sites[site], seller=members[seller])
                for what in ("enrolled", "ended")
            },
        }
        for (site, seller), tally in found.items()
    ]
    return sorted(rows, key=lambda row: (-int(row["enrolled"]), str(row["name"])))


def _month(request: OfficeRequest, day: date, tally: Tally | None, site: Site | None) -> dict[str, Any]:
    span = Span(start=day, end=next_month(day), value=f"{day:%Y-%m}", words=month_text(day, _language()))
    return _row(request, span.words, tally, span, site=site)


def _total(tallies: Any) -> Tally:
    total = Tally()
    for one in tallies:
        total.enrolled += one.enrolled
        total.ended += one.ended
        for name in ("invoiced", "taken"):
            for currency, amount in getattr(one, name).items():
                total.add(name, currency, amount)
    return total


def _money(request: OfficeRequest, sums: Mapping[str, int]) -> str:
    language = _language()
    found = {currency: amount for currency, amount in sums.items() if amount} or {request.office.merchant.currency: 0}
    return " + ".join(amount_text(amount, currency, language) for currency, amount in sorted(found.items()))


def _url(
    request: OfficeRequest, what: str, span: Span, *, site: Site | None = None, seller: Membership | None = None
) -> str:
    asked = {"what": what, "span": span.value}
    if site is not None:
        asked["site"] = site.public_id
    if seller is not None:
        asked["seller"] = seller.public_id
    return f"{request.office.url('statistics-rows')}?{urlencode(asked)}"
