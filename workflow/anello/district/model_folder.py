"""A district as a model folder in Calliope 0.6's format: YAML definitions and CSV series."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from anello.district.config import DistrictConfig, Location
from anello.district.synthesis import (
    DistrictSeries,
    LocationSeries,
    synthesise,
    time_of_use_eur_per_kwh,
)
from anello.errors import InputError, Problem

Series = NDArray[np.float64]

MODEL_FILE = "model.yaml"
TARIFF_FILE = "tariff_time_of_use.csv"
OUTDOOR_FILE = "outdoor.csv"
SERIES_FOLDER = "timeseries_data"
DESCRIPTION_FILE = "district.yaml"
WEATHER_FILE = "weather.csv"

# Domestic air-source heat pumps, COP = a - b dT + c dT^2: Staffell et al. (2012),
# doi:10.1039/c2ee22653g
AIR_SOURCE_FIT = (6.81, 0.121, 0.000630)

# service: colour, name
_THERMAL = {
    "dhw": ("#D55E00", "Domestic hot water"),
    "heating": ("#E69F00", "Space heating"),
    "cooling": ("#56B4E9", "Space cooling"),
}

_MODEL_HEAD = """\
# {name}
#
# Written by anello from the description in district.yaml: edit that and write the folder anew.
# Energies are kWh per hour, which is kW; demands are negative.
"""


@dataclass(frozen=True)
class DistrictFolder:
    """Where a district was written, and what is in it.

    Parameters
    ----------
    model : pathlib.Path
        The model's main YAML file.
    series_folder : pathlib.Path
        The folder of its CSV files.
    series : DistrictSeries
        What the CSV files hold, unrounded and with demands positive.
    """

    model: Path
    series_folder: Path
    series: DistrictSeries


def write_district(config: DistrictConfig, folder: Path | str) -> DistrictFolder:
    """Write a district's complete model folder.

    The folder appears whole or not at all; one that an earlier call wrote is replaced. The same
    configuration gives the same bytes.

    Parameters
    ----------
    config : DistrictConfig
        From `load_district`.
    folder : path-like
        The folder to make.

    Returns
    -------
    DistrictFolder

    Raises
    ------
    InputError
        If the folder exists and was not written by this function, a weather file cannot be used, or
        a target cannot be met.
    """
    target = Path(folder)
    if target.exists() and not (target / DESCRIPTION_FILE).is_file() and any(target.iterdir()):
        raise InputError(
            Problem(
                "The folder holds something else than a district that anello wrote",
                file=str(target),
                suggestion="Choose another folder, or empty this one",
            )
        )
    series = synthesise(config)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        fresh = temporary / "new"
        _write(config, series, fresh)
        if target.exists():
            os.replace(target, temporary / "old")
        os.replace(fresh, target)
    finally:
        shutil.rmtree(temporary)
    return DistrictFolder(target / MODEL_FILE, target / SERIES_FOLDER, series)


def start_cop(config: DistrictConfig) -> dict[str, float]:
    """Return the COP of each service before the ring is simulated.

    Heating and hot water follow the air-source fit of Staffell et al. (2012,
    doi:10.1039/c2ee22653g) in the lift from the ring's first temperature to the supply temperature,
    6.81 - 0.121 dT + 0.00063 dT^2. Cooling takes the same machine's COP at the lift from chilled
    water to the ring, less the compressor's share: COP - 1.
    """
    ring = config.loop.initial_temperature_degc

    def heating(lift_k: float) -> float:
        constant, slope, curvature = AIR_SOURCE_FIT
        lift = max(lift_k, 0.0)
        return constant - slope * lift + curvature * lift**2

    return {
        "dhw": heating(config.supply_degc("dhw") - ring),
        "heating": heating(config.supply_degc("heating") - ring),
        "cooling": heating(ring - config.supply_degc("cooling")) - 1.0,
    }


def _write(config: DistrictConfig, series: DistrictSeries, folder: Path) -> None:
    data = folder / SERIES_FOLDER
    definitions = folder / "model_config"
    data.mkdir(parents=True)
    definitions.mkdir()
    for name, columns in _tables(config, series).items():
        _write_csv(data / name, series.index, columns)
    weather = series.weather.to_frame()
    _write_csv(
        folder / WEATHER_FILE, series.index, {str(c): weather[c].to_numpy() for c in weather}
    )
    _write_yaml(folder / MODEL_FILE, _model(config), _MODEL_HEAD.format(name=config.name))
    locations = _locations(config, series)
    used = {tech for place in locations.values() for tech in place["techs"]}
    if any(place.battery for place in config.locations.values()):
        used.add("battery")
    techs = {name: tech for name, tech in _techs(config).items() if name in used}
    _write_yaml(definitions / "techs.yaml", {"techs": techs})
    _write_yaml(definitions / "locations.yaml", {"locations": locations})
    _write_yaml(definitions / "scenarios.yaml", _scenarios(config, series))
    _write_yaml(folder / DESCRIPTION_FILE, config.model_dump(mode="json", exclude_none=True))


def _tables(config: DistrictConfig, series: DistrictSeries) -> dict[str, dict[str, Series]]:
    """Return the columns of every CSV file, with the signs and units of the model."""
    hours = len(series.index)
    tables: dict[str, dict[str, Series]] = {}
    cop = start_cop(config)
    for name, place in series.locations.items():
        for service, kw in place.demand_kw.items():
            tables.setdefault(f"demand_{service}.csv", {})[name] = -kw
            if service in cop:
                # Four decimals, as many as the file keeps, so that reading it back changes nothing.
                column = np.full(hours, round(cop[service], 4))
                tables.setdefault(f"cop_{service}.csv", {})[name] = column
        if place.photovoltaics_kw is not None:
            peak = _peak_kw(config.locations[name])
            tables.setdefault("solar_resource.csv", {})[name] = place.photovoltaics_kw / peak
        if config.tariffs.has_bands:
            price = time_of_use_eur_per_kwh(config.tariffs, series.index, config.site)
            tables.setdefault(TARIFF_FILE, {})[name] = price
    tables[OUTDOOR_FILE] = {"outdoor_degc": series.weather.temperature_degc}
    return tables


def _peak_kw(place: Location) -> float:
    return sum(roof.peak_kw for roof in place.roofs)


def _model(config: DistrictConfig) -> dict[str, Any]:
    return {
        "import": [
            "model_config/techs.yaml",
            "model_config/locations.yaml",
            "model_config/scenarios.yaml",
        ],
        "model": {
            "name": config.name,
            "calliope_version": "0.6.10",
            "timeseries_data_path": SERIES_FOLDER,
            "outdoor_degc": f"file={OUTDOOR_FILE}:outdoor_degc",
            "subset_time": [f"{config.year}-01-01", f"{config.year}-12-31"],
        },
        "run": {
            "mode": "plan",
            "solver": "cbc",
            "ensure_feasibility": True,
            "cyclic_storage": True,
            "bigM": 1.0e6,
            "zero_threshold": 1.0e-10,
        },
    }


def _price(config: DistrictConfig) -> float | str:
    """Return the price of electricity: flat, or by time of use where only that is described."""
    flat = config.tariffs.flat_eur_per_kwh
    return f"file={TARIFF_FILE}" if flat is None else flat


def _techs(config: DistrictConfig) -> dict[str, Any]:
    finance = {"interest_rate": 0.05}
    techs: dict[str, Any] = {
        "grid": {
            "essentials": {
                "name": "Electricity grid",
                "color": "#7F7F7F",
                "parent": "supply",
                "carrier_out": "electricity",
            },
            "constraints": {
                "resource": ".inf",
                "energy_cap_equals": 100000,
                "lifetime": 40,
            },
            "costs": {"monetary": {**finance, "om_prod": _price(config)}},
        },
        "pv_rooftop": {
            "essentials": {
                "name": "Photovoltaics",
                "color": "#F0E442",
                "parent": "supply_plus",
                "carrier_out": "electricity",
            },
            # Surplus may be curtailed: the resource is an upper limit.
            "constraints": {
                "resource": "file=solar_resource.csv",
                "resource_unit": "energy_per_cap",
                "force_resource": False,
                "lifetime": 25,
            },
            "costs": {"monetary": {**finance, "energy_cap": 1300, "om_annual": 18}},
        },
        "battery": {
            "essentials": {
                "name": "Battery",
                "color": "#CC79A7",
                "parent": "storage",
                "carrier": "electricity",
            },
            "constraints": {"energy_eff": 0.95, "storage_loss": 0.0001, "lifetime": 15},
            "costs": {"monetary": {**finance, "storage_cap": 350, "om_prod": 0.002}},
        },
        "demand_electricity": {
            "essentials": {
                "name": "Electricity demand",
                "color": "#000000",
                "parent": "demand",
                "carrier": "electricity",
            },
            "constraints": {"resource": "file=demand_electricity.csv", "force_resource": True},
        },
    }
    for service, (color, name) in _THERMAL.items():
        techs[f"hp_{service}"] = {
            "essentials": {
                "name": f"Heat pump, {name.lower()}",
                "color": color,
                "parent": "conversion_plus",
                "primary_carrier_in": "electricity",
                "primary_carrier_out": service,
                "carrier_in": "electricity",
                "carrier_out": service,
            },
            "constraints": {"energy_eff": f"file=cop_{service}.csv", "lifetime": 20},
            "costs": {"monetary": {**finance, "energy_cap": 500, "om_prod": 0.004}},
        }
        techs[f"tes_{service}"] = {
            "essentials": {
                "name": f"Tank, {name.lower()}",
                "color": color,
                "parent": "storage",
                "carrier": service,
            },
            "constraints": {"energy_eff": 1.0, "lifetime": 30},
            "costs": {"monetary": {**finance, "storage_cap": 25, "om_prod": 0.0005}},
        }
        techs[f"demand_{service}"] = {
            "essentials": {
                "name": f"{name} demand",
                "color": color,
                "parent": "demand",
                "carrier": service,
            },
            "constraints": {"resource": f"file=demand_{service}.csv", "force_resource": True},
        }
    return techs


def _locations(config: DistrictConfig, series: DistrictSeries) -> dict[str, Any]:
    site = config.site
    return {
        name: {
            "coordinates": {"lat": site.latitude_deg, "lon": site.longitude_deg},
            "techs": _location_techs(place, series.locations[name]),
        }
        for name, place in config.locations.items()
    }


def _location_techs(place: Location, series: LocationSeries) -> dict[str, Any]:
    techs: dict[str, Any] = {"grid": None}
    if place.roofs:
        techs["pv_rooftop"] = {"constraints": {"energy_cap_equals": _peak_kw(place)}}
    for service, demand in series.demand_kw.items():
        if service in _THERMAL:
            power_kw = getattr(place.heat_pumps, f"{service}_kw") or _sized(float(demand.max()))
            techs[f"hp_{service}"] = {"constraints": {"energy_cap_equals": power_kw}}
            tank = getattr(place.tanks, service)
            if tank is not None:
                techs[f"tes_{service}"] = {
                    "constraints": {
                        "energy_cap_equals": power_kw,
                        "storage_cap_equals": round(tank.capacity_kwh, 1),
                        "storage_loss": tank.loss_per_hour,
                    }
                }
        techs[f"demand_{service}"] = None
    return techs


def _sized(peak_kw: float) -> float:
    """Return a heat pump's power [kW]: 15 % above the peak, in steps of 10 kW."""
    return 10.0 * math.ceil(1.15 * peak_kw / 10.0)


