"""Checks of ``run.spores_options`` against the model they are for."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

import numpy as np

from anello.errors import did_you_mean
from anello.model.data import ModelData
from anello.model.schema.report import Report

_KEY = "run.spores_options"
_DEFAULT_SLACK = 0.1


def check_spores(data: ModelData, report: Report) -> None:
    """Check that alternatives can be looked for; a slack that is not positive becomes 0.1."""
    run = data.config["run"]
    options = run["spores_options"]
    costs = [str(c) for c in data.inputs["cost"].values] if "cost" in data.inputs else []
    if "spores" in data.inputs.dims or "spore" in data.inputs.dims:
        report.error("inputs must be the same for all alternatives", key="run.mode", value="spores")
    _check_objective(run, report)
    _check_numbers(options, report)
    score = options["score_cost_class"]
    if not isinstance(score, str):
        report.error("must name a cost class", key=f"{_KEY}.score_cost_class", value=score)
    elif score not in costs or not _scored(data, costs.index(score)):
        report.error(
            "no technology has a cost `energy_cap` in this class, so there is nothing to score",
            key=f"{_KEY}.score_cost_class",
            value=score,
            suggestion=did_you_mean(score, costs)
            or f"Give technologies `costs.{score}.energy_cap: 0`",
        )
    _check_weights(options["objective_cost_class"], costs, report)
    _check_group(data.config.get("group_constraints") or {}, options, costs, report)
    _check_path(options, report)


def _scored(data: ModelData, cost: int) -> bool:
    if "cost_energy_cap" not in data.inputs:
        return False
    return bool(data.inputs["cost_energy_cap"].isel(cost=cost).notnull().any())


def _check_objective(run: Mapping[str, Any], report: Report) -> None:
    if run["objective"] != "minmax_cost_optimization":
        report.error(
            "alternatives need a cost to compare",
            key="run.objective",
            value=run["objective"],
            suggestion="Use minmax_cost_optimization",
        )
    sense = str(run["objective_options"].get("sense", "minimize"))
    if not sense.startswith("min"):
        report.error(
            "alternatives are looked for near the least cost, not the greatest",
            key="run.objective_options.sense",
            value=sense,
        )


def _check_numbers(options: Any, report: Report) -> None:
    number, slack = options["spores_number"], options["slack"]
    if isinstance(number, bool) or number != int(number) or number < 0:
        report.error("must be a whole number", key=f"{_KEY}.spores_number", value=number)
    elif number == 0:
        report.warn("no alternatives are asked for", key=f"{_KEY}.spores_number", value=number)
    if isinstance(slack, bool) or not isinstance(slack, (int, float)) or not np.isfinite(slack):
        report.error("must be a number, such as 0.1", key=f"{_KEY}.slack", value=slack)
    elif slack <= 0:
        report.warn(
            f"must be positive, taken as {_DEFAULT_SLACK}", key=f"{_KEY}.slack", value=slack
        )
        options["slack"] = _DEFAULT_SLACK


def _check_weights(weights: Any, costs: list[str], report: Report) -> None:
    key = f"{_KEY}.objective_cost_class"
    if not isinstance(weights, Mapping):
        report.error("must name cost classes and their weights", key=key, value=weights)
        return
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            report.error("a weight must be a number", key=f"{key}.{name}", value=weight)
        elif name not in costs and weight:
            report.error(
                "no technology has costs of this class",
                key=f"{key}.{name}",
                suggestion=did_you_mean(str(name), costs),
            )


def _check_group(
    groups: Mapping[str, Any], options: Mapping[str, Any], costs: list[str], report: Report
) -> None:
    name, score = options["slack_cost_group"], options["score_cost_class"]
    key = f"{_KEY}.slack_cost_group"
    group = groups.get(name) if isinstance(name, str) else None
    if group is None or group.get("exists", True) is False:
        report.error(
            "must name a group constraint, which limits the cost of the alternatives",
            key=key,
            value=name,
            suggestion=did_you_mean(str(name), groups)
            or "Add `group_constraints.systemwide_cost_max.cost_max.monetary: .inf`",
        )
    elif not group.get("cost_max"):
        report.error(
            "this group constraint has no `cost_max`, whose limit the slack would set",
            key=key,
            value=name,
            suggestion=f"Add `group_constraints.{name}.cost_max.monetary: .inf`",
        )
    else:
        for cost in (c for c in group["cost_max"] if c not in costs):
            report.error(
                "no technology has costs of this class",
                key=f"group_constraints.{name}.cost_max.{cost}",
                suggestion=did_you_mean(str(cost), costs),
            )
    for other, limits in groups.items():
        for kind, limit in limits.items():
            if kind.startswith("cost") and isinstance(limit, Mapping) and score in limit:
                report.error(
                    "scores change from one alternative to the next and cannot be limited",
                    key=f"group_constraints.{other}.{kind}.{score}",
                )


def _check_path(options: Mapping[str, Any], report: Report) -> None:
    path, key = options["save_per_spore_path"], f"{_KEY}.save_per_spore_path"
    if not options["save_per_spore"]:
        return
    try:
        fields = [field for _, field, _, _ in Formatter().parse(str(path)) if field is not None]
    except ValueError:
        fields = []
    if path is None or fields not in ([""], ["0"]):
        report.error(
            "must be a path with {} in the place of the alternative's number",
            key=key,
            value=path,
            suggestion="For example `spores/spore_{}.nc`",
        )
