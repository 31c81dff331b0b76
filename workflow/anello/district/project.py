"""A run of the workflow for a district: settings whose ring belongs to its model."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from anello.base.files import write_text
from anello.district.alternatives import WAYS
from anello.district.config import SUPPLY_DEGC, DistrictConfig, Tank, load_district, merge
from anello.district.costs import RING_PARTS, cost_table
from anello.district.free_cooling import exchanger, left_open
from anello.district.model_folder import DistrictFolder, start_cop, write_district
from anello.district.pipes import PIPES_FILE, with_pipes
from anello.district.sizing import net_heat_kw, plant_sizes, water_kg
from anello.district.synthesis import LocationSeries, mean_price_eur_per_kwh
from anello.errors import InputError, Problem
from anello.model.schema.yaml_reader import read_settings
from anello.ring.cop import STAFFELL_2012
from anello.ring.fluid import RingWater
from anello.ring.plant_config import SIZED

CONFIG_FILE = "config.yaml"
DESCRIPTION_FILE = "district.yaml"
MODEL_FOLDER = "model"
DESIGNED = "designed"
"""Scenario that is defined, for studies and whoever names it, and not run by itself."""

_VALID_LIFT_K = [0.0, 60.0]
_HEAD = """\
# A run of the district described in {description}.
# snakemake --cores 2 --configfile {config}
"""


_RUN_HEAD = """\
# A run of the district described in {description}. Paths start from this folder.
# anello district run THIS_FOLDER
"""


_PLANT_NOTE = """\
# The ring's plant and pump have a meter of their own, with one price at all hours: neither tariffs
# by the hour nor charges for peaks count there. Name a location as
# `ring.plant.electricity_location` to put them on its meter, beside its roofs.
"""


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out in full, since people will edit one of them."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def new_project(folder: Path | str, description: Path | str | None = None) -> Path:
    """Make a folder with all that a run of a district needs.

    It holds the settings of the run (``config.yaml``) and the model folder (``model/``, to be
    looked at; a run computes its own). Without a description, one of the embedded district is put
    there to start from (``district.yaml``).

    Parameters
    ----------
    folder : path-like
        The folder to make.
    description : path-like, optional
        The district's YAML file.

    Returns
    -------
    pathlib.Path
        The settings, for ``snakemake --configfile``.

    Raises
    ------
    ConfigError
        If the description is wrong.
    InputError
        If the folder has settings already, or the district cannot be computed.
    """
    root = Path(folder)
    settings = _new_settings(root)
    source = _embedded(root) if description is None else Path(description)
    config = load_district(source)
    written = write_district(config, root / MODEL_FOLDER)
    content = run_settings(config, written, source)
    head = _HEAD.format(description=source, config=settings) + _PLANT_NOTE
    write_text(settings, head + yaml.dump(content, Dumper=_Dumper, sort_keys=False))
    return settings


def new_run_folder(folder: Path | str, description: Path | str | None = None) -> Path:
    """Make a folder that holds all of a run: description, settings, model and, later, results.

    Unlike in :func:`new_project`, the settings' paths start from the folder, which may be moved. A
    folder that `anello district from-map` has made brings its pipes along.

    Parameters
    ----------
    folder : path-like
        The folder to make, or one that holds a description already.
    description : path-like, optional
        A district's YAML file, or a folder from a map; it is copied, and a weather file with it.
        The folder's own description by default, or else that of the embedded district.

    Returns
    -------
    pathlib.Path
        The settings.

    Raises
    ------
    ConfigError
        If the description is wrong.
    InputError
        If the folder has settings already, or another description, or the district cannot be
        computed, or pipes from a map are not those of its locations.
    """
    root = Path(folder)
    settings = _new_settings(root)
    source = root / DESCRIPTION_FILE
    pipes: Path | None = root / PIPES_FILE
    given = _embedded(root) if description is None else Path(description)
    if given.is_dir():
        given, pipes = given / DESCRIPTION_FILE, given / PIPES_FILE
    elif description is not None:
        pipes = None
    config = load_district(given)
    if source.exists() and given.resolve() != source.resolve():
        told = "The folder has a description already"
        hint = "Leave --description out to use it, or choose another folder"
        raise InputError(Problem(told, file=str(source), suggestion=hint))
    written = write_district(config, root / MODEL_FOLDER)
    content = run_settings(config, written, DESCRIPTION_FILE)
    if pipes is not None and pipes.is_file():
        served = {name: _served(place) for name, place in written.series.locations.items()}
        content = with_pipes(content, read_settings(pipes), pipes, served, DESIGNED)
    if not source.exists():
        _copy_description(given, config, source)
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False)
    write_text(settings, _RUN_HEAD.format(description=DESCRIPTION_FILE) + _PLANT_NOTE + text)
    return settings


def _served(place: LocationSeries) -> bool:
    """Whether a location has a heat pump."""
    return any(service in place.demand_kw for service in SUPPLY_DEGC)


def _new_settings(root: Path) -> Path:
    settings = root / CONFIG_FILE
    if settings.exists():
        raise InputError(
            Problem("The folder has settings already", file=str(settings), suggestion="Delete them")
        )
    return settings


def _embedded(root: Path) -> Path:
    """Return the folder's description, and put the embedded district's there if it has none."""
    source = root / DESCRIPTION_FILE
    if not source.exists():
        write_text(source, Path(__file__).with_name("milan.yaml").read_text(encoding="utf-8"))
    return source


def _copy_description(given: Path, config: DistrictConfig, target: Path) -> None:
    """Copy a description; its weather file comes with it, or is named by its whole path."""
    text = given.read_text(encoding="utf-8")
    file = getattr(config.weather, "file", None)
    if file is not None and not file.is_absolute():
        if ".." in file.parts:
            text = text.replace(str(file), str((given.parent / file).resolve()))
        else:
            (target.parent / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(given.parent / file, target.parent / file)
    write_text(target, text)


def run_settings(
    config: DistrictConfig, folder: DistrictFolder, description: Path | str
) -> dict[str, Any]:
    """Return the settings of a run that compares a district without and with storage or a ring.

    Parameters
    ----------
    config : DistrictConfig
        The district.
    folder : DistrictFolder
        Its model folder.
    description : path-like
        The YAML file that the run computes the district from.

    Raises
    ------
    InputError
        If tanks of one service have other temperatures at one location than at another.
    """
    services = [service for service in ("dhw", "heating", "cooling") if _places(folder, service)]
    tanks = {service: _tanks(config, folder, service) for service in services}
    pumps = {
        f"hp_{service}": _heat_pump(config, folder, service, _places(folder, service))
        for service in services
    }
    stores: dict[str, Any] = {}
    for service, those in tanks.items():
        pump = f"hp_{service}"
        if those and len(those) == len(_places(folder, service)):
            stores[pump] = {"use_temperature": _store(service, those)}
            continue
        # a heat pump without a tank keeps its supply temperature
        for name, tank in those.items():
            stores[f"{name}::{pump}"] = {
                **_heat_pump(config, folder, service, [name]),
                "use_temperature": _store(service, {name: tank}),
            }
        if those and "free_cooling" in pumps[pump]:
            others = [name for name in _places(folder, service) if name not in those]
            rest = _heat_pump(config, folder, service, others)
            stores[pump] = {"free_cooling": rest["free_cooling"]}
    plant = _plant(config, folder)
    definitions = _scenarios(config, pumps, stores, plant)
    loop = config.loop
    return {
        "run": run_name(config.name),
        "scenarios": [name for name in definitions if name != DESIGNED],
        "scenario_definitions": definitions,
        "data": {"source": "embedded", "district": str(description)},
        "quality": {"policy": "refuse"},
        "ring": {
            "mode": "physical",
            "heat_pumps": pumps,
            "initial_degc": loop.initial_temperature_degc,
            "bounds_degc": [loop.temperature_min_degc, loop.temperature_max_degc],
            **({} if loop.fluid == RingWater() else {"fluid": loop.fluid.model_dump()}),
            "water": {"mass_kg": water_kg(loop, _net_kw(config, folder))},
            "plant": {
                **plant,
                "electricity_location": None,  # for people to see that they may name one
                "electricity_price_eur_per_kwh": mean_price_eur_per_kwh(
                    config, folder.series.index
                ),
            },
        },
        "ring_costs": ring_costs(config),
        "figures": {"cost_units": {"co2": "kg"}},
        "coupling": {
            "method": "slp",
            "predicted_decrease": 2e-3,
            "tolerance_k": 0.5,
        },
    }


def _scenarios(
    config: DistrictConfig, pumps: dict[str, Any], stores: dict[str, Any], plant: dict[str, Any]
) -> dict[str, Any]:
    """Return the scenarios of a district, whose tanks change these settings of heat pumps."""
    designed = merge(stores, left_open(config.free_cooling, merge(pumps, stores)))
    definitions: dict[str, Any] = {
        "baseline": {
            "description": "A ring, no storage.",
            "model_scenario": "baseline",
        }
    }
    if stores:
        definitions["smart"] = {
            "description": "A ring and tanks, whose level sets the temperature the heat pumps "
            "work against.",
            "model_scenario": "smart",
            "ring": {"heat_pumps": stores},
        }
    definitions[DESIGNED] = {
        "description": "A ring with sizes of heat pumps, tanks, photovoltaics and plant that are "
        "found.",
        "model_scenario": DESIGNED,
        "ring": {
            **({"heat_pumps": designed} if designed else {}),
            "plant": {"sizes": {name: {} for name in SIZED if _is_open(plant.get(name))}},
        },
    }
    if any(place.battery for place in config.locations.values()):
        definitions["battery"] = {
            "description": "A ring with tanks and batteries.",
            "model_scenario": "smart_battery",
            "ring": {"heat_pumps": stores},
        }
    for way, text in WAYS.items():
        definitions[way] = {
            "description": text,
            "model_scenario": way,
            "coupling": {"method": "none"},
        }
    return definitions


def run_name(name: str) -> str:
    """Return the name of a run, which is that of a folder too, from a district's.

    Letters lose their accents and dots, and what is no letter or digit becomes a dash:
    ``Köln Süd & Straße`` is ``koln-sud-strasse``. A name that nothing is left of gives
    ``district``.
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in plain if not unicodedata.combining(c)))
    return letters.strip("-") or "district"


