"""Small random districts on a ring, quick enough to couple in a fraction of a second."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.ring.config import RingConfig

SOURCES: dict[str, Any] = {
    "sewage": {"kind": "stream", "temperature_degc": "sewage_degc", "max_flow_kg_s": "sewage_kg_s"},
    "hall": {
        "kind": "stream",
        "ways": "heating",
        "temperature_degc": 30.0,
        "max_flow_kg_s": 3.0,
        "available_kw": "waste_kw",
    },
    "coil": {"kind": "air", "kw_per_k": 8.0, "max_kw": 80.0},
    "roof": {"kind": "solar", "area_m2": 60.0, "irradiance_kw_per_m2": "sun_kw_per_m2"},
}
"""One source of each kind, and one whose heat is limited, for `plant: {"sources": SOURCES}`."""
PART_LOAD: dict[str, Any] = {
    "part_load": [(0.25, 0.9), (0.6, 1.08), (1.0, 1.0)],
    "standby_kw": 0.5,
}
"""A machine that modulates down to a quarter and is best in between, for `pump=PART_LOAD`."""
SERVICES = ("dhw", "heating", "cooling")
COP_MAP = {
    "dhw": {"kind": "quadratic", "c0": 6.81, "c1": 0.121, "c2": 0.00063, "valid_lift_k": [0, 60]},
    "heating": {
        "kind": "quadratic",
        "c0": 6.81,
        "c1": 0.121,
        "c2": 0.00063,
        "valid_lift_k": [0, 60],
    },
    "cooling": {
        "kind": "quadratic",
        "c0": 5.81,
        "c1": 0.121,
        "c2": 0.00063,
        "valid_lift_k": [0, 60],
    },
}
USE_DEGC = {"dhw": 45.0, "heating": 35.0, "cooling": 7.0}
START_COP = {"dhw": 3.7, "heating": 4.6, "cooling": 4.9}
# °C of an empty store, and the kelvins between empty and full.
EMPTY_DEGC = {"dhw": 40.0, "heating": 25.0, "cooling": 12.5}
SPAN_K = {"dhw": 9.0, "heating": 15.0, "cooling": 7.5}

BRINE: dict[str, Any] = {
    "fluid": {"kind": "glycol", "glycol": "ethylene", "mass_fraction": 0.3},
    "initial_degc": -4.0,
    "bounds_degc": [-9.0, 1.0],
}
"""A ring of glycol, 19 K colder than the others."""
THRESHOLDS_DEGC = {
    "heat_below_degc": 11.0,
    "heat_to_degc": 12.0,
    "cool_to_degc": 18.0,
    "cool_above_degc": 19.0,
}


def with_sizes_open(ring: RingConfig, sizes: dict[str, Any]) -> RingConfig:
    """Return a ring whose plant has sizes for the search to choose."""
    content = ring.model_dump(mode="json")
    content["plant"]["sizes"] = sizes
    return RingConfig.model_validate(content)


def loop_section(stations: list[str], flow_kg_s: float = 12.0) -> dict[str, Any]:
    """Return a small loop with one substation per heat pump's location."""
    pipe = {"length_m": 300.0, "inner_diameter_m": 0.3, "burial_depth_m": 1.0}
    return {
        "substations": [
            {"name": f"at_{name}", "heat_pumps": [name], "plant": name == stations[0]}
            for name in stations
        ],
        "segments": [pipe] * len(stations),
        "flow": {"kind": "fixed", "kg_s": flow_kg_s},
        "parcels": 24,
        "ground": {"kind": "fixed", "degc": 13.0},
    }


def following(flow_kg_s: float) -> dict[str, Any]:
    """Return a flow that follows the load, mostly about as fast as is told."""
    return {
        "kind": "proportional",
        "kg_s_per_kw": flow_kg_s / 150.0,
        "min_kg_s": 0.2 * flow_kg_s,
        "max_kg_s": 3.0 * flow_kg_s,
    }


