"""Is it PDF/A-3b? What of ISO 19005-3 can be seen without a validator, and veraPDF where somebody has it.

No validator is to be had from the package indexes; `VERAPDF=/path/to/verapdf` asks it as well.
"""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

import pikepdf
from lxml import etree

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FACTUR_X = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
DESCRIBED = "{http://www.aiim.org/pdfa/ns/property#}name"
ACTIVE = frozenset(["/JavaScript", "/JS", "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/Rendition"])


def faults(printed: bytes, *, with_xml: bool = True) -> list[str]:
    """What is wrong with a file, in words; empty where nothing was found."""
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        found = [*_frame(printed, pdf), *_metadata(pdf, with_xml), *_colour(pdf), *_fonts(pdf), *_objects(pdf)]
        found += _attachment(pdf) if with_xml else []
    return [*found, *_verapdf(printed)]


def _frame(printed: bytes, pdf: Any) -> Iterator[str]:
    if not printed.startswith(b"%PDF-1.7\n%") or min(printed[10:14]) < 128:
        yield "6.1.2: the header is not that of a binary PDF 1.7"
    if "/ID" not in pdf.trailer:
        yield "6.1.3: no identifier in the trailer"
    if pdf.is_encrypted:
        yield "6.1.3: encrypted"
    if said := pdf.check_pdf_syntax():
        yield f"6.1: qpdf says {said}"


def _metadata(pdf: Any, with_xml: bool) -> Iterator[str]:
    if with_xml and "/Filter" in pdf.Root.Metadata:
        yield "metadata are compressed"
    packet = pdf.Root.Metadata.read_bytes()
    tree = etree.fromstring(packet[packet.index(b"<x:xmpmeta") : packet.index(b"</x:xmpmeta>") + 12])
    (rdf,) = tree.findall(f"{RDF}RDF")  # exactly one
    with pdf.open_metadata() as metadata:
        if (metadata.get("pdfaid:part"), metadata.get("pdfaid:conformance")) != ("3", "B"):
            yield "6.6.4: does not say PDF/A-3b"
        if str(pdf.docinfo.get("/Title", "")) != metadata.get("dc:title"):
            yield "6.6.3: two titles"
    if not with_xml:
        return
    said = {one.tag.removeprefix(FACTUR_X): one.text for one in rdf.iter() if str(one.tag).startswith(FACTUR_X)}
    known = {
        "DocumentType": "INVOICE",
        "DocumentFileName": "factur-x.xml",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }
    if said != known:
        yield f"Factur-X 6.3: {said}"
    if {one.text for one in rdf.iter(DESCRIBED)} != set(known):
        yield "6.6.2.3: the schema's description does not name its properties"


def _colour(pdf: Any) -> Iterator[str]:
    intents = list(pdf.Root.get("/OutputIntents", []))
    if len(intents) != 1 or intents[0].S != pikepdf.Name.GTS_PDFA1:
        yield "6.2.3: no output intent"
    elif intents[0].DestOutputProfile.N != 3 or b"sRGB" not in intents[0].DestOutputProfile.read_bytes():
        yield "6.2.3: the output intent is not sRGB"


def _fonts(pdf: Any) -> Iterator[str]:
    for font in _dictionaries(pdf, "/Font"):
        if font.Subtype == "/Type0" and "/ToUnicode" not in font:
            yield f"6.2.11.7: {font.BaseFont} has no ToUnicode"
        if font.Subtype == "/CIDFontType2" and "/CIDToGIDMap" not in font:
            yield f"6.2.11.3.2: {font.BaseFont} has no CIDToGIDMap"
        for inner in [font] if "/FontDescriptor" in font else []:
            if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(inner.FontDescriptor.keys()):
                yield f"6.2.11.4.1: {font.BaseFont} is not embedded"
        if font.Subtype not in ("/Type0", "/CIDFontType2", "/CIDFontType0", "/TrueType", "/Type1", "/Type3"):
            yield f"6.2.11: a face of type {font.Subtype}"


def _objects(pdf: Any) -> Iterator[str]:
    for item in pdf.objects:
        if not isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            continue
        if str(item.get("/S", "")) in ACTIVE or "/JS" in item or "/AA" in item:
            yield "6.5.1: something acts"
        if isinstance(item, pikepdf.Stream) and ("/F" in item or "/LZWDecode" in str(item.get("/Filter", ""))):
            yield "6.1.7: a stream lies outside, or is compressed by LZW"
        if str(item.get("/Subtype", "")) == "/Image" and item.get("/Interpolate", False):
            yield "6.2.8: an image is interpolated"
        if str(item.get("/Type", "")) == "/Annot" and not int(item.get("/F", 0)) & 4:
            yield "6.3.2: an annotation is not printed"


def _attachment(pdf: Any) -> Iterator[str]:
    named = list(pdf.Root.AF)
    names = list(pdf.Root.Names.EmbeddedFiles.Names)
    if len(named) != 1 or len(names) != 2:
        yield "6.8: not exactly one associated file"
    file = named[0]
    if names[1].objgen != file.objgen:
        yield "6.8: the associated file is not the embedded one"
    if (str(file.F), str(file.UF), str(file.AFRelationship)) != ("factur-x.xml", "factur-x.xml", "/Alternative"):
        yield f"Factur-X 6.2: {file.F} {file.AFRelationship}"
    held = file.EF.F
    if str(held.Subtype) != "/text/xml" or int(held.Params.Size) != len(held.read_bytes()):
        yield "6.8: type or size of the embedded file"
    if not str(held.Params.ModDate).startswith("D:20"):
        yield "6.8: no date of the embedded file"


def _dictionaries(pdf: Any, kind: str) -> Iterator[Any]:
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and str(item.get("/Type", "")) == kind:
            yield item


def _verapdf(printed: bytes) -> list[str]:
    validator = os.environ.get("VERAPDF")
    if not validator:
        return []
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(printed)
        file.flush()
        told = subprocess.run(
            [validator, "--flavour", "3b", "--format", "text", file.name], capture_output=True, text=True
        )
    return [] if told.stdout.startswith("PASS") else [f"veraPDF: {told.stdout}{told.stderr}"]
