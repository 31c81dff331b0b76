"""Operating a district with its ring: a receding horizon whose every part sees the ring.

Each horizon is optimised together with the ring, as
:class:`~anello.coupling.district.CoupledDistrict` does it for a whole period, from the temperature
and the storage levels that the window before left. What all windows decided is then simulated in
one piece: that is what operation truly costs. A year of windows is a matter of minutes, so that
nothing is kept on the way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Iteration
from anello.coupling.iteration import heat_pumps, rows_of, simulate_dispatch
from anello.errors import CopRangeError, EnergyAuditError, InputError, SolveError
from anello.errors import Problem as Fault
from anello.model.data import ModelData
from anello.optimise.formulation import formulate
from anello.optimise.formulation.expression import Block
from anello.optimise.formulation.sets import Sets
from anello.optimise.operate import Window, fixed_capacities, split
from anello.optimise.results import extract
from anello.optimise.solve import Solution, SolverConfig, compile_problem
from anello.ring.config import RingConfig
from anello.ring.cost import TrueCost
from anello.ring.exchange import RingInput, RingResult

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CoupledWindow:
    """What one window decided, and from where.

    Attributes
    ----------
    window : Window
        Its steps.
    start_degc : float
        Ring temperature at its start [°C].
    end_degc : float
        The same after the last step that is kept [°C].
    iterations : int
        Programmes that were solved.
    converged : bool
        Whether programme and simulation came to agree.
    """

    window: Window
    start_degc: float
    end_degc: float
    iterations: int
    converged: bool


@dataclass(frozen=True)
class OperatedDistrict:
    """A period that was operated window by window.

    Attributes
    ----------
    dispatch : xarray.Dataset
        What was decided, in the layout of any results.
    flows, ring, cost : RingInput, RingResult, TrueCost
        The whole period, simulated in one piece, and what it truly costs.
    windows : list of CoupledWindow
        Every window.
    """

    dispatch: xr.Dataset
    flows: RingInput
    ring: RingResult
    cost: TrueCost
    windows: list[CoupledWindow]


def operate_district(
    data: ModelData,
    ring: RingConfig,
    coupling: CouplingConfig,
    solver: SolverConfig | None = None,
    *,
    window_h: float,
    horizon_h: float,
    earlier: xr.Dataset | None = None,
    on_window: Callable[[CoupledWindow], None] | None = None,
) -> OperatedDistrict:
    """Operate a district of given capacities, ring included, with a receding horizon.

    Parameters
    ----------
    data : ModelData
        The model; its capacities are fixed as in mode `operate`.
    ring : RingConfig
        The ring, well mixed.
    coupling : CouplingConfig
        How each horizon is brought to agree with its ring.
    solver : SolverConfig, optional
        Solver and options.
    window_h, horizon_h : float
        Hours whose decisions are kept, and hours that are optimised together.
    earlier : xarray.Dataset, optional
        Results of a plan, whose capacities stand in place of the model's.
    on_window : callable, optional
        Called after each window.

    Returns
    -------
    OperatedDistrict
        Decisions, simulation and true cost.

    Raises
    ------
    InputError
        If ring and model do not fit together, or the ring's state is not one temperature.
    SolveError, CopRangeError, EnergyAuditError
        If a window fails; names its dates.
    """
    _refuse_other_states(ring)
    period = ModelData(data.inputs, copy.deepcopy(data.config), data.warnings)
    period.config["run"] |= {"mode": "operate", "cyclic_storage": False}
    capacities, _ = fixed_capacities(period, earlier)
    problem = compile_problem(formulate(period, rows_of(ring, coupling, period)))
    x, dual = np.zeros(problem.n_columns), np.zeros(problem.n_rows)
    step_h = np.asarray(data.inputs["timestep_resolution"].values, dtype=float)
    cop = np.empty((len(heat_pumps(ring, data)), len(step_h)))
    levels_kwh = np.nan_to_num(data.value("storage_initial")) * np.nan_to_num(
        capacities["storage_cap"], posinf=0.0
    )
    degc = ring.initial_degc
    done: list[CoupledWindow] = []
    for window in split(step_h, window_h, horizon_h):
        part = _part(period, capacities, window, levels_kwh)
        near = ring.model_copy(update={"initial_degc": degc})
        district = CoupledDistrict(part, near, coupling, solver)
        try:
            outcome = district.run(must_converge=False)
        except (SolveError, CopRangeError, EnergyAuditError) as error:
            raise type(error)(f"{_dates(data, window)}: {error}") from error
        best, kept = outcome.best, window.stop - window.first
        _keep(x, problem.variables, best.x, district.problem.variables, window)
        _keep(dual, problem.constraints, best.row_dual, district.problem.constraints, window)
        cop[:, window.first : window.stop] = best.flows.cop_dispatch[:, :kept]
        end_degc = float(best.ring.temperature_degc[kept])
        record = outcome.record
        done.append(CoupledWindow(window, degc, end_degc, len(record.trace), record.converged))
        degc = end_degc
        levels_kwh = _levels(best, kept)
        if on_window is not None:
            on_window(done[-1])
    solution = Solution(
        problem=problem,
        status="optimal",
        x=x,
        row_dual=dual,
        basis=None,
        solve_seconds=0.0,
        solver=(solver or SolverConfig()).name,
        gap=0.0,
        log="",
        warm=False,
    )
    dispatch = extract(period, solution)
    return OperatedDistrict(dispatch, *simulate_dispatch(period, dispatch, ring, cop), done)


def _refuse_other_states(ring: RingConfig) -> None:
    """Refuse a ring whose state between windows is more, or other, than one temperature."""
    for key, value, wanted in (("mode", ring.mode, "physical"), ("model", ring.model, "mixed")):
        if value != wanted:
            raise InputError(
                Fault(
                    "a ring is carried from window to window as one temperature",
                    key=f"ring.{key}",
                    value=value,
                    suggestion=f"Set `ring.{key}: {wanted}` to operate window by window",
                )
            )
    if ring.plant is not None and ring.plant.borefield is not None:
        raise InputError(
            Fault(
                "the ground's memory is not carried from window to window",
                key="ring.plant.borefield",
                suggestion="Plan the whole period (`run.mode: plan`), or leave the borefield out",
            )
        )
    if ring.plant is not None and ring.plant.wells.doublet is not None:
        raise InputError(
            Fault(
                "what wells gave back is not carried from window to window",
                key="ring.plant.wells.doublet",
                suggestion="Plan the whole period (`run.mode: plan`), or let the wells not tire",
            )
        )


def _part(
    period: ModelData, capacities: Mapping[str, Floats], window: Window, levels_kwh: Floats
) -> ModelData:
    """The model of one horizon: capacities fixed, stores as the window before left them."""
    inputs = period.inputs.isel(timestep=slice(window.first, window.end))
    scale = {"energy_cap": period.value("energy_cap_scale")}
    new = {}
    for name, values in capacities.items():
        if name == "purchased":
            continue
        limited = np.isfinite(values)
        most = period.value(f"{name}_max", default=False)
        new[f"{name}_equals"] = np.where(limited, values / scale.get(name, 1.0), np.nan)
        new[f"{name}_max"] = np.where(limited, most, np.nan)
    stores = Sets(period).store
    size = capacities["storage_cap"][stores]
    held = levels_kwh[stores]
    if window.first > 0:
        # The formulation takes no standing loss from an initial level; the step before lost some.
        loss = period.value("storage_loss", stores)
        loss = loss[:, window.first - 1] if loss.ndim == 2 else loss
        hours = float(period.inputs["timestep_resolution"].values[window.first - 1])
        held = held * (1.0 - loss) ** hours
    share = np.full(len(levels_kwh), np.nan)
    share[stores] = np.divide(held, size, out=np.zeros(len(stores)), where=size > 0)
    new["storage_initial"] = np.clip(share, 0.0, 1.0)
    arrays = {
        name: ("node", values, inputs[name].attrs if name in inputs else {})
        for name, values in new.items()
    }
    return ModelData(inputs.assign(arrays), period.config)


def _levels(done: Iteration, kept: int) -> Floats:
    """Level of each node's store after the last step that is kept, zero without a store [kWh]."""
    if "storage" not in done.dispatch:
        return np.zeros(done.dispatch.sizes["node"])
    levels: Floats = np.nan_to_num(done.dispatch["storage"].isel(timestep=kept - 1).values)
    return levels


def _keep(
    whole: Floats,
    blocks: Mapping[str, Block],
    part: Floats,
    of_part: Mapping[str, Block],
    window: Window,
) -> None:
    """Write a window's share of a horizon's values to where it belongs in the whole period's."""
    for name, block in blocks.items():
        ours, theirs = whole[block.start : block.stop], of_part[name]
        values = part[theirs.start : theirs.stop]
        if block.n_time is None:
            ours[:] = np.fmax(ours, values)
            continue
        kept = values.reshape(theirs.shape)[:, : window.stop - window.first]
        ours.reshape(block.shape)[:, window.first : window.stop] = kept


def _dates(data: ModelData, window: Window) -> str:
    steps = data.inputs["timestep"].values
    first, last = (str(steps[k])[:16].replace("T", " ") for k in (window.first, window.stop - 1))
    return f"window {first} to {last}"
