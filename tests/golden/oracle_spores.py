"""Let Calliope 0.6.10 find the alternatives of anello's national example.

Runs under the oracle's Python with CBC on the PATH, and writes ``spores.json`` beside itself::

    python tests/golden/oracle_spores.py workflow/anello/examples/national/model.yaml
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import calliope

ONE_DAY = {"model.subset_time": ["2030-07-01", "2030-07-01"]}
OPTIONS = "run.spores_options"
CASES: dict[str, dict[str, object]] = {
    "as_it_is": {},
    "much_slack": {f"{OPTIONS}.slack": 0.6},
    "some_unscored": {
        f"{OPTIONS}.slack": 0.4,
        f"{OPTIONS}.spores_number": 1,
        "techs.wind.costs.spores_score": {"_REPLACE_": None},
    },
    "forced": {
        "techs.gas.constraints.energy_cap_min": 15000,
        "techs.wind.constraints.energy_cap_equals": 12000,
        "techs.wind.constraints.energy_cap_max": 12000,
    },
    "cost_beside_score": {
        f"{OPTIONS}.objective_cost_class": {"spores_score": 1, "monetary": 0.5},
        "techs.gas.costs.spores_score.energy_cap": 10,
    },
    "without_optimum": {
        f"{OPTIONS}.skip_cost_op": True,
        f"{OPTIONS}.spores_number": 2,
        "group_constraints.systemwide_cost_max.cost_max.monetary": 60000.0,
        "techs.gas.costs.spores_score.energy_cap": 100,
        "techs.wind.costs.spores_score.energy_cap": 50,
    },
}


def alternatives(model: str, changes: dict[str, object]) -> dict[str, dict[str, object]]:
    """Return costs, capacities and scores of each run."""
    made = calliope.Model(model, scenario="spores", override_dict={**ONE_DAY, **changes})
    made.run()
    found = {}
    for number in made.results.spores.values:
        one = made.results.sel(spores=number)
        # Updated scores are kept beside the results.
        prices = made._model_data.cost_energy_cap.sel(costs="spores_score")
        scores = prices.sel(spores=number).to_series()
        found[str(number)] = {
            "cost": one.cost.sum("loc_techs_cost").to_series().to_dict(),
            "energy_cap": one.energy_cap.to_series().to_dict(),
            "score": {k: v for k, v in scores.items() if v == v},
        }
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    calliope.set_log_verbosity("ERROR", include_solver_output=False)
    found = {name: alternatives(sys.argv[1], changes) for name, changes in CASES.items()}
    content = {name: {"changes": CASES[name], "runs": runs} for name, runs in found.items()}
    path = Path(__file__).with_name("spores.json")
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
