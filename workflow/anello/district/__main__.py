"""``python -m anello.district FOLDER [DESCRIPTION]``: make a run of a district."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from anello.district.project import new_project
from anello.errors import AnelloError


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the folder that the command line asks for.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line after the program's name.

    Returns
    -------
    int
        0, or 1 if an error was shown.
    """
    parser = argparse.ArgumentParser(prog="python -m anello.district", description=__doc__)
    parser.add_argument("folder", help="where settings and model go")
    parser.add_argument(
        "description", nargs="?", help="the district's YAML file; the embedded district by default"
    )
    told = parser.parse_args(arguments)
    try:
        settings = new_project(told.folder, told.description)
    except AnelloError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"snakemake --cores 2 --configfile {settings}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
