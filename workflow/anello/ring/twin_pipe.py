"""Heat that two buried pipes lose to the ground, and to each other: Wallentén (1991).

P. Wallentén, "Steady-state heat loss from insulated pipes", Lund Institute of Technology, report
TVBH-3017: the symmetrical and the antisymmetrical problem. Two pipes in soil are line sources
(order zero); two in one casing, which lie closer, have the multipoles of order one.
"""

from __future__ import annotations

import math

from anello.ring.two_pipe_config import BranchConfig


def pair_w_per_mk(branch: BranchConfig) -> tuple[float, float]:
    """Return what a pair of pipes loses to the ground, and what goes from one to the other.

    Each pipe gives U·(T − T_ground) + X·(T − T_other) per metre. With the symmetrical and the
    antisymmetrical conductance 2π·λ·h_s and 2π·λ·h_a, U = 2π·λ·h_s and X = 2π·λ·(h_a − h_s)/2.
    Two pipes (λ: soil; half distance D, depth H, casing r_o, pipe r_i; β = λ/λ_i·ln(r_o/r_i)):

        1/h_s = ln(2H/r_o) + β + ln√(1 + (H/D)²),  1/h_a = ln(2H/r_o) + β − ln√(1 + (H/D)²)

    Two pipes in one casing (λ of the insulation, σ = (λ_i − λ_g)/(λ_i + λ_g)):

        1/h_s = 2·λ_i/λ_g·ln(2H/r_o) + ln(r_o²/(2·D·r_i)) + σ·ln(r_o⁴/(r_o⁴ − D⁴)) − …
        1/h_a = ln(2D/r_i) + σ·ln((r_o² + D²)/(r_o² − D²)) − …

    with the terms of order one that stand in `_casing`.

    Parameters
    ----------
    branch : BranchConfig
        The branch; its `heat_loss_w_per_mk` and `exchange_w_per_mk` come first.

    Returns
    -------
    ground, exchange : float
        U and X [W/(m·K)].
    """
    if branch.heat_loss_w_per_mk is not None:
        return branch.heat_loss_w_per_mk, branch.exchange_w_per_mk or 0.0
    bare = branch.inner_diameter_m / 2.0 + branch.wall_thickness_m
    half, depth, soil = branch.axes_m / 2.0, branch.burial_depth_m, branch.soil_w_per_mk
    inside = branch.insulation_w_per_mk
    casing = branch.casing_m / 2.0
    if branch.gap_m is None:
        around = math.log(2.0 * depth / casing) + soil / inside * math.log(casing / bare)
        between = 0.5 * math.log(1.0 + (depth / half) ** 2)
        conductance, symmetric, opposed = soil, around + between, around - between
    else:
        symmetric, opposed = _casing(half, bare, casing, depth, inside, soil)
        conductance = inside
    to_ground = 2.0 * math.pi * conductance / symmetric
    return to_ground, (2.0 * math.pi * conductance / opposed - to_ground) / 2.0


def _casing(
    half: float, bare: float, casing: float, depth: float, inside: float, soil: float
) -> tuple[float, float]:
    """Return 1/h_s and 1/h_a of two pipes in one casing, to order one."""
    sigma = (inside - soil) / (inside + soil)
    gamma = 2.0 * (1.0 - sigma**2) / (1.0 - sigma * (casing / (2.0 * depth)) ** 2)
    ratio, room = bare / (2.0 * half), casing**4 - half**4
    symmetric = (
        2.0 * inside / soil * math.log(2.0 * depth / casing)
        + math.log(casing**2 / (2.0 * half * bare))
        + sigma * math.log(casing**4 / room)
    )
    symmetric -= (ratio - sigma * 2.0 * bare * half**3 / room) ** 2 / (
        1.0 + ratio**2 + sigma * (2.0 * bare * casing**2 * half / room) ** 2
    )
    opposed = math.log(2.0 * half / bare) + sigma * math.log(
        (casing**2 + half**2) / (casing**2 - half**2)
    )
    pull = ratio - gamma * half * bare / (4.0 * depth**2)
    pull += 2.0 * sigma * bare * casing**2 * half / room
    hold = 1.0 - ratio**2 - gamma * bare / (2.0 * depth)
    hold += 2.0 * sigma * bare**2 * casing**2 * (casing**4 + half**4) / room**2
    opposed -= pull**2 / hold + gamma * (half / (2.0 * depth)) ** 2
    return symmetric, opposed
