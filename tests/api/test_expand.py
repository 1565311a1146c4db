"""`?expand=`: objects where their ids stood, one loader call a name."""

from __future__ import annotations

import pytest

from merchants.http.expand import expand, read_expand
from merchants.refusals import Invalid


def test_only_what_is_offered_can_be_expanded():
    assert read_expand(None, ("offer",)) == read_expand("", ("offer",)) == frozenset()
    assert read_expand("offer,offer", ("offer", "payer")) == {"offer"}
    with pytest.raises(Invalid) as refused:
        read_expand("offer,offer.versions", ("offer", "payer"))
    assert [(each.field, each.code) for each in refused.value.errors] == [("expand", "expand_unknown")]


def test_each_loader_is_called_once_with_all_ids():
    calls = []

    def offers(ids):
        calls.append(set(ids))
        return {id_: {"id": id_} for id_ in ids if id_ != "off_gone"}

    rows = [{"offer": "off_1", "payer": "cus_1"}, {"offer": "off_1"}, {"offer": "off_gone"}, {"offer": None}]
    expand(rows, {"offer"}, {"offer": offers})
    assert calls == [{"off_1", "off_gone"}]
    assert rows == [
        {"offer": {"id": "off_1"}, "payer": "cus_1"},
        {"offer": {"id": "off_1"}},
        {"offer": "off_gone"},
        {"offer": None},
    ]
    expand([{"offer": None}], {"offer"}, {"offer": offers})
    assert len(calls) == 1
