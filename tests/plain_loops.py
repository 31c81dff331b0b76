"""Plain loops, and what heat pumps do on them, to look at the water alone."""

from __future__ import annotations

import numpy as np

from anello.ring import RingConfig, RingInput

CONSTANT = {"kind": "quadratic", "c0": 4.0, "c1": 0.0, "c2": 0.0, "valid_lift_k": [-1e9, 1e9]}


def loop(
    stations: int = 4,
    *,
    flow: float | dict = 5.0,
    length_m: float = 100.0,
    diameter_m: float = 0.2,
    loss: float | None = 0.0,
    wall: float = 0.0,
    depths: list[float] | None = None,
    cop: dict | None = None,
    ring: dict | None = None,
    **changes,
) -> RingConfig:
    segment = {
        "length_m": length_m,
        "inner_diameter_m": diameter_m,
        "wall_heat_capacity_kj_per_m3k": wall,
        "heat_loss_w_per_mk": loss,
    }
    config = RingConfig.model_validate(
        {
            "model": "loop",
            "plant": None,
            "bounds_degc": [3.0, 90.0],
            "heat_pumps": {
                "hp": {
                    "service": "heating",
                    "cop_map": cop or CONSTANT,
                    "use_temperature": {"kind": "fixed", "degc": 40.0},
                },
                "ch": {
                    "service": "cooling",
                    "cop_map": cop or CONSTANT,
                    "use_temperature": {"kind": "fixed", "degc": 5.0},
                },
            },
            "loop": {
                "substations": [
                    {"name": f"s{i}", "heat_pumps": [f"l{i}"]} for i in range(stations)
                ],
                "segments": [
                    {**segment, **({"burial_depth_m": depths[i]} if depths else {})}
                    for i in range(stations)
                ],
                "flow": {"kind": "fixed", "kg_s": flow} if isinstance(flow, float) else flow,
                "pump_heat_to_water": False,
                **changes,
            },
            **(ring or {}),
        }
    )
    # What bounds refuse is no matter here.
    return (
        config
        if "bounds_degc" in (ring or {})
        else config.model_copy(update={"bounds_degc": (-50.0, 100.0)})
    )


def dispatch(q_heat, q_cool=None, *, step_h: float = 1.0) -> RingInput:
    """Heat pumps l0::hp, l0::ch, l1::hp, …; each array of shape (stations, T)."""
    q_heat = np.atleast_2d(np.asarray(q_heat, dtype=float))
    q_cool = np.zeros_like(q_heat) if q_cool is None else np.atleast_2d(np.asarray(q_cool, float))
    stations, steps = q_heat.shape
    q = np.stack([q_heat, q_cool], axis=1).reshape(2 * stations, steps)
    start = np.datetime64("2015-01-01", "ns")
    return RingInput(
        tuple(f"l{i}::{tech}" for i in range(stations) for tech in ("hp", "ch")),
        start + (np.arange(steps) * step_h * 3.6e12).astype("timedelta64[ns]"),
        np.full(steps, step_h),
        q,
        np.full(q.shape, 4.0),
        np.full(q.shape, np.nan),
        np.zeros(2 * stations),
    )
