"""The pipe that costs least over its life: wide ones cost more to lay, and less to pump through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.base.year import HOURS_OF_A_YEAR
from anello.district.config import DistrictConfig
from anello.district.costs import cost_table
from anello.district.from_map.catalogue import DENSITY_KG_PER_M3, Size, pipes, smallest
from anello.ring.capital import annuity

Floats = NDArray[np.float64]

MOST_PA_PER_M = 250.0
"""Largest loss of pressure in the worst hour, however cheap pumping is [Pa/m]."""


@dataclass(frozen=True)
class PipePrices:
    """What pipes cost in a year.

    Attributes
    ----------
    per_m, per_m2 : float
        A metre of trench with all that lies in it [€/m], and per metre of inner diameter [€/m²].
    share_per_year : float
        Capital and maintenance of a year, as a share of what it costs to lay [1/a].
    electricity_eur_per_kwh : float
        What the pumps pay [€/kWh].
    pump_efficiency : float
        Of the pumps [-].
    pipes_per_trench : int
        Pipes of one size that lie in a trench, through each of which the water is pumped [-].
    """

    per_m: float
    per_m2: float
    share_per_year: float
    electricity_eur_per_kwh: float
    pump_efficiency: float
    pipes_per_trench: int

    @classmethod
    def of(
        cls,
        config: DistrictConfig,
        electricity_eur_per_kwh: float,
        pump_efficiency: float,
        pipes_per_trench: int,
    ) -> PipePrices:
        """Return the prices of a described district."""
        table = cost_table(config.costs)
        told = table["pipes"]
        yearly = annuity(table["interest_rate"]["value"], told["lifetime_years"])
        return cls(
            told["capital_eur_per_m"],
            told["capital_eur_per_m2"],
            yearly + told["maintenance_share_per_year"],
            electricity_eur_per_kwh,
            pump_efficiency,
            pipes_per_trench,
        )

    def eur_per_m(self, size: Size, flow_kg_s: Floats) -> float:
        """Return what a metre of trench costs in a year, with the pumping [€/(m·a)].

        Parameters
        ----------
        size : Size
            Its pipes.
        flow_kg_s : ndarray, shape (T,)
            Flow of each in hours that stand for the year [kg/s].
        """
        laid = (self.per_m + self.per_m2 * size.inner_m) * self.share_per_year
        lost_w = size.gradients_pa_per_m(flow_kg_s) * flow_kg_s / DENSITY_KG_PER_M3
        pumped_kw = self.pipes_per_trench * float(lost_w.mean()) / self.pump_efficiency / 1000.0
        return laid + pumped_kw * HOURS_OF_A_YEAR * self.electricity_eur_per_kwh


def chosen(
    kind: str, flow_kg_s: Floats, gradient_pa_per_m: float | None, prices: PipePrices
) -> Size:
    """Return the pipe for a flow.

    Parameters
    ----------
    kind : str
        A kind of the catalogue.
    flow_kg_s : ndarray, shape (T,)
        Flow in hours that stand for the year [kg/s].
    gradient_pa_per_m : float, optional
        Largest loss of pressure in the worst hour, which the smallest pipe is taken for; by default
        the pipe is the one that costs least, at `MOST_PA_PER_M` at most [Pa/m].
    prices : PipePrices
        What that is about.

    Raises
    ------
    InputError
        If the largest size is too small.
    """
    worst_kg_s = float(flow_kg_s.max())
    if gradient_pa_per_m is not None:
        return smallest(kind, worst_kg_s, gradient_pa_per_m)
    least = smallest(kind, worst_kg_s, MOST_PA_PER_M)
    wide_enough = [size for size in pipes(kind) if size.inner_m >= least.inner_m]
    return min(wide_enough, key=lambda size: prices.eur_per_m(size, flow_kg_s))
