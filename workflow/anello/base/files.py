"""Files that are either whole or absent, and their checksums."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PathLike = str | os.PathLike[str]
FilePath = str | Path

_CHUNK_BYTES = 1 << 20
_FULL_BYTES = 1 << 16


@contextmanager
def atomic_path(path: PathLike) -> Iterator[Path]:
    """Give a temporary path that becomes `path` only if the block ends without an error.

    The temporary file lies in the same folder, so that the rename never crosses a file system, and
    keeps the suffix, since some writers choose a format by it. Its content is flushed to the disk
    before the rename: after a crash there is the old file or the new one, never half of either.

    Parameters
    ----------
    path : path-like
        The file to make. Missing parent folders are made.

    Yields
    ------
    pathlib.Path
        Where to write.

    Raises
    ------
    FileNotFoundError
        If the block wrote nothing to the path it was given.
    OSError
        If it could not be written; says so where the disk is full.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.tmp{target.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, target)
    except (OSError, RuntimeError) as error:
        if shutil.disk_usage(target.parent).free >= _FULL_BYTES:
            raise
        # The NetCDF library calls a full disk a lack of permission, or an error of HDF.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def write_text(path: PathLike, text: str) -> None:
    """Write `text` (UTF-8) to `path` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: PathLike, content: Any) -> None:
    """Write `content` as indented JSON in one step; keys keep their order.

    Raises
    ------
    ValueError
        If a number is infinite or not a number, which JSON does not know.
    """
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sha256(path: PathLike) -> str:
    """Return the SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
