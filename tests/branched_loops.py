"""Loops with branches, plain and random, to look at the water alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from anello.ring import RingConfig
from plain_loops import loop


def pipe(length_m: float = 80.0, diameter_m: float = 0.1, **more: Any) -> dict[str, Any]:
    """Return a pipe without wall, and without loss unless told."""
    plain = {"wall_heat_capacity_kj_per_m3k": 0.0, "heat_loss_w_per_mk": 0.0}
    return {**plain, "length_m": length_m, "inner_diameter_m": diameter_m, **more}


def branched(
    branches: list[dict[str, Any]], *, stations: int = 2, flow: float | dict = 5.0, **changes: Any
) -> RingConfig:
    """Return a loop of substations s0, s1, …, with branches."""
    return loop(stations, flow=flow, branches=branches, **changes)


def random_tree(seed: int, *, loss: bool = True) -> tuple[RingConfig, int]:
    """Return a loop with random branches, and how many places it has; each has heat pumps.

    Of every seventh seed, the seventh first, the flow follows the load.
    """
    rng = np.random.default_rng(seed)
    stations = int(rng.integers(1, 4))
    names = [f"s{i}" for i in range(stations)]
    left = dict.fromkeys(names, 0.9)
    branches = []
    for number in range(int(rng.integers(1, 6))):
        start = str(rng.choice(names))
        share = float(rng.uniform(0.2, 0.8)) * left[start]
        left[start] -= share
        end = f"b{number}"
        coefficient = float(rng.uniform(0.0, 3.0)) if loss else 0.0
        branches.append(
            {
                "start": start,
                "end": end,
                "share": share,
                "heat_pumps": [f"l{stations + number}"],
                **pipe(
                    float(rng.uniform(1.0, 400.0)),
                    float(rng.uniform(0.05, 0.2)),
                    heat_loss_w_per_mk=coefficient,
                    burial_depth_m=float(rng.uniform(0.5, 2.0)),
                ),
            }
        )
        names.append(end)
        left[end] = 0.9
    flow: Any = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 60.0))
    if seed % 7 == 6:
        flow = {"kind": "proportional", "kg_s_per_kw": 0.5, "reversed": flow < 0.0}
    config = branched(
        branches,
        stations=stations,
        flow=flow,
        loss=float(rng.uniform(0.0, 3.0)) if loss else 0.0,
        ground={"kind": "kusuda", "mean_degc": 12.0, "amplitude_k": 8.0},
        pump_heat_to_water=True,
    )
    return config, stations + len(branches)
