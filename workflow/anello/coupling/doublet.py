"""Wells that tire in the programme: plain numbers for their rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.optimise.formulation.ring_rows import DoubletRows
from anello.ring.config import RingConfig
from anello.ring.devices import ways_of
from anello.ring.doublet import compile_doublet

Floats = NDArray[np.float64]


def doublet_rows(config: RingConfig, step_h: Floats) -> DoubletRows | None:
    """Put a doublet into plain numbers for the formulation.

    None where wells do not tire, or nothing breaks through in the time that the programme sees.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    """
    doublet = None if config.plant is None else compile_doublet(config.plant.wells, step_h)
    if doublet is None or not doublet.is_felt:
        return None
    ways = ways_of("wells")
    return DoubletRows(
        ways=tuple(name for name, _ in ways),
        signs=tuple(sign for _, sign in ways),
        flow_kw_per_k=doublet.flow_kw_per_k,
        block_of=doublet.block_of,
        block_h=doublet.block_h,
        weight=doublet.weight,
    )
