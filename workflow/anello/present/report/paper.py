"""All figures and tables of a study in one folder, and a manifest to compare two runs of it by."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anello.base.cells import for_spreadsheets
from anello.base.files import FilePath, atomic_path, sha256, write_json
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.summary import KWH_PER_MWH
from anello.present.report.comparison import scenario_table
from anello.present.report.config import FiguresConfig
from anello.present.report.manifest import DRAWN_WITH, NAME

DIGITS = 6
"""Significant digits of the tables: what is beyond them differs from processor to processor."""

_METADATA = re.compile(rb"<metadata>.*?</metadata>", re.DOTALL)


@dataclass(frozen=True)
class PaperScenario:
    """One scenario of a study.

    Attributes
    ----------
    collected : CollectedResults
        Its results.
    inputs : mapping of str to path-like
        The raw data it was computed from, by name.
    figures : path-like
        The folder with its figures.
    """

    collected: CollectedResults
    inputs: Mapping[str, FilePath]
    figures: FilePath


def write_paper(
    scenarios: Mapping[str, PaperScenario],
    comparison: FilePath,
    folder: FilePath,
    config: FiguresConfig | None = None,
) -> Path:
    """Gather a study's figures and tables, with a manifest.

    Parameters
    ----------
    scenarios : mapping of str to PaperScenario
        The scenarios by name, in their order.
    comparison : path-like
        The folder with the figures that compare them.
    folder : path-like
        Where ``figures/``, ``tables/`` and ``manifest.json`` go.
    config : FiguresConfig, optional
        Names and currency of the tables.

    Returns
    -------
    pathlib.Path
        The manifest: SHA-256 of every input, of the settings, of every table and of every SVG but
        for its metadata, and the versions of what computed and drew them. Equal inputs, settings
        and versions give an equal manifest.
    """
    config = config or FiguresConfig()
    folder = Path(folder)
    results = {name: scenario.collected for name, scenario in scenarios.items()}
    tables = {
        "scenarios.csv": scenario_table(results, config).reset_index(),
        "monthly_energy.csv": monthly_energy(results),
        "heat_pumps.csv": heat_pump_table(results),
    }
    for name, frame in tables.items():
        with atomic_path(folder / "tables" / name) as temporary:
            for_spreadsheets(frame).to_csv(
                temporary,
                index=False,
                float_format=f"%.{DIGITS}g",
                lineterminator="\n",
                encoding="utf-8",
            )
    drawn = {f"{name}_": Path(scenario.figures) for name, scenario in scenarios.items()}
    figures = []
    for prefix, source in {**drawn, "": Path(comparison)}.items():
        for path in sorted(source.iterdir()):
            if path.suffix in (".svg", ".pdf", ".png"):
                figures.append(folder / "figures" / f"{prefix}{path.name}")
                with atomic_path(figures[-1]) as temporary:
                    shutil.copyfile(path, temporary)
    manifest = folder / NAME
    write_json(
        manifest,
        {
            "inputs": {
                name: {
                    file: sha256(path)
                    for file, path in sorted(scenario.inputs.items(), key=lambda pair: pair[0])
                }
                for name, scenario in scenarios.items()
            },
            "settings": {name: _digest(found.settings) for name, found in results.items()},
            "versions": _versions(results),
            "tables": {name: sha256(folder / "tables" / name) for name in sorted(tables)},
            "figures": {
                path.name: svg_checksum(path) for path in sorted(figures) if path.suffix == ".svg"
            },
        },
    )
    return manifest


def svg_checksum(path: FilePath) -> str:
    """Return the SHA-256 of an SVG but for its metadata, which name the drawing program."""
    return hashlib.sha256(_METADATA.sub(b"", Path(path).read_bytes())).hexdigest()


def monthly_energy(scenarios: Mapping[str, CollectedResults]) -> pd.DataFrame:
    """Sum what every technology gave and took by month.

    Parameters
    ----------
    scenarios : mapping of str to CollectedResults
        The scenarios by name.

    Returns
    -------
    pandas.DataFrame
        A row per scenario, location, carrier and technology with ``produced_mwh`` and
        ``consumed_mwh`` of each ``month`` [MWh].
    """
    frames = []
    for name, collected in scenarios.items():
        results = collected.results
        months = pd.DatetimeIndex(results["timestep"].values).strftime("%Y-%m")
        weight = results["timestep_weight"] / KWH_PER_MWH
        sides = {
            column: (abs(results[variable]) * weight)
            .assign_coords(month=("timestep", months))
            .groupby("month")
            .sum("timestep", min_count=1)
            .to_series()
            for variable, column in (
                ("carrier_prod", "produced_mwh"),
                ("carrier_con", "consumed_mwh"),
            )
        }
        frame = pd.DataFrame(sides).dropna(how="all").reset_index()
        frame[["location", "technology"]] = frame.pop("node").str.split("::", n=1, expand=True)
        frame.insert(0, "scenario", name)
        frames.append(frame)
    keys = ["scenario", "location", "carrier", "technology", "month"]
    table = pd.concat(frames)
    return table[[*keys, "produced_mwh", "consumed_mwh"]].sort_values(
        keys[1:], kind="stable", ignore_index=True
    )


def heat_pump_table(scenarios: Mapping[str, CollectedResults]) -> pd.DataFrame:
    """Sum up what every heat pump did, with its COP as the ring's simulation has it.

    Parameters
    ----------
    scenarios : mapping of str to CollectedResults
        The scenarios by name.

    Returns
    -------
    pandas.DataFrame
        A row per scenario and heat pump: output and electricity [MWh], heat into the ring [MWh],
        largest output [kW], mean COP of the hours [-] and seasonal COP [-]. Empty without a ring.
    """
    rows: list[dict[str, Any]] = []
    for name, collected in scenarios.items():
        ring = collected.ring
        if ring is None or "q_kw" not in ring:
            continue
        hours = ring["step_h"].values
        for node in ring["node"].values:
            mine = ring.sel(node=node)
            output, power = mine["q_kw"].values, mine["p_kw"].values
            made, used = float((output * hours).sum()), float((power * hours).sum())
            location, _, technology = str(node).partition("::")
            rows.append(
                {
                    "scenario": name,
                    "location": location,
                    "technology": technology,
                    "output_mwh": made / KWH_PER_MWH,
                    "electricity_mwh": used / KWH_PER_MWH,
                    "heat_into_ring_mwh": float((mine["q_ring_kw"].values * hours).sum())
                    / KWH_PER_MWH,
                    "largest_output_kw": float(output.max()),
                    "mean_cop": float(np.nanmean(mine["cop"].values)),
                    "seasonal_cop": made / used if used else np.nan,
                }
            )
    return pd.DataFrame(rows)


def _digest(settings: Mapping[str, Any]) -> str:
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _versions(results: Mapping[str, CollectedResults]) -> dict[str, str]:
    computed = next(iter(results.values())).versions
    return {**computed, **{name: metadata.version(name) for name in DRAWN_WITH}}
