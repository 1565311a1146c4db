"""What can be done from a subscriber's page: acts of several apps, composed by URL, shown where they are routed and the
member may do them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.urls import NoReverseMatch
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from merchants.http.frame import Office
from merchants.languages import said_in
from merchants.models import Site
from merchants.permissions import Permission
from merchants.refusals import gettext_noop
from subscribers.models import Subscription
from subscribers.selectors.lives import Life


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One button of the toolbar. `dialog`: its address answers a dialog, not a page; `usual`: it is asked for often."""

    words: str
    url: str
    main: bool = False
    dialog: bool = False
    usual: bool = False


def in_sight(found: Sequence[Act]) -> tuple[list[Act], list[Act]]:
    """The acts that stand in the toolbar, and those in its menu: few enough stand side by side; of many, the usual
    ones."""
    if len(found) <= MOST_IN_SIGHT:
        return list(found), []
    usual = [act for act in found if act.usual][:MOST_IN_SIGHT] or list(found[:1])
    return usual, [act for act in found if act not in usual]


def routed(office: Office, name: str, **arguments: str) -> str:
    """The address of an office page of any app; empty where it is not routed."""
    try:
        return office.url(name, **arguments)
    except NoReverseMatch:
        return ""


def acts(office: Office, life: Life) -> list[Act]:
    """The toolbar of a subscriber's page."""
    found = []
    who = life.subscriber.public_id
    if office.may(Permission.sell) and (url := routed(office, "subscriber-sell", subscriber=who)):
        found.append(Act(words=_("Sell…"), url=url, dialog=True, main=not life.live, usual=True))
    if office.may(Permission.give_gestures):
        for row in life.live:
            if url := routed(office, "subscription-give", subscription=row.public_id):
                words = _("Give something to %(name)s…") % {"name": title_of(row)} if len(life.live) > 1 else _("Give…")
                found.append(Act(words=words, url=url, dialog=True, usual=True))
    if office.may(Permission.change_subscriptions):
        for row in life.live:
            held = life.options.get(row.pk, ())
            goes_on = any(one.ends_on is None and one.option_version.one_off_amount is None for one in held)
            several = len(life.live) > 1
            found += _of_subscription(office, row, several=several, has_options=goes_on)
            found += _of_coupons(office, row, several=several, has_one=_has_coupon(life, row))
            url = routed(office, "subscription-withdraw", subscription=row.public_id)
            if url and _may_withdraw(office, life, row):
                words = _("Withdraw from %(name)s…") % {"name": title_of(row)} if several else _("Withdraw…")
                found.append(Act(words=words, url=url, dialog=True))
    if office.may(Permission.sell) and life.subscriber.erased_at is None:
        found += _returning(office, life)
    if office.may(Permission.edit_subscribers) and life.subscriber.erased_at is None:
        found.append(Act(words=_("Edit the profile"), url=office.url("subscriber_edit", subscriber=who)))
        if any(key != life.subscriber.site_id for key in _open_sites()):
            url = office.url("subscriber_move", subscriber=who)
            found.append(Act(words=_("Move to another site…"), url=url, dialog=True))
    if office.may(Permission.answer_privacy):
        if url := routed(office, "subscriber-export", subscriber=who):
            found.append(Act(words=_("All we hold (ZIP)"), url=url))
        if life.subscriber.erased_at is None and (url := routed(office, "subscriber-erase", subscriber=who)):
            found.append(Act(words=_("Erase…"), url=url))
    return found


def _open_sites() -> list[UUID]:
    """Two of them are enough to know whether there is another."""
    return list(Site.objects.filter(closed_at=None).values_list("id", flat=True)[:2])


CHANGING = (
    ("subscription-offer", gettext_noop("Change offer…"), gettext_noop("Change offer of %(name)s…")),
    ("subscription-option", gettext_noop("Add an option…"), gettext_noop("Add an option to %(name)s…")),
    ("subscription-without", gettext_noop("Remove an option…"), gettext_noop("Remove an option from %(name)s…")),
    ("subscription-quantity", gettext_noop("Change the quantity…"), gettext_noop("Change the quantity of %(name)s…")),
)
"""Dialogs that change what a subscription is: their addresses, their words, and their words where it is one of many."""


WITHDRAWABLE = timedelta(days=21)
"""A contract can be withdrawn from for fourteen days from the day after it, moved to the next working day: after three
weeks no dialog is offered. The dialog itself knows the day."""


