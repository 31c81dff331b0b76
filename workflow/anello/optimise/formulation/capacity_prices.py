"""What a unit of each capacity costs over the time that a model covers.

The programme's cost, the simulated true cost and the parts of a cost are made from these numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from anello.base.year import HOURS_OF_A_YEAR, hours_modelled
from anello.optimise.formulation.expression import Array, IntArray


@dataclass(frozen=True)
class CapacityPrices:
    """Prices of capacity as the objective charges them.

    Attributes
    ----------
    inputs : xarray.Dataset
        Model data.
    years : float
        Share of a year that is charged; 0 in `operate` mode, where capacity is given [a].
    full_links : bool
        Whether a link's yearly cost is charged in full at both ends, as Calliope 0.6 does.
    """

    inputs: xr.Dataset
    years: float
    full_links: bool = False

    @classmethod
    def of(cls, inputs: xr.Dataset, config: Mapping[str, Any]) -> CapacityPrices:
        """Return the prices of a model.

        Parameters
        ----------
        inputs : xarray.Dataset
            Its data.
        config : mapping
            Its configuration, with ``run``.
        """
        run = config.get("run") or {}
        years = hours_modelled(inputs) / HOURS_OF_A_YEAR
        operated = run.get("mode") == "operate"
        return cls(inputs, 0.0 if operated else years, run.get("compat") == "calliope-0.6")

    def price(self, name: str, cost_class: int, nodes: IntArray) -> Array:
        """Return a price of one cost class, zero where the user gave none, shape (K, 1).

        Parameters
        ----------
        name : str
            Such as ``energy_cap``, without ``cost_``.
        cost_class : int
            Position of the class.
        nodes : ndarray of int, shape (K,)
            Positions of the nodes.
        """
        found = self._found(name, cost_class, nodes)
        return np.zeros((len(nodes), 1)) if found is None else np.where(np.isnan(found), 0.0, found)

    def per_price(self, cost_class: int, nodes: IntArray) -> Array:
        """Return the cost of a capacity whose price is 1, with interest and upkeep, (K, 1)."""
        fraction = 1.0 + self.price("om_annual_investment_fraction", cost_class, nodes)
        return self.depreciation(cost_class, nodes) * self.share(nodes) * fraction

    def capacity(self, name: str, cost_class: int, nodes: IntArray) -> Array:
        """Return what a unit of a capacity costs, without the yearly cost of power, (K, 1)."""
        return self.price(name, cost_class, nodes) * self.per_price(cost_class, nodes)

    def yearly(self, cost_class: int, nodes: IntArray) -> Array:
        """Return the yearly cost of a kW of ``energy_cap``, a demand charge among it, (K, 1)."""
        share = np.full((len(nodes), 1), self.years) if self.full_links else self.share(nodes)
        return self.price("om_annual", cost_class, nodes) * share

    def depreciation(self, cost_class: int, nodes: IntArray) -> Array:
        """Return the yearly share of an investment, 1 where no interest and lifetime are given."""
        found = self._found("depreciation_rate", cost_class, nodes)
        if found is None:
            return np.ones((len(nodes), 1))
        return np.where(np.isnan(found), 1.0, found)

    def share(self, nodes: IntArray) -> Array:
        """Return the share of a yearly cost that is charged; half of it at each end of a link."""
        link = self.inputs.variables["node_base"].values[nodes] == "transmission"
        return np.where(link, 0.5, 1.0)[:, None] * self.years

    def _found(self, name: str, cost_class: int, nodes: IntArray) -> Array | None:
        # Asked for a name that it does not have, a data set looks for similar ones.
        if f"cost_{name}" not in self.inputs:
            return None
        prices = self.inputs.variables[f"cost_{name}"]
        if not {"cost", "node"} <= set(prices.dims):
            return None
        values = prices.isel(cost=cost_class, node=np.asarray(nodes)).values
        return np.asarray(values, float)[:, None]
