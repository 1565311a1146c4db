"""Who on the staff may do what: one table, from role to permissions. Pages and services ask it, and nothing else does.

A permission begins with `see_` where it only reads. A role is granted what its row says and nothing more: there is no
inheritance to follow in one's head.

>>> may("accountant", Permission.see_documents), may("accountant", Permission.edit_catalogue)
(True, False)
>>> may("nobody", Permission.see_office)
False
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """What a member may be allowed to do. Values are what `office_page(permission=…)` takes."""

    see_office = "see_office"  # the home page, the merchant's name: any member
    see_subscribers = "see_subscribers"  # subscribers, subscriptions, their history and notes
    edit_subscribers = "edit_subscribers"  # identity, address, notes
    answer_privacy = "answer_privacy"  # hand out all that is held on a person, or erase them
    sell = "sell"  # begin a purchase, send a payment link
    change_subscriptions = "change_subscriptions"  # change, cancel, suspend, undo
    give_gestures = "give_gestures"  # free options, days, amounts; features set by hand; a notice waived
    give_at_counter = "give_at_counter"  # the same gestures to one person at the counter, within the role's limits
    see_catalogue = "see_catalogue"  # offers, options, features, coupons
    edit_catalogue = "edit_catalogue"
    see_documents = "see_documents"  # invoices, credit notes, payments, their PDFs
    edit_documents = "edit_documents"  # one-off invoices, credit notes
    take_payments = "take_payments"  # record or retry a payment
    refund = "refund"
    prove_series = "prove_series"  # prove numbers and their chain, sign the report for the accountant
    see_alerts = "see_alerts"
    settle_alerts = "settle_alerts"  # acknowledge, resolve
    export_data = "export_data"  # take rows out of the house as a file: documents, payments, subscribers, history
    see_statistics = "see_statistics"
    see_runs = "see_runs"
    run_billing = "run_billing"
    see_developers = "see_developers"  # API reference, keys by their last four digits, webhooks, deliveries, events
    edit_developers = "edit_developers"  # make and revoke keys, endpoints, replay
    see_settings = "see_settings"  # identity, legal entities, taxes, members, provider (secrets masked)
    edit_settings = "edit_settings"  # identity, brand, legal entities, taxes
    use_counter = "use_counter"  # sign in with a PIN at a counter: enrol, let in, take money
    run_till = "run_till"  # open and close a till, move its cash
    see_tills = "see_tills"  # all tills, their registers and closings
    manage_counter = "manage_counter"  # sites, devices, PINs, prices by site, members of an old file
    override_counter = "override_counter"  # let in in spite of a no, take back a payment
    edit_members = "edit_members"  # invite, change a role, remove
    edit_owners = "edit_owners"  # give or take the owner's role
    edit_provider = "edit_provider"  # where the money goes


_P = Permission

_SEES = frozenset({_P.see_office, _P.see_subscribers, _P.see_catalogue, _P.see_documents, _P.see_alerts})

ROLES: Mapping[str, frozenset[Permission]] = {
    "owner": frozenset(_P),
    "admin": frozenset(_P) - {_P.edit_owners},
    "accountant": _SEES
    | {
        _P.edit_documents,
        _P.take_payments,
        _P.refund,
        _P.prove_series,
        _P.settle_alerts,
        _P.export_data,
        _P.see_statistics,
        _P.see_runs,
        _P.run_billing,
        _P.see_settings,
        _P.see_tills,
        _P.override_counter,
    },
    "support": _SEES
    | {
        _P.edit_subscribers,
        _P.sell,
        _P.change_subscriptions,
        _P.give_gestures,
        _P.give_at_counter,
        _P.take_payments,
        _P.settle_alerts,
        _P.use_counter,
        _P.override_counter,
    },
    "counter": frozenset(
        {
            _P.give_at_counter,
            _P.see_office,
            _P.see_subscribers,
            _P.edit_subscribers,
            _P.sell,
            _P.see_catalogue,
            _P.take_payments,
            _P.use_counter,
            _P.run_till,
        }
    ),
    "read_only": _SEES | {_P.see_statistics, _P.see_runs},
}


def may(role: str, permission: Permission) -> bool:
    """Whether a role may do something. A role that the table does not know may do nothing."""
    return permission in ROLES.get(role, frozenset())


def manages(role: str, other: str) -> bool:
    """Whether one role may give, change or take away another role: only owners touch owners.

    >>> manages("admin", "support"), manages("admin", "owner"), manages("owner", "owner"), manages("support", "counter")
    (True, False, True, False)
    """
    return may(role, Permission.edit_owners if other == "owner" else Permission.edit_members)
