"""A reservoir network of three buildings, a sewage plant and a borefield as anello's loop.

The network is `Buildings.DHC.Examples.Combined.SeriesConstantFlow` of the Modelica Buildings
Library, after Sommer et al. (2020), doi:10.1016/j.energy.2020.117418. Run as a script it prints
the comparison with that library's own result.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from anello.ring.config import RingConfig
from anello.ring.exchange import RingInput, RingResult
from anello.ring.pipe import friction_factor
from anello.ring.simulation import simulate

Floats = NDArray[np.float64]
BUILDINGS = ("office", "residential", "hospital")
MULTIPLIER = 10.0
FLOW_KG_S = 95.0
SHORT_S, HOUR_S, DAYS = 30.0, 3600.0, 7
KELVIN = 273.15
DENSITY, VISCOSITY, ROUGHNESS_M = 999.0, 1.2e-3, 7e-6
PA_PER_M = 69.3
PUMP_EFFICIENCY = 0.45
"""Not part of the case: 0.49 is the library's default at a pump's best point (0.7 hydraulic, 0.7
motor), and this one runs at a third of its nominal head."""
SPREAD_K, APPROACH_K, LOOP_MIN_DEGC = 4.0, 2.0, 6.0
"""Spread at the evaporator; refrigerant beyond the water at full load; the loop's minimum."""


def carnot_share(cop: float, supply_degc: float) -> float:
    """Share of Carnot's COP, from a COP at full load and the loop's minimum [-]."""
    warm = supply_degc + APPROACH_K + KELVIN
    cold = LOOP_MIN_DEGC - SPREAD_K - APPROACH_K + KELVIN
    return cop * (warm - cold) / warm


def main_pipe_m() -> float:
    """Inner diameter at which the main pipe loses `PA_PER_M` [m]."""

    def excess(diameter: float) -> float:
        speed = FLOW_KG_S / (DENSITY * np.pi * diameter**2 / 4.0)
        reynolds = np.array([DENSITY * speed * diameter / VISCOSITY])
        factor = float(friction_factor(reynolds, ROUGHNESS_M / diameter)[0])
        return factor / diameter * DENSITY * speed**2 / 2.0 - PA_PER_M

    return float(brentq(excess, 0.1, 1.0))


def ring() -> RingConfig:
    """The network's settings."""
    pipe = {
        "inner_diameter_m": main_pipe_m(),
        "wall_heat_capacity_kj_per_m3k": 0.0,
        "heat_loss_w_per_mk": 0.0,
        "roughness_mm": ROUGHNESS_M * 1000.0,
    }
    places = [{"name": "field"}, {"name": "plant", "plant": True}]
    places += [{"name": name, "heat_pumps": [name]} for name in BUILDINGS]
    pumps = {}
    for tech, cop, supply in (("heating", 4.0, 38.0), ("dhw", 2.3, 63.0)):
        pumps[tech] = {
            "service": tech,
            "use_temperature": {"kind": "fixed", "degc": supply},
            "cop_map": {
                "kind": "carnot",
                "fraction": carnot_share(cop, supply),
                "pinch_use_k": 0.0,
                "pinch_ring_k": SPREAD_K,
                "cop_max": 40.0,
            },
        }
    return RingConfig.model_validate(
        {
            "model": "loop",
            "initial_degc": 20.0,
            "bounds_degc": (3.0, 25.0),
            "fluid": {"kind": "water", "density_kg_per_m3": DENSITY, "viscosity_pa_s": VISCOSITY},
            "heat_pumps": pumps,
            "plant": {
                "control": "schedule",
                "wells": {"well_degc": 17.0, "max_flow_kg_s": 11.45, "effectiveness": 0.935},
                "borefield": {
                    "field": {"kind": "rectangle", "rows": 10, "columns": 35, "spacing_m": 10.0},
                    "depth_m": 300.0,
                    "buried_m": 1.0,
                    "radius_m": 0.095,
                    "pipes": {
                        "tubes": "double",
                        "outer_diameter_m": 0.04,
                        "wall_thickness_m": 0.0037,
                        "pipe_w_per_mk": 0.5,
                        "half_shank_m": 0.05,
                        "grout_w_per_mk": 2.0,
                    },
                    "soil_w_per_mk": 2.3,
                    "soil_kj_per_m3k": 2600.0,
                    "surface_degc": 9.2,  # 9.4 °C at a depth of 10 m
                    "gradient_k_per_m": 0.02,
                    "flow_kg_s": FLOW_KG_S,
                    "effectiveness": 1.0,
                    "always": True,
                    "substation": "field",
                },
            },
            "loop": {
                "substations": places,
                "segments": [
                    {"length_m": length, **pipe} for length in (50.0, 100.0, 100.0, 100.0, 350.0)
                ],
                "flow": {"kind": "fixed", "kg_s": FLOW_KG_S},
                "pump_efficiency": PUMP_EFFICIENCY,
                "pump_heat_to_water": False,
            },
        }
    )


@dataclass(frozen=True)
class Case:
    """A week of loads.

    Attributes
    ----------
    data : RingInput
        Heat of the buildings.
    use_degc : ndarray, shape (H, T)
        What the heat pumps work against [°C].
    """

    data: RingInput
    use_degc: Floats


