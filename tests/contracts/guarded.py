"""The tables that the history guards, a life with a row in each, and the database's refusal of what is not told."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection
from psycopg2 import errors as pg

from merchants.ids import new_id
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import (
    Gesture,
    Grant,
    Mandate,
    PaymentMethod,
    ScheduledChange,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
    SubscriptionOption,
)

GUARD = "every_change_is_written"
TABLES = {
    Subscriber: ("locale", "'en'", "updated_at"),
    Subscription: ("cancel_reason", "'x'", "next_action_at"),
    SubscriptionOption: ("reason", "'x'", None),
    SubscriptionCoupon: ("periods_used", "7", None),
    Grant: ("quota", "7", None),
    PaymentMethod: ("country", "'BE'", None),
    Mandate: ("text_version", "'2'", "next_try_at"),
    ScheduledChange: ("details", "'{\"a\": 1}'", None),
    Gesture: ("incident", "'x'", None),
}
"""Each guarded table: a column of a fact, another value of it, and a column of bookkeeping."""


def one_of_each(shop):
    """A subscriber with one of everything, by model."""
    shop.feature("quality", "level", ["standard", "hifi"])
    option = shop.option("device", 2_00)
    coupon = shop.coupon("LAUNCH", percent_off=10, duration="forever")
    offer = shop.offer("hifi", ("month", None, 12_99), options=[option], features={"quality": {"level": "hifi"}})
    subscription = shop.buy(shop.enrol("lucie"), offer, options=[option], coupons=[coupon]).subscription
    now = shop.now()
    with tenant(shop.id):
        method = PaymentMethod.objects.get()
        rows = [
            Mandate(
                subscriber_id=subscription.subscriber_id,
                payment_method=method,
                reference=f"UMR-{new_id()}"[:35],
                creditor_identifier="FR72ZZZ123456",
                accepted_at=now.at,
                text_version="1",
                lodged_at=now.at,
                created_at=now.at,
            ),
            ScheduledChange(
                subscription=Subscription.objects.get(), kind="cancel", due_on=now.today, created_at=now.at
            ),
            Gesture(
                subscription=Subscription.objects.get(),
                subscriber_id=subscription.subscriber_id,
                kind=Gesture.Kind.AMOUNT,
                currency="EUR",
                amount=5_00,
                cost=5_00,
                balance_entry_id=new_id(),
                reason="the outage",
                given_on=now.today,
                created_at=now.at,
            ),
        ]
        for row in rows:
            history.create(row, actor=shop.actor, now=now)
        return {model: model.objects.get() for model in TABLES}


def refused(act) -> str:
    """The sentence with which the database refuses what `act` did, at the end of its transaction."""
    with pytest.raises(IntegrityError) as error:
        act()
    cause = error.value.__cause__
    assert isinstance(cause, pg.CheckViolation)
    assert cause.diag.constraint_name == GUARD
    return str(cause.diag.message_primary)


def sql(statement: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, [str(value) for value in values])
        return int(cursor.rowcount)
