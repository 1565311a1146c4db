"""What a seller says to whoever stands at the counter when a card did not pay."""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.gateways import declines, readers

QUIET = {"", "expired", "never_asked", readers.NOT_SHOWN}
"""Codes of what was only left or closed: nothing to say."""


def why_not(code: str) -> str:
    """Why nothing was paid, and what to do; empty for what nobody need hear of."""
    if code in QUIET:
        return ""
    said = {
        declines.INSUFFICIENT_FUNDS: _("The card's limit is reached. Another card, or another means."),
        declines.CARD_EXPIRED: _("This card has expired. Another card, or another means."),
        declines.CARD_LOST_OR_STOLEN: _("The bank refused this card. Another card, or another means."),
        declines.ACCOUNT_REFUSED: _("The bank will not have this account debited. Another account, or another means."),
        declines.PROCESSING_ERROR: _("The bank could not answer at the moment. Try once more."),
        declines.AMOUNT_TOO_SMALL: _("The sum is too small for a card. Take it another way."),
        readers.BUSY: _("The reader waits for the card of another payment. Try in a moment, or take another reader."),
        readers.OFFLINE: _("The reader is off or without network. Switch it on, or show the QR code."),
        readers.UNKNOWN_READER: _("The provider does not know this reader any more. Show the QR code."),
        readers.LEFT_AT_READER: _("It was given up at the reader, or nobody presented a card in time."),
    }
    asked = {declines.NO_ANSWER, declines.PROVIDER_ERROR, declines.RATE_LIMITED, declines.IN_PROGRESS}
    if code in asked:
        return _("The provider did not answer. Nothing is lost: we go on asking.")
    return said.get(code) or _("The bank refused this card. They can try another one.")
