"""Where an index points in a parameter's array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem, did_you_mean

Index = Any
ALIASES = {"timestep_weights": "timestep_weight"}


def label_of(part: Any) -> str:
    """Return the text by which a part of an index is known."""
    return f"{part:%Y-%m-%d %H:%M}" if isinstance(part, pd.Timestamp) else str(part)


class Place:
    """Where an index such as ``("monetary", "region1::ccgt")`` points in a parameter's array."""

    def __init__(self, where: dict[str, int]) -> None:
        self.where = where

    @classmethod
    def of(cls, inputs: xr.Dataset, dims: Iterable[Any], param: str, index: Index) -> Place:
        """Find an index, whose parts may stand in any order.

        Raises
        ------
        InputError
            If a part is no node, cost class or time step of this parameter, or the node or cost
            class is missing.
        """
        wanted = [str(d) for d in dims]
        at: dict[str, int] = {}
        for part in index if isinstance(index, tuple) else (index,):
            for dim in wanted:
                place = None if dim in at else position_of(inputs, dim, part)
                if place is not None:
                    at[dim] = place
                    break
            else:
                known = [str(v) for d in wanted if d != "timestep" for v in inputs[d].values]
                raise InputError(
                    Problem(
                        f"{part!r} is no {' or '.join(wanted)} here",
                        key=param,
                        suggestion=did_you_mean(str(part), known),
                    )
                )
        missing = [d for d in wanted if d not in at and d != "timestep"]
        if missing:
            raise InputError(Problem(f"the {missing[0]} is missing", key=param, value=index))
        return cls(at)

    def within(self, dims: Iterable[Any]) -> tuple[Any, ...]:
        """Return the numpy index; all time steps where none was named."""
        return tuple(self.where.get(str(d), slice(None)) for d in dims)


def position_of(inputs: xr.Dataset, dim: str, part: Any) -> int | None:
    """Return where a part stands along a dimension, or None."""
    wanted = part
    if dim == "timestep":
        if isinstance(part, str) and not part[:1].isdigit():
            return None
        try:
            wanted = pd.Timestamp(part)
        except (TypeError, ValueError):
            return None
    elif not isinstance(part, str):
        return None
    index = inputs.indexes[dim] if dim in inputs.indexes else pd.Index(inputs[dim].values)
    place = int(index.get_indexer(pd.Index([wanted]))[0])
    return None if place < 0 else place