def _scenarios(config: DistrictConfig, series: DistrictSeries) -> dict[str, Any]:
    places = config.locations.items()
    without_tanks = {
        name: {
            tech: {"exists": False}
            for tech in _location_techs(place, series.locations[name])
            if tech.startswith("tes_")
        }
        for name, place in places
    }
    batteries = {
        name: {
            "battery": {
                "constraints": {
                    "energy_cap_equals": place.battery.power_kw,
                    "storage_cap_equals": place.battery.capacity_kwh,
                }
            }
        }
        for name, place in places
        if place.battery is not None
    }
    title = config.name

    def located(techs: dict[str, Any]) -> dict[str, Any]:
        return {f"locations.{name}.techs": changes for name, changes in techs.items() if changes}

    overrides: dict[str, Any] = {
        "no_storage": {"model.name": f"{title}, without storage", **located(without_tanks)},
        "storage": {"model.name": f"{title}, with storage"},
    }
    scenarios = {
        "baseline": ["no_storage"],
        "smart": ["storage"],
    }
    if config.tariffs.has_bands:
        by_hour = {"techs.grid.costs.monetary.om_prod": f"file={TARIFF_FILE}"}
        overrides["time_of_use"] = by_hour
        scenarios["smart_time_of_use"] = ["storage", "time_of_use"]
    if any(place.roofs for _, place in places):
        overrides["export"] = {
            "techs.pv_rooftop": {
                "constraints": {"export_carrier": "electricity"},
                "costs": {"monetary": {"export": -config.tariffs.export_eur_per_kwh}},
            }
        }
        scenarios["smart_export"] = ["storage", "export"]
    if batteries:
        overrides["battery"] = located(batteries)
        scenarios["smart_battery"] = ["storage", "battery"]
    return {"scenarios": scenarios, "overrides": overrides}


class _Dumper(yaml.SafeDumper):
    """Writes an empty value as nothing, and lists indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


_Dumper.add_representer(
    type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "")
)


def _write_yaml(path: Path, content: dict[str, Any], head: str = "") -> None:
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(head + text.replace("'.inf'", ".inf"), encoding="utf-8")


def _write_csv(path: Path, index: pd.DatetimeIndex, columns: dict[str, Series]) -> None:
    """Write hourly columns with four decimals, so that every machine writes the same digits."""
    # Adding zero turns a negative zero into a plain one.
    values = np.round(np.column_stack(list(columns.values())), 4) + 0.0
    stamps = index.strftime("%Y-%m-%d %H:%M:%S")
    lines = ["," + ",".join(columns)]
    for stamp, row in zip(stamps, values.tolist(), strict=True):
        lines.append(stamp + "," + ",".join(f"{value:.10g}" for value in row))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
