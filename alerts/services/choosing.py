"""Choosing which alerts the staff get by e-mail: at once, in the morning's digest, or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.models import AlertRule
from alerts.rules import DEFAULTS, Mail, how
from merchants.now import Now
from merchants.refusals import FieldError, Invalid, gettext_noop


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How alerts of a kind are told; `usual` is what holds where nobody chose."""

    kind: str
    mail: Mail
    usual: Mail


def rules() -> list[Rule]:
    """The rule of every kind of alert, in the order of `DEFAULTS`: one query."""
    chosen = dict(AlertRule.objects.values_list("kind", "mail"))
    return [Rule(kind=kind, mail=how(kind, chosen), usual=usual) for kind, usual in DEFAULTS.items()]


def choose(wanted: Mapping[str, str], *, now: Now) -> list[Rule]:
    """Set the rules of some kinds; all rules as they stand then. It holds for alerts raised from now on.

    Raises Invalid, one error beside each fault: a kind that does not exist (`alert_kind_unknown`), a way of telling
    that does not (`alert_mail_unknown`).
    """
    errors = [
        FieldError(
            field=f"rules.{kind}",
            code="alert_kind_unknown",
            detail=gettext_noop("There is no alert “%(kind)s”."),
            params={"kind": kind[:40]},
        )
        for kind in wanted
        if kind not in DEFAULTS
    ]
    errors += [
        FieldError(
            field=f"rules.{kind}",
            code="alert_mail_unknown",
            detail=gettext_noop("One of: at_once, digest, none."),
        )
        for kind, mail in wanted.items()
        if kind in DEFAULTS and mail not in Mail.__members__
    ]
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)
    AlertRule.objects.bulk_create(
        [AlertRule(kind=kind, mail=mail, updated_at=now.at) for kind, mail in wanted.items()],
        update_conflicts=True,
        unique_fields=["merchant", "kind"],
        update_fields=["mail", "updated_at"],
    )
    return rules()
