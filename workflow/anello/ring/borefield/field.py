"""A borefield step by step: its state, and the exchange with the ring's water."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from math import expm1, inf, log, pi
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.foster import Foster, fit_foster
from anello.ring.borefield.g_function import borehole_count, g_function
from anello.ring.borefield.resistance import borehole_resistance_mk_per_w, fluid_kj_per_kgk

Floats = NDArray[np.float64]
_LEAST_KW_PER_K = 1e-9  # flow below this is none


@dataclass(frozen=True)
class Borefield:
    """A borefield in numbers.

    Temperatures of the ground are kept as drops x_j of the Foster chain's parts, in kelvin times
    2πk per metre: ``T_wall = T_0 − Σx_j/(2πk)``. All that a field remembers is x.

    Attributes
    ----------
    chain : Foster
        The fitted g-function; J states.
    undisturbed_degc : float
        T_0 [°C].
    soil_w_per_mk : float
        Conductivity k [W/(m·K)].
    length_m : float
        Length of all boreholes L [m].
    resistance_mk_per_w : float
        R_b* between wall and the mean of entering and leaving fluid [m·K/W].
    flow_kw_per_k : float
        Heat capacity flow of the fluid [kW/K].
    effectiveness : float
        Of the heat exchanger to the ring; 1 without one [-].
    fluid_degc : (float, float)
        Allowed temperatures of the fluid that enters the boreholes [°C].
    """

    chain: Foster
    undisturbed_degc: float
    soil_w_per_mk: float
    length_m: float
    resistance_mk_per_w: float
    flow_kw_per_k: float
    effectiveness: float
    fluid_degc: tuple[float, float]
    _kept: dict[float, Floats] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    def keep(self, hours: float) -> Floats:
        """Return φ_j = exp(−Δt/τ_j), what a step of this length leaves of the state, (J,) [-]."""
        if hours not in self._kept:
            self._kept[hours] = np.exp(-hours / self.chain.tau_h)
        return self._kept[hours]

    def of_share(self, share: float) -> Borefield:
        """Return a field of a share of the boreholes, each with its flow and as many neighbours.

        A share s of a field that exchanges s·Q is as warm as the whole that exchanges Q.
        """
        return dataclasses.replace(
            self, length_m=self.length_m * share, flow_kw_per_k=self.flow_kw_per_k * share
        )

    @property
    def k_per_kw(self) -> float:
        """Drop of the wall per unit of Σx under heat of the whole field: 1/(2πkL) [K/kW]."""
        return 1000.0 / (2.0 * pi * self.soil_w_per_mk * self.length_m)

    def rest(self) -> Floats:
        """Return the state of ground that was never used, shape (J,) [kW]."""
        return np.zeros_like(self.chain.tau_h)

    def wall_degc(self, state: Floats) -> float:
        """Return the mean temperature of the boreholes' walls [°C]."""
        return self.undisturbed_degc - self.k_per_kw * float(state.sum())

    def advance(self, state: Floats, heat_kw: float, hours: float) -> Floats:
        """Return the state after a step of constant heat.

        ``x_j ← φ_j·x_j + (1 − φ_j)·R_j·Q``, ``φ_j = exp(−Δt/τ_j)``: exact for the chain.

        Parameters
        ----------
        state : ndarray, shape (J,)
            State at the start [kW].
        heat_kw : float
            Heat taken out of the ground [kW].
        hours : float
            Length of the step [h].
        """
        keep = self.keep(hours)
        new: Floats = keep * state + (1.0 - keep) * self.chain.resistance * heat_kw
        return new

    def answer(self, state: Floats, hours: float) -> tuple[float, float]:
        """Return what the wall will be at a step's end without heat, and its drop per heat.

        Parameters
        ----------
        state : ndarray, shape (J,)
            State at the start [kW].
        hours : float
            Length of the step [h].

        Returns
        -------
        idle_degc : float
            Wall at the end of an idle step [°C].
        drop_k_per_kw : float
            Drop of the wall at the end per heat taken out during the step [K/kW].
        """
        keep = self.keep(hours)
        idle = self.undisturbed_degc - self.k_per_kw * float(keep @ state)
        return idle, self.k_per_kw * float((1.0 - keep) @ self.chain.resistance)

    def loop_kw_per_k(self, passing_kw_per_k: float = inf) -> float:
        """Return the heat capacity flow in the boreholes: no more than the ring has [kW/K]."""
        return min(self.flow_kw_per_k, passing_kw_per_k)

    def to_wall_kw_per_k(self, passing_kw_per_k: float = inf) -> float:
        """Return the heat from wall to entering fluid per kelvin between them.

        ``ṁc·(1 − exp(−UA/ṁc))``, where UA follows from R_b* at nominal flow, whose mean fluid is
        that of entering and leaving temperature: ``exp(−UA/ṁc) = (2ṁcR − 1)/(2ṁcR + 1)`` with
        ``R = R_b*/L``.

        Parameters
        ----------
        passing_kw_per_k : float
            Heat capacity flow of the ring's water that passes [kW/K].
        """
        nominal = self.flow_kw_per_k
        twice = 2.0 * nominal * self.resistance_mk_per_w / self.length_m * 1000.0
        if twice <= 1.0:  # the fluid leaves at the temperature of the wall
            return self.loop_kw_per_k(passing_kw_per_k)
        ua = nominal * log((twice + 1.0) / (twice - 1.0))
        flow = self.loop_kw_per_k(passing_kw_per_k)
        return -flow * expm1(-ua / flow)

    def conductance_kw_per_k(self, drop_k_per_kw: float, passing_kw_per_k: float = inf) -> float:
        """Return the heat into the ring per kelvin between idle wall and the ring's water.

        In series: the wall's own drop in the step, wall to entering fluid, fluid to ring.
        ``Q = ε·ṁc·(T_leaving − T_ring)``, ``T_entering = T_leaving − Q/(ṁc)``.

        Parameters
        ----------
        drop_k_per_kw : float
            Drop of the wall per heat, from `answer` [K/kW].
        passing_kw_per_k : float
            Heat capacity flow of the ring's water that passes [kW/K].
        """
        flow = self.loop_kw_per_k(passing_kw_per_k)
        if flow < _LEAST_KW_PER_K:
            return 0.0
        wall = self.to_wall_kw_per_k(passing_kw_per_k)
        exchanger = (1.0 / self.effectiveness - 1.0) / flow
        return 1.0 / (drop_k_per_kw + 1.0 / wall + exchanger)

    def limits_kw(
        self, idle_degc: float, drop_k_per_kw: float, passing_kw_per_k: float = inf
    ) -> tuple[float, float]:
        """Return the heat that brings the entering fluid to its limits.

        Parameters
        ----------
        idle_degc, drop_k_per_kw : float
            From `answer`.
        passing_kw_per_k : float
            Heat capacity flow of the ring's water that passes [kW/K].

        Returns
        -------
        (float, float)
            Most heat out of the ring (≤ 0) and into it (≥ 0) [kW].
        """
        if self.loop_kw_per_k(passing_kw_per_k) < _LEAST_KW_PER_K:
            return 0.0, 0.0
        per_kw = drop_k_per_kw + 1.0 / self.to_wall_kw_per_k(passing_kw_per_k)
        low, high = self.fluid_degc
        return min(0.0, (idle_degc - high) / per_kw), max(0.0, (idle_degc - low) / per_kw)

    def fluid(
        self, wall_degc: Floats, heat_kw: Floats, passing_kw_per_k: Floats | float = inf
    ) -> tuple[Floats, Floats]:
        """Return the fluid that enters and leaves the boreholes.

        Parameters
        ----------
        wall_degc : ndarray, shape (T,)
            Wall at the end of each step [°C].
        heat_kw : ndarray, shape (T,)
            Heat taken out of the ground [kW].
        passing_kw_per_k : ndarray, shape (T,), or float
            Heat capacity flow of the ring's water that passes [kW/K].

        Returns
        -------
        entering, leaving : ndarray, shape (T,)
            Temperatures [°C]; those of the wall where nothing flows.
        """
        passing = np.broadcast_to(np.asarray(passing_kw_per_k, dtype=float), heat_kw.shape)
        flow = np.array([self.loop_kw_per_k(value) for value in passing.tolist()])
        flows = flow >= _LEAST_KW_PER_K
        to_wall = np.array([self.to_wall_kw_per_k(v) if v > 0 else 1.0 for v in passing.tolist()])
        entering = np.where(flows, wall_degc - heat_kw / to_wall, wall_degc)
        leaving = np.where(flows, entering + heat_kw / np.where(flows, flow, 1.0), wall_degc)
        return entering, leaving

    def walls_degc(self, heat_kw: Floats, step_h: Floats, state: Floats | None = None) -> Floats:
        """Return the wall at the end of each step under given heat, shape (T,) [°C]."""
        x = self.rest() if state is None else state
        walls = np.empty(heat_kw.size)
        for step, (heat, hours) in enumerate(zip(heat_kw.tolist(), step_h.tolist(), strict=True)):
            x = self.advance(x, heat, hours)
            walls[step] = self.wall_degc(x)
        return walls


