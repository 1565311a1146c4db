#!/usr/bin/env python3
"""Prove a till's register as Tacite exported it, with nothing but Python 3: python3 verify_register.py register.json

Every entry must have the next number, hang on the one before it, be what its link says, and add up to the perpetual
total; the last one must be the head that the report names. Exit code 0: all of it holds; 1: it does not, and the first
fault is named. Whether the report itself is what the merchant signed: verify_seal.py says that.

An entry's link is SHA-256 of the link before, a line feed, and the entry's content as JSON with its keys in order, no
white space, in UTF-8. Read this file before you trust it: it is short for that.
"""

import hashlib
import json
import sys


def link(previous, content):
    """The link of an entry."""
    said = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous.encode() + b"\n" + said.encode()).hexdigest()


def fault_of(report):
    """The first thing that is wrong; None where nothing is."""
    previous, perpetual = "0" * 64, 0
    for number, entry in enumerate(report["entries"], start=1):
        content = entry["content"]
        perpetual += content["amount"]
        if content["sequence"] != number:
            return f"entry {number} is missing: {content['sequence']} stands in its place"
        if entry["previous"] != previous:
            return f"entry {number} does not follow entry {number - 1}"
        if link(previous, content) != entry["link"]:
            return f"entry {number} was changed"
        if content["till"] != report["till"]:
            return f"entry {number} is of another till"
        if content["perpetual"] != perpetual:
            return f"entry {number}: the perpetual total is {content['perpetual']}, the entries sum to {perpetual}"
        previous = entry["link"]
    if (report["count"], report["head"]) != (len(report["entries"]), previous if report["entries"] else ""):
        return f"the tail was cut off: {report['count']} entries are named, {len(report['entries'])} are there"
    if report["perpetual"] != perpetual:
        return f"the perpetual total is {report['perpetual']}, the entries sum to {perpetual}"
    return report["fault"]


def main():
    """Read, prove, tell."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 1
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)["report"]
    fault = fault_of(report)
    print(f"{report['name']}, {report['site']}: {len(report['entries'])} entries, {fault or 'proved'}")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
