"""Measure what it is worth to see where on a loop the water is warm.

    python benchmarks/loop_waves.py [--days 14]

The embedded district, with the water of its ring in a loop of three substations. The table goes
into docs/explanation/coupling.md.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict  # noqa: E402
from anello.model.data import ModelData  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from benchmarks.compare_coupling import embedded, steps_beyond  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "coupling.md"
BEGIN, END = "<!-- waves: begin -->", "<!-- waves: end -->"
DIAMETER_M = 0.6
FLOWS: dict[str, dict[str, Any]] = {
    "360 kg/s": {"kind": "fixed", "kg_s": 360.0},
    "0.1 kg/s per kW": {
        "kind": "proportional",
        "kg_s_per_kw": 0.1,
        "min_kg_s": 60.0,
        "max_kg_s": 700.0,
    },
}
"""The first takes up the 6 MW of a hot hour by 4 K, as the second takes up every hour's heat."""
WELLS_KG_S = 700.0
"""For the heat of such a loop: `anello.district.sizing.network_plant`."""


def looped(ring: RingConfig, flow: dict[str, Any]) -> RingConfig:
    """Return the ring with its water in a loop: plant, homes, offices; and wells to match."""
    settings = ring.model_dump()
    settings["plant"]["wells"]["max_flow_kg_s"] = WELLS_KG_S
    volume_m3 = ring.water.mass_kg / 1000.0
    pipe = {
        "length_m": volume_m3 / (math.pi * DIAMETER_M**2 / 4.0) / 3.0,
        "inner_diameter_m": DIAMETER_M,
    }
    settings["model"] = "loop"
    settings["loop"] = {
        "substations": [
            {"name": "plant", "plant": True},
            {"name": "homes", "heat_pumps": ["buildings"]},
            {"name": "offices", "heat_pumps": ["commercial"]},
        ],
        "segments": [pipe] * 3,
        "flow": flow,
    }
    return RingConfig.model_validate(settings)


def row(data: ModelData, ring: RingConfig, name: str, coupling: dict[str, Any]) -> list[str]:
    """Couple a loop in one way, and return name, cost, hours beyond bounds, iterations and time."""
    settings = CouplingConfig.model_validate(coupling)
    found = CoupledDistrict(data, ring, settings).run(must_converge=False)
    cost_eur = found.best.cost.total_eur - found.best.state.investment_eur
    beyond, steps = steps_beyond(found.best.ring), len(found.record.trace)
    status = "" if found.record.converged else " (not converged)"
    return [name, f"{cost_eur:,.0f}", str(beyond), f"{steps}{status}", f"{found.solve_seconds:.1f}"]


def measure(days: int) -> list[str]:
    """Return the table."""
    data, ring = embedded(["2015-07-01", f"2015-07-{days:02d}"])
    lines = [
        f"Measured by `python benchmarks/loop_waves.py --days {days}`: the embedded district in "
        f"July, with the water of its ring in a loop of {DIAMETER_M * 1000:.0f} mm with three "
        "substations, and wells for its heat. Costs of operation are simulated true costs.",
        "",
        "| flow | the programme sees | cost of operation [€] | hours beyond bounds | iterations "
        "| solver time [s] |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for flow, settings in FLOWS.items():
        loop = looped(ring, settings)
        ways: list[tuple[str, dict[str, Any]]] = [
            ("nothing: fixed point", {"method": "fixed_point", "max_iterations": 10})
        ]
        for waves in (0, 1, 2, 4):
            name = {0: "the mean", 1: "and one wave"}.get(waves, f"and {waves} waves")
            ways.append((name, {"slp": {"loop_waves": waves}}))
        for name, coupling in ways:
            lines.append("| " + " | ".join([flow, *row(data, loop, name, coupling)]) + " |")
            print(lines[-1], flush=True)
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=14, help="days of July")
    told = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    generated = "\n".join(measure(told.days))
    write_between(PAGE, BEGIN, END, f"\n\n{generated}\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
