"""Figures of a dispatch: hour by hour, and month by month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.present.report.appearance import GREY, VERMILION, Appearance
from anello.present.report.config import FiguresConfig, Period
from anello.present.report.drawing import (
    EVERYWHERE,
    LINE_STYLES,
    MONTHS,
    NEGLIGIBLE,
    Array,
    Times,
    date_range,
    few_ticks,
    figure_title,
    in_period,
    label_time,
    legend_beside,
    step_edges,
    stepped,
)
from anello.present.report.figure_files import size_inch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    results = in_period(collected.results, period)
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
    edges = step_edges(results["timestep"].values, hours)
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
        legend_beside(axes[-1, 0])
    for axis in axes[:, 0]:
        sns.despine(ax=axis)
    last = axes[-1, 0]
    last.set_xlim(edges[0], edges[-1])
    label_time(last, edges)
    where = "whole district" if location == EVERYWHERE else look.name(location)
    title = figure_title(collected, f"dispatch, {where}, {date_range(edges)}")
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
            stepped(base),
            stepped(base + power),
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
            edges, stepped(demand), where="post", color="black", linewidth=0.9, label="Demand"
        )
    legend_beside(axis, [*lines, *ups[::-1], *downs])
    axis.axhline(0.0, color="black", linewidth=0.5)
    axis.margins(y=0.06)
    axis.yaxis.set_major_locator(few_ticks())


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
    axis.yaxis.set_major_locator(few_ticks())


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
        axis.yaxis.set_major_locator(few_ticks())
        legend_beside(axis, [*lines, *ups[::-1], *downs])
        sns.despine(ax=axis)
    years = len({period.year for period in labels}) > 1
    texts = [f"{MONTHS[p.month - 1]}" + (f"\n{p.year}" if years else "") for p in labels]
    every = max(1, math.ceil(len(texts) / 16))
    axes[-1, 0].set_xticks(x[::every], texts[::every])
    axes[-1, 0].set_xlabel("Month" if years else f"Month of {labels[0].year}")
    figure.align_ylabels(axes[:, 0])
    figure.suptitle(figure_title(collected, "monthly balance"), x=0.01, ha="left", fontsize=9)
    return figure
