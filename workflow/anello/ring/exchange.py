"""What goes into a simulation of the ring, and what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring.borefield.device import FieldResult
from anello.ring.config import RingConfig
from anello.ring.cop_config import FixedUse
from anello.ring.doublet import DoubletResult
from anello.ring.ground import days_into_year
from anello.ring.hydraulics import Hydraulics
from anello.ring.second_law import SecondLawAudit
from anello.ring.surroundings import Surroundings

Floats = NDArray[np.float64]


SMALLEST_STORE_KWH = 1e-3
"""A smaller store is a solver's rounding of none [kWh]."""


@dataclass(frozen=True)
class RingInput:
    """A dispatch as the ring sees it.

    Parameters
    ----------
    nodes : tuple of str
        Heat pumps, `location::technology`; H of them.
    times : ndarray of datetime64, shape (T,)
        Start of each time step.
    step_h : ndarray, shape (T,)
        Length of each time step [h].
    q_kw : ndarray, shape (H, T)
        Thermal output, positive for heating and cooling [kW].
    cop_dispatch : ndarray, shape (H, T)
        COP the dispatch was computed with [-].
    storage_kwh : ndarray, shape (H, T)
        Level of each heat pump's store at the end of the step; NaN without a store [kWh].
    storage_start_kwh : ndarray, shape (H,)
        Level before the first step [kWh].
    outdoor_degc, wet_bulb_degc : ndarray, shape (T,), optional
        Dry-bulb and wet-bulb temperature of the outdoor air [°C].
    flow_kg_s : ndarray, shape (T,), optional
        Scheduled flow of a loop [kg/s].
    capacity_kw : ndarray, shape (H,), optional
        Installed thermal capacity, to count hours beyond a temperature-dependent limit [kW].
    storage_cap_kwh : ndarray, shape (H,), optional
        Size of each heat pump's store; NaN without a store [kWh].
    series : mapping of str to ndarray, shape (T,)
        Series that the plant's sources name.
    """

    nodes: tuple[str, ...]
    times: NDArray[np.datetime64]
    step_h: Floats
    q_kw: Floats
    cop_dispatch: Floats
    storage_kwh: Floats
    storage_start_kwh: Floats
    outdoor_degc: Floats | None = None
    wet_bulb_degc: Floats | None = None
    flow_kg_s: Floats | None = None
    capacity_kw: Floats | None = None
    storage_cap_kwh: Floats | None = None
    series: Mapping[str, Floats] = dataclasses.field(default_factory=dict)

    @property
    def surroundings(self) -> Surroundings:
        """What surrounds the plant in each step."""
        return Surroundings(self.times.size, self.outdoor_degc, self.wet_bulb_degc, self.series)

    def __post_init__(self) -> None:
        steps = self.times.size
        shapes = {
            "step_h": (steps,),
            "q_kw": (len(self.nodes), steps),
            "cop_dispatch": (len(self.nodes), steps),
            "storage_kwh": (len(self.nodes), steps),
            "storage_start_kwh": (len(self.nodes),),
            "outdoor_degc": (steps,),
            "wet_bulb_degc": (steps,),
            "flow_kg_s": (steps,),
            "capacity_kw": (len(self.nodes),),
            "storage_cap_kwh": (len(self.nodes),),
        }
        problems = []
        for name, shape in shapes.items():
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != shape:
                problems.append(Problem(f"shape {array.shape} where {shape} is needed", key=name))
            elif name not in ("storage_kwh", "storage_cap_kwh") and not np.isfinite(array).all():
                problems.append(Problem("not every value is a finite number", key=name))
        if not problems and (self.q_kw < -1e-6).any():
            problems.append(Problem("thermal output must not be negative", key="q_kw"))
        if not problems and (self.cop_dispatch <= 0).any():
            problems.append(Problem("COP must be positive", key="cop_dispatch"))
        if not problems and (self.step_h <= 0).any():
            problems.append(Problem("time steps must be longer than zero", key="step_h"))
        if problems:
            raise InputError(problems)

    @property
    def day_of_year(self) -> Floats:
        """Middle of each time step since the start of its year, shape (T,) [d]."""
        return days_into_year(self.times, self.step_h)


@dataclass(frozen=True)
class Audit:
    """Energy balance of a run.

    Attributes
    ----------
    terms_kwh : dict of str to float
        Energy into the ring by origin; losses and stored heat with their sign [kWh].
    residual_kwh : float
        What is left when everything is added up [kWh].
    throughput_kwh : float
        Sum of all magnitudes that crossed the ring's boundary [kWh].
    worst_step_kwh : float
        Largest imbalance of a single time step [kWh].
    """

    terms_kwh: Mapping[str, float]
    residual_kwh: float
    throughput_kwh: float
    worst_step_kwh: float

    @property
    def relative(self) -> float:
        """Imbalance relative to the throughput [-]."""
        return abs(self.residual_kwh) / max(self.throughput_kwh, 1e-9)


