"""Where a scenario may begin: the basis, and for an SLP the ring, of another that was solved."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from anello.coupling.exchange_file import read_linearisation, write_cop
from anello.model.data import ModelData

if TYPE_CHECKING:
    from anello.run.scenario_config import ScenarioConfig

logger = logging.getLogger(__name__)

BASIS, COP = "basis.npz", "cop.nc"


def prepare_start(
    other: Path, folder: Path, settings: ScenarioConfig, model_data: Path, *, like: bool
) -> Path | None:
    """Write what a scenario's first programme starts from, in the files of an iteration.

    Parameters
    ----------
    other : Path
        Folder of the scenario that was solved.
    folder : Path
        Where the files go.
    settings : ScenarioConfig
        The settings of the scenario that is to start.
    model_data : Path
        Its model.
    like : bool
        Whether the two programmes differ in numbers only. The search of an SLP then begins about
        the incumbent of the other, in place of a given COP.

    Returns
    -------
    Path or None
        `folder`; None, which is logged, where the other left no solution.

    Raises
    ------
    ArtefactError
        If a file of the other is damaged.
    """
    # The rings of a fixed point are no incumbents: only the basis is taken from them.
    ring = like and settings.coupling.method == "slp"
    wanted = (BASIS, COP) if ring else (BASIS,)
    solved = [
        step
        for step in sorted((other / "iterations").glob("[0-9][0-9][0-9]"))
        if all((step / name).is_file() for name in wanted)
    ]
    if not solved:
        logger.warning("%s has no solution to start from; starting from scratch", other)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(solved[-1] / BASIS, folder / BASIS)
    (folder / COP).unlink(missing_ok=True)
    if ring:
        about = read_linearisation(solved[-1] / COP)
        begin = about.as_start(settings.coupling.slp.trust_region_k)
        times = ModelData.load(model_data).inputs["timestep"].values
        write_cop(folder / COP, dict(zip(begin.nodes, begin.cop, strict=True)), times, begin)
    logger.info("starts from %s", solved[-1])
    return folder
