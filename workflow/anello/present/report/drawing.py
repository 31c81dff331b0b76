"""What figures share: edges of steps, titles, legends, ticks, file names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.dates
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.ticker import MaxNLocator

from anello.optimise.results.collected import CollectedResults
from anello.present.report.config import Period

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
# its locators and formatters carry no types
dates: Any = matplotlib.dates

LINE_STYLES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEGLIGIBLE = 1e-6  # of a panel's largest flow: what is smaller is not drawn
EVERYWHERE = "all"


Times = npt.NDArray[np.datetime64]


def few_ticks() -> MaxNLocator:
    """Return a locator of a few ticks."""
    return MaxNLocator(nbins=4, min_n_ticks=3)


def in_period(results: xr.Dataset, period: Period) -> xr.Dataset:
    """Return the steps of a period.

    Raises
    ------
    ValueError
        If the results have none there.
    """
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


def step_edges(times: Times, hours: Array) -> Times:
    """Return starts and the last end of all steps."""
    end = times[-1] + np.timedelta64(round(float(hours[-1]) * 3600), "s")
    return np.append(times, end)


def stepped(values: Array) -> Array:
    """Repeat the last value, so that the last step is drawn at its full length."""
    return np.append(values, values[-1:])


def hours_of_steps(collected: CollectedResults) -> Array:
    """Length of the steps [h]."""
    hours: Array = np.asarray(collected.results["timestep_resolution"].values, dtype=np.float64)
    return hours


def by_day(times: Times, values: Array, how: str = "mean") -> tuple[Times, Array]:
    """Return days, and the mean or the largest value of each."""
    series = pd.Series(values, index=pd.DatetimeIndex(times)).resample("D")
    found = series.mean() if how == "mean" else series.max()
    days: Times = found.index.to_numpy(dtype="datetime64[ns]")
    return days, np.asarray(found, dtype=np.float64)


def few_labels(count: int, most: int) -> set[int]:
    """Return at most `most` numbers below `count`, evenly spread, the first and last among them."""
    if count <= most:
        return set(range(count))
    return {round(i * (count - 1) / (most - 1)) for i in range(most)}


def has_numbers(trace: xr.Dataset, name: str) -> bool:
    """Whether a variable is there and not all NaN."""
    return name in trace and bool(np.isfinite(trace[name].values).any())


def decades(axis: Axes) -> None:
    """Label powers of ten only."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

    axis.yaxis.set_major_locator(LogLocator(numticks=6))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_formatter(LogFormatterSciNotation())


def label_time(axis: Axes, times: Times) -> None:
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


def legend_beside(
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


def figure_title(collected: CollectedResults, what: str) -> str:
    """Return what a figure shows, after the scenario's name."""
    scenario = str(collected.attrs.get("scenario", ""))
    return f"{scenario}: {what}" if scenario else what[:1].upper() + what[1:]


def date_range(edges: Times) -> str:
    """Return first and last day in words, such as "13 Jul to 19 Jul 2015"."""
    first, last = pd.Timestamp(edges[0]), pd.Timestamp(edges[-1]) - pd.Timedelta(seconds=1)
    until = f"{last.day} {MONTHS[last.month - 1]} {last.year}"
    if first.date() == last.date():
        return until
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day} {MONTHS[first.month - 1]}{year} to {until}"


def file_part(text: str) -> str:
    """Return a text as a part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in text)
