"""A gesture at the counter: within what the role may give, with a reason; else refused, and nothing given."""

from __future__ import annotations

import pytest

from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, Subscription
from tests.pages.counters import Tablet, salon, seller, tablet
from tests.pages.test_counter_door import desk, lea, shop

__all__ = ["desk", "lea", "shop"]
pytestmark = pytest.mark.django_db(transaction=True)


def limit(shop, one, month=None):
    with tenant(shop.id):
        Merchant.objects.update(gesture_limits=[{"role": "counter", "one": one, "month": month, "batch": None}])


def give(desk: Tablet, who, **sent):
    return desk.client.post(f"/counter/members/{who.public_id}/give", sent)


def given(shop):
    with tenant(shop.id):
        return list(Gesture.objects.values_list("kind", flat=True))


def test_days_an_amount_and_an_option_within_the_limit(shop, desk, lea):
    limit(shop, 20_00)
    assert "Give something" in desk.client.get(f"/counter/door/{lea.public_id}").content.decode()
    assert give(desk, lea, kind="days", days="7", reason="lamp broken").status_code == 302
    assert give(desk, lea, kind="amount", amount="5.00", reason="waited").status_code == 302
    with tenant(shop.id):
        assert [(one.kind, one.given_as) for one in Gesture.objects.order_by("id")] == [
            ("days", "counter"),
            ("amount", "counter"),
        ]
        assert Subscription.objects.get().current_period_end is not None


def test_a_counter_gives_nothing_before_it_has_a_limit(shop, desk, lea):
    page = desk.client.get(f"/counter/members/{lea.public_id}/give").content.decode()
    assert "Counters give nothing yet" in page
    assert give(desk, lea, kind="amount", amount="0.01", reason="x").status_code == 422 and not given(shop)


def test_more_than_the_limit_is_refused_with_who_may(shop, desk, lea):
    limit(shop, 5_00)
    answer = give(desk, lea, kind="amount", amount="5.01", reason="x")
    assert answer.status_code == 422 and not given(shop)
    assert give(desk, lea, kind="days", days="300", reason="x").status_code == 422 and not given(shop)
    assert give(desk, lea, kind="amount", amount="5.00", reason="x").status_code == 302


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"kind": "days", "days": "", "reason": "x"}, "How many days"),
        ({"kind": "days", "days": "٣", "reason": "x"}, "How many days"),
        ({"kind": "amount", "amount": "abc", "reason": "x"}, 'role="alert">'),
        ({"kind": "option", "option": "opt_1", "reason": "x"}, "Choose the option"),
        ({"kind": "gold", "reason": "x"}, "Choose what is given"),
        ({"kind": "days", "days": "7", "reason": ""}, "Say why"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(shop, desk, lea, sent, words):
    limit(shop, 100_00)
    answer = give(desk, lea, **sent)
    assert answer.status_code == 422 and words in answer.content.decode() and not given(shop)


def test_a_member_of_another_site_is_not_there(shop, desk, lea):
    limit(shop, 100_00)
    other = tablet(shop.id, salon(shop.id, "Paris"))
    other.sign_in(seller(shop.id, "Zoé"))
    assert give(other, lea, kind="days", days="7", reason="x").status_code == 404 and not given(shop)
