"""COP maps: quadratic in the lift, a share of Carnot's, or a table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
ScalarCop = Callable[[float, float], float]

KELVIN = 273.15


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
