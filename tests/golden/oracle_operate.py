"""Run models in mode `operate` with Calliope 0.6.10 and write what came out.

Runs under the *oracle's* Python, never under anello's. Reads jobs as JSON on standard input, one a
line: ``{"id": …, "model": …, "scenario": …, "override_dict": {…}}``. For each it writes
``<out>/<id>.json``: the cost of each horizon, and sums over time.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path

import calliope


def summed(array) -> dict[str, float]:
    """Return label → sum over time."""
    series = array.sum("timesteps", min_count=1).to_series()
    return {
        "|".join(k if isinstance(k, tuple) else (k,)): float(v) for k, v in series.items() if v == v
    }


def operated(job: dict) -> dict[str, object]:
    """Run a model, return its numbers."""
    model = calliope.Model(
        job["model"], scenario=job.get("scenario"), override_dict=job.get("override_dict")
    )
    model.run()
    results, window = model.results, model.run_config["operation"]["window"]
    record: dict[str, object] = {"termination": results.attrs["termination_condition"]}
    if "cost" in results:
        # Every step carries the cost of the whole horizon in which it was decided.
        hours = model.inputs.timestep_resolution.to_series().cumsum()
        first = hours[((hours - hours.iloc[0]) % window) == 0].index
        weights = model.run_config["objective_options"]["cost_class"]
        by_horizon = results["cost"].sum("loc_techs_cost").sel(timesteps=first)
        record["horizon_cost"] = [
            sum(weight * float(at.sel(costs=c)) for c, weight in weights.items())
            for at in by_horizon.transpose("timesteps", "costs")
        ]
    for name in (
        "cost_var",
        "carrier_prod",
        "carrier_con",
        "carrier_export",
        "unmet_demand",
        "operating_units",
        "storage",
    ):
        if name in results:
            record[name] = summed(results[name])
    record["energy_cap"] = {
        str(k): float(v) for k, v in model._model_data["energy_cap"].to_series().items()
    }
    return record


def main() -> None:
    """Read jobs from standard input and write one record a job."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    out = Path(sys.argv[1])
    for line in sys.stdin:
        job = json.loads(line)
        try:
            record = operated(job)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (it raises bare errors of all kinds)
            record = {"error": f"{type(error).__name__}: {error}"[:400]}
        (out / f"{job['id']}.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
