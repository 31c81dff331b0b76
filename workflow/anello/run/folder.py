"""A folder to run a district in: its settings, the days that are run, and its report."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from anello.base.files import write_text
from anello.district.config import load_district, merge
from anello.errors import ConfigError, InputError, Problem
from anello.model.schema.yaml_reader import read_settings
from anello.run.config import RunConfig, parse_config
from anello.run.preprocess.config import EmbeddedData, FolderData

SETTINGS = ("config.yaml", "config/config.yaml")
MEMORY = ".anello"
DAYS_FILE = f"{MEMORY}/days.yaml"
LAST_FILE = f"{MEMORY}/last-run"
DAYS_OF_A_YEAR = 365
_PATHS = ("district", "model", "root")
"""Paths in the section `data`; Snakemake runs in the folder that they start from."""
_ONE_DAY = r"\d{4}-\d{2}-\d{2}"


class RunFolder:
    """A folder that `anello district new` has made, or one with settings of its own.

    Parameters
    ----------
    path : pathlib.Path
        The folder.

    Raises
    ------
    InputError
        If there is none, or it has no settings.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        found = [path / name for name in SETTINGS if (path / name).is_file()]
        if not found:
            what = "is no run folder: it has no config.yaml" if path.is_dir() else "does not exist"
            raise InputError(f"{path} {what}. Make one with `anello district new {path}`")
        self.settings = found[0]

    def files(self, more: Sequence[Path] = (), days: str | None = None) -> list[Path]:
        """Return the settings' files, each laid over those before it.

        Parameters
        ----------
        more : sequence of path
            Files of settings to lay over the folder's own.
        days : str, optional
            See :meth:`chosen_days`; written to a file that comes last.

        Raises
        ------
        InputError
            If a file is absent or wrong, or the days are none of the district's.
        """
        files = [self.settings, *more]
        if days is None:
            return files
        config = self._as_snakemake(files)
        first, last = self.chosen_days(days, config)
        changed = {name: {"overrides": subset(first, last)} for name in config.scenarios}
        content = {"run": f"{config.run}-{label(days)}", "scenario_definitions": changed}
        target = self.path / DAYS_FILE
        write_text(target, yaml.safe_dump(content, sort_keys=False))
        return [*files, target]

    def chosen_days(self, days: str, config: RunConfig) -> tuple[str, str]:
        """Return the first and the last day of some days.

        Parameters
        ----------
        days : str
            How many, from the first of January on; or a date; or two with a comma between them.
        config : RunConfig
            The settings.

        Raises
        ------
        InputError
            If they are neither, or of another year than the district's.
        """
        found = re.fullmatch(rf"(?:(\d+)|({_ONE_DAY})(?:,({_ONE_DAY}))?)", days.strip())
        if found is None:
            raise _wrong_days(days, "is neither a number nor one or two dates")
        year = self.year(config)
        if found[1] is None:
            first, last = found[2], found[3] or found[2]
            _check_dates(days, first, last, year)
            return first, last
        if not 1 <= int(found[1]) <= DAYS_OF_A_YEAR:
            raise _wrong_days(days, "is no number of days of a year")
        if year is None:
            raise _wrong_days(days, "needs dates, since the model is a folder of your own")
        begin = datetime.date(year, 1, 1)
        return str(begin), str(begin + datetime.timedelta(days=int(found[1]) - 1))

    def year(self, config: RunConfig) -> int | None:
        """Return the year that the district is described for; None for a model folder."""
        if not isinstance(config.data, EmbeddedData):
            return None
        return load_district(config.data.district, config.data.changes).year

    def read(self, files: Sequence[Path]) -> RunConfig:
        """Read and check settings, and that what they name lies here.

        Description and model in them are paths from where this process is.

        Raises
        ------
        InputError
            If they are wrong, or name a description or a model that is not there.
        """
        config = self._as_snakemake(files)
        problems = []
        for name in config.computed:
            data = config.scenario(name).data
            told, key = None, ""
            if isinstance(data, EmbeddedData):
                told, key = data.district, "data.district"
            elif isinstance(data, FolderData):
                told, key = data.model, "data.model"
            if told is not None and not told.exists():
                problems.append(_missing(self.path, told, key, files))
        if problems:
            raise ConfigError(list(dict.fromkeys(problems)))
        return config

    def _as_snakemake(self, files: Sequence[Path]) -> RunConfig:
        """Lay each file over those before it, and read them as Snakemake does in this folder."""
        content: dict[str, Any] = {}
        for file in files:
            content = merge(content, read_settings(file))
        return parse_config(_from(self.path, content), files)

    # --- what was run last ------------------------------------------------------------------------

    def remember(self, run: str) -> None:
        """Remember which run was started last."""
        write_text(self.path / LAST_FILE, f"{run}\n")

    def report(self, run: str | None = None) -> Path:
        """Return the report of a run; by default of the one that was started last.

        Raises
        ------
        InputError
            If it has not been made; names those that have.
        """
        if run is None:
            last = self.path / LAST_FILE
            known = last.read_text(encoding="utf-8").strip() if last.is_file() else ""
            run = known or self._as_snakemake([self.settings]).run
        page = self.path / "results" / run / "report.html"
        if page.is_file():
            return page
        others = [path.parent.name for path in self.path.glob("results/*/report.html")]
        hint = f"; there are reports of {', '.join(sorted(others))} (--run NAME)" if others else ""
        raise InputError(
            f"There is no report of run {run} yet ({page}): "
            f"`anello district run {self.path}` ends with it{hint}"
        )


def _from(folder: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings whose description and model start from a folder."""
    placed = dict(content)
    if isinstance(content.get("data"), Mapping):
        data = content["data"]
        paths = {key: data[key] for key in _PATHS if isinstance(data.get(key), str)}
        placed["data"] = {**data, **{key: str(folder / told) for key, told in paths.items()}}
    for section in ("scenario_definitions", "years"):
        if isinstance(content.get(section), Mapping):
            placed[section] = {
                name: _from(folder, one) if isinstance(one, Mapping) else one
                for name, one in content[section].items()
            }
    return placed


def subset(first: str, last: str) -> Mapping[str, Any]:
    """Return the override of a model that keeps some days."""
    return {"model.subset_time": [first, last]}


def label(days: str) -> str:
    """Return what is added to the name of a run of some days."""
    text = days.strip()
    return f"{text}-days" if text.isdecimal() else text.replace(",", "-to-")


def _check_dates(days: str, first: str, last: str, year: int | None) -> None:
    try:
        dates = [datetime.date.fromisoformat(text) for text in (first, last)]
    except ValueError:
        raise _wrong_days(days, "is no date") from None
    if dates[0] > dates[1]:
        raise _wrong_days(days, "ends before it begins")
    if year is not None and {date.year for date in dates} != {year}:
        raise _wrong_days(days, f"is not in {year}, the year that the district is described for")


def _wrong_days(days: str, what: str) -> InputError:
    return InputError(
        Problem(
            what,
            key="--days",
            value=days,
            suggestion="Say how many (7), or the first and the last (2015-07-01,2015-07-07)",
        )
    )


def _missing(folder: Path, told: Path, key: str, files: Sequence[Path]) -> Problem:
    told = told.relative_to(folder) if told.is_relative_to(folder) else told
    here = (
        " It lies in the present folder, from where `anello new` counts." if told.exists() else ""
    )
    return Problem(
        "There is no such file",
        file=", ".join(map(str, files)),
        key=key,
        value=str(told),
        suggestion=f"Paths in settings start from the run folder, {folder}.{here}",
    )
