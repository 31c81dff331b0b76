"""The ring's part of the linear programme, taken from its settings and an incumbent dispatch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.coupling.borefield import field_limits
from anello.coupling.exchanger_sizes import exchangers_by_size
from anello.coupling.incumbent import Linearisation
from anello.coupling.limits import (
    bounds,
    exchangers,
    machines,
    outputs,
    sizes,
    trust_region,
)
from anello.coupling.tank_steps import tank_numbers
from anello.coupling.water import row_bounds as water_rows
from anello.coupling.water import wave_values
from anello.optimise.formulation.ring_rows import (
    PER_K,
    PER_KWH,
    PER_TANK_KWH,
    UNSEEN_PER_KW,
    WAYS,
    RingRows,
)
from anello.optimise.solve.problem import Problem
from anello.ring.config import RingConfig
from anello.ring.devices import device_of

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


def apply(problem: Problem, config: RingConfig, rows: RingRows, about: Linearisation) -> Problem:
    """Patch a compiled problem so that it is linear about an incumbent.

    Parameters
    ----------
    problem : Problem
        Compiled from a model that was formulated with `rows`.
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    about : Linearisation
        The incumbent.

    Returns
    -------
    Problem
        The problem of the next iteration.
    """
    stored = [k for k, store in enumerate(rows.stores) if store]
    values: dict[str, dict[str, Floats]] = {
        "energy_eff": dict(zip(about.nodes, about.cop, strict=True)),
        PER_K: dict(zip(about.nodes, about.output_per_k, strict=True)),
        PER_KWH: {about.nodes[k]: about.output_per_kwh[k] for k in stored},
    }
    values[PER_TANK_KWH], by_size = tank_numbers(rows, about)
    row_bounds = _balance_constants(problem, about, by_size)
    exchangers_by_size(config, rows, about, values, row_bounds)
    given = rows.gain_degc.copy()
    given[0] += rows.phi[0] * rows.initial_degc
    given += rows.psi * about.given_kw
    row_bounds["ring_balance"] = (given, given)
    water = about.water_shown
    if rows.loop is not None and water is not None:
        values |= wave_values(rows, water)
        row_bounds |= water_rows(rows, water)
    if not rows.sees_water:
        values[UNSEEN_PER_KW] = dict(zip(WAYS, about.plant_eur_per_kwh, strict=True))
        free = np.full_like(about.plant_known_eur, np.nan)
        row_bounds["ring_unseen_heat"] = (about.plant_known_eur, free)
    most_kw = exchangers(config, rows, about, values, row_bounds)
    most_kw |= field_limits(config, rows, about, values, row_bounds)
    machines(rows, about, values, row_bounds)
    sizes(rows, about, values)
    bounds(rows, about, row_bounds)
    column_bounds = trust_region(problem, rows, about, most_kw)
    column_bounds["carrier_prod"] = outputs(problem, config, rows, about)
    return problem.patch({k: v for k, v in values.items() if v}).with_bounds(
        column_bounds, row_bounds
    )


def _balance_constants(
    problem: Problem, about: Linearisation, by_size: Floats
) -> dict[str, tuple[Floats, Floats]]:
    """Right-hand side of the heat pumps' balances: the offset, −(g_T·T̄ + g_E·Ē) after step 1.

    `by_size` is the same for the size of a tank, g_C·C̄, shape (H, T) [kWh].
    """
    level = np.nan_to_num(np.roll(about.storage_kwh, 1, axis=1))
    constant = about.output_per_k * about.source_degc + about.output_per_kwh * level + by_size
    constant[:, 0] = 0.0
    where = {node: k for k, node in enumerate(about.nodes)}
    bounds: dict[str, tuple[Floats, Floats]] = {}
    for name in ("balance_conversion", "balance_conversion_plus_primary"):
        if name not in problem.constraints:
            continue
        block = problem.constraints[name]
        side = np.full(block.shape, np.nan)
        for row, (node,) in enumerate(block.labels()):
            if node in where:
                side[row] = about.offset_kwh[where[node]] - constant[where[node]]
        bounds[name] = (side, side)
    return bounds


LEFT_ALONE_K = 0.5
"""How far a scheduled loop may leave its bounds before the plant acts by itself [K]."""


def following_schedule(config: RingConfig) -> RingConfig:
    """The ring with a plant that follows the programme's schedule.

    Beyond the schedule the plant only acts where the ring would leave its bounds. On a loop, where
    it foresees the mean only roughly, it acts beyond `LEFT_ALONE_K`: nearer to the bounds it would
    answer every change of the schedule with another.
    """
    if config.plant is None:
        return config
    slack_k = LEFT_ALONE_K if config.model == "loop" else 0.0
    low, high = config.bounds_degc[0] - slack_k, config.bounds_degc[1] + slack_k
    plant = config.plant.model_copy(
        update={
            "control": "both",
            "heat_below_degc": low,
            "heat_to_degc": low,
            "cool_to_degc": high,
            "cool_above_degc": high,
        }
    )
    return config.model_copy(update={"plant": plant})


def ways_kw(dispatch: xr.Dataset, step_h: Floats) -> Iterator[tuple[str, float, Floats]]:
    """Yield the ways of the scheduled plant: device, its heat's sign in the ring, and size [kW].

    Parameters
    ----------
    dispatch : xarray.Dataset
        Results, with `ring_heat(device, timestep)` [kWh].
    step_h : ndarray, shape (T,)
        Length of the time steps [h].
    """
    heat = dispatch["ring_heat"].transpose("device", "timestep")
    for name, kwh in zip(heat["device"].values, heat.values, strict=True):
        device, sign = device_of(str(name))
        yield device, sign, kwh / step_h


def schedule_kw(dispatch: xr.Dataset, step_h: Floats) -> dict[str, Floats] | None:
    """Heat of the balancing plant into the ring as a dispatch has it, by device [kW].

    Parameters
    ----------
    dispatch : xarray.Dataset
        Results; with `ring_heat(device, timestep)` [kWh] where the programme schedules the plant.
    step_h : ndarray, shape (T,)
        Length of the time steps [h].

    Returns
    -------
    dict of str to ndarray, shape (T,), or None
        None where nothing is scheduled.
    """
    if "ring_heat" not in dispatch:
        return None
    moved: dict[str, Floats] = {}
    for device, sign, kw in ways_kw(dispatch, step_h):
        moved[device] = moved.get(device, 0.0) + sign * kw
    return moved