def case(folder: Path, step_s: float) -> Case:
    """Read the first week's loads; hourly values stand at the hour, and lines between them."""
    steps = int(DAYS * 86400 / step_s)
    middle_h = (np.arange(int(DAYS * 86400 / SHORT_S)) + 0.5) * SHORT_S / 3600.0

    def by_step(values: Floats) -> Floats:
        return values.reshape(steps, -1).mean(axis=1)

    nodes, heat, use = [], [], []
    for name in BUILDINGS:
        with open(folder / f"loads_{name}.csv", newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        for tech in ("heating", "dhw"):
            load = np.array([float(row[f"{tech}_w"]) for row in rows]) * MULTIPLIER / 1000.0
            now = np.interp(middle_h, np.arange(load.size), load)
            share = now / load.max()
            supply = 28.0 + 10.0 * share if tech == "heating" else np.full(share.size, 63.0)
            nodes.append(f"{name}::{tech}")
            heat.append(by_step(now))
            # The refrigerant is further from both waters at higher load; all of it on one side
            # keeps the lift.
            use.append(by_step(supply + 2.0 * APPROACH_K * share))
    start = np.datetime64("2019-01-01", "ns")
    step = np.timedelta64(int(step_s), "s")
    shape = (len(nodes), steps)
    data = RingInput(
        nodes=tuple(nodes),
        times=start + np.arange(steps) * step,
        step_h=np.full(steps, step_s / 3600.0),
        q_kw=np.array(heat),
        cop_dispatch=np.full(shape, 4.0),
        storage_kwh=np.full(shape, np.nan),
        storage_start_kwh=np.zeros(len(nodes)),
    )
    return Case(data, np.array(use))


def run(folder: Path, step_s: float) -> RingResult:
    """Simulate the week in steps of a length [s]."""
    week = case(folder, step_s)
    schedule = {"wells": np.full(week.data.times.size, np.inf)}
    return simulate(ring(), week.data, schedule=schedule, use_degc=week.use_degc)


@dataclass(frozen=True)
class Comparison:
    """How far anello is from the reference after the first day.

    Attributes
    ----------
    rms_k, bias_k : dict of str to float
        Root mean square and mean of the difference, by temperature [K].
    electricity : dict of str to (float, float)
        anello's and the reference's electricity [kWh].
    """

    rms_k: dict[str, float]
    bias_k: dict[str, float]
    electricity: dict[str, tuple[float, float]]


def compare(folder: Path, step_s: float = SHORT_S, first_h: float = 24.0) -> Comparison:
    """Simulate, and compare with the library's result from an hour on."""
    known = json.loads((folder / "reference_constant_flow_week.json").read_text(encoding="utf-8"))
    result = run(folder, step_s)
    assert result.node_degc is not None
    assert result.field is not None
    at_h = np.array(known["time_s"]) / 3600.0
    late = at_h >= first_h
    edges_h = np.arange(result.times.size + 1) * step_s / 3600.0
    middles_h = 0.5 * (edges_h[1:] + edges_h[:-1])
    mean_s = 300.0  # about what the library's sensors and mixing volumes smooth over
    window = np.ones(max(int(mean_s / step_s), 1)) / max(int(mean_s / step_s), 1)

    def smooth(values: Floats) -> Floats:
        padded = np.concatenate([np.full(window.size - 1, values[0]), values])
        return np.convolve(padded, window, mode="valid")

    arriving = {
        "behind the borefield": (1, "TDisWatBorLvg.T"),
        "behind plant and borefield": (2, "TDisWatSup.T"),
        "at the office": (2, "bui[1].ets.volMix_a.T"),
        "at the residences": (3, "bui[2].ets.volMix_a.T"),
        "at the hospital": (4, "bui[3].ets.volMix_a.T"),
        "behind the last building": (0, "TDisWatRet.T"),
    }
    rms, bias = {}, {}
    pairs = {
        words: (smooth(result.node_degc[:-1, place]), key)
        for words, (place, key) in arriving.items()
    }
    walls_degc = result.field.wall_degc
    pairs["borehole wall"] = (0.5 * (walls_degc[1:] + walls_degc[:-1]), "borFie.TBorAve")
    for words, (ours, key) in pairs.items():
        theirs = np.array(known[key]) - KELVIN
        error = (np.interp(at_h, middles_h, ours) - theirs)[late]
        rms[words] = float(np.sqrt((error**2).mean()))
        bias[words] = float(error.mean())

    def energy(power_kw: Floats, key: str) -> tuple[float, float]:
        ours = np.concatenate([[0.0], np.cumsum(power_kw * result.step_h)])
        theirs = np.array(known[key]) / 3.6e6
        own = np.interp(at_h, edges_h, ours)
        return float(own[late][-1] - own[late][0]), float(theirs[late][-1] - theirs[late][0])

    electricity = {
        "heat pumps": energy(result.p_kw.sum(axis=0), "EHeaPum.y"),
        "circulation pump": energy(result.pump_kw, "EPumDis.y"),
    }
    return Comparison(rms, bias, electricity)


def main(folder: Path) -> None:
    """Print the comparison as the documentation's tables."""
    short, hourly = compare(folder, SHORT_S), compare(folder, HOUR_S)
    print("| | 30 s: RMS [K] | bias [K] | an hour: RMS [K] | bias [K] |\n|---|---|---|---|---|")
    for name in short.rms_k:
        both = (f"{one.rms_k[name]:.2f} | {one.bias_k[name]:+.2f}" for one in (short, hourly))
        print(f"| {name} | {' | '.join(both)} |")
    print("\n| | reference [kWh] | 30 s [kWh] | | an hour [kWh] | |\n|---|---|---|---|---|---|")
    for name, (_, theirs) in short.electricity.items():
        own = (one.electricity[name][0] for one in (short, hourly))
        told = (f"{kwh:,.0f} | {100 * (kwh / theirs - 1):+.1f} %" for kwh in own)
        print(f"| {name} | {theirs:,.0f} | {' | '.join(told)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
