"""Couple districts drawn at random to their end, and say how many searches converge.

    python benchmarks/campaign.py [--count 200] [--years 20] [--first 0] [--found FILE]

Each district has 1 to 6 locations, a climate of its own, tanks or none, well-mixed water or a loop
with one of three kinds of flow, and 3 days to a year. The plant is sized from its loads, and
every setting has its default. The page is docs/reference/verification.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict, Iteration  # noqa: E402
from anello.coupling.merit import judged_eur  # noqa: E402
from anello.district.config import DistrictConfig, parse_district  # noqa: E402
from anello.district.model_folder import write_district  # noqa: E402
from anello.district.project import run_settings  # noqa: E402
from anello.errors import AnelloError  # noqa: E402
from anello.model.data import ModelData  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from anello.run.scenario_config import merge  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "verification.md"
BEGIN, END = "<!-- campaign: begin -->\n", "<!-- campaign: end -->"
CLIMATES = {"cold": (6.0, 11.0), "mild": (11.0, 7.0), "Milan": (14.0, 11.0), "warm": (19.0, 8.0)}


@dataclass(frozen=True)
class Found:
    """How one district ended.

    `judged_eur` is its cost as the search judges it, with the penalty of water beyond the bounds,
    by how far and how long, and of demand that is not met; `fixed_judged_eur` is the fixed point's.
    """

    seed: int
    kind: str
    days: int
    status: str
    programmes: int
    cost_eur: float
    fixed_eur: float
    gap: float
    seconds: float
    why: str = ""
    judged_eur: float = np.nan
    fixed_judged_eur: float = np.nan


def district(seed: int) -> tuple[DistrictConfig, dict[str, Any]]:
    """Return a random description, and the loop's settings (empty for well-mixed water)."""
    rng = np.random.default_rng(seed)
    mean, amplitude = CLIMATES[str(rng.choice(list(CLIMATES)))]
    locations: dict[str, Any] = {}
    floor = 0.0
    for number in range(int(rng.integers(1, 7))):
        office = bool(rng.random() < 0.3)
        area, count = float(rng.uniform(300, 4000)), int(rng.integers(1, 6))
        floor += area * count
        place: dict[str, Any] = {
            "buildings": [
                {
                    "use": "office" if office else "residential",
                    "count": count,
                    "floor_area_m2": round(area),
                    "insulation": str(rng.choice(["average", "good", "nzeb"])),
                }
            ]
        }
        if rng.random() < 0.5:
            place["roofs"] = [{"peak_kw": round(area * count * 0.03, 1)}]
        if rng.random() < 0.6:
            volume = round(area * count * float(rng.uniform(0.003, 0.02)), 1)
            place["tanks"] = {
                "heating": {
                    "volume_m3": volume,
                    "temperature_min_degc": 28,
                    "temperature_max_degc": 40,
                }
            }
        locations[f"place{number}"] = place
    content = {
        "name": f"District {seed}",
        "seed": seed,
        # The loads, and heat pumps as poor as those in the air, of tables that were published.
        "diversity_hours": 0,
        "heat_pump_fit": "air_source",
        "weather": {
            "source": "synthetic",
            "mean_temperature_degc": mean,
            "seasonal_amplitude_k": amplitude,
        },
        "locations": locations,
        "loop": {"water_mass_kg": float(rng.uniform(5.0, 60.0)) * floor / 10.0},
        "wells": {"temperature_degc": float(rng.uniform(12.5, 16.0))},
    }
    loop: dict[str, Any] = {}
    if rng.random() < 0.5:
        loop = _loop(rng, list(locations), content["loop"]["water_mass_kg"], floor)
    return parse_district(content), loop


def _loop(
    rng: np.random.Generator, places: list[str], mass_kg: float, floor: float
) -> dict[str, Any]:
    """Return a loop with the ring's water: the plant, then one substation per location."""
    diameter = 0.3
    count = len(places) + 1
    length = mass_kg / 1000.0 / (np.pi * diameter**2 / 4.0) / count
    # Wide enough for 40 W/m2 at a spread of 3 to 8 K.
    kg_s = 0.04 * floor / (4.18 * float(rng.uniform(3.0, 8.0)))
    flow: dict[str, Any] = {"kind": "fixed", "kg_s": kg_s}
    if rng.random() < 0.3:
        flow = {
            "kind": "proportional",
            "kg_s_per_kw": 2.0 * kg_s / (0.04 * floor),
            "min_kg_s": 0.3 * kg_s,
            "max_kg_s": 2.0 * kg_s,
        }
    elif rng.random() < 0.5:
        flow["kg_s"] = -kg_s
    stations = [{"name": "plant house", "plant": True}]
    stations += [{"name": f"at {place}", "heat_pumps": [place]} for place in places]
    pipe = {"length_m": float(length), "inner_diameter_m": diameter}
    return {
        "model": "loop",
        "loop": {"substations": stations, "segments": [pipe] * count, "flow": flow},
    }


