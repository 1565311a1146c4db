"""What the contract suite needs beside a gateway: a visitor at the hosted page, a bad line, the truth about money."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Literal

from billing.gateways.base import Gateway, MethodDetails
from billing.gateways.registry import gateway_for
from billing.gateways.simulated import SimulatedGateway
from billing.gateways.simulated_books import MemoryBooks

from .double_at_work import STRIPE_KEY, DoubleAtWork

When = Literal["before", "after"]
IBANS = {"debitSucceeds": "FR1420041010050500013M02606", "debitFails": "FR8420041010050500013M02607"}


class StripeRig:
    """The real adapter and the real SDK, talking HTTP to the double."""

    def __init__(self, double: DoubleAtWork) -> None:
        self.double = double
        self.gateway: Gateway = gateway_for(
            "stripe", secret=STRIPE_KEY, api_base=double.url, timeout=1, method_kinds=("card", "sepa_debit")
        )

    def method(self, token: str, customer: str) -> str:
        made = self.gateway.attach_method(token=token, customer_ref=customer)
        assert isinstance(made, MethodDetails), made
        return made.provider_ref

    def losing(self, when: When, customer: str) -> str:
        """A method whose next charge is not answered in time."""
        self.double.fault("payment_intents.create", f"timeout_{when}")
        return self.method("pm_card_visa", customer)

    def pay(self, session: str, token: str, bank: Literal["pass", "fail"] | None = None) -> None:
        wish = {"method": token} | ({"result": bank} if bank else {})
        self.double.console(f"checkout/{session}/pay", wish)

    def debit(self, session: str, name: str) -> None:
        body = urllib.parse.urlencode({"iban": IBANS[name]}).encode()
        opener = urllib.request.build_opener(_Stay)
        try:
            opener.open(f"{self.double.url}/c/pay/{session}", data=body, timeout=10)
        except urllib.error.HTTPError as answer:
            assert answer.code == 303, answer.code

    def days_pass(self) -> None:
        for capture in self.double.captures():
            if capture["status"] == "pending":
                self.double.console(f"payment_intents/{capture['payment_intent']}/settle", {})

    def answer_bank(self, provider_ref: str, *, passed: bool) -> None:
        self.double.console(f"payment_intents/{provider_ref}/authenticate", {"result": "pass" if passed else "fail"})

    def captures(self, key: str) -> list[int]:
        """What was really taken for one of our payments, in minor units."""
        return [
            row["amount"]
            for row in self.double.captures()
            if row["metadata"].get("tacite_payment") == key and row["status"] == "succeeded"
        ]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


class SimulatedRig:
    """The simulated provider with books in memory and a clock of its own."""

    def __init__(self) -> None:
        self.books = MemoryBooks()
        self.time = datetime.now(UTC)
        made = gateway_for(
            "simulated",
            books=self.books,
            checkout_url=lambda session: f"https://pay.example/{session}",
            action_url=lambda ref: f"https://pay.example/bank/{ref}",
            now=lambda: self.time,
        )
        assert isinstance(made, SimulatedGateway)
        self.simulated = made
        self.gateway: Gateway = made

    def method(self, token: str, customer: str) -> str:
        made = self.gateway.attach_method(token=token, customer_ref=customer)
        assert isinstance(made, MethodDetails), made
        return made.provider_ref

    def losing(self, when: When, customer: str) -> str:
        return self.method(f"pm_card_answerLost{when.capitalize()}", customer)

    def pay(self, session: str, token: str, bank: Literal["pass", "fail"] | None = None) -> None:
        self.simulated.press(session, token=token)
        if bank:
            self.simulated.answer_bank(session, passed=bank == "pass")

    def debit(self, session: str, name: str) -> None:
        self.simulated.press(session, token=f"pm_sepa_{name}")

    def days_pass(self) -> None:
        self.time += timedelta(days=6)

    def answer_bank(self, provider_ref: str, *, passed: bool) -> None:
        self.simulated.answer_bank(provider_ref, passed=passed)

    def captures(self, key: str) -> list[int]:
        return [amount for payment, amount, _ in self.books.captures() if payment == key]


Rig = StripeRig | SimulatedRig
