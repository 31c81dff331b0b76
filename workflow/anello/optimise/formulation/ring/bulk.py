"""The bulk of a ring's water: its mean temperature."""

from __future__ import annotations

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Parameter
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.ring.heat import plant_heat, pump_heat, require_plain
from anello.optimise.formulation.ring.unknowns import one, rows_of
from anello.optimise.formulation.ring.water import copies, temperature_before
from anello.optimise.formulation.ring_rows import UNSEEN_PER_KW, WAYS
from anello.optimise.formulation.system import TIME_AXIS


@constraint(
    "ring_balance",
    index="ring, timestep",
    when="the ring is part of the programme",
    equation=r"T_t = \varphi T_{t-1} + (1 - \varphi) T_{ground}"
    r" + \frac{\psi}{h} (\sum \sigma\, q + P + \sum ring\_heat)",
)
def ring_balance(c: Context) -> Rows | None:
    """The ring warms by what heat pumps and balancing plant put in, less its losses."""
    rows = rows_of(c)
    if rows is None:
        return None
    require_plain(c, [c.sets.position[label] for label in rows.heat_pumps])
    heat = pump_heat(c, rows).sum_items()
    if rows.devices:
        heat = heat + plant_heat(c, rows).sum_items()
    end = c.system.variables["ring_temperature"].at()
    start = temperature_before(c) * rows.phi[None, :]
    given = rows.gain_degc.copy()
    given[0] += rows.phi[0] * rows.initial_degc
    relation = end - start - heat * (rows.psi[None, :] / c.resolution) == given[None, :]
    return Rows(one(), relation, TIME_AXIS)


@constraint(
    "ring_net_balance",
    index="ring, timestep",
    when="the ring is two pipes",
    equation=r"ring\_net\_heat_t = \sum (\sigma\, q + P)",
)
def ring_net_balance(c: Context) -> Rows | None:
    """What heat pumps put into the water of two pipes and take out of it is moved on balance."""
    rows = rows_of(c)
    if rows is None or rows.sees_water:
        return None
    net = c.system.variables["ring_net_heat"].at()
    return Rows(one(), net - pump_heat(c, rows).sum_items() == 0.0, TIME_AXIS)


@constraint(
    "ring_unseen_heat",
    index="way, timestep",
    when="the ring is two pipes",
    equation=r"ring\_unseen_t \ge \lambda_{w,t}\, ring\_net\_heat_t + \mu_{w,t}",
)
def ring_unseen_heat(c: Context) -> Rows | None:
    """Heat of heat pumps costs the plant what the highest of its lines says, warming or cooling."""
    rows = rows_of(c)
    if rows is None or rows.sees_water:
        return None
    cost, net = (
        copies(c.system.variables[name].at(), len(WAYS))
        for name in ("ring_unseen", "ring_net_heat")
    )
    slope = Parameter(UNSEEN_PER_KW, WAYS, np.zeros((len(WAYS), c.n_time)))
    return Rows({"way": list(WAYS)}, cost - net * slope >= 0.0, TIME_AXIS)
