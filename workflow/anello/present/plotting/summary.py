"""All plots of a model in one page that opens offline."""

from __future__ import annotations

import html
import re
from importlib import resources
from pathlib import Path

import pandas as pd

from anello import __version__
from anello.base.files import PathLike, write_text
from anello.errors import InputError
from anello.present.plotting.capacity import capacity_chart
from anello.present.plotting.network import flows_chart, transmission_chart
from anello.present.plotting.network_map import Map
from anello.present.plotting.output import POLICY, div_of, plotly_module
from anello.present.plotting.selection import Source
from anello.present.plotting.timeseries import timeseries_chart

_MOST_FRAMES = 168
"""Time steps of flows in a page: a week of hours. Each holds every arrow and bubble anew."""


class Page(str):
    """The text of a page, of which a prompt or a notebook shows one line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<page of {len(self):,} characters: plot.summary('plots.html') writes it>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>"


def summary_page(source: Source, to_file: PathLike | None = None) -> Page | None:
    """Return or write the page of :meth:`anello.present.plotting.ModelPlots.summary`."""
    solved = source.model.is_solved
    parts = [
        (
            "Over time",
            "Choose what to see in the menu; the slider chooses when. Click on a name to leave it"
            " out, twice to see it alone.",
            div_of(timeseries_chart(source, rangeslider=True), {"div_id": "timeseries"}),
        ),
        (
            "Capacities and costs" if solved else "Limits of capacity",
            "",
            div_of(capacity_chart(source), {"div_id": "capacity"}),
        ),
    ]
    if "loc_coordinates" not in source.inputs:
        parts.append(("Map", "The locations have no coordinates, so there is no map.", ""))
    elif not Map.of(source).links:
        parts.append(("Map", "No link joins the locations, so there is no map.", ""))
    else:
        parts.append(("Links", "", div_of(transmission_chart(source), {"div_id": "transmission"})))
        if solved:
            steps = source.inputs.sizes["timesteps"]
            chart = flows_chart(source, timestep_index_subset=(0, min(steps, _MOST_FRAMES)))
            told = "" if steps <= _MOST_FRAMES else f"The first {_MOST_FRAMES} time steps."
            parts.append(("Flows, step by step", told, div_of(chart, {"div_id": "flows"})))
    template = resources.files("anello.present.plotting").joinpath("page.html")
    page = template.read_text(encoding="utf-8")
    name = str(source.model.model_config.get("name") or "Model")
    texts = {
        "POLICY": POLICY,
        "TITLE": html.escape(name),
        "VERSION": html.escape(__version__),
        "FACTS": _facts(source),
        "PARTS": "".join(
            f"<section><h2>{title}</h2>{f'<p>{hint}</p>' if hint else ''}{body}</section>"
            for title, hint, body in parts
        ),
        "PLOTLY": plotly_module("offline").get_plotlyjs(),
    }
    # in one pass, so that no text is searched for the tokens of another
    page = re.sub("@([A-Z]+)@", lambda token: texts[token[1]], page)
    if to_file is None:
        return Page(page)
    if Path(to_file).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{to_file}: a summary is a page; choose a name that ends in .html")
    write_text(to_file, page)
    return None


def _facts(source: Source) -> str:
    model = source.model
    sizes = model.data.inputs.sizes
    times = pd.DatetimeIndex(model.data.inputs["timestep"].values)
    facts = {
        "Scenario": model.data.config.get("scenario"),
        "Size": f"{sizes['loc']} locations, {sizes['tech']} technologies",
        "Time": f"{times[0]:%Y-%m-%d %H:%M} to {times[-1]:%Y-%m-%d %H:%M}, {len(times)} steps",
    }
    if model.is_solved:
        attrs = model.dispatch.attrs
        facts["Outcome"] = f"{attrs['status']} ({attrs['solver']})"
        facts["Cost"] = f"{attrs['cost_objective']:,.6g}"
    else:
        facts["Outcome"] = "not run yet: inputs only"
    return "".join(
        f"<div><dt>{key}</dt><dd>{html.escape(str(value))}</dd></div>"
        for key, value in facts.items()
        if value
    )
