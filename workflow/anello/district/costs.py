"""What devices, fuels and emissions cost: a table with sources, and what a description changes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any

import yaml
from pydantic import Field

from anello.district.parts import Fraction, NotNegative, Positive, Strict
from anello.model.schema.yaml_reader import parse_settings
from anello.ring.plant_config import PLANT_DEVICES

COSTS_FILE = "costs.yaml"
DESCRIBED = "description of the district"
"""Source of a cost that a description gives."""

RING_PARTS = (*PLANT_DEVICES, "free_cooling", "pipes")
"""Entries of the table that belong to the ring itself, and not to the model's technologies."""


class _Part(Strict):
    """Base of all parts; what is left out is as in the table."""


class _Built(_Part):
    lifetime_years: Positive | None = Field(default=None, description="Lifetime [a]")


class _Machine(_Built):
    capital_eur_per_kw: NotNegative | None = Field(
        default=None, description="To build, per output [EUR/kW]"
    )
    maintenance_eur_per_kwh: NotNegative | None = Field(
        default=None, description="Maintenance, per output [EUR/kWh]"
    )


class HeatPumpCost(_Machine):
    """A ring's heat pumps, from water to water."""


class AirSourceHeatPumpCost(_Machine):
    """A building's own heat pumps, without a ring."""


class AirCooledChillerCost(_Machine):
    """A building's own chiller, without a ring."""


class GasBoilerCost(_Machine):
    """A building's own boiler, without a ring."""

    efficiency: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Heat per gas, gross heating value [-]"
    )


class PhotovoltaicsCost(_Built):
    """Modules on roofs."""

    capital_eur_per_kw: NotNegative | None = Field(default=None, description="To build [EUR/kWp]")
    maintenance_eur_per_kw_year: NotNegative | None = Field(
        default=None, description="Maintenance [EUR/(kWp a)]"
    )


class _Store(_Built):
    capital_eur_per_kwh: NotNegative | None = Field(
        default=None, description="To build [EUR/kWh of capacity]"
    )
    maintenance_eur_per_kwh: NotNegative | None = Field(
        default=None, description="Maintenance, per output [EUR/kWh]"
    )


class BatteryCost(_Store):
    """Batteries."""


class TankCost(_Store):
    """Water tanks."""


class _Plant(_Built):
    maintenance_share_per_year: Fraction | None = Field(
        default=None, description="Maintenance, share of what it costs to build [1/a]"
    )


class WellsCost(_Plant):
    """The ring's wells, with pumps and heat exchanger."""

    capital_eur_per_kg_s: NotNegative | None = Field(
        default=None, description="To build, per largest flow [EUR/(kg/s)]"
    )


class _PlantByPower(_Plant):
    capital_eur_per_kw: NotNegative | None = Field(
        default=None, description="To build, per heat [EUR/kW]"
    )


class DryCoolerCost(_PlantByPower):
    """The ring's dry cooler."""


class ChillerCost(_PlantByPower):
    """The ring's chiller."""


class CentralHeatPumpCost(_PlantByPower):
    """The heat pump of the ring's plant."""


class BackupHeaterCost(_PlantByPower):
    """The ring's backup heater."""


class BorefieldCost(_Plant):
    """A borefield of the ring."""

    capital_eur_per_m: NotNegative | None = Field(
        default=None, description="To build, per metre of borehole [EUR/m]"
    )


class FreeCoolingCost(_Plant):
    """Heat exchangers that cool with the ring's water, without a compressor."""

    capital_eur_per_kw_k: NotNegative | None = Field(
        default=None, description="To build, per conductance [EUR/(kW/K)]"
    )


class PipesCost(_Plant):
    """The ring's pipes, in the ground."""

    capital_eur_per_m: NotNegative | None = Field(
        default=None, description="To build, per metre of trench [EUR/m]"
    )
    capital_eur_per_m2: NotNegative | None = Field(
        default=None, description="And per metre of trench and of inner diameter [EUR/m2]"
    )


class GasCost(_Part):
    """Gas, by its gross heating value."""

    price_eur_per_kwh: NotNegative | None = Field(default=None, description="Price [EUR/kWh]")
    co2_kg_per_kwh: NotNegative | None = Field(
        default=None, description="Emitted when it burns [kg/kWh]"
    )


class GridCost(_Part):
    """Electricity from the grid; its prices stand under `tariffs`."""

    co2_kg_per_kwh: NotNegative | None = Field(
        default=None, description="Emitted for it, on average [kg/kWh]"
    )


class Costs(_Part):
    """Prices of devices, gas and CO2; what is left out is as in the table "Costs by default"."""

    interest_rate: Fraction | None = Field(default=None, description="Interest on capital [1/a]")
    heat_pump: HeatPumpCost = Field(default_factory=HeatPumpCost)
    air_source_heat_pump: AirSourceHeatPumpCost = Field(default_factory=AirSourceHeatPumpCost)
    air_cooled_chiller: AirCooledChillerCost = Field(default_factory=AirCooledChillerCost)
    gas_boiler: GasBoilerCost = Field(default_factory=GasBoilerCost)
    photovoltaics: PhotovoltaicsCost = Field(default_factory=PhotovoltaicsCost)
    battery: BatteryCost = Field(default_factory=BatteryCost)
    tank: TankCost = Field(default_factory=TankCost)
    wells: WellsCost = Field(default_factory=WellsCost)
    dry_cooler: DryCoolerCost = Field(default_factory=DryCoolerCost)
    chiller: ChillerCost = Field(default_factory=ChillerCost)
    central_heat_pump: CentralHeatPumpCost = Field(default_factory=CentralHeatPumpCost)
    backup_heater: BackupHeaterCost = Field(default_factory=BackupHeaterCost)
    borefield: BorefieldCost = Field(default_factory=BorefieldCost)
    free_cooling: FreeCoolingCost = Field(default_factory=FreeCoolingCost)
    pipes: PipesCost = Field(default_factory=PipesCost)
    gas: GasCost = Field(default_factory=GasCost)
    grid: GridCost = Field(default_factory=GridCost)


Entry = Mapping[str, float]


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return the table of costs as it stands in ``costs.yaml``, with years and sources."""
    text = resources.files(__package__).joinpath(COSTS_FILE).read_text(encoding="utf-8")
    return MappingProxyType(parse_settings(text, COSTS_FILE))


def cost_table(costs: Costs) -> dict[str, Entry]:
    """Return every cost: as described, and else as in the table.

    Parameters
    ----------
    costs : Costs
        What a description changes.

    Returns
    -------
    dict of str to mapping of str to float
        By device or energy and key, units in the keys; `interest_rate` has the key `value`.
    """
    described = _described(costs)
    return {
        name: {
            key: described.get(name, {}).get(key, value)
            for key, value in entry.items()
            if key not in ("year", "source")
        }
        for name, entry in catalogue().items()
    }


def told_costs(costs: Costs) -> str:
    """Return all costs with their years and sources as YAML, for the reader of a model folder."""
    table, described = cost_table(costs), _described(costs)
    content = {}
    for name, entry in catalogue().items():
        changed = sorted(described.get(name, {}))
        source = f"{', '.join(changed)}: {DESCRIBED}; else: " if changed else ""
        content[name] = {
            **table[name],
            "year": entry["year"],
            "source": source + entry["source"],
        }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _described(costs: Costs) -> dict[str, dict[str, float]]:
    told = costs.model_dump(exclude_none=True)
    rate = told.pop("interest_rate", None)
    return told | ({"interest_rate": {"value": rate}} if rate is not None else {})
