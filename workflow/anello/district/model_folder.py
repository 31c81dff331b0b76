"""A district as a model folder in Calliope 0.6's format: YAML definitions and CSV series."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from anello.district.alternatives import (
    GAS_SUPPLY,
    MACHINES,
    alternative_overrides,
    alternative_tables,
)
from anello.district.config import SUN_SERIES, DistrictConfig, Location, unusual
from anello.district.costs import COSTS_FILE, told_costs
from anello.district.sizing import heat_pump_kw
from anello.district.synthesis import (
    DistrictSeries,
    LocationSeries,
    synthesise,
    time_of_use_eur_per_kwh,
)
from anello.district.technologies import TARIFF_FILE, THERMAL, technologies
from anello.errors import InputError, Problem
from anello.ring.cop import STAFFELL_2012

Series = NDArray[np.float64]

logger = logging.getLogger(__name__)

MODEL_FILE = "model.yaml"
OUTDOOR_FILE = "outdoor.csv"
SERIES_FOLDER = "timeseries_data"
DESCRIPTION_FILE = "district.yaml"
WEATHER_FILE = "weather.csv"

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
    for problem in unusual(config):
        logger.warning("%s", problem)
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


def start_cop(
    config: DistrictConfig, water_degc: tuple[float, float] | None = None
) -> dict[str, float]:
    """Return the COP of each service before the ring is simulated.

    Heating and hot water follow the description's fit of Staffell et al. (2012,
    doi:10.1039/c2ee22653g) in the lift from the ring's first temperature to the supply temperature.
    Cooling takes the same machine's COP at the lift from chilled water to the ring, less the
    compressor's share: COP - 1.

    Parameters
    ----------
    config : DistrictConfig
        The description.
    water_degc : tuple of float, optional
        Water from which machines heat, and that into which they cool; the ring's first temperature
        by default [degC].
    """
    first = config.loop.initial_temperature_degc
    source, sink = water_degc or (first, first)

    def heating(lift_k: float) -> float:
        constant, slope, curvature = STAFFELL_2012[config.heat_pump_fit][0]
        lift = max(lift_k, 0.0)
        return constant - slope * lift + curvature * lift**2

    return {
        "dhw": heating(config.supply_degc("dhw") - source),
        "heating": heating(config.supply_degc("heating") - source),
        "cooling": heating(sink - config.supply_degc("cooling")) - 1.0,
    }


def _write(config: DistrictConfig, series: DistrictSeries, folder: Path) -> None:
    data = folder / SERIES_FOLDER
    definitions = folder / "model_config"
    data.mkdir(parents=True)
    definitions.mkdir()
    stamps = series.index.strftime("%Y-%m-%d %H:%M:%S").tolist()
    for name, columns in _tables(config, series).items():
        _write_csv(data / name, stamps, columns)
    weather = series.weather.to_frame()
    _write_csv(folder / WEATHER_FILE, stamps, {str(c): weather[c].to_numpy() for c in weather})
    _write_yaml(folder / MODEL_FILE, _model(config), _MODEL_HEAD.format(name=config.name))
    locations = _locations(config, series)
    used = {tech for place in locations.values() for tech in place["techs"]}
    if any(place.battery for place in config.locations.values()):
        used.add("battery")
    scenarios = _scenarios(config, series)
    used |= _of_alternatives(scenarios["overrides"])
    techs = {name: tech for name, tech in technologies(config).items() if name in used}
    _write_yaml(definitions / "techs.yaml", {"techs": techs})
    _write_yaml(definitions / "locations.yaml", {"locations": locations})
    _write_yaml(definitions / "scenarios.yaml", scenarios)
    (folder / COSTS_FILE).write_text(told_costs(config.costs), encoding="utf-8")
    described = config.model_dump(mode="json", exclude_none=True, exclude={"costs"})
    costs = config.costs.model_dump(mode="json", exclude_defaults=True)
    _write_yaml(folder / DESCRIPTION_FILE, described | ({"costs": costs} if costs else {}))


def _of_alternatives(overrides: dict[str, Any]) -> set[str]:
    """Return the technologies that the scenarios without a ring bring along."""
    known = {GAS_SUPPLY, *(tech for machines in MACHINES.values() for tech in machines.values())}
    named = {
        tech
        for override in overrides.values()
        for changes in override.values()
        if isinstance(changes, dict)
        for tech in changes
    }
    return known & named


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
    tables |= alternative_tables(config, series)
    tables[OUTDOOR_FILE] = {"outdoor_degc": series.weather.temperature_degc}
    if _has_collectors(config):
        tables[OUTDOOR_FILE][SUN_SERIES] = np.maximum(series.weather.ghi_w_m2, 0.0) / 1000.0
    return tables


def _has_collectors(config: DistrictConfig) -> bool:
    return any(source.kind == "solar" for source in config.sources.values())


def _peak_kw(place: Location) -> float:
    return sum(roof.peak_kw for roof in place.roofs)


def _model(config: DistrictConfig) -> dict[str, Any]:
    sun = f"file={OUTDOOR_FILE}:{SUN_SERIES}"
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
            **({"ring_series": {SUN_SERIES: sun}} if _has_collectors(config) else {}),
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
        if service in THERMAL:
            power_kw = getattr(place.heat_pumps, f"{service}_kw") or heat_pump_kw(
                float(demand.max())
            )
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


FREEDOM = 1.5
"""How much larger than described a heat pump or a tank's power may become [-]."""


