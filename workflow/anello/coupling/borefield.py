"""A borefield in the programme: plain numbers for its rows, and its limits about an incumbent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anello.base.year import is_a_year
from anello.coupling.incumbent import Linearisation
from anello.coupling.limits import by_water, line, weight_of_rise, within_kw
from anello.coupling.plant_sizes import size_of
from anello.coupling.size_limits import TRACE, limit_by_size
from anello.errors import InputError, Problem
from anello.optimise.formulation.ring_rows import (
    ALWAYS,
    BEYOND_EUR_PER_KWH,
    FIELD,
    FIELD_PER_K,
    FIELD_PER_MASS,
    FIELD_PER_RISE,
    FieldRows,
    RingRows,
    pair,
)
from anello.ring.borefield.device import device_stations
from anello.ring.borefield.field import Borefield, compile_borefield
from anello.ring.config import RingConfig
from anello.ring.devices import ways_of

Floats = NDArray[np.float64]

NOTHING = 1e-9
"""Less than this share of a mass is nothing [-]."""

LONG_STEPS = 1000
"""Most steps of a programme that follows the masses of the ground; one of twelve weeks took six
times as long with them, and one of a year did not end [-]."""


def field_rows(config: RingConfig, step_h: Floats) -> FieldRows | None:
    """Put a borefield into plain numbers for the formulation; None without one.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    step_h : ndarray, shape (T,)
        Length of the steps [h].

    Raises
    ------
    InputError
        If the horizon of a run that is no year shall be held.
    """
    settings = None if config.plant is None else config.plant.borefield
    if settings is None:
        return None
    held = settings.hold_at_horizon
    if held and not is_a_year(float(step_h.sum())):
        raise InputError(
            Problem(
                "only a year can be repeated until its horizon, and this run is "
                f"{float(step_h.sum()) / 24.0:.0f} days long",
                key="ring.plant.borefield.hold_at_horizon",
                suggestion="Run a year (`model.subset_time`), or leave it out",
            )
        )
    field = compile_borefield(settings)
    station = 0
    if config.model == "loop" and config.loop is not None:
        names = config.loop.station_names
        (station,) = device_stations(settings, names, ("borefield",), config.loop.plant_station)
    keep = np.exp(-step_h / field.chain.tau_h[:, None])
    drop = field.k_per_kw * (1.0 - keep) * field.chain.resistance[:, None]
    ways = list(ways_of("borefield"))
    low, high = settings.limits_degc
    fluid_binds = not low <= config.bounds_degc[0] <= config.bounds_degc[1] <= high
    # ASSUME: a dispatch changes little enough from one programme to the next for the ground to be
    # the incumbent's. Where limits of the fluid may bind, at the horizon too, they need the masses.
    given = step_h.size > LONG_STEPS and not held and not fluid_binds
    followed = 0 if given else field.chain.tau_h.size
    return FieldRows(
        masses=tuple(f"mass_{number}" for number in range(followed)),
        ways=tuple(name for name, _ in ways),
        signs=tuple(sign for _, sign in ways),
        keep=keep,
        drop_k_per_kw=drop,
        undisturbed_degc=field.undisturbed_degc,
        kw_per_k=_conductance(field, drop, None),
        fluid_kw_per_k=1.0 / (drop.sum(axis=0) + 1.0 / field.to_wall_kw_per_k()),
        fluid_degc=settings.limits_degc,
        fluid_binds=fluid_binds,
        always=settings.always,
        station=station,
        most_kw=(high - low) * field.to_wall_kw_per_k(),
        carried=_carried(field, settings.horizon_years, step_h) if held else None,
        beyond_eur_per_k=_beyond_eur_per_k(field, settings.horizon_years, step_h) if held else 0.0,
    )


def _carried(field: Borefield, years: int, step_h: Floats) -> Floats:
    """Return what a mass, as a year leaves it, lowers the wall by in the last year, (J, T) [-]."""
    ends = np.cumsum(step_h)
    tau = field.chain.tau_h[:, None]
    year = -ends[-1] / tau
    before = np.expm1(year * (years - 1)) / np.expm1(year)
    carried: Floats = before * np.exp(-ends / tau)
    carried[carried < NOTHING] = 0.0
    return carried


def _beyond_eur_per_k(field: Borefield, years: int, step_h: Floats) -> float:
    """Return the penalty of a kelvin: dearer than the heat of a year that it would bring [€/K]."""
    hours = float(step_h.sum())
    grown = float(field.chain.g(np.array([hours * years]))[0])
    return BEYOND_EUR_PER_KWH * hours / (field.k_per_kw * grown)


def beyond_at_horizon_k(rows: FieldRows, heat_kw: Floats, size: float = 1.0) -> float:
    """Return how far the fluid is beyond its limits in the last year, both sides added up [K].

    Of a field of another size that is times the size, as heat of the field described would make.

    Parameters
    ----------
    rows : FieldRows
        The field's numbers.
    heat_kw : ndarray, shape (T,)
        Heat taken out of the ground, the same every year [kW].
    size : float
        Share of the field described that is built [-].
    """
    if rows.carried is None:
        return 0.0
    masses = np.zeros(len(rows.keep))
    for step in range(heat_kw.size):
        masses = rows.keep[:, step] * masses + rows.drop_k_per_kw[:, step] * heat_kw[step]
    idle = idle_degc(rows, heat_kw) - masses @ rows.carried
    low, high = (
        rows.undisturbed_degc + size * (degc - rows.undisturbed_degc) for degc in rows.fluid_degc
    )
    below = low - idle + np.maximum(heat_kw, 0.0) / rows.fluid_kw_per_k
    above = idle + np.maximum(-heat_kw, 0.0) / rows.fluid_kw_per_k - high
    return max(float(below.max()), 0.0) + max(float(above.max()), 0.0)


def _conductance(
    field: Borefield, drop_k_per_kw: Floats, passing_kw_per_k: Floats | None
) -> Floats:
    """Return the heat per kelvin between idle wall and the water that it meets, (T,) [kW/K]."""
    drop = drop_k_per_kw.sum(axis=0)
    passing = np.full_like(drop, np.inf) if passing_kw_per_k is None else passing_kw_per_k
    pairs = zip(drop.tolist(), passing.tolist(), strict=True)
    return np.array([field.conductance_kw_per_k(k, kw) for k, kw in pairs])


def idle_degc(rows: FieldRows, heat_kw: Floats) -> Floats:
    """Return the wall at each step's end without heat in the step, after what came before.

    Parameters
    ----------
    rows : FieldRows
        The field's numbers.
    heat_kw : ndarray, shape (T,)
        Heat taken out of the ground [kW].

    Returns
    -------
    ndarray, shape (T,)
        Temperatures [°C].
    """
    masses = np.zeros(len(rows.keep))
    idle = np.empty_like(heat_kw)
    for step in range(heat_kw.size):
        masses = rows.keep[:, step] * masses
        idle[step] = rows.undisturbed_degc - masses.sum()
        masses = masses + rows.drop_k_per_kw[:, step] * heat_kw[step]
    return idle


@dataclass(frozen=True)
class _Incumbent:
    """A field at an incumbent, for any share of it that might be built."""

    rows: RingRows
    field: FieldRows
    about: Linearisation
    described: Borefield

    @cached_property
    def drop_k(self) -> Floats:
        """What the masses of the field described lower the idle wall by, shape (T,) [K]."""
        drop: Floats = self.field.undisturbed_degc - idle_degc(self.field, self.about.field_kw)
        return drop

    def per_k(self, size: float) -> Floats:
        """Return the heat per kelvin between idle wall and water, shape (T,) [kW/K]."""
        passing = None if self.about.water is None else self.about.water.passing_kw_per_k
        return _conductance(self.described.of_share(size), self.field.drop_k_per_kw / size, passing)

    def idle_degc(self, size: float) -> Floats:
        """Return the wall without heat in the step, if the heat before were the same, (T,) [°C]."""
        wall: Floats = self.field.undisturbed_degc - self.drop_k / size
        return wall

    def met_degc(self, per_k: Floats) -> Floats:
        """Return the water that the field meets, shape (T,) [°C]."""
        start = self.about.temperature_degc[:-1]
        if self.about.water is not None:
            start = self.about.water.degc[self.field.station]
        weight = weight_of_rise(self.rows, self.about, per_k)
        met: Floats = start + weight * np.diff(self.about.temperature_degc)
        return met

    def given_kw(self, size: float) -> Floats:
        """Return the heat that temperatures drive into the water, either way, shape (T,) [kW]."""
        per_k = self.per_k(size)
        driven: Floats = per_k * (self.idle_degc(size) - self.met_degc(per_k))
        return driven


def field_limits(
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    values: dict[str, dict[str, Floats]],
    row_bounds: dict[str, tuple[Floats, Floats]],
) -> dict[str, Floats]:
    """Limits of a borefield about an incumbent: exact in water and ground where both are free.

    Where the trust region has water on both sides of the ground, the line of an exchanger is taken
    and the ground is that of the incumbent; see :func:`anello.coupling.limits.line`. A size that is
    open moves s of what the whole field would at the ground that 1/s of its heat leaves: in
    well-mixed water the ground's memory is exact for any size, and linear about the incumbent is
    only the product of size and water.

    Returns
    -------
    dict of str to ndarray, shape (T,)
        Largest heat of ways whose limit does not depend on temperature [kW].
    """
    field = rows.field
    plant = config.plant
    if field is None or plant is None or plant.borefield is None:
        return {}
    now = _Incumbent(rows, field, about, compile_borefield(plant.borefield))
    sized = FIELD in rows.sizes
    size = size_of(rows, FIELD, about.plant_sizes) if sized else 1.0
    per_k = now.per_k(size)
    weight = weight_of_rise(rows, about, per_k)
    slopes: dict[str, Floats] = {}
    memory: dict[str, Floats] = {}
    most: dict[str, Floats] = {}
    limits = []
    if field.always:
        slopes[ALWAYS] = per_k
        limit = per_k * field.undisturbed_degc
        water_degc = (
            rows.initial_degc if about.water is None else about.water.degc[field.station, 0]
        )
        limit[0] -= per_k[0] * (water_degc - weight[0] * rows.initial_degc)
        if not field.followed:
            limit = limit - per_k * (field.undisturbed_degc - now.idle_degc(size))
        _remember(field, ALWAYS, per_k / size, memory)
        if sized:
            never = np.zeros(per_k.shape, dtype=bool)
            limit = limit - limit_by_size(
                rows, ALWAYS, FIELD, about.plant_sizes, now.given_kw, never, 0.0 * per_k, values
            )
        row_bounds["ring_field_always"] = (limit[None, :], limit[None, :])
    else:
        idle, start = now.idle_degc(size), now.met_degc(per_k)
        largest = field.most_kw * (rows.sizes[FIELD].most if sized else 1.0)
        for name, sign in zip(field.ways, field.signs, strict=True):
            slope, limit, most[name] = line(
                config,
                about,
                sign,
                idle,
                per_k,
                start,
                np.full_like(start, largest),
                float(per_k.max()),
                np.maximum(sign * about.field_kw, 0.0),
                weight,
            )
            seen = np.where(np.isclose(slope, per_k), slope, 0.0)
            if field.followed:  # the row has the masses, whose drop is not in its limit then
                limit = limit + sign * seen * (field.undisturbed_degc - idle)
            slopes[name] = slope
            _remember(field, name, seen / size, memory)
            if sized:
                limit = limit - _held_by_size(now, name, sign, slope, seen, values)
            limits.append(limit)
        bound = np.array(limits)
        row_bounds["ring_field_max"] = (np.full_like(bound, np.nan), bound)
    divided = {name: by_water(rows, slope, weight) for name, slope in slopes.items()}
    values[FIELD_PER_K] = {name: at_place for name, (at_place, _) in divided.items()}
    values[FIELD_PER_MASS] = memory
    values[FIELD_PER_RISE] = {name: risen for name, (_, risen) in divided.items()}
    return most


def _held_by_size(
    now: _Incumbent,
    way: str,
    sign: float,
    slope: Floats,
    seen: Floats,
    values: dict[str, dict[str, Floats]],
) -> Floats:
    """Let the limit of a way follow the field's size; see `limit_by_size`, shape (T,) [kW].

    Where the row follows the ground as well, it holds for ground that gives nothing, too.
    """

    def driven_kw(size: float) -> Floats:
        given = sign * now.given_kw(size)
        return np.where(seen > 0.0, given, np.maximum(given, 0.0))

    size = size_of(now.rows, FIELD, now.about.plant_sizes)
    room_kw = within_kw(now.about, slope)
    room_kw = room_kw + seen * np.abs(now.field.undisturbed_degc - now.idle_degc(size))
    idle = (slope <= TRACE * max(float(slope.max()), 1.0)) & (seen == 0.0)
    idle[0] = False
    sizes = now.about.plant_sizes
    return limit_by_size(now.rows, way, FIELD, sizes, driven_kw, idle, room_kw, values)


def _remember(field: FieldRows, label: str, per_k: Floats, memory: dict[str, Floats]) -> None:
    for mass, keep in zip(field.masses, field.keep[: len(field.masses)], strict=True):
        memory[pair(label, mass)] = per_k * keep
