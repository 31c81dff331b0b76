"""Build models with Calliope 0.6.10 and write the linear programmes it makes.

Runs under the *oracle's* Python, never under anello's; ``make_goldens.py`` starts it. Reads jobs
as JSON on standard input, one a line::

    {"id": "storage-ratio_max", "model": "…/storage.yaml", "scenario": "ratio_max", "solve": true}

For each job it writes ``<out>/<id>.lp`` (full precision), ``<out>/<id>.names.json`` (LP symbol →
variable and index) and ``<out>/<id>.json`` (status, and what CBC returned when ``solve`` is true).
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import calliope


def index_text(index: object) -> list[str]:
    """Return a Pyomo index as a list of texts."""
    if index is None:
        return []
    return [str(part) for part in index] if isinstance(index, tuple) else [str(index)]


def results_of(model: calliope.Model) -> dict[str, object]:
    """Return CBC's results: every array summed over time, keyed ``label`` or ``class|label``."""
    out: dict[str, object] = {
        "termination": model.results.attrs["termination_condition"],
        "objective": model.results.attrs.get("objective_function_value"),
    }
    names = [
        "cost",
        "energy_cap",
        "storage_cap",
        "resource_cap",
        "resource_area",
        "carrier_prod",
        "carrier_con",
        "carrier_export",
        "resource_con",
        "storage",
        "unmet_demand",
        "capacity_factor",
    ]
    for name in names:
        if name not in model.results:
            continue
        array = model.results[name]
        if "timesteps" in array.dims:
            array = array.sum("timesteps", min_count=1)
        series = array.to_series()
        out[name] = {"|".join(index_text(k)): float(v) for k, v in series.items() if v == v}
    return out


def export(job: dict, out: Path) -> dict[str, object]:
    """Build one model, write its LP, solve it if asked, return the record."""
    started = time.process_time()
    model = calliope.Model(
        job["model"], scenario=job.get("scenario"), override_dict=job.get("override_dict")
    )
    record: dict[str, object] = {"id": job["id"]}
    if job.get("solve"):
        model.run()
        record["cbc"] = results_of(model)
    else:
        model.run(build_only=True)
    backend = model._backend_model
    path = out / f"{job['id']}.lp"
    _, smap_id = backend.write(str(path), format="lp")
    symbols = backend.solutions.symbol_map[smap_id].bySymbol
    names = {}
    for symbol, reference in symbols.items():
        var = reference() if callable(reference) else reference
        if hasattr(var, "parent_component") and symbol.startswith("x"):
            names[symbol] = [var.parent_component().name, *index_text(var.index())]
    (out / f"{job['id']}.names.json").write_text(json.dumps(names))
    record["sense"] = "maximize" if backend.obj.sense == -1 else "minimize"
    record["cpu_seconds"] = time.process_time() - started
    return record


def main() -> None:
    """Read jobs from standard input and write one record a job."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            record = export(job, out)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (it raises bare errors of all kinds)
            text = f"{type(error).__name__}: {error}"
            record = {"id": job["id"], "error": text[:400]}
        (out / f"{job['id']}.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
