"""An old file of members: how long checking, enrolling and proving them takes.

    python -m tools.devstack exec -- python -m benchmarks.importing [--members 2000] [--xlsx] [--people 20000]

One process, no broker: the worker's own function on a file of so many rows, all good, two of three with a SEPA mandate,
eight sites, three offers, one with a first month at another price. The aim is 2,000 enrolled in under 30 s.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import django

if TYPE_CHECKING:
    from merchants.models import LegalEntity

HEADINGS = [
    "N° adhérent", "Nom", "Prénom", "E-mail", "Téléphone", "Né le", "Adresse", "Code postal", "Ville", "Salon",
    "Formule", "Début", "Payé jusqu'au", "Montant", "IBAN", "Titulaire", "RUM", "Date du mandat",
]  # fmt: skip


def main() -> None:
    """Plant, run, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2_000)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--xlsx", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    django.setup()
    from django.core.management import call_command

    from merchants.tenancy.scope import tenant

    call_command("migrate", database="owner", verbosity=0, interactive=False)
    from benchmarks.counter import plant
    from billing.flows import import_work, imports
    from billing.models import ImportRow
    from merchants.models import Merchant, ProviderAccount
    from merchants.selectors.clocks import now_for
    from tests.worlds import TESTER, Shop

    merchant_id, _ = plant(given.people)
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant)
    entity = furnish(merchant_id)
    shop = Shop(merchant=merchant, entity=entity, account=ProviderAccount())  # no money moves here
    shop.offer("decouverte", ("month", 1, 9_90), ("month", None, 39_90))
    shop.offer("annuel", ("year", None, 299_00))
    content = file_of(given.members, now.today, as_workbook=given.xlsx)
    began = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal began
        now_at = time.perf_counter()
        print(f"{name:<10} {now_at - began:6.1f} s")
        began = now_at

    with tenant(merchant_id):
        row, _new = imports.upload(content, name="members", actor=TESTER, now=now)
    lap("uploaded")
    with tenant(merchant_id):
        imports.begin_check(row.pk, columns=row.columns, terms=row.terms)
    import_work.carry_on(merchant_id=merchant_id, import_id=row.pk)
    lap("checked")
    with tenant(merchant_id):
        imports.begin_enrolling(row.pk, actor=TESTER, now=now)
    import_work.carry_on(merchant_id=merchant_id, import_id=row.pk)
    lap("enrolled")
    with tenant(merchant_id):
        rows = ImportRow.objects.filter(member_import=row)
        by_state = {state: rows.filter(status=state).count() for state in ImportRow.Status.values}
        first = rows.exclude(faults=[]).values_list("faults", flat=True).first()
    print(f"{given.members} rows, {len(content):,} bytes:", by_state, first or "")


def furnish(merchant_id: UUID) -> LegalEntity:
    """The company may collect debits."""
    from merchants.models import LegalEntity
    from merchants.tenancy.scope import tenant

    with tenant(merchant_id):
        LegalEntity.objects.update(creditor_identifier="FR72ZZZ123456")
        return LegalEntity.objects.get()


def file_of(members: int, today: date, *, as_workbook: bool) -> bytes:
    """A file of members as other systems write it."""
    from benchmarks.counter import FAMILIES, NAMES

    chance = random.Random(7)
    lines = []
    for at in range(members):
        name, family = chance.choice(NAMES), f"{chance.choice(FAMILIES)}-{at}"
        offer, price = chance.choice((("liberte", "29,90"), ("decouverte", "39,90"), ("annuel", "299,00")))
        since = today - timedelta(days=chance.randrange(60, 1_500))
        until = today + timedelta(days=chance.randrange(1, 28))
        sepa = at % 3 != 0
        lines.append([
            f"B{at:06}", family, name, f"{name}.{at}@courriel.example".lower(), f"06{chance.randrange(10**8):08}",
            f"{chance.randrange(1, 29):02}/{chance.randrange(1, 13):02}/{chance.randrange(1955, 2006)}",
            f"{at} rue du Soleil", "69003", "Lyon", f"Salon {at % 8}", offer, f"{since:%d/%m/%Y}", f"{until:%d/%m/%Y}",
            price, iban(at) if sepa else "", f"{name} {family}" if sepa else "", f"RUM-{at:08}" if sepa else "",
            f"{since:%d/%m/%Y}" if sepa else "",
        ])  # fmt: skip
    if as_workbook:
        import openpyxl

        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for line in [HEADINGS, *lines]:
            sheet.append(line)
        kept = io.BytesIO()
        book.save(kept)
        return kept.getvalue()
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([HEADINGS, *lines])
    return text.getvalue().encode("cp1252")


def iban(at: int) -> str:
    """A French account number that holds."""
    from schwifty import IBAN

    return str(IBAN.generate("FR", bank_code="20041", branch_code="01005", account_code=f"{at:011}"))


if __name__ == "__main__":
    main()
