"""The energy system's mathematics, written once as rows over arrays and held in a Pyomo model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anello.optimise.formulation.assemble import assemble, formulate
    from anello.optimise.formulation.pyomo_model import ArrayModel

__all__ = ["ArrayModel", "assemble", "formulate"]

# Loaded on first use: a saved problem is solved without Pyomo.
_WHERE = {"assemble": "assemble", "formulate": "assemble", "ArrayModel": "pyomo_model"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
