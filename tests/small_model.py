"""A small model folder for tests of reading, and a way to read it with changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.definition import read_model
from anello.errors import InputError
from anello.model_data import ModelData

MODEL = """
model: {timeseries_data_path: series}
run: {ensure_feasibility: true, bigM: 1e5}
techs:
  demand_el: {essentials: {parent: demand, carrier: electricity}}
  grid:
    essentials: {name: Grid, parent: supply, carrier: electricity}
    costs.monetary.om_prod: 0.1
  line: {essentials: {parent: transmission, carrier: electricity}}
locations:
  a.techs:
    demand_el.constraints.resource: file=demand.csv
    grid:
  b.techs.grid:
"""

HOURS = 24


def demand_csv(hours: int = HOURS) -> str:
    rows = [f"2020-01-{h // 24 + 1:02d} {h % 24:02d}:00:00,-{h + 1},-1" for h in range(hours)]
    return "\n".join([",a,b", *rows, ""])


def write_folder(folder: Path, model: str = MODEL, **files: str) -> Path:
    """Write a model folder; further files by name, with `__` for a dot or a slash in front."""
    (folder / "series").mkdir(parents=True, exist_ok=True)
    (folder / "series" / "demand.csv").write_text(demand_csv(), encoding="utf-8")
    (folder / "model.yaml").write_text(model, encoding="utf-8")
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(content, encoding="utf-8")
    return folder / "model.yaml"


def read(folder: Path, override: Any = None, model: str = MODEL, **options: Any) -> ModelData:
    """Write and read the small model with an override."""
    return read_model(write_folder(folder, model), override_dict=override, **options)


def problems(folder: Path, override: Any = None, model: str = MODEL, **options: Any) -> list[str]:
    """Return the problems reading the small model with an override ends in."""
    with pytest.raises(InputError) as caught:
        read(folder, override, model, **options)
    return [str(p).replace(f"{folder}/", "") for p in caught.value.problems]
