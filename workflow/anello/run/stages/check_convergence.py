"""The step `check_convergence`: whether the ring has settled."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anello.base.files import FilePath
from anello.coupling.convergence import check_fixed_point, check_slp
from anello.coupling.record import ConvergenceRecord, read_state

if TYPE_CHECKING:
    from anello.coupling.config import CouplingConfig
    from anello.ring.config import RingConfig

logger = logging.getLogger(__name__)


def check_iteration(
    *,
    ring: FilePath,
    record: FilePath,
    coupling: CouplingConfig,
    ring_settings: RingConfig,
    previous_ring: FilePath | None = None,
    previous_record: FilePath | None = None,
) -> bool:
    """Compare an iteration's ring with the one before, and write the record up to here.

    Parameters
    ----------
    ring : path-like
        This iteration's simulated ring.
    record : path-like
        Where the record goes.
    coupling, ring_settings : CouplingConfig, RingConfig
        The stopping rule, and the ring's mode, which may bring its own.
    previous_ring, previous_record : path-like, optional
        Those of the iteration before; None in the first.

    Returns
    -------
    bool
        Whether the loop has converged.

    Raises
    ------
    ArtefactError
        If a file cannot be read.
    """
    current = read_state(ring)
    before = read_state(previous_ring) if previous_ring is not None else None
    so_far = ConvergenceRecord.read(previous_record) if previous_record is not None else None
    if coupling.method == "slp":
        trace = check_slp(coupling, current, before, so_far)
    else:
        trace = check_fixed_point(coupling, ring_settings.active_oddities, current, before, so_far)
    trace.write(record)
    last = trace.trace[-1]
    logger.info(
        "iteration %d: max |ΔT| %s K, simulated cost %.2f, %s",
        last.iteration,
        "–" if last.max_delta_t_k is None else f"{last.max_delta_t_k:.4g}",
        last.j_sim_eur,
        "converged" if trace.converged else "not yet converged",
    )
    return trace.converged
