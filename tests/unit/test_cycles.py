"""No module waits for one that waits for it: what imports what goes round nowhere, inside functions included."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("merchants", "subscribers", "invoices", "billing", "alerts")
RECURSION = ("billing.flows.pause_gift", "billing.flows.give")
"""The one that is meant: what makes a suspension good is given by a flow that bills what is due first, and so may end
a suspension. It is imported where it is called."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports() -> dict[str, set[str]]:
    """Each module of the product and those that it imports, wherever it says so; a package stands for itself."""
    paths = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    names = {name_of(path) for path in paths}
    found: dict[str, set[str]] = {}
    for path in paths:
        own = name_of(path)
        package = own if path.name == "__init__.py" else own.rpartition(".")[0]
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                above = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
                base = ".".join(part for part in (above, node.module) if part)
                inner = {f"{base}.{alias.name}" for alias in node.names}
                wanted |= {name if name in names else base for name in inner}
        found[own] = (wanted & names) - {own}
    return found


def test_imports_go_round_nowhere():
    origin, target = RECURSION
    assert target in imports()[origin], "it is gone: take it out of this test too"
    TopologicalSorter({**imports(), origin: imports()[origin] - {target}}).prepare()


def test_and_a_circle_would_be_found():
    with pytest.raises(CycleError):
        TopologicalSorter(imports()).prepare()
