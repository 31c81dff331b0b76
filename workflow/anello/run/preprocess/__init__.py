"""The first stage of a run: get the model, check its series, and turn both into model data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use

if TYPE_CHECKING:
    from anello.run.preprocess.stage import Preprocessed, preprocess, retrieve

__all__ = ["Preprocessed", "preprocess", "retrieve"]

# The settings in `anello.run.preprocess.config` are read often: without the heavy imports.
__getattr__, __dir__ = on_first_use(__name__, dict.fromkeys(__all__, "stage"))
