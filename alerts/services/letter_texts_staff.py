"""The words of letters to the merchant's own staff: failures as they come, and the morning's digest."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.services.letter_parts import Text
from alerts.services.letters import Matter
from merchants.wording import number_text


def alerts_now(matter: Matter) -> Text:
    """What failed just now. One alone gives the letter its subject."""
    count = sum(group.count for group in matter.groups)
    words = {"merchant": matter.merchant, "what": _headline(matter, count)}
    return Text(
        subject=_("%(merchant)s: %(what)s") % words,
        head=words["what"],
        paragraphs=(),
        groups=matter.groups,
        act=(_("Open the alerts"), matter.office_url),
        notes=(_("Sent at once because it failed. Which alerts come at once is chosen under Alerts, E-mails."),),
    )


def alerts_daily(matter: Matter) -> Text:
    """All that was raised since the last digest and that still waits for someone."""
    count = sum(group.count for group in matter.groups)
    words = {"merchant": matter.merchant, "count": number_text(count, matter.locale)}
    return Text(
        subject=ngettext(
            "%(merchant)s: %(count)s alert this morning", "%(merchant)s: %(count)s alerts this morning", count
        )
        % words,
        head=ngettext("%(count)s thing to look at", "%(count)s things to look at", count) % words,
        paragraphs=(_("Raised since the last digest, and still open."),),
        groups=matter.groups,
        act=(_("Open the alerts"), matter.office_url),
        notes=(
            _("One such letter a day at most, in the morning. Which alerts it holds is chosen under Alerts, E-mails."),
        ),
    )


def _headline(matter: Matter, count: int) -> str:
    [first, *others] = matter.groups
    if count == 1:
        return first.rows[0].fact
    if not others and first.title:
        return first.title
    words = {"count": number_text(count, matter.locale)}
    return ngettext("%(count)s thing failed", "%(count)s things failed", count) % words
