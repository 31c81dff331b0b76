"""All steps of a scenario in one process, with the files that the single steps would leave."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anello.base.files import FilePath, write_text
from anello.coupling.record import ConvergenceRecord
from anello.run.iterations import remembered
from anello.run.preprocess.config import FolderData
from anello.run.seals import is_sealed, seal
from anello.run.stages.build import build_problem
from anello.run.stages.check_convergence import check_iteration
from anello.run.stages.collect import collect_scenario
from anello.run.stages.preprocess import preprocess_scenario, retrieve_model
from anello.run.stages.simulate import simulate_iteration
from anello.run.stages.solve import solve_iteration
from anello.run.stages.warm_start import BASIS, COP, prepare_start

if TYPE_CHECKING:
    from anello.run.scenario_config import ScenarioConfig

logger = logging.getLogger(__name__)

FINGERPRINT = "fingerprint"
RESULTS = ("results.nc", "summary.json")


@dataclass(frozen=True)
class Begin:
    """What a scenario starts from.

    Attributes
    ----------
    folder : Path
        Folder of a scenario that was solved.
    like : bool
        Whether its programme differs in numbers only.
    """

    folder: Path
    like: bool


def run_scenario(
    settings: ScenarioConfig,
    folder: FilePath,
    *,
    run: str,
    name: str,
    model_folder: FilePath | None = None,
    fingerprint: str = "",
    begin: Begin | None = None,
) -> None:
    """Run a scenario from its data to its results.

    Iterations that are there already, and intact, are kept if they were computed about the same: a
    job that was killed goes on where it was.

    Parameters
    ----------
    settings : ScenarioConfig
        What to run.
    folder : path-like
        Where everything goes: ``results.nc``, ``summary.json``, ``iterations``, ``logs``. Tables
        and plots, which ``results.nc`` has the numbers for, are not made.
    run, name : str
        What run and scenario are called in the results.
    model_folder : path-like, optional
        Where the model is in place already. By default it is put in place here, unless it is a
        folder of the user's own.
    fingerprint : str
        Stands for all that the results depend on. What lies in the folder under another one is
        removed first.
    begin : Begin, optional
        Another scenario that the first iteration starts from; from scratch by default.

    Raises
    ------
    AnelloError
        As the steps do; what was finished stays, and nothing that looks like results.
    """
    place = Path(folder)
    _clear(place, fingerprint)
    data, coupling = settings.data, settings.coupling
    model = Path(model_folder) if model_folder is not None else place / "model"
    model_data = place / "model_data.nc"
    quality = place / "quality.json"
    problem = place / "problem.npz"

    def read_model() -> None:
        if model_folder is None and not isinstance(data, FolderData):
            retrieve_model(data, model)
        preprocess_scenario(
            data=data,
            quality=settings.quality,
            folder=model,
            model_scenario=settings.model_scenario,
            overrides=settings.overrides,
            model_data=model_data,
            report_json=quality,
            report_csv=place / "quality.csv",
            kept_report=place / "logs" / "quality.json",
        )

    _unless_there(read_model, quality, model_data)
    _unless_there(lambda: build_problem(model_data, problem, settings.ring, coupling), problem)

    start = None
    if begin is not None:
        start = prepare_start(begin.folder, place / "start", settings, model_data, like=begin.like)
    chosen, rings, record = _iterate(settings, place / "iterations", model_data, problem, start)
    collect_scenario(
        model_data=model_data,
        quality=quality,
        dispatch=chosen / "dispatch.nc",
        rings=rings,
        record=record,
        settings=settings.model_dump(mode="json"),
        run=run,
        scenario=name,
        results=place / "results.nc",
        summary=place / "summary.json",
        kept_record=place / "logs" / "convergence.json",
    )
    for final in RESULTS:
        seal(place / final)


def _iterate(
    settings: ScenarioConfig,
    folder: Path,
    model_data: Path,
    problem: Path,
    start: Path | None = None,
) -> tuple[Path, list[Path], Path | None]:
    """Iterate to the end; return the folder of the result, all rings, and the last record."""
    limit = settings.coupling.max_iterations if settings.coupling.coupled else 1
    steps = [folder / f"{number:03d}" for number in range(limit)]
    if not settings.coupling.coupled:
        _solve(settings, steps[0], start, model_data, problem)
        return steps[0], [], None
    for number in range(len(steps)):
        done = steps[: number + 1]
        _run_iteration(settings, done, model_data, problem, start)
        judged = ConvergenceRecord.read(done[-1] / "convergence.json")
        if judged.converged or judged.stalled:  # the limit is today's, not the record's
            break
    record = done[-1] / "convergence.json"
    chosen = steps[ConvergenceRecord.read(record).result_iteration]
    return chosen, [step / "ring.nc" for step in done], record


def _solve(
    settings: ScenarioConfig, step: Path, before: Path | None, model_data: Path, problem: Path
) -> None:
    """Solve the dispatch of an iteration, unless that was done."""
    _unless_there(
        lambda: solve_iteration(
            model_data=model_data,
            problem=problem,
            settings=settings.solver,
            dispatch=step / "dispatch.nc",
            basis=step / "basis.npz",
            report=step / "solve.json",
            solver_log=step / "solver.log",
            ring_settings=settings.ring,
            coupling=settings.coupling,
            cop=_handed(before),
            previous_basis=before / BASIS if before else None,
        ),
        step / "dispatch.nc",
        step / "basis.npz",
        step / "solve.json",
    )


def _handed(before: Path | None) -> Path | None:
    """Return what an iteration is computed about; a start from a basis alone hands over none."""
    return before / COP if before is not None and (before / COP).is_file() else None


def _run_iteration(
    settings: ScenarioConfig,
    steps: Sequence[Path],
    model_data: Path,
    problem: Path,
    start: Path | None,
) -> None:
    """Run the last of some iterations; the earlier ones are there."""
    *earlier, step = steps
    before = earlier[-1] if earlier else None
    depth = settings.coupling.fixed_point.anderson_depth
    cop_used = _handed(before or start)
    _solve(settings, step, before or start, model_data, problem)
    _unless_there(
        lambda: simulate_iteration(
            model_data=model_data,
            dispatch=step / "dispatch.nc",
            ring=step / "ring.nc",
            cop=step / "cop.nc",
            ring_settings=settings.ring,
            coupling=settings.coupling,
            cop_used=cop_used,
            first_ring=earlier[0] / "ring.nc" if earlier else None,
            earlier_rings=[earlier[k] / "ring.nc" for k in remembered(len(earlier), depth)],
            iteration=len(earlier),
        ),
        step / "ring.nc",
        step / "cop.nc",
    )
    check_iteration(
        ring=step / "ring.nc",
        record=step / "convergence.json",
        coupling=settings.coupling,
        ring_settings=settings.ring,
        previous_ring=before / "ring.nc" if before else None,
        previous_record=before / "convergence.json" if before else None,
    )


def _unless_there(work: Callable[[], object], *made: Path) -> None:
    """Do what makes some files, unless they are there and intact."""
    if all(is_sealed(path) for path in made):
        return
    work()
    for path in made:
        seal(path)


def _clear(folder: Path, fingerprint: str) -> None:
    """Remove results; and everything else too where it was computed about something else."""
    mark = folder / FINGERPRINT
    same = fingerprint and mark.is_file() and mark.read_text(encoding="utf-8") == fingerprint
    if same:
        for name in RESULTS:
            (folder / name).unlink(missing_ok=True)
        return
    if folder.exists():
        logger.info("%s is computed anew", folder)
        for item in folder.iterdir():
            if item.name != "logs":  # the log of this very step lies there
                shutil.rmtree(item) if item.is_dir() else item.unlink()
    write_text(mark, fingerprint)
