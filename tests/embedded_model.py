"""The embedded district as a model folder: computed once, then copied for each that has its own."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from anello.district import load_district, write_district


@functools.cache
def _written() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="embedded-"))
    atexit.register(shutil.rmtree, folder)
    return write_district(load_district(), folder / "model").model


def embedded_model(folder: Path) -> Path:
    """Put the model into a folder that is not there yet, and return its ``model.yaml``."""
    model = _written()
    shutil.copytree(model.parent, folder)
    return folder / model.name
