"""The table of what the water's way costs: pressure by pipe, and the pump."""

from __future__ import annotations

import html

import xarray as xr

from anello.ring.hydraulics import hydraulic_result


def hydraulics_html(ring: xr.Dataset | None) -> str:
    """Return the pressure that each pipe loses, the head, and the pump's electricity.

    Parameters
    ----------
    ring : xarray.Dataset or None
        A simulated ring, with ``pressure_loss_kpa(segment, timestep)`` [kPa],
        ``pump_head_m(timestep)`` [m] and ``pump_kw(timestep)`` [kW]; without them comes "".
    """
    found = hydraulic_result(ring) if ring is not None else None
    if ring is None or found is None or not found.segments:
        return ""
    worst = int(found.head_m.argmax())
    when = str(ring["timestep"].values[worst])[:16].replace("T", " ")
    pump_mwh = float((ring["pump_kw"] * ring["step_h"]).sum()) / 1000.0
    path = ", ".join(found.critical_path)
    if len(found.critical_path) == len(found.segments):
        path = "all of them"
    rows = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{lost.max():.1f}</td>'
        f"<td>{lost.mean():.1f}</td><td>{'yes' if name in found.critical_path else ''}</td></tr>"
        for name, lost in zip(found.segments, found.pressure_loss_kpa, strict=True)
    )
    head = "".join(
        f'<th scope="col">{text}</th>'
        for text in ("Pipe", "Largest loss [kPa]", "Mean loss [kPa]", "On the critical path")
    )
    return (
        f"<p>The pump gives a head of {found.head_m[worst]:.1f} m at most, on {when}, and takes "
        f"{pump_mwh:.3g} MWh. Pipes on the critical path: {html.escape(path)}.</p>"
        '<details><summary>Pressure by pipe</summary><div class="scroll">'
        f'<table class="hydraulics"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div></details>"
    )
