"""What decides on the legal lines of a document: its sums, its parties, what the legal entity says of itself."""

from __future__ import annotations

from invoices.drafts import DraftInvoice
from invoices.mentions import Mentions, mention_lines, operation_of
from invoices.models import Invoice, InvoiceTax
from invoices.paper import Locale
from invoices.services.credit_plans import Plan, terms
from invoices.totals import Totals
from merchants import languages
from merchants.languages import said_in
from merchants.models import LegalEntity, Merchant
from merchants.territories import FRENCH, place
from subscribers.models import Subscriber
from subscribers.snapshots import TaxBehavior


def invoice_lines(
    draft: DraftInvoice, sums: Totals, *, payer: Subscriber, entity: LegalEntity, merchant: Merchant
) -> list[str]:
    """The legal lines of an invoice, in the document's language, frozen with it."""
    language = language_of(payer.locale or merchant.locale)
    franchise = _french_franchise(entity)
    return mention_lines(
        Mentions(
            inclusive=draft.tax_behavior is TaxBehavior.inclusive,
            taxed=bool(sums.tax),
            operation=operation_of(line.tax_code for line in draft.lines),
            vat_on_debits=entity.vat_on_debits,
            vat_exempt=franchise,
            professional=bool(payer.siren or payer.vat_number or payer.company),
            late_penalty=said_in(entity.late_penalty, language),
            early_discount=said_in(entity.early_discount, language),
            contact=entity.email or merchant.support_email,
            exemptions=() if franchise else tuple(said_in(rate.mention, language) for rate in sums.rates),
            extra=_own_lines(entity, language),
        ),
        locale=language,
    )


def credit_lines(invoice: Invoice, planned: Plan, merchant: Merchant) -> list[str]:
    """The legal lines of a credit note: the reasons are those of the invoice's rates that it takes back."""
    entity, language = invoice.legal_entity, language_of(invoice.locale)
    franchise = _french_franchise(entity)
    back = {(tax.percent, tax.category) for tax in planned.credit.taxes}
    taxes = InvoiceTax.objects.filter(invoice=invoice).order_by("-tax_percent", "category")
    said = [tax.mention for tax in taxes if (tax.tax_percent, tax.category) in back]
    return mention_lines(
        Mentions(
            credit_note=True,
            inclusive=terms(invoice) is TaxBehavior.inclusive,
            taxed=bool(planned.credit.tax),
            operation=operation_of(planned.lines[line.at].tax_code for line in planned.credit.lines),
            vat_on_debits=entity.vat_on_debits,
            vat_exempt=franchise,
            contact=entity.email or merchant.support_email,
            exemptions=() if franchise else tuple(said),
            extra=_own_lines(entity, language),
        ),
        locale=language,
    )


def language_of(locale: str) -> Locale:
    """The language that a document is written in."""
    return languages.language_of(locale).code


def _french_franchise(entity: LegalEntity) -> bool:
    """Whether the first line says CGI 293 B: a franchise elsewhere says its own law beside its rate."""
    return entity.vat_exempt and place(entity.country, entity.postal_code) in FRENCH


def _own_lines(entity: LegalEntity, language: str) -> tuple[str, ...]:
    """What the merchant adds at the foot: by language, then the line that is the same in both."""
    return tuple(line for line in (said_in(entity.own_mentions, language), entity.footer) if line)
