"""Two-pipe networks for tests: given trenches, random ones, and loads."""

from __future__ import annotations

import dataclasses

import numpy as np

from anello.ring import RingConfig, RingInput

CONSTANT = {"kind": "quadratic", "c0": 4.0, "c1": 0.0, "c2": 0.0, "valid_lift_k": [-1e9, 1e9]}
PLANT = {
    "backup_heater": {"max_kw": 1e5},
    "chiller": {"max_kw": 1e5, "outdoor_degc": 20.0},
    "electricity_location": "a",
}
PIPES = ("PE100 SDR11 DN160", "PE100 SDR17 DN90", "steel DN80", "steel twin DN65")


WIDE = {"bounds_degc": (-500.0, 500.0)}


def pumps(cop: dict = CONSTANT) -> dict:
    return {
        "hp": {
            "service": "heating",
            "cop_map": cop,
            "use_temperature": {"kind": "fixed", "degc": 40.0},
        },
        "ch": {
            "service": "cooling",
            "cop_map": cop,
            "use_temperature": {"kind": "fixed", "degc": 5.0},
        },
    }


def ring(branches: list[dict], *, plant: dict | None = PLANT, ring: dict | None = None, **changes):
    ends = [end for b in branches for end in (b["start"], b["end"]) if end not in ("plant", "j")]
    return RingConfig.model_validate(
        {
            "model": "two_pipe",
            "initial_degc": 14.0,
            "bounds_degc": [3.0, 30.0],
            "heat_pumps": pumps((ring or {}).pop("cop", CONSTANT)),
            "plant": plant,
            "two_pipe": {
                "substations": [{"name": n, "heat_pumps": [n]} for n in dict.fromkeys(ends)],
                "branches": branches,
                "pump_heat_to_water": False,
                **changes,
            },
            **(ring or {}),
        }
    )


def branch(start: str, end: str, **changes) -> dict:
    bare = {
        "length_m": 1000.0,
        "inner_diameter_m": 0.2,
        "wall_heat_capacity_kj_per_m3k": 0.0,
        "heat_loss_w_per_mk": 0.0,
    }
    told = {"length_m": 1000.0} if "pipe" in changes else bare
    return {"start": start, "end": end, **told, **changes}


def dispatch(loads: dict[str, np.ndarray], step_h: float = 1.0) -> RingInput:
    steps = len(next(iter(loads.values())))
    seconds = np.timedelta64(int(3600 * step_h), "s")
    shape = (len(loads), steps)
    return RingInput(
        nodes=tuple(loads),
        times=np.datetime64("2015-01-01", "ns") + np.arange(steps) * seconds,
        step_h=np.full(steps, step_h),
        q_kw=np.array(list(loads.values()), dtype=float),
        cop_dispatch=np.full(shape, 4.0),
        storage_kwh=np.full(shape, np.nan),
        storage_start_kwh=np.zeros(len(loads)),
    )


def any_network(seed: int, *, meshed: bool = False) -> tuple[RingConfig, RingInput]:
    """Return a random tree of places, or one with up to three trenches more, and what flows."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 6))
    branches = []
    for number in range(count):
        ends = ["plant" if number == 0 else f"s{rng.integers(0, number)}", f"s{number}"]
        rng.shuffle(ends)
        kind = {"pipe": str(rng.choice(PIPES))} if rng.random() < 0.8 else {}
        changes = {"length_m": float(rng.choice([3.0, 40.0, 300.0, 2000.0])), **kind}
        branches.append(branch(*ends, **changes))
    taken = {frozenset((one["start"], one["end"])) for one in branches}
    for _ in range(int(rng.integers(1, 4)) if meshed else 0):
        ends = rng.choice(["plant", *(f"s{number}" for number in range(count))], 2, replace=False)
        if frozenset(ends) not in taken:
            taken.add(frozenset(ends))
            branches.append(branch(*map(str, ends), pipe=str(rng.choice(PIPES)), length_m=300.0))
    config = ring(
        branches,
        plant=PLANT if rng.random() < 0.8 else None,
        ring={
            "cop": {"kind": "carnot"},
        },
        pump_heat_to_water=bool(rng.random() < 0.5),
        difference_k=float(rng.choice([2.0, 5.0])),
        parcels=int(rng.choice([3, 40])),
        ground={"kind": "kusuda", "mean_degc": 11.0, "amplitude_k": 9.0},
    ).model_copy(update=WIDE)
    loads = {}
    steps = 14
    for number in range(count):
        for tech in ("hp", "ch"):
            on = rng.random(steps) < rng.choice([0.0, 0.4, 1.0])
            loads[f"s{number}::{tech}"] = np.where(on, 10 ** rng.uniform(-3, 1.3, steps), 0.0)
    data = dispatch(loads)
    if config.plant is None:  # without one, nothing but the ground holds the water
        data = dataclasses.replace(data, q_kw=data.q_kw * 1e-3)
    return config, dataclasses.replace(data, step_h=rng.choice([0.25, 1.0, 2.0], steps))
