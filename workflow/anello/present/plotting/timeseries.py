"""Plots over time: who makes and uses a carrier, what is stored, what the inputs were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem
from anello.present.plotting.chart import Chart, Trace, View, assemble, axis, base_layout, merged
from anello.present.plotting.selection import (
    Source,
    Subset,
    by_class,
    check_subset,
    chosen,
    finite,
    in_order,
    reduced,
    wheel_color,
    without_spare_dimensions,
)
from anello.present.report.appearance import GREY, lightened

Array = npt.NDArray[np.float64]

_DAILY = "storage_inter_cluster"
_RESULTS = (
    "storage",
    _DAILY,
    "resource_con",
    "resource2_con",
    "cost_var",
    "shadow_price",
    "capacity_factor",
    "operating_units",
)
# Amounts per time step, which may be added up over places; divided by the hours they are a power.
_FLOWS = ("resource_con", "resource2_con", "cost_var")
_RESOURCE_UNITS = {"energy": "kWh", "energy_per_area": "kWh/m²", "energy_per_cap": "kWh/kW"}
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_BASES = ("supply", "supply_plus", "conversion", "conversion_plus", "storage", "transmission")
_MOST_TICKS = 12


@dataclass(frozen=True)
class TimeAxis:
    """Where on the axis each time step lies.

    Steps that follow each other without a gap lie on an axis of dates. Where steps are left out,
    as with typical days, the rest stands side by side on an axis of hours.

    Attributes
    ----------
    starts : pandas.DatetimeIndex
        Start of each step.
    hours : ndarray
        Length of each step [h].
    weights : ndarray
        How many such steps each stands for.
    clusters : ndarray, optional
        What typical day each belongs to; days of one time beside each other need not follow.
    """

    starts: pd.DatetimeIndex
    hours: Array
    weights: Array
    clusters: Array | None = None

    @property
    def gaps(self) -> npt.NDArray[np.intp]:
        """Positions of the steps before which others are left out."""
        ends = self.starts[:-1] + pd.to_timedelta(self.hours[:-1], unit="h")
        apart = np.asarray(self.starts[1:] != ends)
        if self.clusters is not None:
            apart |= np.diff(self.clusters) != 0
        return np.flatnonzero(apart) + 1

    def broken(self, values: Array, at_end: bool) -> dict[str, Any]:
        """Return points and values of a line that ends where steps are left out.

        Parameters
        ----------
        values : ndarray, shape (T + 1,)
            By the edges of the steps.
        at_end : bool
            Whether a value is that at the end of the step before the edge, or holds after it.
        """
        points = self.points()
        gaps = self.gaps
        if not len(gaps):
            return {**points, "y": values}
        if at_end:
            return {
                "x": np.insert(points["x"], gaps + 1, points["x"][gaps]),
                "y": np.insert(values, gaps + 1, np.nan),
            }
        twice = np.repeat(gaps, 2)
        before = np.column_stack([values[gaps - 1], np.full(len(gaps), np.nan)]).ravel()
        return {
            "x": np.insert(points["x"], twice, points["x"][twice]),
            "y": np.insert(values, twice, before),
        }

    def points(self) -> dict[str, Any]:
        """Return the start of each step and the end of the last, in plotly's words."""
        if len(self.gaps):
            return {"x": np.concatenate([[0.0], np.cumsum(self.hours)])}
        if len(set(self.hours)) == 1:
            return {"x0": _iso(self.starts[0]), "dx": float(self.hours[0]) * 3_600_000}
        end = self.starts[-1] + pd.Timedelta(hours=float(self.hours[-1]))
        return {"x": [_iso(t) for t in [*self.starts, end]]}

    def span(self, count: int) -> list[Any]:
        """Return the two ends of the first `count` steps."""
        if len(self.gaps):
            return [0.0, float(self.hours[:count].sum())]
        end = self.starts[count - 1] + pd.Timedelta(hours=float(self.hours[count - 1]))
        return [_iso(self.starts[0]), _iso(end)]

    def layout(self, rangeslider: bool, zoom: int | None) -> dict[str, Any]:
        """Return the axis, and lines between steps that do not follow each other."""
        gaps = self.gaps
        out = axis("", type="linear" if len(gaps) else "date", showspikes=True)
        out |= {"spikethickness": 1, "spikecolor": "#8A979B", "spikedash": "dot"}
        out["range"] = self.span(min(zoom or len(self.starts), len(self.starts)))
        out |= {"tickvals": None, "ticktext": None}
        if rangeslider:
            out["rangeslider"] = {"visible": True, "thickness": 0.1, "bgcolor": "#F3F6F6"}
        shapes = []
        if len(gaps):
            firsts = np.concatenate([[0], gaps])
            edges = np.concatenate([[0.0], np.cumsum(self.hours)])
            every = -(-len(firsts) // _MOST_TICKS)
            shown = firsts[::every]
            out["tickvals"] = [float(edges[k]) for k in shown]
            out["ticktext"] = [
                f"{self.starts[k]:%d %b %Y}"
                + (f"<br>× {self.weights[k]:g}" if self.weights[k] != 1 else "")
                for k in shown
            ]
            out["title"]["text"] = "Time steps side by side, each group by its first day"
            line = {"color": "#8A979B", "width": 1, "dash": "dot"}
            shapes = [
                {"type": "line", "xref": "x", "yref": "paper", "x0": edges[k], "x1": edges[k]}
                | {"y0": 0, "y1": 1, "line": line, "layer": "below"}
                for k in gaps
            ]
        return {"xaxis": out, "shapes": shapes}


def _iso(time: pd.Timestamp) -> str:
    return str(time.isoformat())


def timeseries_chart(
    source: Source,
    *,
    array: str | Sequence[str] = "all",
    timesteps_zoom: int | None = None,
    rangeslider: bool = False,
    subset: Subset | None = None,
    sum_dims: str | Sequence[str] | None = "locs",
    squeeze: bool = True,
) -> Chart:
    """Return the plot that :meth:`anello.present.plotting.ModelPlots.timeseries` describes."""
    subset = subset or {}
    check_subset(source, subset)
    solved = source.model.is_solved
    inputs = sorted(
        str(name)
        for name, values in source.inputs.data_vars.items()
        if "timesteps" in values.dims and len(values.dims) > 1 and name != "carrier_ratios"
    )
    results = [*source.carriers, *(v for v in _RESULTS if v in source.results)] if solved else []
    asked = isinstance(array, str) and array in ("all", "results", "inputs")
    views: list[View] = []
    time = _time_axis(source, subset)
    names = chosen(array, results, inputs, solved)
    for name in names:
        try:
            views += (
                [_flows(source, name, time, subset, sum_dims)]
                if name in source.carriers
                else _variable(source, name, time, subset, sum_dims, squeeze)
            )
        except InputError:
            if not asked:
                raise
            # One variable of many that has a dimension too many does not spoil the others.
    shared = base_layout(hovermode="x unified", height=560)
    shared |= time.layout(rangeslider, timesteps_zoom)
    if _DAILY in names:
        # Views with another axis of time than their neighbours bring theirs along.
        days = _day_axis(source).layout(rangeslider, None)
        for view in views:
            own = (
                days
                if view.title.startswith(source.title(_DAILY))
                else time.layout(rangeslider, timesteps_zoom)
            )
            view.layout = merged(own, view.layout)
    views = [view for view in views if view.traces]
    if not views:
        raise InputError(
            Problem(
                "leave nothing to plot",
                key="array and subset",
                value=array if not subset else (array, dict(subset)),
                suggestion="Choose other labels or variables",
            )
        )
    return assemble(views, shared)


def _time_axis(source: Source, subset: Subset) -> TimeAxis:
    hours = reduced(source.inputs["timestep_resolution"], subset, None)
    if not hours.sizes["timesteps"]:
        raise InputError(
            Problem(
                "no time step lies between",
                key="subset.timesteps",
                value=list(subset["timesteps"]),
                suggestion=f"The model runs from {source.inputs['timesteps'].values[0]} to"
                f" {source.inputs['timesteps'].values[-1]}",
            )
        )
    weights = reduced(source.inputs["timestep_weights"], subset, None)
    starts = pd.DatetimeIndex(hours["timesteps"].values)
    clusters = None
    if "timestep_cluster" in source.inputs:
        found = reduced(source.inputs["timestep_cluster"], subset, None)
        clusters = found.values.astype(float)
    return TimeAxis(starts, hours.values.astype(float), weights.values.astype(float), clusters)


def _day_axis(source: Source) -> TimeAxis:
    """Return the axis of the days that typical days stand for."""
    days = pd.DatetimeIndex(source.results["datesteps"].values)
    return TimeAxis(days, np.full(len(days), 24.0), np.ones(len(days)))


# --- flows of a carrier --------------------------------------------------------------------------


def _flows(
    source: Source,
    carrier: str,
    time: TimeAxis,
    subset: Subset,
    sum_dims: str | Sequence[str] | None,
) -> View:
    """Stack production upwards and consumption downwards, with the demand as a line."""
    made = _carrier_values(source, "carrier_prod", carrier, subset, sum_dims)
    used = _carrier_values(source, "carrier_con", carrier, subset, sum_dims)
    sold = _carrier_values(source, "carrier_export", carrier, subset, sum_dims)
    techs = {tech for values in (made, used) for tech in values}

    def place(tech: str) -> tuple[int, str]:
        base = source.base(tech)
        return (_BASES.index(base) if base in _BASES else len(_BASES), tech)

    ordered = in_order(techs, subset, place)
    stacks: list[Trace] = []
    lines: list[Trace] = []
    links: dict[str, list[Array]] = {}
    for tech in ordered:
        name, color = source.name(tech), source.color(tech)
        if source.base(tech) == "transmission":
            net = links.setdefault(tech.split(":")[0], [])
            net += [values[tech] for values in (made, used) if tech in values]
            continue
        if source.base(tech) == "demand":
            demand = -used.get(tech, np.zeros(len(time.hours)))
            lines.append(_line(name, demand / time.hours, time, color, tech, width=2.5))
            continue
        for values in (made, used):
            if tech in values:
                stacks += _stacked(name, values[tech] / time.hours, time, color, tech)
        if tech in sold:
            label = f"{name}, export"
            stacks += _stacked(label, -sold[tech] / time.hours, time, lightened(color, 0.5), tech)
    # Over all places together a link's two ends cancel but for its losses; for some of the places
    # they are what comes in and goes out.
    if "locs" in subset:
        for tech, ends in links.items():
            net_kw = np.sum(ends, axis=0) / time.hours
            stacks += _stacked(source.name(tech), net_kw, time, source.color(tech), tech)
    for label, energy, color in _shortfalls(source, carrier, subset):
        stacks += _stacked(label, energy / time.hours, time, color, label)
    _one_legend_entry_each(stacks)
    title = f"Flows of {carrier}{source.which(subset)}"
    unit = "Production (+) and consumption (−) [kW]"
    return View(title, [*stacks, *lines], {"yaxis": axis(unit)})


def _carrier_values(
    source: Source,
    var: str,
    carrier: str,
    subset: Subset,
    sum_dims: str | Sequence[str] | None,
) -> dict[str, Array]:
    if var not in source.results:
        return {}
    values = source.values(var)
    if carrier not in values["carriers"].values:
        return {}
    values = reduced(values.sel(carriers=carrier, drop=True), subset, sum_dims)
    values = without_spare_dimensions(values, ("techs", "timesteps"), carrier)
    values = values.transpose("techs", "timesteps")
    return {
        str(tech): np.nan_to_num(row)
        for tech, row in zip(values["techs"].values, values.values, strict=True)
        if not np.isnan(row).all()
    }


def _shortfalls(source: Source, carrier: str, subset: Subset) -> Iterator[tuple[str, Array, str]]:
    var = "unmet_demand"
    if var not in source.results or "techs" in subset:
        return
    values = source.values(var)
    if carrier not in values["carriers"].values:
        return
    values = reduced(values.sel(carriers=carrier, drop=True), subset, "locs")
    both = np.nan_to_num(without_spare_dimensions(values, ("timesteps",), var).values)
    yield "Unmet demand", np.maximum(both, 0), "#D60000"
    yield "Unused supply", np.minimum(both, 0), GREY


def _stacked(
    name: str, values: Array, time: TimeAxis, color: str, group: str, unit: str = "kW"
) -> list[Trace]:
    """Return steps on the stack of what is made, and on that of what is used."""
    traces = []
    for sign, stack in ((1, "made"), (-1, "used")):
        part = np.where(values * sign > 0, values, 0.0)
        if not part.any():
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                **time.points(),
                "y": np.append(part, part[-1]),
                "line": {"shape": "hv", "width": 0.5, "color": color},
                "fillcolor": color,
                "stackgroup": stack,
                "legendgroup": group,
                "hovertemplate": f"%{{y:,.4~g}} {unit}",
            }
        )
    return traces


