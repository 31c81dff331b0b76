"""Checks of everything outside technologies and locations: sections, `run` and `model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anello.errors import did_you_mean
from anello.model.schema.parameters import options
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree

_NUMBERS = {
    "bigM": 0.0,
    "zero_threshold": 0.0,
    "spores_options.spores_number": 0.0,
    "relax_constraint.demand_share_per_timestep_decision_main_constraint": 0.0,
}
_FLAGS = (
    "cyclic_storage",
    "ensure_feasibility",
    "operation.use_cap_results",
    "spores_options.save_per_spore",
    "spores_options.skip_cost_op",
)


_OF_A_RUN = "scenario_definitions"


def check_settings(tree: Tree, report: Report) -> None:
    """Check the sections of a composed configuration and its `run` and `model` options.

    A cost class without a weight gets the weight 1, as in Calliope 0.6.
    """
    table = options()
    _check_sections(tree, table, report)
    _check_run(tree, table, report)
    _check_model(tree, table, report)


def _check_sections(tree: Tree, table: Tree, report: Report) -> None:
    known = table["top_level"]
    if _OF_A_RUN in tree:
        report.error(
            "these are the settings of a run, and no model",
            key=_OF_A_RUN,
            mark=tree.mark(_OF_A_RUN),
            suggestion="`anello check` reads them as what they are, and a run before it starts",
        )
        return
    for key in (k for k in tree if k not in known):
        report.unknown("unknown section", key, known, key=key, mark=tree.mark(key))
    for key in known:
        value = tree.get(key)
        if value is not None and not isinstance(value, Tree):
            report.error(
                "must be a mapping of keys to values", key=key, mark=tree.mark(key), value=value
            )
    for key in ("locations", "techs"):
        if not tree.section(key):
            report.error("this section is missing or empty", key=key)


def _check_run(tree: Tree, table: Tree, report: Report) -> None:
    run, known = tree.section("run"), table["run"]
    free = tuple(table["run_free"])
    known_paths = [path for path, _, _ in known.leaves()]
    for path, value, mark in run.leaves():
        if path.startswith(free) or known.find(path, _MISSING) is not _MISSING:
            continue
        report.unknown(
            "unknown option", path, known_paths, key=f"run.{path}", mark=mark, value=value
        )
    for path, choices, _ in table["run_choices"].leaves():
        value = run.find(path)
        if value not in choices:
            names = [str(c) for c in choices if c is not None]
            report.error(
                f"must be one of {', '.join(names)}",
                key=f"run.{path}",
                mark=run.locate(path),
                value=value,
                suggestion=did_you_mean(str(value), names),
            )
    for path, least in _NUMBERS.items():
        value = run.find(path)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= least:
            report.error(
                f"must be a number of at least {least:g}",
                key=f"run.{path}",
                mark=run.locate(path),
                value=value,
            )
    for path in _FLAGS:
        value = run.find(path)
        if not isinstance(value, bool):
            report.error(
                "must be true or false", key=f"run.{path}", mark=run.locate(path), value=value
            )
    _check_weights(run, report)


_MISSING: Any = object()


def _check_weights(run: Tree, report: Report) -> None:
    key = "run.objective_options.cost_class"
    weights = run.find("objective_options.cost_class")
    if not isinstance(weights, Tree):
        report.error(
            "must name cost classes and their weights, as in {monetary: 1}",
            key=key,
            mark=run.locate("objective_options.cost_class"),
            value=weights,
        )
        return
    for name, weight in weights.items():
        mark = weights.mark(name)
        if weight is None:
            weights[name] = 1
            report.warn("no weight given, taken as 1", key=f"{key}.{name}", mark=mark)
        elif isinstance(weight, bool) or not isinstance(weight, (int, float)):
            report.error("a weight must be a number", key=f"{key}.{name}", mark=mark, value=weight)
    if weights.get("monetary") == 1 and len(weights) > 1 and weights.mark("monetary") is None:
        report.warn(
            "the class `monetary` keeps its default weight of 1 beside the others",
            key=key,
            mark=run.locate("objective_options.cost_class"),
            suggestion="Add `monetary: 0` to leave it out of the objective",
        )


_MAPPINGS = {
    "reserve_margin": "carriers and fractions, as in {electricity: 0.1}",
    "ring_series": "series, as in {sewage: file=sewage.csv:degc}",
}
"""Options of `model` that are mappings of free names."""


def _check_model(tree: Tree, table: Tree, report: Report) -> None:
    model, known = tree.section("model"), table["model"]
    for key in (k for k in model if k not in known):
        report.unknown(
            "unknown option", key, known, key=f"model.{key}", mark=model.mark(key), value=None
        )
    version = model.get("calliope_version")
    if version is not None and not str(version).startswith("0.6"):
        report.warn(
            "anello reads the format of Calliope 0.6",
            key="model.calliope_version",
            mark=model.mark("calliope_version"),
            value=version,
        )
    _check_time(model, report)
    for name, what in _MAPPINGS.items():
        value = model.get(name)
        if value is not None and not isinstance(value, Tree):
            report.error(
                f"must name {what}", key=f"model.{name}", mark=model.mark(name), value=value
            )
    allowed = model.get("file_allowed")
    if not isinstance(allowed, list):
        report.error(
            "must be a list of parameters",
            key="model.file_allowed",
            mark=model.mark("file_allowed"),
            value=allowed,
        )


def _check_time(model: Tree, report: Report) -> None:
    """Check the shape of `model.time`; a function's options are checked where it is called."""
    time = model.get("time")
    if not time:
        return
    if not isinstance(time, Tree):
        report.error(
            "must be a mapping with `function`, `function_options` and `masks`",
            key="model.time",
            mark=model.mark("time"),
            value=time,
        )
        return
    known = ("masks", "function", "function_options")
    for key in (k for k in time if k not in known):
        report.unknown("unknown option", key, known, key=f"model.time.{key}", mark=time.mark(key))
    options = time.get("function_options")
    if options is not None and not isinstance(options, Tree):
        report.error(
            "must be a mapping of options",
            key="model.time.function_options",
            mark=time.mark("function_options"),
            value=options,
        )
    if options and not time.get("function"):
        report.harmless(
            "has no effect without `model.time.function`",
            key="model.time.function_options",
            mark=time.mark("function_options"),
        )
    masks = time.get("masks") or []
    if masks and not time.get("function"):
        report.warn(
            "has no effect without `model.time.function`",
            key="model.time.masks",
            mark=time.mark("masks"),
        )
    usual = isinstance(masks, list) and all(
        isinstance(m, Mapping)
        and isinstance(m.get("function"), str)
        and isinstance(m.get("options") or {}, Mapping)
        and set(m) <= {"function", "options"}
        for m in masks
    )
    if not usual:
        report.error(
            "must be a list of masks such as {function: extreme, options: {tech: pv}}",
            key="model.time.masks",
            mark=time.mark("masks"),
            value=masks,
        )
    seed = model.get("random_seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        report.error(
            "must be a whole number of at least 0",
            key="model.random_seed",
            mark=model.mark("random_seed"),
            value=seed,
        )
