"""`check_books` finds every planted fault of lives, calendar, access, history and journal."""

from __future__ import annotations

import pytest

from merchants.tenancy.scope import tenant
from subscribers.services import consuming
from tests.apps.billing.planting import found, plant, wrong

pytestmark = pytest.mark.django_db(transaction=True)

BILLED_TWICE = "no day of a subscription is billed twice"
HOLE = "a subscription's life is billed without a hole, free stages aside"
STATE = "each subscription's state is one that can be"
DUE = "each subscription is due when its calendar says"
ACCESS = "access is what the rule table says"
COUPON = "no coupon is used more often than it counts, nor than it says"
HISTORY = "each row of a life is what its history adds up to"
OURS = "merchant_id = current_setting('app.merchant_id')::uuid"
ONE = f"(SELECT id FROM subscribers_subscription WHERE status = 'active' AND {OURS})"


def live(shop):
    """One who pays, with a coupon and rights, some of them used and one use taken back; one in a free month."""
    shop.feature("quality", "level", ["standard", "hifi"])
    streams = shop.feature("streams", "quota")
    opened = {"quality": {"level": "hifi"}, "streams": {"quota": 5}}
    hifi = shop.offer("hifi", ("month", None, 12_99), features=opened)
    coupon = shop.coupon("AMI", percent_off=50, duration="repeating", periods=3)
    lucie = shop.enrol("lucie")
    shop.buy(lucie, hifi, coupons=[coupon])
    act = {"actor": shop.actor, "now": shop.now()}
    with tenant(shop.id):
        consuming.consume(lucie, streams, quantity=2, key="a", **act)
        consuming.consume(lucie, streams, quantity=1, key="b", **act)
        consuming.undo(lucie, streams, key="b", **act)
    shop.buy(shop.enrol("camille"), shop.offer("trial", ("month", 1, 0), ("month", None, 9_99)))


