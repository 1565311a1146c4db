"""The console, the faults, the accounts and the state file."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import stripe

from tools.stripe_double.server import Double

from ..double_at_work import STRIPE_KEY, DoubleAtWork

CHARGE = {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}


def client_of(url: str, key: str = STRIPE_KEY):
    return stripe.StripeClient(
        key, base_addresses={"api": url}, max_network_retries=0, http_client=stripe.RequestsClient(timeout=1)
    ).v1


def test_captures_are_the_truth_about_money(client, double: DoubleAtWork) -> None:
    paid = client.payment_intents.create({**CHARGE, "metadata": {"tacite_payment": "pay_1"}}, {"idempotency_key": "k"})
    with pytest.raises(stripe.CardError):
        client.payment_intents.create({**CHARGE, "payment_method": "pm_card_chargeDeclined"})
    held = client.payment_intents.create({**CHARGE, "capture_method": "manual"})
    client.refunds.create({"payment_intent": paid.id, "amount": 300})
    assert [(row["amount"], row["amount_refunded"], row["payment_intent"]) for row in double.captures()] == [
        (900, 300, paid.id)
    ]
    row = double.captures()[0]
    assert (row["metadata"], row["idempotency_key"], row["currency"]) == ({"tacite_payment": "pay_1"}, "k", "eur")
    client.payment_intents.capture(held.id, {"amount_to_capture": 500})
    assert [row["amount"] for row in double.captures()] == [900, 500]


def test_accounts_see_only_their_own(double: DoubleAtWork) -> None:
    one, other = client_of(double.url, "sk_test_first_account"), client_of(double.url, "sk_test_other_account")
    intent = one.payment_intents.create(CHARGE)
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        other.payment_intents.retrieve(intent.id)
    assert other.payment_intents.list().data == []
    assert other.events.list().data == []
    assert one.accounts.retrieve_current().id != other.accounts.retrieve_current().id
    assert len(double.captures("sk_test_first_account")) == 1
    assert double.captures("sk_test_other_account") == []
    connected = one.payment_intents.list({}, {"stripe_account": "acct_connected"})
    assert connected.data == []


@pytest.mark.parametrize(
    ("fault", "error", "captured"),
    [
        ("timeout_before", stripe.APIConnectionError, 0),
        ("timeout_after", stripe.APIConnectionError, 1),
        ("reset_before", stripe.APIConnectionError, 0),
        ("reset_after", stripe.APIConnectionError, 1),
        ("500", stripe.APIError, 0),
        ("500_after", stripe.APIError, 1),
        ("429", stripe.RateLimitError, 0),
        ("401", stripe.AuthenticationError, 0),
    ],
)
def test_faults_strike_once_and_before_or_after_the_capture(double: DoubleAtWork, fault, error, captured) -> None:
    double.fault("payment_intents.create", fault, seconds=2)
    client = client_of(double.url)
    client.customers.create({"email": "a@example.com"})
    with pytest.raises(error):
        client.payment_intents.create(CHARGE)
    assert len(double.captures()) == captured
    assert client.payment_intents.create(CHARGE).status == "succeeded"
    assert double.console("faults")[1] == {"faults": [], "webhooks": "normal"}


def test_a_key_remembers_answers_but_not_busy_signals(double: DoubleAtWork) -> None:
    client = client_of(double.url)
    for fault, kind, again in (("500", stripe.APIError, "500"), ("429", stripe.RateLimitError, "succeeded")):
        double.fault("payment_intents.create", fault)
        with pytest.raises(kind):
            client.payment_intents.create(CHARGE, {"idempotency_key": f"k-{fault}"})
        try:
            found = client.payment_intents.create(CHARGE, {"idempotency_key": f"k-{fault}"}).status
        except stripe.APIError as error:
            found = str(error.http_status)
        assert found == again
    double.console("reset", {"idempotency": True})
    assert client.payment_intents.create(CHARGE, {"idempotency_key": "k-500"}).status == "succeeded"


def test_one_key_in_many_threads_captures_once(double: DoubleAtWork) -> None:
    start, found = threading.Barrier(10), []

    def go() -> None:
        client = client_of(double.url)
        start.wait()
        try:
            found.append(client.payment_intents.create(CHARGE, {"idempotency_key": "k"}).id)
        except stripe.APIError as error:
            found.append(error.http_status)

    threads = [threading.Thread(target=go) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {one for one in found if isinstance(one, str)}
    assert len(found) == 10 and len(ids) == 1
    assert set(found) - ids <= {409}
    assert len(double.captures()) == 1


def test_without_a_key_each_ask_captures(double: DoubleAtWork) -> None:
    """The negative control of the test above."""
    client = client_of(double.url)
    client.payment_intents.create(CHARGE)
    client.payment_intents.create(CHARGE)
    assert len(double.captures()) == 2


def test_a_saved_card_can_be_made_to_fail(client, double: DoubleAtWork) -> None:
    customer = client.customers.create({"email": "a@example.com"})
    card = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    wish = {**CHARGE, "customer": customer.id, "payment_method": card.id, "off_session": True}
    assert client.payment_intents.create(wish).status == "succeeded"
    double.console(f"payment_methods/{card.id}/behave", {"decline": "expired_card"})
    with pytest.raises(stripe.CardError) as refusal:
        client.payment_intents.create(wish)
    assert refusal.value.code == "expired_card"
    double.console(f"payment_methods/{card.id}/behave", {"decline": None})
    assert client.payment_intents.create(wish).status == "succeeded"


def test_a_dispute_can_be_opened(client, double: DoubleAtWork) -> None:
    intent = client.payment_intents.create(CHARGE)
    double.console(f"charges/{intent.latest_charge}/dispute", {"reason": "product_not_received"})
    assert client.disputes.list({"payment_intent": intent.id}).data[0].reason == "product_not_received"
    assert double.captures()[0]["disputed"] is True


@pytest.mark.parametrize(
    ("path", "wish", "status"),
    [
        ("faults", {"on": "*", "fault": "earthquake"}, 400),
        ("faults", {"webhooks": "pigeon"}, 400),
        ("faults", {"on": "*", "fault": "500", "times": "many"}, 400),
        ("unheard_of", {}, 404),
        ("checkout/cs_nothing/pay", {}, 404),
        ("payment_intents/pi_nothing/settle", {}, 404),
        ("events/evt_nothing/resend", {}, 404),
    ],
)
def test_the_console_refuses_nonsense(double: DoubleAtWork, path: str, wish: dict[str, Any], status: int) -> None:
    found, body = double.console(path, wish)
    assert found == status and body["error"]["message"]


def test_lists_have_pages_and_bounds(client) -> None:
    made = [client.customers.create({"email": f"{turn}@example.com"}).id for turn in range(7)]
    first = client.customers.list({"limit": 3})
    assert ([row.id for row in first.data], first.has_more) == (made[:3:-1], True)
    rest = client.customers.list({"limit": 100, "starting_after": first.data[-1].id})
    assert ([row.id for row in rest.data], rest.has_more) == (made[3::-1], False)
    assert [row.id for row in client.customers.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    back = client.customers.list({"limit": 2, "ending_before": made[2]})
    assert [row.id for row in back.data] == [made[4], made[3]]
    assert client.customers.list({"email": "5@example.com"}).data[0].id == made[5]
    for wrong in ({"limit": 0}, {"limit": 101}, {"starting_after": "cus_nothing"}):
        with pytest.raises(stripe.InvalidRequestError):
            client.customers.list(wrong)


def test_what_was_deleted_stays_deleted(client) -> None:
    customer = client.customers.create({"email": "a@example.com"})
    card = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert client.customers.delete(customer.id).deleted is True
    assert client.customers.retrieve(customer.id).deleted is True
    assert client.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.payment_intents.create({**CHARGE, "payment_method": card.id})


def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "double" / "state.json"
    with Double(state_file=state) as double:
        client = client_of(double.url)
        intent = client.payment_intents.create(CHARGE, {"idempotency_key": "k"})
        event = client.events.list().data[0]
    kept = json.loads(state.read_text())
    assert [account["id"] for account in kept["accounts"]]
    assert STRIPE_KEY not in state.read_text()
    with Double(state_file=state) as double:
        client = client_of(double.url)
        assert client.payment_intents.retrieve(intent.id).status == "succeeded"
        assert client.payment_intents.create(CHARGE, {"idempotency_key": "k"}).id == intent.id
        assert client.events.retrieve(event.id).type == event.type


def test_the_command_serves_and_stops(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "tools.stripe_double", "--port", "0", "--state", str(state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[3].rstrip(";")
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            assert json.loads(answer.read()) == {"status": "ok", "api_version": stripe.api_version}
        client_of(url).payment_intents.create(CHARGE)
        began = time.monotonic()
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - began < 5
    finally:
        process.kill()
    assert len(json.loads(state.read_text())["accounts"][0]["objects"]["charge"]) == 1
