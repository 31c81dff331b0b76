"""Laws that the formulation obeys whatever the numbers: no oracle, no golden file."""

from __future__ import annotations

import copy

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden.cases import FOLDER, LIBRARIES, load, write
from golden.outcome import outcome

SERIES = FOLDER / "timeseries"
NOT_MONEY = {"interest_rate", "om_annual_investment_fraction", "depreciation_rate"}
quick = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def merged(name: str, override: str | None = None) -> dict:
    """Return a golden model with its imports merged in and one override applied."""

    def merge(into: dict, other: dict) -> dict:
        for key, value in other.items():
            if isinstance(value, dict) and isinstance(into.get(key), dict):
                merge(into[key], value)
            elif not (value is None and isinstance(into.get(key), dict)):
                into[key] = copy.deepcopy(value)
        return into

    tree = load(FOLDER / f"{name}.yaml")
    whole: dict = {}
    for library in tree.pop("import", []):
        merge(whole, load(FOLDER / library))
    overrides = tree.pop("overrides", {})
    merge(whole, tree)
    return merge(whole, overrides[override]) if override else whole


def table(name: str) -> pd.DataFrame:
    """Return a series of the golden models."""
    return pd.read_csv(SERIES / name, index_col=0)


def solved(tree: dict, folder, **how) -> float:
    """Write and solve a model; return its objective."""
    found = outcome(write(tree, folder / "model.yaml"), **how)
    assert found.status == "optimal", found.status
    return found.objective


def scaled_costs(node: dict, k: float, inside: bool = False) -> None:
    """Multiply every amount of money below ``costs`` by ``k``."""
    for key, value in node.items():
        if isinstance(value, dict):
            scaled_costs(value, k, inside or key == "costs")
        elif inside and key not in NOT_MONEY and isinstance(value, int | float):
            node[key] = value * k


@quick
@given(
    k=st.floats(0.05, 40),
    model=st.sampled_from(
        ["storage", "conversion_plus_chp", "transmission", "export", "supply_plus_store", "demand"]
    ),
)
def test_all_money_times_k_gives_the_objective_times_k(tmp_path, k, model):
    tree = merged(model)
    before = solved(tree, tmp_path)
    scaled_costs(tree, k)
    prices = {name: table(name) * k for name in ("price.csv", "price_export.csv")}
    used = {name: p for name, p in prices.items() if f"file={name}" in str(tree)}
    assert solved(tree, tmp_path, series=used) == pytest.approx(k * before, rel=1e-7)


HOURLY = {
    "model": {"name": "Hours or half hours", "timeseries_data_path": "timeseries"},
    "run": {"solver": "cbc"},
    "techs": {
        "demand_el": {
            "essentials": {"name": "D", "parent": "demand", "carrier": "electricity"},
            "constraints": {"resource": "file=demand_el.csv"},
        },
        "grid": {
            "essentials": {"name": "G", "parent": "supply", "carrier": "electricity"},
            "constraints": {"energy_cap_max": 60},
            "costs": {"monetary": {"om_prod": "file=price.csv"}},
        },
        "pv": {
            "essentials": {"name": "P", "parent": "supply", "carrier": "electricity"},
            "constraints": {
                "resource": "file=sun.csv",
                "resource_unit": "energy_per_area",
                "energy_eff": 0.2,
                "resource_area_max": 130,
                "lifetime": 20,
            },
            "costs": {
                "monetary": {
                    "interest_rate": 0.03,
                    "resource_area": 90,
                    "energy_cap": 40,
                    "om_annual": 2,
                }
            },
        },
        "battery": {
            "essentials": {"name": "B", "parent": "storage", "carrier": "electricity"},
            "constraints": {"energy_eff": 0.95, "energy_cap_max": 11, "lifetime": 10},
            "costs": {"monetary": {"interest_rate": 0.03, "storage_cap": 21, "energy_cap": 9}},
        },
    },
    "locations": {
        "north": {"techs": {"demand_el": None, "grid": None, "pv": None, "battery": None}},
    },
}


def halves(frame: pd.DataFrame, energy: bool) -> pd.DataFrame:
    """Return an hourly table in half hours: energies halved, prices repeated."""
    hours = pd.to_datetime(frame.index)
    out = pd.concat([frame, frame])
    out.index = hours.append(hours + pd.Timedelta(minutes=30))
    out = out.sort_index()
    out.index = out.index.strftime("%Y-%m-%d %H:%M:%S")
    return out / 2 if energy else out


@quick
@given(first=st.integers(0, 30), hours=st.integers(6, 40))
def test_half_hours_with_the_data_of_the_hours_change_nothing(tmp_path, first, hours):
    whole = {n: table(n).iloc[first : first + hours] for n in ("demand_el.csv", "sun.csv")}
    price = table("price.csv").iloc[first : first + hours]
    hourly = solved(HOURLY, tmp_path, series={**whole, "price.csv": price})
    split = {name: halves(frame, energy=True) for name, frame in whole.items()}
    half = solved(HOURLY, tmp_path, series={**split, "price.csv": halves(price, energy=False)})
    assert half == pytest.approx(hourly, rel=1e-7)


