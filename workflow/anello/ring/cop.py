"""COP maps: coefficient of performance as a function of ring and use temperature.

Every map gives its value and its exact derivatives with respect to both temperatures, because the
coupling linearises them, and knows the range in which it holds. "Lift" is the temperature
difference a heat pump overcomes: use − ring for heating, ring − use for cooling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anello.errors import ConfigError, CopRangeError, Problem
from anello.ring.carnot import beyond_carnot
from anello.ring.catalogue import catalogue_map
from anello.ring.config import RingConfig
from anello.ring.cop_config import (
    CarnotCop,
    CatalogueCop,
    FreeCooling,
    HeatPumpConfig,
    Iccep2019Cop,
    QuadraticCop,
    Service,
    TableCop,
)
from anello.ring.cop_maps import Carnot, CopFunction, CopPoint, Quadratic, RangeCheck, read_table
from anello.ring.free_cooling import WithFreeCooling

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
ScalarCop = Callable[[float, float], float]

RUNNING_KW = 1e-6
"""Below this output a heat pump counts as idle, and may be outside the range of its map [kW]."""
MOVING_KW = RUNNING_KW * 1e-3
"""Below this output it moves no heat in the simulation of a network [kW]."""

# Staffell, Brett, Brandon and Hawkes (2012), "A review of domestic heat pumps",
# Energy & Environmental Science 5, doi:10.1039/c2ee22653g: coefficients and range of lift.
STAFFELL_2012 = {
    "air_source": ((6.81, 0.121, 0.000630), (15.0, 60.0)),
    "ground_source": ((8.77, 0.150, 0.000734), (20.0, 60.0)),
}
# Del Pero et al. (2019), ICCEP: fits of the original study; no range was given.
ICCEP2019_HEATING = (6.81, 0.121, 0.000630)
ICCEP2019_COOLING = (6.755, 0.141, 0.003)


@dataclass(frozen=True)
class HeatPumpCop:
    """A COP map with the limits of one heat pump.

    Parameters
    ----------
    function : CopFunction
        The map.
    cooling : bool
        The service is cooling.
    min_source_degc, max_lift_k : float
        Limits of the machine [°C, K].
    clip : bool
        A state outside the range is evaluated at its edge instead of being an error.
    """

    function: CopFunction
    cooling: bool
    min_source_degc: float = -np.inf
    max_lift_k: float = np.inf
    clip: bool = False

    @property
    def compressor(self) -> CopFunction:
        """The map of the machine alone, without an exchanger before it."""
        one = self.function
        return one.heat_pump if isinstance(one, WithFreeCooling) else one

    @property
    def free_cooling(self) -> FreeCooling | None:
        """The exchanger before the machine; None without one."""
        one = self.function
        return one.settings if isinstance(one, WithFreeCooling) else None

    def free_share(self, ring_degc: Floats, use_degc: Floats) -> Floats:
        """Return the share of the output that needs no compressor [-]."""
        one = self.function
        if isinstance(one, WithFreeCooling):
            return one.share(ring_degc, use_degc)
        return np.zeros_like(ring_degc)

    @property
    def _limited(self) -> bool:
        return bool(np.isfinite(self.min_source_degc) or np.isfinite(self.max_lift_k))

    def evaluate(self, ring_degc: ArrayLike, use_degc: ArrayLike) -> CopPoint:
        """Return COP and derivatives, at the range's edge for states outside it.

        Parameters
        ----------
        ring_degc, use_degc : array_like
            Ring and use temperature, broadcast against each other [°C].

        Returns
        -------
        CopPoint
            COP [-] and its derivatives [1/K].
        """
        ring, use = np.broadcast_arrays(
            np.asarray(ring_degc, dtype=float), np.asarray(use_degc, dtype=float)
        )
        if not self._limited:
            return self.function.evaluate(ring, use)
        source, sink = (use, ring) if self.cooling else (ring, use)
        source_free = source >= self.min_source_degc
        source = np.maximum(source, self.min_source_degc)
        sink_free = sink - source <= self.max_lift_k
        sink = np.minimum(sink, source + self.max_lift_k)
        ring, use = (sink, source) if self.cooling else (source, sink)
        point = self.function.evaluate(ring, use)
        by_sink, by_source = (
            (point.d_ring, point.d_use) if self.cooling else (point.d_use, point.d_ring)
        )
        by_source = np.where(source_free, by_source + np.where(sink_free, 0.0, by_sink), 0.0)
        by_sink = np.where(sink_free, by_sink, 0.0)
        return (
            CopPoint(point.cop, by_sink, by_source)
            if self.cooling
            else CopPoint(point.cop, by_source, by_sink)
        )

    def scalar(self) -> ScalarCop:
        """Return a function of (ring, use) temperature [°C] with the values of `evaluate`."""
        inner = self.function.scalar()
        if not self._limited:
            return inner
        min_source, max_lift, cooling = self.min_source_degc, self.max_lift_k, self.cooling

        def cop(ring_degc: float, use_degc: float) -> float:
            source, sink = (use_degc, ring_degc) if cooling else (ring_degc, use_degc)
            source = max(source, min_source)
            sink = min(sink, source + max_lift)
            return inner(sink, source) if cooling else inner(source, sink)

        return cop

    def checks(self, ring_degc: ArrayLike, use_degc: ArrayLike) -> list[RangeCheck]:
        """Return every range that bounds map and machine, with the values at these states."""
        ring, use = np.broadcast_arrays(
            np.asarray(ring_degc, dtype=float), np.asarray(use_degc, dtype=float)
        )
        checks = self.function.checks(ring, use)
        source, sink = (use, ring) if self.cooling else (ring, use)
        if np.isfinite(self.min_source_degc):
            checks.append(
                RangeCheck("source temperature [°C]", source, self.min_source_degc, np.inf)
            )
        if np.isfinite(self.max_lift_k):
            checks.append(
                RangeCheck("temperature lift [K]", sink - source, -np.inf, self.max_lift_k)
            )
        return checks

    def count_outside(
        self,
        node: str,
        ring_degc: Floats,
        use_degc: Floats,
        q_kw: Floats,
        hours: NDArray[np.generic],
    ) -> int:
        """Count running hours outside the range, or raise if clipping was not chosen.

        An idle heat pump is never an error: nothing runs outside the range.

        Parameters
        ----------
        node : str
            The heat pump, `location::technology`.
        ring_degc, use_degc, q_kw : ndarray, shape (T,)
            Temperatures [°C] and thermal output [kW].
        hours : ndarray, shape (T,)
            Labels of the time steps.

        Returns
        -------
        int
            Number of running time steps that were clipped.

        Raises
        ------
        CopRangeError
            If a running state is outside and clipping was not chosen.
        """
        clipped = np.zeros(q_kw.shape, dtype=bool)
        for check in self.checks(ring_degc, use_degc):
            outside = check.outside & (q_kw > RUNNING_KW)
            if outside.any() and not self.clip:
                first = int(np.argmax(outside))
                raise CopRangeError(
                    f"heat pump `{node}`, hour {hours[first]}: {check.quantity} is "
                    f"{check.value[first]:.3f}, outside {check.low:g} to {check.high:g} "
                    f"({int(outside.sum())} running hours in all); ring {ring_degc[first]:.3f} °C, "
                    f"use {use_degc[first]:.3f} °C. Choose a map for this range, or "
                    "`out_of_range: clip`"
                )
            clipped |= outside
        return int(clipped.sum())


def compile_function(
    config: QuadraticCop | CarnotCop | TableCop | CatalogueCop | Iccep2019Cop,
    service: Service,
    *,
    cooling_rises: bool = False,
    folder: Path | None = None,
) -> CopFunction:
    """Turn the settings of a COP map into the map.

    Parameters
    ----------
    config : QuadraticCop, CarnotCop, TableCop, CatalogueCop or Iccep2019Cop
        The settings.
    service : {"heating", "cooling", "dhw"}
        The heat pump's service.
    cooling_rises : bool
        The original's oddity: cooling takes use − ring as its lift, so that its COP rises with the
        ring temperature. Maps that are no function of the lift are left alone.
    folder : Path, optional
        Where relative table files start.

    Returns
    -------
    CopFunction
        The map.
    """
    cooling = service == "cooling"
    sign = -1 if cooling and not cooling_rises else 1
    if isinstance(config, QuadraticCop):
        if config.fit is not None:
            (c0, c1, c2), lift = STAFFELL_2012[config.fit]
            # ASSUME: a fit for heating serves cooling with the evaporator's heat, COP − 1.
            c0 -= 1.0 if cooling else 0.0
        else:
            assert config.c0 is not None
            assert config.c1 is not None
            assert config.c2 is not None
            c0, c1, c2 = config.c0, config.c1, config.c2
            lift = (-np.inf, np.inf)
        low, high = config.valid_lift_k or lift
        return Quadratic(c0, c1, c2, sign, low, high)
    if isinstance(config, CarnotCop):
        return Carnot(
            config.fraction, config.pinch_use_k, config.pinch_ring_k, config.cop_max, cooling
        )
    if isinstance(config, TableCop):
        return read_table((folder or Path()) / config.file)
    if isinstance(config, CatalogueCop):
        return catalogue_map(config)
    return Quadratic(*(ICCEP2019_COOLING if cooling else ICCEP2019_HEATING), sign)


def compile_heat_pump(
    config: HeatPumpConfig, *, cooling_rises: bool = False, folder: Path | None = None
) -> HeatPumpCop:
    """Turn the settings of a heat pump into its COP function.

    Parameters
    ----------
    config : HeatPumpConfig
        The settings.
    cooling_rises, folder
        See `compile_function`.

    Returns
    -------
    HeatPumpCop
        Map and limits.
    """
    function = compile_function(
        config.cop_map, config.service, cooling_rises=cooling_rises, folder=folder
    )
    if config.free_cooling is not None:
        function = WithFreeCooling(function, config.free_cooling)
    return HeatPumpCop(
        function,
        config.service == "cooling",
        -np.inf if config.min_source_degc is None else config.min_source_degc,
        np.inf if config.max_lift_k is None else config.max_lift_k,
        config.out_of_range == "clip",
    )


def compile_heat_pumps(
    config: RingConfig, nodes: tuple[str, ...], folder: Path | None = None
) -> Mapping[str, HeatPumpCop]:
    """Return the COP functions of these heat pumps.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    nodes : tuple of str
        Heat pumps, `location::technology`.
    folder : Path, optional
        Where relative table files start.

    Returns
    -------
    mapping of str to HeatPumpCop
        By node, in the order given.

    Raises
    ------
    ConfigError
        If a node is not configured, or a map promises more than Carnot's COP.
    """
    rises = "cooling_cop_rises_with_ring" in config.active_oddities
    problems = []
    compiled: dict[str, HeatPumpCop] = {}
    cache: dict[int, HeatPumpCop] = {}
    for node in nodes:
        pump = config.heat_pump(node)
        if pump is None:
            problems.append(Problem("no heat pump of the ring has this name", key=node))
            continue
        if id(pump) not in cache:
            made = compile_heat_pump(pump, cooling_rises=rises, folder=folder)
            cache[id(pump)] = made
            fault = beyond_carnot(node, pump, made.compressor)
            if fault is not None and config.mode == "physical":
                problems.append(fault)
        compiled[node] = cache[id(pump)]
    if problems:
        raise ConfigError(problems)
    return compiled
