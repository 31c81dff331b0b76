"""Small models of anello's own to learn from: an island, a town quarter, a ring-fed district.

Their series follow from formulas (:mod:`anello.examples.generate`), not from measurements; the
numbers are plausible and stand for no real place. ``anello new`` copies the folders.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anello.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from anello.api.model import Model

TEMPLATES = {
    "national": "an island of four regions with wind, sun, gas and batteries, five days",
    "urban": "three buildings, gas and electricity, heat pipes, rooftop sun, two days",
    "district": "two buildings with heat pumps on a ring, tanks and a battery, four days",
}
"""Names of the examples and what they are."""

__all__ = ["TEMPLATES", "copy_example", "district_scale", "folder", "milp", "national_scale"]
__all__ += ["operate", "time_clustering", "time_masking", "time_resampling", "urban_scale"]


def folder(name: str) -> Path:
    """Return the folder of an example.

    Parameters
    ----------
    name : str
        A name of :data:`TEMPLATES`, also with ``_scale`` behind it.

    Raises
    ------
    InputError
        If there is no such example.
    """
    short = name.removesuffix("_scale")
    if short not in TEMPLATES:
        raise InputError(
            Problem(
                f"there is no example `{name}`",
                suggestion=did_you_mean(name, TEMPLATES) or f"There are: {', '.join(TEMPLATES)}",
            )
        )
    return Path(__file__).parent / short


def copy_example(name: str, target: Path | str) -> Path:
    """Copy an example into a new folder.

    Parameters
    ----------
    name : str
        A name of :data:`TEMPLATES`.
    target : path-like
        The folder to make.

    Returns
    -------
    pathlib.Path
        The model's main file in the new folder.

    Raises
    ------
    InputError
        If the folder exists and is not empty, or there is no such example.
    """
    source, place = folder(name), Path(target)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise InputError(
            Problem("exists already", file=str(place), suggestion="Choose another folder")
        )
    ignored = shutil.ignore_patterns("__pycache__", "*.py")
    shutil.copytree(source, place, dirs_exist_ok=True, ignore=ignored)
    return place / "model.yaml"


def _model(name: str, **told: Any) -> Model:
    from anello.api.model import Model

    return Model(folder(name) / "model.yaml", **told)


def national_scale(**told: Any) -> Model:
    """Return the national example; keyword arguments are those of `anello.Model`."""
    return _model("national", **told)


def urban_scale(**told: Any) -> Model:
    """Return the urban example; keyword arguments are those of `anello.Model`."""
    return _model("urban", **told)


def milp(**told: Any) -> Model:
    """Return the urban example with whole units, purchases and one-way pipes at a time."""
    return _model("urban", **{"scenario": "milp", **told})


def operate(**told: Any) -> Model:
    """Return the urban example as it is operated, with a receding horizon."""
    return _model("urban", **{"scenario": "operate", **told})


def time_resampling(**told: Any) -> Model:
    """Return the national example in steps of six hours."""
    return _model("national", **{"scenario": "time_resampling", **told})


def time_clustering(**told: Any) -> Model:
    """Return the national example with representative days."""
    return _model("national", **{"scenario": "time_clustering", **told})


def time_masking(**told: Any) -> Model:
    """Return the urban example with one day by the hour and the other in longer steps."""
    return _model("urban", **{"scenario": "time_masking", **told})


def district_scale(**told: Any) -> Model:
    """Return the district example; keyword arguments are those of `anello.Model`."""
    return _model("district", **told)