def ring_costs(config: DistrictConfig) -> dict[str, Any]:
    """Return what the ring costs to build and to keep, as the settings of a run have it."""
    table = cost_table(config.costs)
    return {
        "interest_rate": table["interest_rate"]["value"],
        **{name: dict(table[name]) for name in RING_PARTS},
    }


def _is_open(device: dict[str, Any] | None) -> bool:
    """Whether a device's size can be found: there is one, and it does not tire."""
    return device is not None and "doublet" not in device


def _plant(config: DistrictConfig, folder: DistrictFolder) -> dict[str, Any]:
    """Return the settings of the plant: as described, or sized from the loads."""
    wells = config.wells
    outdoor_degc = folder.series.weather.temperature_degc
    sizes = plant_sizes(config, _net_kw(config, folder), outdoor_degc)
    devices: dict[str, Any] = {}
    if sizes.well_flow_kg_s:
        devices["wells"] = {
            "well_degc": wells.temperature_degc,
            "max_flow_kg_s": sizes.well_flow_kg_s,
            "effectiveness": wells.effectiveness,
            "electricity_kwh_per_kwh": 0.03,
        }
    if sizes.borefield is not None:
        devices["borefield"] = sizes.borefield.settings
    if sizes.central_heat_pump_kw:
        devices["central_heat_pump"] = {"max_kw": sizes.central_heat_pump_kw}
    if sizes.backup_heater_kw:
        devices["backup_heater"] = {
            "max_kw": sizes.backup_heater_kw,
            "electricity_kwh_per_kwh": 1.0,
        }
    if sizes.dry_cooler_kw:
        devices["dry_cooler"] = {
            "max_kw": sizes.dry_cooler_kw,
            "kw_per_k": sizes.dry_cooler_kw_per_k,
            "electricity_kwh_per_kwh": 0.03,
        }
    if sizes.chiller_kw:
        devices["chiller"] = {"max_kw": sizes.chiller_kw}
    if config.sources:
        devices["sources"] = {
            name: source.model_dump(exclude_none=True) for name, source in config.sources.items()
        }
    return devices


