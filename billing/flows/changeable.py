"""What a change now cannot be made of (domain 11 to 15): refused before anything is worked out."""

from __future__ import annotations

from billing.engine.changing import Changed
from billing.engine.wishes import WishKind
from billing.flows.asks import Ask, ChangeOffer
from merchants.refusals import Conflict, gettext_noop
from subscribers.lifecycle import Status
from subscribers.snapshots import Scheduled, SubscriptionSnapshot


def check_changeable(picture: SubscriptionSnapshot, ask: Ask) -> None:
    """Refuse what a change now cannot be made of. Raises Conflict."""
    if picture.status is Status.suspended:
        raise Conflict(
            gettext_noop("A suspended subscription cannot be changed now."),
            code="subscription_suspended",
            way_out=gettext_noop("Resume it first, or ask for the end of the period."),
        )
    if picture.status not in (Status.active, Status.trialing):
        raise Conflict(gettext_noop("This subscription has already ended."), code="subscription_not_running")
    if picture.current_period is None:
        raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
    if picture.suspension is not None and picture.suspension.stops_billing:
        raise Conflict(
            gettext_noop("A suspension that stops billing is planned."),
            code="suspension_planned",
            way_out=gettext_noop("Take it back first, or ask for the end of the period."),
        )
    if isinstance(ask, ChangeOffer) and picture.ends_on is not None:
        raise Conflict(
            gettext_noop("This subscription is cancelled."),
            code="subscription_ending",
            way_out=gettext_noop("Take the cancellation back first."),
        )


def check_something_changes(picture: SubscriptionSnapshot, wish: Scheduled) -> None:
    """Refuse a wish for what is so already. Raises Conflict (`nothing_changes`)."""
    same = wish.kind == WishKind.set_quantity and wish.payload["quantity"] == picture.quantity
    if wish.kind == WishKind.add_option:
        held = {one.id: one.quantity for one in picture.options if one.lives(wish.effective_on)}
        named = wish.payload["options"]
        same = isinstance(named, list) and all(held.get(one["id"]) == one["quantity"] for one in named)
    if same:
        raise Conflict(gettext_noop("The subscription has that already."), code="nothing_changes")


def check_can_wait(picture: SubscriptionSnapshot, changed: Changed) -> None:
    """Refuse to bill a change with the next document where its days could not be told apart then. Raises Conflict
    (`new_period_begins`, `suspension_planned`)."""
    if changed.opens:
        raise Conflict(
            gettext_noop("With this change other dates begin: its document is made today."),
            code="new_period_begins",
            way_out=gettext_noop("Have it billed today, or ask for the end of the period."),
        )
    if picture.suspension is not None:
        raise Conflict(
            gettext_noop("A suspension is planned: what it makes good is counted from what is billed."),
            code="suspension_planned",
            way_out=gettext_noop("Have it billed today, or take the suspension back first."),
        )
