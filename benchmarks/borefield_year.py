"""Measure what boreholes and free cooling add to the time of a year.

    python benchmarks/borefield_year.py [--from 2015-01-01] [--to 2015-12-31]

The embedded district with its wells, then with boreholes in granite in their place, and with an
exchanger for free cooling; each is coupled to its end. The table goes into
docs/explanation/borefield.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.district import CoupledDistrict  # noqa: E402
from anello.district import load_district, write_district  # noqa: E402
from anello.district.project import run_settings  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.run.config import parse_config  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "borefield.md"
BEGIN, END = "<!-- year: begin -->\n", "<!-- year: end -->"
CASES: dict[str, dict[str, Any]] = {
    "wells": {},
    "100 boreholes": {
        "boreholes": {"soil": "granite", "count": 100},
        "wells": {"flow_kg_per_s": 0},
    },
    "100 boreholes, free cooling": {
        "boreholes": {"soil": "granite", "count": 100},
        "wells": {"flow_kg_per_s": 0},
        "free_cooling": {},
    },
}


def coupled(changes: dict[str, Any], span: list[str], folder: Path) -> tuple[float, Any]:
    """Return CPU seconds of the coupling of `smart`, and its outcome."""
    described = load_district(changes=changes)
    written = write_district(described, folder)
    settings = run_settings(described, written, "district.yaml")
    told = parse_config(settings).scenario("smart")
    data = read_model(written.model, scenario="smart", override_dict={"model.subset_time": span})
    begin = time.process_time()
    outcome = CoupledDistrict(data, told.ring, told.coupling).run(must_converge=False)
    return time.process_time() - begin, outcome


def main() -> None:
    """Measure, and write the page's table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="first", default="2015-01-01", help="first day")
    parser.add_argument("--to", dest="last", default="2015-12-31", help="last day")
    told = parser.parse_args()
    lines = [
        "| plant | programmes | time of the coupling, CPU s | against wells | converged |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    base = None
    for name, changes in CASES.items():
        with tempfile.TemporaryDirectory() as temporary:
            seconds, outcome = coupled(changes, [told.first, told.last], Path(temporary) / "model")
        base = base or seconds
        record = outcome.record
        lines.append(
            f"| {name} | {len(record.trace)} | {seconds:.0f} | {seconds / base:.2f} | "
            f"{'yes' if record.converged else 'no'} |"
        )
        print(lines[-1], flush=True)
    text = (
        f"Measured by `python benchmarks/borefield_year.py`: scenario `smart` of the embedded "
        f"district, {told.first} to {told.last}.\n\n" + "\n".join(lines) + "\n"
    )
    write_between(PAGE, BEGIN, END, text)


if __name__ == "__main__":
    main()
