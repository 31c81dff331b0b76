"""The steps `search_years` and `collect_year`: sizes for several years, and each one's results."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anello.base.files import FilePath, sha256
from anello.coupling.convergence import require_converged
from anello.coupling.record import ConvergenceRecord
from anello.coupling.years import check_years, shared_sizes
from anello.coupling.years_district import CoupledYears, YearsIteration
from anello.model.data import ModelData
from anello.optimise.formulation import formulate
from anello.optimise.solve import compile_problem
from anello.optimise.solve.joint import join
from anello.run.stages.collect import collect_scenario
from anello.run.stages.years_files import (
    DISPATCH,
    RECORD,
    hand_over,
    leave_iteration,
    ring_file,
    taken_up,
    write_dispatch,
)

if TYPE_CHECKING:
    from anello.coupling.config import CouplingConfig
    from anello.optimise.solve.config import SolverConfig
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)


def search_years(
    *,
    model_data: Mapping[str, FilePath],
    weights: Mapping[str, float],
    ring: RingConfig,
    coupling: CouplingConfig,
    solver: SolverConfig,
    folder: FilePath,
    working: FilePath,
    kept_record: FilePath,
    scenario: str = "",
    fingerprint: str = "",
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
    working : path-like
        Where they lie until all is found: a search that was killed goes on from there.
    kept_record : path-like
        Where the record of the search goes, whether it has converged or not.
    scenario : str
        What the scenario is called in messages.
    fingerprint : str
        Stands for the code that the search depends on. What lies in `working` of other code, models
        or settings is removed first.

    Raises
    ------
    InputError
        If the years do not fit together.
    NotConvergedError
        If the search does not converge; `kept_record` says how far it came.
    SolveError
        If a programme has no solution.
    """
    place, work = Path(folder), Path(working)
    years = {name: ModelData.load(path) for name, path in model_data.items()}
    if not coupling.coupled:
        _solve_once(years, weights, solver, place)
        return
    settings = coupling.model_dump(mode="json", exclude={"max_iterations"})
    about = [fingerprint, dict(weights), ring.model_dump(mode="json"), settings]
    about += [solver.model_dump(mode="json", exclude={"time_limit_s"})]
    about += [[name, sha256(path)] for name, path in model_data.items()]
    after = taken_up(work, list(years), json.dumps(about, sort_keys=True))
    search = CoupledYears(years, weights, ring, coupling, solver)

    def leave(one: YearsIteration) -> None:
        leave_iteration(work, one, years, ring)
        one.record.write(kept_record)
        last = one.record.trace[-1]
        logger.info(
            "iteration %d: %.2f expected in the programmes, %.2f simulated; %s",
            one.number,
            last.j_lp_eur,
            last.j_sim_eur,
            "accepted" if last.accepted else "refused",
        )

    record = search.run(must_converge=False, on_iteration=leave, after=after).record
    record.write(kept_record)
    require_converged(record, f"scenario {scenario}")
    hand_over(work, place, list(years), record)


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
        write_dispatch(data, part, place / name / DISPATCH)


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
        rings = [ring_file(place, step.iteration) for step in trace]
    collect_scenario(
        dispatch=place / DISPATCH,
        rings=rings,
        record=record if coupled else None,
        kept_record=kept_record,
        **told,
    )
