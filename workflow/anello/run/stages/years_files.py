"""The files of a search over several years, from which one that was killed goes on."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from anello.base.files import write_text
from anello.coupling.exchange_file import read_linearisation, write_cop
from anello.coupling.prices import bound_rows
from anello.coupling.record import ConvergenceRecord, read_state
from anello.coupling.years_district import Interrupted, YearsIteration
from anello.errors import ArtefactError
from anello.optimise.results.extraction import extract
from anello.optimise.results.netcdf import write_netcdf
from anello.optimise.solve.basis import NO_BASIS, Basis
from anello.run.stages.simulate import ring_content

if TYPE_CHECKING:
    from anello.model.data import ModelData
    from anello.optimise.solve.solution import Solution
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)

RECORD, DISPATCH, FINGERPRINT = "convergence.json", "dispatch.nc", "fingerprint"


def ring_file(folder: Path, number: int) -> Path:
    """Return where the ring of a year's iteration lies."""
    return folder / f"ring_{number:03d}.nc"


def _cop_file(folder: Path, number: int) -> Path:
    return folder / f"cop_{number:03d}.nc"


def _dispatch_file(folder: Path, number: int) -> Path:
    return folder / f"dispatch_{number:03d}.nc"


def _basis_file(folder: Path, number: int) -> Path:
    return folder / f"basis_{number:03d}.npz"


def write_dispatch(data: ModelData, solution: Solution, path: Path) -> None:
    """Write a year's dispatch in full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    duals = bound_rows(solution.problem)
    write_netcdf(extract(data, solution, duals=duals, of_sizes=True), path)


def leave_iteration(
    folder: Path, one: YearsIteration, years: Mapping[str, ModelData], ring: RingConfig
) -> None:
    """Write an iteration; the record of all years last, which says that the rest is there.

    Parameters
    ----------
    folder : Path
        Where it goes.
    one : YearsIteration
        The iteration.
    years : mapping of str to ModelData
        The model of each year.
    ring : RingConfig
        The ring's settings.
    """
    accepted = bool(one.record.trace[-1].accepted)
    for name, done in one.done.items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        content = ring_content(years[name], done.dispatch, ring, done.ring, done.cost, done.state)
        write_netcdf(content, ring_file(place, one.number))
        about = one.incumbents[name]
        cop = dict(zip(about.nodes, about.cop, strict=True))
        write_cop(_cop_file(place, one.number), cop, done.ring.times, about)
        if accepted:
            write_dispatch(years[name], one.solutions[name], _dispatch_file(place, one.number))
        one.records[name].write(place / RECORD)
    (one.basis or NO_BASIS).save(_basis_file(folder, one.number))
    one.record.write(folder / RECORD)
    keep = one.record.best.iteration
    for name in one.done:
        for path in (folder / name).glob("dispatch_*.nc"):
            if path != _dispatch_file(folder / name, keep):
                path.unlink()
        _cop_file(folder / name, one.number - 1).unlink(missing_ok=True)
    _basis_file(folder, one.number - 1).unlink(missing_ok=True)


def taken_up(folder: Path, years: Sequence[str], fingerprint: str) -> Interrupted | None:
    """Return where a search was broken off; None where it has to begin anew.

    Parameters
    ----------
    folder : Path
        Where its iterations lie. What belongs to another search is removed.
    years : sequence of str
        Names of the years.
    fingerprint : str
        Stands for all that the search depends on.
    """
    mark = folder / FINGERPRINT
    same = mark.is_file() and mark.read_text(encoding="utf-8") == fingerprint
    if same and (folder / RECORD).is_file():
        try:
            found = _read(folder, years)
        except ArtefactError as damage:
            logger.warning("the search begins anew: %s", damage)
        else:
            logger.info("the search goes on after iteration %d", len(found.record.trace) - 1)
            return found
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_text(mark, fingerprint)
    return None


def _read(folder: Path, years: Sequence[str]) -> Interrupted:
    record = ConvergenceRecord.read(folder / RECORD)
    count = len(record.trace)
    last, best = count - 1, record.best.iteration
    basis = Basis.load(_basis_file(folder, last))
    for name in years:
        needed = [ring_file(folder / name, n) for n in range(count)]
        for path in (*needed, _dispatch_file(folder / name, best)):
            if not path.is_file():
                raise ArtefactError(f"{path} is missing")
    records = {name: ConvergenceRecord.read(folder / name / RECORD) for name in years}
    return Interrupted(
        incumbents={name: read_linearisation(_cop_file(folder / name, last)) for name in years},
        record=record,
        # A year's record may be one iteration ahead of that of all.
        records={name: replace(one, trace=one.trace[:count]) for name, one in records.items()},
        basis=basis.or_none(),
        states={name: read_state(ring_file(folder / name, last)) for name in years},
    )


def hand_over(working: Path, folder: Path, years: Sequence[str], record: ConvergenceRecord) -> None:
    """Move what was found to where it stays.

    Parameters
    ----------
    working, folder : Path
        From where, and to where.
    years : sequence of str
        Names of the years.
    record : ConvergenceRecord
        The record of all years.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in years:
        place = folder / name
        place.mkdir(exist_ok=True)
        for step in record.trace:
            shutil.copyfile(
                ring_file(working / name, step.iteration), ring_file(place, step.iteration)
            )
        best = _dispatch_file(working / name, record.result_iteration)
        shutil.copyfile(best, place / DISPATCH)
        shutil.copyfile(working / name / RECORD, place / RECORD)
    shutil.rmtree(working)


__all__ = [
    "DISPATCH",
    "RECORD",
    "hand_over",
    "leave_iteration",
    "ring_file",
    "taken_up",
    "write_dispatch",
]
