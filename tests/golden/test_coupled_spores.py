"""Alternatives of a small coupled district: within the slack by what they truly cost."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from anello.coupling import spores
from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.spores import find_alternatives
from anello.errors import InputError
from anello.model.definition import read_model
from anello.ring.config import RingConfig
from ring_districts import COP_MAP

SLACK = 0.2


def district(method: str = "slp", **changes: object) -> CoupledDistrict:
    """One building: a heat pump on the ring or a boiler for its heat, sun and battery to choose."""
    hour = np.arange(24)
    index = pd.date_range("2015-05-04", periods=24, freq="h")
    scored = {"energy_cap": 0, "interest_rate": 1}
    finance = {"interest_rate": 0.05}
    life = {"lifetime": 20}
    techs = {
        "grid": {
            "essentials": {"parent": "supply", "carrier": "electricity"},
            "constraints": {"energy_cap_equals": 1e4},
            "costs": {"monetary": {"om_prod": 0.3}},
        },
        "pv": {
            "essentials": {"parent": "supply_plus", "carrier": "electricity"},
            "constraints": {
                "resource": "df=sun",
                "resource_unit": "energy_per_cap",
                "force_resource": False,
                "energy_cap_max": 200,
                **life,
            },
            "costs": {"monetary": {"energy_cap": 1000, **finance}, "spores_score": scored},
        },
        "battery": {
            "essentials": {"parent": "storage", "carrier": "electricity"},
            "constraints": {
                "energy_cap_max": 60,
                "energy_cap_per_storage_cap_max": 0.5,
                "energy_eff": 0.95,
                **life,
            },
            "costs": {"monetary": {"storage_cap": 150, **finance}, "spores_score": scored},
        },
        "hp_heating": {
            "essentials": {
                "parent": "conversion",
                "carrier_in": "electricity",
                "carrier_out": "heating",
            },
            "constraints": {"energy_eff": 4.6, "energy_cap_max": 300, **life},
            "costs": {"monetary": {"energy_cap": 900, **finance}, "spores_score": scored},
        },
        "boiler": {
            "essentials": {
                "parent": "conversion",
                "carrier_in": "electricity",
                "carrier_out": "heating",
            },
            "constraints": {"energy_eff": 0.98, "energy_cap_max": 300, **life},
            "costs": {"monetary": {"energy_cap": 60, **finance}, "spores_score": scored},
        },
        "load": {
            "essentials": {"parent": "demand", "carrier": "heating"},
            "constraints": {"resource": "df=heat"},
        },
    }
    tables = {
        "sun": pd.DataFrame({"a": 0.7 * np.clip(np.sin((hour - 6) * np.pi / 12), 0, None)}, index),
        "heat": pd.DataFrame({"a": -100.0 * (0.6 + 0.4 * np.cos((hour - 4) * np.pi / 12))}, index),
    }
    data = read_model(
        {
            "model": {"name": "a building"},
            "run": {
                "mode": "plan",
                "ensure_feasibility": True,
                "bigM": 1e4,
                "objective_options": {"cost_class": {"monetary": 1, "spores_score": 0}},
            },
            "techs": techs,
            "locations": {"a": {"techs": dict.fromkeys(techs)}},
        },
        override_dict=dict(changes),
        timeseries_dataframes=tables,
    )
    ring = RingConfig.model_validate(
        {
            "mode": "physical",
            "heat_pumps": {
                "a::hp_heating": {
                    "service": "heating",
                    "cop_map": COP_MAP["heating"],
                    "use_temperature": {"kind": "fixed", "degc": 35.0},
                    "out_of_range": "clip",
                }
            },
            "water": {"mass_kg": 60000.0},
            "loss": {"ua_kw_per_k": 0.1},
            "plant": {
                "wells": {"max_flow_kg_s": 8.0},
                "backup_heater": {"max_kw": 300.0},
                "electricity_location": None,
            },
        }
    )
    return CoupledDistrict(data, ring, CouplingConfig.model_validate({"method": method}))


@pytest.mark.parametrize("method", ["slp", "fixed_point"])
def test_every_alternative_truly_costs_what_the_slack_allows(method):
    told = []
    coupled = district(method)
    found = find_alternatives(coupled, number=3, slack=SLACK, on_found=told.append)
    assert [spore.number for spore in found] == [0, 1, 2, 3]
    assert told == found
    best = found[0].true_cost_eur
    for spore in found[1:]:
        assert spore.true_cost_eur <= (1 + SLACK) * best * (1 + 1e-8)
        # The true cost is that of the dispatch, simulated anew, not a promise of the programme.
        assert spore.true_cost_eur == pytest.approx(
            spore.done.cost.total_eur
            + spore.done.dispatch.attrs["objective"]
            - spore.done.dispatch.attrs["cost_objective"]
        )
        money = spore.done.dispatch["cost"].sel(cost_class="monetary").sum()
        assert float(spore.done.dispatch.attrs["cost_objective"]) >= float(money) - 1e-6
    caps = [spore.done.dispatch["energy_cap"].to_series() for spore in found]
    score = found[1].scores
    names = ["a::pv", "a::battery", "a::hp_heating", "a::boiler"]
    assert sorted(score) == sorted(100.0 * (caps[0][names] > 1e-3).to_numpy())
    assert caps[1][names].sum() < 0.97 * caps[0][names].sum(), "other than the optimum"
    # Most of the slack is used: the limit is not lowered further than need be.
    assert found[1].true_cost_eur > (1 + 0.9 * SLACK) * best


def test_a_simulation_that_finds_more_lowers_the_limit(monkeypatch):
    truth = spores._true_cost
    first = {}

    def dearer(done):
        # As if the programme saw nothing of a tenth of what its distance to the optimum costs.
        cost = truth(done)
        base = first.setdefault("cost", cost)
        return base + 1.4 * (cost - base)

    monkeypatch.setattr(spores, "_true_cost", dearer)
    found = find_alternatives(district(), number=1, slack=SLACK)
    assert found[1].tries > 1
    assert found[1].true_cost_eur <= (1 + SLACK) * found[0].true_cost_eur
    assert found[1].limit_eur < (1 + SLACK) * found[0].true_cost_eur


def test_a_simulation_that_never_agrees_ends_the_search(monkeypatch, caplog):
    costs = iter([100.0, *[1e6] * 100])
    monkeypatch.setattr(spores, "_true_cost", lambda _: next(costs))
    with caplog.at_level(logging.WARNING, "anello"):
        found = find_alternatives(district(), number=2, slack=SLACK)
    assert len(found) == 1
    assert "alternative 1" in caplog.text


def test_a_district_of_given_capacities_has_no_alternatives():
    given = {
        f"techs.{tech}.constraints.energy_cap_equals": 50
        for tech in ("pv", "battery", "hp_heating", "boiler")
    }
    with pytest.raises(InputError, match="capacity that the model decides"):
        find_alternatives(district(**given), number=1, slack=SLACK)
    with pytest.raises(InputError, match="must be positive"):
        find_alternatives(district(), number=1, slack=0.0)
