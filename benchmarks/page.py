"""The measured part of a documentation page, between two comments."""

from __future__ import annotations

from pathlib import Path


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two comments of a page.

    Parameters
    ----------
    page : Path
        The page.
    begin, end : str
        The comments, which stay.
    text : str
        What goes between them, with its own line breaks.
    """
    head, _, rest = page.read_text(encoding="utf-8").partition(begin)
    tail = rest.partition(end)[2]
    page.write_text(f"{head}{begin}{text}{end}{tail}", encoding="utf-8")
