"""Recognising, while somebody types at a counter, whom the merchant knows already: by telephone, name or e-mail, whole,
begun or mistyped. What is found is shown with as little as tells two people apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from subscribers.models import Subscriber
from subscribers.search_text import NATIONAL_DIGITS, patterns
from subscribers.selectors.people import visible

SHOWN = 3
NEAR, NEAR_DIGITS = 0.55, 0.4
"""How alike is alike: one wrong letter of `Marchand` is, another family name is not; two digits that changed places
are, another number is not."""
LEAST_SIGNS, LEAST_DIGITS = 3, 5
"""Fewer than these are typed by everybody: nobody is shown."""


def known_people(*, name: str = "", phone: str = "", email: str = "", site_id: UUID | None = None) -> list[Subscriber]:
    """Up to SHOWN people who are probably meant, nearest first. `site_id`: only those of a site.

    Each field is looked for by itself: a telephone number outweighs an e-mail, which outweighs a name. Up to six
    queries, whatever the number of subscribers.
    """
    found: dict[UUID, None] = {}
    digits = re.sub(r"\D", "", phone)[-NATIONAL_DIGITS:].lstrip("0")
    wanted: Sequence[str] = (
        digits if len(digits) >= LEAST_DIGITS else "",
        email.strip() if len(email.strip()) > LEAST_SIGNS else "",
        name.strip() if len(name.strip()) >= LEAST_SIGNS else "",
    )
    for typed in filter(None, wanted):
        begun = _begun(typed, site_id)
        alike = _mistyped(typed, site_id) if len(begun) < SHOWN else []
        for id_ in [*begun, *alike]:
            found.setdefault(id_)
    if not found:
        return []
    rows = visible().filter(id__in=list(found), erased_at=None)
    order = list(found)
    return sorted(rows, key=lambda row: order.index(row.pk))[:SHOWN]


MOST = 30
"""Candidates looked at for each field."""


def _begun(typed: str, site_id: UUID | None) -> list[UUID]:
    """Those whose name, number or address has every word that was typed in it."""
    wanted = patterns(typed)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        given = [wanted[0], list(wanted[1:]), site_id, MOST]
        cursor.execute("SELECT id FROM subscribers_known(%s, %s::text[], %s::uuid, %s)", given)
        return [id_ for (id_,) in cursor.fetchall()]


def _mistyped(typed: str, site_id: UUID | None) -> list[UUID]:
    """Those who have something alike: looked for where few have what was typed."""
    plain = " ".join(word[1:-1] for word in patterns(typed)) if not typed.isdigit() else typed
    nearness = NEAR_DIGITS if typed.isdigit() else NEAR
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM subscribers_alike(%s, %s, %s::uuid, %s)", [plain, nearness, site_id, MOST])
        return [id_ for (id_,) in cursor.fetchall()]
