"""Why a subscription cannot be carried on by itself, so that it is parked: a code, and words for the staff."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.engine.lives import TooFarBehind
from merchants.refusals import Refusal, Translate, fill, gettext_noop

TOO_FAR_BEHIND = gettext_noop("It is too many periods behind to be caught up by itself.")
UNFORESEEN = gettext_noop("Its dates or amounts do not fit together: %(error)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a subscription would be parked: a stable code, and an English msgid with its values."""

    code: str
    msgid: str
    params: dict[str, object] = field(default_factory=dict)

    def say(self, translate: Translate = str) -> str:
        """The reason in the reader's language."""
        return fill(self.msgid, self.params, translate)


def fault_of(error: Exception) -> Fault:
    """Why something could not be computed: a refusal's own words, or the error."""
    if isinstance(error, TooFarBehind):
        return Fault(code="too_many_steps_behind", msgid=TOO_FAR_BEHIND)
    if isinstance(error, Refusal):
        if error.detail or not error.errors:
            return Fault(code=error.code, msgid=error.detail, params=dict(error.params))
        first = error.errors[0]
        return Fault(code=first.code, msgid=first.detail, params=dict(first.params))
    return Fault(code="unforeseen", msgid=UNFORESEEN, params={"error": str(error) or type(error).__name__})
