"""What the functions of the formulation see: parameters, sets and variables of one model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from anello.model.data import ModelData
from anello.optimise.formulation.capacity_prices import CapacityPrices
from anello.optimise.formulation.clusters import Clusters
from anello.optimise.formulation.expression import Array, Expression, IntArray, Parameter
from anello.optimise.formulation.months import Months
from anello.optimise.formulation.sets import Pairs, Sets
from anello.optimise.formulation.system import CLUSTER_AXIS, DATE_AXIS, TIME_AXIS, System

if TYPE_CHECKING:
    from anello.optimise.formulation.ring_rows import RingRows


class Context:
    """Access to the model while its system is being built.

    Expressions returned here have one row for each node or pair asked for, in that order.

    Parameters
    ----------
    data : ModelData
        The model.
    ring : RingRows, optional
        The ring, when its temperature and balancing are part of the programme.
    """

    def __init__(self, data: ModelData, ring: RingRows | None = None) -> None:
        inputs = data.inputs
        self.ring = ring
        self.data = data
        self.sets = Sets(data)
        self.run = data.config["run"]
        self.model = data.config["model"]
        self.groups = data.config.get("group_constraints", {})
        times = [str(t)[:16].replace("T", " ") for t in inputs["timestep"].values]
        self.n_time = len(times)
        self.clusters = Clusters.of(inputs)
        steps: dict[str, Sequence[str]] = {TIME_AXIS: times}
        if self.clusters is not None:
            steps |= {CLUSTER_AXIS: self.clusters.names, DATE_AXIS: self.clusters.datesteps}
        self.system = System(steps)
        self.resolution = np.asarray(inputs["timestep_resolution"].values, float)[None, :]
        self.weight = np.asarray(inputs["timestep_weight"].values, float)[None, :]

    # --- time ---------------------------------------------------------------------------------
    @cached_property
    def prices(self) -> CapacityPrices:
        """What a unit of each capacity costs."""
        return CapacityPrices.of(self.data.inputs, self.data.config)

    @cached_property
    def months(self) -> Months:
        """The calendar months that the model covers."""
        return Months.of(self.data.inputs)

    @cached_property
    def billed_peaks(self) -> IntArray:
        """Supplies whose peaks are billed by the month; none where only operation is decided."""
        return self.sets.monthly_peak if not self.operate else np.zeros(0, dtype=np.int64)

    @cached_property
    def previous(self) -> IntArray:
        """Number of the step before each step; the last one precedes the first."""
        order = np.arange(self.n_time) if self.clusters is None else self.clusters.order
        before = np.empty(self.n_time, dtype=np.int64)
        before[order] = np.roll(order, 1)
        return before

    @property
    def first_step(self) -> int:
        """Number of the step that none is before, unless time is a circle."""
        return 0 if self.clusters is None else int(self.clusters.order[0])

    @property
    def operate(self) -> bool:
        """Whether capacities are given and only their operation is decided, horizon by horizon."""
        return bool(self.run.get("mode") == "operate")

    @property
    def cyclic(self) -> bool:
        """Whether the last storage level precedes the first step; never in `operate` mode."""
        return bool(self.run["cyclic_storage"]) and not self.operate

    @property
    def feasible(self) -> bool:
        """Whether unmet demand and unused supply are allowed at the price ``bigM``."""
        return bool(self.run["ensure_feasibility"])

    @property
    def compat(self) -> bool:
        """Whether Calliope 0.6's arithmetic is copied where anello would mend it."""
        return bool(self.run.get("compat") == "calliope-0.6")

    # --- labels and pairs -----------------------------------------------------------------------
    @cached_property
    def export_pairs(self) -> Pairs:
        """(node, carrier) pairs that may export."""
        carriers = self.data.inputs["export_carrier"].values
        return [(int(n), str(carriers[n])) for n in self.sets.export]

    def loc_carrier_keys(self) -> dict[str, list[str]]:
        """Labels of the (location, carrier) pairs that need a balance."""
        pairs = self.sets.loc_carriers
        return {"loc": [loc for loc, _ in pairs], "carrier": [carrier for _, carrier in pairs]}

    # --- parameters ---------------------------------------------------------------------------
    def par(self, name: str, nodes: Sequence[int] | IntArray) -> Array:
        """Values with defaults, shape (k, 1), or (k, T) for a series."""
        values = np.asarray(self.data.value(name, np.asarray(nodes, dtype=np.int64)), dtype=float)
        return values[:, None] if values.ndim == 1 else values

    def tagged(self, name: str, nodes: Sequence[int] | IntArray) -> Parameter:
        """Parameter values that can be patched later in the compiled problem."""
        return Parameter(name, self.sets.names(nodes), self.par(name, nodes))

    def cost(self, name: str, cost_class: int, nodes: Sequence[int] | IntArray) -> Array:
        """Cost of one class, zero where the user gave none, shape (k, 1) or (k, T)."""
        if f"cost_{name}" not in self.data.inputs:
            return np.zeros((len(nodes), 1))
        array = self.data.inputs[f"cost_{name}"].isel(cost=cost_class, node=np.asarray(nodes))
        values: Array = np.asarray(array.values, float)
        values = np.where(np.isnan(values), 0.0, values)
        return values[:, None] if values.ndim == 1 else values

    def cost_defined(
        self, name: str, cost_class: int, nodes: Sequence[int] | IntArray
    ) -> npt.NDArray[np.bool_]:
        """Whether the user gave a cost of one class, shape (k, 1)."""
        if f"cost_{name}" not in self.data.inputs:
            return np.zeros((len(nodes), 1), dtype=bool)
        array = self.data.inputs[f"cost_{name}"].isel(cost=cost_class, node=np.asarray(nodes))
        return np.asarray(array.notnull().values)[:, None]

    def ratio(self, pairs: Pairs, tier: str) -> Array:
        """Carrier ratios of (node, carrier) pairs in a tier, shape (k, 1) or (k, T)."""
        array = self.data.inputs["carrier_ratios"]
        values: Array = np.asarray(
            array.transpose("node", "tier", "carrier", ...).values[
                [n for n, _ in pairs],
                self.sets.tiers.index(tier),
                [self.sets.carriers.index(c) for _, c in pairs],
            ],
            float,
        )
        values = values[:, None] if values.ndim == 1 else values
        return np.where(np.isnan(values), 1.0, values)

    # --- variables ----------------------------------------------------------------------------
    def _positions(self, name: str) -> dict[tuple[str, ...], int]:
        if name not in self._position_cache:
            self._position_cache[name] = self.system.variables[name].block.positions()
        return self._position_cache[name]

    @cached_property
    def _position_cache(self) -> dict[str, dict[tuple[str, ...], int]]:
        return {}

    def _pick(self, name: str, labels: Iterable[tuple[str, ...]]) -> IntArray:
        where = self._positions(name)
        return np.array([where[label] for label in labels], dtype=np.int64)

    def has(self, name: str, node: int) -> bool:
        """Whether a node has its own item of a variable."""
        return name in self.system.variables and (self.sets.labels[node],) in self._positions(name)

    def node_var(
        self,
        name: str,
        nodes: Sequence[int] | IntArray,
        steps: Sequence[int] | IntArray | None = None,
    ) -> Expression:
        """A variable indexed by node (``energy_cap``, ``storage``, …)."""
        picked = self._pick(name, [(self.sets.labels[n],) for n in nodes])
        return self.system.variables[name].at(picked, steps)

    def node_var_at(self, name: str, nodes: Sequence[int] | IntArray, step: int) -> Expression:
        """A variable indexed by node and time, at one step."""
        picked = self._pick(name, [(self.sets.labels[n],) for n in nodes])
        return self.system.variables[name].at_step(picked, step)

    def pair_var(
        self, name: str, pairs: Pairs, steps: Sequence[int] | IntArray | None = None
    ) -> Expression:
        """A variable indexed by node and carrier (``carrier_prod``, ``carrier_con``, …).

        Flows that are switched off (``energy_prod: false``) have no variable and count as zero.
        """
        if name not in self.system.variables:
            return Expression(len(pairs), self.n_time)
        variable, where = self.system.variables[name], self._positions(name)
        found = [where.get((self.sets.labels[n], c)) for n, c in pairs]
        rows = [row for row, position in enumerate(found) if position is not None]
        flow = variable.at([position for position in found if position is not None], steps)
        return flow if len(rows) == len(pairs) else flow.sum_into(rows, len(pairs))

    def prod(self, pairs: Pairs, steps: IntArray | None = None) -> Expression:
        """Production of (node, carrier) pairs, kWh."""
        return self.pair_var("carrier_prod", pairs, steps)

    def con(self, pairs: Pairs, steps: IntArray | None = None) -> Expression:
        """Consumption of (node, carrier) pairs, kWh, never positive."""
        return self.pair_var("carrier_con", pairs, steps)

    def named(self, name: str, positions: Sequence[int] | IntArray) -> Expression:
        """Some items of a named expression."""
        block, expression = self.system.expressions[name]
        keep = np.full(block.count, -1, dtype=np.int64)
        keep[np.asarray(positions, dtype=np.int64)] = np.arange(len(positions))
        return expression.pick(keep, len(positions))

    # --- pairs of single-carrier technologies ---------------------------------------------------
    def out_pairs(self, nodes: Iterable[int]) -> Pairs:
        """(node, carrier) of the one carrier each node gives."""
        return [(int(n), self.sets.tier(int(n), "out")[0]) for n in nodes]

    def in_pairs(self, nodes: Iterable[int]) -> Pairs:
        """(node, carrier) of the one carrier each node takes."""
        return [(int(n), self.sets.tier(int(n), "in")[0]) for n in nodes]
