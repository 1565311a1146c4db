"""Addresses of documents and payments."""

from django.urls import URLPattern, path

from invoices.api import accounting, documents, payments

urlpatterns: list[URLPattern] = [
    path("invoices", documents.Invoices.as_view(), name="invoices"),
    path("invoices/<str:invoice>", documents.OneInvoice.as_view(), name="invoice"),
    path("invoices/<str:invoice>/pdf", documents.InvoicePdf.as_view(), name="invoice_pdf"),
    path("invoices/<str:invoice>/xml", documents.InvoiceXml.as_view(), name="invoice_xml"),
    path("credit_notes", documents.CreditNotes.as_view(), name="credit_notes"),
    path("credit_notes/<str:credit_note>", documents.OneCreditNote.as_view(), name="credit_note"),
    path("credit_notes/<str:credit_note>/pdf", documents.CreditNotePdf.as_view(), name="credit_note_pdf"),
    path("credit_notes/<str:credit_note>/xml", documents.CreditNoteXml.as_view(), name="credit_note_xml"),
    path(
        "legal_entities/<str:legal_entity>/accounting",
        accounting.EntityAccounting.as_view(),
        name="legal_entity_accounting",
    ),
    path("payments/<str:payment>", payments.OnePayment.as_view(), name="payment"),
]
