"""Which nodes a limit of a group constraint counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anello.model.data.data import ModelData
from anello.model.schema.parameters import group_limit_bases, group_limit_names


def counted_bases(group: Mapping[str, Any], limit: str) -> tuple[str, ...]:
    """Return the base technologies that a limit of a group counts.

    Limits on capacities and costs of one group count what each of them may count.

    Parameters
    ----------
    group : mapping
        The group: its limits, and perhaps ``techs`` and ``locs``.
    limit : str
        For example ``energy_cap_share_max``.
    """
    per, bases = group_limit_names(), group_limit_bases()
    together = [limit]
    if per[limit] != "carrier":
        together += [other for other in group if other in per and per[other] != "carrier"]
    return tuple(base for base in bases[limit] if all(base in bases[other] for other in together))


def counted_nodes(data: ModelData, group: Mapping[str, Any], limit: str) -> np.ndarray:
    """Return the positions of nodes that a limit counts, whatever their carriers, shape (k,).

    Parameters
    ----------
    data : ModelData
        The model.
    group : mapping
        Without ``techs`` it holds for all technologies, without ``locs`` at all locations; where
        either is an empty list, for none.
    limit : str
        For example ``energy_cap_share_max``.
    """
    mask = np.isin(data.inputs["node_base"].values, counted_bases(group, limit))
    techs, locs = group.get("techs"), group.get("locs")
    if techs is not None:
        mask &= np.isin(plain_techs(data), techs)
    if locs is not None:
        mask &= np.isin(data.inputs["node_loc"].values.astype(str), locs)
    return np.flatnonzero(mask)


def plain_techs(data: ModelData) -> np.ndarray:
    """Return each node's technology, of a link without its other end, shape (k,)."""
    return np.array([str(t).split(":")[0] for t in data.inputs["node_tech"].values], dtype=str)
