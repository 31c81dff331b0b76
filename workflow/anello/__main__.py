"""``python -m anello`` is the command ``anello``."""

from __future__ import annotations

import sys

from anello.cli import main

if __name__ == "__main__":
    sys.exit(main())
