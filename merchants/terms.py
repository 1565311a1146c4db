"""What an offer, an option or a coupon says, as values: the same for the API, the back office and an import.

Pure: the rules that need no database are here, each a `FieldError` at the path that the caller wrote
(`stages[1].recurrences`). Amounts are minor units of `currency`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from merchants.early_end import EarlyEnd, early_end_faults
from merchants.metered import UsageTerm, usage_faults
from merchants.money import AMOUNT_LIMIT, EXPONENTS
from merchants.refusals import FieldError, Invalid, gettext_noop

LONGEST = {"day": 3660, "week": 520, "month": 120, "year": 10}
"""The most of each unit that one interval may hold: about ten years."""

DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
STAGE_DAYS = 36_600
"""No stage that ends lasts longer: about a hundred years."""

MOST_STAGES, MOST_FEATURES, MOST_OPTIONS, MOST_PRICES = 20, 100, 100, 20
RECURRENCES = 1_000
QUOTA_LIMIT = 10**15
COMMITMENT, NOTICE_DAYS, NOTICE_MONTHS = 120, 366, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTerm:
    """A feature that is opened: with a `quota` per period (None: without limit) or at a `level`."""

    feature: UUID
    quota: int | None = None
    level: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTerm:
    """A span of an offer. `recurrences` None: without end. `amount`: the price of one interval; `usage` comes on top,
    in arrears."""

    interval: str
    amount: int
    interval_count: int = 1
    recurrences: int | None = None
    billing: str = "advance"
    label: Mapping[str, str] = field(default_factory=dict)
    features: tuple[FeatureTerm, ...] = ()
    usage: tuple[UsageTerm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOption:
    """An option that may be taken with an offer, or is part of it at no extra price."""

    option: UUID
    included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """All that a version of an offer says. `notice_days` or `notice_months`: how long before it ends one says so.
    `early_end`: what leaving before the end of the commitment costs; None: it cannot be left early."""

    title: Mapping[str, str]
    currency: str
    tax_behavior: str
    stages: tuple[StageTerm, ...]
    description: Mapping[str, str] = field(default_factory=dict)
    tax_code: str = "electronic"
    alignment: str = "anniversary"
    billing_day: int | None = None
    setup_amount: int = 0
    commitment_intervals: int = 0
    notice_days: int = 0
    notice_months: int = 0
    early_end: EarlyEnd | None = None
    options: tuple[ListedOption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerm:
    """What an option costs for one interval."""

    interval: str
    amount: int
    interval_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTerms:
    """All that a version of an option says: prices per interval, or one amount paid once. `adds`: its quotas add to the
    offer's. `tax_code` empty: the offer's."""

    title: Mapping[str, str]
    currency: str
    description: Mapping[str, str] = field(default_factory=dict)
    tax_code: str = ""
    one_off_amount: int | None = None
    adds: bool = False
    prices: tuple[PriceTerm, ...] = ()
    features: tuple[FeatureTerm, ...] = ()


def fault(path: str, code: str, detail: str, **params: object) -> FieldError:
    """One fault at a path."""
    return FieldError(field=path, code=code, detail=detail, params=params)


def refuse_if(faults: Sequence[FieldError]) -> None:
    """Raise Invalid with all of them, if there are any; a single one gives its code to the whole."""
    if faults:
        raise Invalid(code=faults[0].code if len(faults) == 1 else "invalid", errors=faults)


def offer_faults(terms: OfferTerms) -> list[FieldError]:
    """Everything wrong with an offer that can be seen without the database.

    >>> endless = StageTerm(interval="month", amount=1490)
    >>> terms = OfferTerms(title={"en": "Twice"}, currency="EUR", tax_behavior="inclusive", stages=(endless, endless))
    >>> [(fault.field, fault.code) for fault in offer_faults(terms)]
    [('stages[0].recurrences', 'stage_without_end_is_last')]
    """
    return [
        *_texts(terms.title, terms.currency),
        *_words("tax_behavior", terms.tax_behavior, ("inclusive", "exclusive")),
        *_words("alignment", terms.alignment, ("anniversary", "calendar")),
        *_amount("setup_amount", terms.setup_amount),
        *_between("commitment.intervals", terms.commitment_intervals, 0, COMMITMENT),
        *_between("commitment.notice", terms.notice_days, 0, NOTICE_DAYS),
        *_between("commitment.notice", terms.notice_months, 0, NOTICE_MONTHS),
        *early_end_faults(terms.early_end, terms.commitment_intervals),
        *_billing_day(terms),
        *_stages(terms),
        *_twice("options", [listed.option for listed in terms.options], "option", MOST_OPTIONS),
    ]


def option_faults(terms: OptionTerms) -> list[FieldError]:
    """Everything wrong with an option that can be seen without the database.

    >>> [fault.code for fault in option_faults(OptionTerms(title={"en": "Extra"}, currency="EUR"))]
    ['option_without_price']
    """
    found = list(_texts(terms.title, terms.currency))
    if terms.one_off_amount is not None:
        found += _amount("amount", terms.one_off_amount)
        if terms.prices:
            detail = gettext_noop("An option is paid once (amount) or per interval (prices), not both.")
            found.append(fault("prices", "option_priced_twice", detail))
    elif not terms.prices:
        detail = gettext_noop("Give prices per interval, or one amount that is paid once.")
        found.append(fault("prices", "option_without_price", detail))
    for place, price in enumerate(terms.prices[:MOST_PRICES]):
        found += _interval(f"prices[{place}]", price.interval, price.interval_count)
        found += _amount(f"prices[{place}].amount", price.amount)
    found += _twice("prices", [(price.interval, price.interval_count) for price in terms.prices], "", MOST_PRICES)
    found += _features("", terms.features)
    return found


def _texts(title: Mapping[str, str], currency: str) -> Iterator[FieldError]:
    if not any(text.strip() for text in title.values()):
        yield fault("title", "required", gettext_noop("Give a title in at least one language."))
    if currency not in EXPONENTS:
        detail = gettext_noop("Not a currency code of ISO 4217, in three capitals.")
        yield fault("currency", "currency_unknown", detail)


def _words(path: str, word: str, allowed: tuple[str, ...]) -> Iterator[FieldError]:
    if word not in allowed:
        yield fault(path, "invalid_choice", gettext_noop("One of: %(words)s."), words=", ".join(allowed))


def _amount(path: str, amount: int) -> Iterator[FieldError]:
    if amount < 0:
        yield fault(path, "amount_negative", gettext_noop("An amount here is not below zero."))
    elif amount >= AMOUNT_LIMIT:
        yield fault(path, "amount_too_large", gettext_noop("An amount is below 10^15 minor units."))


def _between(path: str, value: int, least: int, most: int) -> Iterator[FieldError]:
    if not least <= value <= most:
        detail = gettext_noop("A whole number from %(least)s to %(most)s.")
        yield fault(path, "out_of_range", detail, least=least, most=most)


def _interval(path: str, unit: str, count: int) -> Iterator[FieldError]:
    if unit not in LONGEST:
        detail = gettext_noop("An interval is day, week, month or year.")
        yield fault(f"{path}.interval", "interval_unknown", detail)
    elif not 1 <= count <= LONGEST[unit]:
        detail = gettext_noop("A count from 1 to %(most)s.")
        yield fault(f"{path}.interval_count", "interval_count_out_of_range", detail, most=LONGEST[unit])


def _billing_day(terms: OfferTerms) -> Iterator[FieldError]:
    if terms.billing_day is None:
        return
    if terms.alignment != "calendar":
        detail = gettext_noop("A billing day needs the alignment “calendar”.")
        yield fault("billing_day", "billing_day_without_calendar", detail)
    yield from _between("billing_day", terms.billing_day, 1, 31)


def _stages(terms: OfferTerms) -> Iterator[FieldError]:
    if not 1 <= len(terms.stages) <= MOST_STAGES:
        detail = gettext_noop("An offer has 1 to %(most)s stages.")
        yield fault("stages", "stages_out_of_range", detail, most=MOST_STAGES)
    for place, stage in enumerate(terms.stages[:MOST_STAGES]):
        path = f"stages[{place}]"
        yield from _interval(path, stage.interval, stage.interval_count)
        yield from _amount(f"{path}.amount", stage.amount)
        yield from _words(f"{path}.billing", stage.billing, ("advance", "arrears"))
        yield from _length(path, stage, last=place == len(terms.stages) - 1)
        if terms.alignment == "calendar" and stage.interval in ("day", "week") and stage.amount > 0:
            detail = gettext_noop("A paid stage in days or weeks cannot follow the calendar (domain 2).")
            yield fault(f"{path}.interval", "stage_never_aligned", detail)
        yield from _features(f"{path}.", stage.features)
        yield from usage_faults(f"{path}.usage", stage.usage, terms.currency)


def _length(path: str, stage: StageTerm, *, last: bool) -> Iterator[FieldError]:
    if stage.recurrences is None:
        if not last:
            detail = gettext_noop("A stage without end is the last one: say how many intervals this one has.")
            yield fault(f"{path}.recurrences", "stage_without_end_is_last", detail)
        return
    yield from _between(f"{path}.recurrences", stage.recurrences, 1, RECURRENCES)
    if DAYS.get(stage.interval, 1) * stage.interval_count * stage.recurrences > STAGE_DAYS:
        yield fault(f"{path}.recurrences", "stage_too_long", gettext_noop("A stage lasts at most a hundred years."))


def _features(prefix: str, features: tuple[FeatureTerm, ...]) -> Iterator[FieldError]:
    for place, term in enumerate(features[:MOST_FEATURES]):
        if term.quota is not None and not 0 <= term.quota <= QUOTA_LIMIT:
            detail = gettext_noop("A quota is a whole number from 0.")
            yield fault(f"{prefix}features[{place}].quota", "quota_out_of_range", detail)
    yield from _twice(f"{prefix}features", [term.feature for term in features], "feature", MOST_FEATURES)


def _twice(path: str, keys: Iterable[object], name: str, most: int) -> Iterator[FieldError]:
    seen: set[object] = set()
    for place, key in enumerate(keys):
        if place == most:
            yield fault(path, "too_many", gettext_noop("At most %(most)s here."), most=most)
            return
        if key in seen:
            at = f"{path}[{place}].{name}" if name else f"{path}[{place}]"
            yield fault(at, "listed_twice", gettext_noop("This stands in the list already."))
        seen.add(key)
