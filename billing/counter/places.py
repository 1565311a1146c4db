"""The pages of the counter as its bar names them: one row a place, shown to whoever may open it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from merchants.permissions import Permission, may


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page by its address's name, its word, and what one needs to open it."""

    name: str
    word: object
    permission: Permission = Permission.use_counter


PLACES = (
    Place(name="counter:enrol", word=gettext_lazy("Enrol"), permission=Permission.sell),
    Place(name="counter:door", word=gettext_lazy("Entry")),
    Place(name="counter:till", word=gettext_lazy("Till"), permission=Permission.run_till),
    Place(name="counter:home", word=gettext_lazy("Today")),
)


def places_for(role: str, request: HttpRequest) -> list[dict[str, Any]]:
    """The bar's keys for a role, the present page marked."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    return [
        {"url": reverse(place.name), "word": place.word, "is_here": place.name == here}
        for place in PLACES
        if may(role, place.permission)
    ]
