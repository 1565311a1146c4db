"""What the API answers about subscribers, as types."""

from __future__ import annotations

from typing import Annotated, TypedDict

from merchants.selectors.shapes import DayText, InstantText, Says


class AddressShape(TypedDict):
    """A postal address; what is not known is empty."""

    line1: str
    line2: str
    postal_code: str
    city: str
    country: str


class VatCheckShape(TypedDict):
    """What the register of VAT numbers said, and when. `consultation` is its proof, where it gave one."""

    verdict: Annotated[str, Says(one_of=("valid", "invalid", "unknown"))]
    at: InstantText
    consultation: str | None


class SubscriberShape(TypedDict):
    """A customer. `payer` is who pays for them where it is somebody else."""

    id: str
    object: Annotated[str, Says(one_of=("subscriber",))]
    reference: str
    name: str
    email: str
    phone: str
    birth_on: DayText | None
    company: str
    siren: str
    vat_number: str
    vat_check: VatCheckShape | None
    address: AddressShape
    locale: str
    payer: str | None
    site: str | None
    test_clock: str | None
    channel: str
    metadata: dict[str, str]
    created_at: InstantText
    erased_at: InstantText | None
