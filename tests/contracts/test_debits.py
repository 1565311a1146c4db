"""What billing counts on of accounts that a mandate was signed for: Stripe's, through the SDK and the double, and the
simulated ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stripe

from billing.gateways.base import ChargeAsk, Gateway, Outcome, OutcomeKind
from billing.gateways.debits import DebitAsk, Debits, Lodged
from billing.gateways.registry import debits_for, gateway_for

from .double_at_work import STRIPE_KEY
from .gateway_rigs import Rig, StripeRig

SIGNED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
GOOD, FAILS = "FR1420041010050500013M02606", "FR8420041010050500013M02607"


@pytest.fixture
def port(rig: Rig) -> Debits:
    found = debits_for(rig.gateway)
    assert found is not None
    return found


def customer(gateway: Gateway, key: str) -> str:
    made = gateway.ensure_customer(key=key, email="ana@example.com", name="Ana Diaz", metadata={})
    assert isinstance(made, str)
    return made


def ask(gateway: Gateway, key: str = "0193-a", iban: str = GOOD, email: str = "ana@example.com") -> DebitAsk:
    return DebitAsk(
        key=key,
        iban=iban,
        holder="Ana Diaz",
        email=email,
        customer_ref=customer(gateway, f"payer of {key}"),
        reference="20261120-ABCDE-FGHJK",
        accepted_at=SIGNED,
    )


def charge(gateway: Gateway, made: Lodged, key: str) -> Outcome:
    wish = ChargeAsk(
        key=key,
        amount=44_80,
        currency="EUR",
        customer_ref=made.method.customer_ref or "",
        method_ref=made.method.provider_ref,
        method_kind="sepa_debit",
        description="Onde",
    )
    return gateway.charge(wish)


def test_a_mandate_becomes_a_means_that_is_debited_in_days(rig: Rig, port: Debits) -> None:
    made = port.make_debit(ask(rig.gateway))
    assert isinstance(made, Lodged), made
    assert (made.method.kind, made.method.last4, made.method.country) == ("sepa_debit", "2606", "FR")
    first = charge(rig.gateway, made, "0193-pay")
    assert first.kind is OutcomeKind.PROCESSING
    rig.days_pass()
    assert rig.gateway.payment_outcome(key="0193-pay", provider_ref=first.provider_ref).captured == 44_80


def test_asked_twice_it_is_the_same_means(rig: Rig, port: Debits) -> None:
    wish = ask(rig.gateway)
    once, again = port.make_debit(wish), port.make_debit(wish)
    assert isinstance(once, Lodged) and once == again
    other = port.make_debit(ask(rig.gateway, key="0193-b"))
    assert isinstance(other, Lodged) and other.method.provider_ref != once.method.provider_ref


def test_a_debit_that_comes_back(rig: Rig, port: Debits) -> None:
    made = port.make_debit(ask(rig.gateway, iban=FAILS))
    assert isinstance(made, Lodged)
    first = charge(rig.gateway, made, "0193-fails")
    rig.days_pass()
    found = rig.gateway.payment_outcome(key="0193-fails", provider_ref=first.provider_ref)
    assert (found.kind, found.captured) == (OutcomeKind.FAILED, 0)


def test_an_account_that_the_bank_will_not_have(rig: Rig, port: Debits) -> None:
    closed = "FR3020041010050500013M02609"
    found = port.make_debit(ask(rig.gateway, iban=closed))
    assert isinstance(found, Outcome)
    assert (found.kind, found.code, found.advice) == (OutcomeKind.FAILED, "account_refused", "customer")
    assert closed not in found.message


def test_somebody_without_an_address_may_be_debited(rig: Rig, port: Debits) -> None:
    assert isinstance(port.make_debit(ask(rig.gateway, email="")), Lodged)


def test_stripe_is_told_when_and_how_it_was_signed_and_its_name_of_the_mandate_is_kept(rig: Rig, port: Debits) -> None:
    if not isinstance(rig, StripeRig):
        pytest.skip("the simulated provider names no mandates")
    made = port.make_debit(ask(rig.gateway))
    assert isinstance(made, Lodged)
    api = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": rig.double.url}, max_network_retries=0).v1
    intent = api.setup_intents.list({"customer": made.method.customer_ref or ""}).data[0]
    mandate = api.mandates.retrieve(str(intent.mandate))
    assert mandate.customer_acceptance.type == "offline"
    assert mandate.customer_acceptance.accepted_at == int(SIGNED.timestamp())
    assert made.mandate_ref == mandate.payment_method_details.sepa_debit.reference != ""


@pytest.mark.parametrize("when", ["before", "after"])
def test_silence_is_no_refusal(rig: Rig, port: Debits, when: str) -> None:
    if not isinstance(rig, StripeRig):
        pytest.skip("the simulated provider always answers")
    wish = ask(rig.gateway)
    rig.double.fault("setup_intents.create", f"timeout_{when}")
    lost = port.make_debit(wish)
    assert isinstance(lost, Outcome) and lost.kind is OutcomeKind.UNKNOWN
    assert isinstance(port.make_debit(wish), Lodged)


def test_manual_means_debit_nobody() -> None:
    assert debits_for(gateway_for("manual")) is None