@quick
@given(moved=st.sets(st.sampled_from(["grid", "pv", "battery"]), min_size=1))
def test_a_location_split_in_two_with_a_free_link_is_one(tmp_path, moved):
    tree = copy.deepcopy(HOURLY)
    tree["model"]["subset_time"] = "2019-03-05"
    # The two places read their own columns, so all series are told which one to take.
    text = {"demand_el.csv", "price.csv", "sun.csv"}
    for tech in tree["techs"].values():
        for values in (tech.get("constraints", {}), tech.get("costs", {}).get("monetary", {})):
            for key, value in values.items():
                if str(value).removeprefix("file=") in text:
                    values[key] = f"{value}:north"
    one = solved(tree, tmp_path)
    tree["techs"]["wire"] = {
        "essentials": {"name": "W", "parent": "transmission", "carrier": "electricity"}
    }
    tree["locations"]["annex"] = {"techs": dict.fromkeys(sorted(moved))}
    for name in moved:
        del tree["locations"]["north"]["techs"][name]
    tree["links"] = {"north,annex": {"techs": {"wire": None}}}
    assert solved(tree, tmp_path) == pytest.approx(one, rel=1e-7)


@quick
@given(
    price=st.floats(5, 500),
    base=st.sampled_from(["supply", "storage", "conversion"]),
    model=st.sampled_from(["group_none", "storage", "conversion", "steps_2h"]),
)
def test_a_technology_too_dear_to_be_used_changes_nothing(tmp_path, price, base, model):
    tree = merged(model)
    before = outcome(write(tree, tmp_path / "model.yaml"))
    carriers = {"carrier": "electricity"}
    if base == "conversion":
        carriers = {"carrier_in": "electricity", "carrier_out": "pressure"}
        tree["techs"]["vent"] = {
            "essentials": {"name": "V", "parent": "demand", "carrier": "pressure"},
            "constraints": {"resource": -100, "force_resource": False},
        }
        tree["locations"]["north"]["techs"]["vent"] = None
    tree["techs"]["extra"] = {
        "essentials": {"name": "X", "parent": base, **carriers},
        "constraints": {"lifetime": 10},
        "costs": {"monetary": {"interest_rate": 0.1, "energy_cap": 1000 * price, "om_prod": price}},
    }
    tree["locations"]["north"]["techs"]["extra"] = None
    after = outcome(write(tree, tmp_path / "model.yaml"))
    assert after.objective == pytest.approx(before.objective, rel=1e-8)
    for quantity in ("cost", "carrier_prod"):
        for label, value in before.totals[quantity].items():
            assert after.totals[quantity][label] == pytest.approx(value, rel=1e-6, abs=1e-4), label


def test_a_technology_at_no_location_changes_nothing(tmp_path):
    tree = merged("group_none")
    before = solved(tree, tmp_path)
    tree["techs"]["nowhere"] = {
        "essentials": {"name": "N", "parent": "supply", "carrier": "electricity"}
    }
    assert solved(tree, tmp_path) == pytest.approx(before, rel=1e-12)


def observed(kind: str, found) -> tuple[dict, float | dict]:
    """Return a group's filter and the value that the free optimum gives to a kind of limit."""
    totals = found.totals

    def of(quantity: str, *ends: str) -> float:
        return sum(v for k, v in totals[quantity].items() if k.endswith(ends))

    heat = {"techs": ["heat_pump"]}
    demand = -of("carrier_con", "demand_heat::heat")
    made = of("carrier_prod", "::heat")
    pumped = of("carrier_prod", "heat_pump::heat")
    return {
        "demand_share": (heat, {"heat": pumped / demand}),
        "carrier_prod_share": (heat, {"heat": pumped / made}),
        "carrier_prod": (heat, {"heat": pumped}),
        "carrier_con": (heat, {"electricity": of("carrier_con", "heat_pump::electricity")}),
        "cost": (heat, {"monetary": of("cost", "::heat_pump")}),
        "energy_cap": (heat, of("energy_cap", "::heat_pump")),
        "storage_cap": ({"techs": ["battery"]}, of("storage_cap", "::battery")),
        "resource_area": ({"techs": ["pv"]}, of("resource_area", "::pv")),
        "net_import_share": (
            {"techs": ["line"], "locs": ["south"]},
            {
                "electricity": (
                    of("carrier_prod", "south::line:north::electricity")
                    + of("carrier_con", "south::line:north::electricity")
                )
                / -of("carrier_con", "south::demand_el::electricity")
            },
        ),
    }[kind]


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    return outcome(write(merged("group_none"), tmp_path_factory.mktemp("free") / "model.yaml"))


@pytest.mark.parametrize("sense", ["min", "max", "equals"])
@pytest.mark.parametrize(
    "kind",
    [
        "demand_share",
        "carrier_prod_share",
        "carrier_prod",
        "carrier_con",
        "cost",
        "energy_cap",
        "storage_cap",
        "resource_area",
        "net_import_share",
    ],
)
def test_a_group_constraint_at_its_observed_value_changes_nothing(tmp_path, free, kind, sense):
    filters, value = observed(kind, free)
    tree = merged("group_none")
    tree["group_constraints"] = {"observed": {**filters, f"{kind}_{sense}": value}}
    assert solved(tree, tmp_path) == pytest.approx(free.objective, rel=1e-6)


def test_the_libraries_are_no_cases():
    assert all((FOLDER / f"{name}.yaml").is_file() for name in LIBRARIES)
