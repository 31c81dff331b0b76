"""A two-pipe tree in numbers: its places, what flows in each branch, pressure, and mixing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.ring.fluid import Medium
from anello.ring.hydraulics import GRAVITY_M_S2, Hydraulics, pressure_loss_pa
from anello.ring.pipe import friction_factor, wall_capacity_kj_per_mk
from anello.ring.plug_line import Line, exchange
from anello.ring.twin_pipe import pair_w_per_mk
from anello.ring.two_pipe_config import TwoPipeConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tree:
    """The places of a network and the branches between them, as seen from the plant.

    Attributes
    ----------
    places : tuple of str, length N
        The plant first, then every place behind one that is nearer to it.
    branches : tuple of str, length B = N − 1
        Names `start → end`; branch b leads to place b + 1, whatever its settings call its start.
    order : tuple of int, length B
        Where in the settings each branch is.
    near : tuple of int, length B
        Place at each branch's end that is nearer to the plant.
    sign : ndarray, shape (B,)
        +1 where a branch's settings start nearer to the plant, −1 where they end there.
    behind : ndarray, shape (B, N)
        1 where a place lies behind the branch, so that its water comes through it.
    capacity_kwh_per_k : ndarray, shape (B,)
        Heat capacity of one of the two pipes [kWh/K].
    ground_kw_per_k, exchange_kw_per_k : ndarray, shape (B,)
        Loss of one pipe to the ground, and conductance between the two [kW/K].
    """

    places: tuple[str, ...]
    branches: tuple[str, ...]
    order: tuple[int, ...]
    near: tuple[int, ...]
    sign: Floats
    behind: Floats
    capacity_kwh_per_k: Floats
    ground_kw_per_k: Floats
    exchange_kw_per_k: Floats


def tree(config: TwoPipeConfig, medium: Medium) -> Tree:
    """Return the network as seen from its plant."""
    places = [config.plant_at]
    order: list[int] = []
    near: list[int] = []
    sign: list[float] = []
    found = 0
    while found < len(places):
        place = places[found]
        for number, branch in enumerate(config.branches):
            if number in order or place not in (branch.start, branch.end):
                continue
            order.append(number)
            near.append(found)
            sign.append(1.0 if branch.start == place else -1.0)
            places.append(branch.end if branch.start == place else branch.start)
        found += 1
    behind = np.zeros((len(order), len(places)))
    for position in range(1, len(places)):
        at = position
        while at:
            behind[at - 1, position] = 1.0
            at = near[at - 1]
    pipes = [config.branches[number] for number in order]
    length = np.array([pipe.length_m for pipe in pipes])
    area = np.array([np.pi * pipe.inner_diameter_m**2 / 4.0 for pipe in pipes])
    wall = np.array([wall_capacity_kj_per_mk(pipe) for pipe in pipes])
    loss = np.array([pair_w_per_mk(pipe) for pipe in pipes])
    water = medium.density_kg_per_m3 * area * medium.kj_per_kgk
    return Tree(
        places=tuple(places),
        branches=tuple(f"{pipe.start} → {pipe.end}" for pipe in pipes),
        order=tuple(order),
        near=tuple(near),
        sign=np.array(sign),
        behind=behind,
        capacity_kwh_per_k=(water + wall) * length / 3600.0,
        ground_kw_per_k=loss[:, 0] * length / 1000.0,
        exchange_kw_per_k=loss[:, 1] * length / 1000.0,
    )


class Pressures:
    """Pressure along a network, and what its pumps take.

    Each substation has a pump of its own, which overcomes both lines from the plant to it and the
    substation. Where others drive the water its way, it has less to do, and nothing at least.
    """

    def __init__(self, config: TwoPipeConfig, medium: Medium, shape: Tree) -> None:
        self.config, self.medium, self.shape = config, medium, shape
        pipes = [config.branches[number] for number in shape.order]
        self._pipes = pipes
        self._diameter = np.array([pipe.inner_diameter_m for pipe in pipes])
        self._rough = np.array([pipe.roughness_mm for pipe in pipes]) / 1000.0 / self._diameter
        self._length = np.array([pipe.length_m for pipe in pipes])
        self._minor = np.array([pipe.minor_loss_factor for pipe in pipes])

    def pump_kw(self, drawn_kg_s: Floats, branch_kg_s: Floats) -> Floats:
        """Return the electricity of the pump at each place, shape (N,) [kW]."""
        needed = np.maximum(self._needed_pa(drawn_kg_s, self._lost_pa(branch_kg_s), branch_kg_s), 0)
        hydraulic: Floats = needed * np.abs(drawn_kg_s) / self.medium.density_kg_per_m3 / 1000.0
        return hydraulic / self.config.pump_efficiency

    def over_time(self, drawn_kg_s: Floats, branch_kg_s: Floats) -> Hydraulics:
        """Return the pressures of a run, from flows of shape (N, T) and (B, T)."""
        lost_pa = 2.0 * np.array(
            [
                pressure_loss_pa(pipe, flow, self.medium)
                for pipe, flow in zip(self._pipes, branch_kg_s, strict=True)
            ]
        )
        needed_pa = np.maximum(self._needed_pa(drawn_kg_s, lost_pa, branch_kg_s), 0.0)
        head_m = needed_pa.max(axis=0) / (self.medium.density_kg_per_m3 * GRAVITY_M_S2)
        place = int(needed_pa[:, int(head_m.argmax())].argmax())
        path = tuple(
            name
            for name, on in zip(self.shape.branches, self.shape.behind[:, place], strict=True)
            if on
        )
        return Hydraulics(self.shape.branches, lost_pa / 1000.0, head_m, path)

    def _lost_pa(self, branch_kg_s: Floats) -> Floats:
        """Return what both pipes of each branch lose [Pa]."""
        density = self.medium.density_kg_per_m3
        speed = np.abs(branch_kg_s) / (density * np.pi * self._diameter**2 / 4.0)
        reynolds = density * speed * self._diameter / self.medium.viscosity_pa_s
        factor = friction_factor(reynolds, self._rough)
        resistance = factor * self._length / self._diameter + self._minor
        lost: Floats = resistance * density * speed**2
        return lost

    def _needed_pa(self, drawn_kg_s: Floats, lost_pa: Floats, branch_kg_s: Floats) -> Floats:
        """Return the pressure each place's pump must give; not positive where others give it."""
        along = self.shape.behind.T @ (np.sign(branch_kg_s) * lost_pa)
        own = np.where(np.abs(drawn_kg_s) > 0.0, self.config.substation_kpa * 1000.0, 0.0)
        needed: Floats = np.where(np.abs(drawn_kg_s) > 0.0, np.sign(drawn_kg_s) * along + own, 0.0)
        return needed


