"""Ids: time-ordered UUIDs inside, opaque strings with a prefix outside (`sub_01jd…`).

>>> from uuid import UUID
>>> show("sub", UUID(int=1))
'sub_0000000000000000000001'
>>> read("sub", "sub_0000000000000000000001")
UUID('00000000-0000-0000-0000-000000000001')
>>> read("sub", "cus_0000000000000000000001") is None
True
"""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # ASCII order: text sorts as the number does
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_WIDTH = 22
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]

PREFIXES = {
    "User": "usr",
    "Merchant": "mer",
    "Membership": "mem",
    "Invitation": "ivt",
    "LegalEntity": "ent",
    "TaxRate": "txr",
    "Site": "sit",
    "Device": "dev",
    "Seal": "sea",
    "ApiKey": "key",
    "Feature": "fea",
    "Offer": "off",
    "OfferVersion": "ofv",
    "Option": "opt",
    "Coupon": "cou",
    "TestClock": "tc",
    "Event": "evt",
    "Subscriber": "cus",
    "Subscription": "sub",
    "SubscriptionOption": "sop",
    "ScheduledChange": "sch",
    "Grant": "gra",
    "Gesture": "ges",
    "GestureBatch": "geb",
    "GestureMember": "gem",
    "Campaign": "cam",
    "CampaignMember": "cmb",
    "Consumption": "con",
    "UsageRecord": "use",
    "Visit": "vis",
    "MemberCard": "crd",
    "PaymentMethod": "pm",
    "Mandate": "man",
    "Change": "chg",
    "Invoice": "inv",
    "CreditNote": "crn",
    "Payment": "pay",
    "Refund": "re",
    "BalanceEntry": "bal",
    "SignedPaper": "pap",
    "Till": "til",
    "TillSession": "tse",
    "RegisterEntry": "reg",
    "Quote": "quo",
    "CheckoutSession": "cs",
    "BillingRun": "run",
    "ParkedInRun": "pkd",
    "Charge": "cha",
    "DunningCase": "dun",
    "EReport": "erp",
    "NewCard": "nca",
    "Enrolment": "enr",
    "MemberImport": "imp",
    "ImportRow": "imr",
    "Reader": "rdr",
    "ReaderPayment": "rpy",
    "WebhookEndpoint": "whe",
    "Export": "exp",
    "Delivery": "dlv",
    "Message": "msg",
    "Alert": "alr",
}


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562): sorts by the moment it was made."""
    return _uuid7()


def show(prefix: str, value: UUID) -> str:
    """The public form of an id: the prefix, then 22 base-62 digits that sort as the id does."""
    number, pairs = value.int, []
    for _ in range(_WIDTH // 2):
        number, rest = divmod(number, 3844)
        pairs.append(_PAIRS[rest])
    pairs.reverse()
    return f"{prefix}_{''.join(pairs)}"


def read(prefix: str, text: str) -> UUID | None:
    """The id that `text` shows, or None where it is not one of ours with this prefix."""
    start, mark, digits = text.partition("_")
    if start != prefix or not mark or len(digits) != _WIDTH or any(digit not in _VALUE for digit in digits):
        return None
    number = 0
    for digit in digits:
        number = number * 62 + _VALUE[digit]
    return UUID(int=number) if number < 1 << 128 else None
