"""The ring inside the linear programme: temperature, balancing plant, and what both do to COP.

The rows are linear about an incumbent dispatch; the sequential linear programme of
:mod:`anello.coupling.slp` patches their numbers in every iteration. With all numbers at zero the
heat pumps keep the COP they were given and only the ring's temperature is tracked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from anello.errors import InputError, Problem
from anello.formulation.context import Context
from anello.formulation.expression import Array, Expression, IntArray, Parameter
from anello.formulation.registry import Columns, Named, Rows, constraint, expression, variable
from anello.formulation.sets import Pairs
from anello.formulation.system import TIME_AXIS

INF = float("inf")
PER_K = "ring_output_per_k"
PER_KWH = "ring_output_per_kwh"
WELL_PER_K = "ring_well_kw_per_k"
# Devices of the plant in the programme, with the sign of the heat they put into the ring.
DEVICES = {"wells_heating": 1.0, "wells_cooling": -1.0, "backup_heater": 1.0, "dry_cooler": -1.0}


@dataclass(frozen=True)
class Device:
    """One device of the balancing plant.

    Attributes
    ----------
    max_kw : float
        Largest heat flow [kW].
    electricity_kwh_per_kwh : float
        Electricity per kWh of heat [kWh/kWh].
    cost_eur_per_kwh : float
        Other cost per kWh of heat [€/kWh].
    """

    max_kw: float
    electricity_kwh_per_kwh: float
    cost_eur_per_kwh: float


@dataclass(frozen=True)
class RingRows:
    """What the programme needs to know of the ring, in plain numbers.

    Attributes
    ----------
    heat_pumps : tuple of str
        Nodes of the H heat pumps.
    sigma : tuple of float
        −1 where a heat pump takes heat from the ring (heating), +1 where it rejects heat (cooling).
    stores : tuple of str
        Node of the store whose level sets each heat pump's use temperature; empty for none.
    capacity_kw : ndarray, shape (H,)
        Nominal capacity of each heat pump, the largest where it is still to be chosen [kW].
    step_h : ndarray, shape (T,)
        Length of the time steps [h].
    phi, psi, gain_degc : ndarray, shape (T,)
        ``T_end = φ·T_start + gain + ψ·Q`` with Q in kW.
    initial_degc : float
        Ring temperature at the start [°C].
    devices : dict of str to Device
        Devices that the programme schedules; empty when their heat is given.
    electricity_location : str or None
        Location whose electricity balance carries the plant.
    electricity_price_eur_per_kwh : float
        Price of the plant's electricity without a location [€/kWh].
    """

    heat_pumps: tuple[str, ...]
    sigma: tuple[float, ...]
    stores: tuple[str, ...]
    capacity_kw: Array
    step_h: Array
    phi: Array
    psi: Array
    gain_degc: Array
    initial_degc: float
    devices: dict[str, Device] = field(default_factory=dict)
    electricity_location: str | None = None
    electricity_price_eur_per_kwh: float = 0.0


def _rows(c: Context) -> RingRows | None:
    return c.ring


def _one(name: str = "ring") -> dict[str, list[str]]:
    return {"ring": [name]}


@variable(
    "ring_temperature",
    index="ring, timestep",
    when="the ring is part of the programme",
    domain=r"\in \mathbb{R} \; [\mathrm{°C}]",
)
def ring_temperature(c: Context) -> Columns | None:
    """Temperature of the ring at the end of a step."""
    return Columns(_one(), TIME_AXIS, lower=-INF) if _rows(c) else None


@variable(
    "ring_heat",
    index="device, timestep",
    when="the programme schedules the balancing plant",
    domain=r"\ge 0 \; [\mathrm{kWh}]",
)
def ring_heat(c: Context) -> Columns | None:
    """Heat that a device of the balancing plant moves in a step."""
    rows = _rows(c)
    return Columns({"device": list(rows.devices)}, TIME_AXIS) if rows and rows.devices else None


def _temperature_before(c: Context) -> Expression:
    """Ring temperature at the start of each step, the first excepted (it is given)."""
    later = np.ones((1, c.n_time))
    later[0, 0] = 0.0
    return c.system.variables["ring_temperature"].at(steps=c.previous) * later


def electricity_pairs(c: Context, rows: RingRows) -> Pairs:
    """(node, carrier) of the electricity each heat pump takes."""
    primary = c.data.inputs["primary_carrier_in"].values
    pairs = []
    for label in rows.heat_pumps:
        n = c.sets.position[label]
        carrier = str(primary[n]) if c.sets.base[n] == "conversion_plus" else ""
        pairs.append((n, carrier or c.sets.tier(n, "in")[0]))
    return pairs


def cop_feedback(c: Context, nodes: IntArray) -> Expression | None:
    """What ring and store temperature add to the output of heat pumps, for their balance rows.

    ``q = COP·P + g_T·(T − T̄) + g_E·(E − Ē)`` with ``g = q̄/COP · ∂COP/∂(T, E)``; constants go to
    the right-hand side. The coefficients start at zero and are patched.
    """
    rows = _rows(c)
    if rows is None:
        return None
    where = {label: k for k, label in enumerate(rows.heat_pumps)}
    pumps = [k for k, n in enumerate(nodes) if c.sets.labels[n] in where]
    if not pumps:
        return None
    labels = tuple(c.sets.labels[nodes[k]] for k in pumps)
    zero = np.zeros((len(pumps), c.n_time))
    spread = _temperature_before(c)
    copies = Expression(0, c.n_time)
    for k in range(len(pumps)):
        copies = (
            spread.sum_into([k], len(pumps))
            if k == 0
            else copies + spread.sum_into([k], len(pumps))
        )
    total = (copies * Parameter(PER_K, labels, zero)).sum_into(pumps, len(nodes))
    stored = [k for k, label in enumerate(labels) if rows.stores[where[label]]]
    if stored:
        later = np.ones((1, c.n_time))
        later[0, 0] = 0.0
        stores = [_store_position(c, labels[k], rows.stores[where[labels[k]]]) for k in stored]
        levels = c.node_var("storage", stores, c.previous) * later
        names = tuple(labels[k] for k in stored)
        effect = levels * Parameter(PER_KWH, names, zero[stored])
        total = total + effect.sum_into([pumps[k] for k in stored], len(nodes))
    return total


def _store_position(c: Context, pump: str, store: str) -> int:
    """Where a heat pump's store is among the nodes.

    Raises
    ------
    InputError
        If the model has none.
    """
    if store not in c.sets.position:
        raise InputError(
            Problem(
                f"the model has no store `{store}`, whose temperature this heat pump follows",
                key=pump,
                suggestion=f"Give `{pump}` a fixed `use_temperature` under `ring.heat_pumps`",
            )
        )
    return c.sets.position[store]


def plant_electricity(c: Context) -> tuple[str, Expression, str] | None:
    """Location, electricity [kWh] and carrier of the scheduled plant, if a location pays."""
    rows = _rows(c)
    if rows is None or not rows.devices or rows.electricity_location is None:
        return None
    per_kwh = np.array([d.electricity_kwh_per_kwh for d in rows.devices.values()])
    heat = c.system.variables["ring_heat"].at() * per_kwh
    return rows.electricity_location, heat.sum_items(), electricity_pairs(c, rows)[0][1]


@expression(
    "ring_cost",
    index="device",
    when="the programme schedules the balancing plant",
    equation=r"\sum_t w_t (c_{device} + c_{electricity}\, e_{device})\, ring\_heat",
)
def ring_cost(c: Context) -> Named | None:
    """Cost of the balancing plant that no location's electricity balance carries."""
    rows = _rows(c)
    if rows is None or not rows.devices:
        return None
    price = rows.electricity_price_eur_per_kwh if rows.electricity_location is None else 0.0
    per_kwh = np.array(
        [d.cost_eur_per_kwh + price * d.electricity_kwh_per_kwh for d in rows.devices.values()]
    )
    heat = c.system.variables["ring_heat"].at() * (per_kwh[:, None] * c.weight)
    return Named({"device": list(rows.devices)}, heat.sum_time())


