"""Every table that leads to a person is told in the export of a person, or is named here with the reason why not."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Model

from subscribers.holdings import held
from subscribers.models import Subscriber

OURS = ("merchants", "subscribers", "invoices", "billing", "alerts")
KEYS = {"subscriber_id", "payer_id", "subscription_id", "subject_id"}
"""Columns that name a person or one of their lives without being a foreign key."""
NOT_TOLD = {
    "subscribers.ScheduledChange": "what was planned stands in the history, entry by entry",
    "subscribers.QuotaCounter": "the sum of uses that are told",
    "subscribers.GestureMember": "what a gesture for many did with each: the gestures are told",
    "billing.CampaignMember": "what a change of price did with each: the wishes are told",
    "billing.ImportRow": "which row of an old file somebody came from: what it said is told in its own tables",
    "invoices.DocumentFile": "the files themselves are in the export",
    "invoices.LedgerEntry": "the double entry of documents and payments that are told",
    "invoices.RegisterEntry": "the till's register names documents, never people: kept six years by law",
    "invoices.Allocation": "which payment settled which invoice: both are told",
    "billing.ReaderPayment": "at which card reader a payment that is told was asked for",
    "billing.ParkedInRun": "why our software could not go on: about us",
    "alerts.Delivery": "that an event that is told was handed on to the merchant's own systems",
}
WITHOUT_A_KEY = {
    "merchants.IdempotentReply": "72 hours; answers that are told in their own tables, masked by erasure",
    "billing.ProviderEvent": "the provider's word for payments that are told, masked by erasure",
    "billing.SimulatedPage": "the books of a stranger, who is asked to forget",
    "billing.ImportFile": "an old member file, encrypted: until its members are enrolled, thirty days at most",
    "billing.Export": "files of rows, seven days; their rows are told in their own tables",
    "billing.EReport": "sums by day, and of companies their number: kept as the documents are",
}
"""Tables that may hold what a person is called and lead to nobody: each is thought of."""


def leading_to_a_person() -> set[type[Model]]:
    """All tables with a way, over whatever other tables, to a person."""
    models = [model for model in apps.get_models() if model._meta.app_label in OURS]
    found: set[type[Model]] = {Subscriber}
    while True:
        more = {
            model
            for model in models
            if model not in found
            and any(field.related_model in found or field.attname in KEYS for field in model._meta.concrete_fields)
        }
        if not more:
            return found
        found |= more


def test_every_table_that_leads_to_a_person_is_told_or_named():
    told = [model for holding in held() for model in holding.tables]
    assert len(told) == len(set(told))
    assert {model._meta.label for model in leading_to_a_person() - set(told)} == set(NOT_TOLD)


def test_a_table_with_room_for_anything_is_told_or_named():
    """JSON, text of any length and bytes: where a name may hide though nothing leads to a person."""
    roomy = {
        model._meta.label
        for model in set(apps.get_models()) - leading_to_a_person()
        if model._meta.app_label in ("invoices", "billing", "alerts", "subscribers")
        and any(field.get_internal_type() in ("JSONField", "BinaryField") for field in model._meta.concrete_fields)
    }
    ours = {
        "invoices.ChartOfAccounts", "invoices.NumberSeries", "billing.BillingRun", "alerts.WebhookEndpoint",
        "subscribers.GestureBatch", "billing.Campaign", "billing.MemberImport",
    }  # fmt: skip
    assert {label for label in WITHOUT_A_KEY if not label.startswith("merchants.")} == roomy - ours
