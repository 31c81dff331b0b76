"""The assumptions that anello knows of a district, and the settings that each stands for.

Machines keep the sizes that the scenario gives them, whatever is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anello.district.config import DistrictConfig, load_district
from anello.district.costs import cost_table
from anello.errors import InputError, Problem
from anello.ring.cop import STAFFELL_2012

KNOWN: dict[str, tuple[float, float]] = {
    "electricity_price": (0.8, 1.2),
    "gas_price": (0.8, 1.2),
    "interest": (0.6, 1.4),
    "demand": (0.9, 1.1),
    "heat_pump_cop": (0.9, 1.1),
}
"""Low and high factor of each by default."""

_PRICES = (
    "import_eur_per_kwh",
    "peak_eur_per_kwh",
    "shoulder_eur_per_kwh",
    "offpeak_eur_per_kwh",
)
_DIGITS = 12


def usual(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the assumptions that are varied where nobody names any.

    Parameters
    ----------
    settings : mapping
        Those of the scenario, as plain values.

    Returns
    -------
    tuple of str
        Names out of :data:`KNOWN`: those that the scenario has. None for a model folder of the
        user's own, whose prices only the user knows.
    """
    if settings["data"]["source"] != "embedded":
        return ()
    coupled = settings["coupling"]["method"] != "none"
    burns_gas = "gas" in str(settings["model_scenario"] or "").split(",")
    left_out = set() if burns_gas else {"gas_price"}
    return tuple(n for n in KNOWN if n not in left_out and (coupled or n != "heat_pump_cop"))


def scaled(name: str, factor: float, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that one assumption stands for, at a factor on what is described.

    Parameters
    ----------
    name : str
        Out of :data:`KNOWN`.
    factor : float
        1 leaves all as it is.
    settings : mapping
        Those of the scenario, as plain values.

    Returns
    -------
    dict of str to object
        Dotted paths as in a sweep, with their values.

    Raises
    ------
    InputError
        If the scenario does not have what is assumed.
    """
    if name == "heat_pump_cop":
        return _cop(factor, settings)
    data = settings["data"]
    if data["source"] != "embedded":
        raise InputError(
            Problem(
                "is known of generated districts only, and this scenario's model is a folder",
                key=f"sensitivity.vary.{name}",
                suggestion="Name the settings that it stands for under `keys`, such as "
                "`overrides.techs.grid.costs.monetary.om_prod`, with their values",
            )
        )
    district = load_district(data["district"], data["changes"])
    if name == "electricity_price":
        return _electricity(factor, settings, district)
    costs = cost_table(district.costs)
    if name == "gas_price":
        price = costs["gas"]["price_eur_per_kwh"]
        return {"data.changes.costs.gas.price_eur_per_kwh": _times(price, factor)}
    if name == "interest":
        return {
            "data.changes.costs.interest_rate": _times(costs["interest_rate"]["value"], factor),
            "ring_costs.interest_rate": _times(settings["ring_costs"]["interest_rate"], factor),
        }
    return _demand(factor, settings, district)


def plant_location(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the setting that has the ring's plant buy its electricity within the model.

    A cap on emissions only counts what the model's technologies buy. A generated district's plant
    is put at its first location, unless the settings name one.

    Raises
    ------
    InputError
        If the plant is nowhere, and nobody but the user can say where.
    """
    ring = settings["ring"]
    plant = ring["plant"]
    coupled = settings["coupling"]["method"] != "none"
    if not coupled or ring["mode"] != "physical" or plant is None or plant["electricity_location"]:
        return {}
    data = settings["data"]
    if data["source"] != "embedded":
        raise InputError(
            Problem(
                "is missing: without it the ring's plant buys its electricity outside the model,"
                " where no cap counts it",
                key="ring.plant.electricity_location",
                suggestion="Name a location of the model",
            )
        )
    district = load_district(data["district"], data["changes"])
    return {"ring.plant.electricity_location": next(iter(district.locations))}


def _times(value: float, factor: float) -> float:
    return round(value * factor, _DIGITS)


def _electricity(
    factor: float, settings: Mapping[str, Any], district: DistrictConfig
) -> dict[str, Any]:
    tariffs = district.tariffs
    described = {name: getattr(tariffs, name) for name in _PRICES}
    if not tariffs.has_bands:
        described["import_eur_per_kwh"] = tariffs.flat_eur_per_kwh
    values = {
        f"data.changes.tariffs.{name}": _times(price, factor)
        for name, price in described.items()
        if price is not None
    }
    plant = settings["ring"]["plant"]
    if plant is not None:
        key = "electricity_price_eur_per_kwh"
        values[f"ring.plant.{key}"] = _times(plant[key], factor)
    return values


def _demand(factor: float, settings: Mapping[str, Any], district: DistrictConfig) -> dict[str, Any]:
    services = {pump["service"] for pump in settings["ring"]["heat_pumps"].values()}
    groups = (group for place in district.locations.values() for group in place.buildings)
    if any(group.appliances is not False for group in groups):
        services.add("electricity")
    return {
        f"overrides.techs.demand_{name}.constraints.resource_scale": factor
        for name in sorted(services)
    }


def _cop(factor: float, settings: Mapping[str, Any]) -> dict[str, Any]:
    if settings["coupling"]["method"] == "none" or settings["ring"]["mode"] != "physical":
        raise InputError(
            Problem(
                "the scenario's heat pumps are not at a simulated ring",
                key="sensitivity.vary.heat_pump_cop",
                suggestion="Leave it out, or choose a scenario with a ring",
            )
        )
    values: dict[str, Any] = {}
    for name, pump in settings["ring"]["heat_pumps"].items():
        at, fit = f"ring.heat_pumps.{name}.cop_map", pump["cop_map"]
        if fit["kind"] == "quadratic":
            values[at] = _quadratic(fit, factor, cooling=pump["service"] == "cooling")
        elif fit["kind"] == "carnot":
            values[f"{at}.fraction"] = _times(fit["fraction"], factor)
        else:
            raise InputError(
                Problem(
                    f"`{at}` is of the kind `{fit['kind']}`, which no factor applies to",
                    key="sensitivity.vary.heat_pump_cop",
                    suggestion="Leave it out",
                )
            )
    return values


def _quadratic(fit: Mapping[str, Any], factor: float, *, cooling: bool) -> dict[str, Any]:
    """Return a map of factor times the COP, with coefficients of its own."""
    lift = fit["valid_lift_k"]
    if fit["fit"] is None:
        own = (fit["c0"], fit["c1"], fit["c2"])
    else:
        own, valid = STAFFELL_2012[fit["fit"]]
        own = (own[0] - 1.0 if cooling else own[0], *own[1:])
        lift = lift or list(valid)
    c0, c1, c2 = (_times(value, factor) for value in own)
    return {"kind": "quadratic", "c0": c0, "c1": c1, "c2": c2, "valid_lift_k": list(lift)}
