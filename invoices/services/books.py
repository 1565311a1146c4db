"""Do the books agree? Each rule of the ledger and of the documents as one question over all rows of a tenant.

The database refuses most of this when it is written; this looks again at what stands there, whoever wrote it: sums that
must agree are computed anew from the rows they come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from invoices.models import NumberSeries
from invoices.services import books_documents
from invoices.services.proof import prove
from invoices.services.proof_faults import Subject

AT_ONCE = 500
"""Rows that are read together."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One rule: what it looked at, how many, how many were wrong, and the first of those in words."""

    rule: str
    of: str
    count: int
    wrong: int = 0
    first: str = ""


POSTINGS = """
SELECT sum(amount) <> 0 AS wrong, posting_id::text AS key,
    format('posting %s is off by %s %s', posting_id, sum(amount), currency) AS fault
FROM invoices_ledgerentry GROUP BY posting_id, currency"""

LEDGER = """
SELECT sum(amount) <> 0 AS wrong, currency AS key,
    format('the ledger in %s is off by %s', currency, sum(amount)) AS fault
FROM invoices_ledgerentry GROUP BY currency"""

RECEIVABLE = """
SELECT owed IS DISTINCT FROM posted AS wrong, number AS key,
    format('invoice %s: %s %s is owed, the ledger says %s', number, owed, currency, posted) AS fault
FROM (SELECT i.number, i.currency,
        i.gross - i.amount_paid - i.amount_from_balance - coalesce(c.settled, 0) AS owed,
        coalesce(l.posted, 0) AS posted
    FROM invoices_invoice i
    LEFT JOIN (SELECT invoice_id, sum(to_invoice) AS settled FROM invoices_creditnote GROUP BY 1) c
        ON c.invoice_id = i.id
    LEFT JOIN (SELECT invoice_id, sum(amount) AS posted FROM invoices_ledgerentry
        WHERE account = 'receivable' GROUP BY 1) l ON l.invoice_id = i.id
    WHERE i.number IS NOT NULL) AS found"""

SETTLED = """
SELECT (i.amount_paid, i.amount_credited, i.amount_from_balance) IS DISTINCT FROM
        (coalesce(a.paid, 0), coalesce(c.credited, 0), coalesce(b.used, 0)) AS wrong, i.number AS key,
    format('invoice %s: paid %s, credited %s, from balance %s; its rows say %s, %s, %s', i.number, i.amount_paid,
        i.amount_credited, i.amount_from_balance, coalesce(a.paid, 0), coalesce(c.credited, 0),
        coalesce(b.used, 0)) AS fault
FROM invoices_invoice i
LEFT JOIN (SELECT invoice_id, sum(amount) AS paid FROM invoices_allocation GROUP BY 1) a ON a.invoice_id = i.id
LEFT JOIN (SELECT invoice_id, sum(gross) AS credited FROM invoices_creditnote GROUP BY 1) c ON c.invoice_id = i.id
LEFT JOIN (SELECT invoice_id, -sum(amount) AS used FROM invoices_balanceentry WHERE kind = 'used' GROUP BY 1) b
    ON b.invoice_id = i.id
WHERE i.number IS NOT NULL"""

TOTALS = """
SELECT (net, tax, net) IS DISTINCT FROM (lines, taxes, bases) AS wrong, number AS key,
    format('%s: net %s and VAT %s; its lines say %s, its rates %s on %s', number, net, tax, lines, taxes, bases)
        AS fault
FROM (SELECT i.number, i.net, i.tax,
        (SELECT coalesce(sum(l.net), 0) FROM invoices_invoiceline l WHERE l.invoice_id = i.id) AS lines,
        (SELECT coalesce(sum(t.tax), 0) FROM invoices_invoicetax t WHERE t.invoice_id = i.id) AS taxes,
        (SELECT coalesce(sum(t.base), 0) FROM invoices_invoicetax t WHERE t.invoice_id = i.id) AS bases
    FROM invoices_invoice i WHERE i.number IS NOT NULL
    UNION ALL SELECT c.number, c.net, c.tax,
        (SELECT coalesce(sum(l.net), 0) FROM invoices_creditnoteline l WHERE l.credit_note_id = c.id),
        (SELECT coalesce(sum(t.tax), 0) FROM invoices_creditnotetax t WHERE t.credit_note_id = c.id),
        (SELECT coalesce(sum(t.base), 0) FROM invoices_creditnotetax t WHERE t.credit_note_id = c.id)
    FROM invoices_creditnote c) AS found"""

