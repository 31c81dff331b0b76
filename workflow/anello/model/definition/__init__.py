"""Reads Calliope 0.6 model folders, strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anello.model.definition.reader import read_model

__all__ = ["read_model"]


def __getattr__(name: str) -> Any:
    """Import `read_model`, and pandas and xarray with it, on first use."""
    if name == "read_model":
        from anello.model.definition.reader import read_model

        return read_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
