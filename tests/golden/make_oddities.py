"""Run the models in ``oddities/`` in the oracle and keep what it made of them in ``oddities.json``.

python tests/golden/make_oddities.py --oracle /path/to/oracle/bin/python
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cases import load
from make_goldens import run_oracle

HERE = Path(__file__).parent
RECORD = HERE / "oddities.json"


def main() -> None:
    """Write ``oddities.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oracle", required=True)
    arguments = parser.parse_args()
    jobs = []
    for path in sorted((HERE / "oddities").glob("*.yaml")):
        for scenario in [None, *load(path).get("overrides", {})]:
            name = path.stem if scenario is None else f"{path.stem}-{scenario}"
            jobs.append({"id": name, "model": str(path), "scenario": scenario, "solve": True})
    record = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        run_oracle(arguments.oracle, jobs, out)
        for job in jobs:
            found = json.loads((out / f"{job['id']}.json").read_text())
            result = found.get("cbc", {})
            record[job["id"]] = (
                {"error": found["error"].split("\n")[0][:160]}
                if "error" in found
                else {
                    "termination": result["termination"],
                    "objective": result["objective"],
                    "unmet": result.get("unmet_demand"),
                    "capacity_factor": result.get("capacity_factor"),
                }
            )
    RECORD.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
