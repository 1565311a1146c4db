"""Where files lie: a folder of this machine, or a bucket of an S3-compatible service. Chosen by DOCUMENTS_STORE.

Both answer alike (`tests/contracts/test_stores.py`): what is not there raises `FileNotFoundError`, whatever else goes
wrong an `OSError`. Neither gives an address: files are handed out by our own views, which know who may have them.
"""
