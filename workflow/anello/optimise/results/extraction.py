"""From a solver's answer to a labelled data set with units."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.errors import SolveError
from anello.optimise.results.coordinates import COORDINATE_ATTRS
from anello.optimise.results.marginals import marginals, shared_limits
from anello.optimise.results.postprocess import add_derived, check_carrier_balance
from anello.optimise.results.variables import RESULT_VARIABLES, describe

if TYPE_CHECKING:
    from anello.model.data import ModelData
    from anello.optimise.solve import Solution
    from anello.optimise.solve.problem import Problem

Array = npt.NDArray[np.float64]
Places = dict[Any, int]

NODE_COORDS = ("node_loc", "node_tech", "node_base", "node_remote")
_STEP_COORDS = ("timestep_resolution", "timestep_weight", "timestep_cluster")
_DAY_COORDS = ("datestep", "datestep_cluster", "cluster")
_ALWAYS_KEPT = ("node", "loc", "carrier", "cost", "timestep")
_BALANCE_TERMS = (
    "carrier_prod",
    "carrier_con",
    "carrier_export",
    "unmet_demand",
    "unused_supply",
)
# a data set cannot hold the variable `cost` beside a dimension of that name
_RENAMED = {"cost": "cost_class"}


def extract(
    data: ModelData,
    solution: Solution,
    *,
    duals: tuple[str, ...] = (),
    of_sizes: bool = False,
    audit: bool = True,
    derived: bool = True,
) -> xr.Dataset:
    """Lay a solution out as a data set with one dimension per index, units and long names.

    Values stand where the model has the item and are NaN elsewhere: `carrier_prod` of a boiler is
    NaN for the carrier `electricity` it never makes, and 0 in the hours in which it makes no heat.

    Parameters
    ----------
    data : ModelData
        The model that was solved.
    solution : Solution
        Its solution.
    duals : tuple of str, optional
        Constraints whose duals to keep as ``dual_<constraint>``, beside ``shadow_price``.
    of_sizes : bool, default False
        Add what one more unit of each size would add to the objective, ``<size>_marginal``.
    audit : bool, default True
        Check that every location's carrier balance closes.
    derived : bool, default True
        Add the quantities of :mod:`anello.optimise.results.postprocess`.

    Returns
    -------
    xarray.Dataset
        Dimensions ``node``, ``loc``, ``carrier``, ``cost_class``, ``timestep`` (and what else the
        model has); all decision variables and expressions, ``shadow_price``, and the derived
        quantities of :mod:`anello.optimise.results.postprocess`. Attributes ``status``,
        ``objective``
        (with the bigM terms), ``cost_objective`` (without), ``solver``, ``gap`` (how far the
        objective may be from the best one, relative to it), ``zero_threshold``.

    Raises
    ------
    EnergyAuditError
        If a carrier balance does not close.
    SolveError
        If the solution has a value that is not a number.
    """
    coords = _coordinates(data.inputs)
    places = {
        name: _places(found.values.tolist())
        for name, found in coords.items()
        if found.dims == (name,)
    }
    threshold = _zero_threshold(data.config)

    arrays: dict[str, xr.Variable] = {}
    cleaned: list[str] = []
    problem = solution.problem
    of_parts = _extra_places(problem, places)
    places |= of_parts
    for name, block in [*problem.variables.items(), *problem.expressions.items()]:
        values = np.array(solution.value(name), dtype=np.float64)
        if np.isnan(values).any():
            raise SolveError(f"the solver left {name} without a value ({solution.status})")
        small = (np.abs(values) < threshold) & (values != 0)
        if small.any():
            values[small] = 0.0
            cleaned.append(name)
        values += 0.0  # no negative zeros: they would differ in files and mean nothing
        arrays[name] = _labelled(name, block, values, places)

    further = {
        "carrier_other": _other_flows(solution, threshold, places),
        "shadow_price": _shadow_price(data, solution, places),
        "source_heat_price": _source_heat_price(data, solution),
    }
    arrays |= {name: found for name, found in further.items() if found is not None}
    for name in duals:
        block = problem.constraints[name]
        dual = _duals(solution, name)
        if dual is not None:
            arrays[f"dual_{name}"] = _labelled(f"dual_{name}", block, dual, places)

    for name, values in marginals(solution).items() if of_sizes else ():
        named = f"{name}_marginal"
        arrays[named] = _labelled(named, problem.variables[name], values + 0.0, places)

    # All have the labels of `places`: nothing is left to align.
    for dim in dict.fromkeys(str(dim) for array in arrays.values() for dim in array.dims):
        if dim in of_parts:
            attrs = dict(COORDINATE_ATTRS.get(dim, {}))
            coords[dim] = xr.Variable(dim, pd.Index(list(of_parts[dim])), attrs)
    results = xr.Dataset({name: arrays[name] for name in _order(arrays)}, coords=coords)
    results.attrs = {
        "status": str(solution.status),
        "objective": float(solution.objective),
        "cost_objective": float(solution.cost_objective),
        "solver": str(solution.solver),
        "gap": float(solution.gap),
        "zero_threshold": threshold,
        "zero_threshold_applied_to": ", ".join(sorted(cleaned)),
    }
    shared = shared_limits(solution) if of_sizes else []
    if shared:
        results.attrs["shared_limits"] = json.dumps(shared)
    if solution.numbers_fixed:
        results.attrs["prices_hold"] = "with the whole numbers found"
    run = data.config.get("run", {})
    if run.get("ensure_feasibility"):
        results.attrs["penalty_per_kwh"] = float(run["bigM"])
    if audit:
        check_carrier_balance(results)
    if not derived:
        return results
    copied = run.get("compat") == "calliope-0.6"
    results = add_derived(results, "calliope-0.6" if copied else "anello")
    return _ordered(results)


def _zero_threshold(config: Mapping[str, Any]) -> float:
    return float(config.get("run", {}).get("zero_threshold", 1e-10) or 0.0)


def _coordinates(inputs: xr.Dataset) -> dict[str, xr.Variable]:
    """Coordinates of the results, with their attributes, taken from the inputs."""
    names = [
        name
        for name in (*_ALWAYS_KEPT, *NODE_COORDS, *_STEP_COORDS, *_DAY_COORDS)
        if name in inputs.variables
    ]
    coords: dict[str, xr.Variable] = {}
    for name in names:
        given = inputs.variables[name]
        if isinstance(given, xr.IndexVariable) and name not in _RENAMED and given.dtype != object:
            coords[name] = given.copy(deep=False)  # with the index that it has
            coords[name].attrs = dict(COORDINATE_ATTRS.get(name, {}))
            coords[name].encoding = {}
            continue
        values = given.values
        if values.dtype.kind == "O":
            values = values.astype(str)
        called = _RENAMED.get(name, name)
        dims = tuple(_RENAMED.get(str(d), str(d)) for d in given.dims)
        kind = xr.IndexVariable if dims == (called,) else xr.Variable
        coords[called] = kind(dims, values, dict(COORDINATE_ATTRS.get(called, {})))
    return coords


def _extra_places(problem: Problem, known: Mapping[str, Any]) -> dict[str, Places]:
    """Labels of the dimensions that the model data does not have, such as the ring's devices."""
    labels: dict[str, dict[str, None]] = {}
    blocks = [*problem.variables.values(), *problem.expressions.values()]
    for block in [*blocks, *problem.constraints.values()]:
        for key, values in block.keys.items():
            if _RENAMED.get(key, key) not in known:
                labels.setdefault(key, {}).update(dict.fromkeys(values))
    return {key: _places(values) for key, values in labels.items()}


