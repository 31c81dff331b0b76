"""Pressure in a two-pipe network: how water divides among meshes, and what pumps take."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anello.errors import EnergyAuditError
from anello.ring.fluid import Medium
from anello.ring.hydraulics import GRAVITY_M_S2, Hydraulics
from anello.ring.pipe import friction_factor
from anello.ring.two_pipe_config import TwoPipeConfig
from anello.ring.two_pipe_network import Network

Floats = NDArray[np.float64]

STANDING_KG_S = 1e-9
"""Less water than this divides among meshes without a search [kg/s]."""
_TRIES = 60
_CLOSES = 1e-9
"""Pressure left over round a mesh, by the largest loss of a branch [-]."""


class Pressures:
    """Pressure along a network, and what its pumps take.

    Each substation has a pump of its own, which overcomes both lines from the plant to it and the
    substation. Where others drive the water its way, it has less to do, and nothing at least. With
    ``pumps_at: plant`` one pump there gives what the substation needs that needs most, of those
    that take water the plant's way; those that push against it have pumps of their own.
    """

    def __init__(self, config: TwoPipeConfig, medium: Medium, shape: Network) -> None:
        self.config, self.medium, self.shape = config, medium, shape
        pipes = [config.branches[number] for number in shape.order]
        self._diameter = np.array([pipe.inner_diameter_m for pipe in pipes])
        self._rough = np.array([pipe.roughness_mm for pipe in pipes]) / 1000.0 / self._diameter
        self._length = np.array([pipe.length_m for pipe in pipes])
        self._minor = np.array([pipe.minor_loss_factor for pipe in pipes])

    def branch_kg_s(self, drawn_kg_s: Floats) -> Floats:
        """Return what flows in the warm line of each branch, away from its near end.

        In a tree it is the balance of what lies behind the branch. In a mesh, water divides so that
        pressure is one at each place: what it loses round the mesh is nothing (Kirchhoff's second
        law), which Newton's method finds for all meshes together, after Todini and Pilati (1988).
        Loss grows with flow in every pipe, so there is one such flow.

        Parameters
        ----------
        drawn_kg_s : ndarray, shape (N,)
            Water from the warm to the cold line at each place; the plant's is not looked at.

        Returns
        -------
        ndarray, shape (B,)
            Flow [kg/s].

        Raises
        ------
        EnergyAuditError
            If no such flow is found.
        """
        meshes = self.shape.meshes
        tree: Floats = self.shape.behind @ drawn_kg_s
        scale = float(np.abs(tree).max())
        if not meshes.size or scale < STANDING_KG_S:
            return tree
        flow, around = tree, np.zeros(len(meshes))
        lost = self._signed_pa(flow)
        gap: Floats = meshes @ lost
        for _ in range(_TRIES):
            if np.abs(gap).max() <= _CLOSES * np.abs(lost).max():
                return flow
            beside = np.maximum(1e-6 * np.abs(flow), 1e-4 * scale)
            rise = self._signed_pa(flow + beside) - self._signed_pa(flow - beside)
            step = np.linalg.solve((meshes * (rise / (2.0 * beside))) @ meshes.T, -gap)
            share = 1.0
            while share > 1e-6:
                ahead: Floats = tree + meshes.T @ (around + share * step)
                lost = self._signed_pa(ahead)
                left: Floats = meshes @ lost
                if np.abs(left).max() < np.abs(gap).max():
                    break
                share /= 2.0
            around, flow, gap = around + share * step, ahead, left
        raise EnergyAuditError(
            f"no flow found at which the pressure closes round every mesh: "
            f"{np.abs(gap).max():.3g} Pa are left of {np.abs(lost).max():.3g}"
        )

    def pump_kw(self, drawn_kg_s: Floats, branch_kg_s: Floats) -> Floats:
        """Return the electricity of the pump at each place, shape (N,) [kW]."""
        needed_pa = self._needed_pa(drawn_kg_s, self._signed_pa(branch_kg_s))
        head_pa = self._given_pa(drawn_kg_s, needed_pa)
        moved = np.abs(drawn_kg_s)
        moved[0] = abs(float(drawn_kg_s.sum()))
        hydraulic: Floats = head_pa * moved / self.medium.density_kg_per_m3 / 1000.0
        return hydraulic / self.config.pump_efficiency

    def over_time(self, drawn_kg_s: Floats, branch_kg_s: Floats) -> Hydraulics:
        """Return the pressures of a run, from flows of shape (N, T) and (B, T)."""
        lost_pa = self._signed_pa(branch_kg_s)
        needed_pa = self._needed_pa(drawn_kg_s, lost_pa)
        head_pa = self._given_pa(drawn_kg_s, needed_pa).max(axis=0)
        worst = int(head_pa.argmax())
        place = int(needed_pa[:, worst].argmax())
        head_m = head_pa / (self.medium.density_kg_per_m3 * GRAVITY_M_S2)
        way = self._way(place, np.sign(drawn_kg_s[place, worst]) * branch_kg_s[:, worst])
        path = tuple(self.shape.branches[number] for number in way)
        return Hydraulics(self.shape.branches, np.abs(lost_pa) / 1000.0, head_m, path)

    def _signed_pa(self, branch_kg_s: Floats) -> Floats:
        """Return what both pipes of each branch lose along it, shape (B,) or (B, T) [Pa]."""
        density = self.medium.density_kg_per_m3
        speed = branch_kg_s.T / (density * np.pi * self._diameter**2 / 4.0)
        reynolds = density * np.abs(speed) * self._diameter / self.medium.viscosity_pa_s
        factor = friction_factor(reynolds, self._rough)
        resistance = factor * self._length / self._diameter + self._minor
        lost: Floats = (resistance * density * speed * np.abs(speed)).T
        return lost

    def _needed_pa(self, drawn_kg_s: Floats, lost_pa: Floats) -> Floats:
        """Return the pressure each place needs; not positive where others give it."""
        along = self.shape.behind.T @ lost_pa
        own = self.config.substation_kpa * 1000.0
        needed: Floats = np.where(drawn_kg_s != 0.0, np.sign(drawn_kg_s) * along + own, 0.0)
        return needed

    def _given_pa(self, drawn_kg_s: Floats, needed_pa: Floats) -> Floats:
        """Return the pressure that the pump at each place gives, the plant's first."""
        given: Floats = np.maximum(needed_pa, 0.0)
        if self.config.pumps_at == "substations":
            return given
        with_plant = drawn_kg_s * np.sign(drawn_kg_s.sum(axis=0)) > 0.0
        central = np.where(with_plant, given, 0.0).max(axis=0)
        given = np.where(with_plant, 0.0, np.where(drawn_kg_s != 0.0, needed_pa + central, 0.0))
        given[0] = central
        return np.maximum(given, 0.0)

    def _way(self, place: int, flow_kg_s: Floats) -> list[int]:
        """Return the branches from the plant to a place, the way of the water that it takes."""
        against: list[int] = []
        at = place
        while at:
            ends = zip(self.shape.near, self.shape.far, flow_kg_s.tolist(), strict=True)
            inflow = [
                flow if far == at else -flow if near == at else 0.0 for near, far, flow in ends
            ]
            most = max(range(len(inflow)), key=inflow.__getitem__)
            if inflow[most] <= 0.0:  # another substation gives the water
                return np.flatnonzero(self.shape.behind[:, place]).tolist()
            against.append(most)
            at = self.shape.near[most] if self.shape.far[most] == at else self.shape.far[most]
        return against[::-1]
