"""Reads Calliope 0.6 model folders, strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use

if TYPE_CHECKING:
    from anello.model.definition.reader import read_model

__all__ = ["read_model"]

# pandas and xarray come with it.
__getattr__, __dir__ = on_first_use(__name__, {"read_model": "reader"})
