"""The model behind `anello.Model.backend`: change parameters and constraints, and solve again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyomo.environ as pyo
import xarray as xr

from anello.api.calliope_layout import inputs_view, set_members
from anello.errors import AnelloError, InputError, Problem, did_you_mean
from anello.model.data import ModelData
from anello.model.schema.parameters import parameter
from anello.optimise.formulation import formulate
from anello.optimise.formulation.pyomo_model import ArrayExpression, ArrayModel, ArrayVar

Rule = Callable[..., Any]
Index = Any
Edit = Callable[[ArrayModel], None]
Solved = TypeVar("Solved")

# Read once, to compute what the model then uses; a change later would have no effect.
_USED_UP = {"lifetime": "cost_depreciation_rate", "cost_interest_rate": "cost_depreciation_rate"}
_ALIASES = {"timestep_weights": "timestep_weight"}


class Backend(Generic[Solved]):
    """A model's optimisation problem, to be looked at, changed and solved again.

    Parameters
    ----------
    data : ModelData
        The inputs; left unchanged.
    solve : callable
        Turns inputs and Pyomo model into a solved `anello.Model`.
    """

    def __init__(self, data: ModelData, solve: Callable[[ModelData, ArrayModel], Solved]) -> None:
        self.data = ModelData(
            data.inputs.copy(deep=False), copy.deepcopy(data.config), list(data.warnings)
        )
        self._solve = solve
        self._edits: list[tuple[str, Edit]] = []
        self._handed_out = False
        self._stale = False
        self._model = formulate(self.data)

    @property
    def model(self) -> ArrayModel:
        """The Pyomo model: a ``ConcreteModel`` to which anything linear may be done.

        Changes made to it directly are solved by :meth:`rerun` too. They would be lost if a
        parameter changed afterwards, so :meth:`update_param` is refused then; :meth:`rebuild` gives
        them up.
        """
        self._handed_out = True
        return self.current()

    def current(self) -> ArrayModel:
        """Return the Pyomo model to be read only: changes to it may be lost."""
        if self._stale:
            fresh = formulate(self.data)
            for _, edit in self._edits:
                edit(fresh)
            self._model, self._stale = fresh, False
        return self._model

    def rebuild(self) -> None:
        """Write the model anew: parameters and recorded changes stay, direct ones are given up.

        Recorded are those of :meth:`update_param`, :meth:`activate_constraint` and
        :meth:`add_constraint`.
        """
        self._stale, self._handed_out = True, False
        self.current()

    def access_model_inputs(self) -> xr.Dataset:
        """Return the parameters as the model uses them, with defaults where none were given.

        Returns
        -------
        xarray.Dataset
            In the layout of :attr:`anello.Model.inputs`.
        """
        filled = {}
        for key, array in self.data.inputs.data_vars.items():
            name = str(key)
            if "node" in array.dims and array.dtype.kind == "f" and parameter(name) is not None:
                order = ("cost", "node") if "cost" in array.dims else ("node",)
                laid = array.transpose(*order, ...)
                filled[name] = laid.copy(data=self.data.value(name))
        return inputs_view(ModelData(self.data.inputs.assign(filled), self.data.config))

    get_input_params = access_model_inputs

    def get_all_model_attrs(self) -> dict[str, list[str]]:
        """Return the names of all parts of the Pyomo model, by kind, and of the parameters."""
        model = self.current()
        kinds = {
            "Var": pyo.Var,
            "Expression": pyo.Expression,
            "Constraint": pyo.Constraint,
            "Objective": pyo.Objective,
        }
        found = {
            kind: [c.local_name for c in model.component_objects(what, descend_into=False)]
            for kind, what in kinds.items()
        }
        found["Param"] = sorted(
            str(n) for n, a in self.data.inputs.data_vars.items() if "node" in a.dims
        )
        return found

    def update_param(self, param: str, update_dict: Mapping[Index, Any]) -> None:
        """Give a parameter new values, for the next :meth:`rerun`.

        Parameters
        ----------
        param : str
            A variable of the inputs, such as ``energy_eff`` or ``cost_om_prod``, or
            ``objective_cost_class`` for the weights of the objective.
        update_dict : mapping
            New values by index: ``{"region1::ccgt": 0.5}``, with a tuple where the parameter has
            more dimensions: ``{("monetary", "region1::ccgt"): 10}``,
            ``{("region1::demand", "2005-01-01 12:00"): -5}``. Without a time step, a series is
            replaced as a whole, by one value or by one per step.

        Raises
        ------
        InputError
            If there is no such parameter, index or time step, or a value is not a number.
        AnelloError
            If the Pyomo model was handed out before: direct changes to it would be lost.
        """
        if self._handed_out:
            raise AnelloError(
                "the parameters cannot change after `backend.model` was used, because direct"
                " changes to it would be lost: update the parameters first, or call"
                " `backend.rebuild()`, which gives direct changes up"
            )
        if param == "objective_cost_class":
            self._update_weights(update_dict)
        else:
            self._update_values(param, update_dict)
        self._stale = True

    def _update_weights(self, weights: Mapping[str, Any]) -> None:
        known = [str(c) for c in self.data.inputs["cost"].values]
        for name, weight in weights.items():
            if name not in known:
                raise InputError(
                    Problem(
                        "no such cost class",
                        key=f"objective_cost_class.{name}",
                        suggestion=did_you_mean(str(name), known),
                    )
                )
            _number(weight, f"objective_cost_class.{name}")
        options = self.data.config["run"]["objective_options"]
        options["cost_class"].update({str(k): float(v) for k, v in weights.items()})

    def _update_values(self, param: str, values: Mapping[Index, Any]) -> None:
        inputs = self.data.inputs
        if param in _USED_UP:
            raise InputError(
                Problem(
                    "is used up when a model is read",
                    key=param,
                    suggestion=f"Update `{_USED_UP[param]}`, which was computed from it",
                )
            )
        known = [
            str(n)
            for n, a in inputs.data_vars.items()
            if a.dtype.kind == "f"
            and set(a.dims) <= {"cost", "node", "timestep"}
            and "node" in a.dims
        ]
        if param not in known:
            raise InputError(
                Problem(
                    "no parameter of this model that can be updated",
                    key=param,
                    suggestion=did_you_mean(param, known),
                )
            )
        array = inputs[param]
        entry = parameter(param)
        changed = array.values.copy()
        for index, value in values.items():
            place = Place.of(inputs, array.dims, param, index)
            base = str(inputs["node_base"].values[place.where["node"]])
            if entry is not None and base not in entry.bases:
                raise InputError(
                    Problem(f"does not apply to {base}", key=f"{param}[{index!r}]", value=value)
                )
            number = _number(value, f"{param}[{index!r}]")
            if number.ndim and ("timestep" in place.where or "timestep" not in array.dims):
                raise InputError(
                    Problem("takes one value here", key=f"{param}[{index!r}]", value=value)
                )
            target = changed[place.within(array.dims)]
            if number.ndim and number.shape != np.shape(target):
                raise InputError(
                    Problem(
                        f"takes {np.size(target)} values, one per time step",
                        key=f"{param}[{index!r}]",
                        value=len(number),
                    )
                )
            changed[place.within(array.dims)] = number
        self.data.inputs = inputs.assign({param: (array.dims, changed, array.attrs)})

    def activate_constraint(self, constraint: str, active: bool = True) -> None:
        """Switch a constraint or objective on or off.

        Parameters
        ----------
        constraint : str
            Its name, such as ``system_balance_constraint``; the ending may be left out.
        active : bool
            Whether it counts from now on.

        Raises
        ------
        InputError
            If there is none of this name.
        """
        name = self._constraint_name(constraint)

        def edit(model: ArrayModel) -> None:
            component = model.component(name)
            (component.activate if active else component.deactivate)()

        edit(self.current())
        self._edits.append((name, edit))

    def _constraint_name(self, told: str) -> str:
        model = self.current()
        kinds = (pyo.Constraint, pyo.Objective)
        known = [
            c.local_name
            for kind in kinds
            for c in model.component_objects(kind, descend_into=False)
        ]
        objective = self.data.config["run"]["objective"]
        for name in (told, f"{told}_constraint", "obj" if told == objective else told):
            if name in known:
                return str(name)
        raise InputError(
            Problem(
                "the model has no constraint or objective of this name",
                key=told,
                suggestion=did_you_mean(told, known),
            )
        )

    def add_constraint(
        self, constraint_name: str, constraint_sets: Iterable[str], constraint_rule: Rule
    ) -> None:
        """Add a constraint of your own.

        Parameters
        ----------
        constraint_name : str
            What to call it.
        constraint_sets : iterable of str
            Names of the sets it is made for, such as ``["loc_techs_supply", "timesteps"]``; empty
            for a single constraint.
        constraint_rule : callable
            Given the model and one member of each set, returns a linear relation of Pyomo, or
            ``pyomo.environ.Constraint.Skip``. The model answers with variables
            (``model.carrier_prod[loc_tech_carrier, timestep]``), parameters, defaults included
            (``model.energy_cap_max[loc_tech]``), and sets (``model.timesteps``).

        Raises
        ------
        InputError
            If the name is taken or a set does not exist.
        """
        sets = list(constraint_sets)
        if not constraint_name.isidentifier():
            raise InputError(Problem("is no name for a constraint", value=constraint_name))
        if self.current().component(constraint_name) is not None:
            raise InputError(
                Problem("the model has a component of this name already", value=constraint_name)
            )
        data = self.data

        def edit(model: ArrayModel) -> None:
            view = RuleView(model, data)
            members = [view.members(name) for name in sets]
            component = pyo.Constraint(pyo.Any)
            model.add_component(constraint_name, component)
            try:
                for index in product(*members):
                    label = tuple(_label(part) for part in index)
                    relation = constraint_rule(view, *index)
                    component.add(label[0] if len(label) == 1 else label or None, relation)
            except BaseException:
                model.del_component(component)
                raise

        edit(self.current())
        self._edits.append((constraint_name, edit))

    def rerun(self) -> Solved:
        """Solve the problem as it stands.

        Returns
        -------
        anello.Model
            With the inputs and results of this solve; the model this belongs to stays as it is.

        Raises
        ------
        SolveError
            If there is no optimal solution.
        """
        model = self.current()
        data = ModelData(
            self.data.inputs.copy(deep=False),
            copy.deepcopy(self.data.config),
            list(self.data.warnings),
        )
        return self._solve(data, model)

    @property
    def edited(self) -> bool:
        """Whether anything may differ from what the inputs alone would give."""
        return bool(self._edits) or self._handed_out


def _number(value: Any, key: str) -> npt.NDArray[np.float64]:
    try:
        number = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as err:
        raise InputError(Problem("must be a number", key=key, value=value)) from err
    if np.isnan(number).any():
        raise InputError(Problem("must be a number", key=key, value=value))
    return number


def _label(part: Any) -> str:
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
                place = None if dim in at else _position(inputs, dim, part)
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


def _position(inputs: xr.Dataset, dim: str, part: Any) -> int | None:
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
        called = _ALIASES.get(name, name)
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
        parts = [p if isinstance(p, str) else _label(pd.Timestamp(p)) for p in _parts(index)]
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
            parts = [p for p in parts if _position(self._inputs, "timestep", p) is None]
        place = Place.of(self._inputs, self._dims, self._name, tuple(parts))
        value = self._array[place.within(self._dims)]
        if np.ndim(value):
            raise InputError(Problem("the time step is missing", key=self._name, value=index))
        if self._array.dtype.kind != "f":
            return str(value)
        return float(self._default if np.isnan(value) else value)


def _parts(index: Index) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)
