"""◆ Amounts as people type them, in the way of their language: `12,99`, `€12.99`, `1 200,00 €`. Never guessed where it
matters.

The last comma or point is the decimal sign where fewer digits follow it than the currency has decimals, or as many;
three digits after a single sign are thousands only where the reader's language groups with that sign.
"""

from __future__ import annotations

import re
import unicodedata

from babel.numbers import get_currency_symbol

from merchants.languages import language_of
from merchants.money import decimal_text, exponent, parse_amount
from merchants.refusals import Invalid, gettext_noop
from merchants.wording import decimal_sign, locale_of

_SIGNS = re.compile(r"[.,]")


def typed_amount(text: str, currency: str, language: str, *, field: str = "amount") -> int:
    """Minor units of what was typed. Raises Invalid (`decimal_malformed`, `too_many_decimals`, `amount_negative`…).

    >>> typed_amount("12,99", "EUR", "fr"), typed_amount("€12.99", "EUR", "en"), typed_amount("1 200,5 €", "EUR", "fr")
    (1299, 1299, 120050)
    >>> typed_amount("1,200", "EUR", "en"), typed_amount("1,200", "TND", "en"), typed_amount("1.234,50", "EUR", "fr")
    (120000, 1200, 123450)
    >>> typed_amount("1,200", "EUR", "fr")
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('too_many_decimals', 'At most 2 decimals here.')
    """
    return parse_amount(pointed(text, currency, language), currency, field=field)


def pointed(text: str, currency: str, language: str) -> str:
    """What was typed without blanks, groups and the currency's sign, with one point as the decimal sign.

    >>> pointed("€0.0125", "EUR", "en"), pointed("0,0125 €", "EUR", "fr"), pointed("1 000", "EUR", "fr")
    ('0.0125', '0.0125', '1000')
    """
    plain = "".join(unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("'", "").split())
    for name in (currency, get_currency_symbol(currency, locale=locale_of(language))):
        plain = plain.removeprefix(name).removesuffix(name)
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Sc")
    return _pointed(plain, currency, language[:2])


def _pointed(plain: str, currency: str, language: str) -> str:
    """With one point as the decimal sign; as it is where that cannot be told, so that `parse_amount` says why."""
    signs = _SIGNS.findall(plain)
    if not signs:
        return _without_zeros(plain)
    last = max(plain.rfind(","), plain.rfind("."))
    after = len(plain) - last - 1
    other = "," if plain[last] == "." else "."
    thousands = after == 3 and after > exponent(currency) and plain[last] in language_of(language).groups
    if len(set(signs)) == 1 and (len(signs) > 1 or thousands):
        return _without_zeros(_ungrouped(plain, plain[last]))
    if len(set(signs)) == 2 and plain.count(plain[last]) > 1:
        return plain
    whole = plain[:last] or "0"
    return f"{_without_zeros(_ungrouped(whole, other) if other in whole else whole)}.{plain[last + 1 :]}"


def _ungrouped(text: str, sign: str) -> str:
    groups = text.split(sign)
    right = 1 <= len(groups[0].lstrip("-")) <= 3 and all(len(group) == 3 for group in groups[1:])
    return "".join(groups) if right else text


def _without_zeros(whole: str) -> str:
    return whole.lstrip("0") or "0" if whole.isdigit() else whole


def shown_amount(amount: int, currency: str, language: str) -> str:
    """An amount as a field shows it, ready to be typed over: no sign of the currency, no groups.

    >>> shown_amount(129900, "EUR", "fr"), shown_amount(1299, "EUR", "en"), shown_amount(500, "JPY", "fr")
    ('1299,00', '12.99', '500')
    """
    text = decimal_text(amount, currency)
    return text.replace(".", decimal_sign(language))


def typed_quota(text: str, *, field: str = "quota") -> int | None:
    """A quota as typed: a whole number, or one of the words for “without limit” (None). Raises Invalid.

    >>> typed_quota("1 000"), typed_quota("no limit"), typed_quota("∞")
    (1000, None, None)
    """
    folded = re.sub(r"[\s.,']", "", unicodedata.normalize("NFKC", text).casefold())
    if folded in NO_LIMIT:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", folded, re.ASCII):
        raise Invalid.at(field, "quota_malformed", gettext_noop("A whole number, or “no limit”."))
    return int(folded)


NO_LIMIT = frozenset({"nolimit", "unlimited", "sanslimite", "illimité", "illimite", "∞"})
