"""What the demo's walk-ins sign: a mandate of a test account, and the terms that salons ask everybody to sign from then
on. By the product's own flows, with the words that it prints."""

from __future__ import annotations

from uuid import UUID

from billing.demo import ACTOR
from billing.flows.enrol_papers import MANDATE, DebitAccount
from invoices.agreements import Signing, mandate
from invoices.services import issuing
from invoices.services.signing import Draft
from merchants.iban import check_iban
from merchants.models import LegalEntity, Merchant, Site
from merchants.now import Now
from merchants.services.entities import update_legal_entity
from subscribers.services.mandates import reference_of

IBAN = "FR1420041010050500013M02606"
"""A public test account of Stripe's: it debits nobody."""
CREDITOR = "FR72ZZZ123456"
TERMS = {
    "fr": (
        "1. Le forfait est nominatif et ne se cède pas.\n"
        "2. Les séances d’un mois qui n’ont pas été prises ne se reportent pas.\n"
        "3. La séance est réservée aux personnes majeures (décret n° 2013-1261).\n"
        "4. Le forfait se résilie à l’accueil ou par écrit ; ce qui est payé reste ouvert jusqu’à son terme."
    ),
    "en": (
        "1. The pass is personal and cannot be handed on.\n"
        "2. Sessions of a month that were not taken are not carried over.\n"
        "3. Sessions are for adults only (décret n° 2013-1261).\n"
        "4. The pass is cancelled at the desk or in writing; what is paid stays open to its end."
    ),
}
_STROKES = [
    [[120, 190], [180, 80], [240, 200], [300, 120], [420, 170], [560, 110]],
    [[600, 150], [760, 130], [880, 190]],
]


def signed_mandate(client_id: UUID, name: str, site: Site, now: Now) -> tuple[DebitAccount, list[Draft]]:
    """An account, and its mandate as somebody signs it at a salon. Needs the tenant's scope."""
    entity, merchant = LegalEntity.objects.get(), Merchant.objects.get()
    account = DebitAccount(iban=IBAN, holder=name, reference=reference_of(client_id, now))
    signing = Signing(
        locale="fr", issuer=issuing.issuer(entity, merchant), signer=[name], place=site.city, on=now.today
    )
    words = mandate(
        check_iban(IBAN), name, reference=account.reference, creditor=entity.creditor_identifier, signing=signing
    )
    draft = Draft(kind=MANDATE, locale="fr", content=words, secret=IBAN, signature={"strokes": _STROKES})
    return account, [draft]


def ask_for_signatures(now: Now) -> None:
    """From now on nobody is enrolled unsigned. Needs the tenant's scope."""
    update_legal_entity(LegalEntity.objects.get(), actor=ACTOR, now=now, contract_terms=TERMS)
