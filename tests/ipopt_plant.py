"""The plant of a well-mixed ring for Ipopt: sources, wells that tire, machines, boreholes.

Written from the physics, as `ipopt_district` is. A borefield's g-function comes as the numbers of
its fitted chain; what the chain does from hour to hour is written here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq

from anello.model.data import ModelData
from anello.model.definition.weather import RING_SERIES
from anello.ring.borefield.field import compile_borefield
from anello.ring.config import RingConfig
from anello.ring.doublet_config import DoubletConfig
from anello.ring.plant_config import CentralHeatPumpConfig, ChillerConfig
from anello.ring.sources import AirSource, Source, StreamSource

WATER_KJ_PER_KGK = 4.18
KELVIN = 273.15
COLDEST_WATER_DEGC = 3.0
"""Flowing water gives no heat below this temperature [°C]."""
SMOOTH_K = 1e-3
"""Width over which a kink is rounded [K]: much less than any tolerance."""


def above_zero(x: Any, width: float = SMOOTH_K) -> Any:
    """Return max(x, 0), rounded."""
    import casadi as ca

    return 0.5 * (x + ca.sqrt(x**2 + width**2))


def pull(a: Any) -> Any:
    """Return a/(1 − e^(−a))."""
    a = np.asarray(a, float)
    tiny = np.abs(a) < 1e-9
    return np.where(tiny, 1.0 + a / 2.0, a / -np.expm1(-np.where(tiny, 1.0, a)))


def row(values: Any, steps: int) -> np.ndarray:
    """Return values as a row, shape (1, T)."""
    return np.broadcast_to(np.asarray(values, float).reshape(-1), steps)[None, :].copy()


@dataclass(frozen=True)
class Water:
    """The ring's water over T hours.

    Attributes
    ----------
    before, after : casadi.SX, shape (1, T)
        Temperature at the start and at the end of each hour [°C].
    kwh_per_k : float
        Its heat capacity [kWh/K].
    lost : float
        UA·h/C of its loss to the ground [-].
    """

    before: Any
    after: Any
    kwh_per_k: float
    lost: float

    def met(self, kw_per_k: np.ndarray) -> Any:
        """Return what an exchanger meets on average while the water changes, (1, T) [°C]."""
        share = np.maximum(kw_per_k / self.kwh_per_k, 1e-12)
        weight = (pull(share + self.lost) - pull(self.lost)) / share
        return self.before + weight * (self.after - self.before)


class Way(NamedTuple):
    """One way of a device: heat into the ring (sign +1) or out of it, never negative.

    `most_kw` has shape (T,); an exchanger has a `body_degc` and a conductance `kw_per_k`, both of
    shape (1, T). `electricity` [kWh/kWh] is a number or of shape (1, T).
    """

    device: str
    sign: float
    most_kw: np.ndarray
    electricity: Any
    cost_eur_per_kwh: float
    body_degc: Any = None
    kw_per_k: np.ndarray | None = None


@dataclass
class PlantModel:
    """Ways of the plant, and what its devices with a memory add.

    Attributes
    ----------
    ways : list of Way
        In the order of the rows of the variable `plant`.
    memory : dict of str to casadi.SX
        Further variables: `shift` of the wells by day [K], `field` of the boreholes' chain [kW].
    always : bool
        The borefield exchanges what it can in each hour.
    """

    ways: list[Way]
    memory: dict[str, Any]
    always: bool = False
    field: Any = None

    def row_of(self, device: str, sign: float) -> int:
        """Return the row of a way."""
        return next(k for k, w in enumerate(self.ways) if (w.device, w.sign) == (device, sign))

    def into_ring(self, plant: Any, device: str) -> Any:
        """Return the heat of a device into the ring, shape (1, T) [kW]."""
        return sum(w.sign * plant[k, :] for k, w in enumerate(self.ways) if w.device == device)


def surroundings(data: ModelData, name: float | str) -> np.ndarray:
    """Return a number, or a series of the model, shape (1, T)."""
    steps = data.inputs.sizes["timestep"]
    if isinstance(name, str):
        return row(data.inputs[f"{RING_SERIES}{name}"].values, steps)
    return row(name, steps)


def outdoor_degc(data: ModelData) -> np.ndarray:
    """Return the outdoor air, shape (1, T) [°C]."""
    return row(data.inputs["outdoor_degc"].values, data.inputs.sizes["timestep"])


def source_ways(name: str, source: Source, data: ModelData) -> Iterator[Way]:
    """Yield the ways of a stream, a coil in the air, or collectors in the sun."""
    heats, cools = True, True
    if isinstance(source, StreamSource):
        body = surroundings(data, source.temperature_degc)
        flow = WATER_KJ_PER_KGK * surroundings(data, source.max_flow_kg_s)
        kw_per_k = source.effectiveness * flow
        most = flow * (np.inf if source.max_change_k is None else source.max_change_k)
        if source.available_kw is not None:
            most = np.minimum(most, surroundings(data, source.available_kw))
        heating = np.minimum(most, flow * np.maximum(body - COLDEST_WATER_DEGC, 0.0))
        cooling = most
        heats, cools = source.ways != "cooling", source.ways != "heating"
    elif isinstance(source, AirSource):
        body = outdoor_degc(data)
        kw_per_k = np.full_like(body, source.kw_per_k)
        heating = cooling = np.full_like(body, source.max_kw)
        heats, cools = source.ways != "cooling", source.ways != "heating"
    else:
        per_m2k = source.loss_w_per_m2k / 1000.0
        caught = source.optical_efficiency * surroundings(data, source.irradiance_kw_per_m2)
        body = outdoor_degc(data) + caught / per_m2k
        kw_per_k = np.full_like(body, source.area_m2 * per_m2k)
        heating = cooling = source.area_m2 * caught
        cools = False
    paid = source.electricity_kwh_per_kwh, source.cost_eur_per_kwh
    if heats:
        yield Way(name, 1.0, heating[0], *paid, body, kw_per_k)
    if cools:
        yield Way(name, -1.0, cooling[0], *paid, body, kw_per_k)


def chilling(chiller: ChillerConfig, before: Any, air: np.ndarray) -> Any:
    """Return a chiller's electricity per heat, a share of Carnot's, shape (1, T) [kWh/kWh]."""
    cold_k = before - chiller.approach_water_k + KELVIN
    warm_k = air + chiller.approach_air_k + KELVIN
    share = (warm_k - cold_k) / (chiller.carnot_fraction * cold_k)
    least = 1.0 / chiller.cop_max
    return least + above_zero(share - least, 1e-5) + chiller.fan_kwh_per_kwh


def pumping(pump: CentralHeatPumpConfig, before: Any, source: np.ndarray) -> Any:
    """Return a central heat pump's electricity per heat, shape (1, T) [kWh/kWh]."""
    warm_k = before + pump.approach_water_k + KELVIN
    cold_k = source - pump.approach_source_k + KELVIN
    share = (warm_k - cold_k) / (pump.carnot_fraction * warm_k)
    least = 1.0 / pump.cop_max
    frost = pump.source_degc is None and source < pump.defrost_below_degc
    more = 1.0 + pump.defrost_share * np.asarray(frost, float)
    return (least + above_zero(share - least, 1e-5)) * more + pump.fan_kwh_per_kwh


