"""The first sheet: what the workbook holds, in which units, of which time, made by what."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from anello import __version__
from anello.optimise.results.collected import CollectedResults
from anello.present.report.config import FiguresConfig
from anello.present.workbook.scenario_rows import Loaded
from anello.present.workbook.sheet import Column, Sheet

_SHEETS = {
    "settings": "Every setting of the run and option of the model, and checksums of the files.",
    "inputs": "Every parameter of the model; of a series its mean, least and largest value.",
    "scenarios": "The numbers to compare scenarios by, as in scenarios.csv.",
    "sizes": "Every capacity by location, and the ring's plant, field and pipes.",
    "energy": "What each technology made and used of each carrier, over the modelled time.",
    "costs": "What costs are made of. Rows counted as optimised add up to what the optimiser found;"
    " with those counted as simulated, to the cost at the COP of the ring that it causes; with"
    " those counted as built, the ring's plant and pipes, to the whole cost.",
    "temperatures": "The ring's water by instant; of a loop also what arrives at every substation"
    " from then on.",
    "hourly": "A sheet per scenario: electricity, heat and cold, stores and COP by time step.",
}
_NOTES = {
    "Units": "Each column or row names its own. Energy of an hourly sheet is per step [kWh]: divide"
    " by the step's length for power, multiply by its weight before adding up.",
    "Signs": "Energies are positive; the header says whether they were made or used. Heat into the"
    " ring is positive, heat out of it negative.",
    "Times": "As in the model, without time zone, at the start of a step.",
    "Empty cells": "The quantity does not exist there. `unlimited`: a size without limit.",
    "Text": "Names are written as text and never computed, whatever they begin with.",
    "More": "results.nc of each scenario holds everything at full precision, csv/ as tables.",
}


def readme_sheet(loaded: Loaded, config: FiguresConfig, added_up: bool) -> Sheet:
    """Return what a reader needs to know first.

    Parameters
    ----------
    loaded : mapping of str to CollectedResults
        The scenarios.
    config : FiguresConfig
        The unit of costs.
    added_up : bool
        Whether the hourly sheets add technologies up over their locations.
    """
    first = next(iter(loaded.values()))
    run = str(first.attrs.get("run", "") or "")
    rows: list[tuple[str, str, str]] = [("Results", "", f"of the run {run}" if run else "")]
    for name, collected in loaded.items():
        rows += _of_scenario(name, collected)
    rows += [("Sheet", sheet, text) for sheet, text in _SHEETS.items()]
    if added_up:
        text = "There are too many locations to open: hourly energies are sums over all of them."
        rows.append(("Note", "Hourly sheets", text))
    money = f"Costs of the class `{config.cost_class}` are in {config.currency}."
    rows += [("Note", "Costs", money), *(("Note", key, text) for key, text in _NOTES.items())]
    rows += [("Version", name, version) for name, version in _versions(loaded).items()]
    rows.append(
        ("Version", "date", "The file holds no time of writing: equal results give equal bytes.")
    )
    topics, about, texts = zip(*rows, strict=True)
    columns = [Column("Topic", topics), Column("About", about), Column("Text", texts, width=110)]
    return Sheet("readme", columns)


def _of_scenario(name: str, collected: CollectedResults) -> list[tuple[str, str, str]]:
    results = collected.results
    times = results["timestep"].values
    length = results["timestep_resolution"].values
    end = times[-1] + np.timedelta64(round(float(length[-1]) * 3_600_000), "ms")
    hours = float((length * results["timestep_weight"].values).sum())
    period = f"{_minute(times[0])} to {_minute(end)}: {len(times):,} steps, {hours:,.10g} hours"
    rows = [
        ("Scenario", name, str(collected.settings.get("description") or "")),
        ("Time", name, period),
    ]
    model = collected.config.get("model", {}).get("name")
    if model:
        rows.append(("Model", name, str(model)))
    return rows


def _minute(time: np.datetime64) -> str:
    return str(np.datetime_as_string(time, unit="m")).replace("T", " ")


def _versions(loaded: Loaded) -> Mapping[str, str]:
    """Versions of what computed the results, and of what wrote the workbook."""
    found: dict[str, str] = {}
    for collected in loaded.values():
        for name, version in collected.versions.items():
            known = found.setdefault(name, version)
            if version not in known.split(", "):
                found[name] = f"{known}, {version}"
    return {**dict(sorted(found.items())), "workbook written by anello": __version__}


__all__ = ["readme_sheet"]
