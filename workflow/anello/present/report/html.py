"""The report: one HTML file that needs nothing but a browser."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import pandas as pd

from anello import __version__
from anello.base.files import FilePath, write_text
from anello.errors import ArtefactError
from anello.present.report.appearance import temperature_stops
from anello.present.report.comparison import Scenarios, Summaries, load, summaries_of
from anello.present.report.comparison_table import comparison_html
from anello.present.report.config import FiguresConfig
from anello.present.report.decision import decision_html, plan_of
from anello.present.report.heading import heading_of
from anello.present.report.hourly import coarseness, hourly_payload
from anello.present.report.network_view import network_payload
from anello.present.report.scenario_sections import scenario_block
from anello.present.report.studies import studies_html


def write_report(
    scenarios: Scenarios,
    path: FilePath,
    config: FiguresConfig | None = None,
    summaries: Summaries | None = None,
    studies: Mapping[str, pd.DataFrame] | None = None,
) -> Path:
    """Write the report on one or several scenarios.

    It begins with what to build, what that costs, and how it stands against the other scenarios;
    then come the dispatch of any day, the ring's temperature over the year, the network in its
    worst week, a table and bars to compare the scenarios, and of each: the energy from source to
    use, curves of COP and prices, the convergence record, audits, assumptions, the findings in the
    data, and where all of it comes from. It loads nothing from elsewhere.

    Parameters
    ----------
    scenarios : mapping of str to path-like or CollectedResults
        Their results by name, in the order in which to show them.
    path : path-like
        The HTML file.
    config : FiguresConfig, optional
        Names, colours, currency.
    summaries : mapping of str to mapping, optional
        What `summaries_of` returned, where it is known already.
    studies : mapping of str to DataFrame, optional
        Tables of studies, by what :mod:`anello.present.report.studies` calls them.

    Returns
    -------
    pathlib.Path
        The file written; equal results give equal bytes.

    Raises
    ------
    ArtefactError
        If results cannot be read, or there is no scenario.
    """
    config = config or FiguresConfig()
    loaded = load(scenarios)
    if not loaded:
        raise ArtefactError("a report needs the results of at least one scenario")
    summaries = summaries_of(loaded) if summaries is None else summaries
    plan = plan_of(summaries, config)
    heading = heading_of(loaded)
    every = coarseness(loaded)
    blocks = "".join(
        scenario_block(name, c, config, None if name == plan else summaries[name])
        for name, c in loaded.items()
    )
    folder = resources.files("anello.present.report")
    page = folder.joinpath("page.html").read_text(encoding="utf-8")
    script = folder.joinpath("network.js").read_text(encoding="utf-8")
    payload = {
        "scenarios": [
            {**hourly_payload(name, c, config, every), "net": network_payload(c, config)}
            for name, c in loaded.items()
        ],
        "temperatureStops": temperature_stops(),
    }
    for token, text in {
        "@TITLE@": html.escape(heading),
        "@VERSION@": html.escape(__version__),
        "@OPTIONS@": "".join(
            f"<option{' selected' if name == plan else ''}>{html.escape(name)}</option>"
            for name in loaded
        ),
        "@DECISION@": decision_html(loaded, config, summaries),
        "@COMPARISON@": comparison_html(loaded, config, summaries),
        "@STUDIES@": studies_html(studies or {}, config),
        "@NETWORK_SCRIPT@": script,
        "@SCENARIOS@": blocks,
        "@COARSE@": "" if every == 1 else f"<p>Hours are shown as means of {every} steps.</p>",
        "@DATA@": json.dumps(payload, separators=(",", ":")).replace("</", "<\\/"),
    }.items():
        page = page.replace(token, text)
    write_text(path, page)
    return Path(path)
