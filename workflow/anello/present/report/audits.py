"""Whether the simulated water kept the laws of thermodynamics and its bounds, in a line each."""

from __future__ import annotations

import json

from anello.optimise.results.collected import CollectedResults
from anello.present.report.numbers import with_code
from anello.ring.held import SLACK_K, end_of_ring, unheld

TOLD_KWH = 0.1
"""Demand that a grid cannot meet is told from here on [kWh]."""

TOLD_SHARE = 1e-3
"""A cap that the simulation exceeds by this share of it is told [-]."""


def audits_html(collected: CollectedResults) -> str:
    """Return a line each on the energy audit, the second-law audit, and the ring's bounds.

    Parameters
    ----------
    collected : CollectedResults
        One scenario; without a simulated ring there is nothing to audit, and "" comes back.
    """
    ring = collected.ring
    if ring is None:
        return ""
    lines = []
    if "audit" in ring.attrs:
        audit = json.loads(ring.attrs["audit"])
        lines.append(
            f"Energy: {audit['throughput_kwh']:,.0f} kWh passed through the ring, and its balance "
            f"closes to {abs(audit['residual_kwh']):.1e} kWh; the worst step to "
            f"{abs(audit['worst_step_kwh']):.1e} kWh."
        )
    if "second_law" in ring.attrs:
        law = json.loads(ring.attrs["second_law"])
        count = int(law["violations"])
        told = "none breaks it" if not count else f"{count} break it, worst: {law['worst']}"
        lines.append(
            f"Second law: {law['devices']} devices in {law['steps']:,} steps, {told}; the least "
            f"entropy that one makes is {law['least_kw_per_k']:.3g} kW/K."
        )
    if {"bounds_degc", "capacity_kwh_per_k"} <= set(ring.attrs):
        beyond = unheld(ring)
        low, high = ring.attrs["bounds_degc"]
        lines.append(
            f"Bounds: all water stays within {low:g} to {high:g} °C, give or take {SLACK_K:g} K."
            if beyond is None
            else f"Bounds: {beyond}"
        )
    beyond_kwh = float(ring.attrs.get("beyond_grid_kwh", 0.0))
    if beyond_kwh >= TOLD_KWH:
        lines.append(
            f"Grid: heat pumps and plant need {beyond_kwh:,.1f} kWh beyond what the grids at their "
            "locations can give: that much demand could not be met. Give a grid more "
            "`energy_cap_max`, or demand less."
        )
    beyond_caps = float(ring.attrs.get("beyond_caps", 0.0))
    if beyond_caps >= TOLD_SHARE:
        lines.append(
            f"Caps: what heat pumps and plant truly take exceeds `group_constraints` on costs by "
            f"{beyond_caps:.2%}, which the optimiser did not foresee. Loosen the cap, or give "
            "the search more ways to keep it."
        )
    if "made_to_be_lost" in ring.attrs:
        lost = json.loads(ring.attrs["made_to_be_lost"])
        lines.append(
            "Tanks: none holds more than loads take."
            if not lost
            else "Tanks: heat or cold was made in order to be lost, "
            + "; ".join(
                f"{one['kwh']:,.0f} kWh in {one['hours']:,.0f} hours in {one['tank']}, first on "
                f"{one['first']}"
                for one in lost
            )
            + ". `ring.dumping_season` says when that may be."
        )
    end = end_of_ring(ring)
    if end is not None:
        paid = f", at a price: {-end['cost']:,.2f} credited" if end["cost"] else ""
        lines.append(
            f"End: the water began at {end['first_degc']:.1f} °C and ends at "
            f"{end['last_degc']:.1f} °C, {end['held_kwh']:+,.0f} kWh of heat{paid}."
        )
    if not lines:
        return ""
    return "<ul>" + "".join(f"<li>{with_code(line)}</li>" for line in lines) + "</ul>"
