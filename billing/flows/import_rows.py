"""Good rows of an old member file made into members: people, their subscriptions as they stand, options, rights and
mandates, each told in the history and the journal; a batch in a few statements of one transaction.

What a purchase writes one by one (`enrol`, `complete`) is written here for many; how each subscription stands is the
engine's word (`billing.engine.taking_over`), so that the billing run goes on with it as with any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from billing.engine.columns import columns
from billing.imports.members import Catalogue, Member, opened
from billing.models import ImportRow
from billing.selectors.import_lookups import sold_by_version, versions_of
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Feature, Merchant, OfferVersion
from merchants.now import Now, local_midnight
from merchants.secrets import unseal
from merchants.tenancy import bulk
from subscribers import history, shapes
from subscribers.lifecycle import PaymentState, access
from subscribers.models import Grant, Subscriber, Subscription, SubscriptionOption
from subscribers.services import facts
from subscribers.services.enrolling_many import Newcomer, enrol_many
from subscribers.services.facts import Lived
from subscribers.services.mandates_many import Former, take_over_many
from subscribers.snapshots import GrantSnapshot, SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Around:
    """What all rows of an import share."""

    merchant: Merchant
    catalogue: Catalogue
    actor: Actor
    now: Now


@dataclass(kw_only=True)
class _Life:
    """One member on the way in."""

    row: ImportRow
    member: Member
    person: Subscriber
    picture: SubscriptionSnapshot
    subscription: Subscription
    since: datetime
    """From when on it counts: its running period's first day, so that the history reads in the order it was lived."""


def members_of(rows: Sequence[ImportRow], around: Around) -> dict[UUID, Member]:
    """What good rows say, by the row's id; a row whose offer changed its version since is left out."""
    sold = sold_by_version(around.catalogue)
    found = {}
    for row in rows:
        said = json.loads(unseal(row.sealed))["member"]
        version_id = UUID(said["version"])
        if version_id in sold:
            found[row.pk] = Member.read(row.line, said, sold[version_id])
    return found


def enrol_rows(pairs: Sequence[tuple[ImportRow, Member]], around: Around) -> None:
    """Enrol the members of locked rows, and say so on the rows. Needs the tenant's scope; the database refuses whoever
    was enrolled meanwhile."""
    if not pairs:
        return
    ids = [new_id() for _ in pairs]
    newcomers = [
        Newcomer(id=id_, profile=member.profile, site_id=member.site_id)
        for id_, (_, member) in zip(ids, pairs, strict=True)
    ]
    act: dict[str, Any] = {"actor": around.actor, "now": around.now}
    people, told = enrol_many(newcomers, merchant=around.merchant, **act)
    versions = versions_of(member.sold.version_id for _, member in pairs)
    lives = [
        _life(row, member, person, versions[member.sold.version_id], around)
        for (row, member), person in zip(pairs, people, strict=True)
    ]
    _write([(one.subscription, one.since) for one in lives], "imported", around)
    _write([(row, one.since) for one in lives for row in _options(one, around.now)], "option_added", around)
    _write([(row, row.starts_at) for row in _grants(lives, around.now)], "opened", around)
    told += [_created(one) for one in lives]
    formers = [_former(one) for one in lives if one.member.mandate]
    told += take_over_many(formers, creditor=around.catalogue.entity, **act)[1]
    facts.tell_all(told, **act)
    bulk.update(
        ImportRow,
        ("status", "sealed", "subscription_id"),
        [(one.row.pk, ImportRow.Status.ENROLLED.value, b"", one.subscription.pk) for one in lives],
    )


def _write(rows: Sequence[tuple[Model, datetime]], verb: str, around: Around) -> None:
    """New rows of one kind, each told from its own instant on."""
    bulk.insert([row for row, _ in rows])
    entries = [history.Entry(row=row, verb=verb, columns=history.columns_of(row), effective_at=at) for row, at in rows]
    history.write_all(entries, actor=around.actor, now=around.now)


def _life(row: ImportRow, member: Member, person: Subscriber, version: OfferVersion, around: Around) -> _Life:
    now, id_ = around.now, new_id()
    option_ids = [new_id() for _ in member.options]
    picture = opened(
        member, around.catalogue, now.today, subscription_id=id_, person_id=person.pk, option_ids=option_ids
    )
    begun = picture.current_period is not None
    verdict = access(status=picture.status, today=now.today, payment_state=PaymentState.ok, start_on=picture.start_on)
    subscription = Subscription(
        id=id_,
        subscriber=person,
        payer=person,
        legal_entity=around.catalogue.entity,
        offer_version=version,
        currency=version.currency,
        quantity=member.quantity,
        started_at=local_midnight(picture.start_on, now.zone) if begun else None,
        payment_state=PaymentState.ok.value,
        access=verdict.access.value,
        access_reason=verdict.why,
        access_until=local_midnight(verdict.until, now.zone) if verdict.until else None,
        activation="now",
        collection=member.collection,
        channel=around.actor.channel.value,
        sold_at_id=member.site_id,
        managed_at_id=member.site_id,
        created_at=now.at,
        updated_at=now.at,
        **columns(picture),
    )
    first = picture.current_period.start if picture.current_period else picture.start_on
    return _Life(
        row=row,
        member=member,
        person=person,
        picture=picture,
        subscription=subscription,
        since=min(local_midnight(first, now.zone), now.at),
    )


def _options(life: _Life, now: Now) -> Iterator[SubscriptionOption]:
    for option in life.picture.options:
        yield SubscriptionOption(
            id=UUID(option.id),
            subscription=life.subscription,
            option_version_id=UUID(option.version_id),
            quantity=option.quantity,
            periods=option.term,
            periods_used=option.periods_used,
            starts_on=life.picture.start_on,
            created_at=now.at,
        )


def _grants(lives: Sequence[_Life], now: Now) -> Iterator[Grant]:
    """What stages and options open, from the first day of the running period on."""
    features = dict(Feature.objects.values_list("reference", "id"))
    for one in lives:
        if one.picture.current_period is None:
            continue
        for grant in one.picture.stage.features:
            yield _grant(one, grant, Grant.Source.OFFER, None, features, now)
        for option in one.picture.options:
            for grant in option.grants:
                yield _grant(one, grant, Grant.Source.OPTION, UUID(option.id), features, now)


def _grant(
    life: _Life,
    grant: GrantSnapshot,
    source: Grant.Source,
    option_id: UUID | None,
    features: dict[str, UUID],
    now: Now,
) -> Grant:
    return Grant(
        subscriber_id=life.person.pk,
        subscription=life.subscription,
        subscription_option_id=option_id,
        feature_id=features[grant.feature],
        source=source,
        quota=grant.quota,
        adds=grant.adds,
        level=grant.level or "",
        starts_at=life.since,
        created_at=now.at,
    )


def _created(life: _Life) -> Lived:
    data = {"object": shapes.subscription(life.subscription)}
    return Lived(subscriber_id=life.person.pk, kind="subscription.created", object_id=life.subscription.pk, data=data)


def _former(life: _Life) -> Former:
    said = life.member.mandate
    assert said is not None
    return Former(
        payer=life.person,
        reference=said["reference"],
        iban=said["iban"],
        holder=said["holder"],
        signed_at=datetime.fromisoformat(said["signed_at"]),
    )
