"""Saying under which numbers and journals a legal entity's ledger is told. The ledger itself never changes by it: files
of accounting entries that are made later tell all entries so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from invoices.chart import ACCOUNTS, JOURNALS, Chart
from invoices.chart_rules import chart_faults
from invoices.models import ChartOfAccounts
from invoices.selectors.charts import show_accounting
from merchants.actors import Actor
from merchants.journal import record
from merchants.models import LegalEntity
from merchants.now import Now
from merchants.terms import refuse_if

Rows = Sequence[Mapping[str, Any]]
CHANGEABLE = frozenset({"closing_month", "accounts", "journals", "exchange_rates"})


def set_chart(entity: LegalEntity, *, actor: Actor, now: Now, **said: Any) -> Chart:
    """Put what is given of `closing_month`, `accounts`, `journals`, `exchange_rates`: each list is given whole, and an
    empty one brings the defaults back. Amounts of rates and percents are texts. Raises Invalid."""
    if strangers := said.keys() - CHANGEABLE:
        raise TypeError(f"not changeable: {', '.join(sorted(strangers))}")
    LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
    row = ChartOfAccounts.objects.filter(legal_entity=entity).first() or ChartOfAccounts(legal_entity=entity)
    before = {name: getattr(row, name) for name in CHANGEABLE}
    after = {**before, **said}
    rows = (after["accounts"], after["journals"], after["closing_month"], after["exchange_rates"])
    refuse_if(chart_faults(*rows))
    after["accounts"] = [_account(each) for each in after["accounts"]]
    after["journals"] = [_journal(each) for each in after["journals"]]
    after["exchange_rates"] = sorted(
        ({name: str(each[name]) for name in ("currency", "from_on", "euros")} for each in after["exchange_rates"]),
        key=lambda each: (each["currency"], each["from_on"]),
    )
    if after == before:
        return row.chart
    for name, value in after.items():
        setattr(row, name, value)
    row.updated_at = now.at
    row.save()
    data = {"object": show_accounting(entity, row.chart)}
    record(kind="accounting.updated", object_id=entity.pk, data=data, actor=actor, now=now)
    return row.chart


def _account(given: Mapping[str, Any]) -> dict[str, Any]:
    assert given["account"] in ACCOUNTS
    return {
        "account": given["account"],
        "number": given["number"],
        "label": given["label"].strip(),
        "percent": given.get("percent") or None,
        "tax_code": given.get("tax_code") or "",
    }


def _journal(given: Mapping[str, Any]) -> dict[str, Any]:
    assert given["journal"] in JOURNALS
    return {"journal": given["journal"], "code": given["code"], "label": given["label"].strip()}
