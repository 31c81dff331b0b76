"""Publication figures of one scenario, drawn from its collected results alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from anello.base.files import FilePath
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import convergence_dataset, read_results
from anello.optimise.results.summary import result_position
from anello.present.report.appearance import (
    BLUE,
    GREY,
    VERMILION,
    Appearance,
    carrier_kind,
    figure_style,
    save_figure,
    size_inch,
    temperature_stops,
)
from anello.present.report.config import FiguresConfig, Period
from anello.present.report.manifest import write_manifest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]

# its locators and formatters carry no types
dates: Any = matplotlib.dates

EVERYWHERE = "all"
NEGLIGIBLE = 1e-6  # of a panel's largest flow: what is smaller is not drawn
LINE_STYLES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def draw_figures(
    results: FilePath | CollectedResults,
    folder: FilePath,
    config: FiguresConfig | None = None,
) -> list[Path]:
    """Draw every figure that the results allow.

    Parameters
    ----------
    results : path-like or CollectedResults
        A scenario's ``results.nc``, or what was read from it.
    folder : path-like
        Where the figures go.
    config : FiguresConfig, optional
        What to draw and how.

    Returns
    -------
    list of pathlib.Path
        The files written: ``dispatch_<period>_<location>``, ``ring_iterations``, ``convergence``,
        ``monthly_balance``, ``cop_duration``, ``ring_carpet``, ``source_heat_price``, each in every
        format. Drawn from a file, they have a ``manifest.json`` beside them with the checksums of
        the file and of each figure.

    Raises
    ------
    ArtefactError
        If the results cannot be read.
    ValueError
        If the configuration names a location, or a period, that the results do not have.
    """
    config = config or FiguresConfig()
    collected = results if isinstance(results, CollectedResults) else read_results(results)
    with figure_style():
        written = [
            path
            for stem, figure in _figures(collected, config)
            for path in save_figure(figure, Path(folder) / stem, config.formats, config.dpi)
        ]
    if not isinstance(results, CollectedResults):
        write_manifest(folder, written, {Path(results).name: results})
    return written


def _figures(collected: CollectedResults, config: FiguresConfig) -> list[tuple[str, Figure]]:
    """Make the figures asked for, or all that there is data for."""
    wanted = config.only
    hours = collected.results["timestep_resolution"]
    ring = collected.ring
    made: list[tuple[str, Figure]] = []
    whole_days = float(hours.sum()) >= 48 and bool((hours == hours[0]).all())

    def asked(name: str) -> bool:
        return wanted is None or name in wanted

    if asked("dispatch"):
        for period in config.periods or default_periods(collected.results):
            for location in locations(collected.results, config):
                figure = plot_dispatch(collected, config, period, location)
                made.append((f"dispatch_{period.name}_{_file_part(location)}", figure))
    if asked("monthly_balance"):
        made.append(("monthly_balance", plot_monthly_balance(collected, config)))
    if ring is not None:
        if asked("ring_iterations") and "temperature_by_iteration_degc" in ring:
            made.append(("ring_iterations", plot_ring_iterations(collected, config)))
        if asked("cop_duration") and "cop" in ring:
            made.append(("cop_duration", plot_cop_duration(collected, config)))
        if asked("ring_carpet") and "temperature_degc" in ring and whole_days:
            made.append(("ring_carpet", plot_ring_carpet(collected, config)))
    if asked("source_heat_price") and "source_heat_price" in collected.results and whole_days:
        made.append(("source_heat_price", plot_source_heat_price(collected, config)))
    if asked("convergence") and collected.record.get("trace"):
        made.append(("convergence", convergence_figure(collected.record, config)))
    return made


def locations(results: xr.Dataset, config: FiguresConfig) -> list[str]:
    """Return the locations to draw: those asked for, else all together.

    Raises
    ------
    ValueError
        If a location is asked for that the results do not have.
    """
    # a location without a technology of its own is only a node of the network
    known = [str(v) for v in results["loc"].values if (results["node_loc"] == v).any()]
    if config.locations is not None:
        unknown = sorted(set(config.locations) - {*known, EVERYWHERE})
        if unknown:
            raise ValueError(
                f"figures.locations: no location {', '.join(unknown)} in the results; there are "
                f"{', '.join(known)}, and `{EVERYWHERE}` for all together"
            )
        return list(config.locations)
    return [EVERYWHERE] if len(known) > 1 else known


def default_periods(results: xr.Dataset) -> list[Period]:
    """Return a winter and a summer week, or the whole time if it is short.

    Parameters
    ----------
    results : xarray.Dataset
        Results with ``timestep``.

    Returns
    -------
    list of Period
        Weeks that lie wholly within the results.
    """
    times = pd.DatetimeIndex(results["timestep"].values)
    start, days = times[0], (times[-1] - times[0]) / pd.Timedelta(days=1)
    if days < 15:
        return [Period(name="whole", start=start.to_pydatetime(), days=max(math.ceil(days), 1))]
    weeks = []
    for name, month, day in (("winter", 1, 12), ("summer", 7, 13)):
        for year in sorted(set(times.year)):
            first = pd.Timestamp(year=int(year), month=month, day=day)
            if start <= first and first + pd.Timedelta(days=7) <= times[-1] + pd.Timedelta(hours=1):
                weeks.append(Period(name=name, start=first.to_pydatetime(), days=7))
                break
    if not weeks:
        weeks = [Period(name="first_week", start=start.to_pydatetime(), days=7)]
    return weeks


# --- flows of one carrier -----------------------------------------------------------------------


@dataclass
class Flow:
    """One band of a carrier's balance.

    Attributes
    ----------
    label : str
        Technology, or ``unmet``, ``unused``, ``export``, ``other``.
    values : ndarray, shape (T,)
        Power [kW] or energy [kWh]; positive into the balance.
    role : {"in", "out", "demand"}
        Which side of the axis it stands on; a demand is a line.
    """

    label: str
    values: Array
    role: str


def carrier_flows(results: xr.Dataset, carrier: str, location: str) -> list[Flow]:
    """Split one carrier's balance into the flows of its technologies.

    Parameters
    ----------
    results : xarray.Dataset
        Results with dimension ``node``.
    carrier, location : str
        Which balance; ``"all"`` adds the locations up, leaving flows between them out.

    Returns
    -------
    list of Flow
        Energy per step [kWh]; technologies without any flow are left out.
    """
    here = results["node_loc"].values == location if location != EVERYWHERE else None
    techs = results["node_tech"].values
    bases = results["node_base"].values
    flows: list[Flow] = []
    for name in ("carrier_prod", "carrier_con"):
        if name not in results:
            continue
        values = results[name].transpose("node", "carrier", "timestep").sel(carrier=carrier).values
        exists = ~np.isnan(values).all(axis=1)
        for tech in dict.fromkeys(str(t) for t in techs):
            mine = (techs == tech) & exists
            if here is not None:
                mine &= here
            base = str(bases[techs == tech][0])
            if not mine.any() or (location == EVERYWHERE and base == "transmission"):
                continue
            total = np.nansum(values[mine], axis=0)
            role = "in" if name == "carrier_prod" else "out"
            flows.append(Flow(tech, total, "demand" if base == "demand" else role))
    for name, label, role in (
        ("carrier_export", "export", "out"),
        ("unmet_demand", "unmet", "in"),
        ("unused_supply", "unused", "out"),
        ("carrier_other", "other", "out"),
    ):
        if name not in results:
            continue
        array = results[name].sel(carrier=carrier)
        if "node" in array.dims:
            kept = array.fillna(0.0) if here is None else array.isel(node=np.flatnonzero(here))
            total = -kept.sum("node").values
        else:
            kept = array if here is None else array.sel(loc=[location])
            total = kept.sum("loc").values
        flows.append(Flow(label, np.asarray(total, dtype=float), role))
    largest = max((float(np.abs(f.values).max(initial=0.0)) for f in flows), default=0.0)
    limit = NEGLIGIBLE * max(largest, NEGLIGIBLE)
    kept_flows = [f for f in flows if np.abs(f.values).max(initial=0.0) > limit]
    order = {"supply_plus": 0, "conversion": 1, "conversion_plus": 1, "supply": 2, "storage": 3}
    base_of = {str(t): str(b) for t, b in zip(techs, bases, strict=True)}
    return sorted(kept_flows, key=lambda f: order.get(base_of.get(f.label, ""), 4))


def flow_style(flow: Flow, look: Appearance) -> tuple[str, str, str]:
    """Return name, colour and hatch of a flow."""
    if flow.label == "unmet":
        return "Unmet demand", "#FFFFFF", "xxxx"
    if flow.label == "unused":
        return "Unused supply", "#FFFFFF", "...."
    if flow.label == "other":
        return "Ring plant", GREY, "...."
    if flow.label == "export":
        return "Export", GREY, "////"
    hatch = "////" if look.base(flow.label) == "storage" else ""
    return look.name(flow.label), look.color(flow.label), hatch


# --- dispatch -----------------------------------------------------------------------------------


def plot_dispatch(
    collected: CollectedResults,
    config: FiguresConfig,
    period: Period,
    location: str = EVERYWHERE,
) -> Figure:
    """Draw the dispatch of every carrier and the ring temperature, one panel each.

    What a carrier's balance receives is stacked upwards, what it gives to converters and stores
    downwards; demand is a line.

    Parameters
    ----------
    collected : CollectedResults
        One scenario.
    config : FiguresConfig
        Size, names and colours.
    period : Period
        Which hours.
    location : str, default "all"
        Which location; ``"all"`` adds them up.

    Returns
    -------
    matplotlib.figure.Figure
        As many panels as the location has carriers, and one for the ring.

    Raises
    ------
    ValueError
        If the results have no hour of the period.
    """
    results = _within(collected.results, period)
    look = Appearance(collected.results, collected.inputs, config)
    # every period has the panels of the whole time, so that figures can be laid side by side
    panels = [
        (carrier, carrier_flows(results, carrier, location))
        for carrier in look.carriers()
        if carrier_flows(collected.results, carrier, location)
    ]
    with_ring = collected.ring is not None and "temperature_degc" in collected.ring
    rows = len(panels) + with_ring
    height = 13 + 31.0 * rows
    figure, axes = plt.subplots(
        rows, 1, sharex=True, squeeze=False, figsize=size_inch(config, height)
    )
    hours = results["timestep_resolution"].values
    edges = _edges(results["timestep"].values, hours)
    for axis, (carrier, flows) in zip(axes[:, 0], panels, strict=False):
        if flows:
            _draw_flows(axis, edges, flows, hours, look)
        else:
            axis.set_ylim(-1.0, 1.0)
            axis.text(
                0.5,
                0.62,
                "No flow in this period",
                ha="center",
                transform=axis.transAxes,
                color=GREY,
            )
            axis.axhline(0.0, color="black", linewidth=0.5)
            axis.set_yticks([0.0])
        axis.set_title(look.name(carrier))
        axis.set_ylabel("Power [kW]")
    if with_ring:
        assert collected.ring is not None
        _draw_ring_temperature(axes[-1, 0], collected.ring, edges)
        _legend_beside(axes[-1, 0])
    for axis in axes[:, 0]:
        sns.despine(ax=axis)
    last = axes[-1, 0]
    last.set_xlim(edges[0], edges[-1])
    _label_time(last, edges)
    where = "whole district" if location == EVERYWHERE else look.name(location)
    title = _title(collected, f"dispatch, {where}, {_date_range(edges)}")
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    figure.align_ylabels(axes[:, 0])
    return figure


def _draw_flows(
    axis: Axes, edges: Times, flows: Sequence[Flow], hours: Array, look: Appearance
) -> None:
    top = np.zeros(len(hours))
    bottom = np.zeros(len(hours))
    ups: list[Any] = []
    downs: list[Any] = []
    lines: list[Any] = []
    demand = np.zeros(len(hours))
    has_demand = False
    for flow in flows:
        power = flow.values / hours
        if flow.role == "demand":
            demand = demand - power
            has_demand = True
            continue
        name, color, hatch = flow_style(flow, look)
        base = top if flow.role == "in" else bottom
        band = axis.fill_between(
            edges,
            _stepped(base),
            _stepped(base + power),
            step="post",
            facecolor=color,
            edgecolor="#444444" if hatch else color,
            hatch=hatch or None,
            linewidth=0.0 if hatch else 0.15,
            label=name,
        )
        if flow.role == "in":
            top = top + power
            ups.append(band)
        else:
            bottom = bottom + power
            downs.append(band)
    if has_demand:
        lines = axis.step(
            edges, _stepped(demand), where="post", color="black", linewidth=0.9, label="Demand"
        )
    _legend_beside(axis, [*lines, *ups[::-1], *downs])
    axis.axhline(0.0, color="black", linewidth=0.5)
    axis.margins(y=0.06)
    axis.yaxis.set_major_locator(_few_ticks())


def _draw_ring_temperature(axis: Axes, ring: xr.Dataset, edges: Times) -> None:
    times = ring["state"].values
    shown = (times >= edges[0]) & (times <= edges[-1])
    axis.plot(times[shown], ring["temperature_degc"].values[shown], color=VERMILION, label="Ring")
    low, high = ring.attrs.get("bounds_degc", (None, None))
    if low is not None and high is not None:
        for bound, label in ((low, "Bounds"), (high, None)):
            axis.axhline(
                float(bound), color=GREY, linewidth=0.7, linestyle=LINE_STYLES[1], label=label
            )
        axis.margins(y=0.1)
    axis.set_title("Ring temperature")
    axis.set_ylabel("Temperature [°C]")
    axis.yaxis.set_major_locator(_few_ticks())


# --- months -------------------------------------------------------------------------------------


def plot_monthly_balance(collected: CollectedResults, config: FiguresConfig) -> Figure:
    """Draw what each technology gave to and took from every carrier, month by month [MWh]."""
    results = collected.results
    look = Appearance(results, collected.inputs, config)
    panels = [
        (carrier, flows)
        for carrier in look.carriers()
        if (flows := carrier_flows(results, carrier, EVERYWHERE))
    ]
    weight = results["timestep_weight"].values
    months = pd.DatetimeIndex(results["timestep"].values).to_period("M")
    labels = months.unique()
    figure, axes = plt.subplots(
        len(panels),
        1,
        sharex=True,
        squeeze=False,
        figsize=size_inch(config, 14 + 36.0 * len(panels)),
    )
    x = np.arange(len(labels))
    for axis, (carrier, flows) in zip(axes[:, 0], panels, strict=True):
        top, bottom = np.zeros(len(labels)), np.zeros(len(labels))
        demand = np.zeros(len(labels))
        ups: list[Any] = []
        downs: list[Any] = []
        lines: list[Any] = []
        for flow in flows:
            sums = pd.Series(flow.values * weight / 1000.0).groupby(months).sum()
            monthly = sums.reindex(labels).to_numpy(dtype=float)
            if flow.role == "demand":
                demand = demand - monthly
                continue
            name, color, hatch = flow_style(flow, look)
            base = top if flow.role == "in" else bottom
            bars = axis.bar(
                x,
                monthly,
                bottom=base,
                width=0.72,
                facecolor=color,
                edgecolor="#444444" if hatch else "none",
                hatch=hatch or None,
                linewidth=0.0,
                label=name,
            )
            if flow.role == "in":
                top = top + monthly
                ups.append(bars)
            else:
                bottom = bottom + monthly
                downs.append(bars)
        if demand.any():
            lines = axis.plot(
                x,
                demand,
                linestyle="none",
                marker="_",
                markersize=11 if len(labels) <= 12 else 6,
                markeredgewidth=1.6,
                color="black",
                label="Demand",
            )
        axis.axhline(0.0, color="black", linewidth=0.5)
        axis.set_title(look.name(carrier))
        axis.set_ylabel("Energy [MWh]")
        axis.grid(visible=False, axis="x")
        axis.yaxis.set_major_locator(_few_ticks())
        _legend_beside(axis, [*lines, *ups[::-1], *downs])
        sns.despine(ax=axis)
    years = len({period.year for period in labels}) > 1
    texts = [f"{_MONTHS[p.month - 1]}" + (f"\n{p.year}" if years else "") for p in labels]
    every = max(1, math.ceil(len(texts) / 16))
    axes[-1, 0].set_xticks(x[::every], texts[::every])
    axes[-1, 0].set_xlabel("Month" if years else f"Month of {labels[0].year}")
    figure.align_ylabels(axes[:, 0])
    figure.suptitle(_title(collected, "monthly balance"), x=0.01, ha="left", fontsize=9)
    return figure


# --- ring ---------------------------------------------------------------------------------------


def plot_ring_iterations(collected: CollectedResults, config: FiguresConfig) -> Figure:
    """Draw the ring temperature of every iteration, and how far each is from the result's."""
    assert collected.ring is not None
    chosen = result_position(collected.record)
    temperature = collected.ring["temperature_by_iteration_degc"]
    times = collected.ring["state"].values
    values = temperature.transpose("iteration", "state").values
    count = len(values)
    colors = sns.color_palette("viridis_r", count) if count > 1 else [sns.color_palette()[0]]
    daily = (times[-1] - times[0]) > np.timedelta64(20, "D")
    shown = [_daily(times, row) if daily else (times, row) for row in values]
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=size_inch(config, 105), squeeze=False)
    top, low = axes[:, 0]
    wanted = _few(count, 8)
    for number, (moments, row) in enumerate(shown):
        is_result = number == chosen % count
        label = f"{number}" + (" (result)" if is_result else "")
        top.plot(
            moments,
            row,
            color=colors[number],
            linewidth=1.4 if is_result else 0.7,
            label=label if number in wanted or is_result else None,
        )
        if not is_result:
            gap = np.abs(values[number] - values[chosen])
            when, largest = _daily(times, gap, "max") if daily else (times, gap)
            low.plot(when, largest, color=colors[number], linewidth=0.7)
    top.set_title("Ring temperature" + (" (daily mean)" if daily else ""))
    top.set_ylabel("Temperature [°C]")
    low.set_title("Difference to the result" + (" (largest of the day)" if daily else ""))
    low.set_ylabel("|ΔT| [K]")
    if count == 1:
        low.text(
            0.5,
            0.5,
            "there is one iteration only",
            ha="center",
            transform=low.transAxes,
            color=GREY,
        )
    for axis in (top, low):
        sns.despine(ax=axis)
        axis.set_xlim(times[0], times[-1])
    _legend_beside(top, title="Iteration")
    _label_time(low, times)
    figure.align_ylabels([top, low])
    figure.suptitle(_title(collected, "ring by iteration"), x=0.01, ha="left", fontsize=9)
    return figure


