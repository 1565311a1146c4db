"""A signed paper as a file: printed from its frozen words whenever it is asked for, the same bytes each time."""

from __future__ import annotations

from invoices.models import SignedPaper
from invoices.pdf import render_sheet
from invoices.selectors.signed import sheet_of
from invoices.services.files import Printed
from invoices.services.signing import account_on, is_intact
from merchants.models import Merchant
from merchants.refusals import Conflict, gettext_noop


class PaperTampered(Conflict):
    """The row is not what was signed."""

    code = "paper_tampered"
    detail = gettext_noop("This paper is no longer what was signed: its proof does not hold.")
    way_out = gettext_noop("Restore it from a backup, and find out who changed the database.")


def paper_file(row: SignedPaper, merchant: Merchant) -> Printed:
    """The paper as PDF/A. About a fifth of a second. Raises PaperTampered where its proof does not hold."""
    if not is_intact(row):
        raise PaperTampered
    content = render_sheet(sheet_of(row, merchant, account_on(row)))
    day = f"{row.signed_at:%Y-%m-%d}"
    return Printed(content=content, media_type="application/pdf", name=f"{row.kind}-{day}-{row.public_id}.pdf")
