"""Formulas as MathML, which browsers show by themselves, without a script or a network."""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\(?P<kind>[(\[])(?P<latex>.*?)\\[)\]]</(?P=tag)>',
    re.DOTALL,
)


def on_page_content(content: str, **_: Any) -> str:
    """Replace the formulas that arithmatex marks in a page."""
    return _FORMULA.sub(_mathml, content)


def _mathml(found: re.Match[str]) -> str:
    display = "block" if found["kind"] == "[" else "inline"
    formula = convert(html.unescape(found["latex"]).strip(), display=display)
    return f'<{found["tag"]} class="formula">{formula}</{found["tag"]}>'