def plot_ring_carpet(collected: CollectedResults, config: FiguresConfig) -> Figure:
    """Draw the ring temperature of every hour: days from left to right, hours upwards."""
    grid, days = carpet(collected)
    figure, axis = plt.subplots(figsize=size_inch(config, 62))
    _draw_carpet(axis, grid, days, "Ring temperature [°C]", temperature_colors())
    figure.suptitle(_title(collected, "ring temperature"), x=0.01, ha="left", fontsize=9)
    return figure


def plot_source_heat_price(collected: CollectedResults, config: FiguresConfig) -> Figure:
    """Draw what source heat from the ring is worth in every hour, and in falling order.

    Above zero someone pays for heat that is put into the ring, below zero for heat taken out.
    """
    price = collected.results["source_heat_price"]
    grid, days = _grid(price["timestep"].values, price.values, _step_hours(collected)[0])
    unit = f"{config.currency}/kWh"
    figure, (top, low) = plt.subplots(
        2, 1, figsize=size_inch(config, 108), height_ratios=[1.2, 1.0], squeeze=True
    )
    reach = float(np.nanquantile(np.abs(grid), 0.99)) or 1.0
    _draw_carpet(top, grid, days, f"Price [{unit}]", temperature_colors(), (-reach, reach))
    top.set_title("Price of source heat")
    hours = _step_hours(collected) * collected.results["timestep_weight"].values
    order = np.argsort(-price.values, kind="stable")
    low.plot(np.cumsum(hours[order]), price.values[order], color=VERMILION, linewidth=1.3)
    low.axhline(0.0, color="black", linewidth=0.5)
    low.set_xlim(left=0)
    low.set_xlabel("Hours with at least this price [h]")
    low.set_ylabel(f"Price [{unit}]")
    low.yaxis.set_major_locator(_few_ticks())
    sns.despine(ax=low)
    figure.suptitle(_title(collected, "price of source heat"), x=0.01, ha="left", fontsize=9)
    return figure