def compile_borefield(config: BorefieldConfig, folder: Path | None = None) -> Borefield:
    """Work out a field's g-function, chain and resistance.

    Parameters
    ----------
    config : BorefieldConfig
        The settings.
    folder : Path, optional
        Where relative files start, and where the g-function is kept for the next time.

    Returns
    -------
    Borefield
        The field at rest.

    Raises
    ------
    InputError
        If a given g-function cannot be read or met.
    """
    # ASSUME: another number of boreholes interact as those described: the g-function is theirs.
    described = config.model_copy(update={"built_share": 1.0})
    if config.field.kind == "g_function":  # its file may change
        field = _compiled(described, folder)
    else:
        field = _kept(described.model_dump_json(), folder)
    return field if config.built_share == 1.0 else field.of_share(config.built_share)


@lru_cache(maxsize=16)
def _kept(config: str, folder: Path | None) -> Borefield:
    """Compile a field once in a process, since a search simulates it again and again."""
    return _compiled(BorefieldConfig.model_validate_json(config), folder)


def _compiled(config: BorefieldConfig, folder: Path | None) -> Borefield:
    return Borefield(
        chain=fit_foster(*g_function(config, folder)),
        undisturbed_degc=config.undisturbed_degc,
        soil_w_per_mk=config.soil_w_per_mk,
        length_m=borehole_count(config) * config.depth_m,
        resistance_mk_per_w=borehole_resistance_mk_per_w(config),
        flow_kw_per_k=config.flow_kg_s * fluid_kj_per_kgk(config),
        effectiveness=config.effectiveness,
        fluid_degc=config.limits_degc,
    )