def _net_kw(config: DistrictConfig, folder: DistrictFolder) -> NDArray[np.float64]:
    """Return the net heat of the heat pumps into the ring [kW]."""
    demand_kw = {name: place.demand_kw for name, place in folder.series.locations.items()}
    return net_heat_kw(demand_kw, start_cop(config))


def _places(folder: DistrictFolder, service: str) -> list[str]:
    """The locations that have a service, and a heat pump for it."""
    return [name for name, place in folder.series.locations.items() if service in place.demand_kw]


def _heat_pump(
    config: DistrictConfig, folder: DistrictFolder, service: str, places: list[str]
) -> dict[str, Any]:
    """Return the settings of the heat pumps for a service, at some of its places."""
    # ASSUME: the fit goes on below its range of lifts, where machines between waters often are.
    c0, c1, c2 = STAFFELL_2012[config.heat_pump_fit][0]
    if service == "cooling":
        c0 -= 1.0  # the evaporator's heat is the condenser's less the electricity
    fit = {"kind": "quadratic", "c0": c0, "c1": c1, "c2": c2, "valid_lift_k": _VALID_LIFT_K}
    pump: dict[str, Any] = {
        "service": service,
        "cop_map": fit,
        "use_temperature": {"kind": "fixed", "degc": config.supply_degc(service)},
        "out_of_range": "clip",
    }
    if service == "cooling" and config.free_cooling is not None:
        peaks_kw = {
            name: float(folder.series.locations[name].demand_kw[service].max())
            for name in _places(folder, service)
        }
        pump["free_cooling"] = exchanger(config.free_cooling, peaks_kw, places)
    return pump