def branched_section(pumps: list[str], flow_kg_s: float) -> dict[str, Any]:
    """Return a small loop around its plant, whose heat pumps all lie on branches, some in a row."""
    pipe = {"length_m": 300.0, "inner_diameter_m": 0.3, "burial_depth_m": 1.0}
    branches = []
    for number, name in enumerate(pumps):
        behind = number % 2 == 1
        branches.append(
            {
                "start": f"at_{pumps[number - 1]}" if behind else "plant",
                "end": f"at_{name}",
                "share": 0.7 if behind else 0.3,
                "heat_pumps": [name],
                "length_m": 100.0,
                "inner_diameter_m": 0.15,
                "burial_depth_m": 1.2,
            }
        )
    section = loop_section([*pumps, "plant"], flow_kg_s)
    section |= {"substations": [{"name": "plant", "plant": True}, {"name": "corner"}]}
    return section | {"segments": [pipe, pipe | {"length_m": 700.0}], "branches": branches}


def resampled(resolution: str) -> dict[str, Any]:
    """Return the options of a model with longer time steps."""
    return {"function": "resample", "function_options": {"resolution": resolution}}


def random_district(
    seed: int,
    *,
    days: int = 2,
    loop: bool = False,
    branches: bool = False,
    plant: dict[str, Any] | None = None,
    free_cooling: dict[str, Any] | None = None,
    glycol: bool = False,
    end: Any = None,
    resolution: str | None = None,
    mass_kg: float | None = None,
    pump: dict[str, Any] | None = None,
    demand_charge: float | None = None,
    grid_kw: float | None = None,
    monthly_charge: float | None = None,
    start: str = "2015-05-04",
    flow_kg_s: float = 12.0,
    follows: bool = False,
    tank_eur_per_kwh: float | None = None,
) -> tuple[ModelData, RingConfig]:
    """Return a district and its ring; equal seeds give equal districts.

    Sizes, services, stores, tariff, sun and water content are drawn at random; every demand can be
    met, and the first heat pump always has a store. With `glycol` its ring is 19 K colder.
    With `tank_eur_per_kwh` a year its tanks have up to three times their size, to be found.
    `resolution` makes fewer time steps of the hours, for which `mass_kg` gives enough water; `pump`
    are settings of all heat pumps, and `flow_kg_s` is that of a loop, whose heat pumps lie on it or
    on `branches`, and which `follows` the load or not; `demand_charge` is paid a year per kW of
    highest import, `monthly_charge` a month per kW of the highest in it, from the day `start` on;
    no grid gives more than `grid_kw`.
    """
    rng = np.random.default_rng(seed)
    steps = 24 * days
    index = pd.date_range(start, periods=steps, freq="h")
    hour = np.arange(steps) % 24
    locations = ["a", "b"][: rng.integers(1, 3)]
    techs: dict[str, Any] = {
        "grid": {
            "essentials": {"name": "Grid", "parent": "supply", "carrier": "electricity"},
            "constraints": {"resource": float("inf"), "energy_cap_equals": 1e5},
            "costs": {"monetary": {"om_prod": "df=price"}},
        },
        "pv": {
            "essentials": {"name": "Sun", "parent": "supply_plus", "carrier": "electricity"},
            "constraints": {
                "resource": "df=sun",
                "resource_unit": "energy_per_cap",
                "force_resource": False,
            },
        },
    }
    if demand_charge is not None:
        techs["grid"]["constraints"] = {"resource": float("inf"), "energy_cap_max": 1e5}
        techs["grid"]["costs"]["monetary"]["om_annual"] = demand_charge
    if grid_kw is not None:
        techs["grid"]["constraints"]["energy_cap_equals"] = grid_kw
    if monthly_charge is not None:
        techs["grid"]["costs"]["monetary"]["monthly_peak"] = monthly_charge
    price = 0.3 + (0.06 * np.sign(np.sin(2 * np.pi * (hour - 8) / 24)) if rng.random() < 0.4 else 0)
    tables = {
        "price": pd.DataFrame(
            {place: np.broadcast_to(price, steps) for place in locations}, index=index
        ),
        "sun": pd.DataFrame(
            {
                place: np.clip(np.sin(2 * np.pi * (hour - 6) / 24), 0, None) * rng.uniform(0.4, 0.9)
                for place in locations
            },
            index=index,
        ),
    }
    # Drawn apart, so that the districts of earlier seeds stay what they were.
    weather = np.random.default_rng([seed, 1])
    air_degc = weather.uniform(2.0, 26.0) + 6.0 * np.sin(2 * np.pi * (hour - 9) / 24)
    tables["air"] = pd.DataFrame({"outdoor_degc": air_degc}, index=index)
    tables["around"] = pd.DataFrame(
        {
            "sewage_degc": weather.uniform(10.0, 18.0) + 2.0 * np.sin(2 * np.pi * (hour - 20) / 24),
            "sewage_kg_s": 4.0 + 3.0 * np.sin(2 * np.pi * (hour - 14) / 24),
            "waste_kw": np.where((hour >= 8) & (hour < 20), 60.0, 0.0),
            "sun_kw_per_m2": np.clip(np.sin(2 * np.pi * (hour - 6) / 24), 0, None) * 0.8,
        },
        index=index,
    )
    pumps: dict[str, Any] = {}
    places: dict[str, dict[str, Any]] = {place: {"grid": None} for place in locations}
    total_kw = 0.0
    for place in locations:
        chosen = [s for s in SERVICES if rng.random() < 0.7] or ["heating"]
        for service in chosen:
            peak = rng.uniform(20.0, 120.0)
            total_kw += peak
            phase = {"dhw": 7, "heating": 4, "cooling": 14}[service]
            shape = 0.35 + 0.3 * np.cos(2 * np.pi * (hour - phase) / 24)
            demand = peak * np.clip(shape + 0.3 * rng.random(steps), 0.05, 1.0)
            name = f"{service}_{place}"
            tables[name] = pd.DataFrame({place: -demand}, index=index)
            stored = not pumps or rng.random() < 0.75
            kind = "conversion_plus" if rng.random() < 0.5 else "conversion"
            primary = (
                {"primary_carrier_in": "electricity", "primary_carrier_out": service}
                if kind == "conversion_plus"
                else {}
            )
            techs[f"hp_{name}"] = {
                "essentials": {
                    "name": name,
                    "parent": kind,
                    "carrier_in": "electricity",
                    "carrier_out": service,
                    **primary,
                },
                "constraints": {"energy_eff": START_COP[service], "energy_cap_equals": 2 * peak},
                "costs": {"monetary": {"om_prod": 0.004}},
            }
            techs[f"load_{name}"] = {
                "essentials": {"name": name, "parent": "demand", "carrier": service},
                "constraints": {"resource": f"df={name}"},
            }
            use: dict[str, Any] = {"kind": "fixed", "degc": USE_DEGC[service]}
            if stored:
                capacity = peak * rng.uniform(2.0, 8.0)
                techs[f"tes_{name}"] = {
                    "essentials": {"name": name, "parent": "storage", "carrier": service},
                    "constraints": {
                        "energy_cap_equals": 2 * peak,
                        "storage_cap_equals": capacity,
                        "energy_eff": 1.0,
                        "storage_loss": 0.001,
                    },
                    "costs": {"monetary": {"om_prod": 0.0005}},
                }
                if tank_eur_per_kwh is not None:
                    tank = techs[f"tes_{name}"]
                    tank["constraints"]["storage_cap_max"] = 3.0 * capacity
                    tank["constraints"] |= {"storage_cap_equals": None, "lifetime": 1}
                    price = {"storage_cap": tank_eur_per_kwh, "interest_rate": 0.0}
                    tank["costs"]["monetary"] |= price
                places[place][f"tes_{name}"] = None
                cold = service == "cooling"
                use = {
                    "kind": "store",
                    "store": f"tes_{name}",
                    "direction": "cold" if cold else "hot",
                    "t_max_degc" if cold else "t_min_degc": EMPTY_DEGC[service],
                    "kwh_per_k": capacity / SPAN_K[service],
                }
                if tank_eur_per_kwh is not None:
                    use |= {"kwh_per_k": None, "span_k": SPAN_K[service]}
            places[place].update({f"hp_{name}": None, f"load_{name}": None})
            pumps[f"hp_{name}"] = {
                "service": service,
                "cop_map": COP_MAP[service],
                "use_temperature": use,
                "out_of_range": "clip",
                **(pump or {}),
            }
            if service == "cooling" and free_cooling is not None:
                pumps[f"hp_{name}"]["free_cooling"] = free_cooling
        places[place]["pv"] = {"constraints": {"energy_cap_equals": float(rng.uniform(10, 60))}}
    data = read_model(
        {
            "model": {
                "name": f"random {seed}",
                "calliope_version": "0.6.10",
                **({} if resolution is None else {"time": resampled(resolution)}),
                "outdoor_degc": "df=air:outdoor_degc",
                "ring_series": {name: f"df=around:{name}" for name in tables["around"]},
            },
            "run": {
                "solver": "highs",
                "mode": "plan",
                "cyclic_storage": True,
                "ensure_feasibility": True,
                "bigM": 1e4,
            },
            "techs": techs,
            "locations": {place: {"techs": content} for place, content in places.items()},
        },
        timeseries_dataframes=tables,
    )
    ring = {
        "mode": "physical",
        "end": end,
        "heat_pumps": pumps,
        "water": {"mass_kg": total_kw * rng.uniform(300.0, 1500.0)},
        "loss": {"ua_kw_per_k": float(rng.choice([0.0, 0.2]))},
        "plant": {
            "wells": {"max_flow_kg_s": 0.1 * total_kw},
            "backup_heater": {"max_kw": 3 * total_kw},
            "dry_cooler": {"max_kw": 3 * total_kw, "kw_per_k": 0.2 * total_kw},
            "chiller": {"max_kw": 3 * total_kw},
            "electricity_location": "a" if rng.random() < 0.3 else None,
            **(plant or {}),
        },
    }
    if glycol:
        ring |= BRINE
        ring["plant"] |= {key: degc - 19.0 for key, degc in THRESHOLDS_DEGC.items()}
    if mass_kg is not None:
        ring["water"] = {"mass_kg": mass_kg}
    if loop:
        stations = [f"{place}::hp_{name}" for place in locations for name in _served(places, place)]
        section = branched_section if branches else loop_section
        ring |= {"model": "loop", "loop": section(stations, flow_kg_s)}
        if follows:
            ring["loop"]["flow"] = following(flow_kg_s)
    return data, RingConfig.model_validate(ring)


