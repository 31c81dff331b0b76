"""Run every coupling on the same district and table what each truly costs: ``make bench-coupling``.

The original study's smart district is used where its folder is at hand (ANELLO_ICCEP2019, or
../shared/iccep2019), with its data's fault repaired; the embedded district otherwise. The table
goes into docs/explanation/coupling-comparison.md. ``--year`` adds the full year, for two methods.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.comparison import Comparison, compare_couplings  # noqa: E402
from anello.district import load_district, write_district  # noqa: E402
from anello.district.weather import weather_year  # noqa: E402
from anello.model.data import ModelData  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.ring.adapt import ring_dataset  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from anello.ring.exchange import RingResult  # noqa: E402
from anello.ring.held import unheld  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "coupling-comparison.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
YEAR = ("plain fixed point", "SLP in full")
# The study's technologies, by those of the embedded district.
ORIGINAL = {"hp_dhw": "hp_dhw", "hp_heating": "hp_clim_hot", "hp_cooling": "hp_clim_cold"}
STORES = {"tes_dhw": "tes_dhw", "tes_heating": "tes_sh", "tes_cooling": "tes_co"}
START_COP = {"hp_dhw": "dhw", "hp_clim_hot": "sh", "hp_clim_cold": "co"}


def original_folder() -> Path | None:
    """Return the folder of the study's smart scenario, or None."""
    told = os.environ.get("ANELLO_ICCEP2019")
    folder = (Path(told) if told else ROOT.parent / "shared" / "iccep2019") / "smart"
    return folder if (folder / "model_op.yaml").is_file() else None


def smart_ring() -> dict[str, Any]:
    """Return the ring of the smart scenario in config/config.yaml."""
    settings = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    ring: dict[str, Any] = settings["ring"]
    changes = settings["scenario_definitions"]["smart"]["ring"]["heat_pumps"]
    for name, change in changes.items():
        ring["heat_pumps"][name] = {**ring["heat_pumps"][name], **change}
    return ring


def steps_beyond(result: RingResult) -> int:
    """Return in how many time steps some of a ring's water is beyond its bounds."""
    beyond = unheld(ring_dataset(result))
    return 0 if beyond is None else beyond.steps


def embedded(span: list[str]) -> tuple[ModelData, RingConfig]:
    """Return the embedded district and its ring."""
    with tempfile.TemporaryDirectory() as folder:
        model = write_district(load_district(), Path(folder) / "model").model
        data = read_model(model, scenario="smart", override_dict={"model.subset_time": span})
    return data, RingConfig.model_validate(smart_ring())


def own_meter(ring: RingConfig) -> RingConfig:
    """Return a ring whose plant buys at a flat price, beside the balance of every location."""
    assert ring.plant is not None
    return ring.model_copy(
        update={"plant": ring.plant.model_copy(update={"electricity_location": None})}
    )


def original(folder: Path, span: list[str]) -> tuple[ModelData, RingConfig]:
    """Return the study's smart district, repaired, on a ring that conserves energy."""
    import pandas as pd

    series = {}
    for name in ("solar_resource.csv", "demand_co.csv"):
        table = pd.read_csv(folder / "timeseries_data" / name, index_col=0)
        # The lost decimal point of one hour, and the last hour of sun, which is empty.
        series[name] = table.where(table > -10_000, table / 1000).fillna(0.0)
    override: dict[str, Any] = {
        f"techs.{tech}.constraints.energy_eff": f"file=cop_{service}_start.csv"
        for tech, service in START_COP.items()
    }
    override["model.subset_time"] = span
    override["techs.pv_rooftop.constraints.force_resource"] = False
    # The study has no weather: the air is that of the embedded district, which stands in Milan too.
    weather = weather_year(load_district())
    air = pd.DataFrame({"outdoor_degc": weather.temperature_degc}, index=weather.index)
    override["model.outdoor_degc"] = "df=air:outdoor_degc"
    data = read_model(
        folder / "model_op.yaml",
        scenario="different_storage",
        strict=False,
        series=series,
        override_dict=override,
        timeseries_dataframes={"air": air},
    )
    ring = smart_ring()
    pumps = {}
    for name, settings in ring["heat_pumps"].items():
        use = settings["use_temperature"]
        pumps[ORIGINAL[name]] = {
            **settings,
            "use_temperature": {**use, "store": STORES[use["store"]]},
        }
    # The wells' pumps stand in the homes' district and draw on its balance, sun included.
    plant = {**ring["plant"], "electricity_location": "buildings"}
    return data, RingConfig.model_validate({**ring, "heat_pumps": pumps, "plant": plant})


def table(rows: list[Comparison]) -> list[str]:
    """Return a Markdown table of the comparison."""
    best = rows[0]
    lines = [
        "| coupling | true cost of operation [€] | against the fixed point | of it electricity "
        "bought [€] | against the fixed point | grid [MWh] | balancing heat [MWh] | ring at the "
        "end [°C] | iterations | solver [s] | converged |",
        "| --- |" + " ---: |" * 9 + " --- |",
    ]
    for row in rows:
        share = row.operation_eur / best.operation_eur - 1
        power = row.electricity_eur / best.electricity_eur - 1
        lines.append(
            f"| {row.name} | {row.operation_eur:,.0f} | {share:+.1%} | {row.electricity_eur:,.0f} "
            f"| {power:+.1%} | {row.grid_kwh / 1000:,.1f} | {row.balancing_kwh / 1000:,.1f} "
            f"| {row.final_degc:.1f} | {row.iterations} | {row.solve_seconds:.1f} "
            f"| {'yes' if row.converged else 'no'} |"
        )
    return lines


def measure(spans: dict[str, list[str]], *, own: bool = False) -> list[str]:
    """Run the comparison for each span, and return the page's generated part.

    With a plant on its own meter (`own`), only the two couplings of the year are compared.
    """
    folder = original_folder()
    which = (
        "the original study's smart district (data repaired, no resets)"
        if folder
        else "the embedded district, scenario `smart`"
    )
    out = [f"Measured {datetime.now(UTC):%Y-%m-%d} on {which}.", ""]
    for title, span in spans.items():
        data, ring = original(folder, span) if folder else embedded(span)
        ring = own_meter(ring) if own else ring
        only = YEAR if own or title == "Full year" else None
        started = time.perf_counter()
        rows = compare_couplings(data, ring, only=only, fixed_point_iterations=4 if only else 12)
        print(f"{title}: {time.perf_counter() - started:.0f} s", flush=True)
        out += [f"### {title}", "", *table(rows), ""]
        print("\n".join(table(rows)), flush=True)
        first, last = rows[0], rows[-1]
        out += [
            f"{first.name}: {first.total_eur:,.0f} € with capacity, of which "
            f"{first.other_eur:,.0f} € are operation that is not electricity; {last.name}: "
            f"{last.total_eur:,.0f} € and {last.other_eur:,.0f} €.",
            "",
        ]
    return out


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--year", action="store_true", help="add the full year (minutes)")
    parser.add_argument("--days", type=int, default=31, help="days of July (default: all)")
    parser.add_argument(
        "--own-meter", action="store_true", help="only print July with a plant on its own meter"
    )
    told = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    np.seterr(all="raise", under="ignore")
    spans = {f"July, {told.days} days": ["2015-07-01", f"2015-07-{told.days:02d}"]}
    if told.own_meter:
        measure(spans, own=True)
        return 0
    if told.year:
        spans["Full year"] = ["2015-01-01", "2015-12-31"]
    generated = "\n".join(measure(spans))
    write_between(PAGE, BEGIN, END, f"\n\n{generated}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
