"""A doublet that tires: the water that the wells gave back comes out of the ground again.

Between an injection and an extraction well in a level aquifer, heat travels along the streamlines.
The shortest arrives after the breakthrough time ``t_B``; the one that leaves at an angle α from it
arrives after

    t(α) = t_B·3·(1 − α·cot α)/sin²α,

so that of the water that comes out at age ``t``, the share ``F(t) = α/π`` was given back more than
``t`` ago (Gringarten and Sauty 1975). The supply departs from the undisturbed groundwater by the
mean of what was injected, weighted by the growth of F: nothing before the breakthrough, and all of
it after ages. What is injected is the supply less the heat that was taken, at the mean flow, so
that no heat gets lost. Everything is kept in blocks of a day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anello.base.year import HOURS_OF_A_YEAR
from anello.ring.doublet_config import DAYS_PER_YEAR
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.plant_config import PlantConfig, WellsConfig

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK_H = 24.0
"""Time over which injection and supply are evened out [h]."""
# Nearly all the growth of F lies far from its end, where α is close to π.
_ANGLES = np.concatenate([np.linspace(1e-4, 3.0, 4000), pi - np.geomspace(pi - 3.0, 1e-4, 4000)])
_TIMES = 3.0 * (1.0 - _ANGLES / np.tan(_ANGLES)) / np.sin(_ANGLES) ** 2


def arrived(age: Floats) -> Floats:
    """Return the share F of the supply that was given back more than this age ago [-].

    Parameters
    ----------
    age : ndarray
        Time relative to the breakthrough time [-].
    """
    found: Floats = np.interp(age, _TIMES, _ANGLES / pi, left=0.0)
    return found


@dataclass(frozen=True)
class Doublet:
    """A doublet over the steps of a run, in D blocks of a day or a longer step.

    Attributes
    ----------
    flow_kw_per_k : float
        Heat capacity flow between the wells [kW/K].
    breakthrough_h : float
        Time until heat breaks through [h].
    block_of : ndarray of int, shape (T,)
        Block of each step.
    block_h : ndarray, shape (D,)
        Length of the blocks [h].
    weight : ndarray, shape (D, D)
        What each block's injection adds to the supply of each later block [-].
    """

    flow_kw_per_k: float
    breakthrough_h: float
    block_of: Ints
    block_h: Floats
    weight: Floats

    @property
    def is_felt(self) -> bool:
        """Whether heat breaks through within the run."""
        return bool(self.weight.any())

    def shift_k(self, block: int, shift_k: Floats, heat_kw: Floats) -> float:
        """Return by how much the supply of a block is warmer than undisturbed groundwater [K].

        Parameters
        ----------
        block : int
            The block.
        shift_k, heat_kw : ndarray, shape (D,)
            Shift [K] and mean heat taken from the wells [kW] of all earlier blocks.
        """
        injected = shift_k[:block] - heat_kw[:block] / self.flow_kw_per_k
        return float(self.weight[block, :block] @ injected)


def compile_doublet(wells: WellsConfig, step_h: Floats) -> Doublet | None:
    """Lay a doublet out over the steps of a run; None where wells do not tire.

    Parameters
    ----------
    wells : WellsConfig
        The wells' settings.
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    """
    settings = wells.doublet
    if settings is None or wells.max_flow_kg_s == 0.0:
        return None
    flow = settings.mean_flow_kg_s or wells.max_flow_kg_s
    starts = np.append(0.0, np.cumsum(step_h))
    days = np.floor(starts[:-1] / BLOCK_H + 1e-9)
    _, first, block_of = np.unique(days, return_index=True, return_inverse=True)
    edges = np.append(starts[first], starts[-1])
    breakthrough = settings.breakthrough_h(flow)
    return Doublet(
        flow_kw_per_k=flow * WATER_KJ_PER_KGK,
        breakthrough_h=breakthrough,
        block_of=block_of.reshape(-1).astype(np.int64),
        block_h=np.diff(edges),
        weight=_weights(edges, breakthrough),
    )


def _weights(edges_h: Floats, breakthrough_h: float) -> Floats:
    # ASSUME: heat travels with the mean flow, whatever the wells do from hour to hour, and aquifer
    # and caprock conduct none: breakthrough is early rather than late.
    middle = (edges_h[1:] + edges_h[:-1]) / 2.0
    share = arrived((middle[:, None] - edges_h[None, :]) / breakthrough_h)
    return np.tril(share[:, :-1] - share[:, 1:], -1)


@dataclass(frozen=True)
class DoubletResult:
    """What a doublet did in a run.

    Attributes
    ----------
    shift_k : ndarray, shape (T,)
        By how much the supply was warmer than undisturbed groundwater [K].
    supply_degc : ndarray, shape (T,)
        The supply [°C].
    horizon_degc : ndarray, shape (T,), optional
        Supply in the horizon's last year, if this year is repeated; only of a run that is a year
        long [°C].
    lowest_degc, highest_degc : ndarray, shape (N,), optional
        Extremes of the supply in each year until then [°C].
    """

    shift_k: Floats
    supply_degc: Floats
    horizon_degc: Floats | None = None
    lowest_degc: Floats | None = None
    highest_degc: Floats | None = None


class DoubletOnRing:
    """A doublet that gives heat to the ring or takes it, step by step.

    Parameters
    ----------
    wells : WellsConfig
        The wells' settings.
    doublet : Doublet
        Laid out over the run.
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    """

    def __init__(self, wells: WellsConfig, doublet: Doublet, step_h: Floats) -> None:
        self._wells, self._doublet, self._step_h = wells, doublet, step_h
        self._block_of = doublet.block_of.tolist()
        self._hours_of_block = (step_h / doublet.block_h[doublet.block_of]).tolist()
        self._heat_kw = np.zeros(doublet.block_h.size)
        self._shift_k = np.zeros(doublet.block_h.size)
        self._known = -1
        self._each_kw = np.zeros(step_h.size)

    def shift_k(self, step: int) -> float:
        """Return by how much the supply of a step is warmer than undisturbed groundwater [K]."""
        block = self._block_of[step]
        if block > self._known:
            self._shift_k[block] = self._doublet.shift_k(block, self._shift_k, self._heat_kw)
            self._known = block
        return float(self._shift_k[block])

    def take(self, step: int, heat_kw: float) -> None:
        """Take heat out of the wells during a step [kW]."""
        self._each_kw[step] = heat_kw
        self._heat_kw[self._block_of[step]] += heat_kw * self._hours_of_block[step]

    @property
    def shifts_k(self) -> Floats:
        """Shift of every step, shape (T,) [K]."""
        return self._shift_k[self._doublet.block_of]

    def result(self, well_degc: Floats) -> DoubletResult:
        """Return what the doublet did, and what comes of it if the year is repeated.

        Parameters
        ----------
        well_degc : ndarray, shape (T,)
            Undisturbed groundwater [°C].
        """
        hours = float(self._step_h.sum())
        supply = well_degc + self.shifts_k
        if abs(hours - HOURS_OF_A_YEAR) > BLOCK_H + 1e-6:
            return DoubletResult(self.shifts_k, supply)
        settings = self._wells.doublet
        assert settings is not None
        ends = np.cumsum(self._step_h)
        energy = np.append(0.0, np.cumsum(self._each_kw * self._step_h))
        days = np.linspace(0.0, hours, round(DAYS_PER_YEAR) + 1)
        daily_kw = np.diff(np.interp(days, np.append(0.0, ends), energy)) / np.diff(days)
        years = repeated(self._doublet, daily_kw, settings.horizon_years)
        middle = (ends - self._step_h / 2.0) / hours * DAYS_PER_YEAR
        day = np.minimum(middle.astype(int), daily_kw.size - 1)
        supplies = well_degc + years[:, day]
        return DoubletResult(
            self.shifts_k,
            supply,
            supplies[-1],
            supplies.min(axis=1),
            supplies.max(axis=1),
        )


def repeated(doublet: Doublet, daily_kw: Floats, years: int) -> Floats:
    """Return the supply's shift on each day of a year's load that is repeated, (N, 365) [K].

    Parameters
    ----------
    doublet : Doublet
        The doublet.
    daily_kw : ndarray, shape (365,)
        Mean heat taken on each day [kW].
    years : int
        How often, N.
    """
    count = daily_kw.size * years
    ages = np.arange(count + 1.0) * 24.0
    share = arrived((ages + 12.0) / doublet.breakthrough_h)
    # Oldest first, as the days before lie.
    weight = np.diff(np.append(0.0, share))[1:][::-1]
    injected = np.tile(-daily_kw / doublet.flow_kw_per_k, years)
    shift = np.zeros(count)
    begin = max(int(doublet.breakthrough_h // 24.0) - 1, 1)
    for day in range(begin, count):
        shift[day] = weight[count - day :] @ injected[:day]
        injected[day] += shift[day]
    return shift.reshape(years, -1)


def doublet_on_ring(plant: PlantConfig | None, step_h: Floats) -> DoubletOnRing | None:
    """Return the plant's doublet at the start of a run; None where wells do not tire."""
    if plant is None:
        return None
    doublet = compile_doublet(plant.wells, step_h)
    return None if doublet is None else DoubletOnRing(plant.wells, doublet, step_h)


