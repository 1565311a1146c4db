"""The office of a test's shop, at somebody's browser."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import reverse

from merchants.models import Membership
from merchants.tenancy.scope import tenant
from tests.pages.offices import logged_in, person
from tests.worlds import Shop


@dataclass(frozen=True)
class Desk:
    """A member of a shop's staff, at their browser."""

    shop: Shop
    client: Client

    @classmethod
    def at(cls, shop: Shop, role: str = "owner", locale: str = "en") -> Desk:
        user = person(locale=locale, name="Julie Renaud")
        with tenant(shop.id):
            Membership.objects.create(user=user, role=role, created_at=shop.now().at)
        return cls(shop, logged_in(user))

    def url(self, name: str, **arguments: str) -> str:
        return reverse(f"office:{name}", kwargs={"merchant": self.shop.merchant.public_id, **arguments})

    def get(self, name: str, query: str = "", *, fragment: bool = False, **arguments: str) -> Any:
        headers = {"HX-Request": "true"} if fragment else {}
        return self.client.get(self.url(name, **arguments) + query, headers=headers)

    def text(self, name: str, query: str = "", **arguments: Any) -> str:
        """A page's words as one reads them: no tags, one blank between."""
        answer = self.get(name, query, **arguments)
        assert answer.status_code == 200, answer.status_code
        return words(answer.content)


def words(content: bytes) -> str:
    text = re.sub(r"(?s)<script.*?</script>|<[^>]+>", " ", content.decode())
    return re.sub(r"\s+", " ", html.unescape(text)).replace("\N{NO-BREAK SPACE}", " ").strip()


def names_in_list(answer: Any) -> list[str]:
    """The people of a list, in its order."""
    return [
        html.unescape(name)
        for name in re.findall(r'class="plain-link" href="[^"]+">([^<]+)</a>', answer.content.decode())
    ]
