"""A tiny district with a made-up solution, for tests of what comes after the solver."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr

STEPS = 6


@dataclass
class FakeBlock:
    name: str
    keys: dict[str, tuple[str, ...]]
    n_time: int | None
    start: int = 0
    axis: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        count = len(next(iter(self.keys.values())))
        return (count,) if self.n_time is None else (count, self.n_time)

    @property
    def stop(self) -> int:
        return self.start + int(np.prod(self.shape))


@dataclass
class FakeData:
    inputs: xr.Dataset
    config: dict[str, Any] = field(default_factory=lambda: {"run": {"zero_threshold": 1e-10}})
    warnings: list[str] = field(default_factory=list)

    def value(self, name: str, nodes: Any = None, default: bool = True) -> np.ndarray:
        return self.inputs[name].values


class FakeSolution:
    status = "optimal"
    solver = "highs"
    solve_seconds = 0.01
    gap = 0.0
    numbers_fixed = False

    def __init__(
        self,
        values: dict[str, tuple[dict[str, tuple[str, ...]], np.ndarray]],
        duals: dict[str, tuple[dict[str, tuple[str, ...]], np.ndarray]] | None = None,
        expressions: tuple[str, ...] = ("cost", "cost_var", "cost_investment"),
    ) -> None:
        def block(name: str, keys: dict[str, tuple[str, ...]], array: np.ndarray) -> FakeBlock:
            timed = array.ndim == 2
            return FakeBlock(
                name, keys, array.shape[1] if timed else None, 0, "timestep" if timed else ""
            )

        blocks = {n: block(n, k, v) for n, (k, v) in values.items()}
        duals = duals or {}
        self.problem = SimpleNamespace(
            variables={n: b for n, b in blocks.items() if n not in expressions},
            expressions={n: b for n, b in blocks.items() if n in expressions},
            constraints={n: block(n, k, v) for n, (k, v) in duals.items()},
        )
        rows = max((b.stop for b in self.problem.constraints.values()), default=0)
        self.problem.indptr = np.zeros(rows + 1, dtype=np.int64)
        self.problem.indices = np.zeros(0, dtype=np.int64)
        self.problem.data = np.zeros(0)
        self.x = np.zeros(0)
        self._values = {n: v for n, (_, v) in values.items()}
        self._duals = {n: v for n, (_, v) in duals.items()}
        self.objective = 1234.5
        self.cost_objective = 234.5

    def value(self, name: str) -> np.ndarray:
        return self._values[name]

    def dual(self, name: str) -> np.ndarray:
        return self._duals[name]


NODES = {
    # label: (location, technology, base, partner)
    "a::grid": ("a", "grid", "supply", ""),
    "a::hp": ("a", "hp", "conversion_plus", ""),
    "a::tes": ("a", "tes", "storage", ""),
    "a::demand_heat": ("a", "demand_heat", "demand", ""),
    "a::line:b": ("a", "line:b", "transmission", "b::line:a"),
    "b::line:a": ("b", "line:a", "transmission", "a::line:b"),
    "b::demand_el": ("b", "demand_el", "demand", ""),
}


def fake_inputs(hours: float = 1.0, weight: float = 1.0, steps: int = STEPS) -> xr.Dataset:
    labels = list(NODES)
    times = np.datetime64("2015-01-01T00:00", "ns") + np.arange(steps) * np.timedelta64(
        int(hours * 60), "m"
    )
    techs = ["grid", "hp", "tes", "demand_heat", "line", "demand_el"]
    return xr.Dataset(
        {
            "tech_name": (
                "tech",
                ["Grid", "Heat pump", "Tank", "Heat demand", "Line", "Electricity demand"],
            ),
            "tech_color": ("tech", ["#9CBC90", "#E84C4C", "#EC8989", "#F50719", "#444444", ""]),
            "tech_base": (
                "tech",
                ["supply", "conversion_plus", "storage", "demand", "transmission", "demand"],
            ),
            "energy_eff": ("node", [np.nan, 4.0, 1.0, np.nan, 0.5, 0.5, np.nan], {"units": "1"}),
        },
        coords={
            "node": labels,
            "node_loc": ("node", [v[0] for v in NODES.values()]),
            "node_tech": ("node", [v[1] for v in NODES.values()]),
            "node_base": ("node", [v[2] for v in NODES.values()]),
            "node_remote": ("node", [v[3] for v in NODES.values()]),
            "timestep": times,
            "timestep_resolution": ("timestep", np.full(steps, hours)),
            "timestep_weight": ("timestep", np.full(steps, weight)),
            "loc": ["a", "b"],
            "tech": techs,
            "carrier": ["electricity", "heat"],
            "cost": ["monetary", "co2"],
        },
    )


def fake_solution(steps: int = STEPS, scale: float = 1.0) -> FakeSolution:
    """Balanced by hand: 40 kWh of heat (8 of it through the tank), 5 kWh of electricity at b."""
    ones = np.ones(steps) * scale
    wave = np.where(np.arange(steps) % 2 == 0, 1.0, 0.0) * scale
    heat_made = 40.0 * ones + 8.0 * wave - 8.0 * (ones - wave)
    electricity_for_heat = heat_made / 4.0
    sent, received = 10.0 * ones, 5.0 * ones
    production = np.stack(
        [electricity_for_heat + sent, heat_made, 8.0 * (ones - wave), 0.0 * ones, received]
    )
    consumption = np.stack(
        [-electricity_for_heat, -8.0 * wave, -40.0 * ones, -sent, 0.0 * ones, -received]
    )
    prod_keys = {
        "node": ("a::grid", "a::hp", "a::tes", "a::line:b", "b::line:a"),
        "carrier": ("electricity", "heat", "heat", "electricity", "electricity"),
    }
    con_keys = {
        "node": ("a::hp", "a::tes", "a::demand_heat", "a::line:b", "b::line:a", "b::demand_el"),
        "carrier": ("electricity", "heat", "heat", "electricity", "electricity", "electricity"),
    }
    loc_carriers = {"loc": ("a", "a", "b"), "carrier": ("electricity", "heat", "electricity")}
    cost_keys = {"cost": ("monetary", "monetary", "co2"), "node": ("a::grid", "a::hp", "a::grid")}
    cost_var = np.stack([0.3 * production[0], 0.01 * production[1], 0.2 * production[0]])
    investment = np.array([0.0, 50.0, 0.0])
    return FakeSolution(
        {
            "energy_cap": (
                {"node": tuple(NODES)},
                np.array([100.0, 50.0, 10.0, 40.0, 20.0, 20.0, 0.0]),
            ),
            "carrier_prod": (prod_keys, production),
            "carrier_con": (con_keys, consumption),
            "storage": ({"node": ("a::tes",)}, 8.0 * wave[None, :]),
            "storage_cap": ({"node": ("a::tes",)}, np.array([20.0])),
            "unmet_demand": (loc_carriers, np.zeros((3, steps)) + 1e-13),
            "unused_supply": (loc_carriers, np.zeros((3, steps))),
            "cost": (cost_keys, cost_var.sum(axis=1) + investment),
            "cost_var": (cost_keys, cost_var),
            "cost_investment": (
                {"cost": ("monetary",), "node": ("a::hp",)},
                np.array([50.0]),
            ),
        },
        {"system_balance": (loc_carriers, np.stack([0.3 * ones, 0.085 * ones, 0.6 * ones]))},
    )