def given_back(times: np.ndarray) -> np.ndarray:
    """Return the share α/π of a doublet's supply that was injected before these ages [-].

    The streamline of angle α arrives at ``3·(1 − α·cot α)/sin²α`` breakthrough times.
    """

    def late(angle: float, time: float) -> float:
        return 3.0 * (1.0 - angle / math.tan(angle)) / math.sin(angle) ** 2 - time

    shares = [
        brentq(late, 1e-5, math.pi - 1e-5, args=(time,)) / math.pi if time > 1.0 else 0.0
        for time in times.ravel()
    ]
    return np.array(shares).reshape(times.shape)


def doublet_rows(doublet: DoubletConfig, flow_kg_s: float, shift: Any, heat: Any) -> list[Any]:
    """Return what makes each day's shift, shape (1, D) [K], that of the heat taken before [kW]."""
    import casadi as ca

    days, flow = shift.shape[1], doublet.mean_flow_kg_s or flow_kg_s
    through_h = doublet.breakthrough_h(flow)
    edges = 24.0 * np.arange(days + 1)
    share = given_back(((edges[1:] - 12.0)[:, None] - edges[None, :]).clip(0.0) / through_h)
    daily = [ca.sum2(heat[:, 24 * day : 24 * (day + 1)]) / 24.0 for day in range(days)]
    injected = [shift[day] - daily[day] / (flow * WATER_KJ_PER_KGK) for day in range(days)]
    return [
        shift[day]
        - sum((share[day, one] - share[day, one + 1]) * injected[one] for one in range(day))
        for day in range(days)
    ]


