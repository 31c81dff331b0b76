"""What no reduction of time changes: hours, energy, and the optimum where nothing is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.model.time_reduction.days import spread_centres
from golden.outcome import solved_data

QUICK = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 2**20)


def model(
    seed: int,
    time: dict[str, Any],
    days: int = 4,
    labels: list[int] | None = None,
    cyclic: bool = True,
) -> ModelData:
    """A small system with random series, and a lossless store."""
    rng = np.random.default_rng(seed)
    steps = 24 * days
    index = pd.date_range("2020-02-27", periods=steps, freq="h")
    sun = np.maximum(0.0, np.sin((np.arange(steps) % 24 - 6) / 12 * np.pi))
    size = rng.uniform(0.3, 1.0, days).repeat(24)
    tables = {
        "load": pd.DataFrame({"a": -rng.uniform(5, 20, steps)}, index=index),
        "sun": pd.DataFrame({"a": sun * size * rng.uniform(0.5, 1.0)}, index=index),
        "price": pd.DataFrame({"a": rng.uniform(0.1, 0.4, steps)}, index=index),
        "labels": pd.DataFrame({"of": labels or [0] * days}, index=index[::24]),
    }
    electric = {"carrier": "electricity"}

    def tech(parent: str, constraints: dict[str, Any], **costs: Any) -> dict[str, Any]:
        essentials = {"name": parent, "parent": parent, **electric}
        found: dict[str, Any] = {"essentials": essentials, "constraints": constraints}
        return {**found, "costs": {"monetary": costs}} if costs else found

    store = {"storage_cap_equals": 40, "energy_cap_equals": 8}
    roof = {"resource": "df=sun", "resource_unit": "energy_per_cap", "energy_cap_equals": 15}
    return read_model(
        {
            "model": {"name": "random", "random_seed": seed, "time": time},
            "run": {"solver": "highs", "cyclic_storage": cyclic},
            "techs": {
                "load": tech("demand", {"resource": "df=load"}),
                "grid": tech("supply", {}, om_prod="df=price"),
                "roof": tech("supply", roof),
                "store": tech("storage", store, om_prod=0.001),
            },
            "locations": {"a": {"techs": dict.fromkeys(("load", "grid", "roof", "store"))}},
        },
        timeseries_dataframes=tables,
    )


def hours(data: ModelData) -> float:
    return float((data.inputs["timestep_resolution"] * data.inputs["timestep_weight"]).sum())


def energy(data: ModelData) -> float:
    demand = data.inputs["resource"].sel(node="a::load")
    return float((demand * data.inputs["timestep_weight"]).sum())


resolutions = st.sampled_from(["2H", "3h", "5H", "7H", "1D", "36H", "1W", "90min", "1M", "48H"])
masks = st.lists(
    st.one_of(
        st.fixed_dictionaries({"function": st.just("zero"), "options": st.just({"tech": "roof"})}),
        st.fixed_dictionaries(
            {
                "function": st.just("extreme"),
                "options": st.fixed_dictionaries(
                    {
                        "tech": st.sampled_from(["load", "roof"]),
                        "how": st.sampled_from(["max", "min"]),
                        "length": st.sampled_from(["1D", "5H", "2H"]),
                        "n": st.integers(1, 2),
                        "padding": st.sampled_from([None, "3H", "1D"]),
                    }
                ),
            }
        ),
        st.fixed_dictionaries(
            {
                "function": st.just("extreme_diff"),
                "options": st.fixed_dictionaries(
                    {"tech0": st.just("load"), "tech1": st.just("roof"), "n": st.integers(1, 3)}
                ),
            }
        ),
    ),
    max_size=2,
)


@QUICK
@given(seeds, resolutions, masks)
def test_longer_steps_keep_hours_energy_and_order(seed, resolution, masks):
    whole = model(seed, {})
    time = {"function": "resample", "function_options": {"resolution": resolution}}
    found = model(seed, {**time, "masks": masks} if masks else time)
    assert hours(found) == pytest.approx(96.0)
    assert energy(found) == pytest.approx(energy(whole))
    index = pd.DatetimeIndex(found.inputs["timestep"].values)
    ends = index + pd.to_timedelta(found.inputs["timestep_resolution"].values, "h")
    assert index[1:].equals(ends[:-1])
    assert set(found.inputs["timestep_weight"].values) == {1.0}


@QUICK
@given(seeds)
def test_a_models_own_resolution_changes_nothing(seed):
    whole = model(seed, {})
    found = model(seed, {"function": "resample", "function_options": {"resolution": "1H"}})
    for name, variable in whole.inputs.variables.items():
        np.testing.assert_array_equal(found.inputs[name].values, variable.values)


@QUICK
@given(seeds, st.lists(st.integers(0, 3), min_size=5, max_size=5), st.sampled_from([True, False]))
def test_representative_days_keep_hours_and_with_means_energy(seed, labels, inter):
    options = {
        "clustering_func": "df=labels:of",
        "how": "mean",
        "scale_clusters": None,
        "storage_inter_cluster": inter,
    }
    time = {"function": "apply_clustering", "function_options": options}
    found = model(seed, time, 5, labels, cyclic=inter)
    whole = model(seed, {}, 5)
    assert hours(found) == pytest.approx(120.0)
    assert energy(found) == pytest.approx(energy(whole))
    assert found.inputs.sizes["timestep"] == 24 * len(set(labels))


@settings(max_examples=4, deadline=None)
@given(seeds, st.sampled_from(["mean", "closest"]), st.sampled_from(["kmeans", "hierarchical"]))
def test_as_many_clusters_as_days_give_the_whole_models_optimum(seed, how, function):
    options = {"clustering_func": function, "how": how, "k": 3}
    time = {"function": "apply_clustering", "function_options": options}
    found = solved_data(model(seed, time, 3)).objective
    assert found == pytest.approx(solved_data(model(seed, {}, 3)).objective, rel=1e-7)


@QUICK
@given(seeds, st.data())
def test_dropped_steps_are_stood_for(seed, data):
    index = pd.date_range("2020-02-27", periods=96, freq="h")
    gone = data.draw(st.lists(st.sampled_from([str(t) for t in index]), min_size=1, max_size=90))
    time = {"function": "drop", "function_options": {"timesteps": gone}}
    found = model(seed, time)
    assert hours(found) == pytest.approx(96.0)
    assert found.inputs.sizes["timestep"] == 96 - len(set(gone))


@QUICK
@given(seeds, st.integers(1, 6), st.integers(6, 12))
def test_centres_to_start_from_are_different_points(seed, k, n):
    rng = np.random.RandomState(seed)
    points = rng.normal(size=(n, 3))
    centres = spread_centres(points, k, np.random.RandomState(seed))
    rows = [np.flatnonzero((points == c).all(axis=1)) for c in centres]
    assert all(len(r) == 1 for r in rows)
    assert len({int(r[0]) for r in rows}) == k
