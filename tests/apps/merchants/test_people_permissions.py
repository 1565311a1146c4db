"""Who may do what, as a table that is read, not computed: a change of the product's table must be made here too."""

from __future__ import annotations

import pytest

from merchants.models.people import Role
from merchants.permissions import ROLES, Permission, manages, may

#                        owner admin accountant support counter read_only
TABLE = """
see_office               x     x     x          x       x       x
see_subscribers          x     x     x          x       x       x
edit_subscribers         x     x     .          x       x       .
answer_privacy           x     x     .          .       .       .
sell                     x     x     .          x       x       .
change_subscriptions     x     x     .          x       .       .
give_gestures            x     x     .          x       .       .
give_at_counter          x     x     .          x       x       .
see_catalogue            x     x     x          x       x       x
edit_catalogue           x     x     .          .       .       .
see_documents            x     x     x          x       .       x
edit_documents           x     x     x          .       .       .
take_payments            x     x     x          x       x       .
refund                   x     x     x          .       .       .
prove_series             x     x     x          .       .       .
see_alerts               x     x     x          x       .       x
settle_alerts            x     x     x          x       .       .
export_data              x     x     x          .       .       .
see_statistics           x     x     x          .       .       x
see_runs                 x     x     x          .       .       x
run_billing              x     x     x          .       .       .
see_developers           x     x     .          .       .       .
edit_developers          x     x     .          .       .       .
see_settings             x     x     x          .       .       .
edit_settings            x     x     .          .       .       .
use_counter              x     x     .          x       x       .
run_till                 x     x     .          .       x       .
see_tills                x     x     x          .       .       .
manage_counter           x     x     .          .       .       .
override_counter         x     x     x          x       .       .
edit_members             x     x     .          .       .       .
edit_owners              x     .     .          .       .       .
edit_provider            x     x     .          .       .       .
"""
COLUMNS = ["owner", "admin", "accountant", "support", "counter", "read_only"]
ROWS = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()}


def test_the_table_names_every_permission_and_every_role():
    assert list(ROWS) == [permission.value for permission in Permission]
    assert set(COLUMNS) == set(Role.values) == set(ROLES)


@pytest.mark.parametrize("permission", list(Permission))
def test_each_role_may_do_what_its_row_says(permission):
    granted = ["x" if may(role, permission) else "." for role in COLUMNS]
    assert granted == ROWS[permission]


def test_an_unknown_role_may_do_nothing():
    assert not any(may("root", permission) for permission in Permission)


@pytest.mark.parametrize("role", COLUMNS)
def test_only_owners_touch_owners_and_only_owners_and_admins_touch_the_others(role):
    assert manages(role, "owner") is (role == "owner")
    assert {other for other in COLUMNS[1:] if manages(role, other)} == (
        set(COLUMNS[1:]) if role in {"owner", "admin"} else set()
    )
