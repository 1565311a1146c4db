"""The columns of invoices and credit notes: one row a document, one a line, one a rate of VAT."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from billing.exports.columns import amount, day, instant, number, text, whole

_HEAD = (
    text("document", _("Document"), 12),
    text("number", _("Number"), 16),
    day("issued_on", _("Issued")),
)
_WHO = (
    text("subscriber", _("Subscriber’s id"), 28),
    text("reference", _("Reference"), 16),
    text("name", _("Name"), 26),
)
DOCUMENTS = (
    *_HEAD,
    text("corrects", _("Corrects invoice"), 16),
    text("status", _("State"), 13),
    day("due_on", _("Due")),
    day("period_start", _("Period from")),
    day("period_end", _("Period until (first day without)")),
    *_WHO,
    text("company", _("Company"), 26),
    text("country", _("Country"), 8),
    text("vat_number", _("VAT number"), 16),
    text("legal_entity", _("Legal entity"), 22),
    text("site", _("Site"), 16),
    text("currency", _("Currency"), 9),
    amount("net", _("Net")),
    amount("vat", _("VAT")),
    amount("total", _("Total")),
    amount("paid", _("Paid")),
    amount("credited", _("Credited")),
    amount("from_balance", _("From balance")),
    amount("due", _("Owed")),
    instant("paid_at", _("Paid at")),
    text("subscription", _("Subscription’s id"), 28),
    text("id", _("Id"), 28),
)
LINES = (
    *_HEAD,
    *_WHO,
    whole("line", _("Line")),
    text("kind", _("Kind"), 10),
    text("title", _("Title"), 32),
    day("period_start", _("Period from")),
    day("period_end", _("Period until (first day without)")),
    number("quantity", _("Quantity")),
    text("unit_price", _("Unit price"), 12),
    text("prices", _("Prices"), 10),
    text("currency", _("Currency"), 9),
    amount("amount", _("Amount")),
    amount("discount", _("Discount")),
    amount("net", _("Net")),
    number("vat_percent", _("VAT %")),
    text("tax_code", _("Tax code"), 12),
    text("subscription", _("Subscription’s id"), 28),
    text("document_id", _("Document’s id"), 28),
)
TAXES = (
    *_HEAD,
    *_WHO,
    text("country", _("Country"), 8),
    text("legal_entity", _("Legal entity"), 22),
    text("currency", _("Currency"), 9),
    text("category", _("VAT category"), 8),
    number("vat_percent", _("VAT %")),
    amount("net", _("Net")),
    amount("vat", _("VAT")),
    amount("total", _("Total")),
    text("document_id", _("Document’s id"), 28),
)
