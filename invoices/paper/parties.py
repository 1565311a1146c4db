"""Who issues a document and who pays it, as they stood on its day."""

from __future__ import annotations

import re
from dataclasses import dataclass

from invoices.paper.text import Printed
from merchants.brand import LIGHT_SHEET, readable, rgb, text_of

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer(Printed):
    """The legal entity, as it stood on the day of issue; `rcs` in full (`RCS Lyon 999 412 075`). `brand`
    is the name beside the logo; leave it empty where the logo says it. `logo` is SVG or PNG; one that cannot be drawn
    safely is left out and the name stands in its place."""

    name: str
    brand: str = ""
    legal_form: str = ""
    address: tuple[str, ...] = ()
    siren: str = ""
    siret: str = ""
    vat_id: str = ""
    capital: str = ""
    rcs: str = ""
    logo: bytes | None = None
    colour: str = "#201E1A"

    def __post_init__(self) -> None:
        Printed.__post_init__(self)
        if not _COLOUR.fullmatch(self.colour):
            raise ValueError(f"not a colour of the form #RRGGBB: {self.colour!r}")

    @property
    def ink(self) -> str:
        """The colour as it can be read on white paper (4.5 to 1): darkened, no more than needed.

        >>> Issuer(name="Onde", colour="#5B2A86").ink, Issuer(name="Onde", colour="#FFE66B").ink
        ('#5B2A86', '#827537')
        """
        return text_of(readable(rgb(self.colour), LIGHT_SHEET, (0, 0, 0), 0)[0])

    @property
    def full_name(self) -> str:
        """The name with the legal form, said once."""
        form = self.legal_form
        return self.name if not form or self.name.endswith(f" {form}") else f"{self.name} {form}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Printed):
    """The payer, as they stood on the day of issue. `country` (ISO 3166) is not printed: it decides how ideographs are
    drawn; where it is to be read, it stands in the address."""

    name: str
    company: str = ""
    address: tuple[str, ...] = ()
    vat_id: str = ""
    siren: str = ""
    reference: str = ""
    country: str = ""
