"""What a tablet sends of an enrolment, read and looked up: each fault beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.counter.frame import Counter
from billing.flows.enrol import Place, Walkin
from billing.flows.enrol_papers import DEBIT, DebitAccount
from billing.flows.purchase import WishedOption
from billing.flows.purchase_coupons import coupon_by_code
from billing.selectors.at_counter import sold_here
from merchants import ids
from merchants.models import Offer, OfferVersion, Option
from merchants.refusals import FieldError, Invalid, gettext_noop
from merchants.typed import typed_amount
from subscribers.models import Subscriber
from subscribers.selectors.people import visible
from subscribers.services.mandates import reference_of

PROFILE = ("name", "phone", "email")


def place_of(counter: Counter) -> Place:
    """Where and by whom."""
    return Place(site=counter.site, device=counter.device, member=counter.membership, actor=counter.actor)


def person_of(counter: Counter, shown: str) -> Subscriber | None:
    """The known person who was chosen: one of this site, or of any where the merchant shares its members."""
    key = ids.read("cus", shown) if shown else None
    if key is None:
        return None
    rows = visible().filter(id=key, erased_at=None)
    if not counter.merchant.shares_members:
        rows = rows.filter(site=counter.site)
    return rows.select_related("payer").first()


def chosen_version(counter: Counter, sent: QueryDict) -> OfferVersion | None:
    """The offer's version that was chosen, where this site sells it."""
    key = ids.read("off", sent.get("offer", ""))
    sold = sold_here(currency=counter.merchant.currency, site_id=counter.site.pk)
    return sold.get(key) if key else None


def read_walkin(counter: Counter, sent: QueryDict, *, seen: int | None = None) -> Walkin:
    """What was sent, looked up. Raises Invalid naming each faulty field. `seen`: for a preview, which reads no sum."""
    faults: list[FieldError] = []
    version = chosen_version(counter, sent)
    if version is None:
        faults.append(_fault("offer", "required", gettext_noop("Choose an offer of this site.")))
    person = person_of(counter, sent.get("person", ""))
    if sent.get("person") and person is None:
        faults.append(_fault("person", "not_found", gettext_noop("This person is not known here.")))
    profile: dict[str, Any] = {name: sent.get(name, "").strip() for name in PROFILE if sent.get(name, "").strip()}
    born = _born(sent, faults)
    if born:
        profile["birth_on"] = born
    coupons = []
    if code := sent.get("coupon", "").strip():
        found = coupon_by_code(code)
        if found is None:
            faults.append(_fault("coupon", "coupon_unknown", gettext_noop("This code is not known.")))
        else:
            coupons = [found]
    currency = version.currency if version else counter.merchant.currency
    tendered = _tendered(sent, currency, faults)
    client_id = _uuid(sent.get("client_id", ""))
    if client_id is None and seen is None:
        faults.append(_fault("client_id", "required", gettext_noop("Load the page again.")))
    if faults:
        raise Invalid(code=faults[0].code, errors=faults)
    assert version is not None
    return Walkin(
        client_id=client_id or UUID(int=0),
        offer=Offer.objects.get(id=version.offer_id),
        means=sent.get("means", ""),
        later=sent.get("later", ""),
        seen=seen if seen is not None else _whole(sent.get("seen", ""), -1) or 0,
        subscriber=person,
        profile={} if person else profile,
        options=_options(sent),
        coupons=coupons,
        tendered=tendered,
        account=_account(counter, sent, client_id, person),
        seconds=_whole(sent.get("seconds", ""), None),
        touches=_whole(sent.get("touches", ""), None),
    )


def _account(
    counter: Counter, sent: QueryDict, client_id: UUID | None, person: Subscriber | None
) -> DebitAccount | None:
    """The account that is to be debited, where one was chosen. Whose it is stands there already: who is enrolled."""
    if DEBIT not in (sent.get("means"), sent.get("later")):
        return None
    holder = sent.get("holder", "").strip() or (person.name if person else sent.get("name", "").strip())
    reference = reference_of(client_id or UUID(int=0), counter.now)
    return DebitAccount(iban=sent.get("iban", "")[:60], holder=holder, reference=reference)


def _options(sent: QueryDict) -> list[WishedOption]:
    keys = [key for key in (ids.read("opt", one) for one in sent.getlist("option")) if key]
    rows: Mapping[UUID, Any] = Option.objects.in_bulk(keys)
    return [WishedOption(option=rows[key]) for key in dict.fromkeys(keys) if key in rows]


def _tendered(sent: QueryDict, currency: str, faults: list[FieldError]) -> int | None:
    """Cash handed over: a key's sum in minor units, or one that was typed. Only where cash pays."""
    if sent.get("means") != "cash":
        return None
    if sent.get("tendered") == "other":
        try:
            return typed_amount(sent.get("tendered_text", ""), currency, get_language() or "en", field="tendered")
        except Invalid as refusal:
            faults.extend(refusal.errors)
            return None
    return _whole(sent.get("tendered", ""), None)


def _born(sent: QueryDict, faults: list[FieldError]) -> date | None:
    text = sent.get("birth_on", "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.append(_fault("birth_on", "not_a_day", gettext_noop("Write a date that exists, such as 2026-11-22.")))
        return None


def _whole(text: str, otherwise: int | None) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else otherwise


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _fault(field: str, code: str, detail: str) -> FieldError:
    return FieldError(field=field, code=code, detail=detail)


def said(refusal: Invalid) -> dict[str, str]:
    """A refusal's words by field, in the reader's language."""
    told: dict[str, str] = {}
    for error in refusal.errors:
        told.setdefault(error.field.partition("[")[0], error.say(_))
    return told