PAYMENTS = """
SELECT posted IS DISTINCT FROM kept AS wrong, id::text AS key,
    format('payment %s: %s %s was kept, the ledger says %s', id, kept, currency, posted) AS fault
FROM (SELECT p.id, p.currency,
        CASE WHEN p.status = 'succeeded' AND p.reversed_at IS NULL THEN p.captured - p.refunded ELSE 0 END AS kept,
        coalesce(sum(l.amount), 0) AS posted
    FROM invoices_payment p LEFT JOIN invoices_ledgerentry l ON l.payment_id = p.id
        AND l.account IN ('provider', 'cash', 'cheques', 'bank', 'terminal')
    GROUP BY p.id) AS found"""

ALLOCATIONS = """
SELECT allocated > captured OR allocated < 0 OR (reversed_at IS NOT NULL AND allocated <> 0) AS wrong, id::text AS key,
    format('payment %s: %s was captured, %s is allocated', id, captured, allocated) AS fault
FROM (SELECT p.id, p.captured, p.reversed_at, sum(a.amount) AS allocated
    FROM invoices_payment p JOIN invoices_allocation a ON a.payment_id = p.id GROUP BY p.id) AS found"""

OWED_BACK = """
SELECT due IS DISTINCT FROM posted AS wrong, id::text AS key,
    format('payment %s: %s is owed back, the ledger says %s', id, due, posted) AS fault
FROM (SELECT p.id, CASE WHEN p.reversed_at IS NULL THEN p.captured ELSE 0 END - coalesce(a.amount, 0)
            - coalesce(b.amount, 0) + coalesce(r.credited, 0)
            - coalesce(r.done, 0) AS due, coalesce(l.posted, 0) AS posted
    FROM invoices_payment p
    LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM invoices_allocation GROUP BY 1) a ON a.payment_id = p.id
    LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM invoices_balanceentry
        WHERE kind IN ('overpayment', 'reversal') GROUP BY 1) b ON b.payment_id = p.id
    LEFT JOIN (SELECT payment_id, sum(amount) FILTER (WHERE credit_note_id IS NOT NULL) AS credited,
            sum(amount) FILTER (WHERE status = 'succeeded') AS done
        FROM invoices_refund GROUP BY 1) r ON r.payment_id = p.id
    LEFT JOIN (SELECT payment_id, -sum(amount) AS posted FROM invoices_ledgerentry
        WHERE account = 'unallocated' GROUP BY 1) l ON l.payment_id = p.id
    WHERE p.status = 'succeeded') AS found"""

REFUNDS = """
SELECT p.refunded IS DISTINCT FROM coalesce(r.done, 0) AS wrong, p.id::text AS key,
    format('payment %s: %s was refunded, its refunds say %s', p.id, p.refunded, coalesce(r.done, 0)) AS fault
FROM invoices_payment p LEFT JOIN (SELECT payment_id, sum(amount) AS done FROM invoices_refund
    WHERE status = 'succeeded' GROUP BY 1) r ON r.payment_id = p.id"""

BALANCES = """
SELECT (sequence, balance_after) IS DISTINCT FROM (place, coalesce(before, 0) + amount) AS wrong,
    format('%s %s %s', payer_id, currency, lpad(sequence::text, 9, '0')) AS key,
    format('balance of %s in %s: entry %s moves by %s to %s, after %s', payer_id, currency, sequence, amount,
        balance_after, coalesce(before, 0)) AS fault
FROM (SELECT payer_id, currency, sequence, amount, balance_after,
        row_number() OVER life AS place, lag(balance_after) OVER life AS before
    FROM invoices_balanceentry WINDOW life AS (PARTITION BY payer_id, currency ORDER BY sequence)) AS found"""