def _served(places: dict[str, dict[str, Any]], place: str) -> list[str]:
    return [tech.removeprefix("hp_") for tech in places[place] if tech.startswith("hp_")]


def coupled(seed: int, coupling: dict[str, Any] | None = None, **options: Any) -> CoupledDistrict:
    """Return a random district ready to run."""
    data, ring = random_district(seed, **options)
    return CoupledDistrict(data, ring, CouplingConfig.model_validate(coupling or {}))


def coupled_two_pipes(seed: int, coupling: dict[str, Any], **options: Any) -> CoupledDistrict:
    """Return a random district on a tree of two pipes: plant, junction, a branch to each place."""
    data, ring = random_district(seed, **options)
    places = sorted({str(n).partition("::")[0] for n in data.inputs["node"].values if "hp_" in n})
    pipe = {"length_m": 150.0, "inner_diameter_m": 0.2, "burial_depth_m": 1.0}
    told = ring.model_dump(mode="json") | {
        "model": "two_pipe",
        "two_pipe": {
            "substations": [{"name": f"at_{name}", "heat_pumps": [name]} for name in places],
            "branches": [
                {"start": "plant", "end": "junction", **pipe},
                *({"start": "junction", "end": f"at_{name}", **pipe} for name in places),
            ],
        },
    }
    return CoupledDistrict(
        data, RingConfig.model_validate(told), CouplingConfig.model_validate(coupling)
    )
