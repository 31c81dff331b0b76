"""What prompts and notebooks show of a model."""

from __future__ import annotations

import html

import xarray as xr

from anello.model.data import ModelData


def told(data: ModelData, dispatch: xr.Dataset | None) -> str:
    """Return name and size of a model, and the outcome if it is solved, as text.

    Parameters
    ----------
    data : ModelData
        The inputs.
    dispatch : xarray.Dataset, optional
        The results.
    """
    inputs, config = data.inputs, data.config
    sizes = ", ".join(
        f"{inputs.sizes[dim]} {name}"
        for dim, name in (("loc", "locations"), ("tech", "technologies"))
    )
    lines = [
        f"Model name:   {config['model'].get('name')}",
        f"Model size:   {sizes}, {inputs.sizes['timestep']} timesteps",
    ]
    scenario = config.get("scenario")
    if scenario:
        lines.append(f"Scenario:     {scenario}")
    if dispatch is None:
        lines.append("Results:      none, not run yet")
        return "\n".join(lines)
    attrs = dispatch.attrs
    gap = float(attrs.get("gap", 0.0))
    if "spore" in dispatch.dims:
        slack = config["run"]["spores_options"]["slack"]
        count = int((dispatch["spore"] > 0).sum())
        lines.append(f"Alternatives: {count}, at most {slack:.3g} of the cost dearer")
    lines.append(
        f"Results:      {attrs['status']}, cost {attrs['cost_objective']:,.6g}"
        + ("" if gap == 0.0 else f", gap {gap:.2%}" if gap > 0.0 else ", gap unknown")
        + f" ({attrs['solver']})"
    )
    return "\n".join(lines)


def info_table(text: str) -> str:
    """Return lines such as ``Model name:   Milan`` as an HTML table.

    Parameters
    ----------
    text : str
        As :meth:`anello.Model.info` returns it.
    """
    rows = (line.partition(":") for line in text.splitlines())
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value.strip())}</td></tr>"
        for name, _, value in rows
    )
    return f"<table><caption>anello.Model</caption>{cells}</table>"