def _one_legend_entry_each(traces: list[Trace]) -> None:
    seen: set[str] = set()
    for trace in traces:
        trace["showlegend"] = trace["name"] not in seen
        seen.add(trace["name"])


def _line(
    name: str,
    values: Array,
    time: TimeAxis,
    color: str,
    group: str,
    unit: str = "kW",
    **line: Any,
) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        **time.broken(np.append(values, values[-1]), at_end=False),
        "line": {"shape": "hv", "width": 1.5, "color": color, **line},
        "legendgroup": group,
        "hovertemplate": f"%{{y:,.4~g}} {unit}".rstrip(),
    }


# --- any other variable --------------------------------------------------------------------------


def _variable(
    source: Source,
    var: str,
    time: TimeAxis,
    subset: Subset,
    sum_dims: str | Sequence[str] | None,
    squeeze: bool,
) -> Iterator[View]:
    """Stack flows; draw a line each for what cannot be added up."""
    stacked = var in _FLOWS
    adds_up = stacked or var in ("storage", _DAILY, "operating_units")
    if var == _DAILY:
        time = _day_axis(source)
    said = source.title(var)
    which = source.which(subset) if var in source.results else ""
    for label, unit, values in _parts(source, var, subset):
        picked = reduced(values, subset, sum_dims if adds_up else None)
        if squeeze:
            keep = ("locs", "techs", "carriers", "timesteps", "datesteps")
            picked = without_spare_dimensions(picked, keep, var)
        traces: list[Trace] = []
        for number, (name, tech, row) in enumerate(_rows(source, picked, subset)):
            color = source.color(tech) if tech else wheel_color(number)
            group = tech or name
            if stacked:
                # operation's cost comes for all the steps that a step stands for
                hours = time.hours * time.weights if var == "cost_var" else time.hours
                traces += _stacked(name, np.nan_to_num(row) / hours, time, color, group, unit)
            elif var == "storage":
                traces.append(_line(name, row, time, color, group, unit, shape="linear", width=2))
                # What is stored at the end of each step; how it began is not known.
                traces[-1] |= time.broken(np.concatenate([[np.nan], row]), at_end=True)
            else:
                dash = _DASHES[sum(t["legendgroup"] == group for t in traces) % len(_DASHES)]
                traces.append(_line(name, finite(row), time, color, group, unit, dash=dash))
        _one_legend_entry_each(traces)
        text = f"{said.split(' (')[0]}{' at the end of the step' if var == 'storage' else ''}"
        yield View(
            f"{said}{label}{which}", traces, {"yaxis": axis(f"{text} [{unit}]" if unit else text)}
        )


