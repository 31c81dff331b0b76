"""Numbers as the report's tables print them, and settings as its sentences name them."""

from __future__ import annotations

import html
import re

import numpy as np


def figure_text(value: float, counted: bool = False) -> str:
    """Return a number with thin spaces between thousands and, if measured, three digits."""
    if not np.isfinite(value):
        return "–"
    size = abs(value)
    if value == 0:
        return "0"
    if size >= 1000:
        text = f"{value:,.0f}"
    elif size >= 100 or counted:
        text = f"{value:.0f}"
    elif size >= 0.001:
        text = f"{value:#.3g}"
    else:
        text = f"{value:.1e}"
    return text.replace(",", "\u202f").replace("-", "\u2212")


def grouped(value: float, digits: int = 0) -> str:
    """Return a number with all its digits and thin spaces between thousands."""
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", "\u2212")


def with_code(text: str) -> str:
    """Return plain text as HTML, in which settings between backticks have their own type."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def exact(value: float | None) -> str:
    """Return a number to read, with the exact one in ``data-value`` and as a tooltip."""
    if value is None or not np.isfinite(value):
        return "<span>–</span>"
    full = html.escape(repr(float(value)), quote=True)
    return f'<span data-value="{full}" title="{full}">{figure_text(float(value))}</span>'
