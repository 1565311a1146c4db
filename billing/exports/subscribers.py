"""Subscribers as rows: who they are, and the subscription that matters most of each, as the list shows it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.exports.asked import Asked
from billing.exports.columns import Row, day, instant, text, whole
from billing.exports.reading import Source
from merchants.ids import show
from merchants.languages import said_in
from merchants.models import Site
from subscribers.models import Subscriber
from subscribers.selectors import people
from subscribers.selectors.names import method_name

COLUMNS = (
    text("id", _("Id"), 28),
    text("reference", _("Reference"), 16),
    text("name", _("Name"), 26),
    text("email", _("E-mail"), 30),
    text("phone", _("Phone"), 18),
    day("birth_on", _("Born")),
    text("company", _("Company"), 26),
    text("siren", _("SIREN"), 11),
    text("vat_number", _("VAT number"), 16),
    text("line1", _("Address"), 30),
    text("line2", _("Address, second line"), 24),
    text("postal_code", _("Postal code"), 10),
    text("city", _("City"), 18),
    text("country", _("Country"), 8),
    text("locale", _("Language"), 8),
    text("site", _("Site"), 16),
    text("channel", _("Enrolled by"), 12),
    instant("created_at", _("Enrolled at")),
    text("payer", _("Payer’s id"), 28),
    text("offer", _("Offer"), 24),
    text("subscription_status", _("State"), 12),
    text("access", _("Access"), 11),
    text("payment_state", _("Payment"), 11),
    day("started_on", _("Began")),
    day("period_end", _("Period until (first day without)")),
    day("ends_on", _("Ends (first day without)")),
    text("subscription", _("Subscription’s id"), 28),
    whole("other_subscriptions", _("Other subscriptions")),
    text("card", _("Card"), 16),
    text("metadata", _("Metadata"), 20),
    instant("erased_at", _("Erased at")),
)


def _rows(asked: Asked) -> QuerySet[Subscriber]:
    given = asked.filters
    rows = people.in_view(people.searched(people.visible(), given.get("q", "")), given.get("status", ""))
    if "offer" in given:
        rows = people.on_offer(rows, given["offer"])
    if "site" in given:
        rows = rows.filter(site_id=given["site"])
    if "channel" in given:
        rows = rows.filter(channel=given["channel"])
    if asked.sites:
        rows = rows.filter(site_id__in=asked.sites)
    return rows.filter(asked.instants("created_at"))


def _show(rows: Sequence[Subscriber], asked: Asked) -> list[Row]:
    sites = dict(Site.objects.filter(id__in={row.site_id for row in rows}).values_list("id", "name"))
    return [
        _line(found, sites.get(found.subscriber.site_id) if found.subscriber.site_id else None, asked)
        for found in people.rows_of(rows)
    ]


def _line(found: people.Row, site: str | None, asked: Asked) -> Row:
    row, subscription = found.subscriber, found.subscription
    return (
        row.public_id,
        row.reference,
        *(value or None for value in (row.name, row.email, row.phone)),
        row.birth_on,
        *(value or None for value in (row.company, row.siren, row.vat_number, row.line1, row.line2)),
        *(value or None for value in (row.postal_code, row.city, row.country)),
        row.locale,
        site,
        row.channel,
        row.created_at,
        show("cus", row.payer_id) if row.payer_id else None,
        *(
            (
                said_in(subscription.offer_version.title, asked.locale) or None,
                subscription.status,
                subscription.access,
                subscription.payment_state,
                subscription.start_on,
                subscription.current_period_end,
                subscription.service_ends_on,
                subscription.public_id,
            )
            if subscription
            else (None,) * 8
        ),
        found.others,
        (method_name(found.method) if found.method else None) or None,
        json.dumps(row.metadata, ensure_ascii=False, sort_keys=True) if row.metadata else None,
        row.erased_at,
    )


SOURCES = (Source(model=Subscriber, rows=_rows, show=_show, by_id=True),)
