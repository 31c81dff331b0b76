"""Links between locations."""

from __future__ import annotations

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.registry import Rows, constraint


@constraint(
    "symmetric_transmission",
    index="link",
    when="transmission",
    equation=r"energy_{cap}(a \to b) = energy_{cap}(b \to a)",
)
def symmetric_transmission(c: Context) -> Rows | None:
    """Both ends of a link have the same capacity."""
    sets = c.sets
    near = [n for n in sets.of("transmission") if n < sets.position[sets.remote[n]]]
    if not near:
        return None
    far = [sets.position[sets.remote[n]] for n in near]
    relation = c.node_var("energy_cap", near) - c.node_var("energy_cap", far) == 0
    return Rows({"node": sets.names(near)}, relation)
