"""The secondary resource of supply_plus, against sums that fit on the back of an envelope.

A plant turns sunshine (1 kWh in every second hour) and gas into electricity for a demand of 3 kWh
in each of 8 hours; a grid at 1 a kWh fills the gap.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anello.errors import InputError
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.solve import compile_problem, solve

HOURS = 8
INDEX = pd.date_range("2019-03-04", periods=HOURS, freq="h")


def frame(values) -> pd.DataFrame:
    return pd.DataFrame({"a": np.broadcast_to(np.asarray(values, float), HOURS)}, index=INDEX)


def run(constraints=None, costs=None, **tables):
    plant = {
        "resource": "df=sun",
        "energy_cap_max": 10,
        "resource2": float("inf"),
        "resource2_cap_max": 2,
        **(constraints or {}),
    }
    model = {
        "model": {"name": "one plant"},
        "run": {"solver": "cbc"},
        "techs": {
            "load": {
                "essentials": {"name": "d", "parent": "demand", "carrier": "electricity"},
                "constraints": {"resource": "df=demand"},
            },
            "grid": {
                "essentials": {"name": "g", "parent": "supply", "carrier": "electricity"},
                "costs": {"monetary": {"om_prod": 1}},
            },
            "plant": {
                "essentials": {"name": "p", "parent": "supply_plus", "carrier": "electricity"},
                "constraints": plant,
                "costs": {"monetary": {"om_resource2": 0.25, **(costs or {})}},
            },
        },
        "locations": {"a": {"techs": {"load": None, "grid": None, "plant": None}}},
    }
    frames = {"demand": frame(-3), "sun": frame([1, 0] * 4)}
    frames |= {name: frame(values) for name, values in tables.items()}
    return solve(compile_problem(formulate(read_model(model, timeseries_dataframes=frames))))


def taken(solution) -> np.ndarray:
    return solution.value("resource2_con")[0]


def test_capacity_limits_it():
    solution = run()
    # 2 kWh of gas in each hour beside 4 kWh of sunshine; the grid gives 24 - 16 - 4.
    np.testing.assert_allclose(taken(solution), 2)
    assert solution.objective == pytest.approx(0.25 * 16 + 4)


def test_there_is_none_by_default():
    with pytest.raises(KeyError):
        taken(run({"resource2": 0}))
    assert run({"resource2": 0}, {"om_resource2": 0}).objective == pytest.approx(20)


def test_availability_limits_it():
    solution = run({"resource2": "df=gas"}, gas=[1.5, 0.5, 0, 5, 0, 0, 0, 0])
    np.testing.assert_allclose(taken(solution), [1.5, 0.5, 0, 2, 0, 0, 0, 0])
    assert solution.objective == pytest.approx(0.25 * 4 + 24 - 4 - 4)


def test_efficiency_applies_to_it_alone():
    solution = run({"resource2_eff": 0.5})
    assert solution.objective == pytest.approx(0.25 * 16 + 24 - 8 - 4)
    solution = run({"resource2_eff": 0.5, "resource_eff": 0.75, "energy_eff": 0.8})
    assert solution.objective == pytest.approx(4 + 24 - 0.8 * (0.5 * 16 + 0.75 * 4))


def test_only_during_start_up():
    solution = run({"resource2_startup_only": 3})
    np.testing.assert_allclose(taken(solution), [2, 2, 2, 0, 0, 0, 0, 0])
    # A part of an hour counts as the hour in which it ends.
    np.testing.assert_allclose(
        taken(run({"resource2_startup_only": 2.5})), [2, 2, 2, 0, 0, 0, 0, 0]
    )


def test_a_store_keeps_it():
    store = {"storage_cap_max": 100, "storage_loss": 0, "resource2_cap_max": 30}
    solution = run({**store, "resource2_startup_only": 1})
    # All that 8 hours need beyond the sunshine enters in the first.
    np.testing.assert_allclose(taken(solution), [20, 0, 0, 0, 0, 0, 0, 0], atol=1e-9)
    assert solution.objective == pytest.approx(0.25 * 20)


def test_capacity_is_decided_and_paid():
    # One kW lasts 8 hours, saves 8 - 2 and costs 8760/8 * year fraction * price.
    year = HOURS / 8760
    price = 5.0 / year
    solution = run({"lifetime": 1}, {"resource2_cap": price, "interest_rate": 0})
    assert solution.value("resource2_cap")[0] == pytest.approx(2)
    assert solution.objective == pytest.approx(0.25 * 16 + 4 + 2 * 5.0)
    dear = run({"lifetime": 1}, {"resource2_cap": 7.0 / year, "interest_rate": 0})
    assert dear.value("resource2_cap")[0] == pytest.approx(0)
    least = {"resource2_cap_min": 1.5}
    dear = run({"lifetime": 1, **least}, {"resource2_cap": 7.0 / year, "interest_rate": 0})
    assert dear.value("resource2_cap")[0] == pytest.approx(1.5)
    fixed = run({"resource2_cap_equals": 1})
    np.testing.assert_allclose(taken(fixed), 1)


def test_price_in_time():
    solution = run(costs={"om_resource2": "df=price"}, price=[0.5, 2] * 4)
    np.testing.assert_allclose(taken(solution), [2, 0] * 4)
    assert solution.objective == pytest.approx(0.5 * 8 + 24 - 8 - 4)


def test_longer_steps_take_more():
    index = pd.date_range("2019-03-04", periods=4, freq="2h")
    model_steps = {"demand": frame(-6), "sun": frame([1] * HOURS)}
    for name, table in model_steps.items():
        model_steps[name] = table.iloc[:4].set_index(index)
    data = read_model(
        {
            "model": {"name": "one plant"},
            "run": {"solver": "cbc"},
            "techs": {
                "load": {
                    "essentials": {"name": "d", "parent": "demand", "carrier": "electricity"},
                    "constraints": {"resource": "df=demand"},
                },
                "grid": {
                    "essentials": {"name": "g", "parent": "supply", "carrier": "electricity"},
                    "costs": {"monetary": {"om_prod": 1}},
                },
                "plant": {
                    "essentials": {"name": "p", "parent": "supply_plus", "carrier": "electricity"},
                    "constraints": {
                        "resource": "df=sun", "energy_cap_max": 10, "resource2": 100,
                        "resource2_cap_max": 2, "resource2_startup_only": 4,
                    },
                },
            },
            "locations": {"a": {"techs": {"load": None, "grid": None, "plant": None}}},
        },
        timeseries_dataframes=model_steps,
    )  # fmt: skip
    solution = solve(compile_problem(formulate(data)))
    np.testing.assert_allclose(taken(solution), [4, 4, 0, 0])


@pytest.mark.parametrize(
    ("limit", "gross"), [({"energy_cap_net_max": 0.8}, 1.0), ({"energy_cap_net_equals": 1.2}, 1.5)]
)
def test_net_capacity(limit, gross):
    solution = run({"parasitic_eff": 0.8, "energy_eff": 1, **limit})
    assert solution.value("energy_cap_net")[0] == pytest.approx(0.8 * gross)
    position = solution.problem.variables["energy_cap"].positions()[("a::plant",)]
    assert solution.value("energy_cap")[position] == pytest.approx(gross)
    flow = solution.problem.variables["carrier_prod"].positions()[("a::plant", "electricity")]
    assert solution.value("carrier_prod")[flow].max() == pytest.approx(0.8 * gross)


def test_net_capacity_is_that_of_the_worst_step():
    solution = run({"parasitic_eff": "df=own", "energy_cap_net_equals": 1}, own=[0.5, 1] * 4)
    position = solution.problem.variables["energy_cap"].positions()[("a::plant",)]
    assert solution.value("energy_cap")[position] == pytest.approx(2)


def test_other_technologies_have_none():
    model_with_it = {"techs.grid.constraints.resource2": 3}
    with pytest.raises(InputError, match="resource2"):
        read_model(
            {
                "model": {"name": "x"},
                "run": {"solver": "cbc"},
                "techs": {
                    "grid": {
                        "essentials": {"name": "g", "parent": "supply", "carrier": "electricity"},
                    },
                    "load": {
                        "essentials": {"name": "d", "parent": "demand", "carrier": "electricity"},
                        "constraints": {"resource": "df=demand"},
                    },
                },
                "locations": {"a": {"techs": {"load": None, "grid": None}}},
            },
            override_dict=model_with_it,
            timeseries_dataframes={"demand": frame(-3)},
        )
