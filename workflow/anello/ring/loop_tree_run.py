"""A loop with branches step by step, forwards and backwards.

All pipes are plug flow with a known flow (:mod:`anello.ring.plug_flow`); at each place the water of
a step mixes. What comes out of the pipes in a step follows from one set of linear equations, since
water may pass several pipes in it, and come round. The state is what entered the pipes in the last
steps, and the heat that each holds beyond still water.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.ring.loop_tree import LoopTree
from anello.ring.plug_flow import Clock, PlugFlow
from anello.ring.within_step import WithinStep

Floats = NDArray[np.float64]


class TreeRun:
    """What happens to the water of a loop with branches in a step; see `anello.ring.loop_run.Run`.

    Parameters
    ----------
    tree : LoopTree
        Places and pipes.
    clock : Clock
        Flow of the loop; one step more than the run has, for the water at its end.
    lines : list of PlugFlow
        Each pipe.
    capacity_kwh_per_k : ndarray, shape (n,)
        Heat capacity of each pipe [kWh/K].
    pump_share : ndarray, shape (n, S)
        Share of all pumps' heat that warms the water entering each pipe [-].
    mean_ground : ndarray, shape (T,)
        Ground temperature that the mean of the water is pulled to [°C].
    """

    unit_kwh_per_k = 1.0

    def __init__(
        self,
        tree: LoopTree,
        clock: Clock,
        lines: list[PlugFlow],
        capacity_kwh_per_k: Floats,
        pump_share: Floats,
        mean_ground: Floats,
    ) -> None:
        self.tree, self.mean_ground = tree, mean_ground
        self.count, self.pipes, steps = len(tree.feeds), len(lines), clock.hours.size
        self.units = float(capacity_kwh_per_k.sum())
        self._feeds = np.array(tree.feeds)
        self._hours = clock.hours.tolist()
        self._flow = tree.pipe_flow[:, None] * clock.flow_kw_per_k
        self._k_per_kw = 1.0 / (tree.place_flow[:, None] * clock.flow_kw_per_k)
        self._pump_k_per_kw = pump_share / self._flow
        self._passes = np.array([line.passes for line in lines])
        self._constant = np.array([line.constant_degc for line in lines])
        self._fades = np.array([line.fades for line in lines])
        self._enters = np.array([line.enters for line in lines])
        self._starts = np.array([line.starts_kwh for line in lines])
        still = np.array([line.still_degc for line in lines])
        self._still_kwh = capacity_kwh_per_k @ still
        pipe = np.concatenate([np.full(line.step.size, n) for n, line in enumerate(lines)])
        step = np.concatenate([line.step for line in lines])
        source = np.concatenate([line.source for line in lines])
        order = np.argsort(step, kind="stable")
        self.kept = int((step - source).max(initial=0)) + 1
        self._first = np.searchsorted(step[order], np.arange(steps + 1)).tolist()
        self._pipe = pipe[order]
        self._at = (pipe * self.kept + source % self.kept)[order]
        self._share = np.concatenate([line.share for line in lines])[order]
        self._left = np.concatenate([line.left for line in lines])[order]
        self.evenly = np.zeros(self.pipes * (self.kept + 1))
        self.evenly[self.pipes * self.kept :] = 1.0 / self.units
        self._solved: tuple[int, Floats] = (-1, np.zeros((0, 0)))
        self.within = self._within()

    def start(self, initial_degc: float) -> Floats:
        """Return the state at the start, as warm as the pipes were planned with."""
        del initial_degc  # still water begins with it
        return np.zeros_like(self.evenly)

    def total(self, field: Floats, step: int) -> float:
        """Return the heat of all water above 0 °C at the start of a step [kWh]."""
        return float(field[self.pipes * self.kept :].sum() + self._still_kwh[step])

    def readings(self, field: Floats, step: int) -> Floats:
        """Return the water that arrives at each place, if nobody warms any in the step."""
        outlet = self._inverse(step) @ self._before(field, step)
        arriving: Floats = outlet[self._feeds]
        return arriving

    def advance(
        self, field: Floats, step: int, heat_kw: Floats, uniform_kw: float, ground_degc: float
    ) -> tuple[Floats, float]:
        """Return the state at the end of a step, and the mean heat loss in it [kW].

        Heat of the pumps warms the water that enters each pipe; the ground is in the pipes.
        """
        del ground_degc
        tree, hours = self.tree, self._hours[step]
        warmer = tree.by_rise @ (heat_kw * self._k_per_kw[:, step])
        warmer += uniform_kw * self._pump_k_per_kw[:, step]
        told = self._before(field, step) + self._passes[:, step] * warmer
        outlet = self._inverse(step) @ told
        inlet = tree.by_outlet @ outlet + warmer
        lines = slice(self._first[step], self._first[step + 1])
        gone = self._left[lines] * field[self._at[lines]]
        after = field.copy()
        held = after[self.pipes * self.kept :]
        held *= self._fades[:, step]
        held += self._enters[:, step] * inlet + self._starts[:, step]
        held -= np.bincount(self._pipe[lines], gone, minlength=self.pipes)
        self._entered(after)[:, step % self.kept] = inlet
        brought = float(self._flow[:, step] @ (inlet - outlet))
        stored = self.total(after, step + 1) - self.total(field, step)
        return after, brought - stored / hours

    def pull_back(self, gradient: Floats, step: int) -> tuple[Floats, Floats]:
        """Apply the transpose of `advance`: carry a derivative from a step's end to its start.

        Parameters
        ----------
        gradient : ndarray, shape (n·(K + 1),)
            Derivative with respect to the state at the end of the step.
        step : int
            Time step.

        Returns
        -------
        gradient : ndarray, shape (n·(K + 1),)
            Derivative with respect to the state at the start.
        heat : ndarray, shape (P,)
            Derivative with respect to the heat at each place [1/kW].
        """
        tree = self.tree
        before = gradient.copy()
        held = gradient[self.pipes * self.kept :]
        column = self._entered(before)[:, step % self.kept]
        by_inlet = column + self._enters[:, step] * held
        column[:] = 0.0  # what stood there before was not needed any more
        before[self.pipes * self.kept :] = self._fades[:, step] * held
        told = self._inverse(step).T @ (tree.by_outlet.T @ by_inlet)
        lines = slice(self._first[step], self._first[step + 1])
        pipe = self._pipe[lines]
        change = self._share[lines] * told[pipe] - self._left[lines] * held[pipe]
        np.add.at(before, self._at[lines], change)
        by_rise: Floats = tree.by_rise.T @ (by_inlet + self._passes[:, step] * told)
        heat: Floats = by_rise * self._k_per_kw[:, step]
        return before, heat

    def readings_back(self, weight: Floats, step: int) -> Floats:
        """Apply the transpose of `readings`.

        Parameters
        ----------
        weight : ndarray, shape (P,)
            Derivative with respect to the water that arrives at each place [1/K].
        step : int
            Time step.

        Returns
        -------
        ndarray, shape (n·(K + 1),)
            Derivative with respect to the state at the start of the step.
        """
        by_outlet = np.zeros(self.pipes)
        by_outlet[self._feeds] = weight
        told = self._inverse(step).T @ by_outlet
        lines = slice(self._first[step], self._first[step + 1])
        before = np.zeros_like(self.evenly)
        np.add.at(before, self._at[lines], self._share[lines] * told[self._pipe[lines]])
        return before

    def evened(self, field: Floats, step: int, place: int, share: float) -> Floats:
        """Return the state as it is: the water of a step that meets an exchanger is even."""
        del step, place, share
        return field

    def _before(self, field: Floats, step: int) -> Floats:
        """Return what comes out of the pipes if nothing enters any in the step, shape (n,)."""
        lines = slice(self._first[step], self._first[step + 1])
        found = np.bincount(
            self._pipe[lines], self._share[lines] * field[self._at[lines]], minlength=self.pipes
        )
        outlet: Floats = found + self._constant[:, step]
        return outlet

    def _within(self) -> WithinStep:
        """Return what heat does to the water that arrives in the same step.

        As `advance` has it, less what comes round to where the heat is, which all water has.
        """
        steps = len(self._hours) - 1
        flows = np.concatenate([self._passes, self._k_per_kw])[:, :steps]
        kinds, kind_of = np.unique(flows, axis=1, return_inverse=True)
        passes, k_per_kw = kinds[: self.pipes].T, kinds[self.pipes :].T
        whole = np.eye(self.pipes) - passes[:, :, None] * self.tree.by_outlet
        warmer = passes[:, :, None] * self.tree.by_rise
        arrives = np.linalg.solve(whole, warmer)[:, self._feeds] * k_per_kw[:, None, :]
        arrives -= np.diagonal(arrives, axis1=1, axis2=2)[:, None, :]
        return WithinStep(arrives, kind_of.reshape(-1).astype(np.int64))

    def _inverse(self, step: int) -> Floats:
        """Return what comes out of the pipes by what would without the rest, shape (n, n)."""
        known, inverse = self._solved
        if step == known:
            return inverse
        passes = self._passes[:, step]
        if known < 0 or not np.array_equal(passes, self._passes[:, known]):
            whole = np.eye(self.pipes) - passes[:, None] * self.tree.by_outlet
            inverse = np.linalg.inv(whole).astype(np.float64)
        self._solved = (step, inverse)
        return inverse

    def _entered(self, field: Floats) -> Floats:
        """Return the part of a state that says what entered the pipes, shape (n, K)."""
        return field[: self.pipes * self.kept].reshape(self.pipes, self.kept)
