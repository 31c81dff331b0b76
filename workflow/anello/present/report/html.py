"""The report: one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello import __version__
from anello.base.files import FilePath, write_text
from anello.errors import ArtefactError
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import convergence_dataset
from anello.optimise.results.prices import set_prices
from anello.present.report.appearance import (
    BLUE,
    GREEN,
    VERMILION,
    WHEEL,
    Appearance,
    temperature_stops,
)
from anello.present.report.charts import Line, line_chart
from anello.present.report.comparison import Scenarios, load, scenario_table, signed_percent
from anello.present.report.config import FiguresConfig
from anello.present.report.costs import cost_table, unpriced_note
from anello.present.report.dispatch_figures import carrier_flows, flow_style
from anello.present.report.energy_flows import energy_links, sankey_svg
from anello.present.report.loop_drawing import loop_html, ring_loop
from anello.present.report.ring_figures import cop_duration

Array = npt.NDArray[np.float64]

MOST_VALUES = 4_500_000
"""Hourly values in a report: two bytes each, so that the file stays below 15 MB."""

_DASHES = ("", "7 3", "2 3", "9 3 2 3")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_report(
    scenarios: Scenarios,
    path: FilePath,
    config: FiguresConfig | None = None,
    title: str = "",
) -> Path:
    """Write the report on one or several scenarios.

    It holds a table and bars to compare the scenarios, and of each scenario: the dispatch of any
    day, the ring's temperature over the year, the energy of the year from source to use, curves of
    COP and of the prices of heat, the convergence record, the findings in the data, and where all
    of it comes from. It loads nothing from elsewhere.

    Parameters
    ----------
    scenarios : mapping of str to path-like or CollectedResults
        Their results by name, in the order in which to show them.
    path : path-like
        The HTML file.
    config : FiguresConfig, optional
        Names, colours, currency.
    title : str, optional
        Heading; made from the run's name by default.

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
    run = str(next(iter(loaded.values())).attrs.get("run", ""))
    heading = title or (f"Results of {run}" if run else "Results")
    every = _coarseness(loaded)
    blocks = "".join(_scenario_block(name, c, config) for name, c in loaded.items())
    template = resources.files("anello.present.report").joinpath("page.html")
    page = template.read_text(encoding="utf-8")
    payload = {
        "scenarios": [_payload(name, c, config, every) for name, c in loaded.items()],
        "temperatureStops": temperature_stops(),
    }
    for token, text in {
        "@TITLE@": html.escape(heading),
        "@VERSION@": html.escape(__version__),
        "@OPTIONS@": "".join(f"<option>{html.escape(name)}</option>" for name in loaded),
        "@COMPARISON@": _comparison(loaded, config),
        "@SCENARIOS@": blocks,
        "@COARSE@": "" if every == 1 else f"<p>Hours are shown as means of {every} steps.</p>",
        "@DATA@": json.dumps(payload, separators=(",", ":")).replace("</", "<\\/"),
    }.items():
        page = page.replace(token, text)
    write_text(path, page)
    return Path(path)


# --- what the page's script draws ---------------------------------------------------------------


def _coarseness(loaded: Mapping[str, CollectedResults]) -> int:
    """Return how many steps to average, so that the file does not grow beyond its limit."""
    total = 0
    for collected in loaded.values():
        results = collected.results
        flows = sum(
            int(results[name].notnull().any("timestep").sum())
            for name in ("carrier_prod", "carrier_con")
        )
        total += (flows + 1) * results.sizes["timestep"]
    return max(1, math.ceil(total / MOST_VALUES))


def _payload(
    name: str, collected: CollectedResults, config: FiguresConfig, every: int
) -> dict[str, Any]:
    results = collected.results
    look = Appearance(results, collected.inputs, config)
    hours = results["timestep_resolution"].values
    times = results["timestep"].values.astype("datetime64[ms]").astype(np.int64)
    regular = len(set(np.diff(times))) <= 1
    used = [str(v) for v in results["loc"].values if (results["node_loc"] == v).any()]
    flows = []
    for loc in used:
        for carrier in look.carriers():
            for flow in carrier_flows(results, carrier, loc):
                label, color, hatch = (
                    ("Demand", "#000000", "") if flow.role == "demand" else flow_style(flow, look)
                )
                known = flow.label in look.techs()
                flows.append(
                    {
                        "loc": loc,
                        "carrier": carrier,
                        "key": "demand" if flow.role == "demand" else flow.label,
                        "name": label,
                        "color": color,
                        "hatch": bool(hatch),
                        "role": flow.role,
                        "link": known and look.base(flow.label) == "transmission",
                        **_packed(_coarse(flow.values / hours, every)),
                    }
                )
    out: dict[str, Any] = {
        "name": name,
        "count": math.ceil(len(times) / every),
        "start": int(times[0]),
        "step": round(float(hours[0]) * 3_600_000) * every,
        "times": None if regular else times[::every].tolist(),
        "locations": [[loc, look.name(loc)] for loc in used],
        "carriers": [[c, look.name(c)] for c in look.carriers()],
        "flows": flows,
        "ring": None,
    }
    ring = collected.ring
    if ring is not None and "temperature_degc" in ring:
        values = ring["temperature_degc"].values[: len(times)]
        low, high = ring.attrs.get("bounds_degc", (None, None))
        out["ring"] = {
            **_packed(_coarse(values, every)),
            "low": None if low is None else float(low),
            "high": None if high is None else float(high),
        }
    return out


