"""The reference page's table of result variables, made from the table in `variables`."""

from __future__ import annotations

import sys
from pathlib import Path

from anello.base.files import write_text
from anello.optimise.results.variables import RESULT_VARIABLES, display_units

_TABLE_START = "<!-- variables:"
_TABLE_END = "<!-- end of variables -->"


def reference_table() -> str:
    """Return the table of all variables as Markdown, for the reference page."""
    lines = [
        "| variable | dimensions | units | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for entry in RESULT_VARIABLES.values():
        dims = ", ".join(entry.dims)
        units = display_units(entry.attrs) or "–"
        comment = f". {entry.comment}" if entry.comment else ""
        lines.append(f"| `{entry.name}` | {dims} | {units} | {entry.long_name}{comment} |")
    return "\n".join(lines)


def update_reference(page: Path) -> bool:
    """Put the table into the reference page; tell whether that changed anything."""
    text = page.read_text(encoding="utf-8")
    head, rest = text.split(_TABLE_START, 1)
    comment, tail = rest.split("-->\n", 1)
    after = tail.split(_TABLE_END, 1)[1]
    new = f"{head}{_TABLE_START}{comment}-->\n\n{reference_table()}\n\n{_TABLE_END}{after}"
    if new == text:
        return False
    write_text(page, new)
    return True


if __name__ == "__main__":
    update_reference(Path(sys.argv[1]))
