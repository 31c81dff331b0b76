"""How many examples a property is tried on: a few in `make test`, many in `make test-long`."""

from __future__ import annotations

import os

TIMES = 20 if os.environ.get("ANELLO_LONG") else 1


def examples(few: int) -> int:
    """Return how many examples to try where a few show that the property is not lost."""
    return few * TIMES
