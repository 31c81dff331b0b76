"""System-wide policies set under ``model``: reserve margin and the deprecated group share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression
from anello.optimise.formulation.groups import PRODUCERS, SENSES, SYMBOL, Line, _stack, _total
from anello.optimise.formulation.registry import Rows, constraint


def _shares(c: Context, key: str) -> Iterator[tuple[str, list[str], Any]]:
    shares: Mapping[str, Mapping[str, Any]] = c.model.get("group_share") or {}
    for techs, limits in shares.items():
        if limits.get(key) is not None:
            yield techs, [tech.strip() for tech in techs.split(",")], limits[key]


def _group_share(sense: str) -> None:
    @constraint(
        f"group_share_energy_cap_{sense}",
        index="list of technologies",
        when=f"model.group_share with energy_cap_{sense} (deprecated)",
        equation=r"\sum_{listed} energy_{cap} "
        + SYMBOL[sense]
        + r" share \sum_{supply} energy_{cap}",
    )
    def energy_cap(c: Context) -> Rows | None:
        """Listed technologies have a share of all supply capacity."""
        among = c.sets.of("supply", "supply_plus")
        lines: list[Line] = []
        for name, techs, share in _shares(c, f"energy_cap_{sense}"):
            listed = [n for n in among if c.sets.tech[n] in techs]
            left = c.node_var("energy_cap", listed).sum_items()
            whole = c.node_var("energy_cap", among).sum_items() * float(share)
            lines.append(((name,), left - whole, 0.0))
        return _stack(lines, ("techs",), sense, "")

    @constraint(
        f"group_share_carrier_prod_{sense}",
        index="list of technologies, carrier",
        when=f"model.group_share with carrier_prod_{sense} (deprecated)",
        equation=r"\sum_t w_t \sum_{listed} carrier_{prod} "
        + SYMBOL[sense]
        + r" share \sum_t w_t \sum_{supply,conversion} carrier_{prod}",
    )
    def carrier_prod(c: Context) -> Rows | None:
        """Listed technologies have a share of all production of a carrier."""
        lines: list[Line] = []
        for name, techs, shares in _shares(c, f"carrier_prod_{sense}"):
            for carrier, share in shares.items():
                among = [
                    (n, k) for n, k in c.sets.prod if k == carrier and c.sets.base[n] in PRODUCERS
                ]
                listed = [(n, k) for n, k in among if c.sets.tech[n] in techs]
                left = _total(c, c.prod(listed), per_step=False)
                whole = _total(c, c.prod(among), per_step=False) * float(share)
                lines.append(((name, carrier), left - whole, 0.0))
        return _stack(lines, ("techs", "carrier"), sense, "")


for _sense in SENSES:
    _group_share(_sense)


@constraint(
    "reserve_margin",
    index="carrier",
    when="model.reserve_margin",
    equation=r"\sum_{supply,conversion} energy_{cap}"
    r" \ge -(1 + margin) \sum_{demand} carrier_{con,t^*} / h_{t^*}",
)
def reserve_margin(c: Context) -> Rows | None:
    """Capacity to give a carrier exceeds its demand in the step ``t*`` of highest demand."""
    margins = {
        carrier: float(margin)
        for carrier, margin in (c.model.get("reserve_margin") or {}).items()
        if carrier in c.sets.carriers
    }
    if not margins or c.operate:
        return None
    total = Expression(len(margins), None)
    for row, (carrier, margin) in enumerate(margins.items()):
        nodes = [n for n, k in c.sets.prod if k == carrier and c.sets.base[n] in PRODUCERS]
        total = total + c.node_var("energy_cap", nodes).sum_items().sum_into([row], len(margins))
        demand = [(n, k) for n, k in c.sets.con if k == carrier and c.sets.base[n] == "demand"]
        if not demand:
            continue
        at = np.array([n for n, _ in demand], dtype=np.int64)
        resource = np.broadcast_to(
            c.par("resource", at) * c.par("resource_scale", at), (len(at), c.n_time)
        )
        # Calliope 0.6 takes the step of highest energy, which may only be a long one.
        per = 1.0 if c.compat else c.resolution
        peak = int(np.argmin(np.minimum((resource / per).sum(axis=0), 0.0)))
        items = c.system.variables["carrier_con"].block.positions()
        picked = [items[(c.sets.labels[n], k)] for n, k in demand]
        taken = c.system.variables["carrier_con"].at_step(picked, peak).sum_items()
        need = taken * ((1.0 + margin) / c.resolution[0, peak])
        total = total + need.sum_into([row], len(margins))
    return Rows({"carrier": list(margins)}, total >= 0)
