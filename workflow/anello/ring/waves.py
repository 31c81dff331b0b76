"""A loop's temperature as its mean and a few waves along the water.

Seen from the water, parcels neither mix nor move: a Fourier wave of their temperatures keeps its
shape, loses heat at one rate, and grows by the heat of each substation as far as the stretch that
passes there resembles it. Taken together the waves are the simulation itself; the first few are
what a linear programme needs to know where on the loop the water is warm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anello.ring.loop_run import LoopPlan, Run
from anello.ring.loop_tree_run import TreeRun

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Waves:
    """How K wave amplitudes follow from heat, and temperatures from amplitudes.

    Cosine and sine of each wave number are two amplitudes; those at a step's end are
    ``a_t = keep_t·a_{t−1} + Σ_s heat_t,s·Q_t,s``, and water is warmer than the loop's mean by
    ``Σ_k reading_t,k·a_{t−1,k}``.

    Attributes
    ----------
    keep : ndarray, shape (K, T)
        What is left of an amplitude after a step [-].
    heat : ndarray, shape (K, N, T)
        Amplitude at the step's end by heat at each substation in the step [K/kW].
    reading : ndarray, shape (N, K, T)
        Temperature of the water that arrives at each substation in a step, by amplitude at the
        step's start [K/K].
    """

    keep: Floats
    heat: Floats
    reading: Floats

    def amplitudes(self, heat_kw: Floats) -> Floats:
        """Return the amplitudes under given heat.

        Parameters
        ----------
        heat_kw : ndarray, shape (N, T)
            Heat into the loop at each substation [kW].

        Returns
        -------
        ndarray, shape (K, T + 1)
            Amplitudes at the start of each step, and at the end [K].
        """
        grown = np.einsum("knt,nt->tk", self.heat, heat_kw)
        keep = np.ascontiguousarray(self.keep.T)
        found = np.zeros((keep.shape[0] + 1, keep.shape[1]))
        for step in range(keep.shape[0]):
            found[step + 1] = keep[step] * found[step] + grown[step]
        return found.T


def waves(plan: LoopPlan, count: int) -> Waves:
    """Return the first waves along a loop.

    Parameters
    ----------
    plan : LoopPlan
        Where water goes and heat spreads, step by step.
    count : int
        How many wave numbers, from one on; at most half the parcels.

    Returns
    -------
    Waves
        K = 2·`count` amplitudes; none of a loop with branches, whose water mixes.

    Notes
    -----
    With as many waves as half the parcels and even losses this is :func:`simulate_loop` exactly.
    Losses and ground temperatures that differ along the loop act with their mean.
    """
    run, steps = plan.run, plan.flow_kg_s.size
    if isinstance(run, TreeRun):
        places = plan.place_flow.size
        return Waves(
            np.zeros((0, steps)), np.zeros((0, places, steps)), np.zeros((places, 0, steps))
        )
    parcels = run.parcels
    angle = 2.0 * np.pi * np.arange(1, count + 1) / parcels
    keep, heat = _growth(run, angle, steps)
    # A real wave of amplitude A has two halves in the transform, but the shortest has one.
    heat *= np.where(np.isclose(angle, np.pi), 1.0, 2.0)[:, None, None] / parcels
    reading = _readings(run, angle, steps)
    return Waves(
        keep=np.repeat(keep, 2, axis=0),
        heat=_pairs(heat, 0),
        reading=_pairs(reading.conj(), 1),
    )


@dataclass(frozen=True)
class Displaced:
    """What waves and water are, to first order, if the water is further than it was.

    How much further it is at the end of a step acts on the step, where some of it has passed by
    then, and on the next one from its start.

    Attributes
    ----------
    wave_by_start, wave_by_end : ndarray, shape (K, T)
        Amplitude at a step's end by how much further the water is at its start, and at its end
        [K/parcel].
    water_by_start, water_by_end : ndarray, shape (N, T)
        The same of the water that arrives at each substation, with what the step's own heat does to
        it, beyond what the amplitudes say [K/parcel].
    """

    wave_by_start: Floats
    wave_by_end: Floats
    water_by_start: Floats
    water_by_end: Floats


NUDGE = 1e-4
"""How much further the water is, where its effect is found by difference [parcels]."""


def displaced(plan: LoopPlan, now: Waves, heat_kw: Floats) -> Displaced:
    """Return what waves and water are if the water is further than in a simulation.

    Parameters
    ----------
    plan : LoopPlan
        Where water goes and heat spreads, step by step.
    now : Waves
        Its waves.
    heat_kw : ndarray, shape (N, T)
        Heat into the loop at each substation [kW].

    Notes
    -----
    To be further at all times, heat and readings alike, changes nothing: what is warmed elsewhere
    on the water is read elsewhere too.
    """
    run, count = plan.run, now.keep.shape[0] // 2
    if not isinstance(run, Run):
        none, places = np.zeros((0, heat_kw.shape[1])), np.zeros_like(heat_kw)
        return Displaced(none, none, places, places)
    before = now.amplitudes(heat_kw)[:, :-1]
    waves_by, water_by = [], []
    for further, longer in ((NUDGE, 0.0), (0.0, NUDGE)):
        moved = run.displaced(further, longer)
        other = waves(replace(plan, run=moved), count)
        waves_by.append(np.einsum("knt,nt->kt", other.heat - now.heat, heat_kw) / NUDGE)
        water_by.append(np.einsum("nkt,kt->nt", other.reading - now.reading, before) / NUDGE)
        water_by[-1] += (moved.within.of(heat_kw) - run.within.of(heat_kw)) / NUDGE
    return Displaced(waves_by[0] - waves_by[1], waves_by[1], water_by[0] - water_by[1], water_by[1])


def _pairs(values: Complex, axis: int) -> Floats:
    """Put real and imaginary parts side by side along an axis."""
    shape = list(values.shape)
    shape[axis] *= 2
    found: Floats = np.stack([values.real, values.imag], axis=axis + 1).reshape(shape)
    return found


def _growth(run: Run, angle: Floats, steps: int) -> tuple[Floats, Complex]:
    """Return what a step keeps of each transform, and what heat adds to it [1/kW]."""
    sweep, path, pieces = run.sweep, run.path, run.pieces
    backwards = -1j * angle[:, None, None, None]
    behind = 1.0 / (1.0 - np.exp(-1j * angle))[:, None, None]
    count = sweep.weight.shape[2]
    # Heat enters as jumps of a running sum, whose transform is that of the jumps over 1 − e^(−iθ).
    index = sweep.index.reshape(-1, 4, count)
    entering = (sweep.weight * np.exp(backwards * index)).sum(axis=2)
    if run.tilted:
        index = sweep.tilt_index.reshape(-1, 2, count)
        entering += behind * (sweep.tilt_weight * np.exp(backwards * index)).sum(axis=2)
    rate = float((path.rate * np.diff(path.borders)).sum()) / path.parcels
    half = np.exp(-0.5 * rate * run.hours)
    spread = np.exp(-run.spread * run.hours * (4.0 * np.sin(angle / 2.0) ** 2)[:, None])
    strength = sweep.share * run.hours / path.parcel_kwh_per_k * half
    each = entering * behind * (strength * spread)[:, :, None]
    kept = (half**2 * spread).reshape(angle.size, steps, pieces)
    each = each.reshape(angle.size, steps, pieces, count)
    keep = np.ones((angle.size, steps))
    heat = np.zeros((angle.size, count, steps), complex)
    for piece in range(pieces):
        keep *= kept[:, :, piece]
        heat = heat * kept[:, None, :, piece] + each[:, :, piece].transpose(0, 2, 1)
    return keep, heat


def _readings(run: Run, angle: Floats, steps: int) -> Complex:
    """Return the mean of e^(iθm) over the water that arrives, shape (N, K, T)."""
    coming = run.coming
    turned = np.exp(1j * angle)[:, None, None]

    def running(whole: Ints, part: Floats) -> Complex:
        at = turned ** whole[None, :steps]
        total: Complex = (1.0 - at) / (1.0 - turned) + part[None, :steps] * at
        return total

    way = coming.way[:steps]
    moved = running(coming.high, coming.high_part) - running(coming.low, coming.low_part)
    at, behind = (turned ** index[None, :steps] for index in (coming.here, coming.behind))
    moved += coming.own[None, :steps] * (behind - at)
    mean = np.where(
        (way > 0.0)[:, None],
        moved / np.where(way > 0.0, way, 1.0)[:, None],
        at,
    )
    return (mean * run.arrives_with).transpose(2, 0, 1)
