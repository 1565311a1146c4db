"""◆ The code that a bank's application reads to fill in a transfer: EPC069-12, "Quick Response Code: Guidelines to
Enable Data Capture for the Initiation of a SEPA Credit Transfer", version 002."""

from __future__ import annotations

from dataclasses import dataclass

SEPA = frozenset(
    [
        "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR",
        "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO",
        "RS", "SE", "SI", "SK", "SM", "VA",
    ]
)  # fmt: skip
"""Countries of the scheme, by the first letters of their IBANs (EPC409-09); French overseas accounts have FR."""

LARGEST = 999_999_999_99
"""The largest amount that the code can carry, in cents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A transfer to ask for: to whom, of how many cents of euro, with which words."""

    name: str
    iban: str
    amount: int
    reference: str
    bic: str = ""


def is_sepa(*, iban: str, currency: str) -> bool:
    """Whether this account can be paid this currency by a SEPA transfer.

    >>> is_sepa(iban="FR7630006000011234567890189", currency="EUR"), is_sepa(iban="TN59…", currency="EUR")
    (True, False)
    """
    return currency == "EUR" and iban[:2] in SEPA


def code_text(transfer: Transfer) -> str:
    """What the code says, line by line: service tag, version, UTF-8, SCT, BIC, name (70 characters at most), IBAN,
    amount, no purpose, no structured reference, words to go with it (140 at most). 331 bytes at most in all, which
    only a name and words of other scripts could pass: they are cut.

    >>> print(code_text(Transfer(name="Onde SAS", iban="FR7630006000011234567890189", amount=987,
    ...                          reference="ON-2026-041436")))
    BCD
    002
    1
    SCT
    <BLANKLINE>
    Onde SAS
    FR7630006000011234567890189
    EUR9.87
    <BLANKLINE>
    <BLANKLINE>
    ON-2026-041436
    """
    if not 0 < transfer.amount <= LARGEST:
        raise ValueError(f"a transfer code carries 0.01 to 999 999 999.99 euros, not {transfer.amount} cents")
    name = _within(transfer.name[:70], 150)
    words = _within(transfer.reference[:140], 100)
    euros = f"EUR{transfer.amount // 100}.{transfer.amount % 100:02}"
    return "\n".join(("BCD", "002", "1", "SCT", transfer.bic, name, transfer.iban, euros, "", "", words))


def _within(text: str, most: int) -> str:
    """As much of a text as so many bytes hold, and no half character."""
    return " ".join(text.encode()[:most].decode(errors="ignore").split())