def _draw_carpet(
    axis: Axes,
    grid: Array,
    days: list[pd.Timestamp],
    label: str,
    colors: LinearSegmentedColormap,
    limits: tuple[float, float] | None = None,
) -> None:
    low, high = limits if limits is not None else (None, None)
    image = axis.imshow(
        grid,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        cmap=colors,
        vmin=low,
        vmax=high,
        extent=(-0.5, len(days) - 0.5, 0.0, 24.0),
    )
    axis.grid(visible=False)
    axis.set_ylabel("Hour of day [h]")
    axis.set_yticks(range(0, 25, 6))
    starts = [i for i, day in enumerate(days) if day.day == 1]
    if len(starts) >= 2:
        middles = [*starts, len(days)]
        axis.set_xticks([i - 0.5 for i in starts], minor=False)
        axis.set_xticklabels([])
        centres = [(a + b) / 2 - 0.5 for a, b in pairwise(middles)]
        axis.set_xticks(centres, minor=True)
        axis.tick_params(axis="x", which="minor", length=0)
        names = [_MONTHS[days[i].month - 1] for i in starts]
        axis.set_xticklabels(names, minor=True, fontsize=7)
    else:
        every = max(1, math.ceil(len(days) / 10))
        axis.set_xticks(
            range(0, len(days), every), [f"{d.day} {_MONTHS[d.month - 1]}" for d in days[::every]]
        )
    axis.set_xlabel(f"Day of {days[0].year}")
    bar = axis.figure.colorbar(image, ax=axis, pad=0.015, fraction=0.04)
    bar.set_label(label)
    bar.outline.set_linewidth(0.4)


