"""The dispatch of a district and its ring as one non-linear programme, for Ipopt.

A formulation of its own, written from the physics: it shares input numbers with anello, but no row.
Only districts of supply, sun, heat pumps with stores, and a well-mixed ring in ground of one
temperature, in steps of an hour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from anello.coupling.district import Iteration
from anello.coupling.iteration import heat_pumps
from anello.coupling.tanks import tank_limits
from anello.model.data import ModelData
from anello.ring.config import RingConfig
from anello.ring.cop_config import QuadraticCop, StoreUse
from anello.ring.ground_config import FixedGround

KWH_PER_KGK = 4.18 / 3600.0
SMOOTH_K = 1e-3
"""Width over which a kink is rounded [K]: much less than any tolerance."""


@dataclass(frozen=True)
class NonLinearProgramme:
    """A district for Ipopt.

    Attributes
    ----------
    problem : dict
        Variables, objective and constraints for casadi.
    bounds : dict of str to ndarray
        Of variables and constraints.
    layout : dict of str to tuple
        Shape of each group of variables, in order.
    """

    problem: dict[str, Any]
    bounds: dict[str, np.ndarray]
    layout: dict[str, tuple[int, int]]

    def pack(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """Put values of all groups into one vector."""
        flat = [
            np.broadcast_to(values[name], shape).ravel(order="F")
            for name, shape in self.layout.items()
        ]
        return np.concatenate(flat)

    def solve(self, start: dict[str, np.ndarray], **options: Any) -> tuple[float, dict]:
        """Return cost and values at Ipopt's optimum.

        Raises
        ------
        RuntimeError
            If Ipopt does not end at an optimum.
        """
        import casadi as ca

        settings = {"print_level": 0, "sb": "yes", "max_iter": 3000, "tol": 1e-6, **options}
        solver = ca.nlpsol("district", "ipopt", self.problem, {"ipopt": settings, "print_time": 0})
        found = solver(x0=self.pack(start), **self.bounds)
        status = solver.stats()["return_status"]
        if status not in ("Solve_Succeeded", "Solved_To_Acceptable_Level"):
            raise RuntimeError(f"Ipopt: {status}")
        x, values, at = np.asarray(found["x"]).ravel(), {}, 0
        for name, shape in self.layout.items():
            size = shape[0] * shape[1]
            values[name] = x[at : at + size].reshape(shape, order="F")
            at += size
        return float(found["f"]), values


def has_carrier(data: ModelData, node: str, tier: str, carrier: str) -> bool:
    """Whether a node takes or gives a carrier."""
    return bool(data.inputs["tier_carrier"].sel(node=node, tier=tier, carrier=carrier))


def photovoltaics(labels: list[str], place: str) -> str:
    """Node of a location's photovoltaics; empty for none."""
    return next((node for node in labels if node.startswith(f"{place}::pv")), "")


def load_kwh(data: ModelData, place: str, carrier: str) -> np.ndarray:
    """Demand for a carrier at a location, shape (T,)."""
    total = np.zeros(data.inputs.sizes["timestep"])
    for position in data.nodes("demand"):
        node = str(data.inputs["node"].values[position])
        if node.startswith(f"{place}::") and has_carrier(data, node, "in", carrier):
            total -= number(data, "resource", node) * number(data, "resource_scale", node)
    return total


def number(data: ModelData, name: str, node: str) -> np.ndarray:
    """A parameter of one node, shape (T,)."""
    position = data.positions([node])
    steps = data.inputs.sizes["timestep"]
    value = data.value(name, position)
    if name.startswith("cost_"):
        value = np.nan_to_num(np.asarray(value, float))[list(data.inputs["cost"]).index("monetary")]
    return np.broadcast_to(np.asarray(value, float).reshape(-1), steps).copy()


def pull(a: float) -> float:
    """Return a/(1 − e^(−a))."""
    return a / -math.expm1(-a) if a else 1.0


