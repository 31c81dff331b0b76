"""What the page tells of one scenario: energy, loop, COP, prices, convergence, data, origin."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import convergence_dataset
from anello.optimise.results.prices import price_states, set_prices
from anello.optimise.results.summary import KWH_PER_MWH
from anello.present.report.appearance import BLUE, GREEN, VERMILION, WHEEL, Appearance
from anello.present.report.assumptions import assumptions_html
from anello.present.report.audits import audits_html
from anello.present.report.charts import Line, line_chart
from anello.present.report.config import FiguresConfig
from anello.present.report.costs import cost_table, unpriced_note
from anello.present.report.drawing import MONTHS, hours_of_steps
from anello.present.report.energy_flows import energy_links, sankey_svg
from anello.present.report.hydraulics_table import hydraulics_html
from anello.present.report.loop_drawing import loop_html, ring_loop
from anello.present.report.ring_figures import cop_duration
from anello.present.report.sizes import sizes_html
from anello.present.report.two_lines import two_lines_html

Array = npt.NDArray[np.float64]

_DASHES = ("", "7 3", "2 3", "9 3 2 3")


def scenario_block(
    name: str,
    collected: CollectedResults,
    config: FiguresConfig,
    summary: Mapping[str, Any] | None = None,
) -> str:
    """Return the sections of a scenario; the page shows those of one scenario at a time.

    Parameters
    ----------
    name : str
        The scenario.
    collected : CollectedResults
        Its results.
    config : FiguresConfig
        Names, colours, currency.
    summary : mapping, optional
        Its summary, for a section of its sizes; the first screen has those of the proposal.
    """
    label = html.escape(name, quote=True)
    sizes = ""
    if summary is not None:
        look = Appearance(collected.results, collected.inputs, config)
        sizes = sizes_html(collected, summary, look, f"sizes-{label}")
    sections = [
        ("Sizes", sizes, ""),
        (
            "Energy of the whole time",
            sankey_svg(
                energy_links(collected, config),
                f"Energy of scenario {name} from its sources to its uses",
            ),
            "wide",
        ),
        ("The loop", _loop(collected, config), ""),
        ("The two lines", two_lines_html(collected.settings, collected.ring), ""),
        ("COP", _cop(collected, config), ""),
        ("Prices of energy", _prices(collected, config), ""),
        ("Convergence", _convergence(collected, config), ""),
        ("Audits", audits_html(collected), ""),
        ("Assumptions", assumptions_html(collected, config), ""),
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
    return loop_html(ring, collected.ring, look) + hydraulics_html(collected.ring)


def _cop(collected: CollectedResults, config: FiguresConfig) -> str:
    ring = collected.ring
    if (collected.settings.get("coupling") or {}).get("method") == "none":
        return ""
    if ring is None or "cop" not in ring:
        return "<p>No ring was simulated.</p>"
    look = Appearance(collected.results, collected.inputs, config)
    hours = hours_of_steps(collected)
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
    return free_cooling_html(ring) + line_chart(
        lines,
        "Hours in operation with at least this COP [h]",
        "COP [–]",
        "Coefficient of performance of each heat pump, in falling order",
        x_from_zero=True,
    )


def free_cooling_html(ring: xr.Dataset) -> str:
    """Return a sentence on the cold that took no compressor; nothing where there is none.

    Parameters
    ----------
    ring : xarray.Dataset
        With ``free_kw(node, timestep)`` and ``q_kw(node, timestep)`` [kW], and
        ``step_h(timestep)`` [h].
    """
    if "free_kw" not in ring or not float(ring["free_kw"].sum()):
        return ""
    free = (ring["free_kw"] * ring["step_h"]).sum("timestep") / KWH_PER_MWH
    cold = (ring["q_kw"] * ring["step_h"]).sum("timestep") / KWH_PER_MWH
    where = free > 0
    total, share = float(free.sum()), float(free.sum() / cold.where(where).sum())
    return (
        f"<p>Free cooling gave {total:,.0f} MWh, {share:.0%} of what the heat pumps with an "
        "exchanger cooled; their COP holds for both together.</p>"
    )


def _prices(collected: CollectedResults, config: FiguresConfig) -> str:
    results = collected.results
    if "shadow_price" not in results:
        return "<p>There are no prices: a model with whole-number decisions has none.</p>"
    look = Appearance(results, collected.inputs, config)
    hours = (results["timestep_resolution"] * results["timestep_weight"]).values
    lines = []
    locs = [str(v) for v in results["loc"].values]
    states = price_states(results)
    prices = set_prices(results, states)
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
    note = unpriced_note(results, states)
    return chart + note + cost_table(collected, look, config, prices)


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
        ticks = [(float((s - times[0].normalize()).days), MONTHS[s.month - 1]) for s in starts]
        text = f"Month of {times[0].year}"
    else:
        every = max(1, len(counts) // 7)
        first = times[0].normalize()
        moments = [first + pd.Timedelta(days=d) for d in range(0, len(counts), every)]
        ticks = [(float((m - first).days), f"{m.day} {MONTHS[m.month - 1]}") for m in moments]
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
