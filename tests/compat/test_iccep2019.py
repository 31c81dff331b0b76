"""The ICCEP 2019 study's own model folders over the full year, against Calliope 0.6.10's numbers.

The folders are not part of the repository (CC BY-SA): the tests skip, and say so, where they are
not found. The reference numbers in ``iccep2019.json`` are objectives and sums, nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.solve import compile_problem, solve
from golden.outcome import labelled

REFERENCE = json.loads((Path(__file__).parent / "iccep2019.json").read_text(encoding="utf-8"))
HEAT_PUMPS = {"hp_dhw": "dhw", "hp_clim_hot": "sh", "hp_clim_cold": "co"}
CONSTANT = {"hp_dhw": 3.747, "hp_clim_hot": 4.642, "hp_clim_cold": 7.049}
START = {
    f"techs.{tech}.constraints.energy_eff": f"file=cop_{short}_start.csv"
    for tech, short in HEAT_PUMPS.items()
}

pytestmark = pytest.mark.slow


def series(folder: Path, outlier_divided: bool) -> dict[str, pd.DataFrame]:
    """Return the two faulty files as Calliope understands them, or with the outlier divided.

    The last hour of the sun is empty in the file. Calliope's constraint then has no number in it
    and lets through nothing: the hour is at midnight, so it stands for zero.
    """
    sun = pd.read_csv(folder / "timeseries_data" / "solar_resource.csv", index_col=0)
    assert int(sun.isna().any(axis=1).sum()) == 1
    demand = pd.read_csv(folder / "timeseries_data" / "demand_co.csv", index_col=0)
    outliers = np.argwhere(demand.to_numpy() < -1e5)
    assert len(outliers) == 1
    if outlier_divided:
        demand.iloc[tuple(outliers[0])] /= 1000
    return {"solar_resource.csv": sun.fillna(0.0), "demand_co.csv": demand}


def solved(folder: Path, scenario: str, settings: dict, outlier_divided: bool = False):
    """Read, formulate and solve a folder; return problem and solution."""
    data = read_model(
        folder / "model_op.yaml",
        scenario=scenario,
        override_dict=settings,
        strict=False,
        series=series(folder, outlier_divided),
    )
    problem = compile_problem(formulate(data))
    return problem, solve(problem)


CASES = [
    ("baseline", "baseline_cop_start", START, False),
    ("smart", "smart_cop_start", START, False),
    (
        "baseline",
        "baseline_cop_start_curtailable_outlierfixed",
        {**START, "techs.pv_rooftop.constraints.force_resource": False},
        True,
    ),
    (
        "smart",
        "smart_cop_start_curtailable_outlierfixed",
        {**START, "techs.pv_rooftop.constraints.force_resource": False},
        True,
    ),
]


@pytest.mark.parametrize(
    ("folder", "name", "settings", "divided"), CASES, ids=lambda v: str(v)[:45]
)
def test_full_year(iccep2019, folder, name, settings, divided):
    kept = REFERENCE[name]
    problem, solution = solved(iccep2019 / folder, kept["scenario"], settings, divided)
    assert solution.objective == pytest.approx(kept["objective"], rel=1e-6)
    costs = labelled(problem, "cost", solution.value("cost"))
    assert sum(costs.values()) == pytest.approx(kept["cost"], rel=1e-6)
    for label, value in kept["cost_by_loc_tech"].items():
        # Calliope prints eight digits; unmet demand of the faulty hour leaves small choices open.
        assert costs[f"monetary|{label}"] == pytest.approx(value, rel=1e-5, abs=1.0), label
    for quantity in ("carrier_prod", "carrier_con"):
        found = labelled(problem, quantity, solution.value(quantity))
        for label, value in kept[quantity].items():
            assert found[label] == pytest.approx(value, rel=1e-4, abs=1.0), (quantity, label)
    unmet = solution.value("unmet_demand").sum()
    assert unmet == pytest.approx(kept["unmet"], rel=1e-6, abs=1e-3)


def test_baseline_with_the_studys_constant_cop(iccep2019):
    settings = {f"techs.{tech}.constraints.energy_eff": cop for tech, cop in CONSTANT.items()}
    problem, solution = solved(iccep2019 / "baseline", "no_TES", settings)
    assert solution.objective == pytest.approx(1901998340683.84, rel=1e-6)
    costs = labelled(problem, "cost", solution.value("cost"))
    assert sum(costs.values()) == pytest.approx(1480534.721, rel=1e-6)
