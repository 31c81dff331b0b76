"""Small districts with every device of the plant, and what search, Ipopt and fixed point cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from anello.coupling.district import CoupledDistrict, Iteration
from anello.coupling.linearisation import following_schedule
from anello.ring import simulate
from anello.ring.exchange import RingResult
from anello.ring.plant import device_cost
from ipopt_district import (
    Model,
    NonLinearProgramme,
    load_kwh,
    neutral_start,
    nonlinear_programme,
    number,
    photovoltaics,
    start_from,
    store_of,
)
from ring_districts import PART_LOAD, SOURCES, coupled

Floats = np.ndarray
MOST_ITERATIONS = 800
"""Iterations after which Ipopt comes to no end any more [-]."""


def boreholes(count: int, **settings: Any) -> dict[str, Any]:
    """Return a plant with a row of boreholes."""
    field = {
        "field": {"kind": "rectangle", "rows": 1, "columns": count},
        "depth_m": 100.0,
        "soil_w_per_mk": 2.0,
        "surface_degc": 10.0,
        "flow_kg_s": 0.75 * count,
        **settings,
    }
    return {"borefield": field}


NO_WELLS = {"wells": {"max_flow_kg_s": 0.0}}
TIRED = {"wells": {"max_flow_kg_s": 2.5, "doublet": {"breakthrough_days": 1.0}}}
FREE_COOLING = {"spread_k": 6.0}
HEAT_PUMP = {"central_heat_pump": {"max_kw": 200.0}}
CASES: dict[str, dict[str, Any]] = {
    "boreholes in the flow, free cooling, chiller, dry cooler": {
        "seed": 2,
        "plant": NO_WELLS | boreholes(2, always=True),
        "free_cooling": FREE_COOLING,
    },
    "boreholes when asked, wells that tire, part load, standby": {
        "seed": 11,
        "plant": TIRED | boreholes(3),
        "pump": PART_LOAD,
    },
    "waste heat, sewage, outdoor air, solar heat, free cooling": {
        "seed": 31,
        "plant": NO_WELLS | {"sources": SOURCES},
        "free_cooling": FREE_COOLING,
    },
    "central heat pump, dry cooler, chiller": {
        "seed": 4,
        "plant": NO_WELLS | HEAT_PUMP,
    },
}
"""Options of `ring_districts.random_district` by what the district has."""
LONGEST_DAYS = {"boreholes when asked, wells that tire, part load, standby": 2}
"""Days beyond which Ipopt comes to no end from any start, by district."""


@dataclass(frozen=True)
class Held:
    """What the ways to a dispatch cost [€], every one simulated alike.

    Attributes
    ----------
    search_eur, ipopt_eur, fixed_point_eur : float
        Simulated cost of the search's dispatch, of Ipopt's, and of the best that the fixed point
        came by.
    again_eur : float
        The search's dispatch once more, simulated and counted like Ipopt's.
    programme_eur : float
        What Ipopt's own model says of its dispatch.
    apart_k : float
        Largest difference of the ring's temperature between Ipopt's model and simulation [K].
    converged : bool
        The search met its own criterion.
    moved_kwh : dict of str to float
        Heat that each device moves in the search's dispatch, either way [kWh].
    """

    search_eur: float
    again_eur: float
    ipopt_eur: float
    fixed_point_eur: float
    programme_eur: float
    apart_k: float
    converged: bool
    moved_kwh: dict[str, float]

    @property
    def ratio(self) -> float:
        """Cost of the search relative to Ipopt's [-]."""
        return self.search_eur / self.ipopt_eur


def simulated(
    district: CoupledDistrict, best: Iteration, values: dict[str, Floats]
) -> tuple[float, RingResult]:
    """Return what a dispatch costs when the ring is simulated, and the ring.

    Parameters
    ----------
    district : CoupledDistrict
        The district.
    best : Iteration
        Any of its iterations.
    values : dict of str to ndarray
        Groups of variables of the non-linear programme.
    """
    data, ring = district.data, district.ring
    model = Model(data, ring)
    stored = np.array([bool(store_of(ring, pump)) for pump in model.pumps])
    level = np.where(stored[:, None], values["level"], np.nan)
    flows = replace(
        best.flows,
        q_kw=np.maximum(values["output"], 0.0),
        storage_kwh=level,
        storage_start_kwh=np.where(stored, values["level"][:, -1], best.flows.storage_start_kwh),
    )
    names = dict.fromkeys(way.device for way in model.plant.ways)
    schedule = {name: np.asarray(model.plant.into_ring(values["plant"], name)) for name in names}
    result = simulate(following_schedule(ring), flows, schedule=schedule)
    return cost_eur(model, result, values), result


