"""Migrations that nobody waits for: on a table that has rows, indexes are built and rules checked without a lock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BEFORE = {"merchants": 17, "subscribers": 16, "invoices": 15, "billing": 22, "alerts": 5}
"""The last migration of each app that was written before this was asked of all."""


def of(app: str) -> list[Path]:
    """The migrations of an app that are held to it."""
    numbered = sorted((ROOT / app / "migrations").glob("[0-9]*.py"))
    return [path for path in numbered if int(path.name[:4]) > BEFORE[app]]


def waited_for(source: str) -> list[str]:
    """What a migration does to tables with rows while others wait, by the model's name."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(ast.unparse(call.func).rpartition(".")[2], call) for call in calls]

    def said(call: ast.Call, name: str) -> str:
        return next((ast.unparse(each.value) for each in call.keywords if each.arg == name), "")

    new = {said(call, "name").lower() for name, call in named if name == "CreateModel"}
    unsafe = {"AddIndex": "", "AddConstraint": "CheckConstraint"}
    found = [
        f"{name} on {said(call, 'model_name')}"
        for name, call in named
        if name in unsafe and said(call, "model_name").lower() not in new and unsafe[name] in said(call, "constraint")
    ]
    whole = any(isinstance(node, ast.Assign) and ast.unparse(node) == "atomic = False" for node in ast.walk(tree))
    if not whole and any(name in ("AddConstraintNotValid", "AddIndexConcurrently") for name, _ in named):
        found.append("atomic")
    return found


@pytest.mark.parametrize("app", BEFORE)
def test_nobody_waits_for_an_index_or_a_rule(app: str) -> None:
    assert {path.name: waited_for(path.read_text(encoding="utf-8")) for path in of(app)} == {
        path.name: [] for path in of(app)
    }


def test_it_finds_what_it_looks_for() -> None:
    rule = "constraint=models.CheckConstraint(name='x')"
    assert waited_for("migrations.AddIndex(model_name='gesture', index=None)") == ["AddIndex on 'gesture'"]
    assert waited_for(f"migrations.AddConstraint(model_name='gesture', {rule})") == ["AddConstraint on 'gesture'"]
    new = "migrations.CreateModel(name='Gesture', fields=[])"
    assert waited_for(f"[{new}, migrations.AddConstraint(model_name='gesture', {rule})]") == []
    assert waited_for(f"AddConstraintNotValid(model_name='gesture', {rule})") == ["atomic"]
