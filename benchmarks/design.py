"""Measure what it is worth to find sizes with the ring in view.

    python benchmarks/design.py [--from 2015-01-01] [--to 2015-12-31]

The embedded smart district three times: with the sizes of its description; with the powers of heat
pumps and tanks (up to 1.5 times) and photovoltaics (up to what they are) found together with the
dispatch and the water's temperature; and with sizes found by a programme that does not see the ring
(constant COP), then operated truly. The table goes into docs/explanation/design.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict, Iteration, Outcome  # noqa: E402
from anello.coupling.plant_sizes import sized  # noqa: E402
from anello.district import load_district, write_district  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.model.schema.yaml_reader import read_settings  # noqa: E402
from anello.ring.capital import RingCosts, ring_capital  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from anello.run.config import parse_config  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "design.md"
BEGIN, END = "<!-- design: begin -->\n", "<!-- design: end -->"


@dataclass(frozen=True)
class Found:
    """How one way of finding sizes ended, with what the ring's own plant costs."""

    outcome: Outcome
    plant_eur: float
    plant: RingConfig
    seconds: float

    @property
    def whole_eur(self) -> float:
        """Simulated true cost with the ring's plant [€]."""
        return self.outcome.best.cost.total_eur + self.plant_eur

    @property
    def capital_eur(self) -> float:
        """Part of it that is capital, and the plant's maintenance [€]."""
        return self.outcome.best.state.investment_eur + self.plant_eur


def run(
    folder: Path,
    span: list[str],
    scenario: str,
    changes: dict[str, Any] | None = None,
    *,
    plant: bool = False,
    **coupling: Any,
) -> Found:
    """Couple one scenario of the embedded district, with the plant's sizes open or as described."""
    begin = time.perf_counter()
    data = read_model(
        folder, scenario=scenario, override_dict={"model.subset_time": span, **(changes or {})}
    )
    settings = read_settings(ROOT / "config" / "config.yaml")
    settings["scenarios"] = ["smart", "designed"]
    told = parse_config(settings).scenario("designed" if plant else "smart")
    config = CouplingConfig.model_validate({**told.coupling.model_dump(), **coupling})
    done = CoupledDistrict(data, told.ring, config).run(must_converge=False)
    built = sized(told.ring, done.best.dispatch)
    owed = plant_eur(done.best, told.ring, told.ring_costs)
    return Found(done, owed, built, time.perf_counter() - begin)


def plant_eur(done: Iteration, ring: RingConfig, costs: RingCosts) -> float:
    """Return capital and maintenance of the ring's plant that the dispatch does not hold [€]."""
    plant = ring_capital(sized(ring, done.dispatch), costs, float(done.ring.step_h.sum()))
    paid = done.dispatch.get("ring_size_cost")
    return plant.capital_eur + plant.maintenance_eur - (0.0 if paid is None else float(paid.sum()))


def sizes(done: Iteration) -> dict[str, float]:
    """Return the power of everything whose size was open, by location and technology [kW]."""
    found = done.dispatch["energy_cap"].to_series()
    kinds = ("hp_", "tes_", "pv_")
    return {str(n): float(kw) for n, kw in found.items() if n.split("::")[1].startswith(kinds)}


def fixed(found: dict[str, float]) -> dict[str, Any]:
    """Return a model's changes that give these sizes."""
    changes: dict[str, Any] = {}
    for node, kw in found.items():
        place, tech = node.split("::")
        changes[f"locations.{place}.techs.{tech}.constraints.energy_cap_equals"] = max(kw, 0.0)
    return changes


def row(name: str, found: Found, base: Found | None) -> str:
    """Return one line of the table."""
    against = "" if base is None else f"{100.0 * (found.whole_eur / base.whole_eur - 1.0):+.1f} %"
    record = found.outcome.record
    return (
        f"| {name} | {found.whole_eur:,.0f} | {against} | {found.capital_eur:,.0f} | "
        f"{found.whole_eur - found.capital_eur:,.0f} | {len(record.trace)} | "
        f"{found.seconds:.0f} | {'yes' if record.converged else 'no'} |"
    )


def plant_text(ring: RingConfig) -> str:
    """Return the sizes of the ring's plant."""
    assert ring.plant is not None
    plant = ring.plant
    return (
        f"wells {plant.wells.max_flow_kg_s:,.0f} kg/s; dry cooler {plant.dry_cooler.max_kw:,.0f} "
        f"kW; chiller {plant.chiller.max_kw:,.0f} kW"
    )


def main() -> None:
    """Measure, and write the page's table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="first", default="2015-01-01", help="first day")
    parser.add_argument("--to", dest="last", default="2015-12-31", help="last day")
    told = parser.parse_args()
    span, lines = [told.first, told.last], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = write_district(load_district(), Path(temporary) / "model").model

        def tried(name: str, found: Found, base: Found | None) -> Found:
            lines.append(row(name, found, base))
            print(lines[-1], flush=True)
            return found

        given = tried("as described", run(folder, span, "smart"), None)
        machines = tried("machines found", run(folder, span, "designed"), given)
        seeing = tried(
            "machines and the ring's plant found", run(folder, span, "designed", plant=True), given
        )
        blind = run(folder, span, "designed", max_iterations=1)
        after = tried(
            "machines found at constant COP, then operated",
            run(folder, span, "smart", fixed(sizes(blind.outcome.best))),
            given,
        )
    more = after.whole_eur / machines.whole_eur - 1.0
    powers = "; ".join(f"{node} {kw:,.0f} kW" for node, kw in sizes(seeing.outcome.best).items())
    text = "\n".join(
        [
            f"Measured by `python benchmarks/design.py --from {told.first} --to {told.last}`. "
            "Costs are simulated true costs with the ring's plant, capital as annuities of the "
            "time modelled.",
            "",
            "| sizes | whole cost [€] | against those described | of it capital [€] | operation "
            "[€] | programmes | time [s] | converged |",
            "| --- |" + " ---: |" * 6 + " --- |",
            *lines,
            "",
            f"Not seeing the ring when machines are sized costs {100.0 * more:.2f} % here. Found "
            f"with the ring in view: {powers}; {plant_text(seeing.plant)}.",
            "",
        ]
    )
    write_between(PAGE, BEGIN, END, text)


if __name__ == "__main__":
    main()
