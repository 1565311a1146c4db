"""What billing counts on of card readers: Stripe's, through the SDK and the double, and the simulated ones."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from billing.gateways import readers as port
from billing.gateways.base import Outcome, OutcomeKind, RefundAsk
from billing.gateways.readers import AtReader, ReaderAsk, Readers, ReaderSeen
from billing.gateways.registry import gateway_for, readers_for
from billing.gateways.simulated_reader import SimulatedReaders

from .double_at_work import STRIPE_KEY
from .gateway_asks import ask as charge_ask
from .gateway_rigs import Rig, SimulatedRig, StripeRig

K = OutcomeKind
LOW = "pm_card_chargeDeclinedInsufficientFunds"
NUMBERS = {"pm_card_visa": "4242424242424242", LOW: "4000000000009995"}


class Machines:
    """The readers of a rig, and who stands at them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        if isinstance(rig, StripeRig):
            self.api: Any = stripe.StripeClient(
                STRIPE_KEY, base_addresses={"api": rig.double.url}, max_network_retries=0
            ).v1
            found = readers_for(rig.gateway)
        else:
            found = readers_for(rig.gateway, books=rig.books, payer_time=lambda _key: rig.time, known=self.registered)
        assert found is not None
        self.port: Readers = found
        self.one, self.other = self.another("Till 1"), self.another("Till 2")

    def registered(self) -> list[ReaderSeen]:
        return [ReaderSeen(provider_ref=f"sim_Till {n}", name=f"Till {n}", is_online=True) for n in (1, 2)]

    def another(self, name: str) -> str:
        if isinstance(self.rig, SimulatedRig):
            return f"sim_{name}"
        made: str = self.api.terminal.readers.create({"registration_code": "simulated-wpe", "label": name}).id
        return made

    def tap(self, token: str = "pm_card_visa", reader: str = "") -> None:
        where = reader or self.one
        if isinstance(self.port, SimulatedReaders):
            self.port.present(where, token=token)
            return
        helpers = self.api.test_helpers.terminal.readers
        card = {"number": NUMBERS[token]}
        helpers.present_payment_method(where, {"type": "card_present", "card_present": card})


@pytest.fixture
def machines(rig: Rig) -> Machines:
    return Machines(rig)


def wish(machines: Machines, customer: str, key: str = "pay_1", **more: Any) -> ReaderAsk:
    said = {"reader_ref": machines.one, "amount": 2990, "currency": "EUR", "description": "F-1"} | more
    return ReaderAsk(key=key, customer_ref=customer, **said)


def at(ask: ReaderAsk, shown: Outcome | None = None) -> AtReader:
    return AtReader(
        key=ask.key,
        reader_ref=ask.reader_ref,
        customer_ref=ask.customer_ref,
        provider_ref=shown.provider_ref if shown else None,
    )


def test_a_card_pays_and_is_kept_for_charges_without_the_reader(rig: Rig, machines: Machines, customer: str) -> None:
    ask = wish(machines, customer)
    shown = machines.port.ask(ask)
    assert (shown.kind, shown.captured, bool(shown.provider_ref)) == (K.OPEN, 0, True)
    assert machines.port.outcome(at(ask, shown)).kind is K.OPEN
    machines.tap()
    for found in (
        machines.port.outcome(at(ask, shown)),
        machines.port.outcome(at(ask)),
        rig.gateway.payment_outcome(key="pay_1", provider_ref=shown.provider_ref),
        rig.gateway.payment_outcome(key="pay_1", customer_ref=customer),
        machines.port.ask(ask),
    ):
        assert (found.kind, found.captured, found.currency) == (K.SUCCEEDED, 2990, "EUR")
        assert found.method is not None and (found.method.kind, found.method.last4) == ("card", "4242")
    assert rig.captures("pay_1") == [2990]
    later = rig.gateway.charge(charge_ask(customer, found.method.provider_ref, key="pay_2"))
    assert (later.kind, later.captured) == (K.SUCCEEDED, 2990)
    back = RefundAsk(key="ref_1", provider_ref=shown.provider_ref or "", amount=2990, currency="EUR")
    assert rig.gateway.refund(back).kind is K.SUCCEEDED


def test_asked_twice_it_is_shown_once(rig: Rig, machines: Machines, customer: str) -> None:
    ask = wish(machines, customer)
    first, second = machines.port.ask(ask), machines.port.ask(ask)
    assert (first.kind, second.kind, first.provider_ref) == (K.OPEN, K.OPEN, second.provider_ref)
    machines.tap()
    machines.port.ask(ask)
    assert rig.captures("pay_1") == [2990]


def test_a_card_that_is_declined_captured_nothing(rig: Rig, machines: Machines, customer: str) -> None:
    ask = wish(machines, customer)
    shown = machines.port.ask(ask)
    machines.tap(LOW)
    found = machines.port.outcome(at(ask, shown))
    assert (found.kind, found.captured, found.code) == (K.FAILED, 0, "insufficient_funds")
    assert machines.port.cancel(at(ask, found)).kind is K.EXPIRED
    again = wish(machines, customer, key="pay_2")
    assert machines.port.ask(again).kind is K.OPEN
    machines.tap()
    assert (rig.captures("pay_1"), rig.captures("pay_2")) == ([], [2990])


def test_a_busy_reader_refuses_and_the_second_sum_cannot_be_paid(rig: Rig, machines: Machines, customer: str) -> None:
    first, second = wish(machines, customer), wish(machines, customer, key="pay_2", amount=500)
    machines.port.ask(first)
    refused = machines.port.ask(second)
    assert (refused.kind, refused.code, refused.advice) == (K.FAILED, port.BUSY, None)
    machines.tap()
    assert (rig.captures("pay_1"), rig.captures("pay_2")) == ([2990], [])
    assert machines.port.ask(wish(machines, customer, key="pay_3", reader_ref=machines.other)).kind is K.OPEN


