"""Moving a subscriber to another site, with what they hold: who looks after them changes, not where it was sold."""

from __future__ import annotations

from uuid import UUID

from merchants.actors import Actor
from merchants.models import Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.terms import fault
from subscribers import history, shapes
from subscribers.models import PersonalValue, Subscriber, Subscription
from subscribers.services import belonging, facts


def move(subscriber_id: UUID, site: Site, *, reason: str, actor: Actor, now: Now) -> Subscriber:
    """The subscriber, and each subscription of theirs that has not ended, at this site from now on. Nothing is written
    where nothing changes. Raises Invalid (`site_closed`, `required`), Conflict (`subscriber_erased`)."""
    reason = reason.strip()
    if not reason:
        raise Invalid(code="required", errors=[fault("reason", "required", gettext_noop("Say why."))])
    if site.closed_at is not None:
        raise Invalid.at("site", "site_closed", gettext_noop("This site is closed."))
    row = belonging.lock([subscriber_id])[subscriber_id]
    if row.erased_at is not None:
        raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
    held = Subscription.objects.filter(subscriber=row).exclude(status=Subscription.Status.ENDED)
    others = [one for one in held.select_for_update(of=("self",)).order_by("id") if one.managed_at_id != site.pk]
    columns = {"managed_at_id": site.pk}
    entries = [
        history.Entry(
            row=one, verb="moved", columns=columns, before={"managed_at_id": one.managed_at_id}, reason=reason
        )
        for one in others
    ]
    Subscription.objects.filter(id__in=[one.pk for one in others]).update(managed_at=site, updated_at=now.at)
    history.write_all(entries, actor=actor, now=now)
    if history.update(row, {"site_id": site.pk}, actor=actor, now=now, verb="moved", reason=reason):
        ids = dict(PersonalValue.objects.filter(subscriber=row).order_by("id").values_list("field", "id"))
        data = {"object": shapes.subscriber(row, ids)}
        facts.tell(row.pk, ("subscriber.updated", row.pk, data), actor=actor, now=now)
    return row
