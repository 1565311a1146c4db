"""Addresses of billing's pages, under `/office/<merchant>/`."""

from django.urls import URLPattern, path

from billing.pages import coming, debts, ending, listing, simulation

urlpatterns: list[URLPattern] = [
    path("subscriptions", listing.subscriptions, name="subscriptions"),
    path("subscriptions/<str:subscription>/cancel", ending.subscription_cancel, name="subscription-cancel"),
    path("subscriptions/<str:subscription>/undo", ending.subscription_undo, name="subscription-undo"),
    path("invoices/<str:invoice>/payment-link", debts.invoice_payment_link, name="invoice-payment-link"),
    path("subscribers/<str:subscriber>/coming", coming.subscriber_coming, name="subscriber-coming"),
    path("simulation/offer", simulation.offer_simulation, name="offer-simulation"),
]
