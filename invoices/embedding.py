"""The XML of an electronic invoice inside its PDF, as Factur-X 1.0 wants it (specification, 6.2 and 6.3).

WeasyPrint attaches the file; what it leaves wrong is put right before the bytes are written, in the objects themselves,
so that no second pass over the PDF is needed: it names the attachment twice under `/AF`, and what is added to its
metadata would stand in a second block of RDF. The metadata stay uncompressed: programs look for them in the bytes.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

FILE_NAME = "factur-x.xml"
RELATIONSHIP = "Alternative"
"""Paper and XML say the same; allowed in France and asked for in Germany."""

NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
PROPERTIES = (
    ("DocumentType", "INVOICE", "What the embedded file is; a credit note is an invoice too"),
    ("DocumentFileName", FILE_NAME, "Name of the embedded file"),
    ("Version", "1.0", "Version of the embedded file's schema"),
    ("ConformanceLevel", "EN 16931", "Profile of the embedded file"),
)
"""The Factur-X properties of a document: name, value, what it means."""

_END = b"</rdf:RDF>"


@lru_cache(maxsize=1)
def _descriptions() -> bytes:
    """The properties, and the description of their schema without which a PDF/A must not have them (ISO 19005-3,
    6.6.2.3)."""
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, value, _ in PROPERTIES)
    described = "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li>"
        for name, _, meaning in PROPERTIES
    )
    schema = (
        "<pdfaSchema:schema>Factur-X</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{described}</rdf:Seq></pdfaSchema:property>"
    )
    return (
        f'<rdf:Description rdf:about="" xmlns:fx="{NAMESPACE}">{values}</rdf:Description>'
        '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
        ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"'
        ' xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
        f'<rdf:li rdf:parseType="Resource">{schema}</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>'
    ).encode()


def finish(_document: Any, pdf: Any) -> None:
    """WeasyPrint calls it with the objects of a PDF that has our one attachment, before it writes them."""
    catalog = pdf.catalog
    catalog["AF"] = type(catalog["AF"])(dict.fromkeys(catalog["AF"]))
    for file in catalog["AF"]:
        held = pdf.objects[int(file.split()[0])]["EF"]
        held["UF"] = held["F"]
    metadata = pdf.objects[int(catalog["Metadata"].split()[0])]
    (content,) = metadata.stream
    if content.count(_END) != 1:
        raise ValueError("the metadata of this PDF are not one block of RDF")
    metadata.stream = [content.replace(_END, _descriptions() + _END)]
    metadata.compress = False


def xml_inside(printed: bytes) -> bytes | None:
    """The XML that a PDF carries, byte for byte; None where it carries none."""
    import pikepdf  # only who asks for an XML pays for it

    with pikepdf.open(io.BytesIO(printed)) as document:
        found = document.attachments.get(FILE_NAME)
        return None if found is None else bytes(found.get_file().read_bytes())
