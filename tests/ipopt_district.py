"""The dispatch of a district and its ring as one non-linear programme, for Ipopt.

A formulation of its own, written from the physics: it shares input numbers with anello, but no row.
Only districts of supply, sun, heat pumps with or without stores, and a well-mixed ring in ground of
one temperature, in steps of an hour. Its plant is in `ipopt_plant`, the heat pump in `ipopt_pumps`.
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
from anello.ring.cop_config import StoreUse
from anello.ring.ground_config import FixedGround
from ipopt_plant import (
    Water,
    exchange_rows,
    field_states,
    memory_rows,
    plant_model,
    pull,
    row,
)
from ipopt_pumps import taken


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


class Model:
    """Variables, bounds and rows of a district that is being written down.

    Parameters
    ----------
    data : ModelData
        The district.
    ring : RingConfig
        Its well-mixed ring.
    """

    def __init__(self, data: ModelData, ring: RingConfig) -> None:
        import casadi as ca

        assert ring.plant is not None
        assert ring.model == "mixed"
        assert isinstance(ring.loss.ground, FixedGround)
        self.data, self.ring = data, ring
        self.pumps = heat_pumps(ring, data)
        self.places = [str(loc) for loc in data.inputs["loc"].values]
        self.steps = steps = data.inputs.sizes["timestep"]
        after = ca.SX.sym("ring", 1, steps)
        before = ca.horzcat(ca.DM(ring.initial_degc), after[:, :-1])
        kwh_per_k = ring.mixed_kwh_per_k
        self.water = Water(before, after, kwh_per_k, ring.loss.ua_kw_per_k / kwh_per_k)
        self.plant = plant_model(data, ring, self.water)
        count = len(self.pumps)
        shapes = {
            **dict.fromkeys(("output", "charge", "discharge", "level"), (count, steps)),
            "plant": (len(self.plant.ways), steps),
            **dict.fromkeys(("grid", "sun"), (len(self.places), steps)),
        }
        self.v = {name: ca.SX.sym(name, *shape) for name, shape in shapes.items()}
        self.v |= {"ring": after, **self.plant.memory}
        self.low = {name: np.zeros(v.shape) for name, v in self.v.items()}
        self.high = {name: np.full(v.shape, np.inf) for name, v in self.v.items()}
        for name in self.plant.memory:
            self.low[name][:] = -np.inf
        self.low["ring"][:], self.high["ring"][:] = ring.bounds_degc
        self.power = {place: ca.SX.zeros(1, steps) for place in self.places}
        self.heat, self.cost = ca.SX.zeros(1, steps), ca.SX(0)
        self.equal: list[Any] = []
        self.limited: list[Any] = []

    def pays(self, amounts: Any, eur_each: Any) -> None:
        """Add to the cost, hour by hour."""
        import casadi as ca

        self.cost += ca.sum2(amounts * row(eur_each, self.steps))

    def programme(self) -> NonLinearProgramme:
        """Return the whole for Ipopt."""
        import casadi as ca

        rows = ca.vertcat(*self.equal, *self.limited)
        zero, total = sum(part.shape[0] for part in self.equal), rows.shape[0]
        x = ca.vertcat(*[ca.vec(v) for v in self.v.values()])
        layout = {name: v.shape for name, v in self.v.items()}
        made = NonLinearProgramme({"x": x, "f": self.cost, "g": rows}, {}, layout)
        made.bounds.update(
            lbx=made.pack(self.low),
            ubx=made.pack(self.high),
            lbg=np.concatenate([np.zeros(zero), np.full(total - zero, -np.inf)]),
            ubg=np.zeros(total),
        )
        return made


def nonlinear_programme(data: ModelData, ring: RingConfig) -> NonLinearProgramme:
    """Write the dispatch of a district on a well-mixed ring as a non-linear programme.

    Stores are cyclic and hold no more than anello lets them; the ring starts at its initial
    temperature and ends anywhere within bounds.
    """
    model = Model(data, ring)
    for k, pump in enumerate(model.pumps):
        _add_pump(model, k, pump)
    _add_ring(model)
    for k, place in enumerate(model.places):
        _add_place(model, k, place)
    return model.programme()


def store_of(ring: RingConfig, pump: str) -> str:
    """Return the store that a heat pump fills; empty for none."""
    settings = ring.heat_pump(pump)
    assert settings is not None
    use = settings.use_temperature
    return f"{pump.partition('::')[0]}::{use.store}" if isinstance(use, StoreUse) else ""


def _add_pump(model: Model, k: int, pump: str) -> None:
    """Add a heat pump, its store, and the load that both meet."""
    data, v, place = model.data, model.v, pump.partition("::")[0]
    settings = model.ring.heat_pump(pump)
    assert settings is not None
    output, use = v["output"][k, :], settings.use_temperature
    if isinstance(use, StoreUse):
        use_degc = _add_store(model, k, pump, use)
    else:
        use_degc = use.degc
        for name in ("charge", "discharge", "level"):
            model.high[name][k] = 0.0
    size = number(data, "energy_cap_equals", pump)
    model.high["output"][k] = size
    work, standby = taken(settings, output, model.water.before, use_degc, float(size[0]))
    model.power[place] += work + standby
    model.heat += (output if settings.service == "cooling" else -output) + work
    carriers = [str(c) for c in data.inputs["carrier"].values]
    carrier = next(c for c in carriers if has_carrier(data, pump, "out", c))
    made = output + v["discharge"][k, :] - v["charge"][k, :]
    model.equal.append(made.T - load_kwh(data, place, carrier))
    model.pays(output, number(data, "cost_om_prod", pump))


def _add_store(model: Model, k: int, pump: str, use: StoreUse) -> Any:
    """Add a heat pump's store, and return its temperature at the start of each hour [°C]."""
    import casadi as ca

    data, v, place = model.data, model.v, pump.partition("::")[0]
    store = store_of(model.ring, pump)
    capacity = use.kwh_per_k_by_location.get(place, use.kwh_per_k)
    assert capacity is not None
    level = v["level"][k, :]
    earlier = ca.horzcat(level[-1], level[:-1])
    kept = row(1.0 - number(data, "storage_loss", store), model.steps) * earlier
    model.equal.append((level - kept - v["charge"][k, :] + v["discharge"][k, :]).T)
    most = tank_limits(model.ring, data, model.pumps).get(store, np.inf)
    size = number(data, "storage_cap_equals", store)
    model.high["level"][k] = np.minimum(size, most)
    initial = data.value("storage_initial", data.positions([store]), default=False)[0]
    if np.isfinite(initial):  # with a cyclic store it fixes the last level
        fixed = initial * size[-1]
        model.low["level"][k, -1] = model.high["level"][k, -1] = fixed
    for name in ("charge", "discharge"):
        model.high[name][k] = number(data, "energy_cap_equals", store)
    model.pays(v["discharge"][k, :], number(data, "cost_om_prod", store))
    if use.direction == "cold":
        return use.t_max_degc - earlier / capacity
    return use.t_min_degc + earlier / capacity


