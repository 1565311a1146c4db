"""The papers that somebody signs at the counter: their words from what is chosen, and one digest over all of them, by
which a signature holds for what was read and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing.counter.frame import Counter
from billing.flows.enrol import Walkin
from billing.flows.enrol_papers import CONTRACT, DEBIT, to_sign
from billing.flows.purchase import issuing_entity
from billing.flows.subscribe import Previewed
from billing.wording import how_often, leaving_words
from invoices import agreements
from invoices.agreements import Agreed, Signing
from invoices.services import issuing
from invoices.services.signing import Draft, read_signature
from merchants.canonical import digest
from merchants.iban import check_iban
from merchants.languages import said_in
from merchants.refusals import Conflict, gettext_noop
from merchants.wording import amount_text, long_date_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """A paper that waits for its signature."""

    kind: str
    content: dict[str, Any]
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """All that is signed at once, in the language of who signs; `digest` says which words they are."""

    locale: str
    unsigned: Sequence[Unsigned]

    @property
    def digest(self) -> str:
        """One number for all the words; '' where nothing is to be signed."""
        said = [[one.kind, one.content, one.secret] for one in self.unsigned]
        return digest([self.locale, said]) if said else ""


class PaperChanged(Conflict):
    """What was signed is not what is enrolled."""

    code = "paper_changed"
    detail = gettext_noop("What was signed has changed since: it is signed again.")
    way_out = gettext_noop("Read and sign again.")


def papers_for(counter: Counter, walkin: Walkin, seen: Previewed) -> Papers:
    """What is to be signed for what was chosen. Raises Invalid at `iban` where a mandate has no account yet."""
    person, entity = walkin.subscriber, issuing_entity()
    locale = person.locale if person else counter.merchant.locale
    profile = walkin.profile
    name = person.name if person else str(profile.get("name", "")).strip()
    reached = (person.phone, person.email) if person else (profile.get("phone", ""), profile.get("email", ""))
    signing = Signing(
        locale=locale,
        issuer=issuing.issuer(entity, counter.merchant),
        signer=[name, *filter(None, reached)],
        place=counter.site.city or counter.site.name,
        on=counter.now.today,
    )
    unsigned = []
    for kind in to_sign(entity, means=walkin.means, later=walkin.later):
        if kind == CONTRACT:
            agreed = _agreed(walkin, seen, entity.contract_terms, locale)
            unsigned.append(Unsigned(kind=kind, content=agreements.contract(agreed, signing)))
            continue
        assert walkin.account is not None  # the flow looks at it before
        account = check_iban(walkin.account.iban)
        content = agreements.mandate(
            account,
            walkin.account.holder,
            reference=walkin.account.reference,
            creditor=entity.creditor_identifier,
            signing=signing,
        )
        unsigned.append(Unsigned(kind=kind, content=content, secret=account.number))
    return Papers(locale=locale, unsigned=unsigned)


def signed(papers: Papers, sent: QueryDict) -> list[Draft]:
    """The papers with the signature that was sent. Raises Invalid at `signature`, and PaperChanged."""
    if not papers.unsigned:
        return []
    signature = read_signature(sent.get("signature", ""), sent.get("signed_name", ""))
    if sent.get("signed_digest", "") != papers.digest:
        raise PaperChanged
    return [
        Draft(kind=one.kind, locale=papers.locale, content=one.content, secret=one.secret, signature=signature)
        for one in papers.unsigned
    ]


def _agreed(walkin: Walkin, seen: Previewed, terms: dict[str, str], locale: str) -> Agreed:
    offer = seen.opened.offer
    with override(locale):
        rows = [(said_in(line.title, locale), "", line.amount) for draft in seen.documents for line in draft.lines] + [
            (share.code, "", -share.amount)
            for draft in seen.documents
            for line in draft.lines
            for share in line.discounts
        ]
        later = [
            _("%(amount)s %(often)s, from %(day)s")
            % {
                "amount": amount_text(one.gross, offer.currency, locale),
                "often": how_often(one.interval.unit.value, one.interval.count, one.times),
                "day": long_date_text(one.from_on, locale),
            }
            for one in seen.later
            if one.gross
        ]
        return Agreed(
            offer=said_in(offer.title, locale),
            options=[said_in(one.title, locale) for one in seen.opened.options],
            rows=rows,
            due=seen.due,
            currency=offer.currency,
            later=later,
            leaving=leaving_words(offer),
            paid_by={DEBIT: _("SEPA direct debit"), "card": _("Card"), "counter": _("At the counter")}.get(
                walkin.later, ""
            ),
            terms=terms,
        )
