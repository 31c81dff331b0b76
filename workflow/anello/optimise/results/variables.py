"""One table of every result variable: dimensions, units, name, and how it adds up over time.

Attributes in files, CSV headers and the reference page are all made from this table, so that they
cannot disagree. Units are UDUNITS text; money has none there, so a cost is ``1`` and its class says
what it counts (``display_units`` has the text to print beside an axis).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["decision", "expression", "dual", "derived"]


@dataclass(frozen=True, slots=True)
class ResultVariable:
    """What one result variable means.

    Parameters
    ----------
    name : str
        Name in the results, as in Calliope where it exists there.
    dims : tuple of str
        Dimensions in the order in which they are stored.
    units : str
        UDUNITS text.
    long_name : str
        Text for an axis or a table's head.
    kind : {"decision", "expression", "dual", "derived"}
        Where the number comes from: chosen by the solver, a sum over choices, a shadow price, or
        worked out afterwards.
    cell_methods : str, optional
        How a value relates to its time step (CF conventions).
    display_units : str, optional
        Units to print, where they differ from `units`.
    comment : str, optional
        One more sentence for the reader.
    """

    name: str
    dims: tuple[str, ...]
    units: str
    long_name: str
    kind: Kind
    cell_methods: str = ""
    display_units: str = ""
    comment: str = ""

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of the variable in a data set, without the empty ones."""
        found = {
            "units": self.units,
            "long_name": self.long_name,
            "display_units": self.display_units,
            "cell_methods": self.cell_methods,
            "comment": self.comment,
            "kind": self.kind,
        }
        return {key: text for key, text in found.items() if text}

    @property
    def unit_suffix(self) -> str:
        """End of the CSV column's name, such as ``_kwh``."""
        return UNIT_SUFFIX[self.display_units or self.units]


_SUM = "timestep: sum"
_POINT = "timestep: point (end of the step)"
_MEAN = "timestep: mean"
_COST = "cost unit"
_COST_PER_KWH = "cost unit/kWh"

UNIT_SUFFIX = {
    "kWh": "_kwh",
    "kW": "_kw",
    "m2": "_m2",
    "1": "",
    "degree_Celsius": "_degc",
    "K": "_k",
    _COST: "_cost_unit",
    _COST_PER_KWH: "_cost_unit_per_kwh",
    "cost unit/kW": "_cost_unit_per_kw",
    "cost unit/m2": "_cost_unit_per_m2",
    "": "",
}

_NODE, _NODE_T = ("node",), ("node", "timestep")
_FLOW = ("node", "carrier", "timestep")
_LOC_CARRIER_T = ("loc", "carrier", "timestep")

_SIZES = (
    *(("energy_cap", "node", "kW"), ("storage_cap", "node", "kWh"), ("resource_cap", "node", "kW")),
    *(("resource_area", "node", "m2"), ("ring_size", "part", "")),
)