def _add_ring(model: Model) -> None:
    """Add the plant, and the water that all heat meets."""
    ring, plant, water = model.ring, model.v["plant"], model.water
    assert ring.plant is not None
    assert isinstance(ring.loss.ground, FixedGround)
    home = ring.plant.electricity_location
    for k, way in enumerate(model.plant.ways):
        model.high["plant"][k] = way.most_kw
        model.heat += way.sign * plant[k, :]
        model.pays(plant[k, :], way.cost_eur_per_kwh)
        used = way.electricity * plant[k, :]
        if home is None:
            model.pays(used, ring.plant.electricity_price_eur_per_kwh)
        else:
            model.power[home] += used
    equal, limited = memory_rows(model.plant, ring, water, plant)
    model.equal += equal
    model.limited += limited + exchange_rows(model.plant, water, plant)
    # The exponential of constant heat against the loss, whose mean rate is C/h·pull(lost).
    above = water.after - ring.loss.ground.degc
    left = math.exp(-water.lost) * (water.before - ring.loss.ground.degc)
    stored = water.kwh_per_k * float(pull(water.lost)) * (above - left)
    model.equal.append((stored - model.heat).T)


def _add_place(model: Model, k: int, place: str) -> None:
    """Add a place's sun, its grid, and its electricity."""
    data, v = model.data, model.v
    sun = photovoltaics([str(n) for n in data.inputs["node"].values], place)
    model.high["sun"][k] = 0.0
    if sun:
        peak = number(data, "energy_cap_equals", sun)
        model.high["sun"][k] = np.minimum(number(data, "resource", sun), 1.0) * peak
        model.pays(v["sun"][k, :], number(data, "cost_om_prod", sun))
    bought = v["grid"][k, :] + v["sun"][k, :] - model.power[place]
    model.equal.append(bought.T - load_kwh(data, place, "electricity"))
    model.pays(v["grid"][k, :], number(data, "cost_om_prod", f"{place}::grid"))


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
        "shift": np.array(0.0),
        "field": np.array(0.0),
    }


def start_from(data: ModelData, ring: RingConfig, best: Iteration) -> dict[str, np.ndarray]:
    """Where a search ended, for Ipopt to go on from."""
    model = Model(data, ring)
    labels = [str(n) for n in data.inputs["node"].values]

    def flow(name: str, node: str) -> np.ndarray:
        if node not in best.dispatch["node"].values:
            return np.zeros(model.steps)
        values = best.dispatch[name].sel(node=node)
        return np.abs(np.nan_to_num(values.sum("carrier").values))

    def level(store: str) -> np.ndarray:
        return best.dispatch["storage"].sel(node=store).values if store else np.zeros(model.steps)

    stores = [store_of(ring, pump) for pump in model.pumps]
    moved = best.ring.q_bal_kw
    start = {
        "output": np.array([flow("carrier_prod", pump) for pump in model.pumps]),
        "charge": np.array([flow("carrier_con", store) for store in stores]),
        "discharge": np.array([flow("carrier_prod", store) for store in stores]),
        "level": np.array([level(store) for store in stores]),
        "ring": best.ring.temperature_degc[None, 1:],
        "plant": np.array(
            [np.maximum(way.sign * moved[way.device], 0.0) for way in model.plant.ways]
        ),
        "grid": np.array([flow("carrier_prod", f"{place}::grid") for place in model.places]),
        "sun": np.array(
            [flow("carrier_prod", photovoltaics(labels, place)) for place in model.places]
        ),
    }
    if best.ring.doublet is not None:
        start["shift"] = best.ring.doublet.shift_k[None, ::24]
    if model.plant.field is not None:
        start["field"] = field_states(model.plant, moved["borefield"])
    return start
