"""What heat pumps and balancing plant put into a ring, and what its water does to their COP."""

from __future__ import annotations

import numpy as np

from anello.errors import InputError, Problem
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression, IntArray, Parameter
from anello.optimise.formulation.ring.unknowns import rows_of
from anello.optimise.formulation.ring.water import later, water_at
from anello.optimise.formulation.ring_rows import (
    OUTPUT_BY_SIZE,
    PER_K,
    PER_KWH,
    PER_TANK_KWH,
    RingRows,
    pair,
)
from anello.optimise.formulation.sets import Pairs


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

    ``q = COP·P + g_T·(T − T̄) + g_E·(E − Ē)`` with ``g = q̄/COP · ∂COP/∂(T, E)``, and the same for
    the sizes of a store and of an exchanger for free cooling that are to be found; constants go to
    the right-hand side. The coefficients start at zero and are patched.
    """
    rows = rows_of(c)
    if rows is None:
        return None
    where = {label: k for k, label in enumerate(rows.heat_pumps)}
    pumps = [k for k, n in enumerate(nodes) if c.sets.labels[n] in where]
    if not pumps:
        return None
    labels = tuple(c.sets.labels[nodes[k]] for k in pumps)
    zero = np.zeros((len(pumps), c.n_time))
    places = [rows.loop.station_of[where[label]] if rows.loop else 0 for label in labels]
    source = water_at(c, places)
    total = (source * Parameter(PER_K, labels, zero)).sum_into(pumps, len(nodes))
    stored = [k for k, label in enumerate(labels) if rows.stores[where[label]]]
    if stored:
        stores = [_store_position(c, labels[k], rows.stores[where[labels[k]]]) for k in stored]
        levels = c.node_var("storage", stores, c.previous) * later(c)
        names = tuple(labels[k] for k in stored)
        effect = levels * Parameter(PER_KWH, names, zero[stored])
        total = total + effect.sum_into([pumps[k] for k in stored], len(nodes))
        chosen = [k for k in stored if rows.stores[where[labels[k]]] in rows.tank_largest_kwh]
        if chosen:
            sized = tuple(labels[k] for k in chosen)
            effect = _by_size(c, sized, [rows.stores[where[label]] for label in sized])
            total = total + effect.sum_into([pumps[k] for k in chosen], len(nodes))
    freely = [k for k, label in enumerate(labels) if _exchanger(rows, where[label])]
    if freely:
        before = [_exchanger(rows, where[labels[k]]) for k in freely]
        effect = _by_exchanger(c, rows, [labels[k] for k in freely], before)
        total = total + effect.sum_into([pumps[k] for k in freely], len(nodes))
    return total


def _exchanger(rows: RingRows, pump: int) -> str:
    """The part before a heat pump whose size is open; empty for none."""
    return rows.free_cooling[pump] if rows.free_cooling else ""


def _by_exchanger(c: Context, rows: RingRows, labels: list[str], parts: list[str]) -> Expression:
    """What sizes of exchangers that are to be found add to the output of their heat pumps."""
    total = Expression(len(labels), None)
    sizes = {"ring_size_choice": rows.size_choices, "ring_size_weight": rows.size_points}
    for variable, offered in sizes.items():
        found = [
            (k, place, pair(labels[k], name))
            for k, own in enumerate(parts)
            for place, (part, name) in enumerate(offered)
            if part == own
        ]
        if found:
            where, places, names = zip(*found, strict=True)
            more = Parameter(OUTPUT_BY_SIZE, names, np.zeros((len(names), c.n_time)))
            chosen = c.system.variables[variable].at(list(places))
            total = total + (chosen * more).sum_into(list(where), len(labels))
    return total


def _by_size(c: Context, labels: tuple[str, ...], tanks: list[str]) -> Expression:
    """What the sizes of tanks that are to be found add to the output of their heat pumps."""
    stores = [_store_position(c, label, tank) for label, tank in zip(labels, tanks, strict=True)]
    sizes = c.node_var("storage_cap", stores) * later(c)
    return sizes * Parameter(PER_TANK_KWH, labels, np.zeros((len(labels), c.n_time)))


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


def pump_output(c: Context, rows: RingRows) -> Expression:
    """Output of each heat pump [kWh]."""
    return c.prod(c.out_pairs([c.sets.position[label] for label in rows.heat_pumps]))


def pump_heat(c: Context, rows: RingRows) -> Expression:
    """Heat of each heat pump into the ring [kWh]."""
    output = pump_output(c, rows) * np.array(rows.sigma)
    return output - c.con(electricity_pairs(c, rows))


def plant_heat(c: Context, rows: RingRows) -> Expression:
    """Heat of each device of the scheduled plant into the ring [kWh]."""
    signs = np.array([device.sign for device in rows.devices.values()])
    return c.system.variables["ring_heat"].at() * signs


def require_plain(c: Context, pumps: list[int]) -> None:
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