def nonlinear_programme(data: ModelData, ring: RingConfig) -> NonLinearProgramme:
    """Write the dispatch of a district on a well-mixed ring as a non-linear programme.

    Stores are cyclic and hold no more than anello lets them; the ring starts at its initial
    temperature and ends anywhere within bounds.
    """
    import casadi as ca

    pumps = heat_pumps(ring, data)
    places = [str(loc) for loc in data.inputs["loc"].values]
    labels = [str(n) for n in data.inputs["node"].values]
    carriers = [str(c) for c in data.inputs["carrier"].values]
    steps, count = data.inputs.sizes["timestep"], len(pumps)
    assert ring.plant is not None
    assert isinstance(ring.loss.ground, FixedGround)
    wells, heater, cooler = ring.plant.wells, ring.plant.backup_heater, ring.plant.dry_cooler
    chiller = ring.plant.chiller
    layout = {
        "output": (count, steps),
        "charge": (count, steps),
        "discharge": (count, steps),
        "level": (count, steps),
        "ring": (1, steps),
        "plant": (5, steps),  # wells heating, wells cooling, heater, cooler, chiller
        "grid": (len(places), steps),
        "sun": (len(places), steps),
    }
    v = {name: ca.SX.sym(name, *shape) for name, shape in layout.items()}
    low = {name: np.zeros(shape) for name, shape in layout.items()}
    high = {name: np.full(shape, np.inf) for name, shape in layout.items()}
    low["ring"][:], high["ring"][:] = ring.bounds_degc
    high["plant"][2], high["plant"][3] = heater.max_kw, cooler.max_kw
    high["plant"][4] = chiller.max_kw
    high["plant"][:2] = wells.max_kw

    before = ca.horzcat(ca.DM(ring.initial_degc), v["ring"][:, :-1])
    heat, cost = ca.SX.zeros(1, steps), ca.SX(0)
    power = {place: ca.SX.zeros(1, steps) for place in places}
    equal, limited = [], []
    for k, pump in enumerate(pumps):
        place = pump.partition("::")[0]
        settings = ring.heat_pump(pump)
        assert settings is not None
        fit, use = settings.cop_map, settings.use_temperature
        assert isinstance(fit, QuadraticCop)
        assert isinstance(use, StoreUse)
        store = f"{place}::{use.store}"
        capacity = use.kwh_per_k_by_location.get(place, use.kwh_per_k)
        cold = settings.service == "cooling"
        level = v["level"][k, :]
        earlier = ca.horzcat(level[-1], level[:-1])
        use_degc = (
            use.t_max_degc - earlier / capacity if cold else use.t_min_degc + earlier / capacity
        )
        lift = before - use_degc if cold else use_degc - before
        least = fit.valid_lift_k[0]
        lift = least + 0.5 * (lift - least + ca.sqrt((lift - least) ** 2 + SMOOTH_K**2))
        cop = fit.c0 - fit.c1 * lift + fit.c2 * lift**2
        taken = v["output"][k, :] / cop
        power[place] += taken
        heat += (v["output"][k, :] if cold else -v["output"][k, :]) + taken
        carrier = next(c for c in carriers if has_carrier(data, pump, "out", c))
        demand = load_kwh(data, place, carrier)
        made = v["output"][k, :] + v["discharge"][k, :] - v["charge"][k, :]
        equal.append(made.T - demand)
        kept = (1.0 - number(data, "storage_loss", store)[None, :]) * earlier
        equal.append((level - kept - v["charge"][k, :] + v["discharge"][k, :]).T)
        high["output"][k] = number(data, "energy_cap_equals", pump)
        most = tank_limits(ring, data, pumps).get(store, np.inf)
        size = number(data, "storage_cap_equals", store)
        high["level"][k] = np.minimum(size, most)
        initial = data.value("storage_initial", data.positions([store]), default=False)[0]
        if np.isfinite(initial):  # with a cyclic store it fixes the last level
            low["level"][k, -1] = high["level"][k, -1] = initial * size[-1]
        high["charge"][k] = high["discharge"][k] = number(data, "energy_cap_equals", store)
        cost += ca.sum2(v["output"][k, :] * number(data, "cost_om_prod", pump)[None, :])
        cost += ca.sum2(v["discharge"][k, :] * number(data, "cost_om_prod", store)[None, :])

    plant = v["plant"]
    kwh_per_k = ring.water.mass_kg * KWH_PER_KGK
    heat += plant[0, :] - plant[1, :] + plant[2, :] - plant[3, :] - plant[4, :]
    lost = ring.loss.ua_kw_per_k / kwh_per_k
    ground = ring.loss.ground.degc
    # The exponential of constant heat against the loss, whose mean rate is C/h·pull(lost).
    equal.append(
        (
            kwh_per_k * pull(lost) * (v["ring"] - ground - math.exp(-lost) * (before - ground))
            - heat
        ).T
    )
    air = np.asarray(data.inputs["outdoor_degc"].values, float)[None, :]
    for row, sign, body, kw_per_k in (
        (0, 1.0, wells.well_degc, wells.conductance_kw_per_k),
        (1, -1.0, wells.well_degc, wells.conductance_kw_per_k),
        (3, -1.0, air, cooler.kw_per_k),
    ):
        # An hour of exchange with water that becomes something else meanwhile.
        share = kw_per_k / kwh_per_k
        met = before + (pull(share + lost) - pull(lost)) / share * (v["ring"] - before)
        gap = sign * (body - met)
        limited.append((plant[row, :] - kw_per_k * 0.5 * (gap + ca.sqrt(gap**2 + SMOOTH_K**2))).T)
    cold_k = before - chiller.approach_water_k + 273.15
    share = (air + chiller.approach_air_k + 273.15 - cold_k) / (chiller.carnot_fraction * cold_k)
    least = 1.0 / chiller.cop_max
    share = least + 0.5 * (share - least + ca.sqrt((share - least) ** 2 + 1e-10))
    chilling = (share + chiller.fan_kwh_per_kwh) * plant[4, :]
    home = ring.plant.electricity_location
    for row, device in enumerate((wells, wells, heater, cooler, chiller)):
        cost += device.cost_eur_per_kwh * ca.sum2(plant[row, :])
        used = chilling if device is chiller else device.electricity_kwh_per_kwh * plant[row, :]
        if home is None:
            cost += ring.plant.electricity_price_eur_per_kwh * ca.sum2(used)
        else:
            power[home] += used
    for k, place in enumerate(places):
        sun = photovoltaics(labels, place)
        if sun:
            peak = number(data, "energy_cap_equals", sun)
            high["sun"][k] = np.minimum(number(data, "resource", sun), 1.0) * peak
            cost += ca.sum2(v["sun"][k, :] * number(data, "cost_om_prod", sun)[None, :])
        else:
            high["sun"][k] = 0.0
        load = load_kwh(data, place, "electricity")
        equal.append((v["grid"][k, :] + v["sun"][k, :] - power[place]).T - load)
        cost += ca.sum2(v["grid"][k, :] * number(data, "cost_om_prod", f"{place}::grid")[None, :])

    rows = ca.vertcat(*equal, *limited)
    zero = sum(part.shape[0] for part in equal)
    total = rows.shape[0]
    programme = NonLinearProgramme(
        {"x": ca.vertcat(*[ca.vec(v[name]) for name in layout]), "f": cost, "g": rows}, {}, layout
    )
    programme.bounds.update(
        lbx=programme.pack(low),
        ubx=programme.pack(high),
        lbg=np.concatenate([np.zeros(zero), np.full(total - zero, -np.inf)]),
        ubg=np.zeros(total),
    )
    return programme


