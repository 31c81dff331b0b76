"""Plots as figures, as pages that open offline, and as images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from anello.base.files import PathLike, write_text
from anello.errors import AnelloError, InputError, Problem
from anello.present.plotting.chart import Chart

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

IMAGES = ("svg", "pdf", "png", "jpeg", "jpg", "webp")
_FIXED: dict[str, Any] = {
    "config": {"responsive": True, "displaylogo": False},
    "validate": False,
    "auto_play": False,
}
# A page may use what it holds, and nothing from elsewhere.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:\">"
)


def deliver(
    chart: Chart,
    *,
    html_only: bool = False,
    to_file: PathLike | None = None,
    layout_updates: Mapping[str, Any] | None = None,
    plotly_kwarg_updates: Mapping[str, Any] | None = None,
) -> Figure | str | None:
    """Return a plot as a figure or as HTML, or write it.

    Parameters
    ----------
    chart : Chart
        The plot.
    html_only : bool
        Return a ``div`` for a page that loads plotly.js itself.
    to_file : path-like, optional
        Write a page (``.html``) or an image, and return nothing.
    layout_updates : mapping, optional
        Laid over the layout, replacing keys as a whole.
    plotly_kwarg_updates : mapping, optional
        Arguments of ``plotly.io.to_html``.

    Raises
    ------
    InputError
        If the ending of `to_file` is unknown, or an image is asked for of several views.
    """
    chart.layout.update(layout_updates or {})
    options = dict(plotly_kwarg_updates or {})
    if to_file:
        path = Path(to_file)
        kind = path.suffix.lstrip(".").lower()
        if kind in ("html", "htm"):
            write_text(path, page_of(chart, options))
        elif kind in IMAGES:
            from anello.present.plotting.image import write_image

            _check_one_view(chart, path)
            write_image(chart, path)
        else:
            raise InputError(
                Problem(
                    "is no kind of file that a plot can be written to",
                    key="to_file",
                    value=str(to_file),
                    suggestion=f"Choose one of html, {', '.join(IMAGES)}",
                )
            )
        return None
    if html_only:
        return div_of(chart, options)
    graph_objects = plotly_module("graph_objects")
    figure: Figure = graph_objects.Figure(
        data=chart.data, layout=chart.layout, frames=chart.frames or None
    )
    return figure


def _check_one_view(chart: Chart, path: Path) -> None:
    if chart.views == 1:
        return
    if chart.frames:
        hint = "Choose one time step, such as timestep_index_subset=[12, 13], or write .html"
    else:
        hint = "Choose one with array=... (and subset=...), or write .html"
    raise InputError(
        Problem(
            f"an image shows one thing at once, this plot has {chart.views} to switch between",
            key="to_file",
            value=str(path),
            suggestion=hint,
        )
    )


def plotly_module(name: str) -> Any:
    """Import a part of plotly, which is installed with the extra ``report``."""
    from importlib import import_module

    try:
        return import_module(f"plotly.{name}")
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "plotly":
            raise
        raise AnelloError(
            'interactive plots need plotly: pip install "anello[report]" (images such as .svg do'
            " without it)"
        ) from error


def page_of(chart: Chart, options: Mapping[str, Any]) -> str:
    """Return a page with one plot that opens offline."""
    text = str(
        plotly_module("io").to_html(
            _plain(chart),
            **{**_FIXED, "div_id": "plot", **options},
        )
    )
    return text.replace("<head>", f"<head>{POLICY}", 1)


def div_of(chart: Chart, options: Mapping[str, Any]) -> str:
    """Return the part of a page that holds one plot; the page itself must load plotly.js."""
    part = {**_FIXED, "include_plotlyjs": False, "full_html": False, **options}
    return str(plotly_module("io").to_html(_plain(chart), **part))


def _plain(chart: Chart) -> dict[str, Any]:
    figure = {"data": chart.data, "layout": chart.layout, "frames": chart.frames}
    found: dict[str, Any] = _encoded(figure)
    return found


def _encoded(part: Any) -> Any:
    """Pack arrays of numbers as plotly.js reads them: seven digits in four bytes each."""
    if isinstance(part, np.ndarray):
        import base64

        packed = base64.b64encode(part.astype("<f4").tobytes()).decode("ascii")
        return {"dtype": "f4", "bdata": packed}
    if isinstance(part, dict):
        return {key: _encoded(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_encoded(value) for value in part]
    return part