@dataclass(frozen=True)
class RingResult:
    """What the ring did.

    Attributes
    ----------
    nodes, times, step_h
        As in the input.
    temperature_degc : ndarray, shape (T + 1,)
        (Mean) ring temperature at the start of each step, and at the end [°C].
    source_degc : ndarray, shape (H, T)
        Ring temperature at each heat pump: of well-mixed water at the start of the step, on a loop
        the mean of the water that arrives in it [°C].
    use_degc : ndarray, shape (H, T)
        Temperature on the use side [°C].
    cop, dcop_dring, dcop_duse : ndarray, shape (H, T)
        Simulated COP at the output, standby left out [-], and its derivatives [1/K].
    cop_dispatch : ndarray, shape (H, T)
        COP the dispatch was computed with [-].
    q_kw, p_kw, q_ring_kw : ndarray, shape (H, T)
        Thermal output, electricity truly needed with that of standby, heat into the ring [kW].
    free_kw : ndarray, shape (H, T)
        Output that free cooling gives, without a compressor [kW].
    q_bal_kw, p_bal_kw : dict of str to ndarray, shape (T,)
        Heat into the ring and electricity by device of the balancing plant [kW].
    e_bal, de_bal_dring : dict of str to ndarray, shape (T,)
        Electricity per kWh of heat by device [kWh/kWh], and its derivative to the temperature of
        the water that passes [kWh/(kWh·K)].
    loss_kw : ndarray, shape (T,)
        Heat lost to the ground [kW].
    pump_kw : ndarray, shape (T,)
        Electricity of the circulation pump [kW].
    pump_heat_kw : ndarray, shape (T,)
        Part of it that warms the water [kW].
    reset_kwh : ndarray, shape (T,)
        Energy that a reset put into the ring, for free; only in `iccep2019` mode [kWh].
    held_kw : ndarray, shape (T,)
        Heat that a ring held at constant temperature takes from nowhere; only in `iccep2019`
        mode without stores [kW].
    clipped : dict of str to int
        Running hours evaluated at the edge of the COP range, by heat pump.
    over_capacity : dict of str to int
        Hours in which the output exceeds the temperature-dependent capacity, by heat pump.
    capacity_factor : ndarray, shape (H, T)
        Thermal capacity relative to nominal [-].
    shortfall_kwh : float
        Scheduled balancing heat that the plant could not deliver [kWh].
    audit : Audit
        Energy balance.
    node_degc : ndarray, shape (T + 1, N), optional
        Mean of the water that arrives at each substation of a loop in each step, that of the last
        step once more at the end; or temperature at the places of two lines [°C].
    flow_kg_s : ndarray, shape (T,), optional
        Flow around a loop [kg/s].
    plant_degc : ndarray, shape (T,), optional
        Mean of the water that arrives at the balancing plant in each step [°C].
    field : FieldResult, optional
        What the borefield did.
    doublet : DoubletResult, optional
        What wells that tire did.
    hydraulics : Hydraulics, optional
        Pressure along the pipes.
    place_names : tuple of str, length N, optional
        What `node_degc` is of: substations of a loop, or places in the two lines of a network.
    branch_kg_s : ndarray, shape (S, T), optional
        Flow in the warm line of each branch of a two-pipe network, the opposite of that in the
        cold one; `flow_kg_s` is then what the plant feeds into the warm line [kg/s].
    second_law : SecondLawAudit
        Entropy that the devices produce.
    bounds_degc : (float, float)
        Allowed temperatures [°C].
    capacity_kwh_per_k : float
        Heat capacity of the ring [kWh/K].
    """

    nodes: tuple[str, ...]
    times: NDArray[np.datetime64]
    step_h: Floats
    temperature_degc: Floats
    source_degc: Floats
    use_degc: Floats
    cop: Floats
    dcop_dring: Floats
    dcop_duse: Floats
    cop_dispatch: Floats
    q_kw: Floats
    p_kw: Floats
    q_ring_kw: Floats
    free_kw: Floats
    q_bal_kw: dict[str, Floats]
    p_bal_kw: dict[str, Floats]
    e_bal: dict[str, Floats]
    de_bal_dring: dict[str, Floats]
    loss_kw: Floats
    pump_kw: Floats
    pump_heat_kw: Floats
    reset_kwh: Floats
    held_kw: Floats
    clipped: dict[str, int]
    over_capacity: dict[str, int]
    capacity_factor: Floats
    shortfall_kwh: float
    audit: Audit
    second_law: SecondLawAudit
    bounds_degc: tuple[float, float]
    capacity_kwh_per_k: float
    node_degc: Floats | None = None
    flow_kg_s: Floats | None = None
    plant_degc: Floats | None = None
    field: FieldResult | None = None
    doublet: DoubletResult | None = None
    hydraulics: Hydraulics | None = None
    place_names: tuple[str, ...] | None = None
    branch_kg_s: Floats | None = None

    @property
    def resets_low(self) -> int:
        """Number of resets at the lower bound."""
        return int((self.reset_kwh > 0).sum())

    @property
    def resets_high(self) -> int:
        """Number of resets at the upper bound."""
        return int((self.reset_kwh < 0).sum())

    @property
    def steps_at_bound(self) -> int:
        """Number of start-of-step states at or beyond a bound."""
        low, high = self.bounds_degc
        state = self.temperature_degc
        return int(((state <= low + 1e-6) | (state >= high - 1e-6)).sum())

    @property
    def steps_outside(self) -> int:
        """Number of states beyond a bound."""
        low, high = self.bounds_degc
        state = self.temperature_degc
        slack = 0.02  # what a search that has converged may still differ by
        return int(((state < low - slack) | (state > high + slack)).sum())

    @property
    def plant_kw(self) -> Floats:
        """Electricity of balancing plant and circulation pump, shape (T,) [kW]."""
        total: Floats = np.sum(list(self.p_bal_kw.values()), axis=0) + self.pump_kw
        return total


