"""Parts of a model that lie outside the folder that it may read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from anello.errors import InputError, Problem
from anello.model.schema.mark import Mark
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree

_MESSAGE = "leads out of the model folder"
_SERIES = "timeseries_data_path"


class OutsideError(InputError):
    """A path of a model leads out of the folder that it may read.

    Parameters
    ----------
    text : str
        As the model has it.
    path : Path
        Where it leads.
    folder : Path
        The folder that holds it and the model.
    """

    def __init__(self, text: str, path: Path, folder: Path) -> None:
        super().__init__(Problem(_MESSAGE, value=text, suggestion=how_to_open(folder)))
        self.path = path


def how_to_open(folder: Path) -> str:
    """Return the option that lets a model read a wider folder."""
    return (
        f"`--root {folder}` opens it, if you trust the model with that folder (in Python"
        f" `root={str(folder)!r}`, in a run's settings `data.root: {folder}`)"
    )


def common_folder(paths: Iterable[Path], root: Path) -> Path:
    """Return the innermost folder that holds all paths and the model's folder."""
    places = [root.resolve(), *(path.resolve().parent for path in paths)]
    return Path(os.path.commonpath(places))


def resolve_path(text: str, folder: Path, root: Path) -> Path:
    """Return the file a path in a model means.

    Parameters
    ----------
    text : str
        Relative to `folder`, or absolute.
    folder, root : Path
        Where relative paths start, and what no path may leave, through links neither: a model from
        elsewhere is not to read the user's other files.

    Raises
    ------
    OutsideError
        If the path leads out of `root`.
    InputError
        If it is none.
    """
    try:
        path = folder / text
        inside = path.resolve().is_relative_to(root.resolve())
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as err:  # a null byte, a name too long, a link's loop
        raise InputError(Problem(f"is no path: {err}", value=text)) from err
    if not inside:
        raise OutsideError(text, path, common_folder([path], root))
    return path


def refuse_outside(tree: Tree, folder: Path, root: Path, report: Report) -> None:
    """Refuse a model some of whose parts lie outside, and name all of them.

    What lies outside is not read, so its own imports are not followed.

    Parameters
    ----------
    tree : Tree
        The composed configuration; its overrides count whether or not they are applied.
    folder, root : Path
        As for :func:`resolve_path`.
    report : Report
        Whose `outside` holds the imports that were met.

    Raises
    ------
    InputError
        With every such part, and the one option that opens the model.
    """
    found = list(report.outside)
    found += [part for part in _series_folders(tree, folder, root) if part not in found]
    if not found:
        return
    found += [part for part in _imports_of_overrides(tree, folder, root) if part not in found]
    wider = common_folder([path for path, *_ in found], root)
    problems = [
        Problem(
            _MESSAGE,
            file=mark.file if mark else None,
            line=mark.line if mark else None,
            key=key,
            value=text,
        )
        for _, text, key, mark in found
    ]
    many = len(problems) > 1
    parts = f"{len(problems)} parts of the model lie" if many else "A part of the model lies"
    raise InputError(problems, summary=f"{parts} outside {root.resolve()}; {how_to_open(wider)}")


Part = tuple[Path, str, str, Mark | None]


def _series_folders(tree: Tree, folder: Path, root: Path) -> Iterator[Part]:
    sections = [("", tree)]
    sections += [
        (f"overrides.{name}.", override)
        for name, override in tree.section("overrides").items()
        if isinstance(override, Tree)
    ]
    for prefix, section in sections:
        model = section.section("model")
        yield from _outside(
            model.get(_SERIES), f"{prefix}model.{_SERIES}", model.mark(_SERIES), folder, root
        )


def _imports_of_overrides(tree: Tree, folder: Path, root: Path) -> Iterator[Part]:
    for name, override in tree.section("overrides").items():
        names = override.get("import") if isinstance(override, Tree) else None
        mark = override.mark("import") if names else None
        start = Path(mark.file).parent if mark and os.path.exists(mark.file) else folder
        for text in names if isinstance(names, list) else []:
            yield from _outside(text, f"overrides.{name}.import", mark, start, root)


def _outside(text: Any, key: str, mark: Mark | None, folder: Path, root: Path) -> Iterator[Part]:
    if not isinstance(text, str):
        return
    try:
        resolve_path(text, folder, root)
    except OutsideError as err:
        yield err.path, text, key, mark
    except InputError:  # told where it is read
        return