def plant_model(data: ModelData, ring: RingConfig, water: Water) -> PlantModel:
    """Write down the plant's ways; its memory has variables, but no rows yet."""
    import casadi as ca

    plant, steps = ring.plant, data.inputs.sizes["timestep"]
    assert plant is not None
    made = PlantModel([], {})
    for name, source in plant.sources.items():
        made.ways += source_ways(name, source, data)
    wells, heater = plant.wells, plant.backup_heater
    if wells.max_flow_kg_s > 0.0:
        body: Any = surroundings(data, wells.well_degc)
        flow = wells.max_flow_kg_s * WATER_KJ_PER_KGK
        most = np.full(steps, np.inf if wells.max_change_k is None else flow * wells.max_change_k)
        warmth = np.minimum(most, (flow * np.maximum(body - COLDEST_WATER_DEGC, 0.0))[0])
        if wells.doublet is not None:
            made.memory["shift"] = ca.SX.sym("shift", 1, steps // 24)
            body = body + ca.horzcat(*[made.memory["shift"][step // 24] for step in range(steps)])
        paid = wells.electricity_kwh_per_kwh, wells.cost_eur_per_kwh
        kw_per_k = row(wells.effectiveness * flow, steps)
        made.ways.append(Way("wells", 1.0, warmth, *paid, body, kw_per_k))
        made.ways.append(Way("wells", -1.0, most, *paid, body, kw_per_k))
    pump = plant.central_heat_pump
    if pump.max_kw > 0.0:
        told = pump.source_degc
        source = outdoor_degc(data) if told is None else surroundings(data, told)
        lost = pump.capacity_loss_per_k * np.maximum(pump.rated_degc - source, 0.0)
        runs = source >= pump.coldest_source_degc
        most = (pump.max_kw * runs * np.maximum(1.0 - lost, 0.0))[0]
        taken = pumping(pump, water.before, source)
        made.ways.append(Way("central_heat_pump", 1.0, most, taken, pump.cost_eur_per_kwh))
    paid = heater.electricity_kwh_per_kwh, heater.cost_eur_per_kwh
    made.ways.append(Way("backup_heater", 1.0, np.full(steps, heater.max_kw), *paid))
    cooler, chiller = plant.dry_cooler, plant.chiller
    if cooler.max_kw > 0.0:
        assert cooler.kind == "dry"
        air = outdoor_degc(data) if cooler.outdoor_degc is None else row(cooler.outdoor_degc, steps)
        paid = cooler.electricity_kwh_per_kwh, cooler.cost_eur_per_kwh
        kw_per_k = row(cooler.kw_per_k, steps)
        most = np.full(steps, cooler.max_kw)
        made.ways.append(Way("dry_cooler", -1.0, most, *paid, air, kw_per_k))
    if chiller.max_kw > 0.0:
        given = chiller.outdoor_degc
        air = outdoor_degc(data) if given is None else row(given, steps)
        taken = chilling(chiller, water.before, air)
        most = np.full(steps, chiller.max_kw)
        made.ways.append(Way("chiller", -1.0, most, taken, chiller.cost_eur_per_kwh))
    if plant.borefield is not None:
        _add_field(made, ring, steps)
    return made


def _add_field(made: PlantModel, ring: RingConfig, steps: int) -> None:
    """Add the borefield's ways, and the states of its chain."""
    import casadi as ca

    assert ring.plant is not None
    settings = ring.plant.borefield
    assert settings is not None
    made.field, made.always = compile_borefield(settings), settings.always
    states = made.memory["field"] = ca.SX.sym("field", made.field.chain.tau_h.size, steps)
    earlier = ca.horzcat(ca.DM.zeros(states.shape[0], 1), states[:, :-1])
    keep = np.exp(-1.0 / made.field.chain.tau_h)
    k_per_kw = 1000.0 / (2.0 * math.pi * settings.soil_w_per_mk * made.field.length_m)
    idle = made.field.undisturbed_degc - k_per_kw * ca.mtimes(ca.DM(keep).T, earlier)
    kw_per_k = row(1.0 / (_to_fluid(made) + 1.0 / _flow(made) * (1.0 / _eps(made) - 1.0)), steps)
    paid = settings.electricity_kwh_per_kwh, settings.cost_eur_per_kwh
    for sign in (1.0, -1.0):
        most = np.full(steps, np.inf)
        made.ways.append(Way("borefield", sign, most, *paid, idle, kw_per_k))


def field_states(made: PlantModel, heat_kw: np.ndarray) -> np.ndarray:
    """Return the states of the boreholes' chain under given heat, shape (J, T) [kW]."""
    keep = np.exp(-1.0 / made.field.chain.tau_h)
    states = np.zeros((keep.size, heat_kw.size + 1))
    for step, heat in enumerate(heat_kw):
        states[:, step + 1] = keep * states[:, step]
        states[:, step + 1] += (1.0 - keep) * made.field.chain.resistance * heat
    return states[:, 1:]


def _flow(made: PlantModel) -> float:
    return float(made.field.flow_kw_per_k)


def _eps(made: PlantModel) -> float:
    return float(made.field.effectiveness)


def _to_fluid(made: PlantModel) -> float:
    """Return the drop from the idle wall to the fluid that enters the boreholes [K/kW].

    The wall falls while the hour takes heat. The fluid runs against a wall of one temperature with
    ``NTU = 2·artanh(L/(2·ṁc·R_b*))``, so that the mean of entering and leaving fluid is off it by
    ``q·R_b*``.
    """
    field, flow = made.field, _flow(made)
    grows = (1.0 - np.exp(-1.0 / field.chain.tau_h)) @ field.chain.resistance
    wall = 1000.0 / (2.0 * math.pi * field.soil_w_per_mk * field.length_m) * float(grows)
    half = field.length_m / 1000.0 / (2.0 * flow * field.resistance_mk_per_w)
    units = math.inf if half >= 1.0 else 2.0 * math.atanh(half)
    return wall + 1.0 / (-flow * math.expm1(-units))


def memory_rows(
    made: PlantModel, ring: RingConfig, water: Water, plant: Any
) -> tuple[list[Any], list[Any]]:
    """Return what devices with a memory hold: rows that are zero, and rows at most zero."""
    equal, limited = [], []
    assert ring.plant is not None
    if "shift" in made.memory:
        wells = ring.plant.wells
        assert wells.doublet is not None
        heat = made.into_ring(plant, "wells")
        equal += doublet_rows(wells.doublet, wells.max_flow_kg_s, made.memory["shift"], heat)
    if made.field is not None:
        import casadi as ca

        states, heat = made.memory["field"], made.into_ring(plant, "borefield")
        earlier = ca.horzcat(ca.DM.zeros(states.shape[0], 1), states[:, :-1])
        keep = np.exp(-1.0 / made.field.chain.tau_h)
        gain = ca.DM((1.0 - keep) * made.field.chain.resistance)
        equal.append(ca.vec(states - ca.diag(ca.DM(keep)) @ earlier - gain @ heat))
        way = made.ways[made.row_of("borefield", 1.0)]
        low, high = made.field.fluid_degc
        entering = way.body_degc - _to_fluid(made) * heat
        limited += [(low - entering).T, (entering - high).T]
        if made.always:
            equal.append((heat - way.kw_per_k * (way.body_degc - water.met(way.kw_per_k))).T)
    return equal, limited


def exchange_rows(made: PlantModel, water: Water, plant: Any) -> list[Any]:
    """Return the limits of exchangers: heat goes downhill, rows at most zero."""
    rows = []
    for k, way in enumerate(made.ways):
        if way.body_degc is None or (way.device == "borefield" and made.always):
            continue
        gap = way.sign * (way.body_degc - water.met(way.kw_per_k))
        rows.append((plant[k, :] - way.kw_per_k * above_zero(gap)).T)
    return rows
