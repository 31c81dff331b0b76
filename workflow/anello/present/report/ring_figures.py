"""Figures of the ring: its temperature by iteration, as a carpet, the price of its heat, COP."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.summary import result_position
from anello.present.report.appearance import GREY, VERMILION, Appearance, temperature_stops
from anello.present.report.config import FiguresConfig
from anello.present.report.drawing import (
    LINE_STYLES,
    MONTHS,
    Array,
    Times,
    by_day,
    few_labels,
    few_ticks,
    figure_title,
    hours_of_steps,
    label_time,
    legend_beside,
)
from anello.present.report.figure_files import size_inch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    shown = [by_day(times, row) if daily else (times, row) for row in values]
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=size_inch(config, 105), squeeze=False)
    top, low = axes[:, 0]
    wanted = few_labels(count, 8)
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
            when, largest = by_day(times, gap, "max") if daily else (times, gap)
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
    legend_beside(top, title="Iteration")
    label_time(low, times)
    figure.align_ylabels([top, low])
    figure.suptitle(figure_title(collected, "ring by iteration"), x=0.01, ha="left", fontsize=9)
    return figure


def plot_ring_carpet(collected: CollectedResults, config: FiguresConfig) -> Figure:
    """Draw the ring temperature of every hour: days from left to right, hours upwards."""
    grid, days = carpet(collected)
    figure, axis = plt.subplots(figsize=size_inch(config, 62))
    _draw_carpet(axis, grid, days, "Ring temperature [°C]", temperature_colors())
    figure.suptitle(figure_title(collected, "ring temperature"), x=0.01, ha="left", fontsize=9)
    return figure


def plot_source_heat_price(collected: CollectedResults, config: FiguresConfig) -> Figure:
    """Draw what source heat from the ring is worth in every hour, and in falling order.

    Above zero someone pays for heat that is put into the ring, below zero for heat taken out.
    """
    price = collected.results["source_heat_price"]
    grid, days = _grid(price["timestep"].values, price.values, hours_of_steps(collected)[0])
    unit = f"{config.currency}/kWh"
    figure, (top, low) = plt.subplots(
        2, 1, figsize=size_inch(config, 108), height_ratios=[1.2, 1.0], squeeze=True
    )
    reach = float(np.nanquantile(np.abs(grid), 0.99)) or 1.0
    _draw_carpet(top, grid, days, f"Price [{unit}]", temperature_colors(), (-reach, reach))
    top.set_title("Price of source heat")
    hours = hours_of_steps(collected) * collected.results["timestep_weight"].values
    order = np.argsort(-price.values, kind="stable")
    low.plot(np.cumsum(hours[order]), price.values[order], color=VERMILION, linewidth=1.3)
    low.axhline(0.0, color="black", linewidth=0.5)
    low.set_xlim(left=0)
    low.set_xlabel("Hours with at least this price [h]")
    low.set_ylabel(f"Price [{unit}]")
    low.yaxis.set_major_locator(few_ticks())
    sns.despine(ax=low)
    figure.suptitle(figure_title(collected, "price of source heat"), x=0.01, ha="left", fontsize=9)
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
        names = [MONTHS[days[i].month - 1] for i in starts]
        axis.set_xticklabels(names, minor=True, fontsize=7)
    else:
        every = max(1, math.ceil(len(days) / 10))
        axis.set_xticks(
            range(0, len(days), every), [f"{d.day} {MONTHS[d.month - 1]}" for d in days[::every]]
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
    return _grid(times, values, hours_of_steps(collected)[0])


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
    hours = hours_of_steps(collected)
    nodes = [str(n) for n in ring["node"].values]
    locs = list(dict.fromkeys(n.split("::", 1)[0] for n in nodes))
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
            color=look.carrier_color(look.main_carrier(tech)),
            linestyle=LINE_STYLES[locs.index(loc) % len(LINE_STYLES)],
            linewidth=1.3,
            label=label,
        )
    axis.set_xlabel("Hours in operation with at least this COP [h]")
    axis.set_ylabel("COP [–]")
    axis.set_xlim(left=0)
    axis.margins(y=0.08)
    legend_beside(axis)
    sns.despine(ax=axis)
    figure.suptitle(figure_title(collected, "COP duration curves"), x=0.01, ha="left", fontsize=9)
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