def neutral_start(data: ModelData, ring: RingConfig) -> dict[str, np.ndarray]:
    """Where Ipopt may begin without knowing any dispatch."""
    return {
        "output": np.array(100.0),
        "charge": np.array(10.0),
        "discharge": np.array(10.0),
        "level": np.array(500.0),
        "ring": np.array(ring.initial_degc),
        "plant": np.array(1.0),
        "grid": np.array(100.0),
        "sun": np.array(10.0),
    }


def start_from(data: ModelData, ring: RingConfig, best: Iteration) -> dict[str, np.ndarray]:
    """Where a search ended, for Ipopt to go on from."""
    pumps = heat_pumps(ring, data)
    places = [str(loc) for loc in data.inputs["loc"].values]
    labels = [str(n) for n in data.inputs["node"].values]
    steps = data.inputs.sizes["timestep"]

    def flow(name: str, node: str) -> np.ndarray:
        if node not in best.dispatch["node"].values:
            return np.zeros(steps)
        values = best.dispatch[name].sel(node=node)
        return np.abs(np.nan_to_num(values.sum("carrier").values))

    stores = []
    for pump in pumps:
        place = pump.partition("::")[0]
        settings = ring.heat_pump(pump)
        assert settings is not None
        assert isinstance(settings.use_temperature, StoreUse)
        stores.append(f"{place}::{settings.use_temperature.store}")
    moved = best.ring.q_bal_kw
    return {
        "output": np.array([flow("carrier_prod", pump) for pump in pumps]),
        "charge": np.array([flow("carrier_con", store) for store in stores]),
        "discharge": np.array([flow("carrier_prod", store) for store in stores]),
        "level": np.array([best.dispatch["storage"].sel(node=store).values for store in stores]),
        "ring": best.ring.temperature_degc[None, 1:],
        "plant": np.array(
            [
                np.maximum(moved["wells"], 0.0),
                np.maximum(-moved["wells"], 0.0),
                moved["backup_heater"],
                -moved["dry_cooler"],
                -moved["chiller"],
            ]
        ),
        "grid": np.array([flow("carrier_prod", f"{place}::grid") for place in places]),
        "sun": np.array([flow("carrier_prod", photovoltaics(labels, place)) for place in places]),
    }
