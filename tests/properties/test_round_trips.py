"""Whatever the numbers: YAML, NetCDF and tables hold the same system and the same results."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import anello

STEPS = pd.date_range("2030-01-01", periods=5, freq="h")


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda v: float(f"{v:.6g}"))


@st.composite
def systems(draw: st.DrawFn) -> tuple[dict, dict[str, pd.DataFrame]]:
    """A model in which every demand can be met, and its series."""
    cost = {"interest_rate": draw(numbers(0, 0.2)), "energy_cap": draw(numbers(0, 500))}
    techs = {
        "need": {
            "essentials": {"parent": "demand", "carrier": "power", "name": "Bedürfnis"},
            "constraints": {"resource": "df=need"},
        },
        "plant": {
            "essentials": {"parent": "supply", "carrier": "power"},
            "constraints": {"lifetime": draw(st.integers(1, 40)), "energy_cap_max": float("inf")},
            "costs": {
                "monetary": {**cost, "om_con": draw(numbers(0.01, 3))},
                "emissions": {"om_prod": draw(numbers(0, 2))},
            },
        },
        "sun": {
            "essentials": {"parent": "supply_plus", "carrier": "power"},
            "constraints": {
                "resource": "df=sun",
                "resource_unit": "energy_per_area",
                "resource_area_max": draw(numbers(0, 20)),
                "energy_cap_max": draw(numbers(0, 5)),
            },
            "costs": {"monetary": {"om_prod": draw(numbers(0, 0.5))}},
        },
        "line": {
            "essentials": {"parent": "transmission", "carrier": "power"},
            "constraints": {"energy_eff": draw(numbers(0.5, 1)), "energy_cap_max": 50},
        },
    }
    if draw(st.booleans()):
        techs["store"] = {
            "essentials": {"parent": "storage", "carrier": "power"},
            "constraints": {
                "energy_cap_max": draw(numbers(0, 4)),
                "storage_cap_max": draw(numbers(0, 9)),
                "storage_loss": draw(numbers(0, 0.1)),
                "lifetime": 10,
            },
            "costs": {"monetary": {"purchase": draw(numbers(0, 3)), "interest_rate": 0.1}},
        }
    series = st.lists(numbers(0, 9), min_size=5, max_size=5)
    frames = {
        "need": pd.DataFrame({"a": draw(series), "b,ü": draw(series)}, index=STEPS) * -1.0,
        "sun": pd.DataFrame({"a": draw(series), "b,ü": draw(series)}, index=STEPS),
    }
    frames = {name: frame.rename(columns={"b,ü": "b-ü"}) + 0.0 for name, frame in frames.items()}
    here = [name for name in techs if name not in ("line", "need")]
    config = {
        "model": {"name": draw(st.text("abc :#'\"-é", max_size=8))},
        "run": {"cyclic_storage": draw(st.booleans()), "bigM": draw(numbers(1e3, 1e6))},
        "techs": techs,
        "locations": {
            "a": {"techs": dict.fromkeys(["need", *here])},
            "b-ü": {"techs": dict.fromkeys(["need", "sun"])},
        },
        "links": {"a,b-ü": {"techs": {"line": None}}},
    }
    return config, frames


@given(systems())
@settings(
    max_examples=4,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
def test_every_way_round_ends_at_the_same_optimum(system):
    config, frames = system
    model = anello.Model(copy.deepcopy(config), timeseries_dataframes=frames)
    model.run(mip_gap=1e-9)
    # Within what the check of a solution allows: bigM multiplies what a row may be missed by.
    optimum = pytest.approx(model.results.objective_function_value, rel=1e-5, abs=1e-7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # YAML → model
        model.save_commented_model_yaml(folder / "model.yaml")
        written = anello.Model(folder / "model.yaml", timeseries_dataframes=frames)
        written.run(mip_gap=1e-9)
        assert written.results.objective_function_value == optimum
        # model → NetCDF → model
        model.to_netcdf(folder / "model.nc")
        read = anello.read_netcdf(folder / "model.nc")
        xr.testing.assert_identical(read.results, model.results)
        xr.testing.assert_equal(read.inputs, model.inputs)
        read.run(force_rerun=True, mip_gap=1e-9)
        assert read.results.objective_function_value == optimum
        # tables ↔ NetCDF
        model.to_csv(folder / "tables")
        stored = anello.read_netcdf(folder / "model.nc")
        index = pd.read_csv(folder / "tables" / "variables.csv")
        for file, variable in zip(index["file"], index["variable"], strict=True):
            if not file.startswith("results_"):
                continue
            frame = pd.read_csv(folder / "tables" / file)
            apart = stored.get_formatted_array(variable)
            assert len(frame) == int(apart.notnull().sum()), variable
            labels = [c for c in frame.columns if c != variable]
            if "timesteps" in labels:
                frame["timesteps"] = pd.to_datetime(frame["timesteps"])
            at = {label: xr.DataArray(frame[label].to_numpy(), dims="row") for label in labels}
            kept = (apart.sel(at) if labels else apart).values
            told = frame[variable].to_numpy(float)
            np.testing.assert_allclose(kept.astype(float), told, rtol=1e-12, err_msg=variable)
