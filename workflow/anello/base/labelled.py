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
        places = {str(label): k for k, label in enumerate(content.variables[dim].values)}
        values = np.take(values, [places[str(one)] for one in wanted], axis=list(dims).index(dim))
    return values