def _free(tech: str, constraints: dict[str, Any]) -> dict[str, Any]:
    """Return constraints that leave a technology's power open; roofs stay as large as they are."""
    most = constraints["energy_cap_equals"] * (1.0 if tech == "pv_rooftop" else FREEDOM)
    return {"energy_cap_equals": None, "energy_cap_max": round(most, 1)}


def _techs_named(
    config: DistrictConfig, series: DistrictSeries, *beginnings: str
) -> dict[str, list[str]]:
    """Return the technologies of each location whose names begin so."""
    return {
        name: [
            tech
            for tech in _location_techs(place, series.locations[name])
            if tech.startswith(beginnings)
        ]
        for name, place in config.locations.items()
    }


def _scenarios(config: DistrictConfig, series: DistrictSeries) -> dict[str, Any]:
    places = config.locations.items()
    without_tanks = {
        name: {tech: {"exists": False} for tech in techs}
        for name, techs in _techs_named(config, series, "tes_").items()
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
    free = {
        name: {
            tech: {"constraints": _free(tech, content["constraints"])}
            for tech, content in _location_techs(place, series.locations[name]).items()
            if content is not None and "energy_cap_equals" in content["constraints"]
        }
        for name, place in places
    }
    title = config.name

    def located(techs: dict[str, Any]) -> dict[str, Any]:
        return {f"locations.{name}.techs": changes for name, changes in techs.items() if changes}

    overrides: dict[str, Any] = {
        "no_storage": {"model.name": f"{title}, without storage", **located(without_tanks)},
        "storage": {"model.name": f"{title}, with storage"},
        "free_sizes": located(free),
    }
    scenarios = {
        "baseline": ["no_storage"],
        "smart": ["storage"],
        "designed": ["storage", "free_sizes"],
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
    of_ring = _techs_named(config, series, "hp_", "tes_")
    for way, override in alternative_overrides(config, series, of_ring).items():
        overrides[f"no_ring_{way}"] = override
        scenarios[way] = [f"no_ring_{way}"]
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


def _write_csv(path: Path, stamps: list[str], columns: dict[str, Series]) -> None:
    """Write hourly columns with four decimals, so that every machine writes the same digits."""
    # Adding zero turns a negative zero into a plain one.
    values = np.round(np.column_stack(list(columns.values())), 4) + 0.0
    line = "%s" + ",%.10g" * len(columns)
    lines = ["," + ",".join(columns)]
    lines += [line % row for row in zip(stamps, *values.T.tolist(), strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
