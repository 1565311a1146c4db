"""Faults to plant in books that agree: the table, the statement, the rule that finds it and what it says."""

from __future__ import annotations

PLANTED = {
    "cost": (
        "invoices_invoiceline",
        "UPDATE invoices_invoiceline SET inputs = jsonb_set(inputs, '{unit_amount}', '1298') WHERE kind = 'stage'",
        "each line costs what its inputs come to",
        "line 0 says 1299, its inputs come to 1298",
    ),
    "share": (
        "invoices_invoiceline",
        "UPDATE invoices_invoiceline SET discount = discount - 1 WHERE discount > 0",
        "each discount is the sum of its coupons' shares",
        "line 1 is discounted by 98, its coupons say 99",
    ),
    "rate": (
        "invoices_invoicetax",
        "UPDATE invoices_invoicetax SET tax = tax + 1, base = base - 1 WHERE tax_percent = 5.5",
        "VAT is the rate on each rate's sum",
        "at 5.500 %: base 378 and VAT 22; its lines charge 400, net 379, so VAT is 21",
    ),
    "rate on top": (
        "invoices_invoicetax",
        "UPDATE invoices_invoicetax SET tax = tax - 1 WHERE base = 1000",
        "VAT is the rate on each rate's sum",
        "base 1000 and VAT 199; its lines charge 1000, net 1000, so VAT is 200",
    ),
    "credited line": (
        "invoices_creditnoteline",
        "UPDATE invoices_creditnoteline SET amount = amount + 5000 WHERE tax_percent = 5.5",
        "no line is credited beyond what it charged",
        "line 1 charged 400, 10400 was credited",
    ),
    "credited rate": (
        "invoices_creditnotetax",
        "UPDATE invoices_creditnotetax SET base = base + 1000 WHERE tax_percent = 5.5",
        "what is credited stays within each rate, and in full is the invoice",
        "at 5.500 %: base 379 and VAT 21; 2379 and 21 of them were credited",
    ),
    "refund": (
        "invoices_refund",
        "UPDATE invoices_refund SET amount = amount + 5000",
        "no payment is refunded beyond what was captured",
        "2000 was captured,",
    ),
    "state": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET status = 'open' WHERE sequence = 1",
        "each invoice's state follows from what settled it",
        "is open: 0 EUR of 1299 is due, 0 was credited",
    ),
    "collected": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET collect_at = now() WHERE sequence = 1",
        "each invoice's state follows from what settled it",
        "is paid and to be collected: 0 EUR of 1299 is due",
    ),
    "outcome": (
        "invoices_payment",
        "UPDATE invoices_payment SET provider_ref = '' WHERE amount = 1299",
        "each payment's state follows from its outcome",
        "is succeeded: 1299 of 1299 EUR captured, known there as “”",
    ),
    "currency": (
        "invoices_creditnote",
        "UPDATE invoices_creditnote SET currency = 'USD' WHERE sequence = 1",
        "all parts of a document have its currency",
        "is in USD",
    ),
    "legs": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET amount = amount - 1 WHERE account = 'revenue'",
        "the legs of each posting sum to zero",
        "is off by -1 EUR",
    ),
    "receivable": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET invoice_id = NULL WHERE account = 'receivable' AND payment_id IS NOT NULL",
        "what is owed on each invoice is what the ledger says",
        "0 EUR is owed, the ledger says 1299",
    ),
    "settled": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET amount_from_balance = 3 WHERE sequence = 1",
        "what settled each invoice is there",
        "from balance 3; its rows say 1299, 0, 0",
    ),
    "credited": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET amount_credited = amount_credited + 1 WHERE amount_credited > 0",
        "what settled each invoice is there",
        "credited 783, from balance 0; its rows say 1699, 782, 0",
    ),
    "totals": (
        "invoices_invoicetax",
        "UPDATE invoices_invoicetax SET tax = tax + 1 WHERE tax_percent = 5.5",
        "each document is the sum of its lines and of its rates",
        "its lines say",
    ),
    "unposted": (
        "invoices_ledgerentry",
        "DELETE FROM invoices_ledgerentry WHERE account IN ('cash')",
        "each payment is in the ledger, less what was refunded",
        "700 EUR was kept, the ledger says 0",
    ),
    "allocated": (
        "invoices_allocation",
        "UPDATE invoices_allocation SET amount = 1300 WHERE amount = 1299",
        "no payment is allocated beyond what was captured",
        "1299 was captured, 1300 is allocated",
    ),
    "owed back": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET account = 'balance' WHERE account = 'unallocated' AND payment_id IS NOT NULL"
        " AND credit_note_id IS NULL AND refund_id IS NULL",
        "what is owed back of each payment is what the ledger says",
        "301 is owed back, the ledger says 0",
    ),
    "refunded": (
        "invoices_payment",
        "UPDATE invoices_payment SET refunded = refunded - 1 WHERE refunded > 0",
        "what was refunded of each payment is there",
        "499 was refunded, its refunds say 500",
    ),
    "chain": (
        "invoices_balanceentry",
        "UPDATE invoices_balanceentry SET balance_after = balance_after + 1 WHERE sequence = 2",
        "each movement of a balance follows the one before",
        "entry 2 moves by 300",
    ),
    "gap in a balance": (
        "invoices_balanceentry",
        "UPDATE invoices_balanceentry SET sequence = 9 WHERE sequence = 3",
        "each movement of a balance follows the one before",
        "entry 9 moves by",
    ),
    "balance": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET subscriber_id = NULL WHERE account = 'balance'",
        "each balance is what the ledger says",
        "is held, the ledger says",
    ),
    "gap": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET sequence = 9, number = '2026-000009' WHERE sequence = 2",
        "numbers run from 1 without gap, in order of date",
        "-000002: it is missing: expected number 2, found number 3",
    ),
    "number": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET number = 'X-1' WHERE sequence = 1",
        "numbers run from 1 without gap, in order of date",
        "-000001, found X-1",
    ),
    "dates": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET issued_on = issued_on + 1 WHERE sequence = 1",
        "numbers run from 1 without gap, in order of date",
        "its date: expected",
    ),
    "series": (
        "invoices_numberseries",
        "UPDATE invoices_numberseries SET next_number = next_number + 1 WHERE kind = 'credit_note'",
        "numbers run from 1 without gap, in order of date",
        "-000003: it is missing: expected number 3 of 3, found 2 documents",
    ),
    "cut tail": (
        "invoices_numberseries",
        "UPDATE invoices_numberseries SET head = repeat('0', 64) WHERE kind = 'invoice'",
        "each number is linked to the one before it",
        "invoices: the series' head: expected",
    ),
    "link": (
        "invoices_creditnote",
        "UPDATE invoices_creditnote SET chain_hash = repeat('a', 64) WHERE sequence = 1",
        "each number is linked to the one before it",
        "-000001: its link: expected",
    ),
    "words": (
        "invoices_invoiceline",
        'UPDATE invoices_invoiceline SET title = \'{"fr": "Autre"}\' WHERE tax_percent = 5.5',
        "each invoice says what it said when it was finalised",
        "line 1, title: expected",
    ),
    "customer": (
        "invoices_creditnote",
        "UPDATE invoices_creditnote SET customer = '{}' WHERE sequence = 1",
        "each credit note says what it said when it was made",
        "-000001: its customer: expected digest",
    ),
}
