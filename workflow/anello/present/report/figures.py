"""Publication figures of one scenario, drawn from its collected results alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from anello.present.report.convergence_figures import convergence_figure, plot_convergence
from anello.present.report.dispatch_figures import (
    carrier_flows,
    default_periods,
    plot_dispatch,
    plot_monthly_balance,
)
from anello.present.report.drawing import EVERYWHERE, file_part
from anello.present.report.ring_figures import (
    cop_duration,
    plot_cop_duration,
    plot_ring_carpet,
    plot_ring_iterations,
    plot_source_heat_price,
)

mpl.use("Agg")

import xarray as xr

from anello.base.files import FilePath
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import read_results
from anello.present.report.appearance import carrier_kind
from anello.present.report.config import FiguresConfig
from anello.present.report.figure_files import figure_style, save_figure
from anello.present.report.manifest import write_manifest

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
                made.append((f"dispatch_{period.name}_{file_part(location)}", figure))
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
