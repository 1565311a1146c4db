"""The mandates of an old member file: they come along, and are debited; what is wrong with one is said by its row."""

from __future__ import annotations

from datetime import date

import pytest

from billing import runs
from billing.flows import lodge
from billing.models import ImportRow
from billing.selectors.import_proof import proof
from invoices.models import Payment
from merchants.models import LegalEntity
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Mandate, Subscription
from tests.stories.old_members import (
    IBAN,
    ICS,
    MANDATE,
    checked,
    day,
    enrolled,
    faults,
    member,
    salon,
    signed,
    sound,
    typed,
)

__all__ = ["salon"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_mandates_come_along_and_are_lodged_and_debited(salon):
    row = checked(salon, signed(salon, 1, until=0), f"{member(salon, 2)};;;;", headings=MANDATE)
    assert faults(salon, row) == {}
    row = enrolled(salon, row)
    with tenant(salon.id):
        mandate = Mandate.objects.get()
        assert (mandate.reference, mandate.last4, mandate.holder, mandate.creditor_identifier) == (
            "RUM-1", "2606", "Lucie Garnier", ICS,
        )  # fmt: skip
        assert mandate.accepted_at.date() == date(2022, 5, 3) and mandate.next_try_at is not None
        assert dict(Subscription.objects.values_list("subscriber__reference", "collection")) == {
            "A-1": "automatic", "A-2": "manual",
        }  # fmt: skip
        found = proof(row)
        assert (found.mandates, found.mandates_in_file, found.holds) == (1, 1, True)
        assert "FR14" not in str(list(ImportRow.objects.values())) + str(list(Change.objects.values()))
    with tenant(salon.id):
        waiting = Mandate.objects.get()
    assert lodge.lodge(merchant_id=salon.id, mandate_id=waiting.pk) == "lodged"
    runs.bill(salon.id)
    runs.collect_of(salon.id)
    with tenant(salon.id):
        assert [(one.status, one.amount) for one in Payment.objects.all()] == [("processing", 29_90)]
    sound(salon)


def test_faults_of_mandates(salon):
    lines = [
        signed(salon, 1),
        signed(salon, 2, iban=IBAN[:-1]),
        signed(salon, 3, iban=IBAN[:-1] + "7"),
        signed(salon, 4, iban="US64SVBKUS6S3300958879"),
        signed(salon, 5, rum="RUM-1"),
        signed(salon, 6, rum=" "),
        signed(salon, 7, on="30/02/2022"),
        signed(salon, 8, on=typed(day(salon, 3))),
        signed(salon, 9, iban=""),
        signed(salon, 10, on=""),
        signed(salon, 11, rum="RUM é"),
    ]
    row = checked(salon, *lines, headings=MANDATE)
    assert faults(salon, row) == {
        3: [("iban", "iban_length")],
        4: [("iban", "iban_invalid")],
        5: [("iban", "iban_outside_sepa")],
        6: [("mandate_reference", "mandate_twice")],
        7: [("mandate_reference", "required")],
        8: [("mandate_signed_on", "date_missing")],
        9: [("mandate_signed_on", "in_the_future")],
        10: [("iban", "required")],
        11: [("mandate_signed_on", "required")],
        12: [("mandate_reference", "mandate_reference_invalid")],
    }


def test_without_a_creditor_identifier_mandates_are_refused_row_by_row(salon):
    with tenant(salon.id):
        LegalEntity.objects.update(creditor_identifier="")
    row = checked(salon, signed(salon, 1), headings=MANDATE)
    assert faults(salon, row) == {2: [("iban", "creditor_identifier_missing")]}
