"""Electronic invoices: a frozen document as EN 16931 says it, in the XML of Factur-X (UN/CEFACT CII).

`documents` says what a document is; `figures`, `parties`, `means` and `terms` turn it into the business terms of the
standard (BT-1, BG-4…); `xml` writes them. `fitness` says which documents the standard cannot carry, `applying` which
French rules are not made for which documents, `checking` asks the official rules, `sampling` makes documents up.
"""
