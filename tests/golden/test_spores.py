"""Alternatives beside those of Calliope 0.6.10 (`oracle_spores.py` made the numbers)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import anello

CASES = json.loads(Path(__file__).with_name("spores.json").read_text(encoding="utf-8"))
ONE_DAY = {"model.subset_time": ["2030-07-01", "2030-07-01"]}


@pytest.mark.parametrize("name", sorted(CASES))
def test_alternatives_are_those_of_calliope(name):
    case = CASES[name]
    model = anello.examples.national_scale(
        scenario="spores", override_dict={**ONE_DAY, **case["changes"]}
    )
    model.run()
    found = model.results
    assert [str(k) for k in found["spores"].values] == sorted(case["runs"])
    for number, theirs in case["runs"].items():
        ours = found.sel(spores=int(number))
        scores = ours["spore_score"].to_series().dropna()
        assert {k: v for k, v in scores.items() if v} == {
            k: v for k, v in theirs["score"].items() if v
        }, number
        costs = ours["cost"].sum("loc_techs_cost").to_series()
        # Where wind has no score it is free within the slack, so that the money is not unique.
        free = name == "some_unscored" and number != "0"
        for cost_class in ["spores_score"] if free else ["monetary", "spores_score"]:
            assert costs[cost_class] == pytest.approx(theirs["cost"][cost_class], rel=1e-6), number
        if free:
            continue
        caps = ours["energy_cap"].to_series()
        scored = [label for label in scores.index if scores[label] > 0]
        np.testing.assert_allclose(
            [caps[label] for label in scored],
            [theirs["energy_cap"][label] for label in scored],
            rtol=1e-5,
            atol=1e-2,
            err_msg=number,
        )
