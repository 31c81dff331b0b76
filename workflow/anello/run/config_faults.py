"""Where faults of scenarios, sweeps and studies stand in the files of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from anello.base.yaml_lines import deepest, locate
from anello.errors import Problem, did_you_mean
from anello.ring.config import RingConfig
from anello.ring.plant_sizes import to_choose, without_price
from anello.run.sweep.config import CsvPoints, PointList, SweepConfig


def locate_of_scenario(
    files: Sequence[str | Path], loc: Sequence[str | int], own: int
) -> tuple[str | None, int | None]:
    """Find a key of a scenario, or of a year of it, which the run's own sections may have given.

    Parameters
    ----------
    files, loc
        See `locate`.
    own : int
        How many keys lead to the scenario or year.

    Returns
    -------
    tuple of (str or None, int or None)
        File and line (from 1); of the run's section where the scenario does not say the key.
    """
    depth, file, line = deepest(files, loc)
    shared = deepest(files, loc[own:])
    if depth < len(loc) and shared[0] == len(loc) - own > 0:
        return shared[1:]
    return file, line


def at_line(problem: Problem, file: str | None, line: int | None) -> Problem:
    """Return a problem with the file and line where it stands."""
    return Problem(problem.message, file, line, problem.key, problem.value, problem.suggestion)


def without_prices(ring: RingConfig, scenario: str, files: Sequence[str | Path]) -> list[Problem]:
    """Say which sizes a scenario's search is to choose for nothing."""
    free = {part: size for part, size in to_choose(ring).items() if size.eur_per_year is None}
    where = locate(files, ("scenario_definitions", scenario)) if free else (None, None)
    return [at_line(without_price(part, size), *where) for part, size in free.items()]


def placed_in_sweep(problem: Problem, sweep: SweepConfig, files: Sequence[str | Path]) -> Problem:
    """Say where a key of the parameter space stands: in the configuration, or in its CSV file."""
    key = problem.key or ""
    if problem.file is not None:
        return problem
    if isinstance(sweep, CsvPoints):
        return at_line(problem, str(sweep.file), 1)
    if isinstance(sweep, PointList):
        places: list[tuple[str | int, ...]] = [
            ("sweep", "points", i, k) for i, point in enumerate(sweep.points) for k in point
        ]
    else:
        places = [("sweep", "parameters", k) for k in sweep.parameters]
    # A fault may lie deeper than the key that the sweep names, where its value is a mapping.
    near = [place for place in places if f"{key}.".startswith(f"{place[-1]}.")]
    return at_line(problem, *locate(files, near[0] if near else ("sweep",)))


def placed_in_study(problem: Problem, study: str, files: Sequence[str | Path]) -> Problem:
    """Say where a fault of a study stands; one of a changed key, where the key is named."""
    if problem.file is not None:
        return problem
    loc: tuple[str | int, ...] = tuple((problem.key or "").split("."))
    if study:
        loc = (study,)
    return at_line(problem, *locate(files, loc))


def unknown_scenario(
    name: str,
    known: Iterable[str],
    key: str = "scenarios",
    file: str | None = None,
    line: int | None = None,
    years: Mapping[str, str] | None = None,
) -> Problem:
    """Return the problem of a name that no scenario has, with the name that was probably meant.

    Parameters
    ----------
    name : str
        What no scenario is called.
    known : iterable of str
        Scenarios that there are.
    key, file, line : str, str, int
        Where the name stands.
    years : mapping of str to str, optional
        By what the years of scenarios are called, the scenario of each.
    """
    names = sorted(known)
    if years and name in years:
        of = years[name]
        hint = f"It is a year of `{of}`, whose years belong together: name `{of}`."
        return Problem("is not among `scenario_definitions`", file, line, key, name, hint)
    hint = did_you_mean(name, names) or f"Defined are {', '.join(f'`{n}`' for n in names)}."
    return Problem("is not among `scenario_definitions`", file, line, key, name, hint)
