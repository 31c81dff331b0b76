"""The simulated true cost of a dispatch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring.exchange import RingResult
from anello.ring.plant import device_cost
from anello.ring.plant_config import PlantConfig

Floats = NDArray[np.float64]


NOTHING_KWH = 1e-6
"""Less electricity than this is none [kWh]."""

GRID_SLACK = 1e-3
"""Part of its limit by which a grid may be overdrawn, which a linear programme leaves out [-]."""


@dataclass(frozen=True)
class Through:
    """What of a location's purchases comes through one of its grids.

    Attributes
    ----------
    share : ndarray, shape (T,)
        How much of one more kWh does [-].
    fixed_kwh : ndarray, shape (T,)
        What does besides; below nought by what comes through other grids [kWh].
    """

    share: Floats
    fixed_kwh: Floats


@dataclass(frozen=True)
class Connection:
    """A connection to the grid whose capacity the dispatch chose, and pays for.

    Attributes
    ----------
    capacity_kw, least_kw : float
        Capacity chosen, and the least that there may be [kW]; of a month, its peak.
    eur_per_kw : float
        Cost of a kW in the time that the dispatch covers: a demand charge, or capital [€/kW].
    step_h, weight : ndarray, shape (T,)
        Length of each step [h], and its weight in the cost [-].
    counts : ndarray of bool, shape (T,), optional
        In which steps what is bought counts, such as those of a month; by default in all.
    through : Through, optional
        What of the location's purchases comes through this connection; by default all.
    """

    capacity_kw: float
    least_kw: float
    eur_per_kw: float
    step_h: Floats
    weight: Floats
    counts: NDArray[np.bool_] | None = None
    through: Through | None = None

    def power_kw(self, bought_kwh: Floats) -> Floats:
        """Return the power that counts of what the location buys, shape (T,) [kW]."""
        if self.through is not None:
            own = self.through.fixed_kwh + self.through.share * bought_kwh
            bought_kwh = np.maximum(own, 0.0)
        counts = True if self.counts is None else self.counts
        power: Floats = np.where(counts, bought_kwh / self.step_h, 0.0)
        return power

    def cost_eur(self, bought_kwh: Floats) -> float:
        """Return what capacity for these purchases costs beyond that of the dispatch [€]."""
        peak_kw = float(np.max(self.power_kw(bought_kwh), initial=0.0))
        return self.eur_per_kw * (max(peak_kw, self.least_kw) - self.capacity_kw)

    def peak_eur_per_kwh(self, bought_kwh: Floats) -> Floats:
        """Return what one more kWh costs in the steps that set the capacity, (T,) [€/kWh]."""
        at_peak = self.power_kw(bought_kwh) >= self.capacity_kw - NOTHING_KWH
        if self.counts is not None:
            at_peak &= self.counts
        share = 1.0 if self.through is None else self.through.share
        eur_per_kwh = share * self.eur_per_kw / (self.step_h * self.weight)
        price: Floats = np.where(at_peak, eur_per_kwh, 0.0)
        return price


@dataclass(frozen=True)
class LocationElectricity:
    """What a location's electricity balance can give, as the dispatch left it.

    Attributes
    ----------
    grid_kwh : ndarray, shape (T,)
        Electricity bought [kWh].
    price_eur_per_kwh : ndarray, shape (T,)
        Price of one more kWh bought, as the grid technology charges it [€/kWh].
    surplus_kwh : ndarray, shape (T,)
        Electricity that could be made without fuel but is not: curtailed or unused [kWh].
    surplus_price_eur_per_kwh : float
        Variable cost of using it [€/kWh].
    connections : tuple of Connection
        What the electricity comes through, as far as capacity, or a month's peak, has a price.
    most_kwh : float or ndarray, shape (T,)
        Most that its grids can give; by default there is no limit [kWh].
    shares : mapping of str to ndarray, shape (T,)
        How much of one more kWh comes from each grid, by node [-].
    """

    grid_kwh: Floats
    price_eur_per_kwh: Floats
    surplus_kwh: Floats
    surplus_price_eur_per_kwh: float = 0.0
    connections: tuple[Connection, ...] = ()
    most_kwh: float | Floats = np.inf
    shares: Mapping[str, Floats] = field(default_factory=dict)

    def beyond_kwh(self, bought_kwh: Floats) -> Floats:
        """Return what of these purchases its grids cannot give, shape (T,) [kWh]."""
        beyond: Floats = np.maximum(bought_kwh - self.most_kwh * (1.0 + GRID_SLACK), 0.0)
        return beyond


@dataclass(frozen=True)
class PlantInDispatch:
    """What a dispatch that schedules the plant pays for it.

    Attributes
    ----------
    electricity_kw : ndarray, shape (T,)
        Electricity of plant and circulation pump [kW].
    other_eur : float
        Other cost of the plant [€].
    """

    electricity_kw: Floats
    other_eur: float


@dataclass(frozen=True)
class TrueCost:
    """Simulated true cost, and what it is made of.

    Attributes
    ----------
    total_eur : float
        Cost of the dispatch with the electricity it truly needs [€].
    dispatch_eur : float
        Cost the optimiser reported [€].
    electricity_eur : float
        Difference in electricity bought because the simulated COP differ [€].
    plant_electricity_eur, plant_other_eur : float
        Electricity and other cost of balancing plant and pump [€].
    connection_eur : float
        Cost of the grid connections that the highest true import needs, beyond the dispatch's [€].
    end_eur : float
        Cost of a ring that ends colder than it began, beyond what the dispatch holds of it [€].
    pump_eur : float
        The part of it that the circulation pump's electricity costs beyond all other [€].
    extra_kwh : float
        Electricity needed beyond the dispatch's [kWh].
    grid_kwh : float
        Electricity truly bought [kWh].
    beyond_grid_kwh : float
        Of it, what the grids cannot give: demand that stays unmet [kWh].
    unseen_eur : float
        What the optimiser added to its cost for water that its programme does not show [€].
    price_eur_per_kwh : mapping of str to ndarray, shape (T,)
        Price of one more kWh of electricity, by location [€/kWh].
    more_kwh : mapping of str to ndarray, shape (T,)
        Electricity truly bought beyond the dispatch's, by location [kWh].
    beyond_caps : float
        Share by which caps on a cost class are exceeded, added up over all of them [-].
    """

    total_eur: float
    dispatch_eur: float
    electricity_eur: float
    plant_electricity_eur: float
    plant_other_eur: float
    pump_eur: float
    extra_kwh: float
    grid_kwh: float
    connection_eur: float = 0.0
    end_eur: float = 0.0
    beyond_grid_kwh: float = 0.0
    unseen_eur: float = 0.0
    price_eur_per_kwh: Mapping[str, Floats] = field(default_factory=dict)
    more_kwh: Mapping[str, Floats] = field(default_factory=dict)
    beyond_caps: float = 0.0


def _bought(location: LocationElectricity, extra_kwh: Floats) -> tuple[Floats, Floats]:
    """Return the change of cost [€] and of electricity bought [kWh], by time step."""
    from_surplus = np.clip(extra_kwh, 0.0, np.maximum(location.surplus_kwh, 0.0))
    more = np.maximum(extra_kwh - from_surplus, -np.maximum(location.grid_kwh, 0.0))
    cost = more * location.price_eur_per_kwh + from_surplus * location.surplus_price_eur_per_kwh
    return cost, more


def marginal_price(location: LocationElectricity, worth_eur_per_kwh: Floats | None) -> Floats:
    """Return what one more, or one less, kWh costs in the simulated true cost.

    Where these two differ, because neither is electricity bought nor is there any to spare, it is
    what the programme finds between them.

    Parameters
    ----------
    location : LocationElectricity
        What a dispatch left.
    worth_eur_per_kwh : ndarray, shape (T,), optional
        The programme's own price; by default their mean [€/kWh].

    Returns
    -------
    ndarray, shape (T,)
        Price [€/kWh].
    """
    more = np.where(
        location.surplus_kwh > NOTHING_KWH,
        location.surplus_price_eur_per_kwh,
        location.price_eur_per_kwh,
    )
    less = np.where(location.grid_kwh > NOTHING_KWH, location.price_eur_per_kwh, 0.0)
    for connection in location.connections:
        more = more + connection.peak_eur_per_kwh(location.grid_kwh)
    if worth_eur_per_kwh is not None:  # a grid at its limit gives no more, whatever its price
        at_limit = location.grid_kwh >= location.most_kwh - NOTHING_KWH
        more = np.where(at_limit, np.maximum(more, worth_eur_per_kwh), more)
    if worth_eur_per_kwh is None:
        mean: Floats = (more + less) / 2.0
        return mean
    within: Floats = np.clip(worth_eur_per_kwh, np.minimum(more, less), np.maximum(more, less))
    return within


def end_cost_eur(result: RingResult, credit_eur_per_kwh: float) -> float:
    """Return what a ring that ends colder than it began costs; negative where it is warmer [€].

    Parameters
    ----------
    result : RingResult
        The simulation.
    credit_eur_per_kwh : float
        Credit for heat that the ring holds at the end and did not hold at the start [€/kWh].
    """
    rise_k = float(result.temperature_degc[-1] - result.temperature_degc[0])
    return -credit_eur_per_kwh * result.capacity_kwh_per_k * rise_k


def true_cost(
    result: RingResult,
    p_dispatch_kw: Floats,
    dispatch_cost_eur: float,
    locations: Mapping[str, LocationElectricity],
    plant: PlantConfig | None = None,
    weight: Floats | None = None,
    *,
    paid: PlantInDispatch | None = None,
    end_eur: float = 0.0,
) -> TrueCost:
    """Return what a dispatch costs when the ring is simulated.

    J_sim = J_dispatch + Σ_l Σ_t price_l(t)·(bought_true − bought_dispatch)
    + Σ_l charge_l·(peak_true − peak_dispatch) + cost of the plant; of monthly peaks each month's.
    Thermal outputs and store levels stay as dispatched; only electricity changes, by
    P_true − P_dispatch of the heat pumps at each location.

    Parameters
    ----------
    result : RingResult
        The simulation.
    p_dispatch_kw : ndarray, shape (H, T)
        Electricity of each heat pump in the dispatch [kW].
    dispatch_cost_eur : float
        The dispatch's real cost, without penalty terms [€].
    locations : mapping of str to LocationElectricity
        Electricity by location of the heat pumps.
    plant : PlantConfig, optional
        The balancing plant's settings.
    weight : ndarray, shape (T,), optional
        Weight of each time step in the cost [-].
    paid : PlantInDispatch, optional
        What the dispatch pays for the plant already: only the difference is added.
    end_eur : float
        Cost of a ring that ends colder than it began, beyond what the dispatch holds of it [€].

    Returns
    -------
    TrueCost
        The cost and its parts.

    Raises
    ------
    InputError
        If a heat pump's location, or the plant's, has no electricity balance.
    """
    # ASSUME: thermal dispatch is carried out as planned; the electricity it then takes is what
    # differs. More of it comes first from free surplus at the location, then from the grid at its
    # price; less of it saves grid electricity down to zero, and is worth nothing beyond that.
    # ASSUME: locations do not help each other out; links are used as dispatched.
    weight = np.ones_like(result.step_h) if weight is None else weight
    plant_kw = result.plant_kw
    plant_other = device_cost(plant, result.q_bal_kw, result.step_h * weight)
    if paid is not None:
        plant_kw = plant_kw - paid.electricity_kw
        plant_other -= paid.other_eur
    plant_kwh = plant_kw * result.step_h
    _require_paid(result.nodes, plant_kw, locations, plant)
    extra: dict[str, Floats] = {name: np.zeros_like(result.step_h) for name in locations}
    for row, node in enumerate(result.nodes):
        extra[node.partition("::")[0]] += (result.p_kw[row] - p_dispatch_kw[row]) * result.step_h
    home = plant.electricity_location if plant is not None else None
    pump_kwh = result.pump_kw * result.step_h
    electricity = plant_electricity = pump = bought = connections = beyond = 0.0
    more_kwh: dict[str, Floats] = {}
    for name, supply in locations.items():
        cost, more = _bought(supply, extra[name])
        electricity += float((cost * weight).sum())
        if name == home:
            cost_with_plant, more = _bought(supply, extra[name] + plant_kwh)
            plant_electricity += float(((cost_with_plant - cost) * weight).sum())
            cost_without_pump, _ = _bought(supply, extra[name] + plant_kwh - pump_kwh)
            pump += float(((cost_with_plant - cost_without_pump) * weight).sum())
        more_kwh[name] = more
        bought += float(((supply.grid_kwh + more) * weight).sum())
        beyond += float((supply.beyond_kwh(supply.grid_kwh + more) * weight).sum())
        connections += sum(c.cost_eur(supply.grid_kwh + more) for c in supply.connections)
    if home is None and plant is not None:
        plant_electricity = float(plant.electricity_price_eur_per_kwh * (plant_kwh * weight).sum())
        pump = float(plant.electricity_price_eur_per_kwh * (pump_kwh * weight).sum())
        bought += float((result.plant_kw * result.step_h * weight).sum())
    return TrueCost(
        total_eur=(
            dispatch_cost_eur
            + electricity
            + plant_electricity
            + plant_other
            + connections
            + end_eur
        ),
        dispatch_eur=dispatch_cost_eur,
        electricity_eur=electricity,
        plant_electricity_eur=plant_electricity,
        plant_other_eur=plant_other,
        connection_eur=connections,
        end_eur=end_eur,
        pump_eur=pump,
        extra_kwh=float(sum((values * weight).sum() for values in extra.values())),
        grid_kwh=bought,
        beyond_grid_kwh=beyond,
        more_kwh=more_kwh,
    )


def _require_paid(
    nodes: tuple[str, ...],
    plant_kw: Floats,
    locations: Mapping[str, LocationElectricity],
    plant: PlantConfig | None,
) -> None:
    """Refuse heat pumps, a plant or a pump whose electricity has no price."""
    problems = [
        Problem("no electricity balance at this location", key=node)
        for node in nodes
        if node.partition("::")[0] not in locations
    ]
    home = plant.electricity_location if plant is not None else None
    if home is not None and home not in locations:
        problems.append(
            Problem(
                "no electricity balance at this location",
                key="ring.plant.electricity_location",
                value=home,
            )
        )
    if plant is None and np.any(plant_kw):
        problems.append(
            Problem(
                "the ring's pump uses electricity that nobody pays for",
                key="ring.plant",
                suggestion="Give a plant with `electricity_location` or a price",
            )
        )
    if problems:
        raise InputError(problems)