def carpet(collected: CollectedResults) -> tuple[Array, list[pd.Timestamp]]:
    """Lay the ring temperature out with a column per day.

    Parameters
    ----------
    collected : CollectedResults
        One scenario with a ring and steps of equal length.

    Returns
    -------
    grid : ndarray, shape (steps of a day, days)
        Temperature at the start of each step [°C]; NaN where there is none.
    days : list of pandas.Timestamp
        Midnight of each column.
    """
    assert collected.ring is not None
    times = collected.ring["timestep"].values
    values = collected.ring["temperature_degc"].values[: len(times)]
    return _grid(times, values, _step_hours(collected)[0])


def _grid(times: Times, values: Array, step_h: float) -> tuple[Array, list[pd.Timestamp]]:
    moments = pd.DatetimeIndex(times)
    per_day = max(1, round(24 / step_h))
    first = moments[0].normalize()
    column = (moments.normalize() - first).days.to_numpy()
    row = ((moments - moments.normalize()) / pd.Timedelta(hours=step_h)).to_numpy().astype(int)
    grid = np.full((per_day, int(column[-1]) + 1), np.nan)
    grid[np.minimum(row, per_day - 1), column] = values
    return grid, [first + pd.Timedelta(days=int(d)) for d in range(grid.shape[1])]


