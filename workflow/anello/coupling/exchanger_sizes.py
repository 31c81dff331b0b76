"""Exchangers for free cooling whose sizes are found: what another one adds to a heat pump's output.

Heat pump and exchanger have one COP, which follows the exchanger's size s (`anello.ring.
free_cooling`). With the electricity of the incumbent, whose size is s̄, an exchanger of size s adds
``q̄·(1 − COP(s̄)/COP(s))`` to the output q̄: what is saved of its electricity, times COP(s̄). That is
exact at the incumbent's output and temperatures. A size of a list has this number. One between two
is weighed from points about the incumbent's (`POINTS`): each further kW/K saves less than the one
before, which a single tangent would not tell, so that sizes would swing about the best. As the
trust region shrinks, so do the distances of the points, to a tangent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.coupling.incumbent import Linearisation
from anello.coupling.plant_sizes import HARDLY_OPEN, share_in_reach
from anello.optimise.formulation.ring_rows import (
    OUTPUT_BY_SIZE,
    POINT_AWAY,
    POINTS,
    SIZE_PER_REACH,
    RingRows,
    pair,
)
from anello.ring.config import RingConfig
from anello.ring.cop import compile_heat_pump

Floats = NDArray[np.float64]


def exchangers_by_size(
    config: RingConfig,
    rows: RingRows,
    about: Linearisation,
    values: dict[str, dict[str, Floats]],
    row_bounds: dict[str, tuple[Floats, Floats]],
) -> None:
    """Let heat pumps' outputs follow the sizes of their exchangers.

    Parameters
    ----------
    config : RingConfig
        The ring as described, with its sizes open.
    rows : RingRows
        The ring's numbers in the formulation.
    about : Linearisation
        The incumbent; before the first simulation no size changes anything.
    values : dict
        Numbers of the next programme, by parameter and label; those of the exchangers are added.
    row_bounds : dict
        Lower and upper bounds of its rows, by name; those of the exchangers are added.
    """
    if not np.isfinite(about.trust_region_k) or not about.plant_sizes:
        return
    points = _points(rows, about, values, row_bounds)
    outputs: dict[str, Floats] = {}
    for k, part in enumerate(rows.free_cooling):
        if not part:
            continue
        limits, pump = rows.sizes[part], _Pump(config, about, k)
        listed = dict(zip(limits.choices, limits.one_of, strict=True))
        for name, size in (points.get(part) or listed).items():
            label = pair(about.nodes[k], name)
            outputs[label] = pump.more_kwh(about.plant_sizes[part], size)
    values[OUTPUT_BY_SIZE] = outputs


def _points(
    rows: RingRows,
    about: Linearisation,
    values: dict[str, dict[str, Floats]],
    row_bounds: dict[str, tuple[Floats, Floats]],
) -> dict[str, dict[str, float]]:
    """Put the points about the incumbent's sizes, and return them, by part and name [-]."""
    share = share_in_reach(about.trust_region_k)
    points: dict[str, dict[str, float]] = {}
    per_reach: dict[str, Floats] = {}
    away: dict[str, Floats] = {}
    now = []
    for part in rows.weighed:
        limits, size = rows.sizes[part], about.plant_sizes[part]
        reach = max((limits.most - limits.least) * share, HARDLY_OPEN)
        points[part] = {name: max(size + one * reach, 0.0) for name, one in POINTS.items()}
        for name, one in points[part].items():
            away[pair(part, name)] = np.array((one - size) / reach)
        per_reach[part] = np.array(1.0 / reach)
        now.append(-size / reach)
    if points:
        values |= {POINT_AWAY: away, SIZE_PER_REACH: per_reach}
        row_bounds["ring_size_between"] = (np.array(now), np.array(now))
    return points


@dataclass(frozen=True)
class _Pump:
    """A heat pump at the incumbent, with an exchanger of any size."""

    config: RingConfig
    about: Linearisation
    row: int

    def cop(self, size: float) -> Floats:
        """Return the COP with an exchanger of a size, shape (T,) [-]."""
        settings = self.config.heat_pump(self.about.nodes[self.row])
        assert settings is not None
        assert settings.free_cooling is not None
        changed = {"free_cooling": settings.free_cooling.of_size(size)}
        pump = compile_heat_pump(settings.model_copy(update=changed))
        return pump.evaluate(self.about.source_degc[self.row], self.about.use_degc[self.row]).cop

    def more_kwh(self, size: float, other: float) -> Floats:
        """Return what another size adds to the output at the same electricity, shape (T,) [kWh]."""
        more: Floats = self.about.output_kwh[self.row] * (1.0 - self.cop(size) / self.cop(other))
        return more