@dataclass(frozen=True)
class UseSide:
    """Temperatures on the use side, and how they follow from the stores.

    Attributes
    ----------
    degc : ndarray, shape (H, T)
        Use temperature [°C].
    degc_per_kwh : ndarray, shape (H,)
        Change of the use temperature per kWh in the store; 0 for a fixed temperature [K/kWh].
    """

    degc: Floats
    degc_per_kwh: Floats = dataclasses.field(default_factory=lambda: np.empty(0))


def use_side(config: RingConfig, data: RingInput) -> UseSide:
    """Return the temperatures on the use side.

    The store's temperature in a step is the one at the end of the step before it, so that no
    inner iteration is needed.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch.

    Returns
    -------
    UseSide
        Temperatures [°C] and slopes [K/kWh].

    Raises
    ------
    InputError
        If a heat pump's store has no level.
    """
    active = config.active_oddities
    degc = np.empty_like(data.q_kw)
    slope = np.zeros(len(data.nodes))
    problems = []
    for row, node in enumerate(data.nodes):
        pump = config.heat_pump(node)
        if pump is None:
            problems.append(Problem("no heat pump of the ring has this name", key=node))
            continue
        use = pump.use_temperature
        if isinstance(use, FixedUse):
            degc[row] = use.degc
            continue
        level = np.concatenate(([data.storage_start_kwh[row]], data.storage_kwh[row, :-1]))
        if np.isnan(level).any() or np.isnan(data.storage_kwh[row, -1]):
            problems.append(
                Problem(
                    f"the level of store `{use.store}` is missing",
                    key=node,
                    suggestion="Does the dispatch hold this store at the heat pump's location?",
                )
            )
            continue
        if use.span_k is not None:
            size = np.nan if data.storage_cap_kwh is None else data.storage_cap_kwh[row]
            if np.isnan(size):
                problems.append(
                    Problem(
                        f"the size of store `{use.store}` is missing, which `span_k` is of",
                        key=node,
                        suggestion="Give its heat capacity as `kwh_per_k`",
                    )
                )
                continue
            capacity = max(float(size), SMALLEST_STORE_KWH) / use.span_k
        else:
            assert use.kwh_per_k is not None
            capacity = use.kwh_per_k
        if use.span_k is None and "one_store_capacity_for_all" not in active:
            location = node.partition("::")[0]
            capacity = use.kwh_per_k_by_location.get(location, capacity)
        if use.direction == "cold" and "cold_store_warm_when_full" not in active:
            assert use.t_max_degc is not None
            start, slope[row] = use.t_max_degc, -1.0 / capacity
        else:
            assert use.t_min_degc is not None
            start, slope[row] = use.t_min_degc, 1.0 / capacity
        degc[row] = start + slope[row] * level
    if problems:
        raise InputError(problems)
    return UseSide(degc, slope)
