"""The technologies of a district's model, with what they cost and emit."""

from __future__ import annotations

from typing import Any

from anello.district.alternatives import GAS_SUPPLY, cop_file
from anello.district.config import DistrictConfig
from anello.district.costs import Entry, cost_table

TARIFF_FILE = "tariff_time_of_use.csv"
EMISSIONS = "co2"
"""Cost class that counts emissions [kg]."""

THERMAL = {
    "dhw": ("#D55E00", "Domestic hot water"),
    "heating": ("#E69F00", "Space heating"),
    "cooling": ("#56B4E9", "Space cooling"),
}
"""Colour and name of each service of heat or cold."""

Tech = dict[str, Any]


def technologies(config: DistrictConfig) -> dict[str, Tech]:
    """Return every technology that a district may have, as a model defines it."""
    costs = cost_table(config.costs)
    finance = {"interest_rate": costs["interest_rate"]["value"]}
    techs = _electric(config, costs, finance)
    for service, (color, name) in THERMAL.items():
        techs[f"hp_{service}"] = _machine(
            f"Heat pump, {name.lower()}",
            color,
            service,
            f"file=cop_{service}.csv",
            costs["heat_pump"],
            finance,
        )
        techs[f"tes_{service}"] = _store(
            f"Tank, {name.lower()}", color, service, costs["tank"], finance, efficiency=1.0
        )
        techs[f"demand_{service}"] = _demand(f"{name} demand", color, service)
    return techs | _without_ring(costs, finance)


def _electric(
    config: DistrictConfig, costs: dict[str, Entry], finance: dict[str, float]
) -> dict[str, Tech]:
    roof = costs["photovoltaics"]
    flat = config.tariffs.flat_eur_per_kwh
    # by time of use where only that is described
    price = f"file={TARIFF_FILE}" if flat is None else flat
    grid = _supply(
        "Electricity grid", "#7F7F7F", "electricity", price, costs["grid"]["co2_kg_per_kwh"]
    )
    grid["costs"]["monetary"] = {**finance, **grid["costs"]["monetary"]}
    if config.tariffs.demand_charge_eur_per_kw_year > 0.0:
        # The connection is as large as the highest import, which the optimiser then sees.
        grid["constraints"]["energy_cap_max"] = grid["constraints"].pop("energy_cap_equals")
        grid["costs"]["monetary"]["om_annual"] = config.tariffs.demand_charge_eur_per_kw_year
    if config.tariffs.demand_charge_eur_per_kw_month > 0.0:
        grid["costs"]["monetary"]["monthly_peak"] = config.tariffs.demand_charge_eur_per_kw_month
    return {
        "grid": grid,
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
                "lifetime": roof["lifetime_years"],
            },
            "costs": {
                "monetary": {
                    **finance,
                    "energy_cap": roof["capital_eur_per_kw"],
                    "om_annual": roof["maintenance_eur_per_kw_year"],
                }
            },
        },
        "battery": _store(
            "Battery",
            "#CC79A7",
            "electricity",
            costs["battery"],
            finance,
            efficiency=0.95,
            storage_loss=0.0001,
        ),
        "demand_electricity": _demand("Electricity demand", "#000000", "electricity"),
    }


def _without_ring(costs: dict[str, Entry], finance: dict[str, float]) -> dict[str, Tech]:
    """Return the machines of buildings that have no ring."""
    gas = costs["gas"]
    techs = {
        GAS_SUPPLY: _supply(
            "Gas", "#8C564B", "gas", gas["price_eur_per_kwh"], gas["co2_kg_per_kwh"]
        )
    }
    for service in ("dhw", "heating"):
        color, name = THERMAL[service]
        techs[f"ashp_{service}"] = _machine(
            f"Air-source heat pump, {name.lower()}",
            color,
            service,
            f"file={cop_file(service)}",
            costs["air_source_heat_pump"],
            finance,
        )
        boiler = costs["gas_boiler"]
        techs[f"boiler_{service}"] = _machine(
            f"Gas boiler, {name.lower()}",
            color,
            service,
            boiler["efficiency"],
            boiler,
            finance,
            carrier_in="gas",
        )
    color, name = THERMAL["cooling"]
    techs["chiller_cooling"] = _machine(
        f"Air-cooled chiller, {name.lower()}",
        color,
        "cooling",
        f"file={cop_file('cooling')}",
        costs["air_cooled_chiller"],
        finance,
    )
    return techs


def _supply(name: str, color: str, carrier: str, price: float | str, co2: float) -> Tech:
    return {
        "essentials": {"name": name, "color": color, "parent": "supply", "carrier_out": carrier},
        "constraints": {"resource": ".inf", "energy_cap_equals": 100000, "lifetime": 40},
        "costs": {"monetary": {"om_prod": price}, EMISSIONS: {"om_prod": co2}},
    }


def _machine(
    name: str,
    color: str,
    service: str,
    efficiency: float | str,
    cost: Entry,
    finance: dict[str, float],
    carrier_in: str = "electricity",
) -> Tech:
    return {
        "essentials": {
            "name": name,
            "color": color,
            "parent": "conversion_plus",
            "primary_carrier_in": carrier_in,
            "primary_carrier_out": service,
            "carrier_in": carrier_in,
            "carrier_out": service,
        },
        "constraints": {"energy_eff": efficiency, "lifetime": cost["lifetime_years"]},
        "costs": {
            "monetary": {
                **finance,
                "energy_cap": cost["capital_eur_per_kw"],
                "om_prod": cost["maintenance_eur_per_kwh"],
            }
        },
    }


def _store(
    name: str,
    color: str,
    carrier: str,
    cost: Entry,
    finance: dict[str, float],
    *,
    efficiency: float,
    **constraints: float,
) -> Tech:
    return {
        "essentials": {"name": name, "color": color, "parent": "storage", "carrier": carrier},
        "constraints": {
            "energy_eff": efficiency,
            **constraints,
            "lifetime": cost["lifetime_years"],
        },
        "costs": {
            "monetary": {
                **finance,
                "storage_cap": cost["capital_eur_per_kwh"],
                "om_prod": cost["maintenance_eur_per_kwh"],
            }
        },
    }


def _demand(name: str, color: str, carrier: str) -> Tech:
    return {
        "essentials": {"name": name, "color": color, "parent": "demand", "carrier": carrier},
        "constraints": {"resource": f"file=demand_{carrier}.csv", "force_resource": True},
    }