_TABLE = (
    ResultVariable(
        "energy_cap",
        _NODE,
        "kW",
        "Energy capacity",
        "decision",
        comment="Largest output (for a demand: largest intake); infinite where nothing limits it.",
    ),
    ResultVariable(
        "carrier_prod",
        _FLOW,
        "kWh",
        "Carrier production",
        "decision",
        _SUM,
        comment="Energy given to the location's carrier balance in the step, before any export.",
    ),
    ResultVariable(
        "carrier_con",
        _FLOW,
        "kWh",
        "Carrier consumption",
        "decision",
        _SUM,
        comment="Energy taken from the location's carrier balance in the step: never positive.",
    ),
    ResultVariable("carrier_export", _FLOW, "kWh", "Carrier export", "decision", _SUM),
    ResultVariable("storage", _NODE_T, "kWh", "Stored energy", "decision", _POINT),
    ResultVariable("storage_cap", _NODE, "kWh", "Storage capacity", "decision"),
    ResultVariable(
        "storage_inter_cluster",
        ("node", "datestep"),
        "kWh",
        "Stored energy at the start of a day",
        "decision",
    ),
    ResultVariable(
        "storage_intra_cluster_max",
        ("node", "cluster"),
        "kWh",
        "Highest stored energy within a typical day, from its start",
        "decision",
    ),
    ResultVariable(
        "storage_intra_cluster_min",
        ("node", "cluster"),
        "kWh",
        "Lowest stored energy within a typical day, from its start",
        "decision",
    ),
    ResultVariable("resource_con", _NODE_T, "kWh", "Resource captured", "decision", _SUM),
    ResultVariable("resource_cap", _NODE, "kW", "Resource capacity", "decision"),
    ResultVariable(
        "resource2_con",
        _NODE_T,
        "kWh",
        "Secondary resource captured",
        "decision",
        _SUM,
    ),
    ResultVariable("resource2_cap", _NODE, "kW", "Secondary resource capacity", "decision"),
    ResultVariable(
        "energy_cap_net",
        _NODE,
        "kW",
        "Energy capacity net of parasitic losses",
        "expression",
    ),
    ResultVariable("resource_area", _NODE, "m2", "Resource collector area", "decision"),
    ResultVariable(
        "peak_month",
        ("node", "month"),
        "kW",
        "Highest output of a month, which is billed",
        "decision",
    ),
    ResultVariable(
        "unmet_demand",
        _LOC_CARRIER_T,
        "kWh",
        "Unmet demand",
        "decision",
        _SUM,
        comment="Never negative; priced at bigM.",
    ),
    ResultVariable(
        "unused_supply",
        _LOC_CARRIER_T,
        "kWh",
        "Unused supply",
        "decision",
        _SUM,
        comment="Never positive; priced at bigM.",
    ),
    ResultVariable(
        "carrier_other",
        _LOC_CARRIER_T,
        "kWh",
        "Other flows in the carrier balance",
        "decision",
        _SUM,
        comment="What no technology carries: electricity of the ring's balancing plant and pump "
        "(negative), and terms that users added.",
    ),
    ResultVariable(
        "ring_temperature",
        ("ring", "timestep"),
        "degree_Celsius",
        "Ring temperature in the optimisation",
        "decision",
        _POINT,
        comment="Linear about the incumbent; the simulated temperature is in the group `ring`.",
    ),
    ResultVariable(
        "ring_heat",
        ("device", "timestep"),
        "kWh",
        "Heat that the balancing plant is scheduled to move",
        "decision",
        _SUM,
    ),
    ResultVariable(
        "ring_size",
        ("part",),
        "1",
        "Size of a part of the ring, as a share of that described",
        "decision",
    ),
    ResultVariable(
        "ring_size_choice",
        ("part", "choice"),
        "1",
        "Which size of a list a part of the ring has",
        "decision",
        comment="1 for the size that was chosen, by its name in `one_of`.",
    ),
    ResultVariable(
        "ring_size_weight",
        ("part", "point"),
        "1",
        "Weight of a size near the incumbent's in that of an exchanger for free cooling",
        "decision",
    ),
    ResultVariable(
        "ring_field",
        ("mass", "timestep"),
        "K",
        "What a thermal mass of the ground lowers the borehole wall by in the optimisation",
        "decision",
        _POINT,
        comment="Of the field described: a share s that is built lowers its wall by 1/s of this.",
    ),
    ResultVariable(
        "ring_field_beyond",
        ("device",),
        "K",
        "How far a borefield's fluid is beyond its limits in the horizon's last year",
        "decision",
    ),
    ResultVariable(
        "ring_well_heat",
        ("block",),
        "kW",
        "Heat that wells which tire give to the ring in the optimisation, mean of a day",
        "decision",
    ),
    ResultVariable(
        "ring_well_shift",
        ("block",),
        "K",
        "By how much their supply is warmer than undisturbed groundwater in the optimisation",
        "decision",
    ),
    ResultVariable(
        "ring_pump",
        ("ring", "timestep"),
        "kWh",
        "Electricity of the loop's circulation pump in the optimisation",
        "decision",
        _SUM,
        comment="Given, as the flow of the incumbent asks for it.",
    ),
    ResultVariable("purchased", _NODE, "1", "Purchased (1) or not (0)", "decision"),
    ResultVariable("units", _NODE, "1", "Number of units", "decision"),
    ResultVariable("operating_units", _NODE_T, "1", "Number of units in operation", "decision"),
    ResultVariable(
        "prod_con_switch",
        _NODE_T,
        "1",
        "Produces (1) or consumes (0) in the step",
        "decision",
    ),
    ResultVariable(
        "demand_share_per_timestep_decision",
        ("node", "carrier"),
        "1",
        "Share of demand met in every step",
        "decision",
    ),
    ResultVariable(
        "cost",
        ("cost_class", "node"),
        "1",
        "Total cost",
        "expression",
        display_units=_COST,
        comment="Investment's share of the modelled time, plus operation weighted by the steps' "
        "weights.",
    ),
    ResultVariable(
        "cost_investment",
        ("cost_class", "node"),
        "1",
        "Investment and fixed cost",
        "expression",
        display_units=_COST,
    ),
    ResultVariable(
        "cost_peak",
        ("cost_class", "node"),
        "1",
        "Charge for the peaks of the months",
        "expression",
        display_units=_COST,
        comment="Of each month for the share of it that the model covers.",
    ),
    ResultVariable(
        "cost_var",
        ("cost_class", "node", "timestep"),
        "1",
        "Cost of operation",
        "expression",
        _SUM,
        display_units=_COST,
        comment="Already multiplied by the step's weight.",
    ),
    ResultVariable(
        "shadow_price",
        _LOC_CARRIER_T,
        "kWh-1",
        "Shadow price of demand",
        "dual",
        _MEAN,
        display_units=_COST_PER_KWH,
        comment="What one more kWh of demand in this step would add to the objective; the dual of "
        "system_balance divided by the step's weight.",
    ),
    ResultVariable(
        "source_heat_price",
        ("timestep",),
        "kWh-1",
        "Price of source heat",
        "dual",
        _MEAN,
        display_units=_COST_PER_KWH,
        comment="What one kWh less heat in the ring in this step would add to the objective; "
        "negative where the ring is too warm. From the dual of ring_balance.",
    ),
    *(
        ResultVariable(
            f"{size}_marginal",
            (dim,),
            f"{unit}-1" if unit else "1",
            f"What one more {unit or 'unit'} of {size} would add to the objective",
            "dual",
            display_units=f"cost unit/{unit}" if unit else _COST,
            comment="Its own limits left out of account: negative where a larger size would pay.",
        )
        for size, dim, unit in _SIZES
    ),
    ResultVariable(
        "ring_cost",
        ("device",),
        "1",
        "Cost of the balancing plant",
        "expression",
        display_units=_COST,
    ),
    ResultVariable(
        "ring_size_cost",
        ("part",),
        "1",
        "Cost of the ring's chosen sizes",
        "expression",
        display_units=_COST,
    ),
    ResultVariable(
        "ring_end",
        ("ring",),
        "1",
        "Cost of a ring that ends colder than it began",
        "expression",
        display_units=_COST,
    ),
    ResultVariable(
        "capacity_factor",
        _FLOW,
        "1",
        "Capacity factor",
        "derived",
        _MEAN,
        comment="Production over capacity times the step's length; 0 where there is no capacity.",
    ),
    ResultVariable(
        "systemwide_capacity_factor",
        ("carrier", "tech"),
        "1",
        "Capacity factor over all locations and steps",
        "derived",
    ),
    ResultVariable(
        "systemwide_levelised_cost",
        ("carrier", "cost_class", "tech"),
        "kWh-1",
        "Levelised cost of a technology's production",
        "derived",
        display_units=_COST_PER_KWH,
        comment="All its cost over all its production of the carrier; infinite if it costs and "
        "produces nothing.",
    ),
    ResultVariable(
        "total_levelised_cost",
        ("carrier", "cost_class"),
        "kWh-1",
        "Levelised cost of the whole system",
        "derived",
        display_units=_COST_PER_KWH,
        comment="All cost of the system over the carrier's production by supply and conversion.",
    ),
    ResultVariable(
        "spore_objective",
        ("spore",),
        "1",
        "Objective of the alternative",
        "derived",
        comment="Its cost for the cheapest system, its total score for the others.",
    ),
    ResultVariable(
        "spore_gap",
        ("spore",),
        "1",
        "How far the objective may be from the best one, relative to it",
        "derived",
    ),
    ResultVariable(
        "spore_score",
        ("spore", "node"),
        "1",
        "Score that the alternative was found with",
        "derived",
        comment="Per kW of capacity, before interest and lifetime.",
    ),
    ResultVariable(
        "spore_cost_limit",
        ("spore", "cost_class"),
        "1",
        "Largest cost allowed",
        "derived",
        display_units=_COST,
    ),
)

RESULT_VARIABLES: dict[str, ResultVariable] = {entry.name: entry for entry in _TABLE}


def describe(name: str) -> dict[str, str]:
    """Return the attributes of a result variable.

    Parameters
    ----------
    name : str
        Name of the variable; one that a user added to the model need not be in the table.

    Returns
    -------
    dict of str to str
        At least ``units`` and ``long_name``.
    """
    known = RESULT_VARIABLES.get(name)
    if known is not None:
        return known.attrs
    if name.startswith("dual_"):
        constraint = name.removeprefix("dual_")
        return {
            "units": "1",
            "long_name": f"Dual of the rows of {constraint}",
            "kind": "dual",
            "comment": "Change of the objective per unit of the row's right-hand side.",
        }
    return {"units": "1", "long_name": name.replace("_", " ").capitalize(), "kind": "decision"}


def display_units(attrs: dict[str, str]) -> str:
    """Return the units to print for a variable's attributes ("" for a plain number)."""
    units = str(attrs.get("display_units") or attrs.get("units", ""))
    return "" if units == "1" else units.replace("degree_Celsius", "°C").replace("m2", "m²")
