"""The step `collect`: results, tables and a summary, or the reason why there are none."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from anello.base.files import FilePath
from anello.coupling.convergence import require_converged
from anello.coupling.oscillation import LOOKED_AT, oscillation_report
from anello.coupling.plant_sizes import sized
from anello.coupling.record import ConvergenceRecord, read_state
from anello.errors import NotConvergedError
from anello.optimise.results.collection import collect
from anello.optimise.results.netcdf import read_netcdf
from anello.ring.config import RingConfig
from anello.ring.liquid import require_liquid
from anello.ring.plant_sizes import to_choose

logger = logging.getLogger(__name__)


def collect_scenario(
    *,
    model_data: FilePath,
    quality: FilePath,
    dispatch: FilePath,
    rings: Sequence[FilePath],
    record: FilePath | None,
    settings: Mapping[str, Any],
    run: str,
    scenario: str,
    results: FilePath,
    summary: FilePath,
    kept_record: FilePath,
    tables: FilePath | None = None,
    kept_plot: FilePath | None = None,
) -> None:
    """Gather a scenario's last iteration, if the loop has converged.

    Parameters
    ----------
    model_data, quality, dispatch : path-like
        The model, the report on its series, and the last dispatch.
    record : path-like or None
        The last convergence record; None for a scenario without a ring, which is solved once.
    rings : sequence of path-like
        The simulated rings of all iterations, in order; none without a ring.
    settings : mapping
        The scenario's settings.
    run, scenario : str
        Their names.
    results, summary : path-like
        Where the results go.
    kept_record : path-like
        Where the record of the loop goes, whether it has converged or not.
    tables, kept_plot : path-like, optional
        Where tidy tables and a plot of the loop go; not made by default.

    Raises
    ------
    NotConvergedError
        If the last record says so; record and plot are then all that is written.
    ArtefactError
        If a file cannot be read.
    InputError
        If the ring's water freezes.
    """
    chosen: FilePath | None = None
    if record is None:
        # ASSUME: settings of a ring that a scenario does not have say nothing about it.
        settings = {**settings, "ring": None}
    else:
        chosen = _converged_ring(rings, record, settings, scenario, kept_record, kept_plot)
        settings = _as_built(settings, dispatch)
    collect(
        model_data=model_data,
        dispatch=dispatch,
        ring=chosen,
        rings=rings,
        record=None if record is None else kept_record,
        quality=quality,
        run=run,
        scenario=scenario,
        settings=settings,
        results_path=results,
        summary_path=summary,
        tables_folder=tables,
    )


def _as_built(settings: Mapping[str, Any], dispatch: FilePath) -> Mapping[str, Any]:
    """Return the settings with the sizes that the search has chosen, and between which limits."""
    ring = RingConfig.model_validate(settings["ring"])
    open_sizes = to_choose(ring)
    if not open_sizes:
        return settings
    built = sized(ring, read_netcdf(dispatch, only=["ring_size", "part"]))
    limits = {
        name: {"least": size.limits[0], "most": size.limits[1], "listed": size.one_of is not None}
        for name, size in open_sizes.items()
    }
    return {**settings, "ring": built.model_dump(mode="json"), "ring_size_limits": limits}


def _converged_ring(
    rings: Sequence[FilePath],
    record: FilePath,
    settings: Mapping[str, Any],
    scenario: str,
    kept_record: FilePath,
    kept_plot: FilePath | None,
) -> FilePath:
    """Keep the record and its plot, and return the ring of the iteration that is the result."""
    limit = int(settings["coupling"]["max_iterations"])
    trace = replace(ConvergenceRecord.read(record), max_iterations=limit)
    trace.write(kept_record)
    if kept_plot is not None:
        from anello.present.report.convergence_figures import plot_convergence

        plot_convergence(json.loads(trace.to_json()), kept_plot)

    try:
        require_converged(trace, f"scenario {scenario}")
    except NotConvergedError as failure:
        finding = oscillation_report([read_state(path) for path in rings[-LOOKED_AT:]])
        raise NotConvergedError(f"{failure}\n{finding.text()}") from None
    if settings["ring"].get("mode", "physical") == "physical":
        water = read_netcdf(
            rings[trace.result_iteration], only=["temperature_degc", "node_degc", "substation"]
        )
        require_liquid(water, RingConfig.model_validate(settings["ring"]).medium, scenario)
    return rings[trace.result_iteration]
