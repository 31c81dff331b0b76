"""Public names of a package that are loaded on first use.

A short job then reads its settings without paying for pandas, pvlib or Pyomo.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(
    package: str, names: Mapping[str, str], modules: tuple[str, ...] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's ``__getattr__`` and ``__dir__``, which import a name when it is asked for.

    Parameters
    ----------
    package : str
        The package, its ``__name__``.
    names : mapping of str to str
        By public name, the module below the package that has it, such as ``model.data``. The
        module has another name: once imported, it would stand in place of what it holds.
    modules : tuple of str
        Modules of the package that are public themselves.

    Returns
    -------
    tuple of (callable, callable)
        What finds a name, with an `AttributeError` for one that the package does not have; and
        what lists all names.
    """

    def find(name: str) -> Any:
        if name in names:
            return getattr(import_module(f"{package}.{names[name]}"), name)
        if name in modules:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names, *modules})

    return find, listed
