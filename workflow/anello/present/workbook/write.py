"""One Excel workbook with all results of a run."""

from __future__ import annotations

from pathlib import Path

from anello.base.files import FilePath
from anello.errors import ArtefactError
from anello.present.report.comparison import Scenarios, load
from anello.present.report.config import FiguresConfig
from anello.present.report.heading import heading_of
from anello.present.workbook.hourly import adds_up_locations, hourly_sheet, temperatures_sheet
from anello.present.workbook.inputs import inputs_sheet, settings_sheet
from anello.present.workbook.readme import readme_sheet
from anello.present.workbook.scenario_rows import (
    costs_sheet,
    energy_sheet,
    scenarios_sheet,
    sizes_sheet,
)
from anello.present.workbook.sheet import write_sheets


def write_workbook(
    scenarios: Scenarios, path: FilePath, config: FiguresConfig | None = None
) -> Path:
    """Write the results of one or several scenarios as one Excel workbook.

    Parameters
    ----------
    scenarios : mapping of str to path-like or CollectedResults
        Their results by name, in the order in which to show them.
    path : path-like
        The ``.xlsx`` file; it appears whole or not at all.
    config : FiguresConfig, optional
        Names to print, currency, and the units of other cost classes.

    Returns
    -------
    pathlib.Path
        The file written; equal results give equal bytes. Its sheets are ``readme``, ``settings``,
        ``inputs``, ``scenarios``, ``sizes``, ``energy``, ``costs``, ``temperatures`` where there is
        a ring, and ``hourly <scenario>``.

    Raises
    ------
    ArtefactError
        If results cannot be read, there is no scenario, or Excel cannot hold so many time steps.
    """
    config = config or FiguresConfig()
    loaded = load(scenarios)
    if not loaded:
        raise ArtefactError("a workbook needs the results of at least one scenario")
    added_up = adds_up_locations(loaded)
    sheets = [
        readme_sheet(loaded, config, added_up),
        settings_sheet(loaded),
        inputs_sheet(loaded),
        scenarios_sheet(loaded, config),
        sizes_sheet(loaded, config),
        energy_sheet(loaded, config),
        costs_sheet(loaded, config),
    ]
    temperatures = temperatures_sheet(loaded)
    if temperatures.rows:
        sheets.append(temperatures)
    sheets += [hourly_sheet(n, c, config, not added_up) for n, c in loaded.items()]
    write_sheets(sheets, path, heading_of(loaded))
    return Path(path)


__all__ = ["write_workbook"]
