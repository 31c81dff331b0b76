"""An incumbent dispatch, as far as the next linear programme needs it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from anello.coupling.prices import Prices
from anello.coupling.tank_sizes import less_steep, sizes_kwh
from anello.coupling.unseen_plant import PlantPrice, plant_price
from anello.coupling.water import Water, water_about
from anello.optimise.formulation.ring_rows import WAYS, RingRows
from anello.ring.config import RingConfig
from anello.ring.devices import device_of
from anello.ring.exchange import RingInput, RingResult, use_side
from anello.ring.part_load import part_loads

Floats = NDArray[np.float64]

RUNNING_KW = 1e-3
"""A heat pump with less output than this stands still [kW]."""


CORRECTED_K = 0.1
"""Trust region within which what the programme does not see of a loop is corrected [K]."""


@dataclass(frozen=True)
class Linearisation:
    """An incumbent dispatch, as far as the next linear programme needs it.

    Attributes
    ----------
    nodes : tuple of str
        Heat pumps; H of them.
    cop : ndarray, shape (H, T)
        COP at the incumbent: the growth of output by electricity [-].
    output_per_k : ndarray, shape (H, T)
        Change of output per kelvin of ring temperature at the same electricity [kWh/K].
    output_per_kwh : ndarray, shape (H, T)
        Change of output per kWh in the heat pump's store [kWh/kWh].
    degc_per_kwh : ndarray, shape (H,)
        Change of the use temperature per kWh in the store, 0 without a store [K/kWh].
    temperature_degc : ndarray, shape (T + 1,)
        (Mean) ring temperature [°C].
    source_degc : ndarray, shape (H, T)
        Water at each heat pump [°C].
    output_kwh, offset_kwh : ndarray, shape (H, T)
        Output, and what of it no electricity of a step explains at a COP that is the growth of
        output by electricity: zero but for part load and standby [kWh].
    storage_kwh : ndarray, shape (H, T)
        Level of each heat pump's store at the end of the step, NaN without a store [kWh].
    given_kw : ndarray, shape (T,)
        Heat into the ring that the programme does not decide: of the circulation pump, of the
        balancing plant unless it is scheduled, and what a loop loses beyond its mean [kW].
    capacity_factor : ndarray, shape (H, T)
        Thermal capacity at the incumbent relative to nominal [-].
    machine_per_kwh, machine_per_k : ndarray, shape (M, T)
        Electricity of the programme's M machines per kWh of heat [kWh/kWh], and its change per
        kelvin of the water that passes, at the heat they moved [kWh/K]; M is 0
        before the first simulation.
    exchanged_kw : ndarray, shape (X, T)
        Heat that each of the programme's X ways through an exchanger moved [kW]; X is 0 before the
        first simulation.
    given_cost_eur : float
        Cost of plant and pump that is not in the programme [€].
    trust_region_k : float
        Largest change of ring and use temperature that the next programme may make; infinite
        before the first simulation [K].
    cost_eur : float
        Simulated true cost; infinite before the first simulation [€].
    iteration : int
        Iteration that became the incumbent; −1 before the first.
    field_kw : ndarray, shape (T,)
        Heat of a borefield into the ring; zero without one, and before the first simulation [kW].
    plant_eur_per_kwh, plant_known_eur : ndarray, shape (W, T)
        What heat costs a plant that the programme does not see [€/kWh, €]; zero where it sees the
        water. See `anello.coupling.unseen_plant.PlantPrice`.
    well_shift_k : ndarray, shape (T,)
        By how much the supply of wells that tire departs from undisturbed groundwater [K].
    water : Water or None
        Where on a loop the water is warm; None for well-mixed water, and before the first
        simulation.
    tank_kwh : ndarray, shape (H,)
        Size of each heat pump's store where it is to be found; NaN where it is given [kWh].
    use_degc : ndarray, shape (H, T)
        Temperature on each heat pump's use side [°C].
    plant_sizes : dict of str to float
        Sizes of the ring's parts that the programme chose, as shares of those described [-].
    """

    nodes: tuple[str, ...]
    cop: Floats
    output_per_k: Floats
    output_per_kwh: Floats
    degc_per_kwh: Floats
    temperature_degc: Floats
    source_degc: Floats
    storage_kwh: Floats
    given_kw: Floats
    capacity_factor: Floats
    machine_per_kwh: Floats
    machine_per_k: Floats
    exchanged_kw: Floats
    given_cost_eur: float
    trust_region_k: float
    cost_eur: float
    iteration: int
    field_kw: Floats = field(default_factory=lambda: np.zeros(0))
    plant_eur_per_kwh: Floats = field(default_factory=lambda: np.zeros((len(WAYS), 0)))
    plant_known_eur: Floats = field(default_factory=lambda: np.zeros((len(WAYS), 0)))
    well_shift_k: Floats = field(default_factory=lambda: np.zeros(0))
    output_kwh: Floats = field(default_factory=lambda: np.zeros(0))
    offset_kwh: Floats = field(default_factory=lambda: np.zeros(0))
    tank_kwh: Floats = field(default_factory=lambda: np.zeros(0))
    use_degc: Floats = field(default_factory=lambda: np.zeros(0))
    water: Water | None = None
    plant_sizes: dict[str, float] = field(default_factory=dict)

    @property
    def corrected(self) -> bool:
        """Whether the next programme has the gradient of the simulation.

        What a programme does not see of a loop gathers over the hours, and in a wide trust region
        is far from linear: there a programme that leaves it out finds the better way. None of that
        matters where the step is small, and only there the search may end.
        """
        return self.water is None or self.water.shows_all or self.trust_region_k <= CORRECTED_K

    @property
    def water_shown(self) -> Water | None:
        """The water of a loop as the next programme has it; None without a loop."""
        if self.water is None or self.corrected:
            return self.water
        return self.water.uncorrected()

    def with_trust_region(self, trust_region_k: float) -> Linearisation:
        """The same incumbent with another trust region [K]."""
        return replace(self, trust_region_k=trust_region_k)

    def as_start(self, trust_region_k: float) -> Linearisation:
        """Return where the search of another district's dispatch may begin.

        What this dispatch cost says nothing about the other's, whose first step is always taken.

        Parameters
        ----------
        trust_region_k : float
            Trust region of the first programme [K].
        """
        return replace(self, trust_region_k=trust_region_k, cost_eur=np.inf, iteration=-1)


def _least_factor(config: RingConfig, nodes: tuple[str, ...]) -> Floats:
    """Smallest capacity factor within the ring's bounds, shape (H, 1) [-].

    The first dispatch can then be delivered whatever the ring does, and so can every incumbent.
    """
    pumps = [config.heat_pump(node) for node in nodes]
    bounds = np.array(config.bounds_degc)
    limits = [None if pump is None else pump.capacity for pump in pumps]
    least = [1.0 if limit is None else float(limit.factor(bounds).min()) for limit in limits]
    return np.array(least)[:, None]


def start(config: RingConfig, nodes: tuple[str, ...], cop: Floats) -> Linearisation:
    """Where the search begins: a given COP, no feedback, the ring free within its bounds.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    nodes : tuple of str
        Heat pumps.
    cop : ndarray, shape (H, T)
        COP of the first programme [-].
    """
    zero = np.zeros_like(cop)
    return Linearisation(
        nodes=nodes,
        cop=cop,
        output_per_k=zero,
        output_per_kwh=zero,
        degc_per_kwh=np.zeros(len(nodes)),
        temperature_degc=np.full(cop.shape[1] + 1, config.initial_degc),
        source_degc=np.full_like(cop, config.initial_degc),
        storage_kwh=np.full_like(cop, np.nan),
        given_kw=np.zeros(cop.shape[1]),
        capacity_factor=np.broadcast_to(_least_factor(config, nodes), cop.shape).copy(),
        machine_per_kwh=np.zeros((0, cop.shape[1])),
        machine_per_k=np.zeros((0, cop.shape[1])),
        exchanged_kw=np.zeros((0, cop.shape[1])),
        given_cost_eur=0.0,
        trust_region_k=np.inf,
        cost_eur=np.inf,
        iteration=-1,
        field_kw=np.zeros(cop.shape[1]),
        plant_eur_per_kwh=np.zeros((len(WAYS), cop.shape[1])),
        plant_known_eur=np.zeros((len(WAYS), cop.shape[1])),
        well_shift_k=np.zeros(cop.shape[1]),
        output_kwh=zero,
        offset_kwh=zero,
        tank_kwh=np.full(len(nodes), np.nan),
        use_degc=np.full_like(cop, np.nan),
    )


def linearise(
    config: RingConfig,
    rows: RingRows,
    data: RingInput,
    result: RingResult,
    *,
    trust_region_k: float,
    cost_eur: float,
    given_cost_eur: float,
    iteration: int,
    prices: Prices,
) -> Linearisation:
    """Linearise heat pumps and ring about a simulated dispatch.

    The growth of output by electricity is COP where nothing else is said; part load and standby
    make it another, and leave an offset. ``P = q/COP(T_use, T)`` gives, at constant P,
    ``q = COP̄·P + q̄/COP̄·(∂COP/∂T·(T − T̄) + ∂COP/∂T_use·dT_use/dE·(E − Ē))``.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    rows : RingRows
        The ring's numbers in the formulation.
    data : RingInput
        The dispatch.
    result : RingResult
        Its simulation.
    trust_region_k : float
        Trust region of the next programme [K].
    cost_eur : float
        Simulated true cost [€].
    given_cost_eur : float
        Cost of plant and pump that is not in the programme [€].
    iteration : int
        Iteration of the dispatch.
    prices : Prices
        What the programme found electricity and bounds to cost.
    """
    tank_kwh = sizes_kwh(rows, data.storage_cap_kwh)
    slope = less_steep(rows, use_side(config, data).degc_per_kwh, tank_kwh)
    # Outputs within the solver's rounding would become matrix entries that only do harm.
    output_kwh = np.where(data.q_kw > RUNNING_KW, data.q_kw, 0.0) * data.step_h
    loads = part_loads(config, data)
    cop, offset_kwh = result.cop, np.zeros_like(output_kwh)
    weight = output_kwh / result.cop
    decided_kw = result.q_ring_kw.sum(axis=0)
    if loads is not None:
        cop = 1.0 / loads.kw_per_kw(result.cop)
        bends = loads.curved | loads.standby_kw.any(axis=1)
        offset_kwh[bends] = (output_kwh - cop * result.p_kw * data.step_h)[bends]
        weight = output_kwh * cop / result.cop**2
        # The programme takes all electricity of a heat pump for heat into the ring.
        decided_kw = decided_kw + loads.standby_kw.sum(axis=0)
    pumps_kw = decided_kw
    plant_kw = np.sum(list(result.q_bal_kw.values()), axis=0)
    if rows.devices:
        decided_kw = decided_kw + plant_kw
    # Whatever else moved the mean temperature is given, so that the row holds at the incumbent.
    ends, starts = result.temperature_degc[1:], result.temperature_degc[:-1]
    given = np.zeros_like(starts)
    if rows.sees_water:
        given = (ends - rows.phi * starts - rows.gain_degc) / rows.psi - decided_kw
    paid = PlantPrice(*np.zeros((2, len(WAYS), data.times.size)))
    if not rows.sees_water:
        paid = plant_price(config, rows, data, result, prices, pumps_kw * data.step_h)
    shape = (len(rows.machines), data.times.size)
    return Linearisation(
        nodes=data.nodes,
        cop=cop,
        output_per_k=weight * result.dcop_dring if rows.sees_water else np.zeros_like(weight),
        output_per_kwh=weight * result.dcop_duse * slope[:, None],
        degc_per_kwh=slope,
        temperature_degc=result.temperature_degc,
        source_degc=result.source_degc,
        storage_kwh=data.storage_kwh,
        given_kw=given,
        capacity_factor=result.capacity_factor,
        machine_per_kwh=np.array([result.e_bal[name] for name in rows.machines]).reshape(shape),
        machine_per_k=np.array(
            [
                np.abs(result.q_bal_kw[name]) * data.step_h * result.de_bal_dring[name]
                for name in rows.machines
            ]
        ).reshape(shape),
        exchanged_kw=_exchanged_kw(rows, result),
        given_cost_eur=given_cost_eur,
        trust_region_k=trust_region_k,
        cost_eur=cost_eur,
        iteration=iteration,
        output_kwh=output_kwh,
        offset_kwh=offset_kwh,
        tank_kwh=tank_kwh,
        use_degc=result.use_degc,
        field_kw=result.q_bal_kw["borefield"],
        plant_eur_per_kwh=paid.eur_per_kwh,
        plant_known_eur=paid.known_eur,
        well_shift_k=(
            np.zeros(data.times.size) if result.doublet is None else result.doublet.shift_k
        ),
        water=water_about(config, rows, data, result, prices),
    )


def _exchanged_kw(rows: RingRows, result: RingResult) -> Floats:
    """Heat of each way through an exchanger, shape (X, T) [kW]."""
    moved = np.zeros((len(rows.exchangers), result.step_h.size))
    for way, name in enumerate(rows.exchangers):
        device, sign = device_of(name)
        moved[way] = np.maximum(sign * result.q_bal_kw[device], 0.0)
    return moved
