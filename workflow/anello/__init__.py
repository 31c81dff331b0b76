"""anello: low-temperature district energy rings, dispatch and thermal simulation coupled.

The package reads Calliope 0.6 model folders, writes their dispatch problem over arrays, solves it,
simulates the thermal ring the dispatch would cause, and repeats until both agree.

Importing :mod:`anello` loads nothing heavy: the public names below are looked up on first use, so
that a short workflow job does not pay for pandas, xarray or Pyomo.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_LAZY: dict[str, str] = {
    "AttrDict": "anello.api.attrdict",
    "Model": "anello.api.model",
    "ModelData": "anello.model.data",
    "RunConfig": "anello.run.config",
    "compile_problem": "anello.optimise.solve",
    "formulate": "anello.optimise.formulation",
    "read_netcdf": "anello.api.reading",
    "read_model": "anello.model.definition",
    "set_log_verbosity": "anello.base.logs",
    "solve": "anello.optimise.solve",
}
_MODULES = ("examples",)

__all__ = ["__version__", *sorted([*_LAZY, *_MODULES])]


def __getattr__(name: str) -> Any:
    """Import a public name from its module on first use."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in _MODULES:
        return import_module(f"anello.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})