def _parts(source: Source, var: str, subset: Subset) -> Iterator[tuple[str, str, xr.DataArray]]:
    """Yield what has one unit: words for it, the unit, the values."""
    whole = reduced(source.values(var), subset, None)
    unit = source.unit(var)
    if var in _FLOWS:
        unit = "kW" if unit == "kWh" else "cost/h"
    if var != "resource":
        for label, values in by_class(whole):
            yield label, unit, values
        return
    kinds = source.values("resource_unit")
    kinds = kinds.sel({d: whole[d] for d in kinds.dims if d in whole.dims})
    parts = {unit: whole.where(kinds == kind) for kind, unit in _RESOURCE_UNITS.items()}
    known = {unit: values for unit, values in parts.items() if bool(values.notnull().any())}
    for unit, values in known.items():
        yield f", {unit}" if len(known) > 1 else "", unit, values


def _rows(source: Source, values: xr.DataArray, subset: Subset) -> Iterator[tuple[str, str, Array]]:
    """Yield name, technology and values of each line, in the order to show them."""
    time = "datesteps" if "datesteps" in values.dims else "timesteps"
    labels = [str(d) for d in values.dims if d != time]
    table = values.transpose(*labels, time).values.astype(float)
    rows: list[tuple[dict[str, str], Array]] = []
    for at in np.ndindex(*table.shape[:-1]):
        row = table[at]
        if np.isnan(row).all():
            continue
        rows.append(({d: str(values[d].values[k]) for d, k in zip(labels, at, strict=True)}, row))
    techs = in_order({r["techs"] for r, _ in rows if "techs" in r}, subset, lambda t: (0, t))
    several = {d for d in labels if len({r[d] for r, _ in rows}) > 1}
    for label, row in sorted(
        rows, key=lambda r: techs.index(r[0]["techs"]) if "techs" in r[0] else 0
    ):
        tech = label.get("techs", "")
        plain, _, remote = tech.partition(":")
        name = source.name(tech) + (f" to {remote}" if remote else "") if plain else ""
        places = [
            label[d] for d in ("locs", "carriers") if d in label and (d in several or not plain)
        ]
        yield " · ".join(filter(None, [name, *places])) or "Value", tech, row
