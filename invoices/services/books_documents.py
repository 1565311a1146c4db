"""The questions that `books` asks of documents and payments: amounts, discounts, VAT, credits, states, currencies.

Each is one SELECT of rows `(wrong, key, fault)` over a tenant (reliability §5: I2, I4, I5, I6, I9, I12, I13).
"""

from __future__ import annotations

from collections.abc import Sequence

LINES = """
SELECT amount IS DISTINCT FROM cost AS wrong, format('%s %s', number, lpad(position::text, 9, '0')) AS key,
    format('%s: line %s says %s, its inputs come to %s', number, position, amount, cost) AS fault
FROM (SELECT i.number, l.position, l.amount,
        round((l.inputs->>'unit_amount')::numeric * (l.inputs->>'quantity')::numeric
            * coalesce((l.inputs->>'days')::numeric, 1) / coalesce((l.inputs->>'whole_days')::numeric, 1)) AS cost
    FROM invoices_invoiceline l JOIN invoices_invoice i ON i.id = l.invoice_id
    WHERE l.inputs ? 'unit_amount' AND l.inputs ? 'quantity') AS found"""

DISCOUNTS = """
SELECT discount IS DISTINCT FROM shares OR least < 0 AS wrong,
    format('%s %s', number, lpad(position::text, 9, '0')) AS key,
    format('%s: line %s is discounted by %s, its coupons say %s', number, position, discount, shares) AS fault
FROM (SELECT i.number, l.position, l.discount,
        (SELECT coalesce(sum((share->>'amount')::bigint), 0)
            FROM jsonb_array_elements(coalesce(l.inputs->'discounts', '[]')) AS share) AS shares,
        (SELECT coalesce(min((share->>'amount')::bigint), 0)
            FROM jsonb_array_elements(coalesce(l.inputs->'discounts', '[]')) AS share) AS least
    FROM invoices_invoiceline l JOIN invoices_invoice i ON i.id = l.invoice_id
    WHERE l.discount <> 0 OR l.inputs ? 'discounts') AS found"""

RATES = """
SELECT charged IS DISTINCT FROM expected OR nets IS DISTINCT FROM base OR (categories = 1 AND tax <> due) AS wrong,
    format('%s %s', number, percent) AS key,
    format('%s at %s %%: base %s and VAT %s; its lines charge %s, net %s, so VAT is %s', number, percent, base, tax,
        charged, nets, due) AS fault
FROM (SELECT i.number, percent, t.base, t.tax, t.categories, l.charged, l.nets,
        CASE i.tax_behavior WHEN 'inclusive' THEN t.base + t.tax ELSE t.base END AS expected,
        CASE i.tax_behavior WHEN 'inclusive' THEN round(l.charged * percent / (100 + percent))
            ELSE round(l.charged * percent / 100) END AS due
    FROM (SELECT invoice_id, tax_percent AS percent, sum(base) AS base, sum(tax) AS tax, count(*) AS categories
            FROM invoices_invoicetax GROUP BY 1, 2) t
        FULL JOIN (SELECT invoice_id, tax_percent AS percent, sum(amount - discount) AS charged, sum(net) AS nets
            FROM invoices_invoiceline GROUP BY 1, 2) l USING (invoice_id, percent)
        JOIN invoices_invoice i ON i.id = invoice_id) AS found"""

CREDITED_LINES = """
SELECT credited > charged AS wrong, format('%s %s', number, lpad(position::text, 9, '0')) AS key,
    format('%s: line %s charged %s, %s was credited', number, position, charged, credited) AS fault
FROM (SELECT i.number, l.position, l.amount - l.discount AS charged, sum(c.amount) AS credited
    FROM invoices_creditnoteline c JOIN invoices_invoiceline l ON l.id = c.invoice_line_id
    JOIN invoices_invoice i ON i.id = l.invoice_id GROUP BY i.number, l.id) AS found"""

CREDITED_RATES = """
SELECT credited_base > base OR credited_tax > tax OR (whole AND (credited_base, credited_tax) <> (base, tax)) AS wrong,
    format('%s %s', number, percent) AS key,
    format('%s at %s %%: base %s and VAT %s; %s and %s of them were credited%s', number, percent, base, tax,
        credited_base, credited_tax, CASE WHEN whole THEN ', in full' ELSE '' END) AS fault
FROM (SELECT i.number, t.tax_percent AS percent, i.amount_credited = i.gross AS whole,
        sum(t.base) AS base, sum(t.tax) AS tax, coalesce(max(c.base), 0) AS credited_base,
        coalesce(max(c.tax), 0) AS credited_tax
    FROM invoices_invoice i JOIN invoices_invoicetax t ON t.invoice_id = i.id
    LEFT JOIN (SELECT n.invoice_id, x.tax_percent, sum(x.base) AS base, sum(x.tax) AS tax
        FROM invoices_creditnotetax x JOIN invoices_creditnote n ON n.id = x.credit_note_id GROUP BY 1, 2) c
        ON (c.invoice_id, c.tax_percent) = (i.id, t.tax_percent)
    WHERE i.amount_credited > 0 GROUP BY i.id, t.tax_percent) AS found"""

