"""Asking a provider for a charge of a kept means: the ask that belongs to a payment, and an answer in any case (domain
21). Called outside any transaction, once the payment is committed."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from billing.gateways.base import ChargeAsk, Gateway, Outcome, OutcomeKind
from invoices.models import Payment
from subscribers.models import PaymentMethod, Subscriber

_log = logging.getLogger(__name__)


def charge_ask(
    payment: Payment, card: PaymentMethod, payer: Subscriber, *, description: str, metadata: Mapping[str, str]
) -> ChargeAsk:
    """The ask of a payment, the same to the letter each time: its key is the payment's id. `description` is what the
    payer may read at their bank, `metadata` the public id of what the payment is for."""
    return ChargeAsk(
        key=str(payment.pk),
        amount=payment.amount,
        currency=payment.currency,
        customer_ref=card.customer_ref or payer.provider_customers.get(str(card.account_id), ""),
        method_ref=card.provider_ref,
        method_kind="sepa_debit" if card.kind == PaymentMethod.Kind.SEPA_DEBIT else "card",
        description=description,
        metadata=metadata,
    )


def ask(gateway: Gateway, wish: ChargeAsk) -> Outcome:
    """One charge. A fault of ours on the way is no answer: whether the money moved is asked later."""
    try:
        return gateway.charge(wish)
    except Exception:
        _log.exception("payment %s was asked for, and what came back was not understood", wish.key)
        return Outcome(kind=OutcomeKind.UNKNOWN)