def temperature_colors() -> LinearSegmentedColormap:
    """Return colours from blue to orange, which any colour vision tells apart."""
    return LinearSegmentedColormap.from_list("anello_temperature", temperature_stops())


def plot_cop_duration(collected: CollectedResults, config: FiguresConfig) -> Figure:
    """Draw each heat pump's COP in falling order over the hours in which it runs."""
    assert collected.ring is not None
    ring = collected.ring
    look = Appearance(collected.results, collected.inputs, config)
    hours = _step_hours(collected)
    nodes = [str(n) for n in ring["node"].values]
    locs = list(dict.fromkeys(n.split("::", 1)[0] for n in nodes))
    kinds = list(dict.fromkeys(_service(n, look) for n in nodes))
    figure, axis = plt.subplots(figsize=size_inch(config, 75))
    for node in nodes:
        loc, tech = node.split("::", 1)
        frame = cop_duration(ring, node, hours)
        if frame.empty:
            continue
        label = f"{look.name(tech)}, {look.name(loc)}" if len(locs) > 1 else look.name(tech)
        axis.plot(
            frame["hours"],
            frame["cop"],
            color=look.carrier_color(_service(node, look)),
            linestyle=LINE_STYLES[locs.index(loc) % len(LINE_STYLES)],
            linewidth=1.3,
            label=label,
        )
    assert kinds
    axis.set_xlabel("Hours in operation with at least this COP [h]")
    axis.set_ylabel("COP [–]")
    axis.set_xlim(left=0)
    axis.margins(y=0.08)
    _legend_beside(axis)
    sns.despine(ax=axis)
    figure.suptitle(_title(collected, "COP duration curves"), x=0.01, ha="left", fontsize=9)
    return figure


