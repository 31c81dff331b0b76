"""Write the time series of the golden models: own data, deterministic, from closed formulas.

Run as ``python tests/golden/make_series.py``; a test checks that the CSV files in the repository
are what this module makes. All values are rounded to three decimals so that the text is exact.
Energies are in kWh a step, prices in money a kWh, areas in m2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "models" / "timeseries"
START = datetime(2019, 3, 4)
HOURS = 72


def noise(k: int, seed: int) -> float:
    """Return a reproducible number in [0, 1): the golden-ratio sequence, shifted by the seed."""
    return math.modf((k + 1) * 0.6180339887498949 + seed * 0.7548776662466927)[0]


def bell(hour: float, peak: float, width: float) -> float:
    """Return a daily bump of height 1 at hour ``peak`` (wraps around midnight)."""
    gap = (hour - peak + 12) % 24 - 12
    return math.exp(-((gap / width) ** 2))


def demand_el(h: float, seed: int) -> float:
    """Electricity demand [kWh in one hour], negative by convention."""
    base = 30 + 25 * bell(h % 24, 19, 3) + 15 * bell(h % 24, 8, 2)
    return -(base * (1 + 0.3 * seed) + 8 * noise(int(h * 2), seed))


def demand_heat(h: float, seed: int) -> float:
    """Heat demand [kWh in one hour], negative by convention."""
    return -(40 + 30 * bell(h % 24, 7, 4) + 10 * seed + 6 * noise(int(h * 2), seed + 3))


def demand_cool(h: float, seed: int) -> float:
    """Cooling demand [kWh in one hour], zero at night, negative by convention."""
    return -(28 * bell(h % 24, 14, 4) * (1 + 0.2 * noise(int(h), seed + 5)) + 2)


def sun(h: float, seed: int) -> float:
    """Irradiation on a tilted square metre [kWh/m2 in one hour]."""
    day = math.sin(math.pi * ((h % 24) - 6) / 12)
    return max(0.0, day) * (0.55 + 0.35 * noise(int(h), seed + 7))


def wind(h: float, seed: int) -> float:
    """Wind yield [kWh per kW installed in one hour]."""
    return 0.1 + 0.5 * noise(int(h / 3), seed + 11) + 0.25 * noise(int(h), seed + 12)


def river(h: float, seed: int) -> float:
    """Energy that a river carries [kWh in one hour]."""
    return 22 + 6 * math.sin(h / 9) + 9 * noise(int(h), seed + 13)


def price(h: float, seed: int) -> float:
    """Price of energy from the grid [money/kWh]; no two hours alike, so that optima are unique."""
    return 0.12 + 0.08 * bell(h % 24, 19, 4) + 0.04 * seed + 0.05 * noise(int(h), seed + 17)


def price_export(h: float, seed: int) -> float:
    """Cost of exported energy [money/kWh]: negative, an income."""
    return -(0.03 + 0.05 * bell(h % 24, 12, 3) + 0.02 * noise(int(h), seed + 19))


def cop(h: float, seed: int) -> float:
    """Efficiency of a heat pump [-]."""
    return 2.6 + 1.1 * bell(h % 24, 14, 6) + 0.3 * noise(int(h), seed + 23)


def fraction(h: float, seed: int) -> float:
    """Return a fraction between 0.6 and 0.95 that changes every hour, used for efficiencies."""
    return 0.6 + 0.35 * noise(int(h), seed + 29)


def ramp(h: float, seed: int) -> float:
    """Largest change of production [fraction of capacity a step]."""
    return 0.06 + 0.12 * noise(int(h), seed + 31)


def ratio(h: float, seed: int) -> float:
    """Ratio of a second carrier to the first: zero in the small hours [-]."""
    return 0.0 if h % 24 < 5 else 0.4 + 0.5 * noise(int(h), seed + 37)


def eff_with_zeros(h: float, seed: int) -> float:
    """Efficiency that is zero during two hours each day (revision) [-]."""
    return 0.0 if h % 24 in (10, 11) else 0.7 + 0.2 * noise(int(h), seed + 41)


def table(
    function: Callable[[float, int], float], columns: Iterable[str], step_h: float = 1.0
) -> str:
    """Return CSV text with one column a location; energies of a step are hourly rate × step."""
    names = list(columns)
    lines = ["," + ",".join(names)]
    per_step = step_h if function in (demand_el, demand_heat, demand_cool, river) else 1.0
    for k in range(int(HOURS / step_h)):
        h = k * step_h
        values = (f"{function(h, seed) * per_step:.3f}" for seed in range(len(names)))
        stamp = START + timedelta(hours=h)
        lines.append(f"{stamp:%Y-%m-%d %H:%M:%S}," + ",".join(values))
    return "\n".join(lines) + "\n"


def switch(h: float, seed: int) -> float:
    """One during four hours of the morning, else zero."""
    return 1.0 if 8 <= h % 24 < 12 else 0.0


def zero(h: float, seed: int) -> float:
    """Zero in every hour."""
    return 0.0


def day_factor(day: int, seed: int) -> float:
    """How large one of the twelve days is beside an ordinary one [-]."""
    return 0.55 + 0.7 * noise(day * 5 + 1, seed)


def twelve_days() -> str:
    """Return CSV text of twelve days that differ: demand, sunshine, wind and price."""
    columns = ("demand", "sun", "wind", "price")
    lines = ["," + ",".join(columns)]
    for k in range(12 * 24):
        day, h = divmod(k, 24)
        values = (
            demand_el(h + 24 * (day % 3), 0) * day_factor(day, 43),
            sun(h + 24 * (day % 3), 0) * day_factor(day, 47),
            wind(k, 0),
            price(h + 24 * (day % 5), 0) * (0.8 + 0.3 * noise(day, 53)),
        )
        stamp = START + timedelta(hours=k)
        lines.append(f"{stamp:%Y-%m-%d %H:%M:%S}," + ",".join(f"{v:.3f}" for v in values))
    return "\n".join(lines) + "\n"


def clusters() -> str:
    """Return CSV text with the cluster of each of the twelve days, three ways."""
    lines = [",three,each,pairs"]
    for day in range(12):
        stamp = START + timedelta(days=day)
        lines.append(f"{stamp:%Y-%m-%d %H:%M:%S},{(day * day) % 3 + (day > 7)},{day},{day // 2}")
    return "\n".join(lines) + "\n"


def series() -> dict[str, str]:
    """Return every file name with its text."""
    sites = ("north", "south")
    functions = (
        demand_el,
        demand_heat,
        demand_cool,
        sun,
        wind,
        river,
        price,
        price_export,
        cop,
        fraction,
        ramp,
        ratio,
        eff_with_zeros,
        zero,
        switch,
    )
    files = {f"{f.__name__}.csv": table(f, sites) for f in functions}
    for f in (demand_el, price, sun):
        files[f"{f.__name__}_2h.csv"] = table(f, sites, 2.0)
        files[f"{f.__name__}_30min.csv"] = table(f, sites, 0.5)
    files["twelve_days.csv"] = twelve_days()
    files["clusters.csv"] = clusters()
    return files


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in series().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
