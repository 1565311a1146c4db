"""Pure tests: no database (pytest-django refuses one that is not asked for) and few, quick examples."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

settings.register_profile("unit", max_examples=60, deadline=None)
settings.register_profile(  # a mutant need only be found, in the same way each time
    "mutant",
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    database=None,
)
settings.load_profile("mutant" if "MUTANT_UNDER_TEST" in os.environ else "unit")
