"""What electricity beyond a dispatch costs: as the programme charges what it buys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anello import examples
from anello.coupling.electricity import location_electricity
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.results import extract
from anello.optimise.solve import compile_problem, solve

INTAKE = {"techs.grid.costs.monetary.om_con": "file=price.csv"}
OUTPUT = {
    "techs.grid.costs.monetary.om_con": None,
    "techs.grid.costs.monetary.om_prod": "file=price.csv",
}
LOSSES = {**INTAKE, "techs.grid.constraints.energy_eff": 0.8}
BOTH = {**INTAKE, "techs.grid.costs.monetary.om_prod": 0.03}
CAPTURED = {**LOSSES, "techs.grid.essentials.parent": "supply_plus"}


@pytest.mark.parametrize("changes", [INTAKE, OUTPUT, LOSSES, BOTH, CAPTURED])
def test_what_is_bought_costs_what_the_programme_charges(changes: dict[str, Any]) -> None:
    """A price of intake, as in Calliope's own examples, counted as none: such power was free."""
    model = examples.folder("district") / "model.yaml"
    data = read_model(model, scenario="smart", override_dict=changes)
    dispatch = extract(data, solve(compile_problem(formulate(data))))
    supplies = location_electricity(data, dispatch, {"electricity"})
    charged = dispatch["cost"].sel(cost_class="monetary")
    for place in ("homes", "offices"):
        found = supplies[place]
        cost = float(charged.sel(node=f"{place}::grid"))
        assert cost > 100.0
        bought = np.asarray(found.price_eur_per_kwh) * found.grid_kwh
        assert float(bought.sum()) == pytest.approx(cost, rel=1e-9)
