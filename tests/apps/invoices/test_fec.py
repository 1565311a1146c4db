"""The file of accounting entries: what it says of each posting, in which order, and what it refuses."""

from __future__ import annotations

import pytest

from invoices.fec import COLUMNS
from invoices.fec_check import verify
from invoices.models import BalanceEntry, Refund
from invoices.services import balances, by_hand, payments, taken_back
from invoices.services.credit_plans import Wanted
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import BOOKS, again, bill, line, pay
from tests.apps.invoices.entries import credited, made, rows, sale, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("ON-1")


@pytest.mark.parametrize("name", ["\u200b", "\u0301", "¨´", "｜", "\u202e", "日本 🎉", "x" * 160])
def test_no_name_and_no_reason_makes_a_file_that_its_own_reader_refuses(shop, name):
    """What nothing is left of in the file's alphabet is called by its number; a label is cut before a blank."""
    somebody = shop.enrol("ON-7", name=name)
    pay(shop, bill(shop, somebody, line(12_99)), 12_99)
    for length in range(156, 163):
        with tenant(shop.id):
            balances.adjust(
                somebody.pk, 1_00, currency="EUR", reason="x" * length + " so it was",
                legal_entity_id=shop.entity.pk, actor=shop.actor, now=shop.now(),
            )  # fmt: skip
    content = made(shop)
    assert verify([content]).faults == []
    (who,) = {row["CompAuxLib"] for row in rows(content) if row["CompAuxNum"]}
    assert who == {"¨´": "ON-7", "｜": "/", "日本 🎉": "?? ?", "x" * 160: "x" * 160}.get(name, "ON-7")
    assert max(len(row["EcritureLib"]) for row in rows(content)) == 200


def test_an_invoice_paid_by_card_is_two_entries_lettered_with_its_number(shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_00, rate=BOOKS))
    payment = pay(shop, invoice, 16_99)
    today = f"{shop.now().today:%Y%m%d}"

    content = made(shop)

    assert content.startswith(("\t".join(COLUMNS) + "\r\n").encode())
    assert told(content, "JournalCode", "EcritureNum", "CompteNum", "CompAuxNum", "Debit", "Credit") == [
        ("VE", "1", "411000", "ON-1", "16,99", "0,00"),
        ("VE", "1", "706000", "", "0,00", "10,82"),
        ("VE", "1", "707000", "", "0,00", "3,79"),
        ("VE", "1", "44571200", "", "0,00", "2,17"),
        ("VE", "1", "44571055", "", "0,00", "0,21"),
        ("BQ", "2", "517000", "", "16,99", "0,00"),
        ("BQ", "2", "411000", "ON-1", "0,00", "16,99"),
    ]
    assert rows(content)[0] == {
        "JournalCode": "VE",
        "JournalLib": "Ventes",
        "EcritureNum": "1",
        "EcritureDate": today,
        "CompteNum": "411000",
        "CompteLib": "Clients",
        "CompAuxNum": "ON-1",
        "CompAuxLib": "Lucie Garnier",
        "PieceRef": invoice.number,
        "PieceDate": today,
        "EcritureLib": f"ESSAI Facture {invoice.number} - Lucie Garnier",
        "Debit": "16,99",
        "Credit": "0,00",
        "EcritureLet": invoice.number,
        "DateLet": today,
        "ValidDate": today,
        "Montantdevise": "",
        "Idevise": "",
    }
    assert told(content, "PieceRef", "EcritureLib", "EcritureLet")[-1] == (
        payment.public_id,
        f"ESSAI Règlement par carte de {invoice.number} - Lucie Garnier",
        invoice.number,
    )
    assert {row["EcritureLet"] for row in rows(content) if row["CompteNum"] != "411000"} == {""}
    verdict = verify([content], starts_at=1)
    assert verdict.faults == [] and (verdict.entries, verdict.rows, verdict.debit) == (2, 7, 33_98)


