"""Alerts in words: the fact, what follows, what is at stake, where to go. Read in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _

from alerts.models import Alert
from alerts.selectors.alert_names import TOGETHER
from alerts.selectors.alert_words import WORDS, other
from alerts.selectors.surroundings import Need, surroundings
from merchants.wording import number_text


def needs(alerts: Sequence[Alert], *, merchant: str, language: str) -> list[Need]:
    """Each alert in words. `merchant` is the public id that addresses carry."""
    around = surroundings(alerts, merchant=merchant, language=language)
    return [WORDS.get(alert.kind, other)(alert, around) for alert in alerts]


def grouped(alerts: Sequence[Alert], *, merchant: str, language: str) -> list[Need]:
    """The same, with alerts of one kind told together where there are several: for the home page."""
    kinds = Counter(alert.kind for alert in alerts)
    around = surroundings(alerts, merchant=merchant, language=language)
    told: dict[str, Need] = {}
    for alert in alerts:
        several = TOGETHER.get(alert.kind)
        if kinds[alert.kind] > 1 and several is not None:
            told.setdefault(
                alert.kind,
                Need(
                    mark=alert.severity,
                    fact=several(kinds[alert.kind]) % {"count": number_text(kinds[alert.kind], language)},
                    why="",
                    url=around.link("alerts") + f"?kind={alert.kind}",
                    act=_("Open the %(count)s") % {"count": number_text(kinds[alert.kind], language)},
                ),
            )
        else:
            told[str(alert.pk)] = WORDS.get(alert.kind, other)(alert, around)
    return sorted(told.values(), key=lambda need: need.mark != Alert.Severity.BAD)