PLANTED = {
    "twice": (
        "invoices_invoiceline",
        "INSERT INTO invoices_invoiceline SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(),"
        " 'position', 9, 'fact', 'stage:again', 'period_start', l.period_start + 10))).* FROM invoices_invoiceline l",
        BILLED_TWICE,
        "already",
    ),
    "named": (
        "invoices_invoiceline",
        "UPDATE invoices_invoiceline SET inputs = jsonb_set(inputs, '{until}', '\"2020-01-01\"')",
        "each billed period is the one that its line names",
        "line 0 is for",
    ),
    "hole at the start": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET start_on = start_on - 10 WHERE id = {ONE}",
        HOLE,
        "nothing bills",
    ),
    "hole at the end": (
        "subscribers_subscription",
        "UPDATE subscribers_subscription SET current_period_start = current_period_end,"
        f" current_period_end = current_period_end + 30 WHERE id = {ONE}",
        HOLE,
        "nothing bills",
    ),
    "hole after a free stage": (
        "subscribers_subscription",
        "UPDATE subscribers_subscription SET current_period_start = current_period_end, status = 'active',"
        " current_period_end = current_period_end + 28, stage_position = 1 WHERE status = 'trialing'",
        HOLE,
        "nothing bills",
    ),
    "ahead": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET current_period_end = current_period_end - 3 WHERE id = {ONE}",
        HOLE,
        "ahead of its calendar",
    ),
    "free": (
        "subscribers_subscription",
        "UPDATE subscribers_subscription SET status = 'trialing' WHERE status = 'active'",
        STATE,
        "it is in a free stage that is not free",
    ),
    "never due": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET next_action_at = NULL WHERE id = {ONE}",
        STATE,
        "it runs, and nothing will ever be due",
    ),
    "ended and open": (
        "subscribers_subscription",
        "UPDATE subscribers_subscription SET status = 'ended', ended_at = now(), end_reason = 'cancelled',"
        f" next_action_at = NULL WHERE id = {ONE}",
        STATE,
        "it is ended, and a right of it has no end",
    ),
    "currency": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET currency = 'CHF' WHERE id = {ONE}",
        STATE,
        "it is in CHF, its offer in EUR",
    ),
    "due later": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET next_action_at = next_action_at + interval '1 day' WHERE id = {ONE}",
        DUE,
        "it says that it is due",
    ),
    "access": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET access = 'restricted' WHERE id = {ONE}",
        ACCESS,
        "access is restricted active None, by the rules full active None",
    ),
    "unpaid": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET payment_state = 'overdue' WHERE id = {ONE}",
        ACCESS,
        "by the rules grace unpaid None",
    ),
    "dunning": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET dunning = 'suspend' WHERE id = {ONE}",
        ACCESS,
        "by the rules none unpaid None",
    ),
    "coupon not counted": (
        "subscribers_subscriptioncoupon",
        "UPDATE subscribers_subscriptioncoupon SET periods_used = 0",
        COUPON,
        "coupon AMI counts 0 periods of 3, it came off 1",
    ),
    "coupon too often": (
        "subscribers_subscriptioncoupon",
        "UPDATE subscribers_subscriptioncoupon SET periods_used = 4",
        COUPON,
        "coupon AMI counts 4 periods of 3",
    ),
    "charge": (
        "billing_charge",
        "INSERT INTO billing_charge (id, merchant_id, subscription_id, title, quantity, unit_price, amount, currency,"
        " tax_code, status, metadata, created_by, created_at, settled_at, invoice_id) SELECT gen_random_uuid(),"
        " merchant_id, id, '{}', 1, '5.00', 500, 'EUR', 'electronic', 'billed', '{}', '', now(), now(),"
        f" (SELECT id FROM invoices_invoice WHERE {OURS} LIMIT 1) FROM subscribers_subscription"
        f" WHERE status = 'active' AND {OURS}",
        "each charge that waited is billed once",
        "of 500 EUR is billed; 0 lines of documents bill it, with nothing",
    ),
    "case": (
        "billing_dunningcase",
        "INSERT INTO billing_dunningcase (id, merchant_id, invoice_id, payer_id, steps, taken, tries, effect,"
        " is_overdue, opened_at, next_step_at, outcome) SELECT gen_random_uuid(), merchant_id, id, payer_id, '[]', 0,"
        f" 1, 'none', false, now(), now(), '' FROM invoices_invoice WHERE {OURS}",
        "each dunning case stands as its invoice does",
        ": open, next step",
    ),
    "untold": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET quantity = 2 WHERE id = {ONE}",
        HISTORY,
        "quantity is 2, its history says 1",
    ),
    "an option out of nowhere": (
        "subscribers_change",
        "UPDATE subscribers_change SET subject_id = gen_random_uuid() WHERE subject_kind = 'grant'",
        HISTORY,
        "no change says how it came about",
    ),
    "jump": (
        "subscribers_change",
        "UPDATE subscribers_change SET after = jsonb_set(after, '{status}', '\"suspended\"') WHERE verb = 'activated'",
        "each status was reached by an allowed move",
        "it was incomplete, and its history goes from incomplete to suspended",
    ),
    "counter": (
        "subscribers_quotacounter",
        "UPDATE subscribers_quotacounter SET used = 1",
        "each counter of a quota is the sum of its uses",
        ": 1 used since",
    ),
    "use": (
        "subscribers_consumption",
        "UPDATE subscribers_consumption SET used_on = used_on - 9, period_start = period_start - 9 WHERE key = 'a'",
        "each counter of a quota is the sum of its uses",
        "its uses come to 0",
    ),
    "taken back": (
        "subscribers_consumption",
        "UPDATE subscribers_consumption SET key = 'c' WHERE quantity < 0",
        "what takes a use back is its opposite",
        "it takes back another than",
    ),
    "change of nothing": (
        "subscribers_change",
        "UPDATE subscribers_change SET subject_id = gen_random_uuid() WHERE subject_kind = 'payment_method'",
        "each change is of something that is there",
        "tells of payment_method",
    ),
    "event of nothing": (
        "merchants_event",
        "UPDATE merchants_event SET object_id = gen_random_uuid() WHERE kind = 'invoice.paid'",
        "each event is of something that is there",
        "tells of invoice",
    ),
    "place": (
        "merchants_event",
        "UPDATE merchants_event SET subscriber_sequence = 99 WHERE subscriber_sequence = 2",
        "the events of each life are numbered without a gap",
        "from 1 to 99, the next one would be",
    ),
    "published": (
        "merchants_event",
        "UPDATE merchants_event SET published_at = now(), sequence = 7 WHERE kind = 'invoice.paid'",
        "published events are numbered without a gap",
        "1 events are published, numbered up to 7; the merchant stands at 0",
    ),
    "names": (
        "subscribers_subscription",
        f"UPDATE subscribers_subscription SET latest_invoice_id = gen_random_uuid() WHERE id = {ONE}",
        "what a row names without a key is there",
        "names its last invoice",
    ),
    "captured there": (
        "billing_simulatedpage",
        "UPDATE billing_simulatedpage SET content = jsonb_set(content, '{captured}', '5')"
        " WHERE (content->>'captured')::int > 0",
        "each capture at the simulated provider is one payment",
        "captured 5 EUR",
    ),
    "captured there alone": (
        "billing_simulatedpage",
        "UPDATE billing_simulatedpage SET content = jsonb_set(content, '{key}', '\"x\"')"
        " WHERE (content->>'captured')::int > 0",
        "each capture at the simulated provider is one payment",
        "captured 649 EUR for x; 0 payments of ours say nothing",
    ),
}


def test_lives_that_agree(shop):
    live(shop)
    assert wrong(shop) == {}


@pytest.mark.wrong_books
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(shop, owner_sql, name):
    live(shop)
    table, statement, rule, says = PLANTED[name]
    plant(shop, owner_sql, table, statement)
    found(shop, rule, says)
