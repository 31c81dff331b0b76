"""Plain arrays out of a data set, for what is done in every iteration.

``content[name].sel(node=labels).transpose(...)`` makes coordinates, indexes and alignment anew each
time, which takes milliseconds; where only the numbers are wanted, none of it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr


def labels_of(content: xr.Dataset, dim: str) -> list[str]:
    """Return a dimension's labels, as ``content[dim].values`` has them.

    From a coordinate with an index xarray copies the values each time they are asked for, and
    compares versions of numpy before it does; the index itself has them at hand.

    Parameters
    ----------
    content : xarray.Dataset
        Has the dimension, whose coordinate holds text.
    dim : str
        The dimension's name.

    Raises
    ------
    KeyError
        If the dimension has no coordinate.
    """
    return [str(label) for label in content.variables[dim].to_index()]


def total_of(content: xr.Dataset, name: str) -> float:
    """Return the sum of a variable; 0 where the data set has none of that name."""
    return float(content[name].sum()) if name in content else 0.0


def values_of(
    content: xr.Dataset, name: str, dims: Sequence[str], **labels: Iterable[str]
) -> NDArray[Any]:
    """Return a variable's values, its dimensions in an order, at some labels.

    Parameters
    ----------
    content : xarray.Dataset
        Holds the variable.
    name : str
        Its name.
    dims : sequence of str
        All its dimensions, in the order that is wanted.
    **labels : iterable of str
        By dimension the labels that are wanted, in their order; all of them by default.

    Returns
    -------
    ndarray, shape by `dims`
        As ``content[name].sel(**labels).transpose(*dims).values``.

    Raises
    ------
    KeyError
        If a label is none of its dimension.
    """
    variable = content.variables[name]
    values: NDArray[Any] = variable.values
    if tuple(dims) != variable.dims:
        values = values.transpose([variable.dims.index(dim) for dim in dims])
    for dim, wanted in labels.items():
        places = {label: k for k, label in enumerate(labels_of(content, dim))}
        values = np.take(values, [places[str(one)] for one in wanted], axis=list(dims).index(dim))
    return values
