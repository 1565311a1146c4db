#!/usr/bin/env python3
"""Check a year's archive of Tacite, with nothing but Python 3.9: python3 -I verify_archive.py archive.zip [fingerprint]

It says whether the manifest is what its key signed, whether every file is there, untouched, and none beside them, and
whether each document says what it said when it was issued: its digest, its customer, its sums, its link in the chain of
its series, its number and its date. It names the first fault. Exit code 0: it holds; 1: it does not; 2: it cannot tell.

Compare the fingerprint with the one that the merchant shows, or give it as the second argument: anybody can sign an
archive with a key of their own. `verify_seal.py` must stand beside this file. Read both before you trust them.
"""

import hashlib
import importlib.util
import json
import os
import sys
import zipfile

BEGINNING = "0" * 64
PIECE = 1 << 16


class Fault(Exception):  # noqa: N818 - said as people say it
    """What is wrong, in one sentence."""


def seal_checker():
    """`verify_seal.py`, from the folder of this file."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "verify_seal.py")
    spec = importlib.util.spec_from_file_location("verify_seal", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def canonical(value):
    """A value as it was hashed."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def digest_of(archive, name):
    """A file's digest, read piece by piece."""
    found = hashlib.sha256()
    try:
        with archive.open(name) as file:
            for piece in iter(lambda: file.read(PIECE), b""):
                found.update(piece)
    except zipfile.BadZipFile:
        raise Fault(name + ": its bytes were changed") from None
    return found.hexdigest()


def check_manifest(archive, fingerprint):
    """The manifest, if it is what its key signed."""
    try:
        document = json.loads(archive.read("manifest.json").decode("utf-8"))
    except (KeyError, ValueError, zipfile.BadZipFile):
        raise Fault("manifest.json: it is missing or cannot be read") from None
    problem = seal_checker().fault_of(document, fingerprint)
    if problem:
        raise Fault("manifest.json: " + problem)
    if document["report"].get("type") != "tacite.archive" or document["report"].get("form") != 1:
        raise Fault("manifest.json: this program does not know this kind of archive")
    return document["report"], document["seal"]["fingerprint"]


def check_files(archive, manifest):
    """Every file is what SHA256SUMS says, which is what the manifest says; and there is none beside them."""
    names = archive.namelist()
    if len(names) != len(set(names)):
        raise Fault("the archive holds a name twice")
    if "SHA256SUMS" not in names:
        raise Fault("SHA256SUMS: it is missing")
    if digest_of(archive, "SHA256SUMS") != manifest["files"]["sha256"]:
        raise Fault("SHA256SUMS: it is not the one that was signed")
    left, count = set(names) - {"SHA256SUMS", "manifest.json"}, 0
    with archive.open("SHA256SUMS") as lines:
        for line in lines:
            wanted, name = line.decode("utf-8").rstrip("\n").split("  ", 1)
            if name not in left:
                raise Fault(name + ": it is missing")
            if digest_of(archive, name) != wanted:
                raise Fault(name + ": its bytes were changed")
            left.discard(name)
            count += 1
    if left:
        raise Fault(sorted(left)[0] + ": it was added")
    if count != manifest["files"]["count"]:
        raise Fault("SHA256SUMS: it names " + str(count) + " files, expected " + str(manifest["files"]["count"]))
    return count


def named(columns, values):
    """A row's columns by name; what is empty at the end was left out."""
    return dict(zip(columns, list(values) + [None] * (len(columns) - len(values))))  # noqa: B905 - Python 3.9


def link(previous, series, document):
    """A document's link in the chain: SHA-256 of six lines."""
    parts = [previous, series["uuid"], document["sequence"], document["number"], document["issued_on"]]
    return sha256(("".join(str(part) + "\n" for part in parts) + document["content_hash"] + "\n").encode("utf-8"))


