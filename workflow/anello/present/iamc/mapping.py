"""What carriers and technologies are called in the variables of the IAMC.

The names follow the common definitions of the consortium (https://github.com/IAMconsortium/
common-definitions). A technology's source is told by its own name, else by the carrier that it
takes; the page on results has the whole table.
"""

from __future__ import annotations

import re

from anello.present.report.appearance import carrier_kind

ELECTRICITY, HEAT, COOLING = "Electricity", "Heat", "Cooling"
_FINAL = {
    "electricity": (ELECTRICITY,),
    "dhw": (HEAT, "Water Heating"),
    "heating": (HEAT, "Space Heating"),
    "cooling": (COOLING,),
}
_FUELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # what it is called, and parts of names
    ("Hydrogen", ("hydrogen", "h2")),
    ("Biomass", ("biomass", "biogas", "bio", "wood", "pellet", "straw")),
    ("Coal", ("coal", "lignite")),
    ("Oil", ("oil", "diesel", "petrol")),
    ("Gas", ("gas", "methane")),
)
_SOURCES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Solar|PV", ("pv", "photovolt")),
    ("Solar|CSP", ("csp",)),
    ("Wind", ("wind",)),
    *_FUELS,
    ("Hydro", ("hydro",)),
    ("Geothermal", ("geotherm",)),
    ("Nuclear", ("nuclear",)),
    ("Gas", ("ccgt", "ocgt")),
    ("Waste", ("waste",)),
    ("Solar", ("solar",)),
)
_SHORT = 3
"""Parts of names up to this length count as whole words only: `pv`, not the `oil` in `boiler`."""

_BOUGHT = ("grid", "import", "market", "mains", "network")


def carrier_names(carrier: str) -> tuple[str, ...]:
    """Return what a carrier is called as final energy, from the general to the particular.

    Parameters
    ----------
    carrier : str
        As in the model.

    Returns
    -------
    tuple of str
        ``("Heat", "Space Heating")``, ``("Electricity",)``, ``("Other", "steam")`` and the like.
    """
    if carrier.lower() == "heat":
        return (HEAT,)
    fuel = _first(_FUELS, carrier)
    if fuel:
        return (fuel,)
    return _FINAL.get(carrier_kind(carrier), ("Other", part(carrier)))


def is_final(carrier: str) -> bool:
    """Return whether a carrier is electricity, heat or cold, and no fuel."""
    return carrier_names(carrier)[0] in (ELECTRICITY, HEAT, COOLING)


def source_of(tech: str, name: str, taken: tuple[str, ...], multiplies: bool) -> str:
    """Return what a technology makes energy from, as a variable says it.

    Parameters
    ----------
    tech, name : str
        Its key and its name in the model.
    taken : tuple of str
        The carriers that it takes from other technologies.
    multiplies : bool
        Whether it gives more heat or cold than it takes of electricity.

    Returns
    -------
    str
        ``Solar|PV``, ``Electricity|Heat Pump``, ``Gas``, ``Other|<name>`` and the like.
    """
    kinds = [carrier_names(carrier)[0] for carrier in taken]
    fuels = [kind for kind in kinds if kind not in (ELECTRICITY, HEAT, COOLING, "Other")]
    if fuels:
        return fuels[0]
    if ELECTRICITY in kinds:
        return f"{ELECTRICITY}|Heat Pump" if multiplies else f"{ELECTRICITY}|Direct"
    found = _first(_SOURCES, tech) or _first(_SOURCES, name)
    return found or f"Other|{part(name or tech)}"


def is_bought(tech: str, name: str) -> bool:
    """Return whether a supply buys from outside the district, by its name."""
    return any(word in f"{tech} {name}".lower() for word in _BOUGHT)


def part(text: str) -> str:
    """Return a label as one part of a variable or region, in which ``|`` separates parts."""
    return " ".join(text.replace("|", "/").split()) or "unnamed"


def _first(table: tuple[tuple[str, tuple[str, ...]], ...], text: str) -> str | None:
    words = re.findall(r"[a-z0-9]+", text.lower())
    joined = " ".join(words)
    for name, known in table:
        if any(k in words if len(k) <= _SHORT else k in joined for k in known):
            return name
    return None


__all__ = [
    "COOLING",
    "ELECTRICITY",
    "HEAT",
    "carrier_names",
    "is_bought",
    "is_final",
    "part",
    "source_of",
]
