"""Time reduction step by step: what is kept, what is joined, what is refused."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anello.api.model import Model
from anello.cli import main
from anello.errors import InputError
from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.model.time_reduction import days as days_module
from anello.model.time_reduction import reduce_time
from golden.cases import FOLDER
from golden.outcome import outcome, solved_data

CLUSTERS = FOLDER / "time_clusters.yaml"
STEPS = FOLDER / "time_steps.yaml"
WHOLE = {"model.time": {"_REPLACE_": None}}
EXPECTED = json.loads((FOLDER.parent / "expected.json").read_text(encoding="utf-8"))


def read(time: Any, path=STEPS, **more: Any) -> ModelData:
    """Read the twelve days with another `model.time`."""
    modules = more.pop("time_modules", ())
    told = {"model": {"time": {"_REPLACE_": None, **(time or {})}}, **more}
    return read_model(path, override_dict=told, time_modules=modules)


def resampled(resolution: str, **more: Any) -> ModelData:
    return read({"function": "resample", "function_options": {"resolution": resolution}}, **more)


def clustered(**options: Any) -> ModelData:
    told = {"clustering_func": "file=clusters.csv:three", "how": "mean", **options}
    return read({"function": "apply_clustering", "function_options": told})


def masked(name: str, **options: Any) -> pd.DatetimeIndex:
    """Return the steps that one mask keeps, told by their length of an hour."""
    time = {"function": "resample", "function_options": {"resolution": "12H"}}
    inputs = read({**time, "masks": [{"function": name, "options": options}]}).inputs
    index = pd.DatetimeIndex(inputs["timestep"].values)
    return index[inputs["timestep_resolution"].values == 1.0]


@pytest.fixture(scope="module")
def whole() -> ModelData:
    return read(None)


# --- resampling -----------------------------------------------------------------------------------
def test_energies_are_summed_and_prices_averaged(whole):
    found, old = resampled("6H").inputs, whole.inputs
    assert found.sizes["timestep"] == 48
    np.testing.assert_array_equal(found["timestep_resolution"], 6.0)
    np.testing.assert_array_equal(found["timestep_weight"], 1.0)
    by_six = old["resource"].sel(node="north::demand_el").values.reshape(-1, 6)
    np.testing.assert_allclose(
        found["resource"].sel(node="north::demand_el").values, by_six.sum(axis=1)
    )
    price = old["cost_om_prod"].sel(node="north::grid").values.reshape(-1, 6)
    np.testing.assert_allclose(
        found["cost_om_prod"].sel(node="north::grid").values.ravel(), price.mean(axis=1)
    )


def test_a_resource_without_limit_stays_so():
    resource = resampled("6H").inputs["resource"].sel(node="north::grid").values
    assert np.isinf(resource).all()


def test_one_number_per_step_becomes_one_per_longer_step():
    constant = {"demand_el": {"constraints": {"resource": -30}}}
    told = {"techs": {**constant, "pv": {"exists": False}, "wind": {"exists": False}}}
    found = resampled("6H", **told).inputs["resource"].sel(node="north::demand_el")
    np.testing.assert_allclose(found.values, -180.0)


@pytest.mark.parametrize("resolution", ["1W", "2D", "1M", "90min", "1h", "7H", "1MS"])
def test_hours_and_energy_are_what_they_were(whole, resolution):
    found, old = resampled(resolution).inputs, whole.inputs
    assert float(found["timestep_resolution"].sum()) == 288.0
    np.testing.assert_allclose(
        found["resource"].sel(node="north::demand_el").sum(),
        old["resource"].sel(node="north::demand_el").sum(),
    )
    assert pd.DatetimeIndex(found["timestep"].values).is_monotonic_increasing


def test_a_flag_that_is_set_in_one_step_is_set_in_the_joined_one():
    told = {"techs": {"demand_el": {"constraints": {"force_resource": "file=switch.csv:north"}}}}
    model = {"model": {"subset_time": ["2019-03-04", "2019-03-06"]}}
    found = read_model(STEPS, override_dict={**told, **model}).inputs["force_resource"]
    values = found.sel(node="north::demand_el").values.reshape(-1, 8)
    np.testing.assert_array_equal(values, [[0, 0, 1, 1, 0, 0, 0, 0]] * 3)


def test_a_finer_resolution_changes_nothing_and_says_so(whole):
    found = resampled("30T")
    assert found.inputs.sizes["timestep"] == 288
    assert any("leaves all 288 time steps" in w for w in found.warnings)
    xr_equal(found, whole)


def xr_equal(one: ModelData, other: ModelData) -> None:
    """Assert that two models hold the same numbers."""
    for name, array in other.inputs.variables.items():
        np.testing.assert_array_equal(one.inputs[name].values, array.values, err_msg=str(name))


# --- masks ----------------------------------------------------------------------------------------
DAY_7 = pd.date_range("2019-03-07", periods=24, freq="h")


def test_the_day_of_highest_demand():
    assert masked("extreme", tech="demand_el").equals(DAY_7)
    assert masked("extreme", tech="demand_el", normalize=False, how="min").equals(DAY_7)


def test_two_days_and_half_days():
    two = masked("extreme", tech="demand_el", n=2)
    assert sorted(set(two.date)) == [pd.Timestamp(f"2019-03-0{d}").date() for d in (6, 7)]
    assert len(masked("extreme", tech="demand_el", length="12H")) == 12


def test_padding_in_hours_and_to_the_calendar_week():
    padded = masked("extreme", tech="demand_el", padding="12H")
    assert padded[0] == pd.Timestamp("2019-03-06 12:00")
    assert padded[-1] == pd.Timestamp("2019-03-08 11:00")
    # The dearest day is Monday the 11th; the series end on Friday.
    week = masked("extreme", tech="grid", var="cost_om_prod", padding="calendar_week")
    assert week.equals(pd.date_range("2019-03-11", "2019-03-15 23:00", freq="h"))


def test_a_day_of_each_week():
    found = masked("extreme", tech="demand_el", groupby_length="1W")
    assert sorted({d.day for d in found}) == [7, 15]


def test_steps_in_which_the_sun_does_not_shine(whole):
    found = masked("zero", tech="pv")
    sun = whole.inputs["resource"].sel(node="north::pv").to_series()
    assert found.equals(pd.DatetimeIndex(sun.index[sun == 0]))


def test_masks_join_and_steps_in_between_keep_their_order(whole):
    time = {"function": "resample", "function_options": {"resolution": "6H"}}
    masks = [
        {"function": "extreme", "options": {"tech": "demand_el", "length": "4H"}},
        {"function": "extreme", "options": {"tech": "pv", "how": "min"}},
    ]
    inputs = read({**time, "masks": masks}).inputs
    index = pd.DatetimeIndex(inputs["timestep"].values)
    ends = index + pd.to_timedelta(inputs["timestep_resolution"].values, "h")
    assert index[1:].equals(ends[:-1])  # without gap or overlap
    assert float(inputs["timestep_resolution"].sum()) == 288.0


# --- dropping -------------------------------------------------------------------------------------
def test_dropped_hours_are_stood_for_by_the_others():
    steps = ["2019-03-04 18:00", "2019-03-04 19:00"]
    inputs = read({"function": "drop", "function_options": {"timesteps": steps}}).inputs
    assert inputs.sizes["timestep"] == 286
    hours = inputs["timestep_resolution"] * inputs["timestep_weight"]
    assert float(hours.sum()) == pytest.approx(288.0)
    assert len(set(inputs["timestep_weight"].values)) == 1


# --- representative days --------------------------------------------------------------------------
def test_clusters_from_a_file():
    inputs = clustered().inputs
    assert inputs.sizes["timestep"] == 3 * 24
    assert list(inputs["cluster"].values) == [0, 1, 2]
    days = inputs["datestep_cluster"].to_series()
    counts = days.value_counts()
    weight = inputs["timestep_weight"].to_series().groupby(inputs["timestep_cluster"].values)
    assert weight.first().astype(int).to_dict() == counts.to_dict()
    assert float((inputs["timestep_resolution"] * inputs["timestep_weight"]).sum()) == 288.0


def test_closest_days_are_real_days(whole):
    inputs = clustered(how="closest", scale_clusters=None).inputs
    real = whole.inputs["resource"].sel(timestep=inputs["timestep"].values)
    np.testing.assert_array_equal(inputs["resource"].values, real.values)


def test_clusters_with_one_closest_day_become_one():
    given = pd.Series(np.arange(12) % 2, index=pd.date_range("2019-03-04", periods=12))
    data = read(None)
    data.config["model"]["time"] = {
        "function": "apply_clustering",
        "function_options": {"clustering_func": "file=x.csv:y", "how": "closest"},
    }
    same = data.inputs.copy(deep=True)
    for name in ("resource", "cost_om_prod"):
        by_day = same[name].values.reshape(*same[name].shape[:-1], 12, 24)
        same[name].values = np.broadcast_to(by_day[..., :1, :], by_day.shape).reshape(
            same[name].shape
        )
    found = reduce_time(ModelData(same, data.config), clusters=given)
    assert found.inputs.sizes["timestep"] == 24
    np.testing.assert_array_equal(found.inputs["timestep_weight"], 12.0)
    assert any("clusters fewer" in w for w in found.warnings)


@pytest.mark.parametrize("how", ["mean", "closest"])
def test_every_day_its_own_cluster_is_the_whole_model(how):
    # With losses the limits between days are on the safe side, and dearer by a trifle.
    lossless = {"techs": {"battery": {"constraints": {"storage_loss": 0}}}}
    options = {"clustering_func": "file=clusters.csv:each", "how": how}
    time = {"function": "apply_clustering", "function_options": options}
    found = solved_data(read(time, **lossless)).objective
    np.testing.assert_allclose(found, solved_data(read(None, **lossless)).objective, rtol=1e-9)


def test_masked_days_keep_their_hours_beside_clusters(whole):
    time = {
        "function": "apply_clustering",
        "function_options": {
            "clustering_func": "file=clusters.csv:three",
            "how": "mean",
            "scale_clusters": None,
        },
        "masks": [{"function": "extreme", "options": {"tech": "demand_el"}}],
    }
    inputs = read(time).inputs
    kept = inputs["resource"].sel(timestep=DAY_7)
    np.testing.assert_array_equal(kept, whole.inputs["resource"].sel(timestep=DAY_7))
    assert set(inputs["timestep_weight"].sel(timestep=DAY_7).values) == {1.0}
    assert float((inputs["timestep_resolution"] * inputs["timestep_weight"]).sum()) == 288.0
    assert inputs.sizes["datestep"] == 12
    demand = inputs["resource"].sel(node="north::demand_el") * inputs["timestep_weight"]
    total = whole.inputs["resource"].sel(node="north::demand_el").sum()
    np.testing.assert_allclose(demand.sum(), total)


def test_a_seed_gives_the_same_clusters_and_none_gives_always_the_same():
    told = {"clustering_func": "kmeans", "k": 4}
    one, two = clustered(**told).inputs, clustered(**told).inputs
    np.testing.assert_array_equal(one["datestep_cluster"], two["datestep_cluster"])


def test_hartigans_rule_is_told():
    data = read_model(CLUSTERS, scenario="hartigan")
    assert any("Hartigan's rule finds" in w for w in data.warnings)


def test_scikit_learn_is_asked_for_by_name(monkeypatch):
    original = importlib.util.find_spec
    monkeypatch.setattr(
        days_module.importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "sklearn" else original(name, *rest),
    )
    with pytest.raises(InputError, match=r"anello\[clustering\]"):
        read_model(CLUSTERS)
    assert clustered().inputs.sizes["timestep"] == 72  # not needed for clusters from a file


def test_levels_between_days_stay_within_the_store():
    model = Model(CLUSTERS, scenario="closest")
    model.run()
    found = model.dispatch
    start = found["storage_inter_cluster"].sel(node="north::battery")
    level = found["storage"].sel(node="north::battery")
    size = float(found["storage_cap"].sel(node="north::battery"))
    of_step = found["timestep_cluster"].values
    kept = 0.997 ** np.arange(1, 25)
    for day, cluster in enumerate(found["datestep_cluster"].values):
        within = level.values[of_step == cluster]
        total = float(start[day]) * kept + within
        assert total.min() > -1e-6
        assert total.max() < size + 1e-6
        after = float(start[day]) * kept[-1] + within[-1]
        np.testing.assert_allclose(start[(day + 1) % 12], after, atol=1e-6)


def test_results_and_inputs_say_what_stands_for_what(tmp_path):
    model = Model(CLUSTERS, scenario="from_file")
    model.run()
    assert model.results["timestep_cluster"].dims == ("timesteps",)
    assert model.results["storage_inter_cluster"].dims == ("loc_techs_store", "datesteps")
    inputs = model.inputs
    assert inputs["lookup_datestep_cluster"].dims == ("datesteps",)
    first = inputs["lookup_cluster_first_timestep"].values.reshape(-1, 24)
    np.testing.assert_array_equal(first[:, 0], 1)
    assert first[:, 1:].sum() == 0
    last = inputs["lookup_datestep_last_cluster_timestep"].values
    assert set(pd.DatetimeIndex(last).hour) == {23}
    model.to_netcdf(tmp_path / "model.nc")
    from anello.api.reading import read_netcdf

    again = read_netcdf(tmp_path / "model.nc")
    again.run(force_rerun=True)
    cost = model.dispatch.attrs["cost_objective"]
    assert again.dispatch.attrs["cost_objective"] == pytest.approx(cost)
    np.testing.assert_array_equal(
        again.dispatch["datestep_cluster"], model.dispatch["datestep_cluster"]
    )


def test_weights_count_in_results():
    model = Model(CLUSTERS, scenario="closest")
    model.run()
    found = model.dispatch
    weighted = (found["carrier_prod"] * found["timestep_weight"]).sum("timestep")
    made = weighted.sel(node="north::wind", carrier="electricity")
    factor = found["systemwide_capacity_factor"].sel(tech="wind", carrier="electricity")
    capacity = found["energy_cap"].sel(node="north::wind")
    np.testing.assert_allclose(factor, made / capacity / 288.0)
    sources = ["north::grid", "north::pv", "north::wind"]
    np.testing.assert_allclose(
        found["total_levelised_cost"].sel(carrier="electricity", cost_class="monetary"),
        found["cost"].sum() / weighted.sel(node=sources, carrier="electricity").sum(),
    )


def test_each_option_moves_the_optimum():
    """The cases of the golden models are no copies of their base."""
    told = {"not_cyclic"}  # the battery starts empty anyway
    for model in ("time_clusters", "time_steps"):
        base = EXPECTED[model]["objective"]
        for name, record in EXPECTED.items():
            case = name.partition("-")[2]
            if name.startswith(f"{model}-") and case not in told and "objective" in record:
                assert abs(record["objective"] - base) > 1e-6, name


def test_what_the_oracle_fails_on_is_solved():
    for name in ("extreme_each_week", "zero"):
        assert EXPECTED[f"time_steps-{name}"]["error"].startswith("InvalidIndexError")
        assert outcome(STEPS, name).status == "optimal"


def test_masks_without_a_function_are_told(whole):
    data = read({"masks": [{"function": "zero", "options": {"tech": "pv"}}]})
    assert data.inputs.sizes["timestep"] == 288
    assert any("no effect without" in w for w in data.warnings)


def test_the_function_in_the_documentation_works(repo_root, tmp_path, monkeypatch):
    text = (repo_root / "docs/how-to/reduce-time.md").read_text(encoding="utf-8")
    code = text.partition("```python\ndef quarter")[2].partition("```")[0]
    (tmp_path / "documented_time.py").write_text(f"def quarter{code}", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    time = {"function": "documented_time.quarter", "function_options": {"days": 70}}
    inputs = read(time, time_modules=["documented_time"]).inputs
    assert 0 < inputs.sizes["timestep"] < 288
    assert float((inputs["timestep_resolution"] * inputs["timestep_weight"]).sum()) == (
        pytest.approx(288.0)
    )


def test_the_examples_of_reduced_time():
    from anello import examples

    assert examples.time_resampling().data.inputs.sizes["timestep"] == 20
    assert examples.time_clustering().data.inputs.sizes["timestep"] == 48
    masking = examples.time_masking()
    assert set(masking.data.inputs["timestep_resolution"].values) == {1.0, 6.0}
    masking.run(solver="highs")
    assert masking.results.attrs["termination_condition"] == "optimal"


# --- functions of one's own -----------------------------------------------------------------------
OWN = """
import pandas as pd

