"""Many models in one process leave nothing behind.

With ``ANELLO_LEAK_MODELS=5000 pytest tests/unit/test_leaks.py`` it is thousands.
"""

from __future__ import annotations

import gc
import os
import weakref

import pandas as pd
import pytest

import anello

MODELS = int(os.environ.get("ANELLO_LEAK_MODELS", "40"))
MARKS = 4
INDEX = pd.date_range("2030-01-01", periods=3, freq="h")
CONFIG = {
    "model": {"name": "tiny"},
    "run": {"solver": "highs"},
    "techs": {
        "grid": {
            "essentials": {"parent": "supply", "carrier": "power"},
            "costs": {"monetary": {"om_prod": 1}},
        },
        "need": {
            "essentials": {"parent": "demand", "carrier": "power"},
            "constraints": {"resource": "df=need"},
        },
    },
    "locations": {"here": {"techs": {"grid": None, "need": None}}},
}


def use(number: int) -> list[weakref.ref]:
    """Make, run and look at a model, a different one each time; return references to its parts."""
    need = pd.DataFrame({"here": [-1.0 - number, -2.0, -3.0]}, index=INDEX)
    model = anello.Model(CONFIG, timeseries_dataframes={"need": need})
    model.run()
    assert model.results.objective_function_value == pytest.approx(6 + number)
    parts = [model, model.data, model.data.inputs, model.results, model.dispatch]
    parts += [model.backend, model.backend.current()]
    if number % 10 == 0:
        model.backend.update_param("cost_om_prod", {("monetary", "here::grid"): 2.0})
        again = model.backend.rerun()
        parts += [model.inputs, again, again.dispatch]
    return [weakref.ref(part) for part in parts]


def resident_kb() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


def test_many_models_leave_nothing_behind():
    references: list[weakref.ref] = []
    objects, memory = [], []
    for number in range(MODELS):
        references += use(number)
        if (number + 1) % (MODELS // MARKS) == 0:
            gc.collect()
            assert [ref() for ref in references if ref() is not None] == []
            references = []
            objects.append(len(gc.get_objects()))
            memory.append(resident_kb())
    # The first quarters fill caches and pools. A model kept would be thousands of objects, its
    # arrays alone some hundred KB.
    later = MODELS * (MARKS - 2) / MARKS
    assert objects[-1] - objects[1] < 3 * later, f"objects: {objects}"
    assert memory[-1] - memory[1] < 20 * later, f"resident KB: {memory}"
