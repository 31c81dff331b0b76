"""anello: low-temperature district energy rings, dispatch and thermal simulation coupled.

The package reads Calliope 0.6 model folders, writes their dispatch problem over arrays, solves it,
simulates the thermal ring the dispatch would cause, and repeats until both agree.

Importing :mod:`anello` loads nothing heavy: the public names below are looked up on first use, so
that a short workflow job does not pay for pandas, xarray or Pyomo.
"""

from __future__ import annotations

from anello.base.first_use import on_first_use

__version__ = "0.1.0"

_NAMES = {
    "AttrDict": "api.attrdict",
    "Model": "api.model",
    "ModelData": "model.data",
    "RunConfig": "run.config",
    "compile_problem": "optimise.solve",
    "formulate": "optimise.formulation",
    "read_netcdf": "api.reading",
    "read_model": "model.definition",
    "set_log_verbosity": "base.logs",
    "solve": "optimise.solve",
}
_MODULES = ("examples",)

__all__ = ["__version__", *sorted([*_NAMES, *_MODULES])]

__getattr__, __dir__ = on_first_use(__name__, _NAMES, _MODULES)
