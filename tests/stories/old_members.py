"""An old member file of a network of salons, as tests write, check and enrol it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from billing.flows import import_work, imports
from billing.models import ImportRow, MemberImport
from billing.selectors import books
from merchants.clock import instant
from merchants.models import LegalEntity, Site
from merchants.tenancy.scope import tenant
from tests.worlds import Shop

ICS = "FR72ZZZ123456"
IBAN = "FR1420041010050500013M02606"
HEADINGS = "N° adhérent;Nom;Prénom;E-mail;Salon;Formule;Début;Payé jusqu'au;Montant"
MANDATE = f"{HEADINGS};IBAN;Titulaire;RUM;Date du mandat"


@pytest.fixture
def salon(shop: Shop) -> Shop:
    """A network with two sites and two offers."""
    with tenant(shop.id):
        LegalEntity.objects.update(creditor_identifier=ICS)
        for name in ("Lyon", "Bron"):
            Site.objects.create(reference=name.lower(), name=f"Salon {name}", created_at=instant())
    shop.feature("sessions", "quota")
    shop.offer("liberte", ("month", None, 29_90), features={"sessions": {"quota": 8}}, commitment_intervals=12)
    shop.offer("decouverte", ("month", 1, 9_90), ("month", None, 29_90))
    return shop


def day(shop: Shop, days: int) -> date:
    return shop.now().today + timedelta(days=days)


def typed(on: date) -> str:
    return f"{on:%d/%m/%Y}"


def upload(shop: Shop, *lines: str, headings: str = HEADINGS, name: str = "membres.csv"):
    content = "\n".join([headings, *lines]).encode()
    with tenant(shop.id):
        return imports.upload(content, name=name, actor=shop.actor, now=shop.now())


def checked(shop: Shop, *lines: str, headings: str = HEADINGS, **terms: str) -> MemberImport:
    row, _ = upload(shop, *lines, headings=headings)
    with tenant(shop.id):
        imports.begin_check(row.pk, columns=row.columns, terms={**row.terms, **terms})
    import_work.carry_on(merchant_id=shop.id, import_id=row.pk)
    return fresh(shop, row)


def fresh(shop: Shop, row: MemberImport) -> MemberImport:
    with tenant(shop.id):
        return MemberImport.objects.get(pk=row.pk)


def enrolled(shop: Shop, row: MemberImport) -> MemberImport:
    with tenant(shop.id):
        imports.begin_enrolling(row.pk, actor=shop.actor, now=shop.now())
    import_work.carry_on(merchant_id=shop.id, import_id=row.pk)
    return fresh(shop, row)


def faults(shop: Shop, row: MemberImport) -> dict[int, list[tuple[str, str]]]:
    with tenant(shop.id):
        rows = ImportRow.objects.filter(member_import=row).exclude(faults=[])
        return {one.line: [(each["field"], each["code"]) for each in one.faults] for one in rows}


def sound(shop: Shop) -> None:
    with tenant(shop.id):
        found = list(books.check(shop.merchant, instant()))
    assert [(one.rule, one.first) for one in found if one.wrong] == []


def member(
    shop: Shop, number: int = 1, *, since: int = -400, until: int = 10, offer: str = "liberte", more: str = "29,90"
):
    return (
        f"A-{number};Garnier {number};Lucie;lucie{number}@courriel.example;Salon Lyon;{offer};"
        f"{typed(day(shop, since))};{typed(day(shop, until))};{more}"
    )


def signed(shop: Shop, number: int, iban: str = IBAN, rum: str = "", on: str = "03/05/2022", **more) -> str:
    return f"{member(shop, number, **more)};{iban};Lucie Garnier;{rum or f'RUM-{number}'};{on}"
