"""What notebooks show of a model."""

from __future__ import annotations

import html


def info_table(text: str) -> str:
    """Return lines such as ``Model name:   Milan`` as an HTML table.

    Parameters
    ----------
    text : str
        As :meth:`anello.Model.info` returns it.
    """
    rows = (line.partition(":") for line in text.splitlines())
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value.strip())}</td></tr>"
        for name, _, value in rows
    )
    return f"<table><caption>anello.Model</caption>{cells}</table>"
