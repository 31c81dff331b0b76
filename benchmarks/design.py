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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow")]

from anello.coupling.config import CouplingConfig  # noqa: E402
from anello.coupling.district import CoupledDistrict, Outcome  # noqa: E402
from anello.district import load_district, write_district  # noqa: E402
from anello.model.definition import read_model  # noqa: E402
from anello.ring.config import RingConfig  # noqa: E402
from benchmarks.compare_coupling import smart_ring  # noqa: E402
from benchmarks.page import write_between  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "design.md"
BEGIN, END = "<!-- design: begin -->\n", "<!-- design: end -->"
LOOSE = {"method": "slp", "predicted_decrease": 2e-3, "tolerance_k": 0.5}


def run(
    folder: Path, span: list[str], scenario: str, changes: dict[str, Any], **coupling: Any
) -> Outcome:
    """Couple one scenario of the embedded district."""
    data = read_model(
        folder, scenario=scenario, override_dict={"model.subset_time": span, **changes}
    )
    settings = CouplingConfig.model_validate({**LOOSE, **coupling})
    ring = RingConfig.model_validate(smart_ring())
    return CoupledDistrict(data, ring, settings).run(must_converge=False)


def sizes(found: Outcome) -> dict[str, float]:
    """Return the power of everything whose size was open, by location and technology [kW]."""
    capacity = found.best.dispatch["energy_cap"]
    return {
        str(node): float(kw)
        for node, kw in zip(capacity["node"].values, capacity.values, strict=True)
        if any(str(node).split("::")[1].startswith(kind) for kind in ("hp_", "tes_", "pv_"))
    }


def fixed(found: dict[str, float]) -> dict[str, Any]:
    """Return a model's changes that give these sizes."""
    changes: dict[str, Any] = {}
    for node, kw in found.items():
        place, tech = node.split("::")
        changes[f"locations.{place}.techs.{tech}.constraints.energy_cap_equals"] = max(kw, 0.0)
    return changes


def row(name: str, found: Outcome, seconds: float, base: float | None) -> str:
    """Return one line of the table."""
    cost, capital = found.best.cost.total_eur, found.best.state.investment_eur
    against = "" if base is None else f"{100.0 * (cost / base - 1.0):+.1f} %"
    return (
        f"| {name} | {cost:,.0f} | {against} | {capital:,.0f} | {cost - capital:,.0f} | "
        f"{len(found.record.trace)} | {seconds:.0f} | {'yes' if found.record.converged else 'no'} |"
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
        begin = time.perf_counter()
        given = run(folder, span, "smart", {})
        base = given.best.cost.total_eur
        lines.append(row("as described", given, time.perf_counter() - begin, None))
        print(lines[-1], flush=True)
        begin = time.perf_counter()
        seeing = run(folder, span, "designed", {})
        lines.append(row("found with the ring in view", seeing, time.perf_counter() - begin, base))
        print(lines[-1], flush=True)
        begin = time.perf_counter()
        blind = run(folder, span, "designed", {}, max_iterations=1)
        after = run(folder, span, "smart", fixed(sizes(blind)))
        lines.append(
            row("found at constant COP, then operated", after, time.perf_counter() - begin, base)
        )
        print(lines[-1], flush=True)
    more = after.best.cost.total_eur / seeing.best.cost.total_eur - 1.0
    powers = "; ".join(f"{node} {kw:,.0f} kW" for node, kw in sizes(seeing).items())
    text = "\n".join(
        [
            f"Measured by `python benchmarks/design.py --from {told.first} --to {told.last}`. "
            "Costs are simulated true costs, capital as annuities of the time modelled.",
            "",
            "| sizes | true cost [€] | against those described | of it capital [€] | operation "
            "[€] | programmes | time [s] | converged |",
            "| --- |" + " ---: |" * 6 + " --- |",
            *lines,
            "",
            f"Not seeing the ring when sizes are found costs {100.0 * more:.1f} % here. Found with "
            f"the ring in view: {powers}.",
            "",
        ]
    )
    write_between(PAGE, BEGIN, END, text)


if __name__ == "__main__":
    main()
