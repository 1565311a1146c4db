"""A purchase at Stripe's double, told by signed notices: before the visitor's return, instead of it, late, twice, in
any order, or never. One effect each time; the double's list of captures is the truth about money."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from django.db import connections
from django.test import Client, override_settings
from kombu.exceptions import OperationalError

from billing import inbox, runs, tasks
from billing.flows import looking, pay
from billing.models import CheckoutSession, ProviderEvent
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Event, ProviderAccount
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscription
from tests.browser.served import product
from tests.contracts.double_at_work import DoubleAtWork
from tests.pages.hosted import Visitor
from tests.worlds import Shop
from tools.stripe_double.server import Double

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec_stories_of_purchases"


@dataclass
class Counter:
    """A shop whose payments go through the double, and the double's console."""

    shop: Shop
    double: DoubleAtWork
    key: str
    address: str

    def begin(self) -> Visitor:
        offer = self.shop.offer("Onde Hifi", ("month", None, 12_99))
        return Visitor(self.shop.checkout(self.shop.enrol(), offer))

    def press(self, visitor: Visitor, method: str = "pm_card_visa") -> None:
        """The visitor pays on Stripe's page, and is not back yet."""
        pay.start(merchant_id=self.shop.id, session_id=visitor.session.pk)
        page = self.shop.payment(visitor.session).provider_session
        self.double.console(f"checkout/{page}/pay", {"method": method})

    def captures(self) -> list[int]:
        return [row["amount"] for row in self.double.captures(self.key)]

    def told(self) -> None:
        """Wait until the provider has told us that its page is complete."""
        for _ in range(200):
            with tenant(self.shop.id):
                if ProviderEvent.objects.filter(kind="checkout.session.completed").exists():
                    return
            time.sleep(0.1)
        raise AssertionError("no notice came")

    def settled(self) -> dict[str, Any]:
        with tenant(self.shop.id):
            return {
                "invoices": list(Invoice.objects.values_list("status", "gross")),
                "payments": list(Payment.objects.order_by("id").values_list("status", "captured")),
                "methods": PaymentMethod.objects.count(),
                "session": CheckoutSession.objects.get().status,
                "subscription": Subscription.objects.get().status,
                "completed": Event.objects.filter(kind="checkout_session.completed").count(),
                "captures": self.captures(),
            }


ONCE = {
    "invoices": [("paid", 12_99)],
    "payments": [("succeeded", 12_99)],
    "methods": 1,
    "session": "complete",
    "subscription": "active",
    "completed": 1,
    "captures": [12_99],
}


@pytest.fixture
def at_stripe(shop) -> Iterator[Counter]:
    key = f"sk_test_{shop.id.hex}"
    with tenant(shop.id):
        ProviderAccount.objects.update(kind="stripe", secret=encrypt(key), webhook_secret=encrypt(SECRET))
        shop.account.refresh_from_db()
    with product() as address:
        hook = f"{address}/provider/{shop.account.pk}/events"
        with (
            Double(webhook_url=hook, webhook_secret=SECRET, debit_seconds=3_600) as double,
            override_settings(STRIPE_API_BASE=double.url),
        ):
            yield Counter(shop=shop, double=DoubleAtWork(double), key=key, address=hook)


