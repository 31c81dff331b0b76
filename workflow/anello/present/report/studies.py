"""Studies of a scenario: a tornado of assumptions, and a front of cost against emissions."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from anello.base.files import FilePath
from anello.errors import ArtefactError
from anello.present.report.appearance import BLUE, GREY, VERMILION
from anello.present.report.comparison import signed_percent
from anello.present.report.config import FiguresConfig
from anello.present.report.figure_files import figure_style, save_figure, size_inch
from anello.present.report.numbers import figure_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TORNADO, FRONT = "tornado", "front"
ABOVE = 0.01
"""Share of a cap by which the simulation has to exceed it to be told [-]."""
_TEXT = ("assumption", "side", "setting", "unit", "status", "error", "role", "dominated_by")


def read_study(path: FilePath) -> pd.DataFrame:
    """Read the table of a study, as its step writes it.

    Raises
    ------
    ArtefactError
        If the file is missing or is no such table.
    """
    try:
        frame = pd.read_csv(path, index_col="case", dtype=dict.fromkeys(_TEXT, str))
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path} is not the table of a study: {error}") from error
    for name in _TEXT:
        if name in frame:
            frame[name] = frame[name].fillna("")
    return frame


def swings(table: pd.DataFrame) -> pd.DataFrame:
    """Return the change of cost by assumption, the largest first.

    Parameters
    ----------
    table : pandas.DataFrame
        Of a sensitivity study.

    Returns
    -------
    pandas.DataFrame
        Assumptions as index; columns `low` and `high`, the change at either end, `low_setting` and
        `high_setting`, and `swing`, what lies between the lowest and the highest of base and ends.
        NaN where an end failed.
    """
    ends = table[table["side"] != "base"]
    wide = {
        name: {
            column: part[key].iloc[0]
            for side in ("low", "high")
            for part in [rows[rows["side"] == side]]
            for column, key in ((side, "change"), (f"{side}_setting", "setting"))
        }
        for name, rows in ends.groupby("assumption", sort=False)
    }
    frame = pd.DataFrame.from_dict(wide, orient="index")
    reach = frame[["low", "high"]].astype(float).assign(base=0.0)
    frame["swing"] = reach.max(axis=1, skipna=False) - reach.min(axis=1, skipna=False)
    return frame.sort_values("swing", ascending=False, kind="stable")


def tornado_said(table: pd.DataFrame) -> list[str]:
    """Return what a sensitivity study says, as sentences."""
    found = swings(table)
    base = table.iloc[0]
    unit, tolerance = base["unit"], float(base["tolerance"])
    known = found[found["swing"].notna()]
    said = []
    if len(known):
        first, row = known.index[0], known.iloc[0]
        changes = ", ".join(
            f"{_signed(row[side], unit)} ({_percent(row[side] / abs(base['cost']))}) at "
            f"{row[f'{side}_setting']}"
            for side in ("low", "high")
        )
        said.append(f"Of the assumptions varied, {first} moves the cost most: {changes}.")
        small = (known["swing"] <= tolerance).to_numpy()
        hidden = [str(name) for name, within in zip(known.index, small, strict=True) if within]
        if tolerance and hidden:
            said.append(
                f"Within the search's tolerance of {figure_text(tolerance)} {unit}, and so not"
                f" to be told from nothing: {', '.join(hidden)}."
            )
    said += _trouble(table)
    return said


def _failed(table: pd.DataFrame) -> list[str]:
    """Name the cases that have no result, if there are any."""
    failed = table.index[table["status"] == "failed"]
    return [f"Without a result: {', '.join(failed)}."] if len(failed) else []


def _trouble(table: pd.DataFrame) -> list[str]:
    said = _failed(table)
    unmet = table.index[table["unmet_mwh"] > 1e-6]
    if len(unmet):
        said.append(f"Demand goes unmet in {', '.join(unmet)}.")
    return said


def front_said(table: pd.DataFrame) -> list[str]:
    """Return what a front says, as sentences."""
    unit, of = table["unit"].iloc[0], f"{table['emissions_unit'].iloc[0]}"
    what = table["cost_class"].iloc[0]
    said = []
    points = table[table["cap_met"]]
    if len(points) > 1:
        last = points.iloc[int(points["emissions_simulated"].to_numpy().argmin())]
        said.append(
            f"{last['less_emissions_share'] * 100:.1f} % less {what} than the cheapest costs "
            f"{_signed(last['more_cost'], unit)}"
            f" ({_percent(last['more_cost'] / abs(points['cost'].iloc[0]))})."
        )
        first = points["cost_per_unit"].dropna()
        if len(first):
            said.append(
                f"A {of} less costs {figure_text(float(first.iloc[0]))} {unit} at first and "
                f"{figure_text(float(first.iloc[-1]))} {unit} at the end."
            )
    missed = table.index[~table["cap_met"] & (table["status"] == "ok")]
    if len(missed):
        said.append(f"The cap cannot be met, or only with demand unmet, in {', '.join(missed)}.")
    over = table["emissions_simulated"] / table["cap"] - 1.0
    said += [
        f"As simulated, {name} emits {_percent(share)} against its cap."
        for name, share in over[over > ABOVE].items()
    ]
    beaten = table[table["dominated_by"] != ""]
    said += [
        f"{name} is dominated by {row['dominated_by']}: the search has not found the best there."
        for name, row in beaten.iterrows()
    ]
    return said + _failed(table)


def _signed(value: float, unit: str) -> str:
    sign = "−" if value < 0 else "+"
    return f"{sign}{figure_text(abs(float(value)))} {unit}"


def _percent(share: float) -> str:
    return signed_percent(float(share))


def draw_tornado(table: pd.DataFrame, folder: Path, config: FiguresConfig) -> list[Path]:
    """Draw the tornado of a sensitivity study; return the files."""
    with figure_style():
        figure = plot_tornado(table, config)
        return save_figure(figure, folder / TORNADO, config.formats, config.dpi)


def draw_front(table: pd.DataFrame, folder: Path, config: FiguresConfig) -> list[Path]:
    """Draw the front of cost against emissions; return the files."""
    with figure_style():
        figure = plot_front(table, config)
        return save_figure(figure, folder / FRONT, config.formats, config.dpi)


def plot_tornado(table: pd.DataFrame, config: FiguresConfig) -> Figure:
    """Draw a bar from base to either end of each assumption, the widest on top."""
    found = swings(table)
    base = table.iloc[0]
    figure, axis = plt.subplots(figsize=size_inch(config, 26 + 8.0 * len(found)))
    y = np.arange(len(found))
    for side, color in (("low", BLUE), ("high", VERMILION)):
        changes = found[side].to_numpy(dtype=float)
        axis.barh(y, changes, height=0.62, color=color, label=f"At the {side} value")
        for position, change in zip(y, changes, strict=True):
            if np.isfinite(change):
                left = change < 0
                axis.annotate(
                    str(found[f"{side}_setting"].iloc[position]),
                    (change, position),
                    xytext=(-3 if left else 3, 0),
                    textcoords="offset points",
                    ha="right" if left else "left",
                    va="center",
                    fontsize=6.5,
                )
    tolerance = float(base["tolerance"])
    if tolerance:
        axis.axvspan(-tolerance, tolerance, color=GREY, alpha=0.25, label="Tolerance of the search")
    axis.axvline(0.0, color="#444444", linewidth=0.8)
    axis.set_yticks(y, list(found.index))
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.set_xlabel(f"Change of cost [{base['unit']}], from {base['cost']:,.0f}")
    axis.set_title("Which assumption moves the cost")
    axis.grid(visible=False, axis="y")
    sns.despine(ax=axis)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def plot_front(table: pd.DataFrame, config: FiguresConfig) -> Figure:
    """Draw cost against simulated emissions, and the caps that led there."""
    figure, axis = plt.subplots(figsize=size_inch(config, 80))
    met = table[table["cap_met"]]
    axis.plot(
        met["emissions_simulated"],
        met["cost"],
        color=BLUE,
        marker="o",
        markersize=4,
        label="As simulated",
    )
    capped = met[met["cap"].notna()]
    axis.plot(
        capped["cap"],
        capped["cost"],
        color=GREY,
        marker="|",
        markersize=8,
        linestyle="none",
        label="Cap",
    )
    beaten = met[met["dominated_by"] != ""]
    if len(beaten):
        axis.plot(
            beaten["emissions_simulated"],
            beaten["cost"],
            color=VERMILION,
            marker="x",
            linestyle="none",
            label="Dominated",
        )
    for name, row in met.iterrows():
        axis.annotate(
            str(name).rpartition("~")[2],
            (row["emissions_simulated"], row["cost"]),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=6.5,
        )
    what, unit = table["cost_class"].iloc[0], table["emissions_unit"].iloc[0]
    axis.set_xlabel(f"{what} [{unit}]")
    axis.set_ylabel(f"Cost [{table['unit'].iloc[0]}]")
    axis.set_title(f"Cost against {what}")
    axis.legend()
    sns.despine(ax=axis)
    return figure


_COLUMNS = {
    TORNADO: {
        "assumption": "Assumption",
        "side": "End",
        "setting": "Value",
        "cost": "Cost [{unit}]",
        "change": "Change [{unit}]",
        "unmet_mwh": "Unmet [MWh]",
    },
    FRONT: {
        "cap": "Cap [{emissions_unit}]",
        "emissions": "In the programme [{emissions_unit}]",
        "emissions_simulated": "As simulated [{emissions_unit}]",
        "cost": "Cost [{unit}]",
        "more_cost": "More than the cheapest [{unit}]",
        "cost_per_unit": "Per {emissions_unit} avoided [{unit}]",
        "unmet_mwh": "Unmet [MWh]",
    },
}


def studies_html(studies: Mapping[str, pd.DataFrame], config: FiguresConfig) -> str:
    """Return the sections of a report on studies: what they say, a figure, a table.

    Parameters
    ----------
    studies : mapping of str to DataFrame
        Tables by :data:`TORNADO` and :data:`FRONT`; none gives no section.
    config : FiguresConfig
        Size of the figures.
    """
    parts = []
    for kind, table in studies.items():
        tornado = kind == TORNADO
        heading = "Which assumption matters most" if tornado else "What less of a cost class costs"
        said = tornado_said(table) if tornado else front_said(table)
        text = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in said)
        with figure_style():
            figure = plot_tornado(table, config) if tornado else plot_front(table, config)
            picture = _inline(figure)
        parts.append(
            f'<section id="{kind}"><h2>{heading}</h2>{text}'
            f'<figure class="chart"><img alt="{html.escape(said[0] if said else heading)}" '
            f'src="data:image/svg+xml;base64,{picture}"></figure>'
            f"{_table_html(table, _COLUMNS[kind])}</section>"
        )
    return "".join(parts)


def _inline(figure: Figure) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": "anello"})
    plt.close(figure)
    return base64.b64encode(stream.getvalue()).decode()


def _table_html(table: pd.DataFrame, columns: Mapping[str, str]) -> str:
    units: dict[str, Any] = {
        name: table[name].iloc[0] for name in ("unit", "emissions_unit") if name in table
    }
    head = "".join(
        f'<th scope="col">{html.escape(text.format_map(units))}</th>' for text in columns.values()
    )
    rows = []
    for name, row in table.iterrows():
        cells = "".join(
            f"<td>{html.escape(row[key]) if isinstance(row[key], str) else _number(row[key])}</td>"
            for key in columns
        )
        label = html.escape(str(name).partition("~")[2].replace("~", ", "))
        rows.append(f'<tr><th scope="row">{label}</th>{cells}</tr>')
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">Case</th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _number(value: float) -> str:
    return figure_text(float(value))
