"""Hold the search against Ipopt on small districts that between them have every device.

    python benchmarks/against_ipopt.py [--days 3]

The districts are those of the tests. The table goes into
docs/explanation/coupling-comparison.md.
Ipopt begins where the search ended, where the fixed point did, and without knowing any dispatch;
the cheapest of its ends counts. It comes with casadi.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow"), str(ROOT / "tests")]

from benchmarks.page import write_between  # noqa: E402
from ipopt_cases import CASES, LONGEST_DAYS, held_against_ipopt  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "coupling-comparison.md"
BEGIN, END = "<!-- devices: begin -->", "<!-- devices: end -->"
LEAST_KWH = 0.5


def main() -> None:
    """Run the comparison and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=3)
    asked = parser.parse_args().days
    logging.disable(logging.WARNING)
    lines = [
        f"Measured by `python benchmarks/against_ipopt.py --days {asked}`: true cost in €, every "
        "dispatch simulated alike.",
        "",
        "| district | days | fixed point | SLP | Ipopt | SLP/Ipopt | converged | heat moved in "
        "SLP's dispatch [kWh] |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for name, options in CASES.items():
        days = min(asked, LONGEST_DAYS.get(name, asked))
        held = held_against_ipopt(options, days)
        moved = ", ".join(
            f"{device.replace('_', ' ')} {kwh:,.0f}"
            for device, kwh in held.moved_kwh.items()
            if kwh > LEAST_KWH
        )
        lines.append(
            f"| {name} | {days} | {held.fixed_point_eur:,.2f} | {held.search_eur:,.2f} | "
            f"{held.ipopt_eur:,.2f} | {held.ratio:.4f} | {'yes' if held.converged else 'no'} | "
            f"{moved} |"
        )
        print(lines[-1], flush=True)
    write_between(PAGE, BEGIN, END, "\n\n" + "\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main()