def test_given_up_it_is_off_the_reader(rig: Rig, machines: Machines, customer: str) -> None:
    ask = wish(machines, customer)
    shown = machines.port.ask(ask)
    assert machines.port.cancel(at(ask, shown)).kind is K.EXPIRED
    assert machines.port.cancel(at(ask, shown)).kind is K.EXPIRED
    assert machines.port.outcome(at(ask, shown)).kind is K.EXPIRED
    other = wish(machines, customer, key="pay_2")
    assert machines.port.ask(other).kind is K.OPEN, "the reader is free"
    assert machines.port.cancel(at(ask, shown)).kind is K.EXPIRED
    machines.tap()
    assert (rig.captures("pay_1"), rig.captures("pay_2")) == ([], [2990]), "the other one stayed on the screen"


def test_a_card_that_is_quicker_has_paid(rig: Rig, machines: Machines, customer: str) -> None:
    ask = wish(machines, customer)
    shown = machines.port.ask(ask)
    machines.tap()
    found = machines.port.cancel(at(ask, shown))
    assert (found.kind, found.captured) == (K.SUCCEEDED, 2990)


def test_what_was_never_asked_is_not_found(machines: Machines, customer: str) -> None:
    ask = wish(machines, customer)
    assert machines.port.outcome(at(ask)).kind is K.NOT_FOUND
    assert machines.port.cancel(at(ask)).kind is K.NOT_FOUND


def test_a_sum_that_another_one_took_the_place_of_is_not_shown(machines: Machines, customer: str) -> None:
    ask = wish(machines, customer)
    shown = machines.port.ask(ask)
    if isinstance(machines.port, SimulatedReaders):
        with machines.port._books.page(f"reader:{machines.one}") as page:
            page.content = {"shows": None}
    else:
        machines.api.terminal.readers.cancel_action(machines.one)
    found = machines.port.outcome(at(ask, shown))
    assert (found.kind, found.code) == (K.OPEN, port.NOT_SHOWN)


def test_the_readers_are_told_by_name(machines: Machines) -> None:
    seen = machines.port.seen()
    assert not isinstance(seen, Outcome)
    assert sorted((one.name, one.is_online) for one in seen) == [("Till 1", True), ("Till 2", True)]


def test_a_sum_below_the_least_is_refused(machines: Machines, customer: str) -> None:
    assert machines.port.ask(wish(machines, customer, amount=1)).kind is K.FAILED


class TestAtStripe:
    """Faults on the way to Stripe."""

    @pytest.fixture
    def rig(self, double: Any) -> StripeRig:
        return StripeRig(double)

    @pytest.mark.parametrize("fault", ["timeout_after", "timeout_before", "500", "reset_after"])
    @pytest.mark.parametrize("call", ["payment_intents.create", "terminal.readers.process_payment_intent"])
    def test_an_answer_that_is_lost_is_unknown_and_the_same_ask_goes_on(
        self, rig: StripeRig, machines: Machines, customer: str, call: str, fault: str
    ) -> None:
        ask = wish(machines, customer)
        rig.double.fault(call, fault)
        assert machines.port.ask(ask).kind is K.UNKNOWN
        again = machines.port.ask(ask)
        if (call, fault) == ("payment_intents.create", "500"):  # Stripe stored it: only another key is heard
            assert again.kind is K.FAILED and rig.captures("pay_1") == []
            return
        assert again.kind is K.OPEN
        machines.tap()
        assert machines.port.outcome(at(ask)).kind is K.SUCCEEDED
        assert rig.captures("pay_1") == [2990]

    def test_a_reader_that_is_off_or_unknown_asks_nothing(
        self, rig: StripeRig, machines: Machines, customer: str
    ) -> None:
        _account, machine = rig.double.double.world.find("terminal.reader", machines.one)  # type: ignore[misc]
        machine["status"] = "offline"
        refused = machines.port.ask(wish(machines, customer))
        assert (refused.kind, refused.code) == (K.FAILED, port.OFFLINE)
        gone = machines.port.ask(wish(machines, customer, key="pay_2", reader_ref="tmr_gone"))
        assert (gone.kind, gone.code) == (K.FAILED, port.UNKNOWN_READER)
        machine["status"] = "online"
        assert rig.gateway.payment_outcome(key="pay_1", customer_ref=customer).kind is K.EXPIRED

    def test_left_at_the_reader_itself(self, rig: StripeRig, machines: Machines, customer: str) -> None:
        ask = wish(machines, customer)
        shown = machines.port.ask(ask)
        _account, machine = rig.double.double.world.find("terminal.reader", machines.one)  # type: ignore[misc]
        machine["action"].update(status="failed", failure_code="customer_canceled", failure_message="Canceled")
        found = machines.port.outcome(at(ask, shown))
        assert (found.kind, found.code, found.advice) == (K.FAILED, port.LEFT_AT_READER, None)

    def test_no_answer_to_giving_up_gives_nothing_up(self, rig: StripeRig, machines: Machines, customer: str) -> None:
        ask = wish(machines, customer)
        shown = machines.port.ask(ask)
        rig.double.fault("terminal.readers.cancel_action", "timeout_before")
        assert machines.port.cancel(at(ask, shown)).kind is K.UNKNOWN
        rig.double.fault("payment_intents.cancel", "timeout_before")
        assert machines.port.cancel(at(ask, shown)).kind is K.UNKNOWN
        assert machines.port.cancel(at(ask, shown)).kind is K.EXPIRED


def test_means_of_people_have_no_readers() -> None:
    assert readers_for(gateway_for("manual")) is None
