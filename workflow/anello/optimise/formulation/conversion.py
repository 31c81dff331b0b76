"""Conversion of one carrier into another."""

from __future__ import annotations

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.registry import Rows, constraint
from anello.optimise.formulation.ring.heat import cop_feedback
from anello.optimise.formulation.system import TIME_AXIS


@constraint(
    "balance_conversion",
    index="node, timestep",
    when="conversion",
    equation=r"carrier_{prod} = -\eta_{energy} \cdot carrier_{con}",
)
def balance_conversion(c: Context) -> Rows | None:
    """What a conversion gives is what it takes times its efficiency (a heat pump's COP)."""
    nodes = c.sets.of("conversion")
    if not len(nodes):
        return None
    taken = c.con(c.in_pairs(nodes)) * c.tagged("energy_eff", nodes)
    balance = c.prod(c.out_pairs(nodes)) + taken
    feedback = cop_feedback(c, nodes)
    relation = balance == 0 if feedback is None else balance - feedback == 0
    return Rows({"node": c.sets.names(nodes)}, relation, TIME_AXIS)
