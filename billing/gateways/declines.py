"""Why money was refused, in our own stable codes, and what may follow. Pure: no provider's library is needed.

Rules: domain.md 22 (hard declines are not retried on that card). The issuer's own word decides; where the card
networks give an advice beside it, the advice decides.
"""

from __future__ import annotations

import re

from .base import Advice

CARD_DECLINED = "card_declined"
INSUFFICIENT_FUNDS = "insufficient_funds"
CARD_EXPIRED = "card_expired"
CARD_WRONG = "card_wrong"
CARD_LOST_OR_STOLEN = "card_lost_or_stolen"
CARD_NOT_SUPPORTED = "card_not_supported"
CONSENT_WITHDRAWN = "consent_withdrawn"
FRAUD_SUSPECTED = "fraud_suspected"
AUTHENTICATION_REQUIRED = "authentication_required"
AUTHENTICATION_FAILED = "authentication_failed"
PROCESSING_ERROR = "processing_error"
DEBIT_REFUSED = "debit_refused"
ACCOUNT_REFUSED = "account_refused"
METHOD_GONE = "method_gone"
REFUND_TOO_LARGE = "refund_too_large"
DISPUTED = "disputed"
AMOUNT_TOO_SMALL = "amount_too_small"
AMOUNT_TOO_LARGE = "amount_too_large"
AMOUNT_NOT_POSSIBLE = "amount_not_possible"
CURRENCY_NOT_SUPPORTED = "currency_not_supported"
PROVIDER_REFUSED_KEY = "provider_refused_key"
PROVIDER_REFUSED_REQUEST = "provider_refused_request"
PROVIDER_ERROR = "provider_error"
NO_ANSWER = "no_answer"
RATE_LIMITED = "rate_limited"
IN_PROGRESS = "in_progress"
KEY_REUSED = "key_reused"
NEEDS_A_PERSON = "needs_a_person"

