"""How fast water runs in a loop whose flow is fixed, and how long its pipes are in all."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi

from anello.base.plausible import Remark
from anello.ring.loop_config import FixedFlow, LoopConfig
from anello.ring.two_pipe_config import TwoPipeConfig

POSSIBLE_M_S = 10.0
"""No pump drives water through pipes in the ground faster."""
USUAL_M_S = 3.0
"""Above it pipes are loud and wear, and pumps take more than they are worth."""
SHORT_M = 20.0
"""A ring or network of less pipe serves no two buildings."""


def fastest_m_s(loop: LoopConfig, density_kg_per_m3: float) -> float | None:
    """Return how fast a fixed flow runs in the narrowest segment [m/s]; None for other flows."""
    if not isinstance(loop.flow, FixedFlow):
        return None
    narrow_m = min(pipe.inner_diameter_m for pipe in loop.segments)
    return abs(loop.flow.kg_s) / (density_kg_per_m3 * pi / 4.0 * narrow_m**2)


def too_fast(loop: LoopConfig, density_kg_per_m3: float) -> str | None:
    """Return what is wrong with a fixed flow that no pump could drive; None where nothing is."""
    speed = fastest_m_s(loop, density_kg_per_m3)
    if speed is None or speed <= POSSIBLE_M_S:
        return None
    return (
        f"loop.flow.kg_s: water would run at {speed:.3g} m/s in the narrowest segment, where "
        f"{USUAL_M_S:g} m/s are much; lower the flow, or mend `inner_diameter_m` (in m)"
    )


def loop_remarks(loop: LoopConfig, density_kg_per_m3: float) -> Iterator[Remark]:
    """Yield what is unusual of a loop as a whole."""
    speed = fastest_m_s(loop, density_kg_per_m3)
    if speed is not None and isinstance(loop.flow, FixedFlow) and speed > USUAL_M_S:
        text = f"water runs at {speed:.3g} m/s in the narrowest segment; usual is up to 3 m/s"
        yield Remark(("flow", "kg_s"), loop.flow.kg_s, text)
    yield from _short("segments", sum(pipe.length_m for pipe in loop.segments))


def network_remarks(network: TwoPipeConfig) -> Iterator[Remark]:
    """Yield what is unusual of a two-pipe network as a whole."""
    yield from _short("branches", sum(branch.length_m for branch in network.branches))


def _short(key: str, length_m: float) -> Iterator[Remark]:
    if length_m < SHORT_M:
        text = f"all together are {length_m:.3g} m long; lengths are in m: 1.2 km are 1200"
        yield Remark((key,), length_m, text)