@constraint(
    "ring_balance",
    index="ring, timestep",
    when="the ring is part of the programme",
    equation=r"T_t = \varphi T_{t-1} + (1 - \varphi) T_{ground}"
    r" + \frac{\psi}{h} (\sum \sigma\, q + P + \sum ring\_heat)",
)
def ring_balance(c: Context) -> Rows | None:
    """The ring warms by what heat pumps and balancing plant put in, less its losses."""
    rows = _rows(c)
    if rows is None:
        return None
    pumps = [c.sets.position[label] for label in rows.heat_pumps]
    _require_plain(c, pumps)
    output = c.prod(c.out_pairs(pumps)) * np.array(rows.sigma)
    taken = c.con(electricity_pairs(c, rows))
    heat = (output - taken).sum_items()
    if rows.devices:
        signs = np.array([DEVICES[name] for name in rows.devices])
        heat = heat + (c.system.variables["ring_heat"].at() * signs).sum_items()
    end = c.system.variables["ring_temperature"].at()
    start = _temperature_before(c) * rows.phi[None, :]
    given = rows.gain_degc.copy()
    given[0] += rows.phi[0] * rows.initial_degc
    relation = end - start - heat * (rows.psi[None, :] / c.resolution) == given[None, :]
    return Rows(_one(), relation, TIME_AXIS)


