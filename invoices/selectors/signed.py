"""Signed papers as they are printed and listed: from frozen words, with the proof of who signed where and when."""

from __future__ import annotations

from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, override, pgettext

from invoices.mentions import identity
from invoices.models import SignedPaper
from invoices.selectors.paper_parties import issuer_of
from invoices.sheets import Sheet, drawn, running_words
from merchants.models import Merchant
from merchants.now import Now

WORDS: dict[str, Promise] = {
    SignedPaper.Kind.CONTRACT: gettext_lazy("Contract"),
    SignedPaper.Kind.MANDATE: gettext_lazy("SEPA mandate"),
}
"""What each kind is called."""


def papers_of(subscriber_id: UUID) -> list[SignedPaper]:
    """What a subscriber signed, newest first. One query. Needs the tenant's scope."""
    rows = SignedPaper.objects.filter(subscriber_id=subscriber_id).select_related("site", "member__user")
    return list(rows.order_by("-id")[:50])


def sheet_of(row: SignedPaper, merchant: Merchant, account: str) -> Sheet:
    """A paper as it is printed; `account` is the number that stands on a mandate, '' on any other. Three queries."""
    content = row.content
    issuer = issuer_of(content["issuer"], merchant)
    line, typed = drawn(row.signature)
    now = Now(at=row.signed_at, zone=merchant.timezone)
    facts = [tuple(fact) for fact in content["facts"]]
    with override(row.locale):
        if account:
            spaced = " ".join(account[at : at + 4] for at in range(0, len(account), 4))
            named = pgettext("paper", "Account")
            facts = [(label, spaced if label == named else value) for label, value in facts]
        proof = [
            (pgettext("paper", "Signed"), f"{row.signed_at:%Y-%m-%d %H:%M:%S} UTC"),
            (pgettext("paper", "Where"), row.site.name if row.site else ""),
            (pgettext("paper", "Device"), f"{row.device.name} · {row.device.public_id}" if row.device else ""),
            (pgettext("paper", "Before"), row.member.user.name or row.member.public_id if row.member else ""),
            (pgettext("paper", "Paper"), row.public_id),
            ("SHA-256", row.content_hash),
        ]
        words = {
            "title": content["title"],
            "author": issuer.full_name,
            "created": now.today.isoformat(),
            "brand": issuer.brand or issuer.name,
            "issuer": [issuer.full_name, *issuer.address],
            "signer": content["signer"],
            "facts": facts,
            "rows": content["rows"],
            "total": content["total"],
            "text": content["text"],
            "consent": content["consent"],
            "signed": content["signed"],
            "path": line,
            "typed": typed,
            "proof": [(label, value) for label, value in proof if value],
            "foot": [identity(issuer)],
            "practice": pgettext("paper", "Practice: this paper binds nobody.") if merchant.is_sandbox else "",
        }
    running = running_words(issuer.brand or issuer.name, content["title"], row.locale)
    return Sheet(locale=row.locale, words=words, ink=issuer.ink, logo=issuer.logo, running=running)
