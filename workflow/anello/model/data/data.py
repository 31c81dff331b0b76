"""`ModelData`: what the formulation reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from anello.base.files import atomic_path
from anello.base.labelled import labels_of
from anello.base.netcdf import variables_of, write_variables
from anello.errors import ArtefactError, InputError, Problem, did_you_mean
from anello.model.schema.parameters import parameter

FORMAT = 1
"""Version of the file layout."""

Nodes = Sequence[int] | Sequence[str] | np.ndarray


@dataclass
class ModelData:
    """The inputs of a model.

    Attributes
    ----------
    inputs : xarray.Dataset
        Parameters over ``node`` (every technology at a location, and each end of a link), costs
        over ``cost`` and ``node``, both with ``timestep`` where a series is given. NaN means that
        the model gives no value. Each variable has ``units``, ``long_name`` and ``default``.
    config : dict
        ``model``, ``run`` and ``group_constraints`` after defaults and scenarios; plain types only.
    warnings : list of str
        What the user should know about the model.
    """

    inputs: xr.Dataset
    config: dict[str, Any]
    warnings: list[str] = field(default_factory=list)

    def nodes(self, base: str | Iterable[str] | None = None) -> np.ndarray:
        """Return the positions of all nodes of some base technologies, shape (k,).

        Parameters
        ----------
        base : str or iterable of str, optional
            For example ``"storage"``; all nodes by default.
        """
        if base is None:
            return np.arange(self.inputs.sizes["node"])
        wanted = [base] if isinstance(base, str) else list(base)
        return np.flatnonzero(np.isin(self.inputs.variables["node_base"].values, wanted))

    def positions(self, nodes: Nodes | None) -> np.ndarray:
        """Return positions for labels or positions; all nodes for None.

        Raises
        ------
        InputError
            If a label is not a node.
        """
        if nodes is None:
            return np.arange(self.inputs.sizes["node"])
        given = np.asarray(nodes)
        if given.dtype.kind in "iu":
            return given
        if not given.size:
            return np.zeros(0, dtype=np.intp)
        labels = {label: i for i, label in enumerate(labels_of(self.inputs, "node"))}
        unknown = [str(n) for n in given if str(n) not in labels]
        if unknown:
            raise InputError(
                [
                    Problem("no such node", key=u, suggestion=did_you_mean(u, labels))
                    for u in unknown
                ]
            )
        return np.array([labels[str(n)] for n in given], dtype=np.intp)

    def value(self, name: str, nodes: Nodes | None = None, default: bool = True) -> np.ndarray:
        """Return a parameter's values.

        Parameters
        ----------
        name : str
            For example ``"energy_eff"`` or ``"cost_om_prod"``.
        nodes : sequence of int or str, optional
            Which nodes; all by default.
        default : bool
            Whether the table's default stands where the model gives no value; else NaN.

        Returns
        -------
        numpy.ndarray
            Shape (k,), or (k, T) where any node has a series; costs have the cost classes in front.
            Text parameters come as text, empty where not given.

        Raises
        ------
        InputError
            If neither the model nor the table of parameters knows the name.
        """
        where = self.positions(nodes)
        entry = parameter(name)
        if name not in self.inputs:
            if entry is None:
                known = [str(v) for v in self.inputs.data_vars]
                raise InputError(
                    Problem("no such parameter", key=name, suggestion=did_you_mean(name, known))
                )
            lead = (self.inputs.sizes["cost"],) if name.startswith("cost_") else ()
            fill = entry.default_number if default else np.nan
            return np.full((*lead, len(where)), fill)
        variable = self.inputs.variables[name]
        values = np.take(variable.values, where, axis=variable.dims.index("node"))
        if values.dtype.kind != "f" or not default or entry is None:
            return values
        if np.isnan(entry.default_number):
            return values
        return np.where(np.isnan(values), entry.default_number, values)

    def defined(self, name: str, nodes: Nodes | None = None) -> np.ndarray:
        """Return for which nodes the model gives a value, shape (k,) of bool.

        For a cost it is enough that one cost class has one.
        """
        where = self.positions(nodes)
        if name not in self.inputs:
            return np.zeros(len(where), dtype=bool)
        values = self.value(name, where, default=False)
        given = values != "" if values.dtype.kind in "UO" else ~np.isnan(values)
        axis = self.inputs.variables[name].dims.index("node")
        others = tuple(i for i in range(given.ndim) if i != axis)
        return np.asarray(given.any(axis=others) if others else given, dtype=bool)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one NetCDF file; the same content gives the same bytes."""
        import netCDF4

        dataset = _in_order(self.inputs)
        dataset.attrs = {
            "anello_model_data": FORMAT,
            "config": json.dumps(self.config, ensure_ascii=False, sort_keys=True),
            "warnings": json.dumps(self.warnings, ensure_ascii=False),
        }
        with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
            variables = {str(name): dataset.variables[name] for name in dataset.variables}
            write_variables(file, variables, map(str, dataset.coords), dataset.attrs)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ModelData:
        """Read what `save` wrote.

        Raises
        ------
        ArtefactError
            If the file is missing, damaged, or holds something else.
        """
        import netCDF4

        try:
            with netCDF4.Dataset(path) as opened:
                data, coords, attrs = variables_of(opened)
        except (OSError, ValueError, RuntimeError, KeyError) as err:
            raise ArtefactError(f"{path}: not a readable model data file ({err})") from err
        version = attrs.get("anello_model_data")
        if version is None or int(version) != FORMAT:
            raise ArtefactError(
                f"{path}: holds no model data of format {FORMAT} (found: {version}); make it again"
            )
        config, warnings = json.loads(attrs["config"]), json.loads(attrs["warnings"])
        return cls(xr.Dataset(data, coords), config, warnings)


def _in_order(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset with its variables and attributes in alphabetical order."""

    def tidy(names: Iterable[Any]) -> dict[str, xr.Variable]:
        found = {}
        for name in sorted(str(n) for n in names):
            variable = dataset[name].variable
            attributes = dict(sorted(variable.attrs.items()))
            found[name] = xr.Variable(variable.dims, variable.values, attributes)
        return found

    return xr.Dataset(tidy(dataset.data_vars), tidy(dataset.coords))
