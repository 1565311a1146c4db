"""Notices as they come in: copies at once, unsigned, about nothing of ours, in any order. The tests send them."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
import stripe
from django.db import connections
from django.test import Client
from kombu.exceptions import OperationalError

from billing import inbox, runs, tasks
from billing.flows import looking
from billing.models import ProviderEvent
from invoices.models import Invoice, Payment
from merchants.ids import new_id
from merchants.models import ProviderAccount
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.pages.hosted import Visitor
from tests.stories.at_stripe import ONCE, SECRET, at_stripe, path_of, quiet, send, signed

__all__ = ["at_stripe", "quiet"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


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
