"""Pure tests: no database (pytest-django refuses one that is not asked for) and few, quick examples."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", max_examples=60, deadline=None)
settings.load_profile("unit")
