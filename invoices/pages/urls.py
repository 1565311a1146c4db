"""Addresses of the pages of documents and payments, under `/office/<merchant>/`."""

from django.urls import URLPattern, path

from invoices.pages import accounting, credits, documents, fragments, listing, papers, proof, receipts, samples, tills

urlpatterns: list[URLPattern] = [
    path("home/money", fragments.home_money, name="home-money"),
    path("invoices", listing.invoices, name="invoices"),
    path("invoices/proof", proof.proof, name="invoices-proof"),
    path("invoices/number/<path:number>", documents.invoice_by_number, name="invoice-by-number"),
    path("invoices/<str:invoice>", documents.invoice, name="invoice"),
    path("invoices/<str:invoice>/pdf", documents.invoice_pdf, name="invoice-pdf"),
    path("invoices/<str:invoice>/xml", documents.invoice_xml, name="invoice-xml"),
    path("invoices/<str:invoice>/credit", credits.credit, name="invoice-credit"),
    path("invoices/<str:invoice>/credit/preview", credits.credit_preview, name="invoice-credit-preview"),
    path("credit-notes/<str:credit_note>/pdf", documents.credit_note_pdf, name="credit-note-pdf"),
    path("credit-notes/<str:credit_note>/xml", documents.credit_note_xml, name="credit-note-xml"),
    path("entities/<str:entity>/sample.pdf", samples.entity_sample, name="entity-sample"),
    path("settings/accounting", accounting.setting_accounting, name="setting_accounting"),
    path("settings/accounting/<str:entity>", accounting.setting_accounting_of, name="setting_accounting_of"),
    path("payments", listing.payments, name="payments"),
    path("payments/<str:payment>/receipt", receipts.receipt, name="payment-receipt"),
    path("papers/<str:signed_paper>/pdf", papers.signed_paper, name="signed-paper"),
    path("tills", tills.tills, name="tills"),
    path("tills/<str:till>", tills.till, name="till"),
    path("tills/<str:till>/report", tills.till_report, name="till_report"),
    path("subscribers/<str:subscriber>/money", fragments.subscriber_money, name="subscriber-money"),
    path("subscribers/<str:subscriber>/documents", fragments.subscriber_documents, name="subscriber-documents"),
]
