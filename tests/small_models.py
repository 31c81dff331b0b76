"""Small models for tests, as dictionaries that `read_model` takes; series are formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.optimise.formulation import formulate
from anello.optimise.formulation.pyomo_model import ArrayModel
from anello.optimise.solve import Problem, compile_problem


def series(hours: int = 24) -> dict[str, pd.DataFrame]:
    """Demands, price, COP and sunshine for the locations a and b."""
    t = np.arange(hours)
    index = pd.date_range("2019-03-04", periods=hours, freq="h")
    wave = np.sin((t - 7) * 2 * np.pi / 24)

    def table(a: np.ndarray, b: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"a": a, "b": b}, index=index)

    return {
        "power": table(-20 - 6 * wave, -12 - 4 * np.cos(t / 3.0)),
        "heat": table(-30 + 9 * wave, -18 + 5 * wave - t % 5),
        "price": table(0.2 + 0.05 * wave + 0.001 * t, 0.22 + 0.04 * np.cos(t) + 0.0007 * t),
        "gas": table(0.06 + 0.02 * np.sin(t * 1.1), 0.061 + 0.015 * np.cos(t * 0.9)),
        "cop": table(3.2 + 0.4 * wave, 3.0 + 0.3 * wave),
        "sun": table(np.maximum(0, wave) * 0.8, np.maximum(0, wave) * 0.7),
    }


def district() -> dict[str, Any]:
    """Two locations with every base technology; the optimum is unique."""
    return {
        "model": {"name": "small"},
        "run": {"solver": "cbc", "ensure_feasibility": False},
        "techs": {
            "demand_el": {
                "essentials": {"name": "d", "parent": "demand", "carrier": "electricity"},
                "constraints": {"resource": "df=power"},
            },
            "demand_heat": {
                "essentials": {"name": "d", "parent": "demand", "carrier": "heat"},
                "constraints": {"resource": "df=heat"},
            },
            "grid": {
                "essentials": {"name": "g", "parent": "supply", "carrier": "electricity"},
                "costs": {"monetary": {"om_prod": "df=price"}},
            },
            "gas": {
                "essentials": {"name": "g", "parent": "supply", "carrier": "gas"},
                "costs": {"monetary": {"om_prod": "df=gas"}},
            },
            "pv": {
                "essentials": {"name": "p", "parent": "supply_plus", "carrier": "electricity"},
                "constraints": {
                    "resource": "df=sun",
                    "resource_unit": "energy_per_area",
                    "energy_eff": 0.2,
                    "resource_area_max": 120,
                    "storage_cap_max": 6,
                    "storage_loss": 0.01,
                    "lifetime": 20,
                },
                "costs": {
                    "monetary": {
                        "interest_rate": 0.05,
                        "resource_area": 30,
                        "energy_cap": 40,
                        "storage_cap": 11,
                    }
                },
            },
            "heat_pump": {
                "essentials": {
                    "name": "h",
                    "parent": "conversion",
                    "carrier_in": "electricity",
                    "carrier_out": "heat",
                },
                "constraints": {"energy_eff": "df=cop", "energy_cap_max": 28, "lifetime": 15},
                "costs": {"monetary": {"interest_rate": 0.05, "energy_cap": 300}},
            },
            "chp": {
                "essentials": {
                    "name": "c",
                    "parent": "conversion_plus",
                    "carrier_in": "gas",
                    "carrier_out": "electricity",
                    "carrier_out_2": "heat",
                    "primary_carrier_out": "electricity",
                },
                "constraints": {
                    "energy_eff": 0.36,
                    "energy_cap_equals": 6,
                    "carrier_ratios.carrier_out_2.heat": 1.2,
                },
                "costs": {"monetary": {"om_prod": 0.013}},
            },
            "boiler": {
                "essentials": {
                    "name": "b",
                    "parent": "conversion",
                    "carrier_in": "gas",
                    "carrier_out": "heat",
                },
                "constraints": {"energy_eff": 0.9, "energy_cap_equals": 40},
                "costs": {"monetary": {"om_prod": 0.002}},
            },
            "tank": {
                "essentials": {"name": "t", "parent": "storage", "carrier": "heat"},
                "constraints": {
                    "energy_eff": 0.97,
                    "storage_cap_equals": 40,
                    "energy_cap_equals": 12,
                    "storage_loss": 0.004,
                },
                "costs": {"monetary": {"om_prod": 0.001}},
            },
            "line": {
                "essentials": {"name": "l", "parent": "transmission", "carrier": "electricity"},
                "constraints": {"energy_eff": 0.96, "energy_cap_equals": 9},
                "costs": {"monetary": {"om_prod": 0.0013}},
            },
        },
        "locations": {
            "a": {
                "techs": dict.fromkeys(
                    ["demand_el", "demand_heat", "grid", "gas", "heat_pump", "boiler", "tank"]
                )
            },
            "b": {
                "techs": dict.fromkeys(
                    ["demand_el", "demand_heat", "grid", "gas", "heat_pump", "boiler", "pv", "chp"]
                )
            },
        },
        "links": {"a,b": {"techs": {"line": None}}},
    }


def data(
    changes: dict[str, Any] | None = None,
    hours: int = 24,
    model: dict[str, Any] | None = None,
    tables: dict[str, pd.DataFrame] | None = None,
) -> ModelData:
    """Read the district, or another model, with some dotted keys changed."""
    return read_model(
        model or district(),
        override_dict=changes,
        timeseries_dataframes={**series(hours), **(tables or {})},
    )


def model(changes: dict[str, Any] | None = None, hours: int = 24, **how: Any) -> ArrayModel:
    """Formulate the district with some dotted keys changed."""
    return formulate(data(changes, hours, **how))


def problem(changes: dict[str, Any] | None = None, hours: int = 24, **how: Any) -> Problem:
    """Compile the district with some dotted keys changed."""
    return compile_problem(model(changes, hours, **how))