def _coarse(values: Array, every: int) -> Array:
    """Means of `every` neighbouring values; the last mean may be of fewer."""
    if every == 1:
        return values
    starts = np.arange(0, len(values), every)
    counts = np.diff(np.append(starts, len(values)))
    means: Array = np.add.reduceat(values, starts) / counts
    return means


def _packed(values: Array) -> dict[str, Any]:
    """Hold values as two-byte integers times a scale: exact to a 30,000th of the largest."""
    largest = float(np.abs(values).max(initial=0.0))
    scale = largest / 32000.0 if largest > 0 else 1.0
    whole = np.round(np.nan_to_num(values) / scale).astype("<i2")
    return {"scale": scale, "data": base64.b64encode(whole.tobytes()).decode("ascii")}


# --- what stands in the page ---------------------------------------------------------------------


def _comparison(loaded: Mapping[str, CollectedResults], config: FiguresConfig) -> str:
    table = scenario_table(loaded, config)
    parts = []
    cost = next((label for label in table.index if label.startswith("Cost as")), None)
    if cost is not None and len(loaded) > 1:
        parts.append(_bars(table.loc[cost], str(cost)))
    parts.append('<div class="scroll"><table><caption>All numbers</caption><thead><tr>')
    parts.append('<th scope="col">Quantity</th>')
    parts += [f'<th scope="col">{html.escape(str(name))}</th>' for name in table.columns]
    parts.append("</tr></thead><tbody>")
    for label, row in table.iterrows():
        indented = ' class="in"' if str(label).startswith("  ") else ""
        parts.append(f'<tr><th scope="row"{indented}>{html.escape(str(label).strip())}</th>')
        counted = "[" not in str(label)
        parts += [f"<td>{_figure(float(value), counted)}</td>" for value in row]
        parts.append("</tr>")
    parts.append("</tbody></table></div>")
    return "".join(parts)


def _bars(row: pd.Series[Any], label: str) -> str:
    """Horizontal bars, each with its number and its difference to the first."""
    largest = max(float(np.nanmax(row.to_numpy(dtype=float))), 1e-9)
    first = float(row.iloc[0])
    parts = [f"<h3>{html.escape(label)}</h3>", '<dl class="bars">']
    for position, (name, value) in enumerate(row.items()):
        number = float(value)
        change = f" ({signed_percent(number / first - 1)})" if position and first else ""
        width = max(0.0, number / largest * 100) if np.isfinite(number) else 0.0
        parts.append(
            f'<dt>{html.escape(str(name))}</dt><dd><span class="bar" style="width:{width:.2f}%">'
            f"</span><span>{_figure(number)}{change}</span></dd>"
        )
    parts.append("</dl>")
    return "".join(parts)


def _scenario_block(name: str, collected: CollectedResults, config: FiguresConfig) -> str:
    label = html.escape(name, quote=True)
    sections = [
        (
            "Energy of the whole time",
            sankey_svg(
                energy_links(collected, config),
                f"Energy of scenario {name} from its sources to its uses",
            ),
            "wide",
        ),
        ("The loop", _loop(collected, config), ""),
        ("COP", _cop(collected, config), ""),
        ("Prices of energy", _prices(collected, config), ""),
        ("Convergence", _convergence(collected, config), ""),
        ("Findings in the data", _quality(collected), ""),
        ("Where this comes from", _provenance(collected), ""),
    ]
    body = "".join(
        f'<section><h2>{title}</h2><div class="{kind or "plain"}">{content}</div></section>'
        for title, content, kind in sections
        if content
    )
    return f'<div class="scenario" data-scenario="{label}"><p class="of">{label}</p>{body}</div>'


