"""Which steps are decided together, and which of the decisions are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from anello.errors import ConfigError, Problem
from anello.optimise.formulation.expression import Array


@dataclass(frozen=True)
class Window:
    """Steps ``first … end − 1`` are optimised, of which ``first … stop − 1`` are kept.

    Attributes
    ----------
    first : int
        First step.
    stop : int
        Step after the last one whose decisions are kept.
    end : int
        Step after the last one that is looked ahead to.
    """

    first: int
    stop: int
    end: int


def lengths_h(operation: Mapping[str, Any] | None) -> tuple[float, float]:
    """Length of window and horizon [h] from the options `run.operation`.

    Raises
    ------
    ConfigError
        If one is missing, not positive, or the horizon is the shorter.
    """
    found: dict[str, float] = {}
    problems = []
    for name in ("window", "horizon"):
        value = (operation or {}).get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            problems.append(
                Problem(
                    "mode `operate` needs a length in hours",
                    key=f"run.operation.{name}",
                    value=value,
                    suggestion="For example `run.operation: {window: 24, horizon: 48}`",
                )
            )
        else:
            found[name] = float(value)
    if problems:
        raise ConfigError(problems)
    if found["horizon"] < found["window"]:
        raise ConfigError(
            Problem(
                f"the horizon must not be shorter than the window ({found['window']:g} h)",
                key="run.operation.horizon",
                value=found["horizon"],
            )
        )
    return found["window"], found["horizon"]


def days_are_alike(inputs: xr.Dataset) -> bool:
    """Whether every day has the same steps, each of weight 1, as time reduction may undo.

    Parameters
    ----------
    inputs : xarray.Dataset
        ``timestep``, ``timestep_resolution`` [h] and ``timestep_weight``. A first and a last day
        that are not whole may differ.
    """
    step_h = np.asarray(inputs["timestep_resolution"].values, dtype=float)
    days = np.asarray(inputs["timestep"].values).astype("datetime64[D]")
    _, first = np.unique(days, return_index=True)
    profiles = {tuple(day) for day in np.split(step_h, first[1:])[1:-1]}
    return len(profiles) <= 1 and bool(np.all(inputs["timestep_weight"].values == 1))


def split(
    step_h: Array, window_h: float, horizon_h: float, *, copy_calliope: bool = False
) -> list[Window]:
    """Cut a period into windows; every step is kept by exactly one of them.

    A window ends where the time since the start is a multiple of its length, the last one with the
    period. A horizon that would reach past the end of the period is cut there.

    Parameters
    ----------
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    window_h, horizon_h : float
        Length of window and horizon [h].
    copy_calliope : bool
        As Calliope 0.6: the last window, and each window whose full horizon would reach past the
        end, looks no further than itself.

    Returns
    -------
    list of Window
        In the order of time.
    """
    passed_h = np.cumsum(step_h)
    # Steps of, say, ten minutes add up with rounding.
    count = passed_h / window_h
    whole = np.abs(count - np.round(count)) * window_h < 1e-6 * step_h
    whole[-1] = True
    stops = [int(k) + 1 for k in np.flatnonzero(whole)]
    found, first = [], 0
    for stop in stops:
        until_h = passed_h[stop - 1] + horizon_h - window_h
        end = int(np.searchsorted(passed_h, until_h + 1e-6 * step_h[stop - 1], side="right"))
        beyond = until_h > passed_h[-1] * (1 + 1e-9)
        if copy_calliope and first > 0 and (beyond or stop == stops[-1]):
            end = stop
        found.append(Window(first, stop, max(end, stop)))
        first = stop
    return found
