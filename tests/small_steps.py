"""One step of a search by hand, to see what a small one keeps of its promise."""

from __future__ import annotations

from anello.coupling.iteration import start_cop, with_cop
from anello.coupling.slp import judge_iteration
from ring_districts import coupled

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


def searched(seed, waves=None, steps=2, **options):
    """A district and its incumbent after some iterations, on its way to the optimum."""
    coupling = {} if waves is None else {"slp": {"loop_waves": waves}}
    district = coupled(seed, coupling, **options)
    about = with_cop(
        district.ring, district.heat_pumps, start_cop(district.data, district.heat_pumps)
    )
    done = None
    for number in range(steps):
        done, _, about = step(district, about, number)
    return district, done, about
