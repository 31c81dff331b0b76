"""COP maps: coefficient of performance as a function of ring and use temperature.

Every map gives its value and its exact derivatives with respect to both temperatures, because the
coupling linearises them, and knows the range in which it holds. "Lift" is the temperature
difference a heat pump overcomes: use − ring for heating, ring − use for cooling.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anello.errors import ConfigError, CopRangeError, InputError, Problem
from anello.ring.config import (
    CarnotCop,
    HeatPumpConfig,
    Iccep2019Cop,
    QuadraticCop,
    RingConfig,
    Service,
    TableCop,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
ScalarCop = Callable[[float, float], float]

KELVIN = 273.15
RUNNING_KW = 1e-6  # below this output a heat pump counts as idle

# Staffell, Brett, Brandon and Hawkes (2012), "A review of domestic heat pumps",
# Energy & Environmental Science 5, doi:10.1039/c2ee22653g: coefficients and range of lift.
STAFFELL_2012 = {
    "air_source": ((6.81, 0.121, 0.000630), (15.0, 60.0)),
    "ground_source": ((8.77, 0.150, 0.000734), (20.0, 60.0)),
}
# Del Pero et al. (2019), ICCEP: fits of the original study; no range was given.
ICCEP2019_HEATING = (6.81, 0.121, 0.000630)
ICCEP2019_COOLING = (6.755, 0.141, 0.003)


class CopPoint(NamedTuple):
    """COP and its derivatives with respect to ring and use temperature.

    Attributes
    ----------
    cop : ndarray
        Coefficient of performance [-].
    d_ring, d_use : ndarray
        Derivatives [1/K]; zero where the state was clipped in that temperature.
    """

    cop: Floats
    d_ring: Floats
    d_use: Floats


class RangeCheck(NamedTuple):
    """One quantity that has to stay between two values.

    Attributes
    ----------
    quantity : str
        Its name and unit.
    value : ndarray
        What it was.
    low, high : float
        What it may be.
    """

    quantity: str
    value: Floats
    low: float
    high: float

    @property
    def outside(self) -> Bools:
        """Where the value leaves its range."""
        slack = 1e-9
        return (self.value < self.low - slack) | (self.value > self.high + slack)


class CopFunction(Protocol):
    """What a COP map offers."""

    def evaluate(self, ring_degc: Floats, use_degc: Floats) -> CopPoint:
        """Return value and derivatives, at the range's edge for states outside it."""

    def scalar(self) -> ScalarCop:
        """Return a fast function of two floats with the values of `evaluate`."""

    def checks(self, ring_degc: Floats, use_degc: Floats) -> list[RangeCheck]:
        """Return the ranges that bound the map."""


@dataclass(frozen=True)
class Quadratic:
    """COP = c0 − c1·lift + c2·lift².

    Parameters
    ----------
    c0, c1, c2 : float
        Coefficients [-, 1/K, 1/K²].
    sign : int
        +1: lift is use − ring temperature; −1: ring − use.
    low, high : float
        Range of lift [K].
    """

    c0: float
    c1: float
    c2: float
    sign: int
    low: float = -np.inf
    high: float = np.inf

    def evaluate(self, ring_degc: Floats, use_degc: Floats) -> CopPoint:
        """Return value and derivatives; see `CopFunction`."""
        lift = self.sign * (use_degc - ring_degc)
        inside = (lift >= self.low) & (lift <= self.high)
        lift = np.clip(lift, self.low, self.high)
        slope = np.where(inside, self.sign * (-self.c1 + 2.0 * self.c2 * lift), 0.0)
        return CopPoint(self.c0 + lift * (self.c2 * lift - self.c1), -slope, slope)

    def scalar(self) -> ScalarCop:
        """Return a fast scalar version; see `CopFunction`."""
        c0, c1, c2, sign, low, high = self.c0, self.c1, self.c2, self.sign, self.low, self.high

        def cop(ring_degc: float, use_degc: float) -> float:
            lift = sign * (use_degc - ring_degc)
            if lift < low:
                lift = low
            elif lift > high:
                lift = high
            return c0 + lift * (c2 * lift - c1)

        return cop

    def checks(self, ring_degc: Floats, use_degc: Floats) -> list[RangeCheck]:
        """Return the bound on the lift."""
        lift = self.sign * (use_degc - ring_degc)
        return [RangeCheck("temperature lift [K]", lift, self.low, self.high)]


