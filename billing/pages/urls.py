"""Addresses of billing's pages, under `/office/<merchant>/`."""

from django.urls import URLPattern, path

from billing.pages import clocks, coming, debts, ending, ereports, exports, listing, run_preview, runs, simulation

urlpatterns: list[URLPattern] = [
    path("subscriptions", listing.subscriptions, name="subscriptions"),
    path("subscriptions/<str:subscription>/cancel", ending.subscription_cancel, name="subscription-cancel"),
    path("subscriptions/<str:subscription>/undo", ending.subscription_undo, name="subscription-undo"),
    path("invoices/<str:invoice>/payment-link", debts.invoice_payment_link, name="invoice-payment-link"),
    path("invoices/<str:invoice>/try-now", debts.invoice_try_now, name="invoice-try-now"),
    path("subscribers/<str:subscriber>/coming", coming.subscriber_coming, name="subscriber-coming"),
    path("runs", runs.run_list, name="runs"),
    path("runs/preview", run_preview.run_preview, name="run-preview"),
    path("runs/start", runs.run_start, name="run-start"),
    path("runs/<str:run>", runs.run, name="run"),
    path("runs/<str:run>/progress", runs.run_progress, name="run-progress"),
    path("runs/<str:run>/payments", runs.run_payments, name="run-payments"),
    path("runs/<str:run>/release/<str:parked>", runs.run_release, name="run-release"),
    path("exports", exports.exports, name="exports"),
    path("exports/new", exports.export_new, name="export-new"),
    path("exports/<str:export>/download", exports.export_download, name="export-download"),
    path("settings/ereporting", ereports.setting_ereporting, name="setting_ereporting"),
    path("settings/ereporting/<str:entity>", ereports.setting_ereporting_of, name="setting_ereporting_of"),
    path("settings/ereports/<str:report>", ereports.setting_ereport, name="setting_ereport"),
    path("settings/ereports/<str:report>/xml", ereports.setting_ereport_xml, name="setting_ereport_xml"),
    path("settings/ereports/<str:report>/json", ereports.setting_ereport_json, name="setting_ereport_json"),
    path("settings/ereports/<str:report>/send", ereports.setting_ereport_send, name="setting_ereport_send"),
    path("developers/clocks", clocks.developer_clocks, name="developer_clocks"),
    path("developers/clocks/<str:clock>", clocks.developer_clock, name="developer_clock"),
    path("developers/clocks/<str:clock>/advance", clocks.developer_clock_advance, name="developer_clock_advance"),
    path("developers/clocks/<str:clock>/release", clocks.developer_clock_release, name="developer_clock_release"),
    path("developers/clocks/<str:clock>/delete", clocks.developer_clock_delete, name="developer_clock_delete"),
    path("home/runs", run_preview.home_runs, name="home-runs"),
    path("simulation/offer", simulation.offer_simulation, name="offer-simulation"),
]
