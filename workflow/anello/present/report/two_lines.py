"""A two-pipe network in tables: its branches and what flows there, and its places' water."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from anello.present.report.hydraulics_table import hydraulics_html
from anello.ring.config import RingConfig
from anello.ring.two_pipe_config import TwoPipeConfig


def two_lines_html(settings: Mapping[str, Any], ring: xr.Dataset | None) -> str:
    """Return tables of a two-pipe network; "" for any other ring.

    Parameters
    ----------
    settings : mapping
        The scenario's settings, as they lie with its results.
    ring : xarray.Dataset or None
        Its simulation, with ``node_degc(state, substation)`` [°C] and ``branch_kg_s(segment,
        timestep)`` [kg/s].
    """
    told = settings.get("ring") or {}
    if told.get("model") != "two_pipe":
        return ""
    network = RingConfig.model_validate(told).two_pipe
    assert network is not None
    length = sum(branch.length_m for branch in network.branches)
    flows = _flows(ring)
    return (
        f"<p>{len(network.branches)} branches, {length:,.0f} m of trench with a warm and a cold "
        f"pipe, from {html.escape(network.plant_at)} to {len(network.substations)} substations, "
        f"which cool or warm the water by {network.difference_k:g} K. Positive flow of the warm "
        "line runs the way the branch is named, that of the cold line against it.</p>"
        + _table(
            ("Branch", "Length [m]", "Inner diameter [mm]", "Least flow [kg/s]", "Largest [kg/s]"),
            _branches(network, flows),
        )
        + _table(("Water at", "Lowest [°C]", "Mean [°C]", "Highest [°C]"), _places(ring))
        + hydraulics_html(ring)
    )


def _flows(ring: xr.Dataset | None) -> dict[str, tuple[float, float]]:
    """Least and largest flow of each branch, where it was simulated [kg/s]."""
    if ring is None or "branch_kg_s" not in ring:
        return {}
    return {
        str(name): (float(flow.min()), float(flow.max()))
        for name, flow in zip(ring["segment"].values, ring["branch_kg_s"].values, strict=True)
    }


def _branches(
    network: TwoPipeConfig, flows: Mapping[str, tuple[float, float]]
) -> Iterator[Sequence[str]]:
    for branch in network.branches:
        name = f"{branch.start} → {branch.end}"
        seen = [f"{flow:.2f}" for flow in flows[name]] if name in flows else ["–", "–"]
        yield name, f"{branch.length_m:,.0f}", f"{branch.inner_diameter_m * 1000:.0f}", *seen


def _places(ring: xr.Dataset | None) -> Iterator[Sequence[str]]:
    if ring is None or "node_degc" not in ring:
        return
    water = ring["node_degc"].transpose("substation", "state").values
    for name, values in zip(ring["substation"].values, water, strict=True):
        seen = (np.min(values), np.mean(values), np.max(values))
        yield str(name), *(f"{degc:.1f}" for degc in seen)


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    body = "".join(
        f'<tr><th scope="row">{html.escape(first)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    if not body:
        return ""
    names = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in head)
    return (
        f'<div class="scroll"><table class="lines"><thead><tr>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
