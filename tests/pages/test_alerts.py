"""The office's list of alerts: views, kinds, several at once; and which of them come by e-mail."""

from __future__ import annotations

import pytest

from alerts.models import Alert, AlertRule
from alerts.rules import DEFAULTS
from alerts.selectors.alert_names import NAMES, TOGETHER
from alerts.selectors.alert_words import WORDS
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from tests.pages.offices import colleague, office

pytestmark = pytest.mark.django_db(transaction=True)


def raised(seat, kind, n=1, *, severity="warn", **columns):
    with tenant(seat.merchant.id):
        first = Alert.objects.count()
        return [
            Alert.objects.create(
                kind=kind, severity=severity, fact=f"{kind}:{first + i}", created_at=instant(), **columns
            )
            for i in range(n)
        ]


def page(seat, query=""):
    answer = seat.client.get(seat.url("alerts") + query)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "style=" not in text and "onclick" not in text
    return text


def states(seat):
    with tenant(seat.merchant.id):
        rows = Alert.objects.order_by("id").values_list("acknowledged_at", "resolved_at")
        return ["resolved" if done else "acknowledged" if seen else "open" for seen, done in rows]


def several(seat, **form):
    return seat.client.post(seat.url("alerts_several"), form)


def test_every_kind_has_words_a_name_and_a_rule():
    assert list(WORDS) == list(NAMES) == list(DEFAULTS)
    assert set(TOGETHER) <= set(DEFAULTS)


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_every_kind_can_be_told(locale):
    seat = office(locale=locale)
    details = {"ends_on": "2031-03-04", "last_day": "2031-03-31", "url": "https://hooks.shop.example/", "why": "x"}
    for kind in DEFAULTS:
        raised(seat, kind, severity="info", details=details)
    text = page(seat)
    assert "%(" not in text
    assert text.count('name="alert"') == len(DEFAULTS)


def test_the_list_is_filtered_by_kind_and_says_how_many_of_each():
    seat = office()
    raised(seat, "card_expired", 3, details={"brand": "visa", "last4": "4242", "last_day": "2026-10-31"})
    raised(seat, "payment_failed", 2)
    text = page(seat)
    assert "Expired cards (3)" in text
    assert "Refused payments (2)" in text
    assert text.count('name="alert"') == 5
    narrowed = page(seat, "?kind=card_expired")
    assert narrowed.count('name="alert"') == 3
    assert "Visa •••• 4242 served until 31 October 2026." in narrowed
    assert "Resolve all 3" in narrowed
    assert "None of this kind" in page(seat, "?kind=card_expired&view=resolved")
    assert page(seat, "?kind=nothing").count('name="alert"') == 5


def test_what_is_ticked_is_acknowledged_then_resolved():
    seat = office()
    one, two, three = raised(seat, "payment_failed", 3)
    answer = several(seat, act="acknowledge", alert=[one.public_id, two.public_id], view="open")
    assert answer.status_code == 302
    assert states(seat) == ["acknowledged", "acknowledged", "open"]
    assert page(seat, "?view=acknowledged").count('name="alert"') == 2
    several(seat, act="resolve", alert=[two.public_id, three.public_id], kind="payment_failed")
    assert states(seat) == ["acknowledged", "resolved", "resolved"]
    assert "2 are done with." in page(seat)
    assert 'name="alert"' not in page(seat, "?view=resolved")


def test_all_of_one_kind_are_resolved_and_no_other():
    seat = office()
    raised(seat, "subscription_ended", 40)
    raised(seat, "payment_failed")
    several(seat, act="resolve_kind", kind="subscription_ended")
    assert states(seat) == ["resolved"] * 40 + ["open"]
    several(seat, act="resolve_kind", kind="")
    several(seat, act="resolve_kind", kind="nothing")
    assert states(seat)[-1] == "open"


def test_ids_of_others_and_nonsense_touch_nothing():
    seat, other = office(), office("Autre")
    raised(seat, "payment_failed")
    [theirs] = raised(other, "payment_failed")
    several(seat, act="resolve", alert=[theirs.public_id, "alr_x", "nothing"])
    assert (states(seat), states(other)) == (["open"], ["open"])


def test_who_may_only_look_ticks_nothing_and_settles_nothing():
    seat = office()
    [alert] = raised(seat, "payment_failed")
    reader = colleague(seat, "read_only")
    text = page(reader)
    assert 'type="checkbox"' not in text
    assert several(reader, act="resolve", alert=[alert.public_id]).status_code == 403
    assert states(seat) == ["open"]


def test_which_alerts_come_by_e_mail_is_chosen_on_a_page():
    seat = office()
    text = seat.client.get(seat.url("alert_mail")).content.decode()
    assert "style=" not in text
    assert text.count("checked") == len(DEFAULTS)
    assert 'name="payment_failed" value="at_once" checked' in text
    answer = seat.client.post(seat.url("alert_mail"), {"payment_failed": "digest", "card_expiring": "none"})
    assert answer.status_code == 302
    text = seat.client.get(seat.url("alert_mail")).content.decode()
    assert 'name="payment_failed" value="digest" checked' in text
    assert 'name="card_expiring" value="none" checked' in text
    assert seat.client.post(seat.url("alert_mail"), {"payment_failed": "loudly"}).status_code == 422
    with tenant(seat.merchant.id):
        assert dict(AlertRule.objects.values_list("kind", "mail")) == {
            "payment_failed": "digest",
            "card_expiring": "none",
        }


def test_support_sees_the_rules_and_does_not_change_them():
    seat = office()
    helper = colleague(seat, "support")
    text = helper.client.get(helper.url("alert_mail")).content.decode()
    assert text.count("disabled") == 3 * len(DEFAULTS)
    assert helper.client.post(helper.url("alert_mail"), {"payment_failed": "none"}).status_code == 403


def test_home_says_what_needs_someone_and_leaves_out_what_is_only_to_know():
    seat = office()
    raised(seat, "subscription_ended", severity="info")
    raised(seat, "card_expiring", 2)
    text = seat.client.get(seat.url("home-alerts")).content.decode()
    assert "2 cards expire soon" in text
    assert "has ended" not in text