@dataclass(frozen=True)
class Carnot:
    """Share of the Carnot COP, with pinches, capped near zero lift.

    Parameters
    ----------
    fraction : float
        Share of the Carnot COP [-].
    pinch_use_k, pinch_ring_k : float
        Temperature differences of the heat exchangers [K].
    cop_max : float
        Largest COP [-].
    cooling : bool
        The useful heat is the evaporator's.
    """

    fraction: float
    pinch_use_k: float
    pinch_ring_k: float
    cop_max: float
    cooling: bool

    def evaluate(self, ring_degc: Floats, use_degc: Floats) -> CopPoint:
        """Return value and derivatives; see `CopFunction`."""
        if self.cooling:
            hot = ring_degc + (self.pinch_ring_k + KELVIN)
            cold = use_degc + (KELVIN - self.pinch_use_k)
            useful = cold
        else:
            hot = use_degc + (self.pinch_use_k + KELVIN)
            cold = ring_degc + (KELVIN - self.pinch_ring_k)
            useful = hot
        lift = hot - cold
        capped = self.cop_max * lift <= self.fraction * useful
        lift = np.where(capped, 1.0, lift)
        cop = np.where(capped, self.cop_max, self.fraction * useful / lift)
        by_cold = np.where(capped, 0.0, self.fraction * hot / lift**2)
        by_hot = np.where(capped, 0.0, -self.fraction * cold / lift**2)
        return CopPoint(cop, by_hot, by_cold) if self.cooling else CopPoint(cop, by_cold, by_hot)

    def scalar(self) -> ScalarCop:
        """Return a fast scalar version; see `CopFunction`."""
        fraction, cop_max = self.fraction, self.cop_max
        if self.cooling:
            add_hot = self.pinch_ring_k + KELVIN
            add_cold = KELVIN - self.pinch_use_k

            def cop(ring_degc: float, use_degc: float) -> float:
                cold = use_degc + add_cold
                lift = ring_degc + add_hot - cold
                gain = fraction * cold
                return cop_max if cop_max * lift <= gain else gain / lift

            return cop
        add_hot = self.pinch_use_k + KELVIN
        add_cold = KELVIN - self.pinch_ring_k

        def cop_heating(ring_degc: float, use_degc: float) -> float:
            hot = use_degc + add_hot
            lift = hot - (ring_degc + add_cold)
            gain = fraction * hot
            return cop_max if cop_max * lift <= gain else gain / lift

        return cop_heating

    def checks(self, ring_degc: Floats, use_degc: Floats) -> list[RangeCheck]:  # noqa: ARG002
        """Return no bound: the cap covers small lifts, the limits of the heat pump large ones."""
        return []


@dataclass(frozen=True)
class Table:
    """Bilinear interpolation in a table of COP.

    Parameters
    ----------
    ring_degc : ndarray, shape (I,)
        Ring temperatures, rising [°C].
    use_degc : ndarray, shape (J,)
        Use temperatures, rising [°C].
    cop : ndarray, shape (I, J)
        COP [-].
    """

    ring_degc: Floats
    use_degc: Floats
    cop: Floats

    def evaluate(self, ring_degc: Floats, use_degc: Floats) -> CopPoint:
        """Return value and derivatives; see `CopFunction`."""
        ring_degc, use_degc = np.broadcast_arrays(ring_degc, use_degc)
        i, x, dx, ring_in = self._cell(self.ring_degc, ring_degc)
        j, y, dy, use_in = self._cell(self.use_degc, use_degc)
        c00, c01 = self.cop[i, j], self.cop[i, j + 1]
        c10, c11 = self.cop[i + 1, j], self.cop[i + 1, j + 1]
        low, high = c00 + y * (c01 - c00), c10 + y * (c11 - c10)
        d_use = ((1.0 - x) * (c01 - c00) + x * (c11 - c10)) / dy
        return CopPoint(
            low + x * (high - low),
            np.where(ring_in, (high - low) / dx, 0.0),
            np.where(use_in, d_use, 0.0),
        )

    @staticmethod
    def _cell(grid: Floats, value: Floats) -> tuple[NDArray[np.intp], Floats, Floats, Bools]:
        inside = (value >= grid[0]) & (value <= grid[-1])
        value = np.clip(value, grid[0], grid[-1])
        cell = np.clip(np.searchsorted(grid, value, side="right") - 1, 0, grid.size - 2)
        width = grid[cell + 1] - grid[cell]
        return cell, (value - grid[cell]) / width, width, inside

    def scalar(self) -> ScalarCop:
        """Return a scalar version; see `CopFunction`."""
        from bisect import bisect_right

        rings, uses = self.ring_degc.tolist(), self.use_degc.tolist()
        rows = self.cop.tolist()
        last_ring, last_use = len(rings) - 2, len(uses) - 2

        def cop(ring_degc: float, use_degc: float) -> float:
            ring = min(max(ring_degc, rings[0]), rings[-1])
            use = min(max(use_degc, uses[0]), uses[-1])
            i = min(bisect_right(rings, ring) - 1, last_ring)
            j = min(bisect_right(uses, use) - 1, last_use)
            y = (use - uses[j]) / (uses[j + 1] - uses[j])
            row, following = rows[i], rows[i + 1]
            low = row[j] + y * (row[j + 1] - row[j])
            high = following[j] + y * (following[j + 1] - following[j])
            x = (ring - rings[i]) / (rings[i + 1] - rings[i])
            return float(low + x * (high - low))

        return cop

    def checks(self, ring_degc: Floats, use_degc: Floats) -> list[RangeCheck]:
        """Return the edges of the table."""
        ring, use = np.broadcast_arrays(ring_degc, use_degc)
        return [
            RangeCheck(
                "ring temperature [°C]", ring, float(self.ring_degc[0]), float(self.ring_degc[-1])
            ),
            RangeCheck(
                "use temperature [°C]", use, float(self.use_degc[0]), float(self.use_degc[-1])
            ),
        ]


