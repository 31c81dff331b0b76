"""Small line charts as SVG text, for the HTML report."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

WIDTH, HEIGHT = 720.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 12.0, 10.0, 44.0
_MOST_POINTS = 360


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    name : str
        For the legend.
    x, y : ndarray
        Its points.
    color : str
        ``#rrggbb``.
    dash : str
        SVG dash pattern, "" for a solid line.
    markers : bool
        Whether the points are marked.
    """

    name: str
    x: Array
    y: Array
    color: str
    dash: str = ""
    markers: bool = False


def line_chart(
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    title: str,
    *,
    log: bool = False,
    x_ticks: Sequence[tuple[float, str]] | None = None,
    integers: bool = False,
    x_from_zero: bool = False,
) -> str:
    """Draw lines with axes and a legend.

    Parameters
    ----------
    lines : sequence of Line
        What to draw; without any finite point there is a sentence instead.
    x_label, y_label : str
        Text at the axes, units included.
    title : str
        Text for those who do not see the picture.
    log : bool, default False
        Logarithmic y axis; values that are not positive are left out.
    x_ticks : sequence of (float, str), optional
        Positions and texts under the x axis.
    integers : bool, default False
        Whole numbers only under the x axis.
    x_from_zero : bool, default False
        Let the x axis begin at zero.

    Returns
    -------
    str
        A ``figure`` element.
    """
    shown = [line for line in (_clean(line, log) for line in lines) if len(line.x)]
    if not shown:
        return f"<p>{html.escape(title)}: no values.</p>"
    xs = np.concatenate([line.x for line in shown])
    ys = np.concatenate([line.y for line in shown])
    x0, x1 = float(xs.min()), float(xs.max())
    y0, y1 = float(ys.min()), float(ys.max())
    if x_from_zero:
        x0 = min(x0, 0.0)
    if x0 == x1:
        x0, x1 = x0 - 0.5, x1 + 0.5
    ticks = _log_ticks(y0, y1) if log else ticks_between(y0, y1)
    y0, y1 = min(y0, ticks[0]), max(y1, ticks[-1])
    if y0 == y1:
        y0, y1 = y0 - 0.5, y1 + 0.5

    def px(x: float) -> float:
        return _LEFT + (x - x0) / (x1 - x0) * (WIDTH - _LEFT - _RIGHT)

    def py(y: float) -> float:
        share = (
            (math.log10(y) - math.log10(y0)) / (math.log10(y1) - math.log10(y0))
            if log
            else (y - y0) / (y1 - y0)
        )
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" '
        f'aria-label="{html.escape(title, quote=True)}">'
    ]
    for tick in ticks:
        y = py(tick)
        parts.append(f'<path class="grid" d="M{_LEFT:.1f},{y:.1f}H{WIDTH - _RIGHT:.1f}"/>')
        parts.append(
            f'<text x="{_LEFT - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{_number(tick)}</text>'
        )
    marks = x_ticks or [(t, _number(t)) for t in ticks_between(x0, x1, 7, integers)]
    for position, text in marks:
        if x0 <= position <= x1:
            x = px(position)
            parts.append(f'<path class="grid" d="M{x:.1f},{_TOP:.1f}V{HEIGHT - _BOTTOM:.1f}"/>')
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 16:.1f}" text-anchor="middle">'
                f"{html.escape(text)}</text>"
            )
    corner = f"V{HEIGHT - _BOTTOM:.1f}H{WIDTH - _RIGHT:.1f}"
    parts.append(f'<path class="axis" d="M{_LEFT:.1f},{_TOP:.1f}{corner}"/>')
    for line in shown:
        parts += _drawn(line, px, py)
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2:.1f}" y="{HEIGHT - 8:.1f}" text-anchor="middle">'
        f"{html.escape(x_label)}</text>"
        f'<text transform="translate(14,{middle:.1f}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(y_label)}</text></svg>"
    )
    return "".join([*parts, _legend(shown), "</figure>"])


def _drawn(line: Line, px: Callable[[float], float], py: Callable[[float], float]) -> list[str]:
    """Return a line, and its marks, at places that two functions give."""
    at = [(px(float(x)), py(float(y)), float(y)) for x, y in zip(line.x, line.y, strict=True)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in at)
    name = html.escape(line.name)
    parts = [
        f'<polyline fill="none" stroke="{line.color}" stroke-width="2"{_dashed(line)} '
        f'points="{points}"><title>{name}</title></polyline>'
    ]
    if line.markers:
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.color}">'
            f"<title>{name}: {_number(value)}</title></circle>"
            for x, y, value in at
        ]
    return parts


def _legend(lines: Sequence[Line]) -> str:
    """Return a list of the lines with what each looks like."""
    items = "".join(
        '<li><svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true">'
        f'<path d="M0,4H26" stroke="{line.color}" stroke-width="3"{_dashed(line)}/></svg>'
        f"{html.escape(line.name)}</li>"
        for line in lines
    )
    return f'<ul class="legend">{items}</ul>'


def _dashed(line: Line) -> str:
    return f' stroke-dasharray="{line.dash}"' if line.dash else ""


def _clean(line: Line, log: bool) -> Line:
    """Leave out what cannot be drawn, and points that could not be told apart."""
    x, y = np.asarray(line.x, dtype=float), np.asarray(line.y, dtype=float)
    known = np.isfinite(x) & np.isfinite(y)
    if log:
        known &= y > 0
    x, y = x[known], y[known]
    if len(x) > _MOST_POINTS:
        pick = np.unique(np.linspace(0, len(x) - 1, _MOST_POINTS).round().astype(int))
        x, y = x[pick], y[pick]
    return Line(line.name, x, y, line.color, line.dash, line.markers)


def ticks_between(low: float, high: float, count: int = 5, integers: bool = False) -> list[float]:
    """Round numbers that enclose or lie between two values."""
    span = max(high - low, 1e-12 * max(abs(high), 1.0))
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    if integers:
        step = max(1.0, math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, math.ceil((last - first) / 6))
    ticks = [10.0**e for e in range(first, last + 1, every)]
    return ticks if len(ticks) > 1 else [*ticks, 10.0 ** (last + 1)]


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:,.6g}"
