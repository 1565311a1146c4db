"""`/alert_rules`: which alerts the staff get by e-mail, and when."""

from __future__ import annotations

import pytest

from alerts.models import AlertRule
from alerts.rules import DEFAULTS
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, faults, problem

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_kind_has_its_usual_rule_until_the_merchant_chooses(site):
    shown = site.get("alert_rules").json()
    assert shown["object"] == "alert_rules"
    assert [rule["kind"] for rule in shown["rules"]] == list(DEFAULTS)
    assert shown["rules"][0] == {"kind": "payment_failed", "mail": "at_once", "usual": "at_once"}

    changed = site.patch("alert_rules", {"rules": [{"kind": "payment_failed", "mail": "none"}]})
    assert changed.status_code == 200
    assert changed.json()["rules"][0] == {"kind": "payment_failed", "mail": "none", "usual": "at_once"}
    assert changed.json()["rules"][1:] == shown["rules"][1:]
    assert site.get("alert_rules").json() == changed.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rules": "all"}, "rules"),
        ({"rules": [{"kind": "nothing", "mail": "none"}]}, "rules[0].kind"),
        ({"rules": [{"kind": "payment_failed", "mail": "loudly"}]}, "rules[0].mail"),
        ({"rules": [{"kind": "payment_failed"}]}, "rules[0].mail"),
        ({"rules": [{"kind": "payment_failed", "mail": "none", "why": "x"}]}, "rules[0].why"),
    ],
)
def test_what_is_no_rule_is_refused_and_nothing_is_written(shop, site, body, field):
    answer = site.patch("alert_rules", body)
    assert answer.status_code == 422
    assert field in [name for name, _ in faults(answer)]
    with tenant(shop.id):
        assert not AlertRule.objects.exists()


def test_one_merchant_s_rules_are_not_another_s(site, stranger):
    site.patch("alert_rules", {"rules": [{"kind": "card_expiring", "mail": "at_once"}]})
    mine, theirs = (one.get("alert_rules").json()["rules"] for one in (site, stranger))
    assert [rule["kind"] for rule, other in zip(mine, theirs, strict=True) if rule != other] == ["card_expiring"]


def test_a_key_needs_the_scope(shop):
    reader = Caller.of(shop, "alerts:read")
    assert reader.get("alert_rules").status_code == 200
    assert problem(reader.patch("alert_rules", {"rules": []}))[0] == 403