@dataclass(frozen=True)
class Years:
    """A period repeated with the field's state carried over.

    Attributes
    ----------
    starts : ndarray, shape (N + 1, J)
        State at the start of each period, and at the end [kW].
    walls_degc : ndarray, shape (N, T)
        Wall at the end of each step of each period [°C].
    """

    starts: Floats
    walls_degc: Floats

    @property
    def first_degc(self) -> Floats:
        """Wall at the end of each step of the first period, shape (T,) [°C]."""
        first: Floats = self.walls_degc[0]
        return first

    @property
    def last_degc(self) -> Floats:
        """Wall at the end of each step of the last period, shape (T,) [°C]."""
        last: Floats = self.walls_degc[-1]
        return last

    @property
    def lowest_degc(self) -> Floats:
        """Lowest wall of each period, shape (N,) [°C]."""
        lowest: Floats = self.walls_degc.min(axis=1)
        return lowest

    @property
    def highest_degc(self) -> Floats:
        """Highest wall of each period, shape (N,) [°C]."""
        highest: Floats = self.walls_degc.max(axis=1)
        return highest

    @property
    def drift_k(self) -> float:
        """Rise of the mean wall from the first period to the last [K]."""
        return float(self.last_degc.mean() - self.first_degc.mean())


def repeat(
    field: Borefield, heat_kw: Floats, step_h: Floats, periods: int, state: Floats | None = None
) -> Years:
    """Repeat a period's load, and return what the wall does.

    The chain is linear, so that a period maps its first state to its last by
    ``x ← Φ·x + c``, Φ diagonal; the wall of a later period is that of the first plus the decay of
    the states that differ at its start. No period is simulated twice.

    Parameters
    ----------
    field : Borefield
        The field.
    heat_kw : ndarray, shape (T,)
        Heat taken out of the ground [kW].
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    periods : int
        How often, N.
    state : ndarray, shape (J,), optional
        State at the very start; at rest by default [kW].

    Returns
    -------
    Years
        States and walls.
    """
    start = field.rest() if state is None else state
    ends = np.cumsum(step_h)
    last = start
    for heat, hours in zip(heat_kw.tolist(), step_h.tolist(), strict=True):
        last = field.advance(last, heat, hours)
    over = np.exp(-float(ends[-1]) / field.chain.tau_h)
    added = last - over * start
    starts = [start]
    for _ in range(periods):
        starts.append(over * starts[-1] + added)
    first = field.walls_degc(heat_kw, step_h, start)
    decay = field.k_per_kw * np.exp(-ends[:, None] / field.chain.tau_h)
    walls = [first - decay @ (begin - start) for begin in starts[:-1]]
    return Years(starts=np.array(starts), walls_degc=np.array(walls))