def test_every_kind_of_posting_has_its_journal_its_document_and_its_words(shop, lucie):
    day = f"{shop.now().today:%Y%m%d}"
    first = bill(shop, lucie, line(100_00))
    pay(shop, first, 60_00, means="cash")
    note = credited(shop, first, Wanted(amount=70_00))  # 40 settle the invoice, 30 go to the balance
    second = bill(shop, lucie, line(20_00))
    with tenant(shop.id):
        balances.pay_open_invoices(lucie.pk, currency="EUR", actor=shop.actor, now=shop.now())
        balances.adjust(
            lucie.pk, 5_00, currency="EUR", reason="Panne\ndu 3", legal_entity_id=shop.entity.pk, actor=shop.actor,
            now=shop.now(),
        )  # fmt: skip
    third = bill(shop, lucie, line(50_00))
    over = pay(shop, third, 50_00, captured=57_00, means="cheque")
    with tenant(shop.id):
        owed = Refund.objects.get()
        payments.record_refund(
            owed, status="succeeded", provider_ref="re_1", message="", actor=shop.actor, now=shop.now()
        )
        used, given = BalanceEntry.objects.get(kind="used"), BalanceEntry.objects.get(kind="adjustment")

    content = made(shop)

    sums = {}
    for row in rows(content):
        key = (row["JournalCode"], row["PieceRef"], row["EcritureLib"].removeprefix("ESSAI "))
        moved = int(row["Debit"].replace(",", "")) - int(row["Credit"].replace(",", ""))
        sums.setdefault(key, {})[row["CompteNum"]] = moved
    who = "Lucie Garnier"
    paid = next(key for key in sums if key[0] == "CA")
    assert sums == {
        ("VE", first.number, f"Facture {first.number} - {who}"): sale(100_00, 83_33, 16_67),
        ("CA", paid[1], f"Règlement par espèces de {first.number} - {who}"): {"530000": 60_00, "411000": -60_00},
        ("AV", note.number, f"Avoir {note.number} - {who}"): {
            "706000": 58_33, "44571200": 11_67, "411000": -40_00, "419700": -30_00,
        },
        ("VE", second.number, f"Facture {second.number} - {who}"): sale(20_00, 16_67, 3_33),
        ("OD", used.public_id, f"Compte client utilisé pour {second.number} - {who}"): {
            "419700": 20_00, "411000": -20_00,
        },
        ("OD", given.public_id, f"Geste sur le compte client : Panne du 3 - {who}"): {"654000": 5_00, "419700": -5_00},
        ("VE", third.number, f"Facture {third.number} - {who}"): sale(50_00, 41_67, 8_33),
        ("BQ", over.public_id, f"Règlement par chèque de {third.number} - {who}"): {
            "511200": 57_00, "411000": -50_00, "471000": -7_00,
        },
        ("BQ", owed.public_id, f"Remboursement par chèque - {who}"): {"471000": 7_00, "511200": -7_00},
    }  # fmt: skip
    assert {row["PieceDate"] for row in rows(content)} == {day}
    verdict = verify([content], starts_at=1)
    assert verdict.faults == [] and verdict.entries == 9
    assert verdict.by_account["411000"] == 0 and verdict.by_account["471000"] == 0
    assert {row["EcritureLet"] for row in rows(content) if row["CompteNum"] == "411000"} == {
        first.number, second.number, third.number,
    }  # fmt: skip
    assert told(content, "CompAuxNum") != [] and {row["CompAuxNum"] for row in rows(content)} == {"ON-1", ""}


def test_what_is_still_owed_has_no_letter(shop, lucie):
    invoice = bill(shop, lucie, line(30_00))
    pay(shop, invoice, 10_00)
    assert {row["EcritureLet"] for row in rows(made(shop))} == {""}


def test_names_and_references_that_would_break_the_file_do_not(shop):
    hostile = shop.enrol("a|b  \N{SNOWMAN}", name="=CMD|' /C calc'!A0", company="Ünï|çöde “Œuvre” 日本 €")
    invoice = bill(shop, hostile, line(12_99))
    content = made(shop)
    assert verify([content], starts_at=1).faults == []
    assert told(content, "CompAuxNum", "CompAuxLib")[0] == (hostile.public_id, 'Ünï/çöde "Œuvre" ?? €')
    assert content.count(b"\r\n") == 1 + 3 and content.count(b"|") == 0
    assert told(content, "PieceRef") == [(invoice.number,)] * 3


def test_a_cheque_taken_back_is_an_entry_of_its_own_and_letters_nothing(shop, lucie):
    invoice = bill(shop, lucie, line(9_00))
    with tenant(shop.id):
        brought = by_hand.ByHand(means="cheque", amount=9_00, received_on=shop.now().today)
        payment = by_hand.receive(brought, again(shop, invoice), actor=shop.actor, now=shop.now()).payment
        taken_back.take_back(payment, again(shop, invoice), reason="impayé", actor=shop.actor, now=shop.now())

    content = made(shop)

    assert verify([content]).faults == []
    money = list(told(content, "CompteNum", "Debit", "Credit", "EcritureLet", "EcritureLib"))[-4:]
    who, label = "Lucie Garnier", f"par chèque de {invoice.number}"
    assert [row[1:] for row in money] == [
        ("9,00", "0,00", "", f"ESSAI Règlement {label} - {who}"),
        ("0,00", "9,00", "", f"ESSAI Règlement {label} - {who}"),
        ("9,00", "0,00", "", f"ESSAI Annulation du règlement {label} - {who}"),
        ("0,00", "9,00", "", f"ESSAI Annulation du règlement {label} - {who}"),
    ]
    assert [row[0] for row in money] == [money[0][0], "411000", "411000", money[0][0]]
