"""Sheets with a row per time step: flows, stores and COP of a scenario, and temperatures of all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import Appearance, carrier_kind
from anello.present.report.config import FiguresConfig
from anello.present.workbook.scenario_rows import Loaded
from anello.present.workbook.sheet import Column, Kind, Sheet

Floats = npt.NDArray[np.float64]

MOST_CELLS = 6_000_000
"""Hourly values in a workbook: beyond, technologies are added up over their locations."""

_FLOWS = {"carrier_prod": "made", "carrier_con": "used", "carrier_export": "exported"}
_BALANCE = {"unmet_demand": "unmet demand", "unused_supply": "unused supply"}


def adds_up_locations(loaded: Loaded) -> bool:
    """Return whether the hours of single locations would be more than people can open."""
    count = 0
    for collected in loaded.values():
        results = collected.results
        flows = [results[name] for name in _FLOWS if name in results]
        known = sum(int(flow.notnull().any("timestep").sum()) for flow in flows)
        count += known * results.sizes["timestep"]
    return count > MOST_CELLS


def hourly_sheet(
    name: str, collected: CollectedResults, config: FiguresConfig, by_location: bool
) -> Sheet:
    """Return a scenario's electricity, heat, stores and COP by time step.

    Parameters
    ----------
    name : str
        Of the scenario.
    collected : CollectedResults
        Its results.
    config : FiguresConfig
        Names.
    by_location : bool
        Whether technologies are told apart by location, or added up over all.

    Returns
    -------
    Sheet
        Energies [kWh] are per step and positive; without those of places where a carrier does not
        exist. COP are those of the simulated ring, or what was made of the electricity used.
    """
    results = collected.results
    look = Appearance(results, collected.inputs, config)
    columns = [
        Column("Start of step", results["timestep"].values, "time"),
        Column("Length [h]", results["timestep_resolution"].values, "fine"),
        Column("Weight [1]", results["timestep_weight"].values, "fine"),
    ]
    unique: dict[str, tuple[Floats, Kind]] = {}
    parts: list[tuple[str, Kind, Floats]] = [
        *((header, "number", values) for header, values in _energies(results, look, by_location)),
        *((header, "fine", values) for header, values in _cop(collected, look)),
        *((header, "number", values) for header, values in _plant(collected, look)),
    ]
    for header, kind, values in parts:
        if header in unique:
            values = unique[header][0] + values
        unique[header] = (values, kind)
    columns += [Column(header, values, kind) for header, (values, kind) in unique.items()]
    return Sheet(f"hourly {name}", columns, fixed=1)


def temperatures_sheet(loaded: Loaded) -> Sheet:
    """Return the water's temperature at every instant, also at a loop's substations.

    Scenarios of different periods stand in the same rows where they share an instant.
    """
    series = [
        (header, ring["state"].values.astype("datetime64[ms]"), values)
        for name, collected in loaded.items()
        if (ring := collected.ring) is not None and "temperature_degc" in ring
        for header, values in _waters(name, ring)
    ]
    instants = [times for _, times, _ in series]
    every = np.unique(np.concatenate(instants)) if instants else np.array([], "datetime64[ms]")
    columns = [Column("Instant", every, "time")]
    for header, times, values in series:
        laid = np.full(len(every), np.nan)
        laid[np.searchsorted(every, times)] = values
        columns.append(Column(header, laid, "fine"))
    return Sheet("temperatures", columns, fixed=1)


def _waters(name: str, ring: xr.Dataset) -> Iterator[tuple[str, Floats]]:
    yield f"{name}: ring, mean [°C]", ring["temperature_degc"].values
    if "node_degc" in ring:
        water = ring["node_degc"].transpose("substation", "state")
        for label, values in zip(ring["substation"].values, water.values, strict=True):
            yield f"{name}: substation {label} [°C]", values


def _energies(
    results: xr.Dataset, look: Appearance, by_location: bool
) -> Iterator[tuple[str, Floats]]:
    """Yield flows by carrier, electricity first, and what is in store."""
    carriers = sorted(look.carriers(), key=lambda c: carrier_kind(c) != "electricity")
    for carrier in carriers:
        for variable, what in _FLOWS.items():
            if variable in results:
                flow = results[variable].sel(carrier=carrier).transpose("node", "timestep")
                for label, values in _known(flow, look, by_location):
                    yield f"{label}, {look.name(carrier)} {what} [kWh]", np.abs(values)
        for variable, what in _BALANCE.items():
            if variable in results:
                flow = results[variable].sel(carrier=carrier).transpose("loc", "timestep")
                for loc, values in zip(flow["loc"].values, flow.values, strict=True):
                    if np.nan_to_num(values).any():
                        place = f"{look.name(str(loc))}: " if by_location else ""
                        yield f"{place}{look.name(carrier)}, {what} [kWh]", np.abs(values)
    if "storage" in results:
        stored = results["storage"].transpose("node", "timestep")
        for label, values in _known(stored, look, by_location):
            yield f"{label}, in store at the end [kWh]", values


def _known(flow: xr.DataArray, look: Appearance, by_location: bool) -> Iterator[tuple[str, Floats]]:
    """Yield the series that exist, with the name of what they belong to."""
    values = flow.values
    for position in np.flatnonzero(~np.isnan(values).all(axis=1)):
        loc, tech = (str(flow[c].values[position]) for c in ("node_loc", "node_tech"))
        yield _name(look, loc, tech, by_location), values[position]


def _name(look: Appearance, loc: str, tech: str, by_location: bool) -> str:
    """Name a technology so that no two share it: with its key where its name is not its own."""
    name = look.name(tech)
    if sum(look.name(other) == name for other in look.techs()) > 1:
        name = f"{name} ({tech})"
    return f"{look.name(loc)}: {name}" if by_location else name


def _cop(collected: CollectedResults, look: Appearance) -> Iterator[tuple[str, Floats]]:
    """Yield COP of the simulated heat pumps; without a ring, what was made of the electricity."""
    ring = collected.ring
    if ring is not None and "cop" in ring:
        cop = ring["cop"].transpose("node", "timestep")
        for node, values in zip(cop["node"].values, cop.values, strict=True):
            loc, _, tech = str(node).partition("::")
            yield f"{_name(look, loc, tech, True)}, COP [1]", values
        return
    results = collected.results
    if "carrier_prod" not in results or "carrier_con" not in results:
        return
    power = [c for c in results["carrier"].values if carrier_kind(str(c)) == "electricity"]
    made = results["carrier_prod"].sum("carrier").transpose("node", "timestep").values
    used = -results["carrier_con"].transpose("node", "carrier", "timestep")
    taken = used.sel(carrier=power).sum("carrier").values
    other = used.drop_sel(carrier=power).notnull().any(("carrier", "timestep")).values
    converts = np.isin(results["node_base"].values.astype(str), ("conversion", "conversion_plus"))
    for position in np.flatnonzero(converts & ~other & (taken > 0.0).any(axis=1)):
        loc, tech = (str(results[c].values[position]) for c in ("node_loc", "node_tech"))
        running = taken[position] > 0.0
        values = np.full(len(running), np.nan)
        np.divide(made[position], taken[position], out=values, where=running)
        yield f"{_name(look, loc, tech, True)}, COP [1]", values


def _plant(collected: CollectedResults, look: Appearance) -> Iterator[tuple[str, Floats]]:
    """Yield free cooling, and heat and electricity of the balancing devices that ever run."""
    ring = collected.ring
    if ring is None:
        return
    if "free_kw" in ring:
        free = ring["free_kw"].transpose("node", "timestep")
        for node, values in zip(free["node"].values, free.values, strict=True):
            loc, _, tech = str(node).partition("::")
            if values.any():
                yield f"{_name(look, loc, tech, True)}, free cooling [kW]", values
    for variable, what in (("q_bal_kw", "heat into the ring"), ("p_bal_kw", "electricity")):
        if variable in ring:
            power = ring[variable].transpose("device", "timestep")
            for device, values in zip(power["device"].values, power.values, strict=True):
                if values.any():
                    yield f"Ring: {look.name(str(device))}, {what} [kW]", values
    for variable, text in (
        ("pump_kw", "pump, electricity"),
        ("loss_kw", "heat lost to the ground"),
    ):
        if variable in ring and ring[variable].values.any():
            yield f"Ring: {text} [kW]", ring[variable].values


__all__ = ["MOST_CELLS", "adds_up_locations", "hourly_sheet", "temperatures_sheet"]
