"""Measure what free cooling saves, by the temperature at which cooling is supplied.

    python benchmarks/free_cooling.py [--days 365]

The embedded district with storage, cooled at one constant temperature, with and without an
exchanger before the heat pumps. The table goes into docs/explanation/ring.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict, Outcome  # noqa: E402
from anello.model.data import ModelData  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from benchmarks.compare_coupling import embedded  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "ring.md"
BEGIN, END = "<!-- free cooling: begin -->", "<!-- free cooling: end -->"
SUPPLIED_DEGC = {
    "18 °C, ceilings": 18.0,
    "16 °C, floors": 16.0,
    "12 °C, large fan coils": 12.0,
    "7 °C, air handling": 7.0,
}
COOLING = "hp_cooling"
MWH = 1000.0


def cooled_at(ring: RingConfig, degc: float, *, free: bool) -> RingConfig:
    """Return the ring with its cooling supplied at one temperature [°C]."""
    settings = ring.model_dump()
    pump = settings["heat_pumps"][COOLING]
    pump["use_temperature"] = {"kind": "fixed", "degc": degc}
    pump["free_cooling"] = {} if free else None
    return RingConfig.model_validate(settings)


def cooling_mwh(outcome: Outcome) -> tuple[float, float, float]:
    """Return cold, the free part of it, and the electricity it took [MWh]."""
    ring = outcome.best.ring
    rows = [k for k, node in enumerate(ring.nodes) if node.endswith(f"::{COOLING}")]
    hours = ring.step_h / MWH
    moved = (ring.q_kw[rows], ring.free_kw[rows], ring.p_kw[rows])
    cold, free, electricity = (float((kw * hours).sum()) for kw in moved)
    return cold, free, electricity


def couple(data: ModelData, ring: RingConfig) -> Outcome:
    """Couple to the tolerance of the demo."""
    settings = {"predicted_decrease": 2e-3, "tolerance_k": 0.5, "max_iterations": 40}
    return CoupledDistrict(data, ring, CouplingConfig.model_validate(settings)).run()


def measure(days: int) -> list[str]:
    """Return the table."""
    last = np.datetime64("2015-01-01") + np.timedelta64(days - 1, "D")
    data, ring = embedded(["2015-01-01", str(last)])
    lines = [
        f"Measured by `python benchmarks/free_cooling.py --days {days}`: the embedded district "
        "with storage, its cooling supplied at one temperature, by heat pumps alone and with the "
        "default exchanger before them. Costs of operation are simulated true costs.",
        "",
        "| supplied at | cold [MWh] | of it free | electricity for cold, without → with [MWh] "
        "| cost of operation, without → with [€] | saved |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, degc in SUPPLIED_DEGC.items():
        without, with_it = (couple(data, cooled_at(ring, degc, free=f)) for f in (False, True))
        _, _, before_mwh = cooling_mwh(without)
        cold, free, after_mwh = cooling_mwh(with_it)
        costs = [
            found.best.cost.total_eur - found.best.state.investment_eur
            for found in (without, with_it)
        ]
        lines.append(
            f"| {name} | {cold:,.0f} | {free / cold:.0%} | {before_mwh:,.0f} → {after_mwh:,.0f} "
            f"| {costs[0]:,.0f} → {costs[1]:,.0f} | {1 - costs[1] / costs[0]:.1%} |"
        )
        print(lines[-1], flush=True)
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365, help="days from 1 January")
    told = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    generated = "\n".join(measure(told.days))
    write_between(PAGE, BEGIN, END, f"\n\n{generated}\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
