"""Studies: their cases and caps, their tables, and what figures and page say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from anello.errors import ArtefactError, ConfigError, InputError, SweepError
from anello.model.schema.yaml_reader import read_settings
from anello.present.report.config import FiguresConfig
from anello.present.report.studies import (
    FRONT,
    TORNADO,
    front_said,
    plot_front,
    plot_tornado,
    read_study,
    studies_html,
    swings,
    tornado_said,
)
from anello.run.config import RunConfig, parse_config
from anello.run.plan import RunPlan
from anello.run.stages.case import run_case
from anello.run.stages.study import finish_study
from anello.run.studies.assumptions import scaled
from anello.run.studies.cases import Cap, Case
from anello.run.studies.front import ROOM, cap_value, with_cap
from anello.run.studies.tables import dominated_by
from anello.run.sweep.record import PointRecord

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "config" / "config.yaml"
FIGURES = FiguresConfig(formats=["svg"], cost_units={"co2": "kg"})


def config(**changes: Any) -> RunConfig:
    return parse_config({**read_settings(DEFAULT), **changes})


def faults(**changes: Any) -> str:
    with pytest.raises(ConfigError) as found:
        config(**changes)
    return str(found.value)


# --- cases ----------------------------------------------------------------------------------------


def test_a_generated_district_has_assumptions_of_its_own() -> None:
    cases = {case.name: case for case in config(sensitivity={"scenario": "smart"}).cases()}
    assert list(cases) == [
        "sensitivity~base",
        *(
            f"sensitivity~{name}~{side}"
            for name in ("electricity-price", "interest", "demand", "heat-pump-cop")
            for side in ("low", "high")
        ),
    ]
    assert cases["sensitivity~base"].values == {}
    assert cases["sensitivity~electricity-price~low"].values == {
        "data.changes.tariffs.import_eur_per_kwh": pytest.approx(0.24),
        "data.changes.tariffs.peak_eur_per_kwh": pytest.approx(0.288),
        "data.changes.tariffs.shoulder_eur_per_kwh": pytest.approx(0.24),
        "data.changes.tariffs.offpeak_eur_per_kwh": pytest.approx(0.192),
        "ring.plant.electricity_price_eur_per_kwh": pytest.approx(0.24),
    }
    assert cases["sensitivity~interest~high"].values == {
        "data.changes.costs.interest_rate": pytest.approx(0.07),
        "ring_costs.interest_rate": pytest.approx(0.07),
    }
    demand = cases["sensitivity~demand~high"].values
    assert set(demand.values()) == {1.1}
    assert len(demand) == 4
    heating = cases["sensitivity~heat-pump-cop~low"].values["ring.heat_pumps.hp_heating.cop_map"]
    assert heating["c0"] == pytest.approx(0.9 * 6.81)
    assert {case.start for case in list(cases.values())[1:]} == {"sensitivity~base"}


def test_gas_is_varied_where_it_is_burnt_and_no_cop_without_a_ring() -> None:
    cases = config(sensitivity={"scenario": "gas"}).cases()
    assert {case.about["assumption"] for case in cases} == {
        "", "electricity price", "gas price", "interest", "demand"
    }  # fmt: skip
    low = next(case for case in cases if case.name == "sensitivity~gas-price~low")
    ((key, value),) = low.values.items()
    assert key == "data.changes.costs.gas.price_eur_per_kwh"
    plain = config().scenario("gas").model_dump(mode="json")
    assert value == pytest.approx(0.8 * scaled("gas_price", 1.0, plain)[key])


def test_keys_of_ones_own_get_the_values_themselves() -> None:
    vary = {
        "wells": {"keys": ["ring.plant.wells.well_degc"], "low": 12, "high": 18},
        "demand": {"low": 0.5, "high": 2},
    }
    cases = config(sensitivity={"scenario": "smart", "vary": vary}).cases()
    assert [dict(case.values) for case in cases[1:3]] == [
        {"ring.plant.wells.well_degc": 12.0},
        {"ring.plant.wells.well_degc": 18.0},
    ]
    assert not cases[1].like
    assert set(cases[4].values.values()) == {2.0}
    assert cases[4].about["setting"] == "200 %"


def test_a_named_fit_of_a_cop_is_scaled_with_what_cooling_takes_off_it() -> None:
    settings = config().scenario("smart").model_dump(mode="json")
    settings["ring"]["heat_pumps"]["hp_cooling"]["cop_map"] |= {
        "fit": "air_source", "c0": None, "c1": None, "c2": None, "valid_lift_k": None,
    }  # fmt: skip
    found = scaled("heat_pump_cop", 2.0, settings)["ring.heat_pumps.hp_cooling.cop_map"]
    assert found["c0"] == pytest.approx(2 * 5.81)
    assert found["valid_lift_k"] == [15.0, 60.0]


def test_the_points_of_a_front_start_from_their_neighbours() -> None:
    cases = config(pareto={"scenario": "smart", "points": 4}).cases()
    assert [case.name for case in cases] == [
        "pareto~cheapest", "pareto~least", "pareto~cap-1", "pareto~cap-2", "pareto~cap-3"
    ]  # fmt: skip
    at = "ring.plant.electricity_location"
    assert {case.values[at] for case in cases} == {"buildings"}
    weights = cases[1].values["overrides.run.objective_options.cost_class"]
    assert weights["co2"] > 1000 * weights["monetary"] > 0
    assert [case.start for case in cases] == [
        None, "pareto~cheapest", "pareto~cap-2", "pareto~cap-3", "pareto~least"
    ]  # fmt: skip
    assert cases[3].needs == ["pareto~cap-3", "pareto~cheapest", "pareto~least"]
    assert [case.cap.step for case in cases[2:] if case.cap] == pytest.approx([1 / 3, 2 / 3, 1])
    shared = config(pareto={"scenario": "smart", "points": 3, "lowest": 0.8}).cases()
    assert [(case.name, case.start) for case in shared] == [
        ("pareto~cheapest", None),
        ("pareto~cap-1", "pareto~cheapest"),
        ("pareto~cap-2", "pareto~cap-1"),
    ]
    assert Case.from_told(cases[3].told()) == cases[3]


def test_a_case_is_planned_like_a_point() -> None:
    def plan(**changes: Any) -> RunPlan:
        study = {"scenario": "smart", "points": 3}
        return RunPlan(config(pareto=study, **changes), ROOT / "scripts")

    made = plan()
    assert made.study("pareto") == list(made.cases)
    assert "points/pareto~least" in made.places
    assert made.shared_model("pareto~cap-1") == "results/district/smart/model"
    assert made.scenario("pareto~cap-1").ring.plant is not None
    assert len({made.case_fingerprint(name) for name in made.cases}) == 4
    # what a case starts from is part of what its outcome depends on
    other = plan(coupling={"method": "slp", "tolerance_k": 0.4})
    assert other.case_fingerprint("pareto~cap-1") != made.case_fingerprint("pareto~cap-1")
    told = made.told_study("pareto")
    assert [Case.from_told(case) for case in told["cases"]] == list(made.cases.values())
    assert told["tolerance"] == 2e-3
    assert made.told_study("sensitivity") == {}
    assert made.case_records(["pareto~least"]) == [
        "results/district/points/pareto~least/point.json"
    ]
    assert made.search_tolerance("smart") == 2e-3
    assert made.search_tolerance("gas") == 0.0


@pytest.mark.parametrize(
    ("study", "told"),
    [
        ({"sensitivity": {"scenario": "smrt"}}, ["sensitivity.scenario", "smart"]),
        (
            {"sensitivity": {"scenario": "smart", "vary": {"intrest": {}}}},
            ["sensitivity.vary.intrest", "names no `keys`", "interest"],
        ),
        (
            {"sensitivity": {"scenario": "smart", "vary": {"demand": {"low": 2, "high": 1}}}},
            ["sensitivity.vary.demand", "`low` (2) must be less than `high` (1)", "exchange"],
        ),
        (
            {"sensitivity": {"scenario": "smart", "vary": {"demand": {"low": 0.9}}}},
            ["sensitivity.vary.demand", "`low` and `high` belong together"],
        ),
        (
            {"sensitivity": {"scenario": "smart", "vary": {"a": {"keys": ["ring.initial_degc"]}}}},
            ["sensitivity.vary.a", "need both `low` and `high`"],
        ),
        (
            {"sensitivity": {"scenario": "smart", "vary": {"demand": {"low": -1, "high": 1}}}},
            ["sensitivity.vary.demand", "`low` must be above 0"],
        ),
        (
            {
                "sensitivity": {
                    "scenario": "smart",
                    "vary": {"a": {"keys": ["ring.initial_deg"], "low": 1, "high": 2}},
                }
            },
            ["ring.initial_deg", "is not a setting", "initial_degc"],
        ),
        (
            {"sensitivity": {"scenario": "gas", "vary": {"heat_pump_cop": {}}}},
            ["sensitivity.vary.heat_pump_cop", "Leave it out"],
        ),
        ({"pareto": {"scenario": "smart", "cost_class": "co"}}, ["pareto.cost_class", "co2"]),
        (
            {"pareto": {"scenario": "smart", "cost_class": "monetary"}},
            ["pareto.cost_class", "another class"],
        ),
        ({"pareto": {"scenario": "smart", "point": 3}}, ["pareto.point", "points"]),
        ({"pareto": {"scenario": "smart", "lowest": 1.5}}, ["pareto.lowest", "less than 1"]),
    ],
)
def test_a_wrong_study_is_told_with_its_key_and_what_to_do(
    study: dict[str, Any], told: list[str]
) -> None:
    text = faults(**study)
    for part in told:
        assert part in text


def test_a_fault_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    from anello.run.config import read_config

    overlay = tmp_path / "mine.yaml"
    overlay.write_text("sensitivity:\n  scenario: smart\n  vary:\n    intrest: {}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:4: `sensitivity\.vary\.intrest`"):
        read_config(DEFAULT, overlay)


def test_a_folder_of_ones_own_has_to_say_more(tmp_path: Path) -> None:
    data = {"source": "folder", "model": str(tmp_path / "model.yaml")}
    assert "sensitivity.vary" in faults(data=data, sensitivity={"scenario": "smart"})
    vary = {"interest": {}}
    text = faults(data=data, sensitivity={"scenario": "smart", "vary": vary})
    assert "sensitivity.vary.interest" in text
    assert "`keys`" in text
    text = faults(data=data, pareto={"scenario": "smart"})
    assert "ring.plant.electricity_location" in text
    config(data=data, pareto={"scenario": "gas"})  # nothing to be put anywhere


# --- caps -----------------------------------------------------------------------------------------


def record(name: str, cost: float, emitted: float, simulated: float, **more: Any) -> PointRecord:
    summary = {
        "whole_cost": {"total": cost},
        "costs": {
            "monetary": {"total": cost},
            "co2": {"total": emitted, "total_simulated": simulated},
        },
        "energy_mwh": {"unmet_demand": {"homes": {"heating": more.get("unmet", 0.0)}}},
        "convergence": {"iterations": 3},
    }
    return PointRecord(name, "smart", more.get("values", {}), "f", summary)


ENDS = [record("pareto~cheapest", 100, 50, 51), record("pareto~least", 300, 20, 21)]


def test_caps_go_evenly_from_the_cheapest_to_the_least() -> None:
    caps = [cap_value(Cap("co2", step, None), ENDS) for step in (0.0, 0.5, 1.0)]
    assert caps[0] == 50
    assert caps[2] == pytest.approx(20 * (1 + ROOM))
    assert caps[1] == pytest.approx((caps[0] + caps[2]) / 2)
    assert cap_value(Cap("co2", 1.0, 0.8), ENDS[:1]) == pytest.approx(40)


def test_a_cap_acts_as_a_group_constraint_of_calliope() -> None:
    plain = config().scenario("smart").model_dump(mode="json")
    capped = with_cap(plain, "co2", 7.0)["overrides"]
    assert capped["group_constraints"] == {"pareto_cap": {"cost_max": {"co2": 7.0}}}
    assert "group_constraints" not in plain["overrides"]


def test_no_cap_without_a_class_or_an_end() -> None:
    with pytest.raises(InputError, match=r"pareto\.cost_class.*not a cost class.*`co2`"):
        cap_value(Cap("dust", 1.0, None), ENDS)
    with pytest.raises(InputError, match="nothing to cap"):
        cap_value(Cap("co2", 1.0, 0.5), [record("pareto~cheapest", 1, 0, 0)])
    failed = PointRecord("pareto~cheapest", "smart", {}, "f", None, "SolveError: no")
    with pytest.raises(SweepError, match=r"pareto~cheapest.*SolveError: no"):
        cap_value(Cap("co2", 1.0, None), [failed, ENDS[1]])


def test_a_case_whose_end_failed_says_so(tmp_path: Path) -> None:
    end = tmp_path / "end.json"
    PointRecord("pareto~cheapest", "smart", {}, "f", None, "SolveError: no").write(end)
    case = config(pareto={"scenario": "smart", "lowest": 0.9}).cases()[1]
    path = tmp_path / "point.json"
    outcome = run_case(case, {}, path, run="r", fingerprint="f", start=end, ends=[end])
    assert outcome.error is not None
    assert "pareto~cheapest" in outcome.error
    assert PointRecord.read(path) == outcome


# --- tables and figures ---------------------------------------------------------------------------


def front(tmp_path: Path, third: PointRecord) -> pd.DataFrame:
    cases = config(pareto={"scenario": "smart", "points": 3}).cases()
    records = [
        *ENDS,
        record("pareto~cap-1", 120, 35, 36, values={"cap": 35.0}),
        third,
    ]
    paths = []
    for one in records:
        paths.append(tmp_path / f"{one.point}.json")
        one.write(paths[-1])
    finish_study(
        [case.told() for case in cases],
        paths,
        table=tmp_path / "pareto.csv",
        figures=tmp_path / "front",
        settings=FIGURES,
        tolerance=2e-3,
    )
    assert (tmp_path / "front" / "front.svg").exists()
    return read_study(tmp_path / "pareto.csv")


def test_the_table_of_a_front(tmp_path: Path) -> None:
    table = front(tmp_path, record("pareto~cap-2", 180, 20.1, 21, values={"cap": 20.1}))
    assert list(table.index) == ["pareto~cheapest", "pareto~cap-1", "pareto~cap-2"]
    assert list(table["more_cost"]) == [0, 20, 80]
    assert list(table["less_emissions"]) == [0, 15, 30]
    assert table["cost_per_unit"].iloc[1:].tolist() == pytest.approx([20 / 15, 4])
    # what is paid unit by unit adds up to what is paid in all
    paid = table["cost_per_unit"].iloc[1:] * -table["emissions_simulated"].diff().iloc[1:]
    assert paid.sum() == pytest.approx(table["more_cost"].iloc[-1])
    assert table["cap_met"].all()
    assert list(table["dominated_by"]) == ["", "", ""]
    said = " ".join(front_said(table))
    assert "58.8 % less co2" in said
    assert "+80.0 € (+80.0 %)" in said
    figure = plot_front(table, FIGURES)
    drawn, caps = figure.axes[0].lines[:2]
    np.testing.assert_array_equal(drawn.get_xdata(), table["emissions_simulated"])
    np.testing.assert_array_equal(drawn.get_ydata(), table["cost"])
    np.testing.assert_array_equal(caps.get_xdata(), table["cap"].iloc[1:])
    plt.close(figure)


def test_a_dominated_point_and_a_missed_cap_are_told(tmp_path: Path) -> None:
    # cheaper with less than the point before it, which so is not the best there
    table = front(tmp_path, record("pareto~cap-2", 110, 20.1, 21, values={"cap": 20.1}))
    assert list(table["dominated_by"]) == ["", "pareto~cap-2", ""]
    assert "pareto~cap-1 is dominated by pareto~cap-2" in " ".join(front_said(table))
    for missed in (
        record("pareto~cap-2", 110, 20.1, 21, values={"cap": 20.1}, unmet=-0.5),
        record("pareto~cap-2", 110, 30, 31, values={"cap": 20.1}),
    ):
        table = front(tmp_path, missed)
        assert list(table["cap_met"]) == [True, True, False]
        assert list(table["dominated_by"]) == ["", "", ""]
        assert "cannot be met" in " ".join(front_said(table))
    above = record("pareto~cap-2", 180, 20.1, 21.105, values={"cap": 20.1})
    assert "pareto~cap-2 emits +5.0 % against its cap" in " ".join(
        front_said(front(tmp_path, above))
    )
    failed = PointRecord("pareto~cap-2", "smart", {}, "f", None, "NotConvergedError: no")
    assert "Without a result: pareto~cap-2" in " ".join(front_said(front(tmp_path, failed)))


def test_a_point_is_dominated_beyond_the_tolerance_only() -> None:
    costs = pd.Series([100.0, 100.1, 90.0], index=["a", "b", "c"])
    emissions = np.array([10.0, 9.99, 12.0])
    every = np.ones(3, dtype=bool)
    assert dominated_by(costs, emissions, every, 2e-3) == ["", "", ""]
    assert dominated_by(costs, np.array([10.0, 10.0, 10.0]), every, 2e-3) == ["c", "c", ""]
    known = np.array([True, True, False])
    assert dominated_by(costs, np.array([10.0, 10.0, 10.0]), known, 2e-3) == ["", "", ""]


VARY = {
    "demand": {"low": 0.9, "high": 1.1},
    "wells": {"keys": ["ring.plant.wells.well_degc"], "low": 12, "high": 18},
    "interest": {"low": 0.6, "high": 1.4},
}


def tornado(tmp_path: Path, costs: list[float | None]) -> pd.DataFrame:
    cases = config(sensitivity={"scenario": "smart", "vary": VARY}).cases()
    paths = []
    for case, cost in zip(cases, costs, strict=True):
        paths.append(tmp_path / f"{case.name}.json")
        failed = PointRecord(case.name, "smart", {}, "f", None, "SolveError: no")
        (failed if cost is None else record(case.name, cost, 1, 1)).write(paths[-1])
    finish_study(
        [case.told() for case in cases],
        paths,
        table=tmp_path / "sensitivity.csv",
        figures=tmp_path / "tornado",
        settings=FIGURES,
        tolerance=2e-3,
    )
    assert (tmp_path / "tornado" / "tornado.svg").exists()
    return read_study(tmp_path / "sensitivity.csv")


def test_the_tornado_is_sorted_and_says_what_moves_the_cost_most(tmp_path: Path) -> None:
    table = tornado(tmp_path, [1000, 990, 1010, 1001, 1000, 900, 1120])
    assert list(table["change"]) == [0, -10, 10, 1, 0, -100, 120]
    assert table["change_share"].iloc[5] == pytest.approx(-0.1)
    found = swings(table)
    assert list(found.index) == ["interest", "demand", "wells"]
    assert list(found["swing"]) == [220, 20, 1]
    said = tornado_said(table)
    assert said[0] == (
        "Of the assumptions varied, interest moves the cost most: −100 € (−10.0 %) at 60 %,"
        " +120 € (+12.0 %) at 140 %."
    )
    assert "tolerance of 2.00 €" in said[1]
    assert said[1].endswith(": wells.")
    figure = plot_tornado(table, FIGURES)
    widths = [bar.get_width() for bar in figure.axes[0].patches if bar.get_height() == 0.62]
    assert widths == [-100, -10, 1, 120, 10, 0]
    plt.close(figure)


def test_a_failed_case_is_told_and_a_failed_base_is_fatal(tmp_path: Path) -> None:
    table = tornado(tmp_path, [1000, None, 1010, 1001, 1000, 900, 1120])
    said = " ".join(tornado_said(table))
    assert "Without a result: sensitivity~demand~low." in said
    assert list(swings(table).index)[-1] == "demand"
    with pytest.raises(SweepError, match="sensitivity~base"):
        tornado(tmp_path, [None, *([1.0] * 6)])
    with pytest.raises(SweepError, match="nothing but"):
        tornado(tmp_path, [1.0, *([None] * 6)])


def test_the_page_has_a_section_of_each_study(tmp_path: Path) -> None:
    tables = {
        TORNADO: tornado(tmp_path, [1000, 990, 1010, 1001, 1000, 900, 1120]),
        FRONT: front(tmp_path, record("pareto~cap-2", 180, 20.1, 21, values={"cap": 20.1})),
    }
    text = studies_html(tables, FIGURES)
    assert text.count("<section") == text.count("</section>") == 2
    assert text.count('src="data:image/svg+xml;base64,') == 2
    assert "interest moves the cost most" in text
    assert "Per kg avoided [€]" in text
    assert studies_html(tables, FIGURES) == text
    assert studies_html({}, FIGURES) == ""
    with pytest.raises(ArtefactError, match=r"gone\.csv"):
        read_study(tmp_path / "gone.csv")