def check_document(document, series, columns):
    """What a document says: digest, customer, sums. Its row by the names of its columns."""
    kind, head, lines, taxes = document["content"]
    table = "Invoice" if kind == "invoice" else "CreditNote"
    row = named(columns[table], head)
    if document["sequence"] >= series["chained_from"]:
        if sha256(canonical(document["content"])) != document["content_hash"]:
            raise Fault("its content is not what was issued")
        if row["customer_hash"] != document["customer_hash"]:
            raise Fault("its customer is not the one of its content")
        if document["customer_salt"]:
            customer = bytes.fromhex(document["customer_salt"]) + canonical(document["customer"])
            if sha256(customer) != document["customer_hash"]:
                raise Fault("its customer is not the one to whom it was issued")
        elif document["customer"]:
            raise Fault("its customer stands there without a proof")
    for name in ("sequence", "number", "issued_on"):
        if row[name] != document[name]:
            raise Fault("its " + name + " is not the one of its content")
    net, tax, gross = (row[name] or 0 for name in ("net", "tax", "gross"))
    of_lines = sum(named(columns[table + "Line"], each)["net"] or 0 for each in lines)
    rates = [named(columns[table + "Tax"], each) for each in taxes]
    if of_lines != net or sum(each["base"] or 0 for each in rates) != net:
        raise Fault("its lines do not add up to " + str(net))
    if sum(each["tax"] or 0 for each in rates) != tax or net + tax != gross:
        raise Fault("its VAT does not add up")
    return row["currency"], net, tax, gross


def check_series(archive, series, manifest):
    """Numbers one after the other, dates that never go back, links that hold, an end where the manifest says."""
    name, count, head, last_on = "documents/" + series["id"] + ".jsonl", 0, series["head_before"], ""
    totals = {}
    with archive.open(name) as lines:
        for line in lines:
            document = json.loads(line.decode("utf-8"))
            expected = series["first"] + count
            try:
                if document["sequence"] != expected:
                    raise Fault("expected document " + str(expected) + " here, found " + str(document["sequence"]))
                if document["issued_on"] < last_on or document["issued_on"][:4] != str(manifest["year"]):
                    raise Fault("its date is out of place")
                currency, net, tax, gross = check_document(document, series, manifest["columns"])
                if document["sequence"] >= series["chained_from"]:
                    if link(head, series, document) != document["chain_hash"]:
                        raise Fault("its link does not follow the one before")
                    head = document["chain_hash"]
                if document["file"] + ".pdf" not in archive.NameToInfo:
                    raise Fault("its PDF is missing")
            except Fault as fault:
                raise Fault(str(document.get("number")) + ": " + str(fault)) from None
            sums = totals.setdefault(currency, [0, 0, 0])
            totals[currency] = [sums[0] + net, sums[1] + tax, sums[2] + gross]
            last_on, count = document["issued_on"], count + 1
    if count != series["documents"]:
        raise Fault(series["name"] + ": expected " + str(series["documents"]) + " documents, found " + str(count))
    if head != series["head"]:
        raise Fault(series["name"] + ": it does not end where the manifest says")
    for said in series["totals"]:
        if totals.pop(said["currency"], None) != [said["net"], said["tax"], said["total"]]:
            raise Fault(series["name"] + ": its sums are not those of the manifest")
    if totals:
        raise Fault(series["name"] + ": its sums are not those of the manifest")
    return count


def verify(path, fingerprint=None):
    """What the archive holds, as text. Raises Fault."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile):
        raise Fault("it is no ZIP, or its end was cut off") from None
    with archive:
        manifest, signer = check_manifest(archive, fingerprint)
        files = check_files(archive, manifest)
        documents = sum(check_series(archive, series, manifest) for series in manifest["series"])
    who = manifest["legal_entity"]["name"] + ", " + str(manifest["year"])
    counts = str(documents) + " documents in " + str(len(manifest["series"])) + " series, " + str(files) + " files"
    return who + ": " + counts + ": nothing was changed.\nSigned with the key " + signer


def main(arguments):
    """Say it."""
    if len(arguments) not in (2, 3):
        print(__doc__.splitlines()[0])
        return 2
    try:
        print(verify(arguments[1], arguments[2] if len(arguments) == 3 else None))
    except Fault as fault:
        print("This archive does NOT hold. " + str(fault))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
