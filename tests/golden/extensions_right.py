"""The right cost of each extension model, worked out by hand from the series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from golden.cases import FOLDER

MODEL = FOLDER.parent / "extensions" / "secondary_resource.yaml"


def day(name: str) -> np.ndarray:
    """Return the first day of a series at `north`."""
    frame = pd.read_csv(FOLDER / "timeseries" / f"{name}.csv", index_col=0, parse_dates=True)
    return frame.loc["2019-03-04", "north"].to_numpy()


def cost(second: np.ndarray | float, cap2: float | None = None, price2: float = 0.01) -> float:
    """Return the day's cost when the plant uses all it can get.

    A kWh of the second resource gives 0.5 · 0.4 · 0.9 kWh, worth 0.018, and costs 0.01; a kW of
    capacity for it costs 0.01 a day (36.5 over ten years), as does a kW of the plant, which is as
    large as the best hour asks.
    """
    river = day("river")
    second = np.broadcast_to(second, river.shape)
    made = 0.36 * (river + 0.5 * second)
    cap2 = second.max() if cap2 is None else cap2
    return float(
        0.1 * (-day("demand_el").sum() - made.sum())
        + 0.01 * second.sum()
        + price2 * cap2
        + 0.01 * made.max() / 0.9
    )


def right() -> dict[str | None, float]:
    """Return override → cost."""
    start = np.where(np.arange(24) < 3, 12.0, 0.0)
    river = day("river")
    limited = np.minimum(6.0, 0.36 * river)
    demand = -day("demand_el").sum()
    bought = -day("demand_el") - 0.36 * (river + 0.5 * 12.0)
    return {
        None: cost(12.0),
        # One day of March's 31, in which the highest hour from the grid is billed.
        "monthly_peak": cost(12.0) + 3.1 / 31.0 * float(bought.max()),
        "unlimited": cost(20.0),
        "cap_max": cost(8.0),
        "cap_min": cost(12.0, cap2=15.0),
        "cap_equals": cost(10.0),
        "startup": cost(start, price2=0.0001),
        # Six kilowatts net are filled by the river alone in every hour.
        "net_max": float(0.1 * (demand - limited.sum()) + 0.01 * 6 / 0.9),
        "net_equals": cost(12.0) - 0.01 * 0.36 * (river.max() + 6) / 0.9 + 0.01 * 30 / 0.9,
        "series": cost(day("switch"), cap2=0.0),
    }
