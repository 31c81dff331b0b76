"""Bringing files that others publish to this machine, pinned to a commit and checked one by one.

A manifest names each file with its SHA-256. A file comes from the network or from a local folder,
and is checked in both cases; one that is in place already is checked and kept, so that an
interrupted retrieval goes on where it was.
"""

from __future__ import annotations

import hashlib
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from anello.base.files import atomic_path, sha256
from anello.errors import ConfigError, InputError, Problem
from anello.model.schema.yaml_reader import read_settings

_ATTEMPTS = 3
_PAUSE_S = 1.0
_TIMEOUT_S = 60.0
_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Manifest:
    """Files of a published repository at one commit.

    Parameters
    ----------
    repository, commit : str
        Where they are published, and the full commit.
    url : str
        Template of a file's address, with {repository}, {commit} and {path}.
    folders : dict
        For each folder, the path of its upstream counterpart and the SHA-256 of each of its files.
    """

    repository: str
    commit: str
    url: str
    folders: Mapping[str, tuple[str, Mapping[str, str]]]

    def address(self, folder: str, file: str) -> str:
        """Return the address of a file, with spaces and the like quoted."""
        path = f"{self.folders[folder][0]}/{file}"
        return self.url.format(
            repository=self.repository, commit=self.commit, path=urllib.parse.quote(path)
        )


def read_manifest(path: Path | str) -> Manifest:
    """Read a manifest.

    Raises
    ------
    ConfigError
        If it is absent or lacks a key.
    """
    content = read_settings(Path(path))
    try:
        folders = {
            str(name): (str(folder["upstream"]), _checksums(folder["files"], path))
            for name, folder in content["folders"].items()
        }
        return Manifest(
            str(content["repository"]), str(content["commit"]), str(content["url"]), folders
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            Problem(f"The manifest lacks a key or has a wrong one: {error}", file=str(path))
        ) from error


def _checksums(files: Mapping[str, Any], path: Path | str) -> dict[str, str]:
    for file, checksum in files.items():
        parts = PurePosixPath(file)
        if parts.is_absolute() or ".." in parts.parts:
            raise ConfigError(
                Problem("A file's path must stay in its folder", file=str(path), value=file)
            )
        if len(str(checksum)) != 64:
            raise ConfigError(
                Problem("Not a SHA-256", file=str(path), key=file, value=str(checksum))
            )
    return {str(file): str(checksum).lower() for file, checksum in files.items()}


def retrieve(
    manifest: Manifest, folder: str, target: Path | str, source: Path | str | None = None
) -> list[Path]:
    """Put a folder's files in place.

    Parameters
    ----------
    manifest : Manifest
        From `read_manifest`.
    folder : str
        One of its folders.
    target : path-like
        Where the files shall lie.
    source : path-like, optional
        Local folder that holds `folder`, in place of the network.

    Returns
    -------
    list of pathlib.Path
        The files, all of which have the manifest's checksums.

    Raises
    ------
    InputError
        If files cannot be had or have another checksum. All of them are listed, and none of those
        is left in `target`.
    """
    if folder not in manifest.folders:
        raise ConfigError(
            Problem(
                f"The manifest has no folder `{folder}`", suggestion=", ".join(manifest.folders)
            )
        )
    placed: list[Path] = []
    problems: list[Problem] = []
    for file, checksum in manifest.folders[folder][1].items():
        path = Path(target) / file
        if path.is_file() and sha256(path) == checksum:
            placed.append(path)
            continue
        origin = (
            manifest.address(folder, file) if source is None else str(Path(source) / folder / file)
        )
        try:
            content = _download(origin) if source is None else Path(origin).read_bytes()
        except (OSError, urllib.error.URLError) as error:
            problems.append(_unreachable(origin, error, local=source is not None))
            if source is None and not isinstance(error, urllib.error.HTTPError):
                break  # without a connection the other files cannot be had either
            continue
        found = hashlib.sha256(content).hexdigest()
        if found != checksum:
            problems.append(_mismatch(origin, checksum, found, content))
            continue
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
        placed.append(path)
    if problems:
        raise InputError(problems, summary=f"The files of `{folder}` could not all be retrieved")
    return placed


def _download(address: str) -> bytes:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as reply:
                return bytes(reply.read())
        except urllib.error.HTTPError as error:
            if error.code not in _PASSING_STATUS or attempt == _ATTEMPTS:
                raise
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            if attempt == _ATTEMPTS:
                raise
        time.sleep(_PAUSE_S * attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _unreachable(origin: str, error: Exception, *, local: bool) -> Problem:
    if local:
        return Problem(f"The file cannot be read: {error}", file=origin)
    return Problem(
        f"The file cannot be retrieved: {error}",
        file=origin,
        suggestion="With no network, name a local copy in `data.folder` or in ANELLO_ICCEP2019",
    )


def _mismatch(origin: str, expected: str, found: str, content: bytes) -> Problem:
    hint = None
    unix = hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
    if unix == expected:
        hint = "Its line ends were changed to those of Windows; retrieve it without conversion"
    return Problem(
        f"The file has another SHA-256: expected {expected}, found {found}",
        file=origin,
        suggestion=hint,
    )
