"""Run the cases of mode `operate` in the oracle and keep the numbers in ``operate.json``.

python tests/golden/make_operate.py --oracle /path/to/oracle/bin/python
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from make_goldens import oracle_environment
from operate_cases import CASES

HERE = Path(__file__).parent
RECORD = HERE / "operate.json"
EXAMPLE = "urban_scale-operate"


def jobs(oracle: str) -> list[dict]:
    """One job a case, and the example that Calliope brings."""
    code = "import calliope, pathlib; print(pathlib.Path(calliope.__file__).parent)"
    found = subprocess.run(
        [oracle, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    examples = Path(found.stdout.strip().splitlines()[-1]) / "example_models"
    model, scenario = EXAMPLE.split("-")
    return [
        {
            "id": case.name,
            "model": str(case.path),
            "scenario": case.scenario,
            "override_dict": case.overrides(),
        }
        for case in CASES
    ] + [{"id": EXAMPLE, "model": str(examples / model / "model.yaml"), "scenario": scenario}]


def main() -> None:
    """Write ``operate.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oracle", required=True)
    oracle = parser.parse_args().oracle
    record = {}
    with tempfile.TemporaryDirectory() as folder:
        todo = jobs(oracle)
        subprocess.run(
            [oracle, str(HERE / "oracle_operate.py"), folder],
            input="\n".join(json.dumps(job) for job in todo),
            text=True,
            check=True,
            env=oracle_environment(),
        )
        for job in todo:
            found = json.loads((Path(folder) / f"{job['id']}.json").read_text())
            if "error" in found:
                raise SystemExit(f"{job['id']}: {found['error']}")
            record[job["id"]] = {
                "horizon_cost": [float(f"{v:.10g}") for v in found["horizon_cost"]],
                "cost_var": float(f"{sum(found['cost_var'].values()):.10g}"),
                "unmet_demand": float(f"{sum(found.get('unmet_demand', {}).values()):.10g}"),
            }
    RECORD.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