BALANCES_POSTED = """
SELECT held IS DISTINCT FROM posted AS wrong, format('%s %s', payer_id, currency) AS key,
    format('balance of %s: %s %s is held, the ledger says %s', payer_id, held, currency, posted) AS fault
FROM (SELECT coalesce(b.payer_id, l.subscriber_id) AS payer_id, coalesce(b.currency, l.currency) AS currency,
        coalesce(b.held, 0) AS held, coalesce(l.posted, 0) AS posted
    FROM (SELECT payer_id, currency, sum(amount) AS held FROM invoices_balanceentry GROUP BY 1, 2) b
    FULL JOIN (SELECT subscriber_id, currency, -sum(amount) AS posted FROM invoices_ledgerentry
        WHERE account = 'balance' GROUP BY 1, 2) l
        ON (l.subscriber_id, l.currency) = (b.payer_id, b.currency)) AS found"""

QUESTIONS: Sequence[tuple[str, str, str]] = (
    ("the legs of each posting sum to zero", "postings", POSTINGS),
    ("the ledger sums to zero in each currency", "currencies", LEDGER),
    ("what is owed on each invoice is what the ledger says", "invoices", RECEIVABLE),
    ("what settled each invoice is there", "invoices", SETTLED),
    ("each document is the sum of its lines and of its rates", "documents", TOTALS),
    ("each payment is in the ledger, less what was refunded", "payments", PAYMENTS),
    ("no payment is allocated beyond what was captured", "allocated payments", ALLOCATIONS),
    ("what is owed back of each payment is what the ledger says", "captures", OWED_BACK),
    ("what was refunded of each payment is there", "payments", REFUNDS),
    ("each movement of a balance follows the one before", "movements", BALANCES),
    ("each balance is what the ledger says", "balances", BALANCES_POSTED),
)


def check(today: date) -> Iterator[Checked]:
    """Ask every question of the tenant whose scope is open; `today` in real time. Reads only; constant memory."""
    for rule, of, question in (*QUESTIONS, *books_documents.QUESTIONS):
        yield asked(rule, of, question)
    yield from series(today)


def asked(rule: str, of: str, question: str) -> Checked:
    """Ask for rows `(wrong, key, fault)`; they are counted by the database, and the first fault by key is kept."""
    first_fault = "(array_agg(fault ORDER BY key) FILTER (WHERE wrong))[1]"
    counted = f"SELECT count(*), count(*) FILTER (WHERE wrong), {first_fault} FROM ({question}) AS asked"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(counted)
        count, wrong, first = cursor.fetchone()
    return Checked(rule=rule, of=of, count=count, wrong=wrong, first=first or "")


def series(today: date) -> Iterator[Checked]:
    """What `proof` says of every series, by subject."""
    counts = dict.fromkeys(("numbers", "invoices", "credit notes"), 0)
    wrong: dict[str, int] = {}
    first: dict[str, str] = {}
    for row in NumberSeries.objects.select_related("site").order_by("id"):
        proof = prove(row, today=today)
        counts["numbers"] += proof.count
        counts["invoices" if row.kind == NumberSeries.Kind.INVOICE else "credit notes"] += proof.count
        for subject, fault in proof.firsts.items():
            rule = _rule(subject, row)
            wrong[rule] = wrong.get(rule, 0) + proof.wrong[subject]
            first.setdefault(rule, str(fault))
    for rule, of in SERIES:
        yield Checked(rule=rule, of=of, count=counts[of], wrong=wrong.get(rule, 0), first=first.get(rule, ""))


SERIES = (
    ("numbers run from 1 without gap, in order of date", "numbers"),
    ("each number is linked to the one before it", "numbers"),
    ("each invoice says what it said when it was finalised", "invoices"),
    ("each credit note says what it said when it was made", "credit notes"),
)


def _rule(subject: Subject, row: NumberSeries) -> str:
    if subject in (Subject.number, Subject.date):
        return SERIES[0][0]
    if subject is Subject.chain:
        return SERIES[1][0]
    return SERIES[2 if row.kind == NumberSeries.Kind.INVOICE else 3][0]
