"""`read_model`: from a model folder to `ModelData`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from anello.errors import InputError, Problem, did_you_mean
from anello.model.data import ModelData
from anello.model.definition.composition import Configuration, compose, locate_series
from anello.model.definition.crossed_limits import check_limits
from anello.model.definition.dataset import build_dataset, names_of
from anello.model.definition.group_reach import check_reach
from anello.model.definition.groups import read_groups
from anello.model.definition.model_checks import check_data
from anello.model.definition.node_values import ValueReader
from anello.model.definition.places import read_places
from anello.model.definition.series_checks import check_series
from anello.model.definition.settings import check_settings
from anello.model.definition.technologies import read_technologies
from anello.model.definition.unit_checks import check_units
from anello.model.definition.weather import add_weather, want_weather
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from anello.model.time_reduction import reduce_time
from anello.model.timeseries import SeriesReader, parse_reference, resolution_hours


def read_model(
    model: str | os.PathLike[str] | Mapping[str, Any],
    scenario: str | None = None,
    override_dict: str | Mapping[str, Any] | None = None,
    timeseries_dataframes: Mapping[str, pd.DataFrame] | None = None,
    strict: bool = True,
    series: Mapping[str, pd.DataFrame] | None = None,
    root: str | os.PathLike[str] | None = None,
    time_modules: Sequence[str] = (),
) -> ModelData:
    """Read a Calliope 0.6 model.

    Parameters
    ----------
    model : path or mapping
        The main YAML file (of a folder: its ``model.yaml``), or the configuration as a dictionary;
        paths in a dictionary are relative to the working folder.
    scenario : str, optional
        Name of a scenario, of an override, or overrides with commas between them.
    override_dict : str or mapping, optional
        Settings that win over all others, as YAML text or a mapping.
    timeseries_dataframes : mapping of str to pandas.DataFrame, optional
        Tables for parameters given as ``df=name``.
    strict : bool
        Whether leftovers that nothing reads are errors; otherwise they become warnings.
    series : mapping of str to pandas.DataFrame, optional
        Tables that stand in place of the CSV files of these names.
    root : path, optional
        Folder that paths may not leave; the model's own folder by default.
    time_modules : sequence of str
        Modules whose functions and masks ``model.time`` may name; none by default, as a model file
        may not run code unasked.

    Returns
    -------
    ModelData
        All parameters in the units of the model folder (energy kWh, power kW, area m2, time h).

    Raises
    ------
    InputError
        With every problem that was found, each with its file, line, key and value.
    """
    report = Report(strict)
    configuration = compose(model, scenario, override_dict, root, report)
    tree = configuration.tree
    check_settings(tree, report)
    techs = read_technologies(tree, report)
    places = read_places(tree, techs, report)
    told = tree.find("model.file_allowed")
    allowed = told if isinstance(told, list) else []
    values = ValueReader(frozenset(str(n) for n in allowed), report)
    nodes = [values.read(node) for node in places.nodes]
    sound = not report.problems
    if not nodes and not report.problems:
        report.error("no technology is at any location", key="locations")

    # Of what is wrong above, groups would complain once more.
    groups = read_groups(tree, techs, places, names_of(techs, nodes), report) if sound else {}
    reader = _series_reader(configuration, timeseries_dataframes, series or {}, report)
    for entry in nodes:
        for key, reference in entry.references():
            reader.want(reference, key, entry.node.mark)
    weather = want_weather(tree, reader, report)
    _check_replacements(series or {}, reader, report)
    if nodes and not reader.wanted:
        report.error("no parameter is a time series; at least one is needed to know the time steps")
    index, following, found = reader.read()
    check_limits(nodes, str(tree.find("run.mode", "plan")), report)
    report.raise_errors()
    try:
        hours = resolution_hours(index, following)
    except ValueError as err:
        raise InputError(Problem(str(err), key="model.subset_time")) from err

    check_series(nodes, found, index, report)
    report.raise_errors()
    check_units(nodes, found, index, hours, report)
    dataset = build_dataset(places, techs, nodes, index, hours, found, report)
    add_weather(dataset, weather, found, report)
    config = {
        "model": _model_config(tree),
        "run": tree.section("run").plain(),
        "group_constraints": groups,
        "scenario": scenario,
        "applied_overrides": configuration.overrides,
    }
    clusters = _given_clusters(tree, reader)
    report.raise_errors()
    try:
        data = reduce_time(ModelData(dataset, config), clusters=clusters, modules=time_modules)
    except InputError as err:
        raise InputError([_placed(problem, tree) for problem in err.problems]) from err
    check_reach(data, tree, report)
    check_data(data, report)
    report.raise_errors()
    data.warnings = [*report.warnings, *data.warnings]
    return data


def _placed(problem: Problem, tree: Tree) -> Problem:
    """Return a problem with the file and line in which its key was written."""
    mark = tree.locate((problem.key or "").partition("[")[0])
    return replace(problem, file=mark.file, line=mark.line) if mark else problem


def _given_clusters(tree: Tree, reader: SeriesReader) -> pd.Series[Any] | None:
    """Read the clusters of days that ``model.time`` takes from a file."""
    options = tree.section("model.time.function_options")
    reference = parse_reference(options.get("clustering_func"))
    if reference is None:
        return None
    key = "model.time.function_options.clustering_func"
    return reader.read_apart(reference, key, options.mark("clustering_func"))


def _model_config(tree: Tree) -> dict[str, Any]:
    config = tree.section("model").plain()
    config.pop("timeseries_data", None)
    return config


def _series_reader(
    configuration: Configuration,
    frames: Mapping[str, pd.DataFrame] | None,
    replacements: Mapping[str, pd.DataFrame],
    report: Report,
) -> SeriesReader:
    model = configuration.tree.section("model")
    inline = model.get("timeseries_data")
    tables = dict(replacements)
    if isinstance(inline, Tree):
        tables.update({k: v for k, v, _ in inline.leaves() if isinstance(v, pd.DataFrame)})
    return SeriesReader(
        partial(locate_series, configuration),
        str(model.get("timeseries_dateformat")),
        (model.get("subset_time"), model.mark("subset_time")),
        tables,
        frames,
        report,
    )


def _check_replacements(
    series: Mapping[str, pd.DataFrame], reader: SeriesReader, report: Report
) -> None:
    files = {name for kind, name in reader.wanted if kind == "file"}
    for name in (n for n in series if n not in files):
        report.warn(
            f"`series` holds `{name}`, which no parameter reads",
            suggestion=did_you_mean(name, files),
        )


__all__ = ["read_model"]
