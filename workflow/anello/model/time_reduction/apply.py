"""From ``model.time`` to a model with fewer time steps."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.errors import InputError, Problem, did_you_mean
from anello.model.data import ModelData
from anello.model.time_reduction import clustering, masks, resample
from anello.model.time_reduction.series import TIME

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "resample": resample.resample,
    "apply_clustering": clustering.apply_clustering,
    "drop": resample.drop,
}
"""What ``model.time.function`` may name."""

MASKS: dict[str, Callable[..., Any]] = {
    "zero": masks.zero,
    "extreme": masks.extreme,
    "extreme_diff": masks.extreme_diff,
}
"""What ``model.time.masks`` may name."""

_OURS = {"data", "compat", "seed", "given", "notes"}
"""Parameters that a model file does not set."""


def reduce_time(
    data: ModelData,
    *,
    clusters: pd.Series[Any] | None = None,
    modules: Sequence[str] = (),
) -> ModelData:
    """Apply ``model.time`` to a model.

    Parameters
    ----------
    data : ModelData
        The model on all its time steps.
    clusters : pandas.Series, optional
        Cluster of each day or step, when ``clustering_func`` names a file.
    modules : sequence of str
        Modules from which ``model.time`` may take functions and masks of its own. A model file can
        only name a function; it is the caller who says what may run.

    Returns
    -------
    ModelData
        The model on fewer steps, or `data` itself when ``model.time`` asks for nothing.

    Raises
    ------
    InputError
        If a function, mask or option is unknown or makes no sense.
    """
    time = data.config["model"].get("time") or {}
    if not time:
        return data
    kept = _kept_steps(data, time.get("masks") or [], modules)
    name = time.get("function")
    if not name:
        return data
    index = pd.DatetimeIndex(data.inputs[TIME].values)
    timesteps = None if kept is None else index.difference(kept)
    options = dict(time.get("function_options") or {})
    notes: list[str] = []
    if name == "drop" and timesteps is not None:
        _refuse(options, "timesteps", "masks say which steps stay; all others are dropped")
        options["timesteps"] = timesteps
    elif name != "drop":
        _refuse(options, "timesteps", "masks say which steps the function leaves alone")
    function = _find(str(name), FUNCTIONS, modules, "function", "model.time.function")
    ours = {
        "compat": data.config["run"].get("compat") == "calliope-0.6",
        "seed": data.config["model"].get("random_seed"),
        "given": clusters,
        "notes": notes,
    }
    own = name in FUNCTIONS
    told = options if name == "drop" else {**options, "timesteps": timesteps}
    inputs = _call(function, data.inputs, told, ours if own else {}, "model.time.function_options")
    if not own:
        _check_custom(inputs, str(name))
    if inputs.sizes[TIME] == len(index):
        notes.append(f"`model.time`: `{name}` leaves all {len(index)} time steps as they are")
    return ModelData(inputs, data.config, [*data.warnings, *notes])


def _refuse(options: Mapping[str, Any], name: str, why: str) -> None:
    if name in options:
        raise InputError(Problem(why, key=f"model.time.function_options.{name}"))


def _kept_steps(data: ModelData, entries: Any, modules: Sequence[str]) -> pd.DatetimeIndex | None:
    """Return the steps that masks pick, or None without masks."""
    if not entries:
        return None
    compat = data.config["run"].get("compat") == "calliope-0.6"
    kept = pd.DatetimeIndex([], dtype="datetime64[ns]")
    index = pd.DatetimeIndex(data.inputs[TIME].values)
    for number, entry in enumerate(entries):
        key = f"model.time.masks[{number}]"
        name = str(entry["function"])
        mask = _find(name, MASKS, modules, "mask", f"{key}.function")
        ours = {"compat": compat} if name in MASKS else {}
        found = _call(mask, data.inputs, entry.get("options") or {}, ours, f"{key}.options")
        steps = pd.DatetimeIndex(found)
        if not steps.isin(index).all():
            raise InputError(
                Problem("the mask picks steps that the model does not have", key=key, value=name)
            )
        kept = kept.union(steps)
    return kept


def _find(
    name: str,
    known: Mapping[str, Callable[..., Any]],
    modules: Sequence[str],
    what: str,
    key: str,
) -> Callable[..., Any]:
    """Return a function of anello's, or one of an allowed module."""
    if name in known:
        return known[name]
    module, dot, attribute = name.rpartition(".")
    if not dot:
        raise InputError(
            Problem(
                f"no such {what}",
                key=key,
                value=name,
                suggestion=did_you_mean(name, known)
                or f"There are {', '.join(known)}; one of your own is written `module.name`",
            )
        )
    if module not in modules:
        raise InputError(
            Problem(
                f"the module `{module}` is not allowed; a model file does not run code unasked",
                key=key,
                value=name,
                suggestion=f"If you trust it, allow it by `time_modules=['{module}']` in Python,"
                f" `--time_module {module}` on the command line, or `data.time_modules` in the"
                " workflow's settings",
            )
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ImportError as err:
        raise InputError(
            Problem(f"the module `{module}` cannot be imported: {err}", key=key, value=name)
        ) from err
    except AttributeError as err:
        raise InputError(
            Problem(f"the module `{module}` has no `{attribute}`", key=key, value=name)
        ) from err
    if not callable(found):
        raise InputError(Problem("is no function", key=key, value=name))
    return found  # type: ignore[no-any-return]


def _call(
    function: Callable[..., Any],
    inputs: xr.Dataset,
    options: Mapping[str, Any],
    ours: Mapping[str, Any],
    key: str,
) -> Any:
    """Call a function with the model's options; what is wrong with them is told by name."""
    signature = inspect.signature(function)
    free = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    names = [n for n, p in signature.parameters.items() if p.kind is not p.VAR_KEYWORD]
    open_to_users = [n for n in names if n not in _OURS]
    problems = [
        Problem(
            "unknown option",
            key=f"{key}.{name}",
            suggestion=did_you_mean(name, open_to_users)
            or f"Options are {', '.join(n for n in open_to_users if n != 'timesteps')}",
        )
        for name in options
        if name in _OURS or (name not in names and not free)
    ]
    problems += [
        Problem("is missing", key=f"{key}.{name}")
        for name in open_to_users
        if signature.parameters[name].default is inspect.Parameter.empty and name not in options
    ]
    if problems:
        raise InputError(problems)
    passed = {name: value for name, value in ours.items() if name in names}
    try:
        return function(inputs, **options, **passed)
    except InputError as err:
        # The functions know their options' names, this is where the options come from.
        raise InputError(
            [
                replace(p, key=f"{key}.{p.key}") if p.key and not p.key.startswith("model.") else p
                for p in err.problems
            ]
        ) from err


def _check_custom(inputs: Any, name: str) -> None:
    """Check what a function of the user's own returned."""
    fault = None
    if not isinstance(inputs, xr.Dataset):
        fault = f"returned {type(inputs).__name__}, not a data set"
    elif TIME not in inputs.dims or not inputs.sizes[TIME]:
        fault = f"returned no `{TIME}`"
    elif not pd.DatetimeIndex(inputs[TIME].values).is_monotonic_increasing:
        fault = "returned time steps that are not in order"
    else:
        for needed in ("timestep_resolution", "timestep_weight"):
            values = inputs[needed].values if needed in inputs else np.zeros(1)
            if not (np.isfinite(values) & (values > 0)).all():
                fault = f"returned no positive `{needed}` for every step"
    if fault:
        raise InputError(Problem(f"the function {fault}", key="model.time.function", value=name))
