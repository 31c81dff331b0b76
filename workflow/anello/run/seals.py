"""Checksums beside the files of a run: what is read is what was written.

A step seals each of its files when all of them are whole: ``ring.nc`` gets ``.ring.nc.sha256``, in
the format of ``sha256sum --check``. Whoever reads a file compares first. What no longer agrees was
cut short, altered, or written by a step that did not reach its end; it is never used, and what is
set aside is made anew.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from anello.base.files import FilePath, sha256, write_text
from anello.errors import ArtefactError

_SUFFIX = ".sha256"
_DIGITS = 64


def seal(path: FilePath) -> None:
    """Write the checksum of a file, or of each file in a folder, beside it.

    Parameters
    ----------
    path : path-like
        What a step has written.

    Raises
    ------
    ArtefactError
        If there is no such file.
    """
    target = Path(path)
    if not target.exists():
        raise ArtefactError(f"{target} was to be written, and is not there")
    names = (
        sorted(f"{target.name}/{n}" for n in _files(target)) if target.is_dir() else [target.name]
    )
    lines = [f"{sha256(target.parent / name)}  {name}\n" for name in names]
    write_text(_seal_of(target), "".join(lines))


def damage(path: FilePath) -> str | None:
    """Return what is wrong with a file or folder, or None.

    Parameters
    ----------
    path : path-like
        What is to be read. A file of the user's own, which has no seal, is taken as it is.

    Returns
    -------
    str or None
        A sentence that names the file.
    """
    target = Path(path)
    try:
        text = _seal_of(target).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as fault:
        return f"the checksum of {target} cannot be read ({fault})"
    for line in text.splitlines():
        told, file = line[:_DIGITS], target.parent / line[_DIGITS + 2 :]
        try:
            found = sha256(file)
        except OSError as fault:
            return f"{file} cannot be read ({fault.strerror})"
        if found != told:
            return f"{file} is not what was written (its checksum differs)"
    return None if text.endswith("\n") or target.is_dir() else f"the checksum of {target} is empty"


def is_sealed(path: FilePath) -> bool:
    """Return whether a file or folder is there, as the step that made it and ended left it."""
    target = Path(path)
    return target.exists() and _seal_of(target).is_file() and damage(target) is None


def require_intact(paths: Iterable[FilePath]) -> None:
    """Refuse files that are not what was written.

    Raises
    ------
    ArtefactError
        Names every one of them.
    """
    faults = [fault for path in paths if (fault := damage(path)) is not None]
    if faults:
        raise ArtefactError(
            f"{'; '.join(faults)}. Start the run again: what is damaged is then made anew"
        )


def set_aside_damaged(folder: FilePath) -> Iterator[str]:
    """Rename whatever below a folder is not what was written, so that it is made anew.

    Parameters
    ----------
    folder : path-like
        For example the results of a run.

    Yields
    ------
    str
        What was found, and where it is now.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            if not (name.startswith(".") and name.endswith(_SUFFIX)):
                continue
            path = Path(place) / name[1 : -len(_SUFFIX)]
            if not path.exists() or (fault := damage(path)) is None:
                continue
            aside = path.with_name(f"{path.name}.damaged")
            if aside.is_dir():
                shutil.rmtree(aside)
            path.replace(aside)
            _seal_of(path).unlink()
            yield f"{fault}; it is kept as {aside.name} and made anew"


def set_back_future_times(folder: FilePath) -> int:
    """Give files that carry a time in the future the present one, and return how many there were.

    A clock that was wrong once would otherwise let no step that reads them end: what it writes
    looks older than what it reads.
    """
    count = 0
    for path in Path(folder).rglob("*"):
        if path.lstat().st_mtime > time.time() + 1.0:
            os.utime(path)
            count += 1
    return count


def _seal_of(path: Path) -> Path:
    return path.with_name(f".{path.name}{_SUFFIX}")


def _files(folder: Path) -> Iterator[str]:
    """Names of the files below a folder; hidden ones are Snakemake's marks."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(folder).as_posix()