class TwoLines:
    """The water of both lines, and what happens to it in a step."""

    def __init__(
        self, config: TwoPipeConfig, shape: Tree, warm_degc: float, ground_degc: Floats
    ) -> None:
        self.shape, self.difference_k = shape, config.difference_k
        self._ground = ground_degc
        count = len(shape.places)
        self.warm_degc = np.full(count, warm_degc)
        self.cold_degc = np.full(count, warm_degc - config.difference_k)
        parts = list(
            zip(shape.capacity_kwh_per_k.tolist(), shape.ground_kw_per_k.tolist(), strict=True)
        )
        self.warm = [Line(size, ua, warm_degc, config.parcels) for size, ua in parts]
        cold = warm_degc - config.difference_k
        self.cold = [Line(size, ua, cold, config.parcels) for size, ua in parts]

    def heat_kwh(self) -> float:
        """Return the heat content of both lines above 0 °C [kWh]."""
        return sum(line.heat_kwh() for line in (*self.warm, *self.cold))

    def overfilled(self) -> float:
        """Return how far the water of any pipe is from what it holds, relative to it [-]."""
        lines = (*self.warm, *self.cold)
        return max(abs(line.filled() - line.capacity) / line.capacity for line in lines)

    def flow_out(
        self, step: int, hours: float, drawn: Floats, branch: Floats, pump_heat_kw: Floats
    ) -> tuple[Floats, Floats]:
        """Let the water of a step reach the places, and mix it there.

        The water's temperatures at the places follow from a set of linear equations, since water
        that passes a short pipe in the step comes from the place at its other end.

        Parameters
        ----------
        step : int
            Time step.
        hours : float
            Its length [h].
        drawn : ndarray, shape (N,)
            Heat capacity flow from the warm to the cold line at each place; the plant's is
            negative where it feeds the warm line [kW/K].
        branch : ndarray, shape (B,)
            The same in the warm line of each branch, away from the plant [kW/K].
        pump_heat_kw : ndarray, shape (N,)
            Heat of the pumps into the water [kW].

        Returns
        -------
        alone, per_kw : ndarray, shape (2N,)
            Temperature at each place, warm line first, with an idle plant [°C], and its rise per
            kW that the plant puts into the water [K/kW].
        """
        count = len(self.shape.places)
        matrix, told = np.zeros((2 * count, 2 * count)), np.zeros((2 * count, 2))
        inflow = np.zeros(2 * count)
        for number, near in enumerate(self.shape.near):
            self._exchange(number, hours, float(branch[number]))
            for shift, lines, flow in (
                (0, self.warm, float(branch[number])),
                (count, self.cold, -float(branch[number])),
            ):
                ground = float(self._ground[step, number])
                constant, gain = lines[number].begin(flow, hours, ground)
                source, sink = near + shift, number + 1 + shift
                if flow < 0.0:
                    source, sink = sink, source
                inflow[sink] += abs(flow)
                told[sink, 0] += abs(flow) * constant
                matrix[sink, source] -= abs(flow) * gain
        for place in range(count):
            flow = float(drawn[place])
            if flow == 0.0:
                continue
            source, sink = (place, place + count) if flow > 0.0 else (place + count, place)
            inflow[sink] += abs(flow)
            matrix[sink, source] -= abs(flow)
            if place == 0:
                told[sink, 1] += 1.0  # what the plant does to passing water
            else:
                told[sink, 0] += -flow * self.difference_k + pump_heat_kw[place]
        for row in range(2 * count):
            if inflow[row] > 0.0:
                matrix[row, row] += inflow[row]
            else:
                matrix[row, row], told[row, 0] = 1.0, self._standing(row)
        alone, per_kw = np.linalg.solve(matrix, told).T.astype(np.float64)
        return alone, per_kw

    def flow_in(self, degc: Floats, branch: Floats) -> float:
        """Let the water of a step into the pipes; return the heat lost in the step [kWh]."""
        count = len(self.shape.places)
        self.warm_degc, self.cold_degc = degc[:count], degc[count:]
        lost = 0.0
        for number, near in enumerate(self.shape.near):
            ends = (near, number + 1) if branch[number] > 0.0 else (number + 1, near)
            self.warm[number].finish(float(self.warm_degc[ends[0]]))
            self.cold[number].finish(float(self.cold_degc[ends[1]]))
            lost += self.warm[number].lost_kwh + self.cold[number].lost_kwh
        return lost

    def _exchange(self, number: int, hours: float, flow: float) -> None:
        between = float(self.shape.exchange_kw_per_k[number])
        exchange(self.warm[number], self.cold[number], between, hours, flow)

    def _standing(self, row: int) -> float:
        """Return the water at a place through which nothing flows."""
        lines = self.warm if row < len(self.shape.places) else self.cold
        place = row % len(self.shape.places)
        if place:
            return lines[place - 1].end_degc(outward=True)
        return lines[0].end_degc(outward=False)