def drawn(seed: int, days: int) -> tuple[ModelData, RingConfig]:
    """Return a random district's model over so many days of its year, and its ring."""
    rng = np.random.default_rng([seed, 7])
    first = int(rng.integers(0, max(1, 365 - days)))
    span = [str(np.datetime64("2015-01-01") + k) for k in (first, first + days - 1)]
    config, loop = district(seed)
    with tempfile.TemporaryDirectory() as folder:
        written = write_district(config, Path(folder) / "model")
        settings = run_settings(config, written, "district.yaml")
        scenarios = settings["scenario_definitions"]
        name = "smart" if "smart" in scenarios else "baseline"
        ring = merge(settings["ring"], scenarios[name].get("ring", {}))
        data = read_model(written.model, scenario=name, override_dict={"model.subset_time": span})
    return data, RingConfig.model_validate(merge(ring, loop))


def length(seed: int) -> int:
    """Return how many days a random district is coupled over, if not a year."""
    return int(np.random.default_rng([seed, 11]).integers(3, 29))


def couple(seed: int, days: int) -> Found:
    """Run one district to its end, and the fixed point beside it."""
    start = time.perf_counter()
    data, rings = drawn(seed, days)
    kind = "well mixed" if rings.loop is None else f"loop, {rings.loop.flow.kind}"
    searched = CoupledDistrict(data, rings, CouplingConfig())
    try:
        done = searched.run(must_converge=False)
    except AnelloError as error:
        return Found(
            seed,
            kind,
            days,
            "failed",
            0,
            np.nan,
            np.nan,
            np.nan,
            time.perf_counter() - start,
            f"{type(error).__name__}: {str(error)[:150]}",
        )
    plain = CouplingConfig.model_validate({"method": "fixed_point", "max_iterations": 8})
    fixed = CoupledDistrict(data, rings, plain).run(must_converge=False)
    record = done.record
    status = "converged" if record.converged else "stalled" if record.stalled else "limit"
    last = record.best
    gap = abs(last.j_lp_eur - last.j_sim_eur) / max(abs(last.j_sim_eur), 1.0)
    return Found(
        seed,
        kind,
        days,
        status,
        len(record.trace),
        done.best.cost.total_eur,
        fixed.best.cost.total_eur,
        gap,
        time.perf_counter() - start,
        "" if status == "converged" else record.trace[-1].parting or "",
        judged(searched, done.best),
        judged(searched, fixed.best),
    )


def judged(district: CoupledDistrict, best: Iteration) -> float:
    """Return what a dispatch costs as a search judges it [€].

    A dispatch that leaves the ring beyond its bounds, or demand unmet, is no alternative.
    """
    assert district.rows is not None
    return judged_eur(district.rows, best.dispatch, best.flows, best.ring, best.cost)


def table(found: list[Found], years: int) -> str:
    """Return the page's text."""
    ended = Counter(one.status for one in found)
    lines = [
        f"Measured by `python benchmarks/campaign.py --count {len(found)} --years {years}`: "
        f"{ended['converged']} of {len(found)} converged.",
        "",
        "| water | districts | converged | stalled | at the limit of iterations | failed | "
        "programmes (median, most) | more than 0.02 % dearer than the best fixed point, with what "
        "water beyond the bounds and unmet demand cost in the search | "
        "promised and simulated cost differ by more than 1e-3 | seconds (median) |",
        "| --- |" + " ---: |" * 9,
    ]
    for kind in sorted({one.kind for one in found}):
        some = [one for one in found if one.kind == kind]
        by = Counter(one.status for one in some)
        steps = [one.programmes for one in some if one.programmes]
        dearer = sum(one.judged_eur > one.fixed_judged_eur * (1 + 2e-4) for one in some)
        apart = sum(one.gap > 1e-3 for one in some)
        seconds = float(np.median([one.seconds for one in some]))
        lines.append(
            f"| {kind} | {len(some)} | {by['converged']} | {by['stalled']} | {by['limit']} | "
            f"{by['failed']} | {np.median(steps):.0f}, {max(steps)} | {dearer} | {apart} | "
            f"{seconds:.1f} |"
        )
    rest = [one for one in found if one.status != "converged"]
    if rest:
        lines += ["", "Those that did not converge:", ""]
        lines += [
            f"- district {one.seed} ({one.kind}, {one.days} days): {one.status}; {one.why}"
            for one in rest
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the campaign, and write its part of the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="how many districts")
    parser.add_argument("--years", type=int, default=20, help="how many of them a full year")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--found", type=Path, help="file of what ended, kept and read again")
    told = parser.parse_args()
    done = kept(told.found)
    for seed in range(told.first, told.first + told.count):
        if seed in done:
            continue
        one = couple(seed, 365 if seed < told.years else length(seed))
        done[seed] = one
        if told.found:
            with told.found.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one)) + "\n")
        print(
            f"{one.seed} {one.kind} {one.days} d: {one.status} in {one.programmes}, "
            f"{one.judged_eur:,.1f} € (fixed point {one.fixed_judged_eur:,.1f}), "
            f"gap {one.gap:.1g}, {one.seconds:.1f} s {one.why}",
            flush=True,
        )
    done |= kept(told.found)  # of parts that ran beside this one
    if sorted(done) == list(range(len(done))):
        write_between(PAGE, BEGIN, END, table([done[seed] for seed in sorted(done)], told.years))


def kept(path: Path | None) -> dict[int, Found]:
    """Return what a campaign's file holds, by seed; nothing where there is none yet."""
    if path is None or not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {one.seed: one for one in (Found(**json.loads(line)) for line in lines)}


if __name__ == "__main__":
    main()
