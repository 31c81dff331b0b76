"""The model behind `anello.Model.backend`: change parameters and constraints, and solve again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyomo.environ as pyo
import xarray as xr

from anello.api.calliope_layout import inputs_view
from anello.api.place import Index, Place, label_of
from anello.api.rule_view import RuleView
from anello.errors import AnelloError, InputError, Problem, did_you_mean
from anello.model.data import ModelData
from anello.model.schema.parameters import parameter
from anello.optimise.formulation import formulate
from anello.optimise.formulation.pyomo_model import ArrayModel

Rule = Callable[..., Any]
Edit = Callable[[ArrayModel], None]
Solved = TypeVar("Solved")

# Read once, to compute what the model then uses; a change later would have no effect.
_USED_UP = {"lifetime": "cost_depreciation_rate", "cost_interest_rate": "cost_depreciation_rate"}


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
                    label = tuple(label_of(part) for part in index)
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
