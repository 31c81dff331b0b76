"""The IAMC table of a run: model, scenario, region, variable, unit, and a column per year."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from anello import __version__
from anello.base.cells import for_spreadsheets
from anello.base.files import FilePath, atomic_path
from anello.base.year import is_a_year
from anello.errors import ArtefactError
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.cost_parts import cost_parts
from anello.optimise.results.prices import set_prices
from anello.optimise.results.whole_cost import beyond_dispatch_kwh, objective_weights
from anello.present.iamc.mapping import (
    ELECTRICITY,
    carrier_names,
    is_bought,
    is_final,
    part,
    source_of,
)
from anello.present.report.appearance import Appearance
from anello.present.report.comparison import Scenarios, load
from anello.present.report.config import FiguresConfig

Floats = npt.NDArray[np.float64]

LABELS = ["Model", "Scenario", "Region", "Variable", "Unit"]
_KW_PER_MW = _KWH_PER_MWH = 1000.0
_MADE_BY = ("supply", "supply_plus", "conversion", "conversion_plus")
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP"}
_TOTAL_COST = "Cost|Total Energy System Cost"


def iamc_table(scenarios: Scenarios, config: FiguresConfig | None = None) -> pd.DataFrame:
    """Lay the results of one or several scenarios out as the IAMC does.

    Parameters
    ----------
    scenarios : mapping of str to path-like or CollectedResults
        Their results by name.
    config : FiguresConfig, optional
        Currency, cost class, and the units of other cost classes.

    Returns
    -------
    pandas.DataFrame
        Columns ``Model``, ``Scenario``, ``Region``, ``Variable``, ``Unit`` and one per calendar
        year, by its number; NaN where a scenario does not have the year. The region is the run, and
        ``<run>|<location>``. Energies are in MWh/yr, or in MWh where the steps of a year are fewer.

    Raises
    ------
    ArtefactError
        If results cannot be read, or there is no scenario.
    """
    config = config or FiguresConfig()
    loaded = load(scenarios)
    if not loaded:
        raise ArtefactError("an IAMC table needs the results of at least one scenario")
    rows: list[dict[Any, Any]] = []
    for name, collected in loaded.items():
        ledger = _Ledger.of(collected)
        for fill in (_energies, _capacities, _prices, _costs, _emissions):
            fill(ledger, collected, config)
        version = str(collected.attrs.get("anello_version") or __version__)
        about = {"Model": f"anello {version}", "Scenario": name}
        rows += [about | row for row in ledger.rows()]
    years = sorted({key for row in rows for key in row if isinstance(key, int)})
    frame = pd.DataFrame(rows, columns=[*LABELS, *years])
    return frame.sort_values(["Scenario", "Region", "Variable"], kind="stable", ignore_index=True)


def write_iamc(scenarios: Scenarios, path: FilePath, config: FiguresConfig | None = None) -> Path:
    """Write :func:`iamc_table` as CSV in one step."""
    with atomic_path(path) as temporary:
        for_spreadsheets(iamc_table(scenarios, config)).to_csv(
            temporary, index=False, lineterminator="\n", encoding="utf-8"
        )
    return Path(path)


@dataclass
class _Ledger:
    """Amounts by region, variable and year, added up as they come."""

    region: str
    years: list[int]
    hours: Floats  # by year
    of_year: Floats  # (timestep, year): weight of the step where it is in the year
    amounts: dict[tuple[str, str, str], Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, collected: CollectedResults) -> _Ledger:
        results = collected.results
        step_years = pd.DatetimeIndex(results["timestep"].values).year.to_numpy()
        years = np.unique(step_years)
        weight = results["timestep_weight"].values
        of_year = (step_years[:, None] == years[None, :]) * weight[:, None]
        named = collected.attrs.get("run") or collected.config.get("model", {}).get("name")
        hours: Floats = results["timestep_resolution"].values @ of_year
        return cls(part(str(named or "district")), years.tolist(), hours, of_year)

    @property
    def per_year(self) -> str:
        """End of a unit: per year, if the steps of every year make one up."""
        return "/yr" if all(map(is_a_year, self.hours)) else ""

    def add(self, loc: str, variable: str, unit: str, values: Floats, least: int = 99) -> None:
        """Add amounts by year, for the location and the whole.

        Parameters
        ----------
        loc : str
            The location; none if "".
        variable, unit : str
            Name and unit.
        values : ndarray, shape (years,)
            What is added.
        least : int
            Parts of the name from which on what it is a part of gets the amount too: with 2,
            ``Capacity|Heat|Gas`` also counts for ``Capacity|Heat``.
        """
        names = variable.split("|")
        whole = ["|".join(names[:n]) for n in range(least, len(names))]
        for region in (self.region, f"{self.region}|{part(loc)}") if loc else (self.region,):
            for name in (*whole, variable):
                key = (region, name, unit)
                self.amounts[key] = self.amounts.get(key, 0.0) + values

    def rows(self) -> Iterator[dict[Any, Any]]:
        """Yield what is known, a row per region and variable."""
        for (region, variable, unit), values in self.amounts.items():
            if np.isfinite(values).any():
                by_year = dict(zip(self.years, values.tolist(), strict=True))
                yield {"Region": region, "Variable": variable, "Unit": unit, **by_year}


def _energies(ledger: _Ledger, collected: CollectedResults, config: FiguresConfig) -> None:
    results = collected.results
    unit = f"MWh{ledger.per_year}"
    for _, loc, base, carrier, energy in _flows(ledger, collected, "carrier_con"):
        if base == "demand":
            names = carrier_names(carrier)
            ledger.add(loc, "|".join(("Final Energy", *names)), unit, -energy, 1)
    variable_of = _makers(collected, config)
    for tech, loc, base, carrier, energy in _flows(ledger, collected, "carrier_prod"):
        if base in _MADE_BY:
            variable = variable_of(tech, carrier)
            sign = -1.0 if variable.startswith("Trade|") else 1.0
            ledger.add(loc, variable, unit, sign * energy, _least(variable))
    more_kwh = beyond_dispatch_kwh(collected)
    if more_kwh:
        whole = ledger.hours / ledger.hours.sum()
        ledger.add("", _traded(ELECTRICITY), unit, -more_kwh / _KWH_PER_MWH * whole)
    if "carrier_export" in results:
        for _, loc, _, carrier, energy in _flows(ledger, collected, "carrier_export"):
            ledger.add(loc, _traded(carrier), unit, energy)
    if "unmet_demand" in results:
        unmet = results["unmet_demand"].transpose("loc", "carrier", "timestep").values
        by_year = np.nan_to_num(unmet) @ ledger.of_year / _KWH_PER_MWH
        for i, loc in enumerate(map(str, results["loc"].values)):
            for k, carrier in enumerate(map(str, results["carrier"].values)):
                if by_year[i, k].any():
                    variable = "|".join(("Unmet Demand", *carrier_names(carrier)))
                    ledger.add(loc, variable, unit, by_year[i, k], 1)


def _capacities(ledger: _Ledger, collected: CollectedResults, config: FiguresConfig) -> None:
    results = collected.results
    variable_of = _makers(collected, config)
    look = Appearance(results, collected.inputs, config)
    ones = np.ones(len(ledger.years))
    for name, of, unit in (("energy_cap", "Capacity", "MW"), ("storage_cap", "Storage", "MWh")):
        if name not in results:
            continue
        known = results[name].values
        for position in np.flatnonzero(np.isfinite(known)):
            loc, tech, base = (
                str(results[c].values[position]) for c in ("node_loc", "node_tech", "node_base")
            )
            size = known[position] / _KW_PER_MW * ones
            carrier = look.main_carrier(tech)
            if of == "Storage":
                stored = "|".join(("Maximum Storage", *carrier_names(carrier)))
                ledger.add(loc, stored, unit, size, 2)
            elif base in _MADE_BY and is_final(carrier):
                variable = variable_of(tech, carrier)
                if variable.startswith("Secondary Energy|"):
                    ledger.add(loc, variable.replace("Secondary Energy", of, 1), unit, size, 2)


def _prices(ledger: _Ledger, collected: CollectedResults, config: FiguresConfig) -> None:
    """Means of the prices that something sets, weighted with what demands took."""
    results = collected.results
    if "shadow_price" not in results or "carrier_con" not in results:
        return
    order = ("loc", "carrier", "timestep")
    prices = set_prices(results).transpose(*order).values
    locs = [str(loc) for loc in results["loc"].values]
    demand = results["node_base"].values == "demand"
    taken = np.nan_to_num(-results["carrier_con"].transpose("node", "carrier", "timestep").values)
    place = results["node_loc"].values
    sums: dict[tuple[str, str], tuple[Floats, Floats]] = {}
    for i, loc in enumerate(locs):
        here = taken[demand & (place == loc)].sum(axis=0)
        for k, carrier in enumerate(map(str, results["carrier"].values)):
            priced = np.where(np.isfinite(prices[i, k]), here[k], 0.0)
            value = (np.nan_to_num(prices[i, k]) * priced) @ ledger.of_year
            amount = priced @ ledger.of_year
            names = carrier_names(carrier)
            for depth in range(1, len(names) + 1):
                variable = "|".join(("Price", "Final Energy", *names[:depth]))
                for region in ("", loc):
                    v, a = sums.get((region, variable), (0.0, 0.0))
                    sums[region, variable] = (v + value, a + amount)
    unit = f"{_currency(config)}/MWh"
    for (loc, variable), (value, amount) in sums.items():
        mean = np.full(len(ledger.years), np.nan)
        np.divide(value, amount, out=mean, where=amount > 0.0)
        region = f"{ledger.region}|{part(loc)}" if loc else ledger.region
        ledger.amounts[region, variable, unit] = mean * _KWH_PER_MWH


def _costs(ledger: _Ledger, collected: CollectedResults, config: FiguresConfig) -> None:
    parts = cost_parts(collected)
    weights = {config.cost_class: 1.0} | objective_weights(collected)
    parts = parts[parts["cost_class"].isin(weights)]
    unit = f"{_currency(config)}{ledger.per_year}"
    over_years = {name: _operation_by_year(ledger, collected, name) for name in weights}
    whole = ledger.hours / ledger.hours.sum()
    for row in parts.to_dict("records"):
        loc, tech, what = (str(row[key]) for key in ("location", "technology", "part"))
        of_class = str(row["cost_class"])
        if not loc and of_class != config.cost_class:
            continue  # the simulated cost holds what other classes add to it
        if not loc:
            kind, share = "Ring", whole
        elif what.startswith("Investment"):
            kind, share = "Investment", whole
        elif what.startswith(("Fixed cost", "Peaks of the months")):
            kind, share = "Fixed Operation", whole
        else:
            kind = "Export" if what == "Export" else "Variable Operation"
            share = over_years[of_class].get((loc, tech), whole)
        cost = weights[of_class] * float(row["cost"])
        ledger.add(loc, f"{_TOTAL_COST}|{kind}", unit, cost * share, 2)


def _emissions(ledger: _Ledger, collected: CollectedResults, config: FiguresConfig) -> None:
    results = collected.results
    if "cost" not in results:
        return
    whole = ledger.hours / ledger.hours.sum()
    for cost_class in map(str, results["cost_class"].values):
        gas = _gas(cost_class)
        if gas is None:
            continue
        over_years = _operation_by_year(ledger, collected, cost_class)
        unit = f"{config.unit_of(cost_class)} {gas[1]}{ledger.per_year}"
        parts = cost_parts(collected)
        for row in parts[parts["cost_class"] == cost_class].to_dict("records"):
            loc, tech = str(row["location"]), str(row["technology"])
            share = over_years.get((loc, tech), whole)
            ledger.add(loc, gas[0], unit, float(row["cost"]) * share)


def _gas(cost_class: str) -> tuple[str, str] | None:
    """Variable and gas of a cost class that counts emissions, by its name."""
    name = cost_class.lower()
    if "ghg" in name or "co2eq" in name or "co2e" in name:
        return "Emissions|Kyoto Gases", "CO2-equiv"
    if any(word in name for word in ("co2", "carbon", "emission")):
        return "Emissions|CO2", "CO2"
    return None


def _operation_by_year(
    ledger: _Ledger, collected: CollectedResults, cost_class: str
) -> dict[tuple[str, str], Floats]:
    """Share of each year in the cost of operation, by location and technology."""
    results = collected.results
    if "cost_var" not in results:
        return {}
    cost = results["cost_var"].sel(cost_class=cost_class).transpose("node", "timestep").values
    by_year = np.nan_to_num(cost) @ (ledger.of_year > 0.0)  # weighted already
    total = by_year.sum(axis=1)
    pairs = zip(results["node_loc"].values, results["node_tech"].values, strict=True)
    return {
        (str(loc), str(tech)): by_year[n] / total[n]
        for n, (loc, tech) in enumerate(pairs)
        if total[n] != 0.0
    }


def _flows(
    ledger: _Ledger, collected: CollectedResults, name: str
) -> Iterator[tuple[str, str, str, str, Floats]]:
    """Yield technology, location, base, carrier and energy by year [MWh] of what exists."""
    results = collected.results
    if name not in results:
        return
    flow = results[name].transpose("node", "carrier", "timestep").values
    carriers = [str(c) for c in results["carrier"].values]
    labels = [results[c].values.astype(str) for c in ("node_tech", "node_loc", "node_base")]
    for n, k in zip(*np.nonzero(np.isfinite(flow).any(axis=2)), strict=True):
        energy: Floats = np.nan_to_num(flow[n, k]) @ ledger.of_year / _KWH_PER_MWH
        tech, loc, base = (str(label[n]) for label in labels)
        yield tech, loc, base, carriers[k], energy


def _makers(collected: CollectedResults, config: FiguresConfig) -> Callable[[str, str], str]:
    """Return a function that says under which variable a technology's product counts."""
    results = collected.results
    look = Appearance(results, collected.inputs, config)
    names = _model_names(collected)
    ringed = set()
    if collected.ring is not None and "cop" in collected.ring:
        ringed = {str(n).partition("::")[2] for n in collected.ring["node"].values}
    sources = {
        tech: _source(tech, names.get(tech, ""), collected, ringed)
        for tech in sorted(look.techs())
        if look.base(tech) in _MADE_BY
    }

    def variable(tech: str, carrier: str) -> str:
        kind = carrier_names(carrier)
        base = look.base(tech)
        if not is_final(carrier):
            of = "Primary" if base in ("supply", "supply_plus") else "Secondary"
            return "|".join((f"{of} Energy", *kind))
        unknown = base == "supply" and sources[tech].startswith("Other|")
        if unknown and is_bought(tech, names.get(tech, "")):
            return _traded(carrier)
        return f"Secondary Energy|{kind[0]}|{sources[tech]}"

    return variable


