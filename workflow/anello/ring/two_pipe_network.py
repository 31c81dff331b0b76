"""A two-pipe network in numbers: its places, its branches, and how water mixes in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.ring.fluid import Medium
from anello.ring.pipe import wall_capacity_kj_per_mk
from anello.ring.plug_line import Line, exchange
from anello.ring.twin_pipe import pair_w_per_mk
from anello.ring.two_pipe_config import TwoPipeConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """The places of a network and the branches between them, as seen from the plant.

    The first N − 1 branches are a tree, and each of the others closes a mesh with it.

    Attributes
    ----------
    places : tuple of str, length N
        The plant first, then every place behind one that is nearer to it.
    branches : tuple of str, length B
        Names `start → end` of the settings.
    order : tuple of int, length B
        Where in the settings each branch is.
    near, far : tuple of int, length B
        Place at each branch's end that is nearer to the plant, and at the other; branch b of the
        tree leads to place b + 1.
    sign : ndarray, shape (B,)
        +1 where a branch's settings start at its near end, −1 where they end there.
    behind : ndarray, shape (B, N)
        1 where the water of a place comes through a branch of the tree.
    meshes : ndarray, shape (B − N + 1, B)
        What 1 kg/s that goes round a mesh is in each branch, away from its near end: ±1 or 0.
    capacity_kwh_per_k : ndarray, shape (B,)
        Heat capacity of one of the two pipes [kWh/K].
    ground_kw_per_k, exchange_kw_per_k : ndarray, shape (B,)
        Loss of one pipe to the ground, and conductance between the two [kW/K].
    """

    places: tuple[str, ...]
    branches: tuple[str, ...]
    order: tuple[int, ...]
    near: tuple[int, ...]
    far: tuple[int, ...]
    sign: Floats
    behind: Floats
    meshes: Floats
    capacity_kwh_per_k: Floats
    ground_kw_per_k: Floats
    exchange_kw_per_k: Floats

    def taken(self, branch: Floats) -> Floats:
        """Return what each place takes of the warm line, (N, T), by flows of branches, (B, T)."""
        taken = np.zeros((len(self.places), branch.shape[1]))
        np.add.at(taken, list(self.far), branch)
        np.subtract.at(taken, list(self.near), branch)
        return taken


def seen_from_plant(config: TwoPipeConfig, medium: Medium) -> Network:
    """Return the network as seen from its plant."""
    places, order, near = _spanning_tree(config)
    count = len(places)
    order += sorted(set(range(len(config.branches))) - set(order))
    pipes = [config.branches[number] for number in order]
    near += [places.index(pipe.start) for pipe in pipes[count - 1 :]]
    far = [*range(1, count), *(places.index(pipe.end) for pipe in pipes[count - 1 :])]
    behind = np.zeros((len(order), count))
    for place in range(1, count):
        at = place
        while at:
            behind[at - 1, place] = 1.0
            at = near[at - 1]
    # Round a mesh: along the branch that closes it, back to the plant, and out to where it began.
    closing = range(count - 1, len(order))
    meshes = np.array([behind[:, near[one]] - behind[:, far[one]] for one in closing])
    meshes = np.zeros((0, len(order))) if not closing else meshes
    meshes[range(len(closing)), closing] = 1.0
    length = np.array([pipe.length_m for pipe in pipes])
    area = np.array([np.pi * pipe.inner_diameter_m**2 / 4.0 for pipe in pipes])
    wall = np.array([wall_capacity_kj_per_mk(pipe) for pipe in pipes])
    loss = np.array([pair_w_per_mk(pipe) for pipe in pipes])
    water = medium.density_kg_per_m3 * area * medium.kj_per_kgk
    return Network(
        places=tuple(places),
        branches=tuple(f"{pipe.start} → {pipe.end}" for pipe in pipes),
        order=tuple(order),
        near=tuple(near),
        far=tuple(far),
        sign=np.array(
            [
                1.0 if pipe.start == places[at] else -1.0
                for pipe, at in zip(pipes, near, strict=True)
            ]
        ),
        behind=behind,
        meshes=meshes,
        capacity_kwh_per_k=(water + wall) * length / 3600.0,
        ground_kw_per_k=loss[:, 0] * length / 1000.0,
        exchange_kw_per_k=loss[:, 1] * length / 1000.0,
    )


def _spanning_tree(config: TwoPipeConfig) -> tuple[list[str], list[int], list[int]]:
    """Return places, and number and near end of the branch to each but the plant.

    Every place is as few branches from the plant as can be.
    """
    places = [config.plant_at]
    order: list[int] = []
    near: list[int] = []
    found = 0
    while found < len(places):
        for number, branch in enumerate(config.branches):
            ends = branch.start, branch.end
            if places[found] not in ends:
                continue
            other = ends[1] if ends[0] == places[found] else ends[0]
            if other not in places:
                order.append(number)
                near.append(found)
                places.append(other)
        found += 1
    return places, order, near


class TwoLines:
    """The water of both lines, and what happens to it in a step."""

    def __init__(
        self, config: TwoPipeConfig, shape: Network, warm_degc: float, ground_degc: Floats
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
        for number, (near, far) in enumerate(zip(self.shape.near, self.shape.far, strict=True)):
            self._exchange(number, hours, float(branch[number]))
            for shift, lines, flow in (
                (0, self.warm, float(branch[number])),
                (count, self.cold, -float(branch[number])),
            ):
                ground = float(self._ground[step, number])
                constant, gain = lines[number].begin(flow, hours, ground)
                source, sink = near + shift, far + shift
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
            told[sink, 0] += pump_heat_kw[place]
            if place == 0:
                told[sink, 1] += 1.0  # what the plant does to passing water
            else:
                told[sink, 0] -= flow * self.difference_k
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
        for number, ends in enumerate(zip(self.shape.near, self.shape.far, strict=True)):
            ends = ends if branch[number] > 0.0 else ends[::-1]
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
