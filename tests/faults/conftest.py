"""At the end of every test here the books of its merchants agree. Real workers take all work that the database has: who
needs them for one purchase comes before who leaves hundreds of documents to print."""

import pytest

from tests.books import books_agree

__all__ = ["books_agree"]
FIRST = ("test_worker_killed", "test_valkey_emptied")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of `FIRST` in front, the others as they were."""
    here = [item for item in items if item.nodeid.startswith("tests/faults/")]
    here.sort(key=lambda item: not item.path.stem.startswith(FIRST))
    items[:] = [item for item in items if not item.nodeid.startswith("tests/faults/")] + here
