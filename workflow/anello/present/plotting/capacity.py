"""Plots of what is built, and of what was allowed: bars by location and technology."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from anello.errors import ConfigError, InputError, Problem
from anello.present.plotting.chart import Chart, Trace, View, assemble, axis, base_layout
from anello.present.plotting.selection import (
    Source,
    Subset,
    by_class,
    check_subset,
    chosen,
    finite,
    in_order,
    reduced,
    without_spare_dimensions,
)

_BUILT = ("energy_cap", "storage_cap", "resource_cap", "resource_area", "units", "purchased")
_SYSTEMWIDE = ("systemwide_capacity_factor", "systemwide_levelised_cost")
_COSTS = ("cost", "cost_investment")
_BASES = ("supply", "supply_plus", "conversion", "conversion_plus", "storage")
_SHORT = 260
"""Height of a plot with one bar [pixels]; each further bar adds to it."""


def capacity_chart(
    source: Source,
    *,
    orient: str = "h",
    array: str | Sequence[str] = "all",
    subset: Subset | None = None,
    sum_dims: str | Sequence[str] | None = None,
    squeeze: bool = True,
) -> Chart:
    """Return the plot that :meth:`anello.present.plotting.ModelPlots.capacity` describes."""
    if orient not in ("h", "v", "horizontal", "vertical"):
        raise ConfigError(
            Problem(
                "is no direction of bars",
                key="orient",
                value=orient,
                suggestion="Choose `h` (horizontal) or `v` (vertical)",
            )
        )
    upright = orient in ("v", "vertical")
    subset = subset or {}
    check_subset(source, subset)
    results = [v for v in (*_BUILT, *_COSTS, *_SYSTEMWIDE) if v in source.results]
    inputs = [
        f"{name}_{end}" for name in _BUILT for end in ("max", "min", "equals")
        if f"{name}_{end}" in source.inputs
    ]  # fmt: skip
    asked = isinstance(array, str) and array in ("all", "results", "inputs")
    views: list[View] = []
    for var in chosen(array, results, inputs, source.model.is_solved):
        try:
            views += _views(source, var, upright, subset, sum_dims, squeeze)
        except InputError:
            if not asked:
                raise
            # One variable of many that has a dimension too many does not spoil the others.
    views = [view for view in views if view.traces]
    if not views:
        raise InputError(
            Problem(
                "leave nothing to plot: all values are zero, infinite or missing",
                key="array and subset",
                value=array if not subset else (array, dict(subset)),
            )
        )
    bars = max(len(set(t["x" if upright else "y"])) for v in views for t in v.traces)
    height = 560 if upright else _SHORT + 34 * bars
    shared = base_layout(hovermode="closest", barmode="relative", height=max(height, 420))
    return assemble(views, shared)


def _views(
    source: Source,
    var: str,
    upright: bool,
    subset: Subset,
    sum_dims: str | Sequence[str] | None,
    squeeze: bool,
) -> Iterator[View]:
    place_dim = "carriers" if var in _SYSTEMWIDE else "locs"
    unit = source.unit(var)
    said = source.title(var)
    raw = source.values(var)
    which = source.which(subset) if "spores" in raw.dims else ""
    beside = bool(which) and "spores" not in subset and var not in _SYSTEMWIDE
    if beside:
        # what distinguishes alternatives is seen when they stand side by side
        raw = raw.sum("locs", min_count=1).rename(spores="locs")
        which = ", by alternative"
    for label, values in by_class(reduced(raw, subset, sum_dims)):
        if squeeze:
            values = without_spare_dimensions(values, (place_dim, "techs"), var)
        if "techs" not in values.dims:
            raise InputError(Problem("has no technologies to show", key="array", value=var))
        whole = place_dim not in values.dims
        places = ["All"] if whole else [str(v) for v in values[place_dim].values]
        if not upright:
            places = places[::-1]  # the first at the top
        traces: list[Trace] = []
        techs = [str(t) for t in values["techs"].values if source.base(str(t)) in _BASES]
        for tech in in_order(techs, subset, lambda t: (_BASES.index(source.base(t)), t)):
            picked = values.sel(techs=tech)
            # not NaN, on which plotly would begin the stack anew
            amounts = np.nan_to_num(np.atleast_1d(finite(picked.values.astype(float))))
            if not amounts.any():
                continue
            if not upright:
                amounts = amounts[::-1]
            number = f"%{{{'y' if upright else 'x'}:,.5~g}} {unit}".rstrip()
            traces.append(
                {
                    "type": "bar",
                    "name": source.name(tech),
                    "orientation": "v" if upright else "h",
                    "x": places if upright else amounts,
                    "y": amounts if upright else places,
                    "marker": {"color": source.color(tech)},
                    "legendgroup": tech,
                    "hovertemplate": f"%{{fullData.name}}<br>%{{{'x' if upright else 'y'}}}: "
                    f"{number}<extra></extra>",
                }
            )
        text = said.split(" (")[0]
        scale = axis(f"{text} [{unit}]" if unit else text)
        names = axis("Alternative" if beside else "", type="category", gridcolor="#FFFFFF")
        layout = {
            "xaxis": names if upright else scale,
            "yaxis": scale if upright else names,
            # capacities at one place make a sum, factors and prices do not
            "barmode": "group" if var in _SYSTEMWIDE else "relative",
        }
        yield View(f"{said}{label}{which}", traces, layout)