def read_table(path: Path) -> Table:
    """Read a performance map.

    Parameters
    ----------
    path : Path
        CSV file: header row with use temperatures [°C] after one free cell, first column ring
        temperatures [°C], cells COP [-].

    Returns
    -------
    Table
        The map.

    Raises
    ------
    InputError
        If the file is missing, ragged, not numeric, not rising, or holds a COP of zero or less.
    """
    if not path.is_file():
        raise InputError(Problem("no such performance map", file=str(path)))
    with path.open(newline="", encoding="utf-8") as handle:
        rows = [row for row in csv.reader(handle) if any(cell.strip() for cell in row)]
    if len(rows) < 3 or len(rows[0]) < 3:
        raise InputError(
            Problem("a performance map needs at least two rows and two columns", file=str(path))
        )
    problems = []
    numbers: list[list[float]] = []
    for line, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            problems.append(
                Problem(
                    f"{len(row)} cells where the header has {len(rows[0])}",
                    file=str(path),
                    line=line,
                )
            )
            continue
        try:
            numbers.append([float(cell) for cell in (row[1:] if line == 1 else row)])
        except ValueError as error:
            problems.append(Problem(f"not a number: {error}", file=str(path), line=line))
    if problems:
        raise InputError(problems)
    use = np.array(numbers[0])
    body = np.array(numbers[1:])
    ring, cop = body[:, 0], body[:, 1:]
    for label, grid in (("use", use), ("ring", ring)):
        if not (np.diff(grid) > 0).all():
            problems.append(Problem(f"{label} temperatures must rise", file=str(path)))
    if not ((cop > 0) & np.isfinite(cop)).all():
        problems.append(Problem("every COP must be a positive number", file=str(path)))
    if problems:
        raise InputError(problems)
    return Table(ring, use, cop)


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
    def sigma(self) -> int:
        """Sign of the service's heat in the ring: −1 takes it out, +1 rejects it into the ring."""
        return 1 if self.cooling else -1

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
    config: QuadraticCop | CarnotCop | TableCop | Iccep2019Cop,
    service: Service,
    *,
    cooling_rises: bool = False,
    folder: Path | None = None,
) -> CopFunction:
    """Turn the settings of a COP map into the map.

    Parameters
    ----------
    config : QuadraticCop, CarnotCop, TableCop or Iccep2019Cop
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
    return HeatPumpCop(
        compile_function(
            config.cop_map, config.service, cooling_rises=cooling_rises, folder=folder
        ),
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
        If a node is not configured.
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
            cache[id(pump)] = compile_heat_pump(pump, cooling_rises=rises, folder=folder)
        compiled[node] = cache[id(pump)]
    if problems:
        raise ConfigError(problems)
    return compiled
