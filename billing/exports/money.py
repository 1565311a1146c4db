"""Payments and refunds as rows. A refund counts below zero; `received` is what moved: the sums of it are the bank's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.exports.asked import Asked
from billing.exports.columns import Row, amount, day, instant, major, text
from billing.exports.reading import Source
from invoices.models import Payment, Refund
from invoices.selectors import lists
from merchants.ids import show
from merchants.models import Site
from subscribers.models import Subscriber
from subscribers.selectors import people
from subscribers.selectors.names import method_name

COLUMNS = (
    text("movement", _("Movement"), 10),
    instant("created_at", _("Asked at")),
    instant("settled_at", _("Settled at")),
    day("received_on", _("Received on")),
    text("status", _("State"), 14),
    text("means", _("Means"), 11),
    text("gateway", _("Provider"), 11),
    text("card", _("Card"), 16),
    text("subscriber", _("Subscriber’s id"), 28),
    text("reference", _("Reference"), 16),
    text("name", _("Name"), 26),
    text("invoice", _("Invoice"), 16),
    text("credit_note", _("Credit note"), 16),
    text("site", _("Site"), 16),
    text("currency", _("Currency"), 9),
    amount("amount", _("Amount asked")),
    amount("received", _("Amount received")),
    text("code", _("Code"), 18),
    text("reason", _("Reason"), 24),
    text("provider_reference", _("Provider’s reference"), 28),
    text("payment", _("Payment’s id"), 28),
    text("id", _("Id"), 28),
)
REFUND_VIEWS: Mapping[str, Q] = {
    "succeeded": Q(status=Refund.Status.SUCCEEDED),
    "failed": Q(status=Refund.Status.FAILED),
    "under_way": Q(status__in=(Refund.Status.PENDING, Refund.Status.UNKNOWN)),
    "reversed": Q(payment__reversed_at__isnull=False),
}


def _narrowed(asked: Asked, prefix: str = "") -> Q:
    """What a payment must be, seen from it or from a refund (`payment__`). Its site is where it was taken, else its
    invoice's."""
    given, wanted = asked.filters, asked.instants("created_at")
    if "subscriber" in given:
        wanted &= Q(**{f"{prefix}payer_id": given["subscriber"]})
    for sites in (asked.sites, (given["site"],) if "site" in given else ()):
        if sites:
            elsewhere = Q(**{f"{prefix}site": None, f"{prefix}invoice__site_id__in": sites})
            wanted &= Q(**{f"{prefix}site_id__in": sites}) | elsewhere
    return wanted


def _payments(asked: Asked) -> QuerySet[Payment]:
    rows = lists.payments_in(asked.filters.get("status", "")).filter(_narrowed(asked))
    return rows.select_related("payer", "payment_method", "site", "invoice__site")


def _refunds(asked: Asked) -> QuerySet[Refund]:
    rows = Refund.objects.filter(_narrowed(asked, "payment__"), REFUND_VIEWS.get(asked.filters.get("status", ""), Q()))
    related = ("payment__payer", "payment__payment_method", "payment__site", "payment__invoice__site", "credit_note")
    return people.on_shown_clocks(rows, "payment__test_clock").select_related(*related)


def _show_payments(rows: Sequence[Payment], asked: Asked) -> list[Row]:
    paid = lists.invoices_of_payments(rows)
    return [
        (
            "payment",
            row.created_at,
            row.settled_at,
            row.received_on,
            "reversed" if row.reversed_at else row.status,
            *_by(row),
            *_who(row.payer),
            paid[row.pk].number if row.pk in paid else None,
            None,
            _where(row),
            row.currency,
            major(row.amount, row.currency),
            major(0 if row.reversed_at else row.captured, row.currency),
            row.decline_code or row.code or None,
            row.message or row.reversal_reason or row.note or None,
            row.provider_ref or None,
            None,
            row.public_id,
        )
        for row in rows
    ]


def _show_refunds(rows: Sequence[Refund], asked: Asked) -> list[Row]:
    paid = lists.invoices_of_payments([row.payment for row in rows])
    return [
        (
            "refund",
            row.created_at,
            row.settled_at,
            None,
            row.status,
            *_by(row.payment),
            *_who(row.payment.payer),
            paid[row.payment_id].number if row.payment_id in paid else None,
            row.credit_note.number if row.credit_note else None,
            _where(row.payment),
            row.currency,
            major(-row.amount, row.currency),
            major(-row.amount if row.status == Refund.Status.SUCCEEDED else 0, row.currency),
            None,
            row.reason or None,
            row.provider_ref or None,
            show("pay", row.payment_id),
            row.public_id,
        )
        for row in rows
    ]


def _by(row: Payment) -> Row:
    return (row.means, row.gateway, (method_name(row.payment_method) if row.payment_method else None) or None)


def _who(payer: Subscriber) -> Row:
    return (payer.public_id, payer.reference, payer.name or payer.company or None)


def _where(row: Payment) -> str | None:
    site: Site | None = row.site or (row.invoice.site if row.invoice else None)
    return site.name if site else None


SOURCES = (
    Source(model=Payment, rows=_payments, show=_show_payments, by_id=True),
    Source(model=Refund, rows=_refunds, show=_show_refunds, by_id=True),
)
