"""Mode `spores`: alternatives near the least cost, kept as they are found."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

import anello
from anello.cli import main
from anello.errors import InfeasibleError, InputError, TimeLimitError
from anello.model.data import ModelData
from anello.optimise.results import read_results, summarise
from anello.optimise.results.alternatives import one_by_one
from anello.optimise.solve import Start, compile_problem, solve
from anello.optimise.spores import Alternatives, run_spores
from anello.present.report.comparison import scenario_table
from anello.present.report.html import write_report

ONE_DAY = {"model.subset_time": ["2030-07-01", "2030-07-01"]}
OPTIONS = "run.spores_options"
GROUP = "group_constraints.systemwide_cost_max"


def national(**changes: object) -> anello.Model:
    changes = {key.replace("__", "."): value for key, value in changes.items()}
    return anello.examples.national_scale(scenario="spores", override_dict={**ONE_DAY, **changes})


@pytest.fixture(scope="module")
def solved() -> anello.Model:
    model = national(**{f"{OPTIONS}.slack": 0.6})
    model.run()
    return model


def total(results: xr.Dataset, cost_class: str) -> np.ndarray:
    return results["cost"].sel(costs=cost_class).sum("loc_techs_cost").values


def test_each_alternative_is_summed_up_and_reported_at_its_own_cost(solved, tmp_path):
    path = tmp_path / "alternatives.nc"
    solved.to_netcdf(path)
    whole = read_results(path)
    with pytest.raises(InputError, match=r"hold 4 systems of mode `spores`.*one_by_one"):
        summarise(whole)
    money, objective = total(solved.results, "monetary"), solved.results["spore_objective"].values
    alone = one_by_one("island", whole)
    assert list(alone) == ["island, cheapest", *(f"island, alternative {n}" for n in (1, 2, 3))]
    for position, one in enumerate(alone.values()):
        told = summarise(one)
        assert told["cost_in_optimisation"] == pytest.approx(money[position], rel=1e-9)
        assert told["whole_cost"]["total"] == pytest.approx(money[position], rel=1e-9)
        assert told["objective_with_penalties"] == pytest.approx(objective[position], rel=1e-9)
    table = scenario_table({"island": path})
    np.testing.assert_allclose(table.loc["Whole cost [€]"], money, rtol=1e-9)
    page = write_report({"island": path}, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "island, alternative 3" in page


# --- what is found --------------------------------------------------------------------------------
def test_every_alternative_costs_what_the_slack_allows_and_has_the_least_score(solved):
    results = solved.results
    money, score = total(results, "monetary"), total(results, "spores_score")
    assert results.sizes["spores"] == 4
    assert (money[1:] <= 1.6 * money[0] * (1 + 1e-9)).all()
    np.testing.assert_allclose(score[1:], results["spore_objective"][1:], rtol=1e-9)
    np.testing.assert_allclose(
        results["spore_cost_limit"].sel(costs="monetary")[1:], 1.6 * money[0]
    )
    # The cheapest system would have had a higher score: each alternative avoids it.
    built = solved.dispatch["energy_cap"].sel(spore=0)
    share = score[1] / float((solved.dispatch["spore_score"] * solved.dispatch["energy_cap"])
                             .sel(spore=1).sum())  # fmt: skip
    first = solved.dispatch["spore_score"].sel(spore=1)
    assert share * float((first * built).sum()) > 1.2 * score[1]
    caps = results["energy_cap"].to_pandas()
    assert not np.allclose(caps.loc[2], caps.loc[1]), "the second avoids what the first used"


def test_patched_problems_are_those_that_a_model_with_these_scores_has(solved):
    data = solved.data
    problem = compile_problem(solved.backend.current())
    alternatives = Alternatives(data, problem)
    alternatives.limit_cost(solved.dispatch.isel(spore=0, drop=True))
    scores = np.arange(1.0, len(alternatives.scoring.initial) + 1)
    patched = solve(alternatives.problem(scores))
    limit = alternatives.limits["monetary"]
    changes: dict[str, object] = {
        "run.mode": "plan",
        "run.objective_options.cost_class": {"monetary": 0, "spores_score": 1},
        f"{GROUP}.cost_max.monetary": limit,
    }
    told = anello.examples.national_scale(scenario="spores", override_dict={**ONE_DAY, **changes})
    nodes = [str(n) for n in alternatives.scoring.names]
    for node, score in zip(nodes, scores, strict=True):
        told.backend.update_param("cost_energy_cap", {("spores_score", node): float(score)})
    told.run()
    assert patched.objective == pytest.approx(told.dispatch.attrs["objective"], rel=1e-9)
    cost = patched.value("cost")
    block = patched.problem.expressions["cost"]
    for (cost_class, node), k in block.positions().items():
        if cost_class == "spores_score" and node in nodes:
            expected = float(told.dispatch["cost"].sel(cost_class=cost_class, node=node))
            assert cost[k] == pytest.approx(expected, rel=1e-6, abs=1e-6), node


def test_alternatives_start_warm_and_end_where_a_cold_start_ends(solved):
    problem = compile_problem(solved.backend.current())
    warm, objectives = [], []

    def found(ready, start: Start, number: int):
        solution = solve(ready, start=start)
        warm.append(solution.warm)
        objectives.append(solution.objective)
        assert solve(ready).objective == pytest.approx(solution.objective, rel=1e-9)
        return solution

    run_spores(solved.data, problem, found)
    assert warm == [False, True, True, True]
    np.testing.assert_allclose(objectives, solved.results["spore_objective"], rtol=1e-9)


def test_capacities_that_are_forced_count_as_scaled():
    changes = {
        "techs.wind.constraints.energy_cap_equals": 12000,
        "techs.wind.constraints.energy_cap_scale": 1.5,
        f"{OPTIONS}.spores_number": 1,
    }
    for compat, scored in ((None, 0.0), ("calliope-0.6", 100.0)):
        model = national(**changes, **{"run.compat": compat})
        model.run()
        score = model.results["spore_score"].sel(spores=1, loc_techs_investment_cost="coast::wind")
        assert float(score) == scored


def test_a_limit_of_a_part_is_that_part_and_its_slack():
    changes = {
        f"{GROUP}.techs": ["gas", "wind"],
        f"{OPTIONS}.spores_number": 1,
        f"{OPTIONS}.slack": 0.2,
    }
    model = national(**changes)
    model.run()
    costs = model.dispatch["cost"].sel(cost_class="monetary", spore=0)
    part = float(costs.sel(node=["coast::gas", "coast::wind"]).sum())
    limits = model.results["spore_cost_limit"].sel(spores=1, costs="monetary")
    assert float(limits) == pytest.approx(1.2 * part)
    model = national(**changes, **{"run.compat": "calliope-0.6"})
    model.run()
    limits = model.results["spore_cost_limit"].sel(spores=1, costs="monetary")
    assert float(limits) == pytest.approx(1.2 * float(costs.sum()))


def test_a_system_that_earns_money_has_alternatives_that_earn_less():
    changes = {"techs.demand_power.costs.monetary.om_con": -1.0, f"{OPTIONS}.spores_number": 1}
    model = national(**changes)
    model.run()
    money = total(model.results, "monetary")
    assert money[0] < 0
    assert money[0] < money[1] <= 0.9 * money[0] * (1 - 1e-9)


def test_integers():
    model = anello.examples.urban_scale(
        scenario="milp",
        override_dict={
            "run.mode": "spores",
            "model.subset_time": "2030-04-10",
            OPTIONS: {"spores_number": 2, "slack": 0.3, "slack_cost_group": "all"},
            "group_constraints.all.cost_max.monetary": float("inf"),
            "run.objective_options.cost_class": {"monetary": 1, "spores_score": 0},
            **{
                f"techs.{tech}.costs.spores_score": {"energy_cap": 0, "interest_rate": 1}
                for tech in ("chp", "boiler", "pv")
            },
        },
    )
    model.run(mip_gap=0.01)
    money = total(model.results, "monetary")
    assert (money[1:] <= 1.3 * money[0] * (1 + 1e-6)).all()
    assert (model.results["spore_gap"] <= 0.01).all()
    units = model.results["units"].values
    np.testing.assert_allclose(units, np.round(units), atol=1e-5)
    score = total(model.results, "spores_score")
    assert score[2] >= 0.99 * score[1] > 0


# --- files ----------------------------------------------------------------------------------------
def stored(folder, **changes: object) -> anello.Model:
    told = {
        f"{OPTIONS}.slack": 0.6,
        f"{OPTIONS}.spores_number": 2,
        f"{OPTIONS}.save_per_spore": True,
        f"{OPTIONS}.save_per_spore_path": str(folder / "spore_{}.nc"),
    }
    return national(**{**told, **changes})


def test_what_is_stored_is_not_solved_again_and_ends_the_same(tmp_path, monkeypatch, caplog):
    whole = stored(tmp_path / "whole")
    whole.run()
    part = stored(tmp_path / "part", **{f"{OPTIONS}.spores_number": 1})
    part.run()
    solves = []
    monkeypatch.setattr(
        "anello.api.running.solve", lambda *a, **k: solves.append(1) or solve(*a, **k)
    )
    rest = stored(tmp_path / "part")
    rest.run()
    assert len(solves) == 1, "only the second is missing"
    xr.testing.assert_identical(rest.dispatch, whole.dispatch)
    one = anello.read_netcdf(tmp_path / "part" / "spore_2.nc")
    np.testing.assert_array_equal(
        one.results["energy_cap"], rest.results["energy_cap"].sel(spores=2)
    )
    # A damaged file, and one of another model, are found anew.
    (tmp_path / "part" / "spore_1.nc").write_bytes(b"half")
    solves.clear()
    again = stored(tmp_path / "part")
    again.run()
    assert len(solves) == 1
    assert "cannot be read" in caplog.text
    other = stored(
        tmp_path / "part",
        **{"techs.gas.costs.monetary.om_con": 0.05, f"{OPTIONS}.spores_number": 0},
    )
    other.run()
    assert "another model" in caplog.text
    assert len(solves) == 2


def test_a_killed_run_goes_on(tmp_path):
    code = (
        "import sys, time, pathlib; sys.path.insert(0, sys.argv[1])\n"
        "import test_spores as t, anello.api.running as api\n"
        "slow = api.solve\n"
        "def wait(*a, **k):\n"
        "    found = slow(*a, **k)\n"
        "    time.sleep(60) if len(list(pathlib.Path(sys.argv[2]).glob('spore_*'))) == 2 else 0\n"
        "    return found\n"
        "api.solve = wait\n"
        "t.stored(pathlib.Path(sys.argv[2])).run()\n"
    )
    here = os.path.dirname(__file__)
    killed = subprocess.Popen([sys.executable, "-c", code, here, str(tmp_path)])
    try:
        for _ in range(600):
            if (tmp_path / "spore_1.nc").exists():
                break
            time.sleep(0.05)
        time.sleep(0.5)
    finally:
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    assert sorted(p.name for p in tmp_path.glob("spore_*")) == ["spore_0.nc", "spore_1.nc"]
    model = stored(tmp_path)
    model.run()
    assert model.results.sizes["spores"] == 3


def test_results_survive_files_and_tables(solved, tmp_path):
    solved.to_netcdf(tmp_path / "all.nc")
    again = anello.read_netcdf(tmp_path / "all.nc")
    xr.testing.assert_equal(again.results, solved.results)
    assert "Alternatives: 3" in again.info()
    solved.to_csv(tmp_path / "tables")
    head = (tmp_path / "tables" / "results_energy_cap.csv").read_text().splitlines()[0]
    assert head == "locs,spores,techs,energy_cap"
    assert solved.get_formatted_array("carrier_prod").dims == (
        "carriers", "locs", "spores", "techs", "timesteps",
    )  # fmt: skip


def test_from_the_command_line(tmp_path, capsys):
    example = str(anello.examples.folder("national"))
    changes = f"{{model.subset_time: ['2030-07-01', '2030-07-01'], {OPTIONS}.spores_number: 1}}"
    arguments = ["run", example, "--scenario", "spores", "--override_dict", changes]
    assert (
        main([*arguments, "--save_netcdf", str(tmp_path / "s.nc"), "--save_logs", str(tmp_path)])
        == 0
    )
    assert "Alternatives: 1" in capsys.readouterr().out
    assert {p.name for p in tmp_path.glob("*.log")} == {"solver_spore_0.log", "solver_spore_1.log"}
    assert main(["compare", str(tmp_path / "s.nc"), str(tmp_path / "s.nc")]) == 0


# --- without a solution ---------------------------------------------------------------------------
@pytest.mark.parametrize("error", [InfeasibleError, TimeLimitError])
def test_the_first_without_a_solution_is_the_last(monkeypatch, caplog, error):
    def failing(problem, settings, **told):
        if told["start"].values is None and not told["explain"] and failing.done:
            raise error("nothing there")
        failing.done = not told["explain"]
        return solve(problem, settings, **told)

    failing.done = False
    monkeypatch.setattr("anello.api.running.solve", failing)
    model = national()
    model.run()
    assert list(model.results["spores"].values) == [0, 1]
    assert "alternative 2 has no solution (nothing there)" in caplog.text


def test_a_model_without_any_solution_is_an_error():
    model = national(
        **{
            "run.ensure_feasibility": False,
            "group_constraints.little": {"techs": ["gas"], "carrier_prod_max": {"power": 1}},
            "techs.wind.constraints.energy_cap_max": 100,
        }
    )
    with pytest.raises(InfeasibleError):
        model.run()


# --- options --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({f"{OPTIONS}.score_cost_class": 1}, "must name a cost class"),
        ({f"{OPTIONS}.score_cost_class": "spore_score"}, "Did you mean `spores_score`"),
        ({f"{OPTIONS}.slack_cost_group": "systemwide_cost"}, "Did you mean `systemwide_cost_max`"),
        ({f"{OPTIONS}.slack_cost_group": None}, "must name a group constraint"),
        ({f"{GROUP}.exists": False}, "must name a group constraint"),
        ({GROUP: {"_REPLACE_": None, "energy_cap_max": 5}}, "has no `cost_max`"),
        ({f"{GROUP}.cost_max.spores_score": 5}, "cannot be limited"),
        ({f"{OPTIONS}.spores_number": 1.5}, "whole number"),
        ({f"{OPTIONS}.slack": "much"}, "must be a number"),
        ({f"{OPTIONS}.objective_cost_class": {"score": 1}}, "no technology has costs"),
        ({f"{OPTIONS}.save_per_spore": True}, r"with \{\} in the place"),
        ({f"{OPTIONS}.save_per_spore": True, f"{OPTIONS}.save_per_spore_path": "a_{b}.nc"}, "{}"),
        ({"run.objective_options.sense": "maximize"}, "least cost"),
        ({"run.objective": "check_feasibility"}, "need a cost"),
    ],
)
def test_options_that_make_no_sense(changes, message):
    with pytest.raises(InputError, match=message):
        national(**changes)


def test_options_changed_later_are_checked_too(solved):
    model = anello.Model.from_data(solved.data)
    options = dict(solved.run_config["spores_options"])
    try:
        model.run_config["spores_options"]["slack_cost_group"] = "nothing"
        with pytest.raises(InputError, match="must name a group constraint"):
            model.run()
    finally:
        model.run_config["spores_options"].update(options)


def test_inputs_must_not_differ_between_alternatives(solved):
    inputs = solved.data.inputs
    several = inputs["cost_energy_cap"].expand_dims(spores=[0, 1])
    data = ModelData(inputs.assign(cost_energy_cap=several), solved.data.config)
    with pytest.raises(InputError, match="same for all alternatives"):
        run_spores(data, compile_problem(solved.backend.current()), lambda *_: None)


def test_no_alternatives_and_no_slack_are_warnings(caplog):
    with caplog.at_level(logging.WARNING, "anello"):
        model = national(**{f"{OPTIONS}.spores_number": 0, f"{OPTIONS}.slack": -1})
    assert "no alternatives are asked for" in caplog.text
    assert "taken as 0.1" in caplog.text
    model.run()
    assert list(model.results["spores"].values) == [0]
