"""The first stage of a run: get the model, check its series, and turn both into model data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anello.run.preprocess.stage import Preprocessed, preprocess, retrieve

__all__ = ["Preprocessed", "preprocess", "retrieve"]


def __getattr__(name: str) -> Any:
    # The settings in `anello.run.preprocess.config` are read often: without the heavy imports.
    if name in __all__:
        from anello.run.preprocess import stage

        return getattr(stage, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
