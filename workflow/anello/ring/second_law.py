"""Second-law audit: heat goes from warm to cold, or somebody pays at least Carnot's work.

Each device that moves heat gives one :class:`Exchange`: how much it takes from a cold body, how
much it gives to a warm one, and between which temperatures. The entropy it produces,
``σ = Q_sink/T_sink − Q_source/T_source``, must not be negative in any step. An optimiser finds
every device that gets something for nothing; here such a device ends the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anello.errors import SecondLawError
from anello.ring.cop_maps import KELVIN

Floats = NDArray[np.float64]

TOLERANCE = 1e-6
"""Entropy that may vanish, relative to that of the heat that is moved [-]."""


@dataclass(frozen=True)
class Exchange:
    """Heat that a device moves from a source to a sink.

    Attributes
    ----------
    name : str
        The device.
    source_degc, sink_degc : ndarray, shape (T,)
        Temperatures of what heat is taken from and given to [°C].
    source_kw, sink_kw : ndarray, shape (T,)
        Heat taken and given; their difference is the work, zero for a heat exchanger [kW].
    """

    name: str
    source_degc: Floats
    sink_degc: Floats
    source_kw: Floats
    sink_kw: Floats

    @property
    def entropy_kw_per_k(self) -> Floats:
        """Entropy production in each step, shape (T,) [kW/K]."""
        given: Floats = self.sink_kw / (self.sink_degc + KELVIN)
        return given - self.source_kw / (self.source_degc + KELVIN)


@dataclass(frozen=True)
class SecondLawAudit:
    """What the audit found.

    Attributes
    ----------
    devices : int
        Devices that were looked at.
    steps : int
        Time steps.
    violations : int
        Steps of devices that destroy entropy.
    least_kw_per_k : float
        Smallest entropy production [kW/K].
    worst : str
        The worst violation in words; empty where there is none.
    """

    devices: int
    steps: int
    violations: int
    least_kw_per_k: float
    worst: str = ""

    def __str__(self) -> str:
        found = f"{self.violations} violations" if self.violations else "no violation"
        return f"second law: {found} in {self.devices} devices over {self.steps:,} steps"


def audit(exchanges: Sequence[Exchange], times: NDArray[np.datetime64]) -> SecondLawAudit:
    """Look at the entropy that every device produces in every step.

    Parameters
    ----------
    exchanges : sequence of Exchange
        What the devices did.
    times : ndarray of datetime64, shape (T,)
        Start of each step.

    Returns
    -------
    SecondLawAudit
    """
    least, violations, worst, depth = 0.0, 0, "", 0.0
    for one in exchanges:
        entropy = one.entropy_kw_per_k
        allowed = TOLERANCE * (np.abs(one.sink_kw) + np.abs(one.source_kw)) / KELVIN + 1e-12
        beyond = entropy + allowed
        violations += int((beyond < 0.0).sum())
        least = min(least, float(entropy.min(initial=0.0)))
        step = int(beyond.argmin()) if beyond.size else 0
        if beyond.size and beyond[step] < min(depth, 0.0):
            depth, worst = float(beyond[step]), _words(one, times, step)
    return SecondLawAudit(len(exchanges), times.size, violations, least, worst)


def require(found: SecondLawAudit) -> SecondLawAudit:
    """Return an audit without violations.

    Raises
    ------
    SecondLawError
        With the worst device, its hour, temperatures, heat, work and Carnot's least work.
    """
    if found.violations:
        raise SecondLawError(
            f"{found.violations} steps in which a device gets something for nothing: {found.worst}"
        )
    return found


def _words(one: Exchange, times: NDArray[np.datetime64], step: int) -> str:
    source, sink = float(one.source_degc[step]), float(one.sink_degc[step])
    moved, work = float(one.source_kw[step]), float(one.sink_kw[step] - one.source_kw[step])
    least = max(0.0, moved * (sink - source) / (source + KELVIN))
    when = str(times[step])[:16].replace("T", " ")
    return (
        f"{one.name} on {when} moves {moved:.4g} kW from {source:.2f} °C to {sink:.2f} °C with "
        f"{work:.4g} kW of work, where Carnot needs {least:.4g} kW"
    )