def cop_duration(ring: xr.Dataset, node: str, hours: Array) -> pd.DataFrame:
    """Return a heat pump's COP in falling order against the hours that reach it.

    Parameters
    ----------
    ring : xarray.Dataset
        With ``cop(node, timestep)`` and, if there is one, ``q_kw(node, timestep)``.
    node : str
        The heat pump.
    hours : ndarray, shape (T,)
        Length of the steps [h].

    Returns
    -------
    pandas.DataFrame
        Columns ``hours`` [h] and ``cop`` [-]; empty if it never runs.
    """
    cop = ring["cop"].sel(node=node).values
    runs = np.isfinite(cop)
    if "q_kw" in ring:
        output = ring["q_kw"].sel(node=node).values
        runs &= output > 1e-3 * max(float(np.nanmax(output, initial=0.0)), 1e-9)
    order = np.argsort(-cop[runs], kind="stable")
    return pd.DataFrame({"hours": np.cumsum(hours[runs][order]), "cop": cop[runs][order]})


def _service(node: str, look: Appearance) -> str:
    """Return the carrier that a heat pump makes."""
    tech = node.split("::", 1)[1]
    return look.main_carrier(tech)


# --- convergence --------------------------------------------------------------------------------


def plot_convergence(
    record: Mapping[str, Any],
    path: FilePath | None = None,
    config: FiguresConfig | None = None,
) -> Path | Figure:
    """Draw a convergence record, of a run that has converged or of one that has not.

    Parameters
    ----------
    record : mapping
        As in ``convergence.json``.
    path : path-like, optional
        File to write, whose ending says the format; without it the figure is returned.
    config : FiguresConfig, optional
        Size and currency.

    Returns
    -------
    pathlib.Path or matplotlib.figure.Figure
        The file written, or the figure.
    """
    config = config or FiguresConfig()
    with figure_style():
        figure = convergence_figure(record, config)
        if path is None:
            return figure
        target = Path(path)
        kind = target.suffix.lstrip(".") or "svg"
        return save_figure(figure, target.with_suffix(""), [kind], config.dpi)[0]


