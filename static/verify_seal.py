#!/usr/bin/env python3
"""Check a sealed report of Tacite, with nothing but Python 3: python3 verify_seal.py report.json [fingerprint]

It says whether the report is what its key signed, and whose key that is: compare the fingerprint with the one that the
merchant shows (Settings, Companies and taxes), or give it as the second argument. Exit code 0: it holds; 1: it does
not.

The report is written again in canonical form (JSON, keys in order, no white space, UTF-8), and its Ed25519 signature is
checked as RFC 8032, section 5.1, says. Read this file before you trust it: it is short for that.
"""

import hashlib
import json
import sys

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    """The x of a point of the curve; None where there is none."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def point(data):
    """A point from its 32 bytes, in extended coordinates."""
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def add(a, b):
    """The sum of two points."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    g, h, i, j = f - e, d - c, d + c, f + e
    return (g * h % P, i * j % P, h * i % P, g * j % P)


def times(number, a):
    """A point added to itself so many times."""
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = add(found, a)
        a, number = add(a, a), number >> 1
    return found


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)


def is_signed(public, data, signature):
    """Whether these 64 bytes are the signature of that key (32 bytes) on the data."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment, scalar = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + data).digest(), "little") % ORDER
    left, right = times(scalar, BASE), add(commitment, times(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def canonical(value):
    """A value as it was signed."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def fault_of(document, fingerprint=None):
    """What is wrong with a sealed report; '' where it holds."""
    try:
        seal = document["seal"]
        public, signature = bytes.fromhex(seal["public_key"]), bytes.fromhex(seal["signature"])
        if seal["algorithm"] != "Ed25519":
            return "it is signed in a way that this program does not know"
        if hashlib.sha256(public).hexdigest() != seal["fingerprint"]:
            return "its fingerprint is not that of its key"
        if fingerprint and seal["fingerprint"] != fingerprint.lower():
            return "it was signed with another key: " + seal["fingerprint"]
        return "" if is_signed(public, canonical(document["report"]), signature) else "it is not what its key signed"
    except (KeyError, TypeError, ValueError):
        return "it is no sealed report"


def main(arguments):
    """Say it."""
    if len(arguments) not in (2, 3):
        print(__doc__.splitlines()[0])
        return 2
    with open(arguments[1], encoding="utf-8") as file:
        try:
            document = json.load(file)
        except ValueError:
            document = None
    fault = fault_of(document, arguments[2] if len(arguments) == 3 else None)
    if fault:
        print("This report does NOT hold: " + fault + ".")
        return 1
    print("This report is what its key signed. The key's fingerprint: " + document["seal"]["fingerprint"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
