"""A single pipe: plug flow of water through a wall that stores heat, in soil or air.

Water moves in parcels that never mix, so a step in temperature stays sharp; each parcel exchanges
heat with the stretch of wall around it, and the wall (or the water, when only an overall
coefficient is known) loses heat to the ground:

    ∂T_w/∂t + u·∂T_w/∂x = −h·P/(ρ·c·A)·(T_w − T_p)
    C_p·∂T_p/∂t = h·P·(T_w − T_p) − U'·(T_p − T_ground)

Parcels advance by whole cells at the moments at which the pumped mass says so, and exchange heat
exactly in between: no time step limits accuracy or stability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anello.errors import InputError, Problem
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.loop_config import PipeConfig

Floats = NDArray[np.float64]

LAMINAR_NUSSELT = 3.66
EVENT_BUDGET = 200_000


def water_density_kg_per_m3(degc: float) -> float:
    """Return the density of water between 0 and 100 °C [kg/m³] (Tilton and Taylor 1937)."""
    return 1000.0 * (
        1.0 - (degc + 288.9414) / (508929.2 * (degc + 68.12963)) * (degc - 3.9863) ** 2
    )


def water_viscosity_pa_s(degc: float) -> float:
    """Return the dynamic viscosity of water [Pa·s] (Al-Shemmeri 2012, within 2.5 % to 370 °C)."""
    return float(2.414e-5 * 10.0 ** (247.8 / (degc + 133.15)))


def water_conductivity_w_per_mk(degc: float) -> float:
    """Return the thermal conductivity of water [W/(m·K)] (Ramires et al. 1995)."""
    ratio = (degc + 273.15) / 298.15
    return 0.6065 * (-1.48445 + 4.12292 * ratio - 1.63866 * ratio**2)


def friction_factor(reynolds: Floats, relative_roughness: ArrayLike) -> Floats:
    """Return the Darcy friction factor: 64/Re, Haaland (1983), and a blend between them.

    Parameters
    ----------
    reynolds : ndarray
        Reynolds number [-].
    relative_roughness : array_like
        Roughness over diameter [-].

    Returns
    -------
    ndarray
        Friction factor [-]; 0 without flow.
    """
    re = np.maximum(reynolds, 1e-9)
    rough = (np.asarray(relative_roughness) / 3.7) ** 1.11
    turbulent = (-1.8 * np.log10(rough + 6.9 / np.maximum(re, 2300.0))) ** -2
    share = np.clip((re - 2300.0) / (4000.0 - 2300.0), 0.0, 1.0)
    factor: Floats = np.where(reynolds > 1e-9, (1.0 - share) * 64.0 / re + share * turbulent, 0.0)
    return factor


def film_w_per_m2k(
    flow_kg_s: Floats, diameter_m: float, degc: float, roughness_mm: float = 0.0
) -> Floats:
    """Return the heat transfer coefficient between water and pipe wall.

    Nu = 3.66 in laminar flow and at rest, Gnielinski (1976) in turbulent flow, a linear blend for
    Re between 2300 and 4000.

    Parameters
    ----------
    flow_kg_s : ndarray
        Flow [kg/s].
    diameter_m : float
        Inner diameter [m].
    degc : float
        Temperature at which the properties of water are taken [°C].
    roughness_mm : float
        Roughness of the wall [mm].

    Returns
    -------
    ndarray
        Coefficient [W/(m²·K)].
    """
    viscosity = water_viscosity_pa_s(degc)
    conductivity = water_conductivity_w_per_mk(degc)
    prandtl = viscosity * WATER_KJ_PER_KGK * 1000.0 / conductivity
    reynolds = 4.0 * np.abs(flow_kg_s) / (math.pi * diameter_m * viscosity)
    turbulent_re = np.maximum(reynolds, 4000.0)
    f8 = friction_factor(turbulent_re, roughness_mm / 1000.0 / diameter_m) / 8.0
    gnielinski = (
        f8
        * (turbulent_re - 1000.0)
        * prandtl
        / (1.0 + 12.7 * np.sqrt(f8) * (prandtl ** (2.0 / 3.0) - 1.0))
    )
    share = np.clip((reynolds - 2300.0) / (4000.0 - 2300.0), 0.0, 1.0)
    nusselt: Floats = (1.0 - share) * LAMINAR_NUSSELT + share * gnielinski
    return nusselt * conductivity / diameter_m


def loss_w_per_mk(pipe: PipeConfig) -> float:
    """Return the heat loss per metre of pipe and kelvin between wall and undisturbed ground.

    Insulation ln(r_o/r_w)/(2πλ), soil arcosh(depth/r_o)/(2πλ_soil) and, for pipes in air, the
    casing's surface 1/(2π·r_o·h), in series.

    Parameters
    ----------
    pipe : PipeConfig
        The pipe; its `heat_loss_w_per_mk` comes first.

    Returns
    -------
    float
        Loss coefficient [W/(m·K)]; 0 for a pipe without any resistance named around it is not
        possible: such a pipe is an error.

    Raises
    ------
    InputError
        If nothing stands between wall and ground.
    """
    if pipe.heat_loss_w_per_mk is not None:
        return pipe.heat_loss_w_per_mk
    wall = pipe.inner_diameter_m / 2.0 + pipe.wall_thickness_m
    casing = wall + pipe.insulation_thickness_m
    resistance = math.log(casing / wall) / (2.0 * math.pi * pipe.insulation_w_per_mk)
    if pipe.burial_depth_m > casing:
        resistance += math.acosh(pipe.burial_depth_m / casing) / (
            2.0 * math.pi * pipe.soil_w_per_mk
        )
    if pipe.surface_w_per_m2k is not None:
        resistance += 1.0 / (2.0 * math.pi * casing * pipe.surface_w_per_m2k)
    if resistance <= 0.0:
        raise InputError(
            Problem(
                "nothing insulates this pipe: insulation, soil and surface are all absent",
                key="heat_loss_w_per_mk",
                suggestion="Give a layer, or `heat_loss_w_per_mk`",
            )
        )
    return 1.0 / resistance


def wall_capacity_kj_per_mk(pipe: PipeConfig) -> float:
    """Return the heat capacity of the wall per metre [kJ/(m·K)]."""
    inner = pipe.inner_diameter_m / 2.0
    area = math.pi * ((inner + pipe.wall_thickness_m) ** 2 - inner**2)
    return area * pipe.wall_heat_capacity_kj_per_m3k


@dataclass(frozen=True)
class PipeResult:
    """What comes out of a pipe.

    Attributes
    ----------
    outlet_degc : ndarray, shape (T,)
        Outlet temperature with the meaning of the inlet's: at the instants given, or mean over
        each step weighted by flow (its end value where nothing flows) [°C].
    lost_kwh : float
        Heat lost to the ground [kWh].
    entered_kwh, left_kwh : float
        Heat of the water that entered and left, relative to 0 °C [kWh].
    stored_kwh : float
        Rise of the heat content of water and wall [kWh].
    water_degc, wall_degc : ndarray, shape (N,)
        Final temperatures along the pipe, from inlet to outlet [°C].
    """

    outlet_degc: Floats
    lost_kwh: float
    entered_kwh: float
    left_kwh: float
    stored_kwh: float
    water_degc: Floats
    wall_degc: Floats


def simulate_pipe(
    pipe: PipeConfig,
    times_s: ArrayLike,
    inlet_degc: ArrayLike,
    flow_kg_s: ArrayLike,
    *,
    ground_degc: ArrayLike = 10.0,
    initial_degc: ArrayLike | None = None,
    sampling: Literal["instant", "mean"] = "instant",
    cells: int | None = None,
) -> PipeResult:
    """Return the outlet temperature of a pipe with given inlet temperature and flow.

    Parameters
    ----------
    pipe : PipeConfig
        The pipe. For a pipe in air set `burial_depth_m: 0` and `surface_w_per_m2k`; `ground_degc`
        is then the air temperature. `wall_heat_capacity_kj_per_m3k: 0` switches the wall off.
    times_s : array_like, shape (T,)
        Rising times, evenly spaced or not, from seconds to hours apart [s]. With
        `sampling="mean"` they start the steps, and one more may close the last (shape T + 1);
        otherwise the last step is as long as the one before it.
    inlet_degc : array_like, shape (T,)
        Inlet temperature [°C].
    flow_kg_s : array_like, shape (T,) or scalar
        Flow, zero or positive [kg/s].
    ground_degc : array_like, shape (T,) or scalar
        Temperature of undisturbed ground, or of the air around the pipe [°C].
    initial_degc : array_like, optional
        Temperature of water and wall at the start: one value, or a profile from inlet to outlet
        [°C]. Default: the first inlet temperature.
    sampling : {"instant", "mean"}
        `instant`: series are readings at the times, linear in between. `mean`: series are means
        over the steps.
    cells : int, optional
        Cells along the pipe. Default: 200, fewer for long series in which the water is exchanged
        very often.

    Returns
    -------
    PipeResult
        Outlet temperature [°C] and heat balance [kWh].

    Raises
    ------
    InputError
        If shapes differ, times do not rise, a value is missing, or the flow is negative.
    """
    edges, inlet, flow, ground = _series(times_s, inlet_degc, flow_kg_s, ground_degc, sampling)
    instant = sampling == "instant"
    if instant:
        rate, start, end = 0.5 * (flow[1:] + flow[:-1]), inlet[:-1], inlet[1:]
    else:
        rate, start, end = flow, inlet, inlet
    typical = float(np.median(inlet))
    pumped = np.concatenate([[0.0], np.cumsum(rate * np.diff(edges))])
    area = math.pi * pipe.inner_diameter_m**2 / 4.0
    content = water_density_kg_per_m3(typical) * area * pipe.length_m
    cells = _cells(cells, pumped[-1] / content)
    mass, length = content / cells, pipe.length_m / cells

    # Parcel k is the water that enters while the mass pumped grows from k·mass to (k + 1)·mass; it
    # changes cells whenever its centre passes a border between two.
    crossings = (np.arange(int(np.floor(pumped[-1] / mass + 0.5))) + 0.5) * mass
    borders = np.arange(crossings.size + 1, dtype=float) * mass
    entering = _parcel_means(borders, pumped, start, end)
    events = _events(
        np.interp(crossings, pumped, edges), edges if instant else edges[1:], edges, pumped / mass
    )
    surrounding = np.interp(events.middle, edges, ground) if instant else ground[events.interval]

    water_kj = mass * WATER_KJ_PER_KGK
    wall_kj = wall_capacity_kj_per_mk(pipe) * length
    film = film_w_per_m2k(rate, pipe.inner_diameter_m, typical, pipe.roughness_mm)
    film_kw = film * math.pi * pipe.inner_diameter_m * length / 1000.0
    loss_kw = loss_w_per_mk(pipe) * length / 1000.0
    exchange = _Exchange(water_kj, wall_kj, loss_kw, pipe.heat_loss_w_per_mk is not None)

    # One cell beyond the outlet lets the outlet's reading lie between two parcel centres.
    profile = np.atleast_1d(np.asarray(inlet[0] if initial_degc is None else initial_degc, float))
    centres = (np.arange(cells + 1) + 0.5) / cells
    water = np.interp(centres, (np.arange(profile.size) + 0.5) / profile.size, profile)
    wall = water.copy()
    start_kj = water_kj * water[:cells].sum() + wall_kj * wall[:cells].sum()
    readings, leaving, lost_kj = _march(
        events, exchange, water, wall, film_kw[events.interval], surrounding, entering
    )
    if not instant:
        left = np.concatenate([[0.0], np.cumsum(leaving * mass)])
        carried = np.interp(pumped, borders, left)
        # The last parcel may be under way.
        beyond = pumped > borders[-1]
        carried[beyond] = left[-1] + (pumped[beyond] - borders[-1]) * water[-2]
        through = np.diff(pumped)
        flowing = through > 1e-9 * mass
        readings = np.where(flowing, np.diff(carried) / np.where(flowing, through, 1.0), readings)
    stored_kj = water_kj * water[:cells].sum() + wall_kj * wall[:cells].sum() - start_kj
    return PipeResult(
        outlet_degc=readings,
        lost_kwh=lost_kj / 3600.0,
        entered_kwh=float(entering[: crossings.size].sum()) * water_kj / 3600.0,
        left_kwh=float(leaving.sum()) * water_kj / 3600.0,
        stored_kwh=float(stored_kj) / 3600.0,
        water_degc=water[:cells].copy(),
        wall_degc=wall[:cells].copy(),
    )


def _cells(asked: int | None, turnovers: float) -> int:
    """Return the cells along a pipe: as asked for, or as many as its number of events allows."""
    if asked is None:
        return int(min(max(EVENT_BUDGET / max(turnovers, 1e-9), 1.0), 200.0))
    if asked < 1:
        raise InputError(Problem("at least one cell is needed", key="cells", value=asked))
    return asked


class _Events(NamedTuple):
    """Moments at which parcels change cells, or the outlet is read; E of them, in their order.

    `when`, and the `middle` of the time before each [s]; whether it `is_sample`, a reading; the
    `interval` of the series that it lies in; the `parcels` that were pumped until then [-].
    """

    when: Floats
    middle: Floats
    is_sample: NDArray[np.bool_]
    interval: NDArray[np.intp]
    parcels: Floats


def _events(crossings_s: Floats, samples_s: Floats, edges: Floats, pumped: Floats) -> _Events:
    """Return the events of crossings and readings, of a series with edges and parcels pumped."""
    when = np.concatenate([crossings_s, samples_s])
    is_sample = np.arange(when.size) >= crossings_s.size
    order = np.argsort(when, kind="stable")
    when, is_sample = when[order], is_sample[order]
    interval = np.clip(np.searchsorted(edges, when, side="left") - 1, 0, edges.size - 2)
    middle = np.concatenate([[edges[0]], 0.5 * (when[1:] + when[:-1])])
    return _Events(when, middle, is_sample, interval, np.interp(when, edges, pumped))


def _march(
    events: _Events,
    exchange: _Exchange,
    water: Floats,
    wall: Floats,
    film_kw: Floats,
    surrounding_degc: Floats,
    entering_degc: Floats,
) -> tuple[Floats, Floats, float]:
    """Change water and wall along the pipe in place, from event to event.

    Returns
    -------
    tuple
        Readings at the outlet and temperature of each parcel that leaves [°C], and heat lost [kJ].
    """
    readings: list[float] = []
    leaving: list[float] = []
    lost_kj, now = 0.0, float(events.middle[0])
    hours = zip(
        events.when.tolist(),
        events.is_sample.tolist(),
        events.parcels.tolist(),
        film_kw.tolist(),
        surrounding_degc.tolist(),
        strict=True,
    )
    for time, sample, parcels, film, outside in hours:
        if time > now:
            lost_kj += exchange.advance(water, wall, time - now, film, outside)
            now = time
        if sample:
            offset = parcels - len(leaving)
            readings.append(float((0.5 + offset) * water[-2] + (0.5 - offset) * water[-1]))
        else:
            entering = entering_degc[len(leaving)]
            leaving.append(float(water[-2]))
            water[1:] = water[:-1].copy()
            water[0] = entering
    return np.array(readings), np.array(leaving), lost_kj


class _Exchange:
    """Exact exchange of heat between water, wall and surroundings over any time, in each cell."""

    def __init__(self, water_kj: float, wall_kj: float, loss_kw: float, from_water: bool) -> None:
        self.water_kj, self.wall_kj = water_kj, wall_kj
        self.loss_kw, self.from_water = loss_kw, from_water
        self._cached: tuple[float, float] | None = None
        self._matrix = (1.0, 0.0, 0.0, 1.0)

    def advance(
        self, water: Floats, wall: Floats, seconds: float, film_kw: float, outside: float
    ) -> float:
        """Change water and wall in place, and return the heat lost inside the pipe [kJ]."""
        key = (seconds, film_kw)
        if key != self._cached:
            self._matrix, self._cached = self._propagator(seconds, film_kw), key
        ww, wp, pw, pp = self._matrix
        above_water, above_wall = water - outside, wall - outside
        new_water = ww * above_water + wp * above_wall
        new_wall = pw * above_water + pp * above_wall
        lost = self.water_kj * float((above_water - new_water)[:-1].sum())
        lost += self.wall_kj * float((above_wall - new_wall)[:-1].sum())
        np.add(new_water, outside, out=water)
        np.add(new_wall, outside, out=wall)
        return lost

    def _propagator(self, seconds: float, film_kw: float) -> tuple[float, float, float, float]:
        if self.wall_kj == 0.0:
            through = self.loss_kw
            if not self.from_water:
                through = film_kw * self.loss_kw / (film_kw + self.loss_kw)
            keep = math.exp(-through * seconds / self.water_kj)
            return keep, 0.0, keep, 0.0
        a = -film_kw / self.water_kj
        b = film_kw / self.water_kj
        c = film_kw / self.wall_kj
        d = -film_kw / self.wall_kj
        if self.from_water:
            a -= self.loss_kw / self.water_kj
        else:
            d -= self.loss_kw / self.wall_kj
        half, root = 0.5 * (a + d), math.sqrt(0.25 * (a - d) ** 2 + b * c)
        slow = half + root
        # root > 0, since b·c > 0
        e_slow, e_fast = math.exp(slow * seconds), math.exp((half - root) * seconds)
        mix = (e_slow - e_fast) / (2.0 * root)
        base = e_slow - slow * mix
        return base + a * mix, b * mix, c * mix, base + d * mix


def _series(
    times_s: ArrayLike,
    inlet_degc: ArrayLike,
    flow_kg_s: ArrayLike,
    ground_degc: ArrayLike,
    sampling: str,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Check the series and give them the shape they need."""
    edges = np.asarray(times_s, dtype=float)
    inlet = np.asarray(inlet_degc, dtype=float)
    problems = []
    if sampling not in ("instant", "mean"):
        problems.append(Problem("must be `instant` or `mean`", key="sampling", value=sampling))
    if inlet.ndim != 1 or inlet.size < 2:
        problems.append(Problem("needs at least two values", key="inlet_degc"))
        raise InputError(problems)
    if sampling == "mean" and edges.size == inlet.size:
        edges = np.append(edges, 2.0 * edges[-1] - edges[-2])
    wanted = inlet.size + (1 if sampling == "mean" else 0)
    if edges.shape != (wanted,):
        problems.append(Problem(f"{edges.size} times for {inlet.size} values", key="times_s"))
    elif not (np.diff(edges) > 0).all():
        problems.append(Problem("times must rise", key="times_s"))
    series = {"inlet_degc": inlet}
    for name, values in (("flow_kg_s", flow_kg_s), ("ground_degc", ground_degc)):
        array = np.asarray(values, dtype=float)
        series[name] = np.full(inlet.size, array) if array.ndim == 0 else array
    for name, array in series.items():
        if array.shape != inlet.shape:
            problems.append(Problem(f"{array.size} values for {inlet.size}", key=name))
        elif not np.isfinite(array).all():
            problems.append(Problem("not every value is a finite number", key=name))
    if not problems and (series["flow_kg_s"] < 0).any():
        problems.append(
            Problem("flow must not be negative: water enters at the inlet", key="flow_kg_s")
        )
    if problems:
        raise InputError(problems)
    return edges, inlet, series["flow_kg_s"], series["ground_degc"]


def _parcel_means(borders: Floats, pumped: Floats, start: Floats, end: Floats) -> Floats:
    """Return the mean inlet temperature of the parcels between these borders of pumped mass."""
    width = np.diff(pumped)
    total = np.concatenate([[0.0], np.cumsum(0.5 * (start + end) * width)])
    cell = np.clip(np.searchsorted(pumped, borders, side="right") - 1, 0, width.size - 1)
    inside = np.minimum(borders, pumped[-1]) - pumped[cell]
    slope = np.where(width > 0, (end - start) / np.where(width > 0, width, 1.0), 0.0)
    heat = total[cell] + inside * (start[cell] + 0.5 * slope[cell] * inside)
    heat += np.maximum(borders - pumped[-1], 0.0) * end[-1]
    means: Floats = np.diff(heat) / np.diff(borders)
    return means
