"""The step `build`: the dispatch problem of a scenario, compiled once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anello.base.files import FilePath
from anello.coupling.iteration import rows_of
from anello.errors import InputError, Problem
from anello.model.data import ModelData
from anello.optimise.formulation import formulate
from anello.optimise.solve.compile import compile_problem

if TYPE_CHECKING:
    from anello.coupling.config import CouplingConfig
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)


def build_problem(
    model_data: FilePath,
    problem: FilePath,
    ring_settings: RingConfig,
    coupling: CouplingConfig,
) -> None:
    """Formulate a model's dispatch and write the compiled problem.

    Parameters
    ----------
    model_data : path-like
        The model, as `ModelData.save` writes it.
    problem : path-like
        Where the compiled problem goes.
    ring_settings, coupling : RingConfig, CouplingConfig
        The ring, and whether the problem sees it.

    Raises
    ------
    ArtefactError
        If the model data cannot be read.
    InputError
        If the model asks for something that cannot be formulated, or to be operated only.
    """
    data = ModelData.load(model_data)
    if data.config["run"].get("mode") == "operate":
        raise InputError(
            Problem(
                "the workflow plans first, and operates what was planned",
                key="run.mode",
                value="operate",
                suggestion="Set `run.mode: plan` in the model and `coupling.operation:"
                " {window_hours: 24, horizon_hours: 48}` in the configuration",
            )
        )
    compiled = compile_problem(formulate(data, rows_of(ring_settings, coupling, data)))
    compiled.save(problem)
    logger.info("%d rows, %d columns", compiled.n_rows, compiled.n_columns)