def _source(tech: str, name: str, collected: CollectedResults, ringed: set[str]) -> str:
    results = collected.results
    mine = results.isel(node=np.flatnonzero(results["node_tech"].values == tech))
    taken: tuple[str, ...] = ()
    used = made = 0.0
    if "carrier_con" in mine:
        flow = mine["carrier_con"]
        known = flow.notnull().any(("node", "timestep")).values
        taken = tuple(str(c) for c in flow["carrier"].values[known])
        used = -float(flow.sum())
    if "carrier_prod" in mine:
        made = float(mine["carrier_prod"].sum())
    return source_of(tech, name, taken, tech in ringed or made > 1.05 * used > 0.0)


def _model_names(collected: CollectedResults) -> dict[str, str]:
    inputs = collected.inputs
    if "tech_name" not in inputs or "tech" not in inputs:
        return {}
    pairs = zip(inputs["tech"].values, inputs["tech_name"].values, strict=True)
    return {str(tech): str(name) for tech, name in pairs}


def _traded(carrier: str) -> str:
    return f"Trade|Secondary Energy|{carrier_names(carrier)[0]}|Volume"


def _least(variable: str) -> int:
    """Parts from which on a variable is part of another one that is told too."""
    if variable.startswith("Trade|"):
        return 99
    return 1 if variable.startswith("Primary Energy|") else 2


def _currency(config: FiguresConfig) -> str:
    return _CURRENCIES.get(config.currency, config.currency)


__all__ = ["LABELS", "iamc_table", "write_iamc"]