def _loop(collected: CollectedResults, config: FiguresConfig) -> str:
    ring = ring_loop(collected.settings)
    if ring is None:
        return ""
    look = Appearance(collected.results, collected.inputs, config)
    return loop_html(ring, collected.ring, look)


def _cop(collected: CollectedResults, config: FiguresConfig) -> str:
    ring = collected.ring
    if ring is None or "cop" not in ring:
        return "<p>No ring was simulated.</p>"
    look = Appearance(collected.results, collected.inputs, config)
    hours = np.asarray(collected.results["timestep_resolution"].values, dtype=float)
    nodes = [str(n) for n in ring["node"].values]
    locs = list(dict.fromkeys(n.split("::", 1)[0] for n in nodes))
    lines = []
    for node in nodes:
        loc, tech = node.split("::", 1)
        frame = cop_duration(ring, node, hours)
        lines.append(
            Line(
                f"{look.name(tech)}, {look.name(loc)}",
                frame["hours"].to_numpy(dtype=float),
                frame["cop"].to_numpy(dtype=float),
                look.carrier_color(look.main_carrier(tech)),
                _DASHES[locs.index(loc) % len(_DASHES)],
            )
        )
    return line_chart(
        lines,
        "Hours in operation with at least this COP [h]",
        "COP [–]",
        "Coefficient of performance of each heat pump, in falling order",
        x_from_zero=True,
    )


def _prices(collected: CollectedResults, config: FiguresConfig) -> str:
    results = collected.results
    if "shadow_price" not in results:
        return "<p>There are no prices: a model with whole-number decisions has none.</p>"
    look = Appearance(results, collected.inputs, config)
    hours = (results["timestep_resolution"] * results["timestep_weight"]).values
    lines = []
    locs = [str(v) for v in results["loc"].values]
    prices = set_prices(results)
    for carrier in look.carriers():
        for loc in locs:
            price = prices.sel(loc=loc, carrier=carrier).values
            known = np.isfinite(price)
            if known.any():
                name = f"{look.name(carrier)}, {look.name(loc)}"
                dash = _DASHES[locs.index(loc) % len(_DASHES)]
                color = look.carrier_color(carrier)
                lines.append(_duration(name, price[known], hours[known], color, dash))
    if "source_heat_price" in results:
        price = results["source_heat_price"].values
        lines.append(_duration("Source heat from the ring", price, hours, GREEN, ""))
    chart = line_chart(
        lines,
        "Hours with at least this price [h]",
        f"Price [{config.currency}/kWh]",
        "Prices of one more kWh of each carrier, in falling order",
        x_from_zero=True,
    )
    return chart + unpriced_note(results) + cost_table(results, look, config)


def _duration(name: str, values: Array, hours: Array, color: str, dash: str) -> Line:
    order = np.argsort(-values, kind="stable")
    return Line(name, np.cumsum(hours[order]), values[order], color, dash)


def _convergence(collected: CollectedResults, config: FiguresConfig) -> str:
    record = collected.record
    if not record.get("trace"):
        return "<p>This scenario was solved once, without a loop.</p>"
    trace = convergence_dataset(record)
    x = trace["iteration"].values.astype(float)
    count = len(x)
    state = "Converged" if record.get("converged") else "Not converged"
    parts = [f"<p>{state} after {count} iteration{'s' if count != 1 else ''}.</p>"]
    charts: tuple[tuple[str, str, tuple[tuple[str, str, str], ...], bool, float], ...] = (
        (
            "Change of ring temperature",
            "|ΔT| [K]",
            (("max_delta_t_k", "Largest", BLUE), ("rms_delta_t_k", "Root mean square", VERMILION)),
            True,
            1.0,
        ),
        (
            "Cost",
            f"Cost [1000 {config.currency}]",
            (("j_lp_eur", "As optimised", BLUE), ("j_sim_eur", "As simulated", VERMILION)),
            False,
            1000.0,
        ),
    )
    for title, unit, measures, log, by in charts:
        lines = [
            Line(text, x, trace[name].values / by, color, markers=True)
            for name, text, color in measures
            if name in trace
        ]
        if lines:
            parts.append(f"<h3>{title}</h3>")
            parts.append(
                line_chart(
                    lines, "Iteration", unit, title, log=log, integers=True, x_from_zero=True
                )
            )
    temperatures = _ring_by_iteration(collected)
    if temperatures:
        parts.append("<h3>Ring temperature by iteration (daily mean)</h3>")
        parts.append(temperatures)
    return "".join(parts)


