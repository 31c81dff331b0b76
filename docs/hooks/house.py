"""The floors of the package, drawn in the page on architecture from the import contract.

``python docs/hooks/house.py`` renews it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
START, END = "<!-- floors: python docs/hooks/house.py -->", "<!-- end of floors -->"


def drawing() -> str:
    """Return the table of floors and rooms, from the roof down.

    Returns
    -------
    str
        A Markdown table: one row per room, with the first sentence of its docstring.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["id"] == "floors")
    lines = ["| floor | room | what is in it |", "| --- | --- | --- |"]
    for height, layer in zip(range(len(layers) - 1, -1, -1), layers, strict=True):
        for place, room in enumerate(re.split(r"\s*[|:]\s*", layer)):
            floor = str(height) if place == 0 else ""
            lines.append(f"| {floor} | `{room}` | {_sentence(room)} |")
    return "\n".join(lines)


def _sentence(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    place = ROOT / "workflow" / Path(*room.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def renewed(page: str) -> str:
    """Return the page with the drawing of today's contract."""
    before, rest = page.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{drawing()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
