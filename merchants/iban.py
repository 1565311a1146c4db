"""An account that may be debited: an IBAN (ISO 13616) in the SEPA zone, checked digit by digit, and the bank's name.

Pure but for the register of banks that the library carries. What is wrong is said so that whoever typed it finds the
place: too short, a wrong digit, a country that is not of SEPA. The number itself never stands in a refusal.

The check digits (modulo 97) find every wrong digit and every pair that was swapped; a national key inside the number is
not checked beside them, since providers' test accounts have none that holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from merchants.refusals import FieldError, Invalid, gettext_noop


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that was checked. `bank` and `bic` are '' where the register does not know the bank."""

    number: str
    country: str
    bank: str
    bic: str

    @property
    def last4(self) -> str:
        """The end of it, which may be shown.

        >>> check_iban("FR76 3000 6000 0112 3456 7890 189").last4
        '0189'
        """
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        """In groups of four, as banks print it."""
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


def check_iban(text: str, *, field: str = "iban") -> Account:
    """The account behind what was typed: blanks and small letters do not matter. Raises Invalid at `field` with one of
    `required`, `iban_malformed`, `iban_length`, `iban_invalid`, `iban_outside_sepa`.

    >>> found = check_iban("de89 3704 0044 0532 0130 00")
    >>> found.number, found.country, found.bic
    ('DE89370400440532013000', 'DE', 'COBADEFFXXX')
    >>> try:
    ...     check_iban("FR7630006000011234567890188")
    ... except Invalid as refusal:
    ...     refusal.errors[0].detail
    'A digit is wrong: look at it again, group by group.'
    """
    number = "".join(sign for sign in text if not sign.isspace() and sign not in "-.\u200e\u200f\u202a\u202c").upper()
    refused = _fault(number, field)
    if refused is not None:
        raise Invalid(code=refused.code, errors=[refused])
    bank, bic = _bank(number)
    return Account(number=number, country=number[:2], bank=bank, bic=bic)


def _fault(number: str, field: str) -> FieldError | None:
    if not number:
        return FieldError(field=field, code="required", detail=gettext_noop("Write the IBAN of the account."))
    if not (number.isascii() and number.isalnum() and number[:2].isalpha() and number[2:4].isdigit()):
        detail = gettext_noop("An IBAN begins with two letters and two digits, such as FR76.")
        return FieldError(field=field, code="iban_malformed", detail=detail)
    wanted = _length(number)
    if wanted is None:
        detail = gettext_noop("Accounts of %(country)s cannot be debited by SEPA: choose another means.")
        return FieldError(field=field, code="iban_outside_sepa", detail=detail, params={"country": number[:2]})
    if len(number) != wanted:
        detail = gettext_noop("An IBAN of %(country)s has %(wanted)s characters; this one has %(found)s.")
        params = {"country": number[:2], "wanted": wanted, "found": len(number)}
        return FieldError(field=field, code="iban_length", detail=detail, params=params)
    if not _is_valid(number):
        detail = gettext_noop("A digit is wrong: look at it again, group by group.")
        return FieldError(field=field, code="iban_invalid", detail=detail)
    return None


def _length(number: str) -> int | None:
    """How many characters the country's numbers have; None where no account of it can be debited (EPC409-09)."""
    try:
        spec = IBAN(number, allow_invalid=True).spec
    except SchwiftyException:
        return None
    return spec.iban_length if spec.in_sepa_zone else None


def _is_valid(number: str) -> bool:
    try:
        IBAN(number)
    except SchwiftyException:
        return False
    return True


def _bank(number: str) -> tuple[str, str]:
    try:
        known = IBAN(number)
        return known.bank_name or "", str(known.bic or "")
    except SchwiftyException:  # two banks of one code, or none
        return "", ""
