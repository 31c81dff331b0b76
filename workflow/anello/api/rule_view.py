"""A model as a constraint's rule sees it: parameters and variables by index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anello.api.calliope_layout import set_members
from anello.api.place import ALIASES, Index, Place, label_of, position_of
from anello.errors import InputError, Problem
from anello.model.data import ModelData
from anello.model.schema.parameters import parameter
from anello.optimise.formulation.pyomo_model import ArrayExpression, ArrayModel, ArrayVar


class RuleView:
    """What the rule of an added constraint sees: variables, parameters and sets by name.

    Anything else is looked up on the Pyomo model.
    """

    def __init__(self, model: ArrayModel, data: ModelData) -> None:
        self._model = model
        self._data = data
        self._found: dict[str, Any] = {}

    def members(self, name: str) -> list[Any]:
        """Return the members of a set."""
        components = self._model.array_components(ArrayVar)
        components += self._model.array_components(ArrayExpression)
        variables = {c.block.name: c.block.labels() for c in components}
        return set_members(self._data, name, variables)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._found:
            self._found[name] = self._look_up(name)
        return self._found[name]

    def _look_up(self, name: str) -> Any:
        component = self._model.component(name)
        if isinstance(component, (ArrayVar, ArrayExpression)):
            return _Items(component)
        if component is not None:
            return component
        called = ALIASES.get(name, name)
        if called in self._data.inputs.variables or parameter(called) is not None:
            return _Values(self._data, called)
        try:
            return self.members(name)
        except InputError:
            return getattr(self._model, name)


class _Items:
    """A variable whose items answer to joined labels and time stamps too."""

    def __init__(self, component: Any) -> None:
        self._component = component
        self._keys = len(component.block.keys)

    def __getitem__(self, index: Index) -> Any:
        parts = [p if isinstance(p, str) else label_of(pd.Timestamp(p)) for p in _parts(index)]
        steps = self._component.block.n_time is not None
        if len(parts) - steps == self._keys - 1 and self._keys > 1:
            first = 1 if "cost" in self._component.block.keys else 0
            head, _, tail = parts[first].rpartition("::")
            parts[first : first + 1] = [head, tail]
        if steps and parts:
            parts[-1] = parts[-1][:16]
        return self._component[parts[0] if len(parts) == 1 else tuple(parts)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._component, name)


class _Values:
    """A parameter's values by index, with the default where the model gives none."""

    def __init__(self, data: ModelData, name: str) -> None:
        self._inputs, self._name = data.inputs, name
        entry = parameter(name)
        self._default = np.nan if entry is None else entry.default_number
        if name in data.inputs.variables:
            array = data.inputs[name]
            self._dims, self._array = tuple(map(str, array.dims)), array.values
        else:
            lead: tuple[str, ...] = ("cost",) if name.startswith("cost_") else ()
            self._dims = (*lead, "node")
            self._array = np.full([data.inputs.sizes[d] for d in self._dims], np.nan)

    def __getitem__(self, index: Index) -> Any:
        # A static parameter may be asked for at a time step.
        parts = list(_parts(index))
        if "timestep" not in self._dims and len(parts) > len(self._dims):
            parts = [p for p in parts if position_of(self._inputs, "timestep", p) is None]
        place = Place.of(self._inputs, self._dims, self._name, tuple(parts))
        value = self._array[place.within(self._dims)]
        if np.ndim(value):
            raise InputError(Problem("the time step is missing", key=self._name, value=index))
        if self._array.dtype.kind != "f":
            return str(value)
        return float(self._default if np.isnan(value) else value)


def _parts(index: Index) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)
