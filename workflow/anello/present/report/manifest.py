"""A list of checksums beside figures, to tell whether they are those of given results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from anello.base.files import FilePath, sha256, write_json

NAME = "manifest.json"
DRAWN_WITH = ("matplotlib", "seaborn", "numpy")


def write_manifest(
    folder: FilePath, files: Iterable[Path], sources: Mapping[str, FilePath]
) -> Path:
    """Write the SHA-256 of figures and of the results they were drawn from.

    Parameters
    ----------
    folder : path-like
        Where the manifest goes, as ``manifest.json``.
    files : iterable of pathlib.Path
        The figures.
    sources : mapping of str to path-like
        The results, by the names to list them under.

    Returns
    -------
    pathlib.Path
        The manifest. With the versions it lists, equal sources give equal figures.
    """
    path = Path(folder) / NAME
    write_json(
        path,
        {
            "sources": {name: sha256(source) for name, source in sorted(sources.items())},
            "versions": {name: metadata.version(name) for name in DRAWN_WITH},
            "figures": {file.name: sha256(file) for file in sorted(files)},
        },
    )
    return path
