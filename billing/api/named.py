"""What several bodies name alike, found: options with their quantities, coupons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.flows.purchase import WishedOption
from merchants.http.references import find_all
from merchants.models import Coupon, Option


def named_options(body: Mapping[str, Any]) -> list[WishedOption]:
    """`options: [{option, quantity?}]`, one of each unless said. Raises Invalid naming each unknown one."""
    given = list(body.get("options", ()))
    named = {f"options[{place}].option": each["option"] for place, each in enumerate(given)}
    rows = find_all(Option.objects.all(), named).values()
    return [WishedOption(option=row, quantity=each.get("quantity", 1)) for row, each in zip(rows, given, strict=True)]


def named_coupons(body: Mapping[str, Any]) -> list[Coupon]:
    """`coupons: […]`. Raises Invalid naming each that is unknown."""
    named = {f"coupons[{place}]": text for place, text in enumerate(body.get("coupons", ()))}
    return list(find_all(Coupon.objects.filter(is_gesture=False), named).values())
