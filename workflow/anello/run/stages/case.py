"""The step `case`: one computation of a study, whose failure is a result too."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anello.base.files import FilePath
from anello.errors import InputError, SweepError
from anello.run.scenario_config import ScenarioConfig
from anello.run.stages.point import run_point
from anello.run.stages.scenario import Begin
from anello.run.studies.cases import Case
from anello.run.studies.front import cap_value, with_cap
from anello.run.sweep.record import PointRecord

logger = logging.getLogger(__name__)


def run_case(
    case: Case,
    settings: Mapping[str, Any],
    record: FilePath,
    *,
    run: str,
    fingerprint: str,
    start: FilePath | None = None,
    ends: Sequence[FilePath] = (),
    model_folder: FilePath | None = None,
) -> PointRecord:
    """Run a case of a study from its data to its results, and record what became of it.

    Parameters
    ----------
    case : Case
        What it changes.
    settings : mapping
        The settings of the case as plain values, but for its cap.
    record : path-like
        Where its record goes; everything else goes beside it.
    run : str
        What the run is called.
    fingerprint : str
        Stands for all that the results depend on.
    start : path-like, optional
        Record of the case that it starts from.
    ends : sequence of path-like
        Records of the cheapest and, where it was searched for, of the least, which tell its cap.
    model_folder : path-like, optional
        Where the model is in place already.

    Returns
    -------
    PointRecord
        Also where the case failed for a reason that lies in it, or in an end that its cap comes
        from. Faults of the program and of the machine are raised.
    """
    values = dict(case.values)
    if case.cap is not None:
        try:
            value = cap_value(case.cap, [PointRecord.read(path) for path in ends])
        except (InputError, SweepError) as failure:
            logger.exception("case %s has no cap", case.name)
            text = f"{type(failure).__name__}: {failure}"
            outcome = PointRecord(case.name, case.scenario, values, fingerprint, None, text)
            outcome.write(record)
            return outcome
        logger.info("%s is capped at %.10g", case.cap.cost_class, value)
        settings = with_cap(settings, case.cap.cost_class, value)
        values["cap"] = value
        fingerprint = hashlib.sha256(f"{fingerprint} {value!r}".encode()).hexdigest()
    return run_point(
        ScenarioConfig.model_validate(settings),
        record,
        run=run,
        point=case.name,
        scenario=case.scenario,
        values=values,
        fingerprint=fingerprint,
        model_folder=model_folder,
        begin=None if start is None else Begin(Path(start).parent, case.like),
    )
