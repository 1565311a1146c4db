"""Who subscribes to the demo merchant: two hundred people, always the same ones. Pure."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_FIRST = """Lucie Amélie Hugo Inès Malo Jeanne Karim Élodie Thomas Nadia Victor Salomé Yann Chloé Idriss Margaux Paul
Aïcha Léon Camille Rayan Solène Gaspard Manon Bastien Zoé Samir Clémence Arthur Noémie Tristan Fatou Adrien Louise
Quentin Maëlle Rémi Anouk Youssef Capucine"""
_LAST = """Garnier Perrin Lefèvre Nguyen Moreau Diallo Roussel Benali Fontaine Mercier Rousseau Caron Lambert Da·Silva
Girard Traoré Fabre Haddad Marchand Le·Goff Vidal Bonnet Kowalski Leroux Chevalier Renaud Picard Schmitt Barbier
Ferrand"""
FIRST, LAST = _FIRST.split(), _LAST.split()
CITIES = (
    ("Lyon", "69003"), ("Villeurbanne", "69100"), ("Paris", "75011"), ("Nantes", "44000"), ("Rennes", "35000"),
    ("Lille", "59000"), ("Bordeaux", "33000"), ("Marseille", "13006"), ("Grenoble", "38000"), ("Strasbourg", "67000"),
)  # fmt: skip
STREETS = ("rue des Lilas", "avenue Jean-Jaurès", "rue de la Soie", "quai Fulchiron", "rue Pasteur", "place du Marché")

Trouble = Literal["none", "declines_then_new_card", "declines_for_good", "bank_asks", "expires_soon", "ran_out"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """One subscriber and what becomes of them. Days are counted from the day on which the year begins.

    `leaves_on`: they cancel; `stays_after`: they change their mind so many days later. `moves_on`: the day on which
    they ask for another offer from the next period on; `drops_on`: they let their option go.
    """

    number: int
    name: str
    email: str
    phone: str
    street: str
    city: str
    postal_code: str
    english: bool
    joins_on: int
    offer: str
    option: str | None
    coupon: bool
    debit: bool
    trouble: Trouble
    leaves_on: int | None
    stays_after: int | None
    moves_on: int | None
    drops_on: int | None


def people(count: int, days: int, *, seed: int = 2026) -> Iterator[Person]:
    """The same people for the same seed: a quarter were there on the first day, the others come over
    the year, more and more of them.

    >>> [person.name for person in people(2, 365)] == [person.name for person in people(2, 365)]
    True
    >>> sum(person.joins_on == 0 for person in people(200, 365))
    50
    """
    chance = random.Random(seed)  # noqa: S311 - a story, not a secret
    for number in range(count):
        first, last = chance.choice(FIRST), chance.choice(LAST).replace("·", " ")
        city, postal_code = chance.choice(CITIES)
        joins_on = 0 if number % 4 == 0 else int((days - 3) * chance.random() ** 0.7) + 1
        offer = chance.choices(("essentiel", "hifi", "famille"), (45, 40, 15))[0]
        left = days - joins_on
        leaves = chance.random() < 0.16 and left > 45
        leaves_on = joins_on + chance.randrange(30, left - 5) if leaves else None
        moves = offer == "essentiel" and leaves_on is None and left > 70 and chance.random() < 0.18
        option = _option(offer, chance)
        drops = option is not None and leaves_on is None and left > 60 and chance.random() < 0.25
        trouble = _trouble(chance, left)
        if trouble == "declines_for_good":
            leaves_on, moves, drops = joins_on + 110 if left > 115 else None, False, False
        yield Person(
            number=number,
            name=f"{first} {last}",
            email=f"{_plain(first)}.{_plain(last)}{number}@courriel.example",
            phone=f"+336{chance.randrange(10**7, 10**8):08d}",
            street=f"{chance.randrange(1, 120)} {chance.choice(STREETS)}",
            city=city,
            postal_code=postal_code,
            english=chance.random() < 0.07,
            joins_on=joins_on,
            offer=offer,
            option=option,
            coupon=chance.random() < 0.15,
            debit=chance.random() < 0.06,
            trouble=trouble,
            leaves_on=leaves_on,
            stays_after=chance.randrange(1, 5) if leaves and chance.random() < 0.2 else None,
            moves_on=joins_on + chance.randrange(35, left - 25) if moves else None,
            drops_on=joins_on + chance.randrange(25, left - 20) if drops else None,
        )


def _option(offer: str, chance: random.Random) -> str | None:
    if offer == "essentiel":
        return "concerts" if chance.random() < 0.1 else None
    return chance.choices((None, "device", "concerts"), (60, 25, 15))[0]


def _trouble(chance: random.Random, left: int) -> Trouble:
    kinds: tuple[Trouble, ...] = (
        "none", "declines_then_new_card", "declines_for_good", "bank_asks", "expires_soon", "ran_out",
    )  # fmt: skip
    weights = (82, 6, 3, 2, 5, 2) if left > 60 else (93, 0, 1, 1, 5, 0)
    return chance.choices(kinds, weights)[0]


def _plain(text: str) -> str:
    """A name as an address spells it.

    >>> _plain("Le Goff"), _plain("Élodie")
    ('legoff', 'elodie')
    """
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return folded.lower().replace(" ", "").replace("-", "")
