"""What `anello check` says of the settings of a run, and of a district's description."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from anello.cli.terminal import say_error, say_warning
from anello.errors import InputError, Problem

Kind = Literal["settings", "description"]
_OF_SETTINGS = (
    "scenario_definitions",
    "scenarios",
    "ring",
    "coupling",
    "data",
    "solver",
    "figures",
)
_OF_A_MODEL = ("model", "techs", "tech_groups", "import")


def kind_of(path: Path) -> Kind | None:
    """Return whether a file holds settings of a run or a description; None for a model.

    What cannot be read as YAML counts as a model, whose reader says what is wrong.
    """
    from anello.district.config import DistrictConfig
    from anello.model.schema.yaml_reader import read_settings

    if not path.is_file():
        return None
    try:
        content = read_settings(path)
    except InputError:
        return None
    if any(key in content for key in _OF_A_MODEL):
        return None
    if any(key in content for key in _OF_SETTINGS) and not _described(content):
        return "settings"
    own = set(DistrictConfig.model_fields) - {"name", "locations"}
    return "description" if _described(content) or own & set(content) else None


def _described(content: Mapping[str, Any]) -> bool:
    """Whether any location has buildings, as only those of a description do, in order or not."""
    places = content.get("locations")
    entries = places.values() if isinstance(places, Mapping) else places or ()
    return any("'buildings': " in repr(entry) for entry in entries)


def check_file(path: Path, kind: Kind, *, quiet: bool) -> bool:
    """Say what is wrong with settings or a description, and what is unusual; return if all is well.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it holds.
    quiet : bool
        Whether to say errors only.
    """
    try:
        notes = _settings_notes(path) if kind == "settings" else _description_notes(path)
    except InputError as error:
        say_error(f"the {kind}: {error}")
        return False
    if not quiet:
        for note in notes:
            say_warning(f"the {kind}: {note}")
        print(f"the {kind}: no problems")
    return True


def _settings_notes(path: Path) -> list[Problem]:
    from anello.run.config import read_config
    from anello.run.unusual import unusual

    return unusual(read_config(path), [path])


def _description_notes(path: Path) -> list[Problem]:
    from anello.district.climate import WeatherFile
    from anello.district.config import load_district, unusual

    district = load_district(path)
    weather = district.weather
    if isinstance(weather, WeatherFile) and not (path.parent / weather.file).is_file():
        told = "there is no such file; the path starts from the description's folder"
        raise InputError(Problem(told, str(path), None, "weather.file", str(weather.file)))
    return unusual(district, str(path))