REFUNDS_WITHIN = """
SELECT asked > captured AS wrong, id::text AS key,
    format('payment %s: %s was captured, %s is to be refunded', id, captured, asked) AS fault
FROM (SELECT p.id, p.captured, sum(r.amount) AS asked FROM invoices_payment p
    JOIN invoices_refund r ON r.payment_id = p.id WHERE r.status <> 'failed' GROUP BY p.id) AS found"""

STATES = """
SELECT status IS DISTINCT FROM said OR (status = 'paid') <> (paid_at IS NOT NULL AND status = 'paid')
        OR (collect_at IS NOT NULL AND status <> 'open') AS wrong, number AS key,
    format('invoice %s is %s%s: %s %s of %s is due, %s was credited', number, status,
        CASE WHEN collect_at IS NULL THEN '' ELSE ' and to be collected' END, due, currency, gross, amount_credited)
        AS fault
FROM (SELECT *, CASE WHEN gross > 0 AND amount_credited = gross THEN 'cancelled'
        WHEN due <= 0 THEN 'paid' WHEN status = 'uncollectible' THEN status ELSE 'open' END AS said
    FROM (SELECT *, gross - amount_paid - amount_from_balance - amount_credited AS due
        FROM invoices_invoice WHERE number IS NOT NULL) AS numbered) AS found"""

OUTCOMES = """
SELECT CASE WHEN status = 'succeeded' THEN captured <= 0 AND amount > 0 OR settled_at IS NULL
            OR (provider_ref = '' AND gateway <> 'manual' AND means IN ('card', 'sepa_debit'))
        ELSE captured <> 0 OR refunded <> 0 OR (status = 'failed') <> (settled_at IS NOT NULL) END AS wrong,
    id::text AS key,
    format('payment %s is %s: %s of %s %s captured, known there as “%s”, settled %s', id, status, captured, amount,
        currency, provider_ref, coalesce(settled_at::text, 'never')) AS fault
FROM invoices_payment"""

CURRENCIES = """
SELECT theirs <> ours AS wrong, key, format('%s is in %s, %s in %s', part, theirs, whole, ours) AS fault
FROM (SELECT l.id::text AS key, format('line %s of %s', l.position, i.number) AS part, l.inputs->>'currency' AS theirs,
        'the invoice' AS whole, i.currency AS ours
    FROM invoices_invoiceline l JOIN invoices_invoice i ON i.id = l.invoice_id WHERE l.inputs ? 'currency'
    UNION ALL SELECT c.id::text, c.number, c.currency, i.number, i.currency
    FROM invoices_creditnote c JOIN invoices_invoice i ON i.id = c.invoice_id
    UNION ALL SELECT p.id::text, format('payment %s', p.id), p.currency, i.number, i.currency
    FROM invoices_payment p JOIN invoices_invoice i ON i.id = p.invoice_id
    UNION ALL SELECT a.id::text, format('payment %s', p.id), p.currency, i.number, i.currency
    FROM invoices_allocation a JOIN invoices_payment p ON p.id = a.payment_id
    JOIN invoices_invoice i ON i.id = a.invoice_id
    UNION ALL SELECT r.id::text, format('refund %s', r.id), r.currency, format('payment %s', p.id), p.currency
    FROM invoices_refund r JOIN invoices_payment p ON p.id = r.payment_id
    UNION ALL SELECT l.id::text, format('leg %s', l.id), l.currency,
        coalesce(i.number, c.number, format('payment %s', p.id)), coalesce(i.currency, c.currency, p.currency)
    FROM invoices_ledgerentry l LEFT JOIN invoices_invoice i ON i.id = l.invoice_id
    LEFT JOIN invoices_creditnote c ON c.id = l.credit_note_id LEFT JOIN invoices_payment p ON p.id = l.payment_id
    WHERE coalesce(i.currency, c.currency, p.currency) IS NOT NULL
    UNION ALL SELECT b.id::text, format('movement %s', b.id), b.currency, i.number, i.currency
    FROM invoices_balanceentry b JOIN invoices_invoice i ON i.id = b.invoice_id) AS found"""

QUESTIONS: Sequence[tuple[str, str, str]] = (
    ("each line costs what its inputs come to", "lines", LINES),
    ("each discount is the sum of its coupons' shares", "discounted lines", DISCOUNTS),
    ("VAT is the rate on each rate's sum", "rates", RATES),
    ("no line is credited beyond what it charged", "credited lines", CREDITED_LINES),
    ("what is credited stays within each rate, and in full is the invoice", "credited rates", CREDITED_RATES),
    ("no payment is refunded beyond what was captured", "refunded payments", REFUNDS_WITHIN),
    ("each invoice's state follows from what settled it", "invoices", STATES),
    ("each payment's state follows from its outcome", "payments", OUTCOMES),
    ("all parts of a document have its currency", "parts", CURRENCIES),
)
