"""Lay the months of the embedded district beside those of the original study: ``make months``.

Needs the study's folder (ANELLO_ICCEP2019, or ../shared/iccep2019). The table goes into
docs/explanation/embedded-district.md, the figure into docs/assets/monthly-shapes.svg.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from anello.base.files import write_text  # noqa: E402
from anello.district import load_district, write_district  # noqa: E402
from anello.present.report.appearance import BLUE, GREY  # noqa: E402
from anello.present.report.config import FiguresConfig  # noqa: E402
from anello.present.report.figure_files import (  # noqa: E402
    figure_style,
    save_figure,
    size_inch,
)

PAGE = ROOT / "docs" / "explanation" / "embedded-district.md"
FIGURE = ROOT / "docs" / "assets" / "monthly-shapes"
BEGIN, END = "<!-- months: begin -->", "<!-- months: end -->"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LOST_DECIMAL_POINT = 1e5  # kW; one value of the study's cooling demand
# title, file here, file of the study, location
SERIES = [
    ("Hot water, residential", "demand_dhw.csv", "demand_dhw.csv", "buildings"),
    ("Heating, residential", "demand_heating.csv", "demand_sh.csv", "buildings"),
    ("Heating, offices", "demand_heating.csv", "demand_sh.csv", "commercial"),
    ("Cooling, residential", "demand_cooling.csv", "demand_co.csv", "buildings"),
    ("Cooling, offices", "demand_cooling.csv", "demand_co.csv", "commercial"),
    ("Electricity, offices", "demand_electricity.csv", "demand_el.csv", "commercial"),
    ("Photovoltaics, residential", "solar_resource.csv", "solar_resource.csv", "buildings"),
]


def monthly_shares(study: Path, own: Path) -> dict[str, pd.DataFrame]:
    """Each month's share in the year's energy.

    Parameters
    ----------
    study, own : pathlib.Path
        Folders of series.

    Returns
    -------
    dict of str to pandas.DataFrame
        By title: columns `study` and `embedded` [%], a row per month.
    """
    return {
        title: pd.DataFrame(
            {
                "study": _shares(study / theirs, location),
                "embedded": _shares(own / mine, location),
            }
        )
        for title, mine, theirs, location in SERIES
    }


def _shares(path: Path, location: str) -> pd.Series[float]:
    series = pd.read_csv(path, index_col=0, parse_dates=True)[location].abs()
    series = series.where(series < LOST_DECIMAL_POINT)
    by_month = series.groupby(series.index.month).sum()
    return 100.0 * by_month / by_month.sum()


def table(shares: dict[str, pd.DataFrame]) -> str:
    """The shares as a table in Markdown, study before embedded district."""
    lines = [
        "| share of the year, study / embedded [%] | " + " | ".join(MONTHS) + " |",
        "|---" * 13 + "|",
    ]
    for title, frame in shares.items():
        cells = [
            f"{a:.0f} / {b:.0f}" for a, b in zip(frame["study"], frame["embedded"], strict=True)
        ]
        lines.append(f"| {title.lower()} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(shares: dict[str, pd.DataFrame]) -> None:
    """Bars of each month, study beside embedded district."""
    import matplotlib.pyplot as plt

    config = FiguresConfig(formats=["svg"])
    with figure_style():
        figure, axes = plt.subplots(4, 2, sharex=True, figsize=size_inch(config, 165))
        flat = list(axes.ravel())
        for axis, (title, frame) in zip(flat, shares.items(), strict=False):
            months = frame.index.to_numpy()
            axis.bar(months - 0.2, frame["study"], width=0.38, color=GREY, label="ICCEP 2019 study")
            axis.bar(
                months + 0.2, frame["embedded"], width=0.38, color=BLUE, label="Embedded district"
            )
            axis.set_title(title)
            axis.set_ylabel("Share [%]")
            axis.grid(visible=False, axis="x")
            axis.set_xticks(range(1, 13), [name[0] for name in MONTHS])
            axis.tick_params(labelbottom=True)
        for axis in flat[-3:-1]:
            axis.set_xlabel("Month")
        flat[-1].set_axis_off()
        flat[-1].legend(*flat[0].get_legend_handles_labels(), loc="center")
        save_figure(figure, FIGURE, config.formats)


def main() -> int:
    """Make table and figure anew."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    told = os.environ.get("ANELLO_ICCEP2019")
    study = Path(told) if told else ROOT.parent / "shared" / "iccep2019"
    if not (study / "smart").is_dir():
        print(
            f"the study's folder is not at {study}; ANELLO_ICCEP2019 may name it", file=sys.stderr
        )
        return 1
    with tempfile.TemporaryDirectory() as folder:
        own = write_district(load_district(), Path(folder) / "model")
        shares = monthly_shares(study / "smart" / "timeseries_data", own.series_folder)
    draw(shares)
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    write_text(PAGE, f"{before}{BEGIN}\n{table(shares)}\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
