"""Every key of a description acts: another value gives another model, ring or tariff."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anello.district import model_folder
from anello.district.config import parse_district
from anello.district.model_folder import write_district
from anello.district.project import run_settings
from anello.run.scenario_config import merge
from anello.run.schemas import description_table

SITE = {"latitude_deg": 45.46, "longitude_deg": 9.19}
BASE: dict[str, Any] = {
    "name": "Base",
    "site": {**SITE, "summer_break": ["08-08", "08-23"]},
    "weather": {"source": "synthetic", "mean_temperature_degc": 14},
    "locations": {
        "quay": {
            "buildings": [{"use": "residential", "floor_area_m2": 2000, "count": 2}],
            "roofs": [{"peak_kw": 40}],
            "tanks": {
                "heating": {"volume_m3": 20, "temperature_min_degc": 28, "temperature_max_degc": 40}
            },
            "battery": {"capacity_kwh": 50, "power_kw": 20},
        }
    },
    "loop": {"water_mass_kg": 2e4},
    "tariffs": {
        "import_eur_per_kwh": 0.3,
        "peak_eur_per_kwh": 0.36,
        "shoulder_eur_per_kwh": 0.3,
        "offpeak_eur_per_kwh": 0.24,
    },
}
TANK = {"volume_m3": 20, "temperature_min_degc": 28, "temperature_max_degc": 40}
SPELL = {"start": "07-10", "days": 5, "temperature_shift_k": 5}
PLACE = "locations.quay."
# Key of the page → another value; keys of a list replace the whole list.
OTHER: dict[str, Any] = {
    "name": "Other",
    "year": 2014,
    "seed": 7,
    "site.latitude_deg": 46.5,
    "site.longitude_deg": 10.5,
    "site.altitude_m": 1500,
    "site.utc_offset_hours": 2,
    "site.country": "NO",
    "site.subdivision": "BZ",
    "site.heating_season": "italy_zone_e",
    "site.summer_break": None,
    "weather.mean_temperature_degc": 9,
    "weather.seasonal_amplitude_k": 6,
    "weather.coldest_day": 200,
    "weather.daily_std_k": 1,
    "weather.daily_persistence": 0.1,
    "weather.diurnal_amplitude_k": 9,
    "weather.clear_sky_index": [0.5] * 12,
    "weather.linke_turbidity": [5.0] * 12,
    "weather.spells": [SPELL],
    "weather.spells[].start": [{**SPELL, "start": "08-10"}],
    "weather.spells[].days": [{**SPELL, "days": 9}],
    "weather.spells[].temperature_shift_k": [{**SPELL, "temperature_shift_k": 9}],
    PLACE + "buildings[].use": [{"use": "office", "floor_area_m2": 2000}],
    PLACE + "buildings[].floor_area_m2": [{"use": "residential", "floor_area_m2": 900}],
    PLACE + "tanks.heating": {**TANK, "volume_m3": 35},
    PLACE + "tanks.heating.volume_m3": {**TANK, "volume_m3": 50},
    PLACE + "tanks.heating.temperature_min_degc": {**TANK, "temperature_min_degc": 30},
    PLACE + "tanks.heating.temperature_max_degc": {**TANK, "temperature_max_degc": 45},
    PLACE + "tanks.heating.loss_per_hour": {**TANK, "loss_per_hour": 0.01},
    PLACE + "battery.capacity_kwh": 70,
    PLACE + "battery.power_kw": 30,
    PLACE + "heat_pumps.dhw_kw": 77,
    PLACE + "heat_pumps.heating_kw": 777,
    PLACE + "heat_pumps.cooling_kw": 77,
    "emitter": "ceilings",
    "heat_pump_fit": "air_source",
    "diversity_hours": 4,
    "loop.water_mass_kg": 1e5,
    "loop.initial_temperature_degc": 13,
    "loop.temperature_min_degc": 8,
    "loop.temperature_max_degc": 22,
    "loop.fluid.kind": {"kind": "glycol", "glycol": "ethylene", "mass_fraction": 0.2},
    "loop.fluid.kj_per_kgk": {"kind": "water", "kj_per_kgk": 4.0},
    "loop.fluid.density_kg_per_m3": {"kind": "water", "density_kg_per_m3": 990.0},
    "loop.fluid.viscosity_pa_s": {"kind": "water", "viscosity_pa_s": 1e-3},
    "loop.fluid.glycol": {"kind": "glycol", "glycol": "propylene", "mass_fraction": 0.2},
    "loop.fluid.mass_fraction": {"kind": "glycol", "glycol": "ethylene", "mass_fraction": 0.4},
    "wells.temperature_degc": 13,
    "wells.flow_kg_per_s": 99,
    "wells.effectiveness": 0.5,
    "plant.central_heat_pump_kw": 99,
    "plant.backup_heater_kw": 99,
    "plant.dry_cooler_kw": 99,
    "plant.chiller_kw": 99,
    "supply.dhw_degc": 55,
    "supply.heating_degc": 39,
    "supply.cooling_degc": 12,
    "free_cooling.effectiveness": 0.6,
    "free_cooling.spread_k": 4,
    "free_cooling.electricity_kwh_per_kwh": 0.03,
    "free_cooling.design_kw": 77,
    "free_cooling.build_eur": 9000,
    "free_cooling.size.least": 0.1,
    "free_cooling.size.most": 2,
    "free_cooling.size.one_of": [0.5, 1],
    "free_cooling.size.one_of_eur": {"one_of": [0.5, 1], "one_of_eur": [5000, 9000]},
    "free_cooling.size.eur_per_year": 900,
    "tariffs.import_eur_per_kwh": 0.4,
    "tariffs.peak_eur_per_kwh": 0.5,
    "tariffs.shoulder_eur_per_kwh": 0.4,
    "tariffs.offpeak_eur_per_kwh": 0.1,
    "tariffs.export_eur_per_kwh": 0.2,
    "tariffs.demand_charge_eur_per_kw_year": 80,
    "tariffs.demand_charge_eur_per_kw_month": 8,
}
BUILDING = {
    "count": 3,
    "insulation": "poor",
    "occupants": 10,
    "window_area_m2_per_m2": 0.4,
    "envelope_area_m2_per_m2": 2.0,
    "appliances": False,
    "hot_water": False,
    "emitter": "ceilings",
}
ROOF = {"peak_kw": 90, "tilt_deg": 60, "azimuth_deg": 90, "system_losses": 0.3, "inverter_kw": 15}
TARGETS = {"dhw": 45, "heating": 60, "cooling": 30, "electricity": 50, "photovoltaics": 40}


def changed(key: str, value: Any) -> dict[str, Any]:
    """The base with one other value."""
    out: Any = value
    for part in reversed(re.sub(r"\[\].*", "", key).split(".")):
        out = {part: out}
    return merge(BASE, out)


def made(content: dict[str, Any], folder: Path) -> str:
    """All that is generated from a description, as one text without its own copy of it."""
    config = parse_district(content)
    written = write_district(config, folder)
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.name != "district.yaml"]
    texts = [f"{f.relative_to(folder)}\n{f.read_text(encoding='utf-8')}" for f in files]
    return json.dumps(run_settings(config, written, "x.yaml")) + "\n".join(texts)


CASES = {
    **OTHER,
    **{
        f"{PLACE}buildings[].{k}": [{**BASE["locations"]["quay"]["buildings"][0], k: v}]
        for k, v in BUILDING.items()
    },
    **{f"{PLACE}roofs[].{k}": [{"peak_kw": 40, k: v}] for k, v in ROOF.items()},
    **{f"{PLACE}targets.{k}.annual_mwh": {"annual_mwh": v} for k, v in TARGETS.items()},
}


@pytest.fixture(scope="module", autouse=True)
def digests():
    """Leave a checksum of a table's values in its place: what their text is, others test."""

    def write(path: Path, stamps: list[str], columns: dict[str, Any]) -> None:
        digest = hashlib.sha256(json.dumps([stamps, list(columns)]).encode())
        digest.update((np.round(np.column_stack(list(columns.values())), 4) + 0.0).tobytes())
        path.write_text(digest.hexdigest(), encoding="utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_folder, "_write_csv", write)
        yield


@pytest.fixture(scope="module")
def base(digests, tmp_path_factory) -> str:
    return made(BASE, tmp_path_factory.mktemp("base") / "model")


@pytest.mark.parametrize("key", CASES)
def test_another_value_gives_another_district(key, base, tmp_path):
    at = key.removesuffix(".annual_mwh") if ".targets." in key else key
    at = re.sub(r"(tanks\.heating|loop\.fluid)\..*|(size)\.one_of_eur", r"\1\2", at)
    assert made(changed(at, CASES[key]), tmp_path / "model") != base


def test_no_key_of_the_page_is_forgotten():
    """Keys of weather files, costs, sources, boreholes and another service have other tests."""
    top, missing = "", []
    tested = {re.sub(r"^locations\.quay", "locations.<name>", key) for key in CASES}
    for line in description_table().splitlines():
        if line.startswith("## "):
            top = line.strip("# `")
            continue
        found = re.match(r"\| `([^`]+)`", line)
        if not found or found.group(1) == "key":
            continue
        key = f"{top}.{found.group(1)}"
        leaf = key.rpartition(".")[2]
        repeated = re.search(
            r"\.tanks\.(dhw|cooling)|\.peak_kw$|\.targets\.|^(boreholes|costs|sources)\.", key
        )
        groups = any(other.startswith((f"{key}.", f"{key}[")) for other in tested)
        if (
            key not in tested
            and not groups
            and not repeated
            and leaf not in ("source", "file", "gaps")
        ):
            missing.append(key)
    assert not missing