def _places(labels: Iterable[Any]) -> Places:
    return {label: place for place, label in enumerate(labels)}


def _labelled(name: str, block: Any, values: Array, places: Mapping[str, Places]) -> xr.Variable:
    """Spread a block's items over the model's dimensions; NaN where there is no item."""
    dims = []
    items = []
    for key, labels in block.keys.items():
        dim = _RENAMED.get(key, key)
        dims.append(dim)
        unknown = next((label for label in labels if label not in places[dim]), None)
        if unknown is not None:
            raise KeyError(f"{name}: {unknown!r} is not a {dim} of the model")
        items.append([places[dim][label] for label in labels])
    shape = [len(places[dim]) for dim in dims]
    if block.n_time is not None:
        axis = getattr(block, "axis", "") or "timestep"
        if block.n_time != len(places[axis]):
            raise ValueError(f"{name}: {block.n_time} values for {len(places[axis])} {axis}s")
        dims.append(axis)
        shape.append(block.n_time)
    if items:
        filled = np.full(shape, np.nan)
        filled[tuple(items)] = values
    else:
        filled = values.reshape(shape)
    wanted = RESULT_VARIABLES[name].dims if name in RESULT_VARIABLES else ()
    array = xr.Variable(dims, filled, describe(name))
    return array.transpose(*[d for d in wanted if d in dims], ...)


