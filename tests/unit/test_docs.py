"""The documentation, held to the code: its examples are run, what it names exists, its links lead somewhere."""

from __future__ import annotations

import ast
import doctest
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "tools/stripe_double/README.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
)
APPS = ("merchants", "subscribers", "invoices", "billing", "alerts")
LINK = re.compile(r"(?<!`)!?\[[^\]\n]+\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*$", re.MULTILINE)
SAID_OF_THIS_MACHINE = re.compile(r"/(work|root|home)/|\.\./shared|\.library\b|\bissues? #?\d")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def examples(page: Path) -> doctest.DocTest:
    """A page's examples, in order and with the same names; fences are no output."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return doctest.DocTestParser().get_doctest(text, {}, name(page), str(page), 0)


def anchors(page: Path) -> set[str]:
    """What `#…` may name on a page, as GitHub makes it of its headings."""
    heads = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")], ids=name)
def test_examples_say_what_the_code_does(page):
    ran = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(examples(page))

    assert (ran.failed, ran.attempted > 0) == (0, True)


def test_the_rules_have_their_worked_numbers():
    assert len(examples(ROOT / "docs/how-billing-works.md").examples) > 60


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists() and found.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_stand_alone(page):
    assert not SAID_OF_THIS_MACHINE.search(page.read_text(encoding="utf-8"))


def test_the_readme_begins_with_the_two_commands():
    lines = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("./")]

    assert [line.split()[0] for line in lines[:2]] == ["./run", "./test"]
    assert all((ROOT / command).stat().st_mode & 0o111 for command in ("run", "test"))


def rows(heading: str) -> dict[str, str]:
    """The table under a heading of the map: first cell (without marks) to the whole row."""
    text = (ROOT / "docs/map.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.strip().strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`").rstrip("/"): "|".join(row[1:]) for row in cells}


def test_the_map_names_every_folder_of_the_top():
    skipped = {"staticfiles", "node_modules", "build", "dist"}
    there = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and path.name not in skipped and not path.name.startswith((".", "__"))
    }

    assert set(rows("The top")) == there


def named(first: str) -> list[str]:
    """The modules of a row's first cell: `inbox.py`, `inbox_urls.py`."""
    return [word.rstrip("/") for word in re.split(r"`?, `?", first)]


@pytest.mark.parametrize("app", APPS)
def test_the_map_names_every_module_of_an_app(app):
    """Neither a module that the map forgot, nor one that is gone: then mend docs/map.md."""
    usual = {"migrations", "management", "apps.py", "__init__.py"}
    there = {path.name for path in (ROOT / app).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert {word for first in rows(app) for word in named(first)} == there - usual


def pure() -> set[str]:
    """The modules that the map marks, dotted."""
    marked = [(app, first) for app in APPS for first, rest in rows(app).items() if "◆" in rest]
    return {f"{app}.{word.removesuffix('.py')}" for app, first in marked for word in named(first)}


def test_what_the_map_marks_as_pure_imports_no_django():
    foreign = {"django", "rest_framework", "celery", "psycopg2", "stripe", "weasyprint", "kombu", "redis"}
    for module in pure():
        place = ROOT / module.replace(".", "/")
        for file in place.glob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            imports = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
            imports |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert not {name.partition(".")[0] for name in imports} & foreign, file
            assert "merchants.clock" not in imports, file


def test_what_the_contract_calls_pure_is_marked_on_the_map():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    kept = next(set(one["source_modules"]) for one in contracts if one["name"].startswith("Pure modules"))

    assert kept <= pure()


def test_every_setting_is_explained_to_operators():
    """Each variable of .env.example stands in docs/operations.md."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    told = set(CODE.findall((ROOT / "docs/operations.md").read_text(encoding="utf-8")))

    assert len(listed) > 20
    assert listed - told == set()


def test_every_decision_is_listed():
    folder = ROOT / "docs/decisions"
    listed = set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))

    assert {page.name for page in folder.glob("*.md")} - {"README.md"} <= listed
