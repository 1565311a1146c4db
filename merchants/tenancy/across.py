"""Looking across tenants: for listed questions only, and the answer is nothing but `(merchant_id, id)` pairs.

Each question is a SECURITY DEFINER function that the owner role made in a migration (`across_…`); it can only read.
Who needs the row opens that tenant's scope and looks again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from merchants.tenancy.scope import AnotherTenant, current_or_none

QUESTIONS = {
    "merchants": "across_merchants(%s::uuid, %s::int)",
    "api_key": "across_api_key(%s::bytea)",
    "memberships": "across_memberships(%s::uuid)",
    "invitation": "across_invitation(%s::bytea)",
    "device": "across_device(%s::bytea)",
    "pairing": "across_pairing(%s::bytea)",
    "checkout_session": "across_checkout_session(%s::uuid)",
    "provider_account": "across_provider_account(%s::uuid)",
    "merchants_to_bill": "across_merchants_to_bill(%s::timestamptz, %s::timestamptz, %s::int)",
    "merchants_to_collect": "across_merchants_to_collect(%s::timestamptz, %s::int)",
    "merchants_to_dun": "across_merchants_to_dun(%s::timestamptz, %s::int)",
    "advancing_clocks": "across_advancing_clocks(%s::int)",
    "open_checkouts": "across_open_checkouts(%s::timestamptz, %s::int)",
    "unsettled_payments": "across_unsettled_payments(%s::timestamptz, %s::int)",
    "owed_refunds": "across_owed_refunds(%s::timestamptz, %s::int)",
    "tills_to_close": "across_tills_to_close(%s::timestamptz, %s::int)",
    "mandates_to_lodge": "across_mandates_to_lodge(%s::timestamptz, %s::int)",
    "exports_to_make": "across_exports_to_make(%s::timestamptz, %s::timestamptz, %s::int)",
    "exports_to_expire": "across_exports_to_expire(%s::timestamptz, %s::int)",
    "gesture_batches": "across_gesture_batches(%s::timestamptz, %s::int)",
    "campaigns": "across_campaigns(%s::timestamptz, %s::int)",
    "imports_under_way": "across_imports_under_way(%s::timestamptz, %s::int)",
    "imports_to_forget": "across_imports_to_forget(%s::timestamptz, %s::int)",
    "unread_notices": "across_unread_notices(%s::timestamptz, %s::int)",
    "unpublished_events": "across_unpublished_events(%s::int)",
    "due_endpoints": "across_due_endpoints(%s::timestamptz, %s::int)",
    "due_messages": "across_due_messages(%s::timestamptz, %s::int)",
    "digests_due": "across_digests_due(%s::timestamptz, %s::int)",
    "ereports_due": "across_ereports_due(%s::timestamptz, %s::int)",
    "ereports_to_hand_on": "across_ereports_to_hand_on(%s::timestamptz, %s::int)",
    "unprinted_documents": "across_unprinted_documents(%s::timestamptz, %s::int)",
}


class Found(NamedTuple):
    """Where something is: whose, and which."""

    merchant_id: UUID
    id: UUID


def across_tenants(question: str, *arguments: UUID | bytes | int | datetime) -> list[Found]:
    """The `(merchant_id, id)` pairs that answer one of QUESTIONS. Raises AnotherTenant inside a tenant's scope."""
    if current_or_none() is not None:
        raise AnotherTenant("Look across tenants before a scope is opened, not inside one.")
    values: list[Any] = [str(value) if isinstance(value, UUID) else value for value in arguments]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT merchant_id, id FROM {QUESTIONS[question]}", values)  # noqa: S608 - a constant
        return [Found(*row) for row in cursor.fetchall()]
