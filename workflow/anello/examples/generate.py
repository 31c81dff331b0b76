"""``python -m anello.examples.generate``: the series of the examples, from formulas.

Days have a shape, seasons do not matter in so short a time, and a few slow waves that no day
repeats take the place of weather. Nothing is random, so the files are the same everywhere.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Series = NDArray[np.float64]
Columns = dict[str, Series]


def _wave(hours: Series, period_h: float, phase_h: float = 0.0) -> Series:
    """Sine of a period, between -1 and 1."""
    return np.sin(2 * np.pi * (hours - phase_h) / period_h)


def _bump(hours: Series, centre_h: float, width_h: float) -> Series:
    """One hill a day, 1 at its top."""
    away = (hours % 24 - centre_h + 12) % 24 - 12
    return np.exp(-0.5 * (away / width_h) ** 2)


def _sun(hours: Series, peak: float, cloud_period_h: float, phase_h: float) -> Series:
    """Irradiance on a summer's day, dimmed by clouds that drift."""
    height = np.clip(np.sin(np.pi * (hours % 24 - 5.5) / 14.0), 0.0, None)
    height = np.where((hours % 24 > 5.5) & (hours % 24 < 19.5), height, 0.0)
    clear = 0.8 + 0.2 * _wave(hours, cloud_period_h, phase_h)
    return peak * height**1.2 * clear


def national() -> dict[str, Columns]:
    """Return the national example's files: demand and irradiance of five days."""
    hours = np.arange(120.0)
    day = (
        0.62 + 0.2 * _bump(hours, 9, 2.5) + 0.33 * _bump(hours, 19, 2.2) + 0.1 * _bump(hours, 14, 4)
    )
    drift = 1.0 + 0.05 * _wave(hours, 83)
    wind = np.clip(0.38 + 0.3 * _wave(hours, 41, 6) + 0.15 * _wave(hours, 17, 3), 0.02, 0.95)
    return {
        "demand.csv": {
            "coast": -42e3 * day * drift,
            "valley": -9e3 * day * (1.0 + 0.08 * _wave(hours, 61, 9)),
        },
        "wind.csv": {"coast": wind},
        "irradiance.csv": {
            "plateau_east": _sun(hours, 0.92, 53, 4),
            "plateau_west": _sun(hours, 0.88, 71, 20),
        },
    }


def urban() -> dict[str, Columns]:
    """Return the urban example's files: demands, roof yield and export price of two days."""
    hours = np.arange(48.0)
    names = ("town_hall", "school", "homes")
    office = 0.25 + _bump(hours, 13, 3.2)
    home = 0.35 + 0.5 * _bump(hours, 7.5, 1.4) + 0.9 * _bump(hours, 19.5, 2.0)
    cool = 1.0 + 0.1 * _wave(hours, 37)
    return {
        "demand_power.csv": {
            "town_hall": -160.0 * office,
            "school": -95.0 * office * cool,
            "homes": -120.0 * home,
        },
        "demand_heat.csv": {
            "town_hall": -210.0 * (0.6 + 0.5 * _bump(hours, 7, 2.5)) * cool,
            "school": -130.0 * (0.5 + 0.7 * _bump(hours, 7, 2.0)) * cool,
            "homes": -260.0 * (0.5 + 0.4 * _bump(hours, 7, 1.8) + 0.5 * _bump(hours, 20, 2.5)),
        },
        "roof_yield.csv": {
            name: _sun(hours, 0.16, 31, 5) for name in ("town_hall", "school", "homes")
        },
        "export_price.csv": {name: -(0.045 + 0.02 * _bump(hours, 19, 2.5)) for name in names},
    }


def district() -> dict[str, Columns]:
    """Return the district example's files: demands, sun, tariff and COP of four days."""
    hours = np.arange(96.0)
    home = _bump(hours, 7, 1.3) + 0.8 * _bump(hours, 20, 2.0)
    warmth = 1.0 + 0.15 * _wave(hours, 67, 5)
    office = _bump(hours, 13, 3.0)
    # Ring water is a little warmer by day; the lift to the supply temperature shrinks with it.
    ring_k = 0.8 * _wave(hours, 24, 9)
    price = 0.17 + 0.06 * _bump(hours, 9, 2.0) + 0.09 * _bump(hours, 19, 2.0)
    both = ("homes", "offices")
    return {
        "demand_dhw.csv": {"homes": -(14.0 + 60.0 * home)},
        "demand_heating.csv": {
            "homes": -(70.0 + 55.0 * home) * warmth,
            "offices": -(35.0 + 80.0 * _bump(hours, 8, 2.5)) * warmth,
        },
        "demand_cooling.csv": {"offices": -(12.0 + 45.0 * office)},
        "demand_electricity.csv": {
            "homes": -(18.0 + 22.0 * home),
            "offices": -(15.0 + 60.0 * office),
        },
        "sun.csv": {name: _sun(hours, 0.15, 43, 8) for name in both},
        "price.csv": dict.fromkeys(both, price),
        "cop_dhw.csv": {"homes": 3.1 + 0.05 * ring_k},
        "cop_heating.csv": {"homes": 4.6 + 0.08 * ring_k, "offices": 4.8 + 0.08 * ring_k},
        "cop_cooling.csv": {"offices": 5.2 - 0.09 * ring_k},
    }


EXAMPLES = {
    "national": (national, "2030-07-01"),
    "urban": (urban, "2030-04-10"),
    "district": (district, "2030-03-12"),
}


def write(folder: Path | str) -> list[Path]:
    """Write the series of all examples below a folder.

    Parameters
    ----------
    folder : path-like
        Gets ``<example>/timeseries_data/*.csv``.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    written = []
    for name, (make, start) in EXAMPLES.items():
        target = Path(folder) / name / "timeseries_data"
        target.mkdir(parents=True, exist_ok=True)
        for file, columns in make().items():
            index = pd.date_range(start, periods=len(next(iter(columns.values()))), freq="h")
            frame = pd.DataFrame(columns, index=index.strftime("%Y-%m-%d %H:%M:%S"))
            path = target / file
            text = frame.map(lambda value: f"{value:.6g}")
            text.to_csv(path, index_label="time", lineterminator="\n")
            written.append(path)
    return written


if __name__ == "__main__":
    for one in write(Path(__file__).parent):
        print(one)
