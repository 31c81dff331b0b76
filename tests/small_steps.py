"""One step of a search by hand, to see what a small one keeps of its promise."""

from __future__ import annotations

from anello.coupling.slp import judge_iteration

SMALL_K = 1e-3


def step(district, about, number):
    """One iteration: the verdict and the next incumbent."""
    done = district.iterate(number, about)
    verdict, incumbent = judge_iteration(
        district.coupling,
        district.ring,
        district.rows,
        about,
        done.dispatch,
        done.flows,
        done.ring,
        done.cost,
        number,
    )
    return done, verdict, incumbent
