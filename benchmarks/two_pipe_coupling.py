"""Compare the couplings on small districts of two pipes whose heat pumps feed stores.

    python benchmarks/two_pipe_coupling.py [--districts 8] [--iterations 40]

Random districts of two days on a tree of two pipes, those of the tests. The table goes into
docs/explanation/ring.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow"), str(ROOT / "tests")]

from benchmarks.page import write_between  # noqa: E402
from ring_districts import coupled_two_pipes  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "ring.md"
BEGIN, END = "<!-- two pipes: begin -->", "<!-- two pipes: end -->"
COUPLINGS = {
    "fixed point": {"method": "fixed_point"},
    "fixed point, ω = 0.5": {"method": "fixed_point", "fixed_point": {"relaxation": 0.5}},
    "SLP": {"method": "slp", "slp": {"balancing": "deadband"}},
}


def main() -> None:
    """Run the comparison and write its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--districts", type=int, default=8)
    parser.add_argument("--iterations", type=int, default=40)
    told = parser.parse_args()
    logging.disable(logging.WARNING)
    lines = [
        f"Measured by `python benchmarks/two_pipe_coupling.py --districts {told.districts} "
        f"--iterations {told.iterations}`: random districts of two days with stores, on a tree of "
        "two pipes. Costs are simulated true costs, relative to the best iteration of the plain "
        "fixed point in each district, and their mean.",
        "",
        "| coupling | converged | iterations | best cost | last cost |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    least: list[float] = []
    for name, coupling in COUPLINGS.items():
        runs = [
            coupled_two_pipes(seed, {**coupling, "max_iterations": told.iterations})
            .run(must_converge=False)
            .record
            for seed in range(told.districts)
        ]
        kept = [[one.j_sim_eur for one in run.trace if one.accepted is not False] for run in runs]
        least = least or [min(costs) for costs in kept]
        best = sum(min(c) / one for c, one in zip(kept, least, strict=True)) / len(kept)
        last = sum(c[-1] / one for c, one in zip(kept, least, strict=True)) / len(kept)
        rounds = sum(len(run.trace) for run in runs) / len(runs)
        lines.append(
            f"| {name} | {sum(run.converged for run in runs)} of {len(runs)} | {rounds:.0f} | "
            f"{best:.3f} | {last:.3f} |"
        )
    write_between(PAGE, BEGIN, END, "\n".join(["", "", *lines, "", ""]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
