"""Message catalogues without GNU gettext: compiled with Babel, and checked for what French still lacks.

`python -m tools.devstack.messages` compiles every `.po` that is newer than its `.mo`;
`--check` fails when a string of the code or of a template is not translated into French;
`--update` brings the strings of the tree into the catalogues, for somebody to translate.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from merchants.languages import codes
from tools.devstack.places import PROJECT

PACKAGES = ("merchants", "subscribers", "invoices", "billing", "alerts")
TEMPLATES = ("templates", *PACKAGES)
LANGUAGES = tuple(code for code in codes() if code != "en")  # the message ids are English
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "lazy": None,  # gettext_lazy, and gettext_noop below, under the short names that some modules give them
    "noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
CALL = re.compile(  # what Django's templatize() makes of {% translate %} and {% blocktranslate %}
    r"""\b(?P<call>_|gettext|ngettext|pgettext|npgettext)\((?P<arguments>(?:\s*u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,?)+)""",
    re.DOTALL,
)
LITERAL = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)

type_of_found = tuple[str | tuple[str, ...], str | None]


def po_files() -> list[Path]:
    """Every catalogue of the tree."""
    return sorted((PROJECT / "locale").glob("*/LC_MESSAGES/*.po"))


def compile_all() -> int:
    """Compile the catalogues that are newer than what was made of them; how many were."""
    done = 0
    for po in po_files():
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        with po.open("rb") as source:
            catalog = read_po(source, locale=po.parts[-3])
        draft = mo.with_name("compiling")
        with draft.open("wb") as target:
            write_mo(target, catalog)
        draft.replace(mo)
        done += 1
    return done


def in_python(file: Path) -> Iterator[type_of_found]:
    """The strings that a module marks."""
    for _line, message, _comments, context in extract("python", io.BytesIO(file.read_bytes()), keywords=KEYWORDS):
        yield message, context


def in_template(text: str) -> Iterator[type_of_found]:
    r"""The strings that a template marks, found in what Django turns it into for xgettext.

    >>> list(in_template("{% load i18n %}<p>{% translate 'Paid' %} {% translate 'May' context 'month' %}</p>"))
    [('Paid', None), ('May', 'month')]
    >>> list(in_template("{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}"))
    [(('%(n)s day', '%(n)s days'), None)]
    """
    from django.utils.translation.template import templatize

    for found in CALL.finditer(templatize(text)):
        parts = [str_of(literal) for literal in LITERAL.findall(found["arguments"])]
        context = parts.pop(0) if found["call"] in ("pgettext", "npgettext") else None
        plural = found["call"] in ("ngettext", "npgettext")
        yield (parts[0], parts[1]) if plural else parts[0], context


def str_of(literal: str) -> str:
    r"""The text of a quoted literal.

    >>> str_of("'it\\'s'")
    "it's"
    """
    return re.sub(r"\\(n|.)", lambda at: "\n" if at[1] == "n" else at[1], literal[1:-1], flags=re.DOTALL)


def wanted() -> Catalog:
    """Every string that the tree marks, with the places where it stands."""
    catalog = Catalog(project="Tacite", fuzzy=False)
    sources: list[tuple[Path, Iterator[type_of_found]]] = []
    for package in PACKAGES:
        sources += [(file, in_python(file)) for file in sorted((PROJECT / package).rglob("*.py"))]
    for folder in TEMPLATES:
        files = sorted((PROJECT / folder).rglob("*"))
        pages = [file for file in files if file.suffix in (".html", ".txt") and file.is_file()]
        sources += [(file, in_template(file.read_text())) for file in pages]
    for file, strings in sources:
        if "migrations" in file.parts:
            continue
        for message, context in strings:
            if message:
                catalog.add(message, locations=[(str(file.relative_to(PROJECT)), 0)], context=context)
    return catalog


def catalogue(language: str) -> Path:
    """A language's catalogue."""
    return PROJECT / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """A language's catalogue as it is now, empty when there is none yet."""
    file = catalogue(language)
    if not file.exists():
        return Catalog(locale=language, project="Tacite", fuzzy=False)
    with file.open("rb") as source:
        return read_po(source, locale=language)


def lacking(language: str) -> list[str]:
    """What the tree says and the catalogue does not translate, a line each."""
    translations = read(language)
    problems = []
    for message in wanted():
        if not message.id:
            continue
        text = message.id if isinstance(message.id, str) else message.id[0]
        known = translations.get(text, message.context)
        said = known.string if known else ""
        complete = all(said) if isinstance(said, (tuple, list)) else bool(said)
        if known is None or not complete or known.fuzzy:
            state = "missing" if known is None else "fuzzy" if known.fuzzy else "empty"
            problems.append(f"{message.locations[0][0]}: {text!r} is {state} in {language}")
    return problems


def update() -> None:
    """Bring the tree's strings into each catalogue; translations of strings that are gone are dropped."""
    found = wanted()
    for language in LANGUAGES:
        translations = read(language)
        translations.update(found, no_fuzzy_matching=True)
        translations.obsolete.clear()
        file = catalogue(language)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as target:
            write_po(target, translations, width=110, sort_output=True, include_lineno=False, omit_header=False)
        print(f"{file.relative_to(PROJECT)}: {len(translations)} strings, {len(lacking(language))} to translate")


def main() -> int:
    """Compile, check or update."""
    parser = argparse.ArgumentParser(prog="python -m tools.devstack.messages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when French lacks a string")
    parser.add_argument("--update", action="store_true", help="bring the tree's strings into the catalogues")
    chosen = parser.parse_args()
    if chosen.update:
        update()
        return 0
    if chosen.check:
        problems = [problem for language in LANGUAGES for problem in lacking(language)]
        print("\n".join(problems) or "Every string is translated.")
        return 1 if problems else 0
    print(f"{compile_all()} catalogues compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
