"""Index sets of the formulation: which locations and technologies take part in what."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from anello.model.data import ModelData
from anello.model.data.roles import INVESTMENT_COSTS, VARIABLE_COSTS, areas, given, stores

IntArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Pairs = list[tuple[int, str]]

IN_TIERS = ("in", "in_2", "in_3")
OUT_TIERS = ("out", "out_2", "out_3")


class Sets:
    """Sets of node positions and of (node, carrier) pairs, derived once from the model data.

    A node is one technology at one location; sets hold its position on the ``node`` axis.

    Parameters
    ----------
    data : ModelData
        The model.
    """

    def __init__(self, data: ModelData) -> None:
        inputs = data.inputs
        self._data = data
        self.labels: list[str] = [str(v) for v in inputs["node"].values]
        self.loc: list[str] = [str(v) for v in inputs["node_loc"].values]
        self.tech: list[str] = [str(v) for v in inputs["node_tech"].values]
        self.base = np.array([str(v) for v in inputs["node_base"].values])
        self.remote: list[str] = [str(v) for v in inputs["node_remote"].values]
        self.carriers: list[str] = [str(v) for v in inputs["carrier"].values]
        self.costs: list[str] = [str(v) for v in inputs["cost"].values]
        self.tiers: list[str] = [str(v) for v in inputs["tier"].values]
        self._tier_carrier = np.asarray(inputs["tier_carrier"].values, dtype=bool)
        self.position = {label: n for n, label in enumerate(self.labels)}

    # --- nodes --------------------------------------------------------------------------------
    def of(self, *bases: str) -> IntArray:
        """Nodes whose technology descends from one of the base technologies."""
        return np.flatnonzero(np.isin(self.base, bases)).astype(np.int64)

    def names(self, nodes: Iterable[int]) -> tuple[str, ...]:
        """Labels of nodes."""
        return tuple(self.labels[n] for n in nodes)

    def plain_tech(self, node: int) -> str:
        """Technology of a node without the remote location of a transmission technology."""
        return self.tech[node].split(":")[0]

    def defined(self, name: str) -> Mask:
        """Nodes for which the user gave the parameter (or any cost class of it)."""
        return self._data.defined(name)

    def truthy(self, name: str) -> Mask:
        """Nodes for which the parameter, default included, is not zero at some time."""
        values = self._data.value(name, np.arange(len(self.labels)))
        mask: Mask = np.nan_to_num(np.asarray(values, float)) != 0
        return np.asarray(mask.any(axis=1)) if mask.ndim == 2 else mask

    @cached_property
    def all(self) -> IntArray:
        """Every node."""
        return np.arange(len(self.labels), dtype=np.int64)

    @cached_property
    def store(self) -> IntArray:
        """Storage technologies, and supply_plus technologies with a storage parameter."""
        return stores(self._data)

    @cached_property
    def area(self) -> IntArray:
        """Nodes with a collecting area: any area parameter or cost, or a resource per area."""
        return areas(self._data)

    @cached_property
    def resource_unit(self) -> list[str]:
        """Unit of the resource of each node (``energy`` by default)."""
        return [str(v) or "energy" for v in self._data.inputs["resource_unit"].values]

    @cached_property
    def finite_resource(self) -> Mask:
        """Nodes with a limited resource (or a demand)."""
        values = self._data.value("resource", self.all)
        values = values[:, None] if values.ndim == 1 else values
        takes = np.isin(self.base, ("supply", "supply_plus", "demand"))
        finite: Mask = ~np.isinf(values).any(axis=1) & ~np.isnan(values).all(axis=1)
        return takes & finite

    @cached_property
    def export(self) -> IntArray:
        """Nodes that may export a carrier."""
        return np.flatnonzero(self.defined("export_carrier"))

    @cached_property
    def units(self) -> IntArray:
        """Nodes built in integer units (any ``units_*`` parameter)."""
        return np.flatnonzero(given(self._data, "units_", costs=False))

    @cached_property
    def purchase(self) -> IntArray:
        """Nodes with a cost of purchase that are not built in units: a yes-or-no decision."""
        mask = self.defined("cost_purchase")
        mask[self.units] = False
        return np.flatnonzero(mask)

    @cached_property
    def asynchronous(self) -> IntArray:
        """Nodes that may not produce and consume at once."""
        mask = self.truthy("force_asynchronous_prod_con") & self.defined(
            "force_asynchronous_prod_con"
        )
        allowed = np.zeros_like(mask)
        allowed[self.store] = True
        allowed[self.of("transmission")] = True
        return np.flatnonzero(mask & allowed)

    @cached_property
    def investment_cost(self) -> IntArray:
        """Nodes with a cost of capacity, purchase or yearly operation."""
        return np.flatnonzero(np.any([self.defined(n) for n in INVESTMENT_COSTS], axis=0))

    @cached_property
    def variable_cost(self) -> IntArray:
        """Nodes with a cost of production, consumption or export."""
        return np.flatnonzero(np.any([self.defined(n) for n in VARIABLE_COSTS], axis=0))

    @cached_property
    def monthly_peak(self) -> IntArray:
        """Nodes whose highest output of each month has a price."""
        return np.flatnonzero(self.defined("cost_monthly_peak"))

    @cached_property
    def cost(self) -> IntArray:
        """Nodes with any cost."""
        running = np.union1d(self.variable_cost, self.monthly_peak)
        return np.union1d(self.investment_cost, running).astype(np.int64)

    # --- carriers -----------------------------------------------------------------------------
    def tier(self, node: int, tier: str) -> list[str]:
        """Carriers of a node in one tier (``in``, ``in_2``, …, ``out_3``)."""
        flags = self._tier_carrier[node, self.tiers.index(tier)]
        return [c for c, flag in zip(self.carriers, flags, strict=True) if flag]

    def _pairs(self, switch: str, tiers: tuple[str, ...]) -> Pairs:
        on = self.truthy(switch)
        rows = [self.tiers.index(t) for t in tiers]
        flags: Mask = np.any(self._tier_carrier[:, rows], axis=1)
        return [
            (n, c)
            for n in range(len(self.labels))
            if on[n]
            for c, flag in zip(self.carriers, flags[n], strict=True)
            if flag
        ]

    @cached_property
    def prod(self) -> Pairs:
        """(node, carrier) pairs that can produce."""
        return self._pairs("energy_prod", OUT_TIERS)

    @cached_property
    def con(self) -> Pairs:
        """(node, carrier) pairs that can consume."""
        return self._pairs("energy_con", IN_TIERS)

    @cached_property
    def loc_carriers(self) -> list[tuple[str, str]]:
        """(location, carrier) pairs that need a balance."""
        seen = dict.fromkeys((self.loc[n], c) for n, c in [*self.prod, *self.con])
        return list(seen)

    def pair_keys(self, pairs: Pairs) -> dict[str, list[str]]:
        """Labels of (node, carrier) pairs."""
        return {"node": [self.labels[n] for n, _ in pairs], "carrier": [c for _, c in pairs]}

    def select(self, pairs: Pairs, nodes: Iterable[int]) -> Pairs:
        """Pairs whose node is among ``nodes``."""
        wanted = {int(n) for n in nodes}
        return [(n, c) for n, c in pairs if n in wanted]
