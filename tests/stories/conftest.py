"""At the end of every test here the books of its merchants agree."""

from tests.books import books_agree

__all__ = ["books_agree"]