def _ring_by_iteration(collected: CollectedResults) -> str:
    ring = collected.ring
    if ring is None or "temperature_by_iteration_degc" not in ring:
        return ""
    values = ring["temperature_by_iteration_degc"].transpose("iteration", "state").values
    times = pd.DatetimeIndex(ring["state"].values)
    days = (times.normalize() - times[0].normalize()).days.to_numpy()
    counts = np.maximum(np.bincount(days), 1)
    picked = sorted({0, 1, len(values) // 2, len(values) - 1} & set(range(len(values))))
    lines = [
        Line(
            f"Iteration {number}",
            np.arange(len(counts), dtype=float),
            np.bincount(days, values[number]) / counts,
            WHEEL[position % len(WHEEL)],
            _DASHES[position % len(_DASHES)],
        )
        for position, number in enumerate(picked)
    ]
    starts = pd.date_range(times[0].normalize(), times[-1].normalize(), freq="MS")
    if len(starts) > 1:
        ticks = [(float((s - times[0].normalize()).days), _MONTHS[s.month - 1]) for s in starts]
        text = f"Month of {times[0].year}"
    else:
        every = max(1, len(counts) // 7)
        first = times[0].normalize()
        moments = [first + pd.Timedelta(days=d) for d in range(0, len(counts), every)]
        ticks = [(float((m - first).days), f"{m.day} {_MONTHS[m.month - 1]}") for m in moments]
        text = f"Day of {times[0].year}"
    return line_chart(
        lines, text, "Temperature [°C]", "Daily mean ring temperature by iteration", x_ticks=ticks
    )


def _quality(collected: CollectedResults) -> str:
    quality = collected.quality
    if quality is None:
        return "<p>The series were not checked.</p>"
    findings = quality.get("findings", [])
    policy = html.escape(str(quality.get("policy", "")))
    if not findings:
        return f"<p>No faults were found (policy: {policy}).</p>"
    columns = ("file", "column", "time", "kind", "value", "action", "new_value", "message")
    present = [c for c in columns if any(f.get(c) not in (None, "") for f in findings)]
    head = "".join(f'<th scope="col">{c.replace("_", " ").capitalize()}</th>' for c in present)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape('' if f.get(c) is None else str(f[c]))}</td>" for c in present)
        + "</tr>"
        for f in findings[:200]
    )
    more = f"<p>and {len(findings) - 200} more</p>" if len(findings) > 200 else ""
    count = f"{len(findings)} finding{'s' if len(findings) != 1 else ''}"
    return (
        f"<p>{count}; policy: {policy}.</p>"
        f'<div class="scroll"><table class="text"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def _provenance(collected: CollectedResults) -> str:
    results = collected.results
    facts = {
        "Model": (collected.config.get("model") or {}).get("name"),
        "Time": f"{_stamp(results, 0)} to {_stamp(results, -1)}, {results.sizes['timestep']} steps",
        "Solver": results.attrs.get("solver"),
        "Status": results.attrs.get("status"),
    }
    rows = "".join(
        f'<tr><th scope="row">{key}</th><td>{html.escape(str(value))}</td></tr>'
        for key, value in facts.items()
        if value
    )
    parts = [f'<table class="text"><tbody>{rows}</tbody></table>']
    for title, content in (
        ("Versions", collected.versions),
        ("Checksums (SHA-256)", collected.checksums),
    ):
        items = "".join(
            f'<tr><th scope="row">{html.escape(str(k))}</th><td><code>{html.escape(str(v))}</code>'
            "</td></tr>"
            for k, v in sorted(content.items())
        )
        if items:
            parts.append(
                f'<details><summary>{title}</summary><div class="scroll"><table class="text">'
                f"<tbody>{items}</tbody></table></div></details>"
            )
    for title, settings in (("Settings", collected.settings), ("Model", collected.config)):
        if settings:
            text = json.dumps(settings, indent=1, ensure_ascii=False, sort_keys=True)
            parts.append(
                f"<details><summary>{title}</summary><pre>{html.escape(text)}</pre></details>"
            )
    return "".join(parts)


def _stamp(results: xr.Dataset, position: int) -> str:
    return str(results["timestep"].values[position])[:16].replace("T", " ")


def _figure(value: float, counted: bool = False) -> str:
    """Return a number with thin spaces between thousands and, if measured, three digits."""
    if not np.isfinite(value):
        return "–"
    size = abs(value)
    if value == 0:
        return "0"
    if size >= 1000:
        text = f"{value:,.0f}"
    elif size >= 100 or counted:
        text = f"{value:.0f}"
    elif size >= 0.001:
        text = f"{value:#.3g}"
    else:
        text = f"{value:.1e}"
    return text.replace(",", "\u202f").replace("-", "\u2212")