def _duals(solution: Solution, name: str) -> Array | None:
    """Duals of a constraint; None where the solver gives none (a model with integers)."""
    if name not in solution.problem.constraints:
        return None
    found = solution.dual(name)
    return None if found is None else np.array(found, dtype=np.float64)


def _shadow_price(
    data: ModelData, solution: Solution, places: Mapping[str, Places]
) -> xr.Variable | None:
    """Cost of one more kWh of demand per location, carrier and step [cost unit/kWh].

    The row reads ``production − |consumption| + … = demand``, so its dual is the change of the
    objective per kWh of demand in every one of the `weight` like steps.
    """
    found = _duals(solution, "system_balance")
    if found is None or not np.isfinite(found).all():
        return None
    block = solution.problem.constraints["system_balance"]
    weights = np.asarray(data.inputs["timestep_weight"].values, dtype=np.float64)
    return _labelled("shadow_price", block, found / weights + 0.0, places)


def _other_flows(
    solution: Solution, threshold: float, places: Mapping[str, Places]
) -> xr.Variable | None:
    """Terms of the carrier balance that are no technology's: the ring's plant, users' own [kWh]."""
    problem = solution.problem
    if "system_balance" not in problem.constraints:
        return None
    block = problem.constraints["system_balance"]
    first, last = problem.indptr[block.start], problem.indptr[block.stop]
    columns = problem.indices[first:last]
    other = np.ones(len(columns), dtype=bool)
    for name in _BALANCE_TERMS:
        if name in problem.variables:
            flow = problem.variables[name]
            other &= (columns < flow.start) | (columns >= flow.stop)
    if not other.any():
        return None
    rows = np.repeat(
        np.arange(block.stop - block.start), np.diff(problem.indptr[block.start : block.stop + 1])
    )
    amounts = (problem.data[first:last] * solution.x[columns])[other]
    values: Array = np.asarray(
        np.bincount(rows[other], amounts, block.stop - block.start), dtype=np.float64
    ).reshape(block.shape)
    values[np.abs(values) < threshold] = 0.0
    return _labelled("carrier_other", block, values + 0.0, places)


def _source_heat_price(data: ModelData, solution: Solution) -> xr.Variable | None:
    """Cost of one kWh less heat in the ring [cost unit/kWh].

    The row of the ring's balance is in kelvin: ``T_t − φ·T_{t−1} − ψ/h·(heat into the ring) = …``.
    Its entries for the heat pumps' electricity are ``ψ/h`` [K/kWh], which turns its dual into a
    price of heat.
    """
    found = _duals(solution, "ring_balance")
    problem = solution.problem
    if found is None or "carrier_con" not in problem.variables or not np.isfinite(found).all():
        return None
    block, taken = problem.constraints["ring_balance"], problem.variables["carrier_con"]
    first, last = problem.indptr[block.start], problem.indptr[block.stop]
    columns = problem.indices[first:last]
    rows = np.repeat(np.arange(block.size), np.diff(problem.indptr[block.start : block.stop + 1]))
    electric = (columns >= taken.start) & (columns < taken.stop)
    kelvin_per_kwh = np.zeros(block.size)
    kelvin_per_kwh[rows[electric]] = problem.data[first:last][electric]
    weights = np.asarray(data.inputs["timestep_weight"].values, dtype=np.float64)
    price = -found.ravel() * kelvin_per_kwh / weights
    return xr.Variable("timestep", price + 0.0, describe("source_heat_price"))


def _order(names: Iterable[Any]) -> list[str]:
    """Names in the table's order, then those the table does not know."""
    given = set(map(str, names))
    known = [name for name in RESULT_VARIABLES if name in given]
    return [*known, *sorted(given - set(known))]


def _ordered(results: xr.Dataset) -> xr.Dataset:
    """Put variables in their order, and say what coordinates are."""
    ordered = results[_order(results)]
    # picking variables leaves out the coordinates that none of them has
    ordered = ordered.assign_coords(results.coords)
    for name in ordered.coords:
        ordered[name].attrs = dict(COORDINATE_ATTRS.get(str(name), {}))
    return ordered
