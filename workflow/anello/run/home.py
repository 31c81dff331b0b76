"""Where the workflow's own files lie: in the clone that is read, or in the installed package."""

from __future__ import annotations

from pathlib import Path

from anello.errors import WorkspaceError

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = "clone"
"""Folder of the package in which a wheel carries what a clone has beside the package."""


def workflow_home(package: Path = PACKAGE) -> Path:
    """Return the folder that holds Snakefile, rules, scripts, settings and profiles.

    Where the package is read in a clone, it is the clone, whatever a build has left there.

    Parameters
    ----------
    package : pathlib.Path
        The package's folder.

    Raises
    ------
    WorkspaceError
        If the package was installed without them.
    """
    for home in (package.parents[1], package / INSTALLED):
        if is_home(home):
            return home
    raise WorkspaceError(
        f"The package in {package} lacks the workflow's rules and scripts; install it anew from a"
        " clone with `pip install .`, or name the Snakefile of a clone by its path"
    )


def here_or_at_home(path: Path) -> Path:
    """Return where a file is: in the working folder, or else where the workflow's own files lie."""
    if path.exists():
        return path
    at_home = workflow_home() / path
    return at_home if at_home.exists() else path


def is_home(folder: Path) -> bool:
    """Return whether a folder holds the workflow."""
    parts = ("Snakefile", "workflow/Snakefile", "workflow/rules", "scripts", "config/config.yaml")
    return all((folder / part).exists() for part in parts)