def _require_plain(c: Context, pumps: list[int]) -> None:
    """Refuse heat pumps whose output is not simply COP times electricity."""
    problems = []
    for n in pumps:
        label = c.sets.labels[n]
        outs, ins = c.sets.tier(n, "out"), c.sets.tier(n, "in")
        if c.sets.base[n] not in ("conversion", "conversion_plus"):
            problems.append(
                Problem(
                    f"a heat pump of the ring must be a conversion, not {c.sets.base[n]}",
                    key=label,
                )
            )
        elif len(outs) != 1 or len(ins) != 1:
            problems.append(
                Problem(
                    "a heat pump of the ring has one carrier in and one out in its first tier",
                    key=label,
                    value={"in": ins, "out": outs},
                )
            )
        elif c.sets.base[n] == "conversion_plus" and not (
            np.all(c.ratio([(n, outs[0])], "out") == 1)
            and np.all(c.ratio([(n, ins[0])], "in") == 1)
        ):
            problems.append(Problem("a heat pump of the ring has carrier ratios of 1", key=label))
    if problems:
        raise InputError(problems)


def _well_limit(c: Context, device: str, sign: float) -> Rows | None:
    rows = _rows(c)
    if rows is None or device not in rows.devices:
        return None
    position = list(rows.devices).index(device)
    heat = c.system.variables["ring_heat"].at([position]) * (1.0 / c.resolution)
    per_k = Parameter(WELL_PER_K, (device,), np.zeros((1, c.n_time)))
    limit = _temperature_before(c) * sign * per_k
    return Rows({"device": [device]}, heat + limit <= rows.devices[device].max_kw, TIME_AXIS)


@constraint(
    "ring_wells_heating_max",
    index="device, timestep",
    when="the programme schedules wells",
    equation=r"ring\_heat / h \le G\,(T_{well} - T_{t-1})",
)
def ring_wells_heating_max(c: Context) -> Rows | None:
    """Wells give no more heat than their heat exchanger can move towards the well temperature."""
    return _well_limit(c, "wells_heating", 1.0)


@constraint(
    "ring_wells_cooling_max",
    index="device, timestep",
    when="the programme schedules wells",
    equation=r"ring\_heat / h \le G\,(T_{t-1} - T_{well})",
)
def ring_wells_cooling_max(c: Context) -> Rows | None:
    """Wells take no more heat than their heat exchanger can move towards the well temperature."""
    return _well_limit(c, "wells_cooling", -1.0)
