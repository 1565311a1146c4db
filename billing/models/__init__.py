"""The conductor's tables: purchases under way, runs, unpaid situations, and what providers told us."""

from billing.models.campaigns import Campaign, CampaignMember
from billing.models.cards import NewCard
from billing.models.dunning import DunningCase, Foreseen
from billing.models.enrolments import Enrolment
from billing.models.exports import Export
from billing.models.imports import ImportFile, ImportRow, MemberImport
from billing.models.inbox import ProviderEvent
from billing.models.purchase import CheckoutSession, Quote
from billing.models.readers import Reader, ReaderPayment
from billing.models.reporting import EReport, EReporting
from billing.models.runs import BillingRun, Charge, ParkedInRun
from billing.models.simulated import SimulatedPage

__all__ = [
    "BillingRun",
    "Campaign",
    "CampaignMember",
    "Charge",
    "CheckoutSession",
    "DunningCase",
    "EReport",
    "EReporting",
    "Enrolment",
    "Export",
    "Foreseen",
    "ImportFile",
    "ImportRow",
    "MemberImport",
    "NewCard",
    "ParkedInRun",
    "ProviderEvent",
    "Quote",
    "Reader",
    "ReaderPayment",
    "SimulatedPage",
]