def _tanks(config: DistrictConfig, folder: DistrictFolder, service: str) -> dict[str, Tank]:
    """Return the tanks of a service, by location; all have the same temperatures."""
    tanks = {
        name: tank
        for name, place in config.locations.items()
        if (tank := getattr(place.tanks, service)) is not None and name in _places(folder, service)
    }
    spans = {(tank.temperature_min_degc, tank.temperature_max_degc) for tank in tanks.values()}
    if len(spans) > 1:
        raise InputError(
            Problem(
                f"The tanks for {service} have different temperatures at different locations",
                key=f"locations.<name>.tanks.{service}",
                suggestion="Give them the same; volumes may differ",
            )
        )
    return tanks


def _store(service: str, tanks: dict[str, Tank]) -> dict[str, Any]:
    first, *others = tanks.items()
    tank = first[1]
    store: dict[str, Any] = {"kind": "store", "store": f"tes_{service}"}
    if service == "cooling":
        store |= {"direction": "cold", "t_max_degc": tank.temperature_max_degc}
    else:
        store |= {"t_min_degc": tank.temperature_min_degc}
    store["kwh_per_k"] = round(tank.heat_capacity_kwh_per_k, 2)
    if others:
        store["kwh_per_k_by_location"] = {
            name: round(other.heat_capacity_kwh_per_k, 2) for name, other in others
        }
    return store
