"""The steps `search_years` and `collect_year`: sizes for several years, and each one's results."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anello.base.files import FilePath
from anello.coupling.convergence import require_converged
from anello.coupling.record import ConvergenceRecord
from anello.coupling.unseen import bound_rows
from anello.coupling.years import check_years, shared_sizes
from anello.coupling.years_district import CoupledYears
from anello.model.data import ModelData
from anello.optimise.formulation import formulate
from anello.optimise.results.extraction import extract
from anello.optimise.results.netcdf import write_netcdf
from anello.optimise.solve import compile_problem
from anello.optimise.solve.joint import join
from anello.run.stages.collect import collect_scenario
from anello.run.stages.simulate import ring_content

if TYPE_CHECKING:
    from anello.coupling.config import CouplingConfig
    from anello.coupling.district import Iteration
    from anello.optimise.solve.config import SolverConfig
    from anello.optimise.solve.solution import Solution
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)

RECORD, DISPATCH = "convergence.json", "dispatch.nc"


def search_years(
    *,
    model_data: Mapping[str, FilePath],
    weights: Mapping[str, float],
    ring: RingConfig,
    coupling: CouplingConfig,
    solver: SolverConfig,
    folder: FilePath,
    kept_record: FilePath,
    scenario: str = "",
) -> None:
    """Find the sizes of a scenario with years.

    Parameters
    ----------
    model_data : mapping of str to path-like
        The model of each year, by its name.
    weights : mapping of str to float
        Probability of each year [-].
    ring, coupling, solver : RingConfig, CouplingConfig, SolverConfig
        Settings of the scenario.
    folder : path-like
        Where a folder for each year goes, with its dispatch, the rings of all iterations and its
        record.
    kept_record : path-like
        Where the record of the search goes, whether it has converged or not.
    scenario : str
        What the scenario is called in messages.

    Raises
    ------
    InputError
        If the years do not fit together.
    NotConvergedError
        If the search does not converge; `kept_record` says how far it came.
    SolveError
        If a programme has no solution.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    years = {name: ModelData.load(path) for name, path in model_data.items()}
    if not coupling.coupled:
        _solve_once(years, weights, solver, place)
        return
    search = CoupledYears(years, weights, ring, coupling, solver)

    def leave(
        done: Mapping[str, Iteration],
        joint: ConvergenceRecord,
        records: Mapping[str, ConvergenceRecord],
    ) -> None:
        joint.write(kept_record)
        last = joint.trace[-1]
        for name, one in done.items():
            content = ring_content(years[name], one.dispatch, ring, one.ring, one.cost, one.state)
            write_netcdf(content, _made(_ring_file(place / name, last.iteration)))
            records[name].write(place / name / RECORD)
        logger.info(
            "iteration %d: %.2f expected in the programmes, %.2f simulated; %s",
            last.iteration,
            last.j_lp_eur,
            last.j_sim_eur,
            "accepted" if last.accepted else "refused",
        )

    found = search.run(must_converge=False, on_iteration=leave)
    require_converged(found.record, f"scenario {scenario}")
    for name, solution in found.solutions.items():
        _write_dispatch(years[name], solution, place / name)


def _solve_once(
    years: Mapping[str, ModelData],
    weights: Mapping[str, float],
    solver: SolverConfig,
    place: Path,
) -> None:
    """Find the sizes of a district without a ring."""
    check_years(years)
    parts = {name: compile_problem(formulate(data)) for name, data in years.items()}
    first = next(iter(years))
    shared = shared_sizes(years[first], parts[first])
    joint = join(parts, [weights[name] for name in years], shared)
    solution = joint.solve(solver)
    for (name, data), part in zip(years.items(), joint.split(solution), strict=True):
        _write_dispatch(data, part, place / name)


def _write_dispatch(data: ModelData, solution: Solution, folder: Path) -> None:
    found = extract(data, solution, duals=bound_rows(solution.problem))
    write_netcdf(found, _made(folder / DISPATCH))


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _ring_file(folder: Path, number: int) -> Path:
    return folder / f"ring_{number:03d}.nc"


def collect_year(
    *,
    year: str,
    search: FilePath,
    kept_record: FilePath,
    **told: Any,
) -> None:
    """Gather the results of one year with the sizes that were found for all.

    Parameters
    ----------
    year : str
        Name of the year.
    search : path-like
        The folder that `search_years` made.
    kept_record : path-like
        Where the year's record goes.
    **told
        What :func:`anello.run.stages.collect.collect_scenario` takes beside these.

    Raises
    ------
    ArtefactError
        If a file cannot be read.
    InputError
        If the ring's water freezes.
    """
    place = Path(search) / year
    record = place / RECORD
    coupled = record.is_file()
    rings: list[FilePath] = []
    if coupled:
        trace = ConvergenceRecord.read(record).trace
        rings = [_ring_file(place, step.iteration) for step in trace]
    collect_scenario(
        dispatch=place / DISPATCH,
        rings=rings,
        record=record if coupled else None,
        kept_record=kept_record,
        **told,
    )
