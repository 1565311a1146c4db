"""The names of what changes point to (offers, options, features, methods…), loaded together: one query a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import models

from merchants.languages import said_in
from merchants.models import (
    Coupon,
    Feature,
    LegalEntity,
    Membership,
    Offer,
    OfferVersion,
    OptionVersion,
    Site,
    TestClock,
)
from merchants.tenancy.models import TenantForeignKey
from subscribers.models import (
    Change,
    Grant,
    PaymentMethod,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
    SubscriptionOption,
)
from subscribers.selectors.history_answers import SUBJECTS
from subscribers.selectors.offers_had import OfferChange, offer_changes
from subscribers.selectors.pictures import newest_versions

Says = Callable[[Any, str], str]
"""A row's name in a language."""


def offer_names(offers: Sequence[Offer], language: str) -> dict[UUID, str]:
    """What offers are called, by id: by the title of their newest version, else by their reference. Three queries, none
    without offers. Needs the tenant's scope."""
    newest = newest_versions([offer.pk for offer in offers]) if offers else {}
    versions = OfferVersion.objects.filter(id__in=newest.values()) if newest else OfferVersion.objects.none()
    titles = dict(versions.values_list("offer_id", "title"))
    return {offer.pk: said_in(titles.get(offer.pk, {}), language) or offer.reference for offer in offers}


def offers_to_choose(language: str) -> list[tuple[str, str]]:
    """Offers for a filter, the 200 newest: public id and name, in the order of names. Four queries."""
    offers = list(Offer.objects.order_by("-id")[:200])
    names = offer_names(offers, language)
    return sorted(((offer.public_id, names[offer.pk]) for offer in offers), key=lambda one: one[1].casefold())


def method_name(row: PaymentMethod, language: str = "") -> str:
    """What one sees of a payment method: `Visa 4242`.

    >>> method_name(PaymentMethod(kind="card", brand="visa", last4="4242"))
    'Visa 4242'
    """
    brand = row.brand.replace("_", " ")
    known = brand[:1].upper() + brand[1:] if brand else {"sepa_debit": "SEPA"}.get(row.kind, "")
    return f"{known} {row.last4}".strip()


SAYS: Mapping[type[models.Model], Says] = {
    OfferVersion: lambda row, language: said_in(row.title, language),
    OptionVersion: lambda row, language: said_in(row.title, language),
    Feature: lambda row, language: said_in(row.title, language) or row.reference,
    Coupon: lambda row, language: said_in(row.title, language) if row.is_gesture else row.code,
    Site: lambda row, language: row.name,
    Membership: lambda row, language: row.user.name or row.user.email,
    LegalEntity: lambda row, language: row.name,
    TestClock: lambda row, language: row.name,
    PaymentMethod: method_name,
    Subscriber: lambda row, language: row.name or row.company or row.reference,
}
"""What has a name."""

OF_SUBJECT: Mapping[str, tuple[type[models.Model], str, type[models.Model]]] = {
    "subscription": (Subscription, "offer_version_id", OfferVersion),
    "option": (SubscriptionOption, "option_version_id", OptionVersion),
    "coupon": (SubscriptionCoupon, "coupon_id", Coupon),
    "grant": (Grant, "feature_id", Feature),
}
"""What a kind of subject is named after, by a key of its own."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names by model and id, and what each subject is named after."""

    language: str
    rows: Mapping[type[models.Model], Mapping[UUID, Any]]
    subjects: Mapping[UUID, UUID] = field(default_factory=dict)
    offers: Mapping[UUID, Sequence[OfferChange]] = field(default_factory=dict)

    def of(self, model: type[models.Model], id_: Any) -> str:
        """The name of a row; empty where it is not known."""
        row = self.rows.get(model, {}).get(UUID(str(id_))) if id_ else None
        return SAYS[model](row, self.language) if row is not None and model in SAYS else ""

    def of_change(self, change: Change) -> str:
        """What a change is about, by the name that it had then: a subscription's offer may be another one since."""
        later = (one for one in self.offers.get(change.subject_id, ()) if _before(change, one))
        since = next(later, None)
        column = OF_SUBJECT["subscription"][1]
        then = (
            {column: since.before, **change.after} if since and change.subject_kind == "subscription" else change.after
        )
        return self.of_subject(change.subject_kind, change.subject_id, then=then)

    def of_subject(self, kind: str, subject_id: UUID, *, then: Mapping[str, Any] | None = None) -> str:
        """What a row is named after: the offer of a subscription, the feature of a grant… as it was in the columns
        `then` where they say it."""
        if kind in OF_SUBJECT:
            _, column, model = OF_SUBJECT[kind]
            return self.of(model, (then or {}).get(column) or self.subjects.get(subject_id))
        return self.of(SUBJECTS[kind], subject_id) if kind in SUBJECTS else ""


def _before(change: Change, other: OfferChange) -> bool:
    return (change.recorded_at, change.pk) < (other.recorded_at, other.change_id)


def names_for(changes: Iterable[Change], language: str) -> Names:
    """The names of everything that these changes point to."""
    wanted: dict[type[models.Model], set[UUID]] = defaultdict(set)
    about: dict[str, set[UUID]] = defaultdict(set)
    for change in changes:
        about[change.subject_kind].add(change.subject_id)
        model = SUBJECTS.get(change.subject_kind)
        keys = (
            {f.attname: f.related_model for f in model._meta.local_fields if isinstance(f, TenantForeignKey)}
            if model
            else {}
        )
        for patch in (change.before, change.after):
            for column, value in patch.items():
                if column in keys and value and keys[column] in SAYS:
                    wanted[keys[column]].add(UUID(value))
    wanted[PaymentMethod] |= about["payment_method"]
    subjects: dict[UUID, UUID] = {}
    for kind, (model, column, named) in OF_SUBJECT.items():
        if about[kind]:
            rows: Any = model._default_manager.filter(id__in=about[kind])
            found = dict(rows.values_list("id", column))
            subjects |= found
            wanted[named] |= set(found.values())
    offers = offer_changes(about["subscription"]) if about["subscription"] else {}
    wanted[OfferVersion] |= {one.before for each in offers.values() for one in each}
    rows_by_model = {model: _rows(model).in_bulk(list(ids)) for model, ids in wanted.items() if ids}
    return Names(language, rows_by_model, subjects, offers)


def _rows(model: type[models.Model]) -> Any:
    """What is named, with what its name is read from."""
    rows = model._default_manager.all()
    return rows.select_related("user") if model is Membership else rows
