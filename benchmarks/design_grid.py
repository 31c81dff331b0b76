"""Prove the sizes that a search finds against a grid of sizes, each operated to convergence.

    python benchmarks/design_grid.py [--districts 12] [--levels 4] [--days 3]

Small districts are drawn by seed, from those of the campaign. In each, three sizes are open; the
grid has every combination of `levels` values of each, nothing among them. The table goes into
docs/explanation/design.md.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict, Outcome  # noqa: E402
from anello.district.model_folder import write_district  # noqa: E402
from anello.district.project import run_settings  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from anello.run.scenario_config import merge  # noqa: E402
from benchmarks.campaign import district  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "design.md"
BEGIN, END = "<!-- grid: begin -->\n", "<!-- grid: end -->"
OPEN = 3
MOST_LOCATIONS = 2
FREEDOM = 1.5
"""Largest size, relative to the described one; roofs stay as large as they are."""
COUPLING = CouplingConfig()


@dataclass(frozen=True)
class Small:
    """A small district with the nodes whose sizes are open, and their largest sizes [kW]."""

    seed: int
    folder: Path
    ring: RingConfig
    span: list[str]
    most_kw: dict[str, float]

    def couple(self, sizes_kw: dict[str, float] | None) -> Outcome:
        """Couple with these sizes, or with the sizes open."""
        changes: dict[str, Any] = {"model.subset_time": self.span}
        for node, most in self.most_kw.items():
            place, tech = node.split("::")
            at = f"locations.{place}.techs.{tech}.constraints"
            if sizes_kw is None:
                changes |= {f"{at}.energy_cap_equals": None, f"{at}.energy_cap_max": most}
            else:
                changes[f"{at}.energy_cap_equals"] = sizes_kw[node]
        data = read_model(self.folder, scenario="smart", override_dict=changes)
        return CoupledDistrict(data, self.ring, COUPLING).run(must_converge=False)


def small_districts(folder: Path, days: int) -> Iterator[Small]:
    """Yield small districts with tanks, in the order of their seeds."""
    for seed in itertools.count():
        config, loop = district(seed)
        if len(config.locations) > MOST_LOCATIONS:
            continue
        written = write_district(config, folder / f"district-{seed}")
        settings = run_settings(config, written, "district.yaml")
        if "smart" not in settings["scenario_definitions"]:
            continue
        ring = merge(settings["ring"], settings["scenario_definitions"]["smart"]["ring"])
        rng = np.random.default_rng([seed, 13])
        first = int(rng.integers(0, 365 - days))
        span = [str(np.datetime64("2015-01-01") + day) for day in (first, first + days - 1)]
        data = read_model(
            written.model, scenario="smart", override_dict={"model.subset_time": span}
        )
        given = data.value("energy_cap_equals", list(data.inputs["node"].values), default=False)
        most = {
            str(node): round(float(kw) * (1.0 if "pv_" in str(node) else FREEDOM), 1)
            for node, kw in zip(data.inputs["node"].values, np.asarray(given), strict=True)
            if str(node).split("::")[1].startswith(("hp_", "tes_", "pv_")) and np.isfinite(kw)
        }
        if len(most) < OPEN:
            continue
        chosen = sorted(rng.choice(sorted(most), OPEN, replace=False))
        rings = RingConfig.model_validate(merge(ring, loop))
        yield Small(seed, written.model, rings, span, {str(n): most[str(n)] for n in chosen})


def row(small: Small, levels: int) -> tuple[str, float]:
    """Return one line of the table, and how much dearer the found design is than the grid's."""
    found = small.couple(None)
    cost = found.best.cost.total_eur
    grid: dict[tuple[float, ...], float] = {}
    for shares in itertools.product(np.linspace(0.0, 1.0, levels), repeat=OPEN):
        sizes = {
            node: float(share * most)
            for (node, most), share in zip(small.most_kw.items(), shares, strict=True)
        }
        # Sizes that cannot serve the demand pay for what is unmet.
        done = small.couple(sizes)
        grid[shares] = done.best.penalised_eur
    best = min(grid, key=grid.__getitem__)
    dearer = cost / grid[best] - 1.0
    capacity = found.best.dispatch["energy_cap"]
    sizes_text = ", ".join(
        f"{node.split('::')[1]} {float(capacity.sel(node=node)) / most:.2f} ({share:.2f})"
        for (node, most), share in zip(small.most_kw.items(), best, strict=True)
    )
    ended = "yes" if found.record.converged else "no"
    return (
        f"| {small.seed} | {small.ring.model} | {cost:,.2f} | {grid[best]:,.2f} | "
        f"{100.0 * dearer:+.2f} % | {sizes_text} | {ended} |",
        dearer,
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write the page's table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--districts", type=int, default=12, help="how many districts")
    parser.add_argument("--levels", type=int, default=4, help="values of each size in the grid")
    parser.add_argument("--days", type=int, default=3, help="days of each district")
    told = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    lines, dearer = [], []
    with tempfile.TemporaryDirectory() as temporary:
        for small in itertools.islice(small_districts(Path(temporary), told.days), told.districts):
            line, more = row(small, told.levels)
            lines.append(line)
            dearer.append(more)
            print(line, flush=True)
    below = sum(more < 0.0 for more in dearer)
    text = "\n".join(
        [
            f"Measured by `python benchmarks/design_grid.py --districts {told.districts} --levels "
            f"{told.levels} --days {told.days}`: the design found is cheaper than the best of "
            f"{told.levels**OPEN} combinations in {below} of {len(dearer)} districts, and at most "
            f"{100.0 * max(dearer):.2f} % dearer. Sizes are shares of the largest allowed, the "
            "best of the grid in brackets.",
            "",
            "| seed | water | found [€] | best of the grid [€] | found against it | sizes | "
            "converged |",
            "| ---: | --- | ---: | ---: | ---: | --- | --- |",
            *lines,
            "",
        ]
    )
    write_between(PAGE, BEGIN, END, text)


if __name__ == "__main__":
    main()
