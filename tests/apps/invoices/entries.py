"""Files of accounting entries, as tests make and read them."""

from __future__ import annotations

import csv
import io

from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.fec import fec
from merchants.tenancy.scope import tenant


def made(shop, **period):
    today = shop.now().today
    span = {"first": today.replace(month=1, day=1), "last": today, **period}
    return b"".join(fec(shop.entity.pk, merchant_id=shop.id, **span))


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("iso8859-15"), newline=""), delimiter="\t"))


def told(content, *names):
    return [tuple(row[name] for name in names) for row in rows(content)]


def sale(gross, net, tax):
    """What an invoice of services at 20 % moves, in cents of euro."""
    return {"411000": gross, "706000": -net, "44571200": -tax}


def credited(shop, invoice, wanted=None, *, to="balance"):
    with tenant(shop.id):
        return credit_invoice(
            invoice.pk, wanted or Wanted(), reason="Not\twhat she | wanted", to=to, actor=shop.actor, now=shop.now()
        )