MOST_IN_SIGHT = 5
"""Buttons of the toolbar that stand side by side."""
MOST_RETURNING = 3
"""Of the offers that somebody had, the last few may be taken up again from the toolbar."""


def title_of(row: Subscription) -> str:
    """The name of its offer in the reader's language."""
    return said_in(row.offer_version.title, get_language() or "en")


def _may_withdraw(office: Office, life: Life, row: Subscription) -> bool:
    """Whether its contract is young, and a consumer pays, or companies may too."""
    payer = life.payer or life.subscriber
    is_company = bool(payer.company or payer.siren or payer.vat_number)
    return life.now.at - row.created_at < WITHDRAWABLE and (office.merchant.withdrawal_companies or not is_company)


def _returning(office: Office, life: Life) -> list[Act]:
    """Going on with what has ended: the newest of each offer that they have not again."""
    held = {row.offer_version.offer_id for row in life.open}
    found = []
    for row in life.subscriptions:
        if row.status != Subscription.Status.ENDED or row.started_at is None or row.offer_version.offer_id in held:
            continue
        held.add(row.offer_version.offer_id)
        if url := routed(office, "subscription-reactivate", subscription=row.public_id):
            words = _("Reactivate %(name)s…") % {"name": title_of(row)}
            found.append(Act(words=words, url=url, dialog=True, usual=True))
    return found[:MOST_RETURNING]


def _of_subscription(office: Office, row: Subscription, *, several: bool, has_options: bool) -> list[Act]:
    name = title_of(row)
    found = []
    for address, alone, of_many in CHANGING:
        if address == "subscription-without" and not has_options:
            continue
        if url := routed(office, address, subscription=row.public_id):
            words, usual = _(of_many) % {"name": name} if several else _(alone), address == CHANGING[0][0]
            found.append(Act(words=words, url=url, dialog=True, usual=usual))
    if row.service_ends_on is None:
        url = routed(office, "subscription-cancel", subscription=row.public_id)
        words = _("Cancel %(name)s…") % {"name": name} if several else _("Cancel…")
    else:
        url = routed(office, "subscription-undo", subscription=row.public_id)
        words = _("Keep %(name)s…") % {"name": name} if several else _("Take back the cancellation…")
    if url:
        found.append(Act(words=words, url=url, dialog=True, usual=True))
    for route, one, of_several in _pausing(row):
        name_of_route, _apart, query = route.partition("?")
        if url := routed(office, name_of_route, subscription=row.public_id):
            url = f"{url}?{query}" if query else url
            words, usual = of_several % {"name": name} if several else one, row.suspended_from is not None
            found.append(Act(words=words, url=url, dialog=True, usual=usual))
    return found


def _has_coupon(life: Life, row: Subscription) -> bool:
    """One that was not given: what was given is taken back as a gesture."""
    return any(not use.coupon.is_gesture for use in life.coupons.get(row.pk, ()))


def _of_coupons(office: Office, row: Subscription, *, several: bool, has_one: bool) -> list[Act]:
    """A coupon more, or one off where there is one."""
    name, found = title_of(row), []
    if url := routed(office, "subscription-coupon", subscription=row.public_id):
        words = _("Add a coupon to %(name)s…") % {"name": name} if several else _("Add a coupon…")
        found.append(Act(words=words, url=url, dialog=True))
    if has_one and (url := routed(office, "subscription-without-coupon", subscription=row.public_id)):
        words = _("Take a coupon off %(name)s…") % {"name": name} if several else _("Take a coupon off…")
        found.append(Act(words=words, url=url, dialog=True))
    return found


def _pausing(row: Subscription) -> list[tuple[str, str, str]]:
    """Suspending or resuming, and moving the renewal: routes, with words for one subscription, for one of several."""
    if row.suspended_from is not None:
        if row.suspension_begun:
            return [("subscription-resume", _("Resume…"), _("Resume %(name)s…"))]
        undone = _("Take back the suspension of %(name)s…")
        return [("subscription-unplan?kind=suspend", _("Take back the suspension…"), undone)]
    return [
        ("subscription-suspend", _("Suspend…"), _("Suspend %(name)s…")),
        ("subscription-move", _("Move the renewal…"), _("Move the renewal of %(name)s…")),
    ]