_BY_WORD: dict[str, tuple[str, Advice]] = {
    "insufficient_funds": (INSUFFICIENT_FUNDS, "retry"),
    "withdrawal_count_limit_exceeded": (INSUFFICIENT_FUNDS, "retry"),
    "card_velocity_exceeded": (INSUFFICIENT_FUNDS, "retry"),
    "processing_error": (PROCESSING_ERROR, "retry"),
    "issuer_not_available": (PROCESSING_ERROR, "retry"),
    "reenter_transaction": (PROCESSING_ERROR, "retry"),
    "try_again_later": (PROCESSING_ERROR, "retry"),
    "no_action_taken": (CARD_DECLINED, "retry"),
    "generic_decline": (CARD_DECLINED, "retry"),
    "do_not_honor": (CARD_DECLINED, "retry"),
    "call_issuer": (CARD_DECLINED, "retry"),
    "not_permitted": (CARD_DECLINED, "retry"),
    "expired_card": (CARD_EXPIRED, "customer"),
    "invalid_expiry_month": (CARD_WRONG, "customer"),
    "invalid_expiry_year": (CARD_WRONG, "customer"),
    "incorrect_cvc": (CARD_WRONG, "customer"),
    "invalid_cvc": (CARD_WRONG, "customer"),
    "incorrect_number": (CARD_WRONG, "customer"),
    "invalid_number": (CARD_WRONG, "customer"),
    "incorrect_zip": (CARD_WRONG, "customer"),
    "incorrect_pin": (CARD_WRONG, "customer"),
    "invalid_amount": (CARD_DECLINED, "customer"),
    "authentication_required": (AUTHENTICATION_REQUIRED, "customer"),
    "approve_with_id": (AUTHENTICATION_REQUIRED, "customer"),
    "card_not_supported": (CARD_NOT_SUPPORTED, "customer"),
    "currency_not_supported": (CARD_NOT_SUPPORTED, "customer"),
    "transaction_not_allowed": (CARD_NOT_SUPPORTED, "customer"),
    "service_not_allowed": (CARD_NOT_SUPPORTED, "customer"),
    "new_account_information_available": (CARD_EXPIRED, "customer"),
    "live_mode_test_card": (CARD_WRONG, "stop"),
    "test_mode_live_card": (CARD_WRONG, "stop"),
    "testmode_decline": (CARD_WRONG, "stop"),
    "lost_card": (CARD_LOST_OR_STOLEN, "stop"),
    "stolen_card": (CARD_LOST_OR_STOLEN, "stop"),
    "pickup_card": (CARD_LOST_OR_STOLEN, "stop"),
    "restricted_card": (CARD_LOST_OR_STOLEN, "stop"),
    "invalid_account": (METHOD_GONE, "stop"),
    "fraudulent": (FRAUD_SUSPECTED, "stop"),
    "highest_risk_level": (FRAUD_SUSPECTED, "stop"),
    "merchant_blacklist": (FRAUD_SUSPECTED, "stop"),
    "security_violation": (FRAUD_SUSPECTED, "stop"),
    "revocation_of_authorization": (CONSENT_WITHDRAWN, "stop"),
    "revocation_of_all_authorizations": (CONSENT_WITHDRAWN, "stop"),
    "stop_payment_order": (CONSENT_WITHDRAWN, "stop"),
    # SEPA direct debit
    "debit_not_authorized": (CONSENT_WITHDRAWN, "stop"),
    "mandate_canceled": (CONSENT_WITHDRAWN, "stop"),
    "no_account": (METHOD_GONE, "stop"),
    "account_closed": (METHOD_GONE, "stop"),
    "bank_account_restricted": (METHOD_GONE, "stop"),
    "bank_ownership_changed": (METHOD_GONE, "stop"),
    "refer_to_customer": (DEBIT_REFUSED, "customer"),
    "generic_could_not_process": (DEBIT_REFUSED, "retry"),
    # errors beside the issuer's word
    "card_declined": (CARD_DECLINED, "retry"),
    "payment_intent_authentication_failure": (AUTHENTICATION_FAILED, "customer"),
    "setup_intent_authentication_failure": (AUTHENTICATION_FAILED, "customer"),
    "payment_intent_payment_attempt_failed": (DEBIT_REFUSED, "retry"),
    "payment_method_provider_decline": (DEBIT_REFUSED, "retry"),
    "payment_method_unactivated": (CARD_NOT_SUPPORTED, "customer"),
}
_NETWORK_ADVICE: dict[str, Advice] = {
    "try_again_later": "retry",
    "confirm_card_data": "customer",
    "do_not_try_again": "stop",
}
_LONG_NUMBER = re.compile(r"\b\d(?:[ -]?\d){11,18}\b")


def reason(code: str | None, decline_code: str | None, network_advice: str | None = None) -> tuple[str, Advice]:
    """Our code and advice for a provider's code, the issuer's word and the network's advice.

    >>> reason("card_declined", "insufficient_funds")
    ('insufficient_funds', 'retry')
    >>> reason("card_declined", "stolen_card")
    ('card_lost_or_stolen', 'stop')
    >>> reason("card_declined", "generic_decline", "do_not_try_again")
    ('card_declined', 'stop')
    >>> reason("card_declined", "a_word_of_next_year")
    ('card_declined', 'retry')
    """
    found: tuple[str, Advice] = (CARD_DECLINED, "retry")
    for word in (decline_code, code):
        if word in _BY_WORD:
            found = _BY_WORD[word]
            break
    return found[0], _NETWORK_ADVICE.get(network_advice or "", found[1])


def for_staff(message: str | None) -> str:
    """A provider's sentence without anything that looks like a card number.

    >>> for_staff("Card 4242 4242 4242 4242 was refused.")
    'Card •••• was refused.'
    """
    return _LONG_NUMBER.sub("••••", message or "")