def test_a_notice_before_the_return(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.press(visitor)
    at_stripe.told()
    runs.read_due()
    assert at_stripe.settled() == ONCE
    assert visitor.back()["Location"].startswith("https://shop.example/merci?checkout_session=cs_")
    assert at_stripe.settled() == ONCE


def test_a_notice_instead_of_the_return(at_stripe):
    at_stripe.press(at_stripe.begin())
    at_stripe.told()
    for _ in range(3):
        runs.read_due()
    assert at_stripe.settled() == ONCE
    with tenant(at_stripe.shop.id):
        assert not ProviderEvent.objects.filter(settled_at=None).exists()


def test_a_notice_after_the_return(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.double.console("faults", {"webhooks": "hold"})
    at_stripe.press(visitor)
    assert visitor.back().status_code == 302
    assert at_stripe.settled() == ONCE
    at_stripe.double.console("faults", {"webhooks": "normal"})
    at_stripe.double.console("webhooks/release", {})
    at_stripe.told()
    runs.read_due()
    assert at_stripe.settled() == ONCE


def test_no_notice_and_no_return(at_stripe):
    at_stripe.double.console("faults", {"webhooks": "drop"})
    at_stripe.press(at_stripe.begin())
    with tenant(at_stripe.shop.id):
        Payment.objects.update(next_look_at=instant())
    runs.settle_due()
    assert at_stripe.settled() == ONCE


def test_each_notice_twice(at_stripe):
    at_stripe.double.console("faults", {"webhooks": "duplicate"})
    at_stripe.press(at_stripe.begin())
    at_stripe.told()
    time.sleep(1)
    runs.read_due()
    runs.read_due()
    assert at_stripe.settled() == ONCE
    with tenant(at_stripe.shop.id):
        ids = list(ProviderEvent.objects.values_list("event_id", flat=True))
        assert len(ids) == len(set(ids))


def test_a_decline_is_told_by_the_form_and_leaves_no_document(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.press(visitor, "pm_card_chargeDeclinedInsufficientFunds")
    form = visitor.client.get(visitor.back()["Location"])
    assert "the account is too low" in form.content.decode()
    runs.read_due()
    with tenant(at_stripe.shop.id):
        assert not Invoice.objects.exists()
        assert Payment.objects.get().status == "pending"
    assert at_stripe.captures() == []
    at_stripe.press(visitor)
    assert visitor.back().status_code == 302
    assert at_stripe.settled() == ONCE


def test_a_provider_that_is_silent_loses_nothing(at_stripe):
    visitor = at_stripe.begin()
    at_stripe.double.fault("checkout.sessions.create", "500", times=1)
    answer = visitor.pay()
    assert answer.status_code == 409
    assert "does not answer" in answer.content.decode()
    with tenant(at_stripe.shop.id):
        assert Payment.objects.count() == 1
    assert visitor.pay().status_code == 409  # the provider repeats its fault under the same key: that payment is over
    at_stripe.press(visitor)  # another one goes through
    at_stripe.double.fault("checkout.sessions.retrieve", "500", times=1)
    waiting = visitor.back()
    assert waiting.status_code == 200
    assert "has not told us yet how your payment went" in waiting.content.decode()
    assert visitor.back().status_code == 302
    assert at_stripe.settled() == {**ONCE, "payments": [("failed", 0), ("succeeded", 12_99)]}


def signed(event_id: str, payment: Payment, *, secret: str = SECRET, at: int | None = None) -> tuple[bytes, str]:
    """A notice about a payment's page, as Stripe signs it."""
    body = json.dumps(
        {
            "id": event_id,
            "object": "event",
            "type": "checkout.session.completed",
            "created": int(time.time()),
            "livemode": False,
            "data": {
                "object": {
                    "id": payment.provider_session,
                    "object": "checkout.session",
                    "metadata": {"tacite_payment": str(payment.pk)},
                }
            },
        }
    )
    return body.encode(), stripe.WebhookSignature.generate_signature_header(body, secret, at)


def send(path: str, body: bytes, signature: str, **more: str) -> int:
    sent = Client().post(path, body, content_type="application/json", headers={"Stripe-Signature": signature, **more})
    return sent.status_code


@pytest.fixture
def quiet(at_stripe) -> Counter:
    """The double tells nobody: the tests send the notices."""
    at_stripe.double.console("faults", {"webhooks": "drop"})
    return at_stripe


def path_of(counter: Counter) -> str:
    return f"/provider/{counter.shop.account.pk}/events"


def test_twenty_copies_at_once_are_one_notice_with_one_effect(quiet):
    visitor = quiet.begin()
    quiet.press(visitor)
    body, signature = signed("evt_one", quiet.shop.payment(visitor.session))
    barrier, statuses = threading.Barrier(20), []

    def arrive() -> None:
        try:
            barrier.wait()
            statuses.append(send(path_of(quiet), body, signature))
            with tenant(quiet.shop.id):
                notice = ProviderEvent.objects.get()
            inbox.read(merchant_id=quiet.shop.id, notice_id=notice.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=arrive) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 20
    assert quiet.settled() == ONCE


def test_what_is_not_signed_by_the_provider_is_refused_and_changes_nothing(quiet, another_shop):
    visitor = quiet.begin()
    quiet.press(visitor)
    payment, path = quiet.shop.payment(visitor.session), path_of(quiet)
    body, signature = signed("evt_one", payment)
    with tenant(another_shop.id):
        theirs = ProviderAccount.objects.get()
        ProviderAccount.objects.update(kind="stripe", secret=encrypt("sk_test_x"), webhook_secret=encrypt("whsec_x"))
    refused = [
        send(path, body, ""),
        send(path, body + b" ", signature),
        send(path, *signed("evt_one", payment, secret="whsec_other")),
        send(path, *signed("evt_one", payment, at=int(time.time()) - 301)),
        send(f"/provider/{theirs.pk}/events", body, signature),
        send(path, b"not json", stripe.WebhookSignature.generate_signature_header("not json", SECRET)),
    ]
    assert refused == [400] * 6
    assert send(f"/provider/{new_id()}/events", body, signature) == 404
    large = b"x" * 600_000
    assert send(path, large, signature) == 413
    assert Client().get(path).status_code == 405
    for one in (quiet.shop, another_shop):
        with tenant(one.id):
            assert not ProviderEvent.objects.exists()
    with tenant(quiet.shop.id):
        assert Payment.objects.get().status == "pending"


def test_a_notice_about_nothing_of_ours_is_kept_and_does_nothing(quiet):
    stranger = Payment(provider_session="cs_test_stranger")
    assert send(path_of(quiet), *signed("evt_strange", stranger)) == 200
    runs.read_due()
    with tenant(quiet.shop.id):
        assert ProviderEvent.objects.get().outcome == "not ours"


def test_a_broker_that_is_away_does_not_keep_a_notice_from_being_kept(quiet, monkeypatch):
    visitor = quiet.begin()
    quiet.press(visitor)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.read_notice, "delay", away)
    assert send(path_of(quiet), *signed("evt_one", quiet.shop.payment(visitor.session))) == 200
    runs.read_due()
    assert quiet.settled() == ONCE


def test_whatever_the_order_of_notices_and_looks_the_end_is_the_same(quiet):
    """Every order of the return, two notices and the reconciliation, each on a purchase of its own."""
    offer = quiet.shop.offer("Ordre", ("month", None, 12_99))
    for at, order in enumerate(itertools.permutations(("return", "first", "second", "look"))):
        visitor = Visitor(quiet.shop.checkout(quiet.shop.enrol(f"s{at}"), offer))
        quiet.press(visitor)
        payment = quiet.shop.payment(visitor.session)
        for step in order:
            if step == "return":
                visitor.back()
            elif step == "look":
                looking.ask_about(merchant_id=quiet.shop.id, payment_id=payment.pk)
            else:
                send(path_of(quiet), *signed(f"evt_{at}_{step}", payment))
                runs.read_due()
    with tenant(quiet.shop.id):
        assert list(Invoice.objects.values_list("status", flat=True)) == ["paid"] * 24
        assert list(Payment.objects.values_list("status", flat=True)) == ["succeeded"] * 24
        assert Subscription.objects.filter(status="active").count() == 24
    assert quiet.captures() == [12_99] * 24