_STEPS = {
    "shift_k": ("K", "shift of the wells' supply against undisturbed groundwater"),
    "supply_degc": ("degC", "supply of the wells"),
    "horizon_degc": ("degC", "supply of the wells in the horizon's last year if this one repeats"),
}
_YEARS = {
    "lowest_degc": ("degC", "lowest supply of the wells in each year if this one repeats"),
    "highest_degc": ("degC", "highest supply of the wells in each year if this one repeats"),
}


def doublet_variables(found: DoubletResult, variable: Callable[..., Any]) -> dict[str, Any]:
    """Return a doublet's variables of a ring's dataset, all beginning with ``wells_``."""
    made = {}
    for dimension, names in (("timestep", _STEPS), ("year", _YEARS)):
        for name, (units, words) in names.items():
            values = getattr(found, name)
            if values is not None:
                made[f"wells_{name}"] = variable((dimension,), values, units, words)
    return made


def doublet_result(dataset: xr.Dataset) -> DoubletResult | None:
    """Return what `doublet_variables` wrote; None where wells do not tire."""
    if "wells_shift_k" not in dataset:
        return None
    values = {
        name: dataset[f"wells_{name}"].values
        for name in (*_STEPS, *_YEARS)
        if f"wells_{name}" in dataset
    }
    return DoubletResult(**values)
