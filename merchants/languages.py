"""◆ The languages that people read us in: one row each, with all that is not a translation.

Translations are gettext catalogues (`locale/<code>`). What pure modules write without gettext, and how figures, dates
and periods are formed, stands here. To add a language: a row, a catalogue; see docs/languages.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language. Patterns of dates are CLDR's; `first_of_month` stands for 1 before a month where the language says
    it otherwise. In texts, `{first}`, `{last}`, `{day}`, `{days}`, `{whole}` and `{amount}` are filled in."""

    code: str
    name: str
    """In the language itself."""
    locale: str
    """Of Babel's data: how figures and dates are formed, for whom the language has several ways."""
    direction: str = "ltr"
    day: str = "d"
    short_day: str = "d MMM"
    long_day: str = "d MMMM"
    weekday: str = "EEEE d MMMM"
    year: str = " y"
    first_of_month: str = ""
    period: str
    narrow_period: str
    on_day: str
    one_day: str
    several_days: str
    """Days that are charged, of the days of the whole period: `17 days of 31`."""
    given: str
    given_instead: str
    free: str
    packages: str
    """How many were used, and how many are in a package: `{used}`, `{size}`."""
    restored: str
    committed_until: str
    before_colon: str = ""
    groups: str
    """Signs between thousands, as people type them."""


TABLE: dict[str, Language] = {
    "en": Language(
        code="en",
        name="English",
        locale="en_GB",
        period="{first} to {last}",
        narrow_period="{first} to {last}",
        on_day="on {day}",
        one_day="{days} day of {whole}",
        several_days="{days} days of {whole}",
        given="given",
        given_instead="given instead of {amount}",
        free="free",
        packages="{used} in packages of {size}",
        restored="as it was before that day's change",
        committed_until="commitment until {day}",
        groups=",  '",
    ),
    "fr": Language(
        code="fr",
        name="Français",
        locale="fr_FR",
        first_of_month="1er",
        period="du {first} au {last}",
        narrow_period="{first} au {last}",
        on_day="le {day}",
        one_day="{days} jour sur {whole}",
        several_days="{days} jours sur {whole}",
        given="offert",
        given_instead="offert, au lieu de {amount}",
        free="gratuit",
        packages="{used} en lots de {size}",
        restored="comme avant le changement du jour",
        committed_until="engagement jusqu’au {day}",
        before_colon=NO_BREAK,
        groups=" \u00a0\u202f.",
    ),
}
"""The languages we speak, by code. English comes first: message ids are English, and whatever lacks is said in it."""


def codes() -> tuple[str, ...]:
    """The codes of all languages.

    >>> codes()[:2]
    ('en', 'fr')
    """
    return tuple(TABLE)


def is_spoken(code: str) -> bool:
    """Whether this is one of our codes, written as we write them.

    >>> is_spoken("fr"), is_spoken("FR"), is_spoken("xx")
    (True, False, False)
    """
    return code in TABLE


def language_of(code: str) -> Language:
    """The language of a code, its region left out; English where we have none.

    >>> language_of("fr-CA").name, language_of("xx").name, language_of("").name
    ('Français', 'English', 'English')
    """
    return TABLE.get(code[:2].lower(), TABLE["en"])


def said_in(texts: Mapping[str, str], code: str) -> str:
    """A text in a language; else in English, else in whichever there is: what was written is said all the same.

    >>> said_in({"fr": "Mois", "en": "Month"}, "fr"), said_in({"fr": "Mois"}, "en"), said_in({}, "en")
    ('Mois', 'Mois', '')
    """
    own = texts.get(language_of(code).code) or texts.get("en")
    return own or next((text for text in texts.values() if text), "")