def convergence_figure(record: Mapping[str, Any], config: FiguresConfig) -> Figure:
    """Make the figure of :func:`plot_convergence` within the style that is in force."""
    trace = convergence_dataset(record)
    iterations = trace["iteration"].values
    limit = record.get("tolerance", record.get("tolerance_k"))
    relative = record.get("criterion") == "mean_relative_change"
    panels: list[tuple[str, str, list[tuple[str, str]], bool]] = []
    for title, unit, measures, log in (
        (
            "Change of ring temperature",
            "|ΔT| [K]",
            [("max_delta_t_k", "Largest"), ("rms_delta_t_k", "Root mean square")],
            True,
        ),
        ("Relative change of temperature", "|ΔT/T| [–]", [("mean_relative_change", "Mean")], True),
        ("COP simulated against COP used", "|ΔCOP| [–]", [("max_delta_cop", "Largest")], True),
        (
            "Cost",
            f"Cost [1000 {config.currency}]",
            [("j_lp_eur", "As optimised"), ("j_sim_eur", "As simulated")],
            False,
        ),
        ("Trust region", "Radius [K]", [("trust_region_k", "Radius")], False),
    ):
        if title.startswith("Relative") and not relative:
            continue
        present = [(name, text) for name, text in measures if _has_numbers(trace, name)]
        if present:
            panels.append((title, unit, present, log))
    converged = bool(record.get("converged"))
    columns = max(1, len(panels) if len(panels) <= 3 else 2)
    rows = max(1, math.ceil(len(panels) / columns))
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=size_inch(config, 14 + 48.0 * rows)
    )
    flat = list(axes.ravel())
    for axis, (title, unit, measures, log) in zip(flat, panels, strict=False):
        spread = np.concatenate([trace[name].values for name, _ in measures])
        spread = spread[np.isfinite(spread) & (spread > 0)]
        wide = len(spread) > 0 and float(spread.max() / spread.min()) > 10
        colors = (BLUE, VERMILION)
        for (name, text), color, marker in zip(measures, colors, ("o", "s"), strict=False):
            values = trace[name].values / (1000.0 if name.endswith("_eur") else 1.0)
            known = np.isfinite(values) & ((values > 0) | (not log) | (not wide))
            sns.lineplot(
                x=iterations[known],
                y=values[known],
                ax=axis,
                color=color,
                marker=marker,
                markersize=4,
                markeredgewidth=0,
                label=text,
                legend=False,
            )
        if log and wide:
            axis.set_yscale("log")
        of_limit = title.startswith("Relative") if relative else title.startswith("Change")
        if limit is not None and of_limit:
            axis.axhline(
                float(limit), color="black", linewidth=0.8, linestyle=LINE_STYLES[1], label="Limit"
            )
        axis.set_title(title)
        axis.set_ylabel(unit)
        axis.set_xlabel("Iteration")
        every = max(1, math.ceil(len(iterations) / 9))
        axis.set_xticks(iterations[::every])
        if len(iterations):
            axis.set_xlim(iterations[0] - 0.3, iterations[-1] + 0.3)
        axis.margins(y=0.12)
        if axis.get_yscale() == "log":
            _decades(axis)
        elif log:
            axis.set_ylim(0, 1.15 * axis.dataLim.y1 or 1.0)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(loc="best", fontsize=6.5)
        sns.despine(ax=axis)
    for axis in flat[len(panels) :]:
        axis.set_axis_off()
    if not panels:
        flat[0].text(0.5, 0.5, "The record has no iteration", ha="center", color=GREY)
    count = len(iterations)
    word = "iteration" if count == 1 else "iterations"
    text = f"Converged after {count} {word}" if converged else f"Not converged after {count} {word}"
    figure.suptitle(
        text,
        x=0.01,
        ha="left",
        fontsize=9,
        color="black" if converged else VERMILION,
        fontweight="normal" if converged else "bold",
    )
    return figure


# --- helpers ------------------------------------------------------------------------------------


def _few_ticks() -> MaxNLocator:
    return MaxNLocator(nbins=4, min_n_ticks=3)


def _within(results: xr.Dataset, period: Period) -> xr.Dataset:
    start = np.datetime64(period.start.replace(tzinfo=None), "ns")
    end = start + np.timedelta64(round(period.days * 86400), "s")
    times = results["timestep"].values
    chosen = np.flatnonzero((times >= start) & (times < end))
    if not len(chosen):
        first, last = (str(t)[:16] for t in (times[0], times[-1]))
        raise ValueError(
            f"figures.periods: no hour of `{period.name}` ({period.start:%Y-%m-%d %H:%M}, "
            f"{period.days:g} d) is in the results, which go from {first} to {last}"
        )
    return results.isel(timestep=chosen)


