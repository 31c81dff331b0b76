"""Measure what it is worth to find sizes for several years at once.

    python benchmarks/years.py [--from 2015-07-01] [--to 2015-07-07] [--shift 6] [--weight 0.3]

The embedded district `designed` in its year, and in one whose days are hotter: sizes found for
either alone, and for both with their weights; each is then operated in both. The table goes into
docs/how-to/robust-sizes.md.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

import numpy as np  # noqa: E402

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict, Iteration  # noqa: E402
from anello.coupling.plant_sizes import sized, sizes_in  # noqa: E402
from anello.coupling.years_district import CoupledYears  # noqa: E402
from anello.district import load_district, write_district  # noqa: E402
from anello.model.data import ModelData  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.model.schema.yaml_reader import read_settings  # noqa: E402
from anello.ring.capital import RingCosts  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from anello.run.config import parse_config  # noqa: E402
from benchmarks.design import fixed, plant_eur, sizes  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "how-to" / "robust-sizes.md"
BEGIN, END = "<!-- years: begin -->\n", "<!-- years: end -->"


def row(
    name: str, done: Mapping[str, Iteration], ring: RingConfig, costs: RingCosts, weight: float
) -> str:
    """Return one line of the table: sizes operated in both years."""
    eur = {year: one.cost.total_eur + plant_eur(one, ring, costs) for year, one in done.items()}
    unmet = {
        year: float(np.nansum(one.dispatch["unmet_demand"])) / 1e3 for year, one in done.items()
    }
    expected = math.fsum([(1.0 - weight) * eur["typical"], weight * eur["hard"]])
    cooling = sum(kw for node, kw in sizes(done["hard"]).items() if "hp_cooling" in node)
    plant = sized(ring, done["hard"].dispatch).plant
    assert plant is not None
    return (
        f"| {name} | {cooling:,.0f} | {plant.chiller.max_kw:,.0f} | {eur['typical']:,.0f} | "
        f"{eur['hard']:,.0f} | {expected:,.0f} | {unmet['hard']:,.1f} |"
    )


def main() -> None:
    """Measure, and write the page's table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="first", default="2015-07-01", help="first day")
    parser.add_argument("--to", dest="last", default="2015-07-07", help="last day")
    parser.add_argument("--shift", type=float, default=6.0, help="how much hotter [K]")
    parser.add_argument("--weight", type=float, default=0.3, help="probability of the hot year")
    told = parser.parse_args()
    settings = read_settings(ROOT / "config" / "config.yaml")
    settings["scenarios"] = ["designed"]
    designed = parse_config(settings).scenario("designed")
    ring, costs = designed.ring, designed.ring_costs
    days = int((np.datetime64(told.last) - np.datetime64(told.first)).astype(int)) + 1
    spell = {"start": told.first[5:], "days": days, "temperature_shift_k": told.shift}
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        changes = {"typical": {}, "hard": {"weather": {"spells": [spell]}}}
        models = {
            name: write_district(load_district(None, change), Path(temporary) / name).model
            for name, change in changes.items()
        }

        def read(name: str, given: Mapping[str, float] | None = None) -> ModelData:
            sizes_given = {} if given is None else fixed(dict(given))
            override = {"model.subset_time": [told.first, told.last], **sizes_given}
            return read_model(models[name], scenario="designed", override_dict=override)

        def run(data: ModelData, ring: RingConfig) -> Iteration:
            return CoupledDistrict(data, ring, CouplingConfig()).run(must_converge=False).best

        def tell(name: str, done: Mapping[str, Iteration], ring: RingConfig) -> None:
            lines.append(row(name, done, ring, costs, told.weight))
            print(lines[-1], flush=True)

        for own in models:
            found = run(read(own), ring)
            built = sized(ring, found.dispatch)
            given = sizes(found)
            tell(f"{own} alone", {name: run(read(name, given), built) for name in models}, built)
        weights = {"typical": 1.0 - told.weight, "hard": told.weight}
        years = {name: read(name) for name in models}
        both = CoupledYears(years, weights, ring, CouplingConfig()).run(must_converge=False)
        assert sizes_in(both.best["typical"].dispatch) == sizes_in(both.best["hard"].dispatch)
        tell("both", both.best, ring)
    write_between(
        PAGE,
        BEGIN,
        END,
        f"Measured by `python benchmarks/years.py --from {told.first} --to {told.last}`: the hard"
        f" year is {told.shift:g} K hotter, and has a weight of {told.weight:g}. Costs are"
        " simulated true costs of the days modelled, with capital.\n\n"
        "| sizes found for | cooling machines [kW] | ring's chiller [kW] | typical [€] | hard [€]"
        " | expected [€] | unmet in the hard year [MWh] |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n" + "\n".join(lines) + "\n",
    )


if __name__ == "__main__":
    main()