def cost_eur(model: Model, result: RingResult, values: dict[str, Floats]) -> float:
    """Return the cost of a simulated dispatch, counted apart from anello's `true_cost` [€].

    Each place takes its sun first, and buys the rest.
    """
    data, plant, power = model.data, model.ring.plant, {}
    assert plant is not None
    labels = [str(n) for n in data.inputs["node"].values]
    total = device_cost(plant, result.q_bal_kw, result.step_h)
    for place in model.places:
        power[place] = load_kwh(data, place, "electricity")
    for k, pump in enumerate(model.pumps):
        power[pump.partition("::")[0]] += result.p_kw[k]
        total += float(result.q_kw[k] @ number(data, "cost_om_prod", pump))
        store = store_of(model.ring, pump)
        if store:
            total += float(values["discharge"][k] @ number(data, "cost_om_prod", store))
    if plant.electricity_location is None:
        total += plant.electricity_price_eur_per_kwh * float(result.plant_kw.sum())
    else:
        power[plant.electricity_location] += result.plant_kw
    for place in model.places:
        sun, used = photovoltaics(labels, place), np.zeros(model.steps)
        if sun:
            peak = number(data, "energy_cap_equals", sun)
            used = np.minimum(np.minimum(number(data, "resource", sun), 1.0) * peak, power[place])
            total += float(used @ number(data, "cost_om_prod", sun))
        total += float((power[place] - used) @ number(data, "cost_om_prod", f"{place}::grid"))
    return total


def ends_of_ipopt(
    programme: NonLinearProgramme, starts: list[dict[str, Floats]]
) -> list[tuple[float, dict[str, Floats]]]:
    """Return where Ipopt ends from these starts; it need not come to an end from each.

    Raises
    ------
    RuntimeError
        If it comes to none.
    """
    found, faults = [], []
    for start in starts:
        try:
            found.append(programme.solve(start, max_iter=MOST_ITERATIONS))
        except RuntimeError as fault:
            faults.append(str(fault))
        # A barrier that begins small stays where the start is, one that begins large wanders off.
        near = {"mu_init": 1e-4, "bound_push": 1e-6, "bound_frac": 1e-6}
        try:
            found.append(programme.solve(start, max_iter=MOST_ITERATIONS, **near))
        except RuntimeError as fault:
            faults.append(str(fault))
    if not found:
        raise RuntimeError("; ".join(faults))
    return found


def held_against_ipopt(options: dict[str, Any], days: int, *, everywhere: bool = True) -> Held:
    """Return what search, Ipopt and fixed point make of a district.

    Ipopt begins where the search ended, where the fixed point did, and without knowing any
    dispatch; the cheapest of its ends counts.

    Parameters
    ----------
    options : dict of str to Any
        One of `CASES`.
    days : int
        Its length.
    everywhere : bool
        Ipopt begins at all of these; else only where the search ended, which is quick.
    """
    district = coupled(days=days, **options)
    data, ring = district.data, district.ring
    outcome = district.run(must_converge=False)
    best = outcome.best
    told = {"method": "fixed_point", "max_iterations": 12}
    fixed = coupled(days=days, coupling=told, **options).run(must_converge=False).best
    own = start_from(data, ring, best)
    starts = [own]
    if everywhere:
        starts += [start_from(data, ring, fixed), neutral_start(data, ring)]
    ends = ends_of_ipopt(nonlinear_programme(data, ring), starts)
    promised_eur, values = min(ends, key=lambda one: one[0])
    ipopt_eur, ended = simulated(district, best, values)
    return Held(
        search_eur=best.cost.total_eur,
        again_eur=simulated(district, best, own)[0],
        ipopt_eur=ipopt_eur,
        fixed_point_eur=fixed.cost.total_eur,
        programme_eur=promised_eur,
        apart_k=float(np.abs(ended.temperature_degc[1:] - values["ring"][0]).max()),
        converged=outcome.record.converged,
        moved_kwh={name: float(np.abs(kw).sum()) for name, kw in best.ring.q_bal_kw.items()},
    )