def _edges(times: Times, hours: Array) -> Times:
    end = times[-1] + np.timedelta64(round(float(hours[-1]) * 3600), "s")
    return np.append(times, end)


def _stepped(values: Array) -> Array:
    """Repeat the last value, so that the last step is drawn at its full length."""
    return np.append(values, values[-1:])


def _step_hours(collected: CollectedResults) -> Array:
    hours: Array = np.asarray(collected.results["timestep_resolution"].values, dtype=np.float64)
    return hours


def _daily(times: Times, values: Array, how: str = "mean") -> tuple[Times, Array]:
    series = pd.Series(values, index=pd.DatetimeIndex(times)).resample("D")
    found = series.mean() if how == "mean" else series.max()
    days: Times = found.index.to_numpy(dtype="datetime64[ns]")
    return days, np.asarray(found, dtype=np.float64)


def _few(count: int, most: int) -> set[int]:
    """Return at most `most` numbers below `count`, evenly spread, the first and last among them."""
    if count <= most:
        return set(range(count))
    return {round(i * (count - 1) / (most - 1)) for i in range(most)}


def _has_numbers(trace: xr.Dataset, name: str) -> bool:
    return name in trace and bool(np.isfinite(trace[name].values).any())


def _decades(axis: Axes) -> None:
    """Label powers of ten only."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

    axis.yaxis.set_major_locator(LogLocator(numticks=6))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_formatter(LogFormatterSciNotation())


def _label_time(axis: Axes, times: Times) -> None:
    """Put dates under an axis, so sparsely that they cannot touch."""
    days = (times[-1] - times[0]) / np.timedelta64(1, "D")
    if days > 60:
        axis.xaxis.set_major_locator(dates.MonthLocator())
        axis.xaxis.set_major_formatter(dates.DateFormatter("%b"))
        axis.set_xlabel(f"Month of {str(times[0])[:4]}")
        return
    if days > 2.5:
        every = max(1, math.ceil(days / 10))
        axis.xaxis.set_major_locator(dates.DayLocator(interval=every))
        axis.xaxis.set_minor_locator(dates.HourLocator(byhour=[0, 12] if days < 15 else [0]))
        axis.xaxis.set_major_formatter(dates.DateFormatter("%a %-d %b" if days < 12 else "%-d %b"))
    else:
        axis.xaxis.set_major_locator(dates.HourLocator(interval=max(1, round(days * 24 / 8))))
        axis.xaxis.set_major_formatter(dates.DateFormatter("%-d %b\n%H:%M"))
    axis.set_xlabel(f"Day of {str(times[0])[:4]}")


def _legend_beside(
    axis: Axes, handles: Sequence[Any] | None = None, title: str | None = None
) -> None:
    """Put the legend to the right of an axis; what appears twice is named once."""
    found = axis.get_legend_handles_labels()[0] if handles is None else handles
    once: dict[str, Any] = {}
    for handle in found:
        once.setdefault(str(handle.get_label()), handle)
    if once:
        axis.legend(
            handles=list(once.values()),
            title=title,
            loc="center left",
            bbox_to_anchor=(1.01, 0.5),
            borderaxespad=0.0,
            handlelength=1.4,
            handleheight=0.9,
            labelspacing=0.35,
        )


def _title(collected: CollectedResults, what: str) -> str:
    scenario = str(collected.attrs.get("scenario", ""))
    return f"{scenario}: {what}" if scenario else what[:1].upper() + what[1:]


def _date_range(edges: Times) -> str:
    """Return first and last day in words, such as "13 Jul to 19 Jul 2015"."""
    first, last = pd.Timestamp(edges[0]), pd.Timestamp(edges[-1]) - pd.Timedelta(seconds=1)
    until = f"{last.day} {_MONTHS[last.month - 1]} {last.year}"
    if first.date() == last.date():
        return until
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day} {_MONTHS[first.month - 1]}{year} to {until}"


def _file_part(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in text)


__all__ = [
    "carrier_flows",
    "carrier_kind",
    "cop_duration",
    "default_periods",
    "draw_figures",
    "plot_convergence",
    "plot_cop_duration",
    "plot_dispatch",
    "plot_monthly_balance",
    "plot_ring_carpet",
    "plot_ring_iterations",
    "plot_source_heat_price",
]