print("imported", flush=True)


def first_day(data, timesteps):
    return data.isel(timestep=slice(0, 24))


def noon(data, hour=12):
    index = pd.DatetimeIndex(data["timestep"].values)
    return index[index.hour == hour]


def nothing(data, timesteps):
    return None


number = 5
"""


@pytest.fixture
def own(tmp_path, monkeypatch) -> str:
    (tmp_path / "own_time.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("own_time", None)
    importlib.invalidate_caches()
    return "own_time"


def test_a_function_of_an_allowed_module(own):
    found = read({"function": "own_time.first_day"}, time_modules=[own])
    assert found.inputs.sizes["timestep"] == 24


def test_a_mask_of_an_allowed_module(own):
    time = {
        "masks": [{"function": "own_time.noon", "options": {"hour": 13}}],
        "function": "resample",
        "function_options": {"resolution": "1D"},
    }
    found = read(time, time_modules=[own]).inputs
    assert (found["timestep_resolution"] == 1).sum() == 12


def test_a_model_file_runs_no_code_unasked(own, capfd):
    for name in ("own_time.first_day", "os.system", "subprocess.run", "builtins.eval"):
        with pytest.raises(InputError, match="does not run code unasked") as caught:
            read({"function": name})
        assert "time_steps.yaml" not in str(caught.value) or "function" in str(caught.value)
        with pytest.raises(InputError, match="does not run code unasked"):
            read({"masks": [{"function": name}], "function": "resample"})
    assert "own_time" not in sys.modules
    assert "imported" not in capfd.readouterr().out


def test_a_module_allowed_does_not_allow_others_nor_what_it_imports(own):
    for name in ("own_time.pd.eval", "own_time_too.f"):
        with pytest.raises(InputError, match="not allowed"):
            read({"function": name}, time_modules=[own])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_time.nothing", "returned NoneType"),
        ("own_time.missing", "has no `missing`"),
        ("own_time.number", "is no function"),
        ("no_such_module_here.f", "cannot be imported"),
    ],
)
def test_faults_of_own_functions_are_told(own, name, message):
    with pytest.raises(InputError, match=message):
        read({"function": name}, time_modules=[own, "no_such_module_here"])


def test_the_command_line_allows_a_module(own, tmp_path, capsys):
    model = str(STEPS)
    override = "{model.time: {_REPLACE_: null, function: own_time.first_day}}"
    assert main(["check", model, "--override_dict", override]) == 1
    assert "--time_module own_time" in capsys.readouterr().err
    assert main(["check", model, "--override_dict", override, "--time_module", own]) == 0


# --- refusals -------------------------------------------------------------------------------------
REFUSED = [
    ({"function": "resampel"}, ["model.time.function", "Did you mean `resample`"]),
    ({"function": "resample"}, ["model.time.function_options.resolution", "is missing"]),
    ({"function": "resample", "function_options": {"resolution": "six"}}, ["`6H`"]),
    ({"function": "resample", "function_options": {"resoluton": "6H"}}, ["resolution"]),
    ({"function": "resample", "function_options": {"resolution": "1D", "seed": 1}}, ["seed"]),
    ({"fucntion": "resample"}, ["model.time.fucntion"]),
    ("resample", ["must be a mapping"]),
    ({"masks": {"function": "zero"}}, ["model.time.masks", "list of masks"]),
    ({"masks": [{"function": "zero", "options": {"tech": "win"}}]}, ["options.tech", "`wind`"]),
    ({"masks": [{"function": "zero", "options": {"tech": "pv", "var": "energy_eff"}}]}, ["var"]),
    ({"masks": [{"function": "zero", "options": {"tech": "pv", "locs": "south"}}]}, ["locs"]),
    ({"masks": [{"function": "zero", "options": {"tech": "pv", "colour": "x"}}]}, ["colour"]),
    ({"masks": [{"function": "zero", "options": {"tech": "battery"}}]}, ["not given"]),
    ({"masks": [{"function": "extreme", "options": {"tech": "pv", "how": "most"}}]}, ["max"]),
    ({"masks": [{"function": "extreme", "options": {"tech": "pv", "n": 99}}]}, ["12 periods"]),
    ({"masks": [{"function": "extreme", "options": {"tech": "pv", "n": 0}}]}, ["options.n"]),
    ({"masks": [{"function": "extreme", "options": {"tech": "pv", "length": "1M"}}]}, ["fixed"]),
    (
        {"masks": [{"function": "extreme", "options": {"tech": "pv", "padding": "calendar_week",
         "n": 2}}]},
        ["calendar_week"],
    ),
    ({"function": "drop", "function_options": {"timesteps": ["2020-01-01"]}}, ["2020-01-01"]),
    ({"function": "drop", "function_options": {"timesteps": ["some day"]}}, ["list of time steps"]),
    ({"function": "drop"}, ["function_options.timesteps", "is missing"]),
    (
        {"function": "resample", "function_options": {"resolution": "6H", "timesteps": []}},
        ["function_options.timesteps", "masks say"],
    ),
    (
        {"function": "drop", "function_options": {"timesteps": []},
         "masks": [{"function": "zero", "options": {"tech": "pv"}}]},
        ["function_options.timesteps", "masks say"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("time", "named"), REFUSED, ids=lambda x: str(x)[:60])
def test_a_wrong_setting_is_named(time, named):
    told = {"model": {"time": {"_REPLACE_": None, **time} if isinstance(time, dict) else time}}
    if isinstance(time, dict) and "masks" in time and "function" not in time:
        told["model"]["time"] |= {"function": "resample", "function_options": {"resolution": "6H"}}
    with pytest.raises(InputError) as caught:
        read_model(STEPS, override_dict=told)
    for word in named:
        assert word in str(caught.value), caught.value


OPTIONS = [
    ({"how": "median"}, ["mean or closest"]),
    ({"scale_clusters": "maximum"}, ["scale_clusters"]),
    ({"k": 0, "clustering_func": "kmeans"}, ["function_options.k"]),
    ({"k": 13, "clustering_func": "kmeans"}, ["12 days"]),
    ({"clustering_func": "kmean"}, ["kmeans"]),
    ({"clustering_func": "hierarchical"}, ["needs the number of clusters"]),
    ({"clustering_func": "file=clusters.csv:four"}, ["clusters.csv", "four"]),
    ({"clustering_func": "file=twelve_days.csv:price"}, ["more than one cluster"]),
    ({"clustering_func": "kmeans", "k": 3, "tech": ["win"]}, ["tech", "`wind`"]),
    ({"clustering_func": "kmeans", "k": 3, "variables": ["resuorce"]}, ["resource"]),
    ({"clustering_func": "kmeans", "k": 3, "n_init": 5}, ["n_init", "unknown option"]),
]


@pytest.mark.parametrize(("options", "named"), OPTIONS, ids=lambda x: str(x)[:60])
def test_a_wrong_option_of_clustering_is_named(options, named):
    with pytest.raises(InputError) as caught:
        clustered(**options)
    for word in named:
        assert word in str(caught.value), caught.value


def test_a_fault_is_told_with_file_and_line():
    with pytest.raises(InputError, match=r"time_clusters\.yaml:\d+: `model\.time"):
        read_model(CLUSTERS, override_dict=None, scenario="closest,from_file_closest")


def test_days_that_differ_in_their_steps_cannot_be_clustered():
    told = {"model": {"subset_time": ["2019-03-04", "2019-03-06 12:00"]}}
    with pytest.raises(InputError, match="2019-03-06"):
        read_model(CLUSTERS, override_dict=told)


def test_a_mask_of_hours_does_not_go_with_clusters():
    told = {"model.time.masks": [{"function": "zero", "options": {"tech": "pv"}}]}
    with pytest.raises(InputError, match="a part of 2019-03-04"):
        read_model(CLUSTERS, override_dict=told)


def test_a_depth_of_discharge_does_not_go_with_clusters():
    told = {"techs.battery.constraints.storage_discharge_depth": 0.1}
    with pytest.raises(InputError, match="storage_discharge_depth"):
        read_model(CLUSTERS, override_dict=told)


def test_cyclic_stores_need_days_that_follow_each_other():
    told = {"model.time.function_options.storage_inter_cluster": False}
    with pytest.raises(InputError, match="storage_inter_cluster"):
        read_model(CLUSTERS, override_dict=told)


def test_energy_given_every_day_is_warned_of():
    told = {"techs.battery.constraints.storage_initial": 0.4}
    data = read_model(CLUSTERS, scenario="days_apart", override_dict=told)
    assert any("first representative day" in w for w in data.warnings)


def test_a_seed_is_a_whole_number():
    with pytest.raises(InputError, match=r"model\.random_seed"):
        read_model(CLUSTERS, override_dict={"model.random_seed": "seven"})


def test_nothing_is_imported_for_a_model_without_clusters(monkeypatch):
    original = builtins.__import__

    def refuse(name, *rest, **more):
        assert not name.startswith("sklearn"), "scikit-learn is heavy"
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert resampled("6H").inputs.sizes["timestep"] == 48
