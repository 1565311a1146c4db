"""What a door's answer says to whoever stands at the till."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from merchants.now import Now
from merchants.wording import long_date_text, short_date_text
from subscribers.door import DoorCode
from subscribers.services.consuming import WHY
from subscribers.services.visiting import Asked


def why_words(asked: Asked, now: Now) -> str:
    """Why yes, or why no."""
    said = asked.answer
    if said.code is DoorCode.no_access:
        return _(WHY[said.why]) if said.why in WHY else _("No access now.")
    if said.code is DoorCode.too_soon and said.free_at is not None:
        return _("The last visit is too recent: again from %(when)s.") % {"when": _moment(said.free_at, now)}
    return {
        DoorCode.not_included: _("Nothing of what they have opens this door."),
        DoorCode.nothing_left: _("All sessions of this period are used."),
        DoorCode.other_site: _("A member of another site."),
    }.get(said.code, _last_words(asked, now))


def _last_words(asked: Asked, now: Now) -> str:
    if asked.last is None:
        return _("First visit.")
    return _("Last visit %(when)s.") % {"when": _moment(asked.last.at, now)}


def _moment(at: datetime, now: Now) -> str:
    local = timezone.localtime(at)
    return f"{short_date_text(local.date(), _language(), today=now.today)} {local:%H:%M}"


def left_words(asked: Asked, now: Now) -> str:
    """How many sessions are left until when; '' where they are not counted."""
    left, until = asked.answer.left, asked.answer.until
    if left is None:
        return ""
    many = ngettext("%(n)s session left", "%(n)s sessions left", left) % {"n": left}
    if until is None:
        return many
    day = long_date_text(until - timedelta(days=1), _language(), today=now.today)
    return _("%(many)s until %(day)s") % {"many": many, "day": day}


def _language() -> str:
    return get_language() or "en"
