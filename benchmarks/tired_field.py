"""Show how a borefield tires: the table and the figure of docs/explanation/borefield.md.

    python benchmarks/tired_field.py

Prints the table, and draws the wall's yearly range into docs/assets/tired-field.svg.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from anello.present.report.appearance import BLUE, VERMILION  # noqa: E402
from anello.present.report.figure_files import figure_style  # noqa: E402
from anello.ring.borefield.config import BorefieldConfig  # noqa: E402
from anello.ring.borefield.field import compile_borefield, repeat  # noqa: E402

FIGURE = ROOT / "docs" / "assets" / "tired-field.svg"
YEARS, HOURS = 25, 8760
PEAK_W_PER_M = 30.0
SHARES = {"balanced": 1.0, "30 % more taken out": 1.3}


def forty() -> BorefieldConfig:
    """Forty boreholes of 150 m, 6 m apart, in soil of 2 W/(m·K)."""
    return BorefieldConfig.model_validate(
        {
            "field": {"kind": "rectangle", "rows": 5, "columns": 8, "spacing_m": 6.0},
            "depth_m": 150.0,
            "soil_w_per_mk": 2.0,
            "surface_degc": 10.0,
            "flow_kg_s": 12.0,
        }
    )


def main() -> None:
    """Print the table, draw the figure."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    field = compile_borefield(forty())
    wave = PEAK_W_PER_M * np.cos(2 * np.pi * np.arange(HOURS) / HOURS)
    years = np.arange(1, YEARS + 1)
    print("| load | lowest, highest in year 1 | in year 25 | drift of the mean |")
    print("| --- | --- | --- | --- |")
    mpl.rcParams["svg.hashsalt"] = "anello"
    with figure_style():
        figure, axes = plt.subplots(figsize=(6.3, 3.0), layout="constrained")
        for (name, share), colour in zip(SHARES.items(), (BLUE, VERMILION), strict=True):
            heat = np.where(wave > 0, share * wave, wave) * field.length_m / 1000.0
            found = repeat(field, heat, np.ones(HOURS), YEARS)
            low = found.lowest_degc - field.undisturbed_degc
            high = found.highest_degc - field.undisturbed_degc
            axes.fill_between(years, low, high, color=colour, alpha=0.3, linewidth=0, label=name)
            axes.plot(years, low, color=colour)
            axes.plot(years, high, color=colour)
            print(
                f"| {name} | {low[0]:+.1f}, {high[0]:+.1f} K | {low[-1]:+.1f}, {high[-1]:+.1f} K"
                f" | {found.drift_k:+.1f} K |"
            )
        axes.axhline(0.0, color="black", linewidth=0.6)
        axes.set_xlim(1, YEARS)
        axes.set_xlabel("year")
        axes.set_ylabel("wall less undisturbed ground [K]")
        axes.legend(loc="lower left")
        figure.savefig(FIGURE, metadata={"Date": None, "Creator": "anello"})


if __name__ == "__main__":
    main()
